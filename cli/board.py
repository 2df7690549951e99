"""`armillary device power|log|timeline`: what one does to a board on the bench, and reads from it."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any

import click

from .base import Command, Problem
from .output import clean, is_json, show_json, show_line, show_result, show_rows
from .places import RESERVED, Places

if TYPE_CHECKING:
    from armillary.boards.sim.client import Board

POLL_S = 0.1


@click.command(cls=Command)
@click.argument("words", nargs=-1, metavar="[NAME] on|off|cut-after [OPERATIONS]")
@click.pass_obj
def power(places: Places, words: tuple[str, ...]) -> None:
    """Switch the power of a device that is up.

    `cut-after N` cuts it in the N-th flash or fuse operation from now, wherever that leaves the chip.
    """
    from armillary.boards.sim.client import Board

    name, action, operations = _power_words(words)
    folder = places.device(name)
    with Board(folder) as board:
        if action == "cut-after":
            if board.do("status")["state"] != "on":
                raise Problem(f"the power of {folder.name} is not on, and applying it forgets a planned cut", f"use 'armillary device power {folder.name} on' first")
            board.do("fail_after", operations=operations)
        else:
            board.do("power_" + action)
        state = board.do("status")
    text = f"{folder.name} is {state['state']}"
    if action == "cut-after":
        text += f"; its power will fail in flash or fuse operation {operations} from now"
    show_result({"name": folder.name, **state}, text)


def _power_words(words: tuple[str, ...]) -> tuple[str | None, str, int]:
    """(name, action, operations) of the words given. Raises click.UsageError."""
    name = None
    if words and words[0] not in RESERVED:
        name, words = words[0], words[1:]
    if not words or words[0] not in RESERVED:
        raise click.UsageError("say 'on', 'off' or 'cut-after N'")
    action, rest = words[0], words[1:]
    if action != "cut-after":
        if rest:
            raise click.UsageError(f"nothing may follow {action!r}")
        return name, action, 0
    if len(rest) != 1 or not rest[0].isascii() or not rest[0].isdigit() or not int(rest[0]):
        raise click.UsageError("'cut-after' needs a number of operations, 1 or more")
    return name, action, int(rest[0])


@click.command(cls=Command)
@click.argument("name", required=False)
@click.option("--follow", "-f", is_flag=True, help="Go on until the device is down or Ctrl-C is pressed.")
@click.option("--console", is_flag=True, help="Print instead what the boxes' interpreters wrote (defects).")
@click.pass_obj
def log(places: Places, name: str | None, follow: bool, console: bool) -> None:
    """Print what the debug UART said since the device came up."""
    from armillary.boards.sim.client import Board

    folder = places.device(name)
    if console:
        path = folder / "console.log"
        _print_log(path.read_text(errors="replace") if path.exists() else "")
        return
    with Board(folder) as board:
        if follow:
            _follow(board)
        else:
            _print_log(board.uart())


def _print_log(text: str) -> None:
    lines = text.splitlines()
    if is_json():
        show_json({"lines": lines})
    else:
        for line in lines:
            click.echo(clean(line))


def _follow(board: Board) -> None:
    """Print whole lines as they come, each once."""
    from armillary.boards.sim.client import BoardProblem

    at, part = 0, ""
    while True:
        try:
            found = board.do("uart", offset=at)
        except BoardProblem:  # it went down
            return
        at = found["next"]
        *lines, part = (part + found["text"]).split("\n")
        for line in lines:
            show_line({"line": line}) if is_json() else click.echo(clean(line))
        time.sleep(POLL_S)


@click.command(cls=Command)
@click.argument("name", required=False)
@click.pass_obj
def timeline(places: Places, name: str | None) -> None:
    """Show the latest boot: what ran, which key verified it, what was measured, how long it took."""
    from armillary.boards.sim.client import Board

    folder = places.device(name)
    with Board(folder) as board:
        rows = stages(board.stages(), key_names(places))
    if not rows:
        raise Problem(f"{folder.name} has not booted", f"apply its power with 'armillary device power {folder.name} on'")
    show_rows(rows, STAGE_COLUMNS)


def stages(told: list[tuple[str, dict[str, str]]], names: dict[str, str]) -> list[dict[str, Any]]:
    """The stages of a boot, as (ring, fields) from the board, which knows who told each: text on the UART could
    be any ring's. `names` maps SHA-256 of a key to its name; a stage cut short by the power is left out."""
    rows: list[dict[str, Any]] = []
    for ring, fields in told:
        try:
            rows.append(_stage(ring, fields, names))
        except (KeyError, ValueError):
            continue
    return rows


def _stage(ring: str, fields: dict[str, str], names: dict[str, str]) -> dict[str, Any]:
    start, end = int(fields["from"]), int(fields["to"])
    return {
        "ring": ring, "stage": fields["stage"], "type": int(fields["type"]), "version": int(fields["version"]), "copy": fields["copy"],
        "sha256": fields["sha256"], "key": fields["key"], "key_name": names.get(fields["key"]), "started_us": start, "ended_us": end,
    }  # fmt: skip


def key_names(places: Places) -> dict[str, str]:
    """SHA-256 (hex) of each public key in the user's folder, to its name."""
    from .key import names_in, public_of

    return {hashlib.sha256(public_of(places.keys, name)).hexdigest(): name for name in names_in(places.keys)}


STAGE_COLUMNS: list[Any] = [
    ("ring", "ring"), ("stage", "stage"), ("copy", "copy"), ("version", "version"),
    ("verified with", lambda row: row.get("key_name") or row["key"][:12]), ("measured sha256", lambda row: row["sha256"][:16]),
    ("at ms", lambda row: round(row["started_us"] / 1000, 1)), ("took ms", lambda row: round((row["ended_us"] - row["started_us"]) / 1000, 1)),
]  # fmt: skip
