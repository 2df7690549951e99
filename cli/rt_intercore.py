"""The main core played for `armillary rt run`: an echo, or messages out of a file."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from armillary.hal.sim.realtime.maincore import MainCore
from armillary.hal.sim.realtime.time import SECOND
from armillary.wire import guid
from armillary.wire.fault import Full, Invalid
from armillary.wire.intercore import MOST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from armillary.hal.sim.realtime.chip import Core

ECHO = "echo"
NOBODY = bytes(15) + b"\x01"  # the sender of what names none
MOST_SHOWN = 10_000  # messages that JSON has
Message = tuple[int, bytes, bytes]  # ticks, component, payload


def parse(word: str, time_of: Callable[[str], int | None]) -> list[Message] | None:
    """The messages to send, in order of the file; None for an echo. Raises click.BadParameter, with the line."""
    if word == ECHO:
        return None
    try:
        with open(word, encoding="utf-8") as stream:
            lines = stream.read().split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"{word} is neither '{ECHO}' nor a file that can be read: {error}", param_hint="--intercore") from None
    numbered = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    return [_message(line, f"{word}:{number}", time_of) for number, line in numbered]


def _message(line: str, place: str, time_of: Callable[[str], int | None]) -> Message:
    """TIME=TEXT or TIME@COMPONENT=TEXT."""
    head, equals, text = line.partition("=")
    when, at, name = head.partition("@")
    time = time_of(when)
    try:
        component = guid.to_bytes(name) if at else NOBODY
        payload = text.encode().decode("unicode_escape").encode("latin-1")
    except (Invalid, UnicodeError) as error:
        raise click.BadParameter(f"{place}: {error}", param_hint="--intercore") from None
    if not equals or time is None or len(payload) > MOST:
        reason = f"is not TIME=TEXT or TIME@COMPONENT=TEXT with at most {MOST} bytes"
        raise click.BadParameter(f"{place}: {line[:80]!r} {reason}", param_hint="--intercore")
    return time, component, payload


class Partner:
    """An app of the main core, connected to `core` from the first instant. `tell` gets a line for each message that it
    hears, and of which core, unless it `is_alone`; `heard` keeps them, as programs read them."""

    def __init__(self, core: Core, messages: Sequence[Message] | None, tell: Callable[[str], object], is_alone: bool = True) -> None:
        self._core = core
        self._of = "" if is_alone else f" of IO{core.number}"
        self._tell = tell
        self._is_echo = messages is None
        self.heard: list[dict[str, Any]] = []
        self._main = MainCore(core, self._hear)
        self._main.connect(NOBODY)
        for time, component, payload in messages or ():
            core.scheduler.at(time, partial(self._send, component, payload), "an app sends")

    def _send(self, component: bytes, payload: bytes) -> None:
        self._queue(component, payload)
        self._main.attend()

    def _queue(self, component: bytes, payload: bytes) -> None:
        try:
            self._main.connect(component).queue(payload)
        except Full as fault:
            self._core.a7.log.once(f"a message of the app {guid.to_text(component)} is lost: {fault.reason}", "app full")

    def _hear(self, component: bytes, payload: bytes) -> None:
        time_s = self._core.scheduler.now / SECOND
        text = repr(payload.decode("latin-1"))
        self._tell(f"{time_s:.6f} intercore{self._of}, for {guid.to_text(component)}: {text}")
        if len(self.heard) < MOST_SHOWN:
            self.heard.append({"time_s": round(time_s, 6), "component": guid.to_text(component), "core": self._core.number, "hex": payload.hex()})
        if self._is_echo:
            self._queue(component, payload)


def heard(partners: Sequence[Partner]) -> dict[str, object]:
    """What all of them heard, in order of time, for programs; nothing if there are none."""
    everything = [message for partner in partners for message in partner.heard]
    return {"intercore": sorted(everything, key=lambda message: message["time_s"])} if partners else {}
