"""`armillary device wire|serial`: what hangs on a device, and its serial lines."""

from __future__ import annotations

import codecs
import time
from typing import TYPE_CHECKING

import click

from .base import Command, Problem
from .output import clean, is_json, say, show_json, show_line, show_rows
from .places import Places

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from armillary.boards.sim.client import Board

POLL_S = 0.05


@click.command(cls=Command)
@click.argument("words", nargs=-1, metavar="[NAME] [WIRE]...")
@click.option("--remove", "removed", multiple=True, metavar="END", help="Take off what is at gpio12, adc0, isu0 or isu2:0x6a. Repeatable.")
@click.pass_obj
def wire(places: Places, words: tuple[str, ...], removed: tuple[str, ...]) -> None:
    """Wire things to a device, up or down, and show what is wired to it.

    A WIRE is as of 'armillary rt run': isu2:0x6a=lsm6ds3, isu1:cs0=loop, adc0=1.25, gpio12=up, isu0=loop. It stays until it is
    removed, and serves real-time apps and apps of the main core alike.
    """
    from armillary.boards.sim import client
    from armillary.hal.sim.wiring import absolute

    name = words[0] if words and "=" not in words[0] else None
    added = [absolute(word) for word in words[0 if name is None else 1 :]]
    folder = places.device(name)
    now = _of_running(folder, added, removed) if client.is_up(folder) else _of_folder(folder, added, removed)
    show_rows([{"wire": word} for word in now], [("wire", "wire")], f"nothing is wired to {folder.name}")


def _of_running(folder: Path, added: Sequence[str], removed: Sequence[str]) -> list[str]:
    from armillary.boards.sim.client import Board

    with Board(folder) as board:
        for end in removed:
            board.do("unwire", end=end)
        for word in added:
            board.do("wire", word=word)
        return list(board.do("wires")["wires"])


def _of_folder(folder: Path, added: Sequence[str], removed: Sequence[str]) -> list[str]:
    """As the supervisor would, on a board that nothing else is on. Raises Problem."""
    from armillary.boards.sim import device, facts
    from armillary.boards.sim.fitting import Fittings
    from armillary.hal.sim.clock import VirtualClock
    from armillary.hal.sim.gpio import GpioBank
    from armillary.hal.sim.places import Bench
    from armillary.hal.sim.wires import Wires
    from armillary.wire.fault import Invalid

    wires = Wires()
    fittings = Fittings(Bench(wires.i2c, wires.spi, wires.analog, GpioBank(facts.PINS, VirtualClock())), wires.serial)
    unfit: list[str] = []  # what cannot be wired any more, such as a card whose file is gone
    for word in device.wires(folder):
        try:
            fittings.wire(word)
        except Invalid:
            unfit.append(word)
    gone = [word for word in unfit if word.partition("=")[0] in removed]
    ends = [end for end in removed if end not in [word.partition("=")[0] for word in gone]]
    for action, words in ((fittings.unwire, ends), (fittings.wire, added)):
        for word in words:
            try:
                action(word)
            except Invalid as problem:
                raise Problem(f"{word}: {problem.reason}") from None
    now = fittings.words() + [word for word in unfit if word not in gone]
    device.set_wires(folder, now)
    return now


@click.command(cls=Command)
@click.argument("words", nargs=-1, required=True, metavar="[NAME] ISU")
@click.option("--send", "sent", multiple=True, metavar="TEXT", help="Send this, with \\n, \\r, \\t and \\x1b as in C. Repeatable.")
@click.option("--follow", "-f", is_flag=True, help="Go on until the device is down or Ctrl-C is pressed.")
@click.option("--wait", "wait_s", type=click.FloatRange(0, 3600), default=0.0, metavar="SECONDS", help="Listen for so long, for an answer.")
@click.option("--hex", "is_hex", is_flag=True, help="Bytes in hexadecimal, both ways.")
@click.pass_obj
def serial(places: Places, words: tuple[str, ...], sent: tuple[str, ...], follow: bool, wait_s: float, is_hex: bool) -> None:
    """Send to the UART of an ISU (isu0 to isu5) of a device that is up, and print what it said since the last time."""
    from armillary.boards.sim.client import Board

    name, unit = _line_of(words)
    folder = places.device(name)
    data = b"".join(_bytes_of(text, is_hex) for text in sent)
    with Board(folder) as board:
        taken = int(board.do("serial", unit=unit, data=data.hex())["taken"])
        if taken < len(data):
            say(f"{len(data) - taken} of {len(data)} bytes were lost: nobody reads the line")
        _hear(board, unit, None if follow else time.monotonic() + wait_s, is_hex)


def _line_of(words: Sequence[str]) -> tuple[str | None, int]:
    name, line = (None, words[0]) if len(words) == 1 else (words[0], words[1])
    if len(words) > 2 or len(line) != 4 or line[:3] != "isu" or line[3] not in "012345":
        raise click.UsageError("say which line: isu0 to isu5")
    return name, int(line[3])


def _bytes_of(text: str, is_hex: bool) -> bytes:
    try:
        return bytes.fromhex(text) if is_hex else text.encode().decode("unicode_escape").encode("latin-1")
    except ValueError as problem:
        raise click.BadParameter(f"{text!r}: {problem}", param_hint="--send") from None


def _hear(board: Board, unit: int, until: float | None, is_hex: bool) -> None:
    """Print what the line says until then (monotonic time), or until the device is down."""
    from armillary.boards.sim.client import BoardProblem

    printed = Printed(is_hex)
    while True:
        try:
            said = bytes.fromhex(board.do("serial", unit=unit, is_taken=True)["said"])
        except BoardProblem:
            if until is None:
                return  # it went down
            raise
        printed.add(said, until is None)
        if until is not None and time.monotonic() >= until:
            printed.end()
            return
        time.sleep(POLL_S)


class Printed:
    """What was heard, as a stream of text, of bytes in hexadecimal, or of JSON."""

    def __init__(self, is_hex: bool) -> None:
        self._is_hex = is_hex
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._heard = b""
        self._is_in_line = False

    def add(self, said: bytes, is_followed: bool) -> None:
        """More. JSON is one object a part where it is followed, else one at the end."""
        if is_json():
            self._heard += said
            if is_followed and said:
                show_line({"said": said.hex()})
        elif said:
            self._echo(said.hex(" ") + " " if self._is_hex else self._decoder.decode(said).replace("\r\n", "\n"))

    def end(self) -> None:
        """No more."""
        if is_json():
            show_json({"said": self._heard.hex()})
            return
        self._echo(self._decoder.decode(b"", True))
        if self._is_in_line:
            click.echo()

    def _echo(self, text: str) -> None:
        if text:
            click.echo(clean(text), nl=False)
            self._is_in_line = not text.endswith("\n")
