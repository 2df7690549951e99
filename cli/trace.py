"""`armillary trace`: every call that crosses a gate of a device, as it happens."""

from __future__ import annotations

import re
import sys
from typing import Any

import click

from .base import Command
from .output import clean, is_json, show_line
from .places import Places

RINGS = ("hal", "pluton", "monitor", "kernel")
# The first place where a verdict may begin counts: text that an app chose can make a crossing look
# refused, never make a refused one look granted.
LINE = re.compile(r"(\d+) (\S+) (\S+) (\S+?)\((.*?)\) (ok|[A-Z][A-Za-z]+: .*)", re.DOTALL)


@click.command(cls=Command)
@click.argument("name", required=False)
@click.option("--ring", "rings", multiple=True, type=click.Choice(RINGS), help="Only the gate of this ring. Repeatable.")
@click.option("--denied", is_flag=True, help="Only what was refused.")
@click.option("--count", type=click.IntRange(1), metavar="N", help="End after N crossings.")
@click.pass_obj
def trace(places: Places, name: str | None, rings: tuple[str, ...], denied: bool, count: int | None) -> None:
    """Watch every call that crosses a gate of a device: when, whose gate, who called what, with what, and the answer.

    Bytes are shown by their length alone. Ends when the device goes down, or with Ctrl-C.
    """
    from armillary.boards.sim.client import Board

    shown = 0
    with Board(places.device(name)) as board:
        for line in board.trace():
            found = parse(line)
            if (rings and found["ring"] not in rings) or (denied and found["ok"]):
                continue
            _show(found)
            shown += 1
            if count is not None and shown >= count:
                return


def parse(line: str) -> dict[str, Any]:
    """A crossing as a dictionary; a line that is none of ours is kept whole as `verdict`."""
    found = LINE.fullmatch(line)
    if found is None:
        return {"time_us": None, "ring": "?", "caller": "?", "call": "?", "arguments": "", "ok": False, "verdict": line}
    time_us, ring, caller, call, arguments, verdict = found.groups()
    return {
        "time_us": int(time_us), "ring": ring, "caller": caller, "call": call, "arguments": arguments, "ok": verdict == "ok", "verdict": verdict,
    }  # fmt: skip


def _show(found: dict[str, Any]) -> None:
    if is_json():
        show_line(found)
        return
    when = "-" if found["time_us"] is None else f"{found['time_us'] / 1e6:.6f}"
    verdict = click.style("ok", fg="green") if found["ok"] else click.style(clean(found["verdict"]), fg="red")
    head = clean(f"{when:>12} {found['caller']:>10} → {found['ring']:8}{found['call']}({found['arguments']})")
    click.echo(head + " " + verdict)
    sys.stdout.flush()
