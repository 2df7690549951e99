"""`armillary device pins`: the pins of a board, seen and driven from outside."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from .base import Command
from .output import is_json, make_table, show_line, show_rows, stdout
from .places import Places

if TYPE_CHECKING:
    from rich.table import Table

    from armillary.boards.sim.client import Board

MODES = ("input", "push-pull", "open drain", "open source")
OWNERS = ("nobody", "kernel", "real-time 0", "real-time 1")
REFRESH_S = 0.1
LEVELS: dict[str, int | None] = {"0": 0, "1": 1, "z": None}


class Drive(click.ParamType):  # type: ignore[type-arg]  # generic only in newer versions of click
    """PIN=0, PIN=1 or PIN=z."""

    name = "PIN=0|1|z"

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> tuple[int, int | None]:
        """(pin, level), with None to let go."""
        pin, _, level = str(value).partition("=")
        if not pin.isascii() or not pin.isdigit() or level.lower() not in LEVELS:
            self.fail(f"{value!r} is not a pin and a level, such as 12=1 (0: low, 1: high, z: let go)", parameter, context)
        return int(pin), LEVELS[level.lower()]


@click.command(cls=Command)
@click.argument("name", required=False)
@click.option("--live", is_flag=True, help="Go on showing; each change as a line where output is piped or JSON.")
@click.option("--all", "is_all", is_flag=True, help="Also pins that nothing has used.")
@click.option("--drive", "drives", multiple=True, type=Drive(), metavar="PIN=0|1|z",
              help="Drive a pin from outside, or let it go with z. Repeatable.")  # fmt: skip
@click.pass_obj
def pins(places: Places, name: str | None, live: bool, is_all: bool, drives: tuple[tuple[int, int | None], ...]) -> None:
    """Show the pins of a device that is up, with how often each has changed."""
    from armillary.boards.sim.client import Board

    with Board(places.device(name)) as board:
        for pin, level in drives:
            board.do("drive", pin=pin, level=level)
        if live and stdout().is_terminal and not is_json():
            _live(board, is_all)
        elif live:
            _stream(board)
        else:
            show_rows(_rows(board, is_all), COLUMNS, "no pin is in use; --all shows every pin")


def _rows(board: Board, is_all: bool) -> list[dict[str, Any]]:
    changes: dict[int, list[int]] = {}
    for time_us, pin, _ in board.do("pin_history")["changes"]:
        changes.setdefault(pin, []).append(time_us)
    rows = []
    for row in board.do("pins")["pins"]:
        times = changes.get(row["pin"], [])
        if is_all or times or row["mode"] or row["level"]:
            rows.append({**row, "changes": len(times), "last_change_us": times[-1] if times else None, "half_period_us": _half_period(times)})
    return rows


def _half_period(times: list[int]) -> int | None:
    """How long the level last stayed as it was."""
    return times[-1] - times[-2] if len(times) > 1 else None


COLUMNS: list[Any] = [
    ("pin", "pin"), ("mode", lambda row: MODES[row["mode"]]), ("owner", lambda row: OWNERS[row["owner"]]), ("level", "level"),
    ("changes", "changes"), ("last held ms", lambda row: round(row["half_period_us"] / 1000, 1) if row["half_period_us"] else "-"),
]  # fmt: skip


def _live(board: Board, is_all: bool) -> None:
    """Redraw the table until the board goes down or Ctrl-C."""
    from rich.live import Live

    from armillary.boards.sim.client import BoardProblem

    with Live(_lamps(_rows(board, is_all)), console=stdout(), auto_refresh=False) as screen:
        while True:
            time.sleep(REFRESH_S)
            try:
                screen.update(_lamps(_rows(board, is_all)), refresh=True)
            except BoardProblem:
                return


def _lamps(rows: list[dict[str, Any]]) -> Table:
    """The rows with a lamp for each level."""
    from rich.text import Text

    table_rows = []
    for row in rows:
        cells = [of(row) if callable(of) else row[of] for _, of in COLUMNS]
        cells[3] = Text("● high", "bold yellow") if row["level"] else Text("○ low", "dim")
        table_rows.append(cells)
    return make_table([title for title, _ in COLUMNS], table_rows)


def _stream(board: Board) -> None:
    """A line for each change of a level, from now on."""
    from armillary.boards.sim.client import BoardProblem

    seen = board.do("pin_history")["changes"]
    last = seen[-1][0] if seen else -1
    while True:
        time.sleep(REFRESH_S)
        try:
            changes = board.do("pin_history")["changes"]
        except BoardProblem:
            return
        if changes and changes[-1][0] < last:
            last = -1  # power was off: time began again
        for time_us, pin, level in changes:
            if time_us > last:
                _tell(time_us, pin, level)
        last = changes[-1][0] if changes else -1


def _tell(time_us: int, pin: int, level: int) -> None:
    if is_json():
        show_line({"time_us": time_us, "pin": pin, "level": level})
    else:
        click.echo(f"{time_us / 1e6:.6f} pin {pin} {'high' if level else 'low'}")
