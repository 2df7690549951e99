"""The journal: lines on the debug UART, and events that the failure reporter sends to the service.

Both are bounded: an app that shouts loses its own lines, and an event that repeats is counted
instead of kept twice. What matters after a reset also goes to the monitor's log.
"""

from __future__ import annotations

import json

from ..wire.fault import Fault
from ..wire.guid import to_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..hal.interface import Clock, Uart
    from ..monitor.port import MonitorPort

MOST_EVENTS, MOST_OF_ONE = 64, 16
MOST_DETAIL = 1900  # bytes of JSON; the service takes 2048 and a count is still to come
MOST_OF_CRASH = 8000  # of a crash, whose report is long; the service takes 8192
BURST, PER_SECOND = 64, 20  # lines of one speaker
KEPT_BURST, KEPT_PER_SECOND = 16, 1  # records in flash: erasing wears it out


class Allowance:
    """A token bucket: `burst` at once, `per_second` in the long run."""

    def __init__(self, burst: int, per_second: int) -> None:
        self._burst_us = burst * 1_000_000
        self._per_second = per_second
        self._left_us = self._burst_us  # tokens, each worth a million
        self._last_us = 0
        self.refused = 0

    def take(self, now_us: int, amount: int = 1, floor: int = 0) -> bool:
        """Whether there are `amount` tokens above `floor`; they are used up. `refused` counts those who went without."""
        self._left_us = min(self._burst_us, self._left_us + (now_us - self._last_us) * self._per_second)
        self._last_us = now_us
        if self._left_us < (amount + floor) * 1_000_000:
            self.refused += 1
            return False
        self._left_us -= amount * 1_000_000
        return True


class Journal:
    """Where the kernel and the apps write. `wake()` is called when an event is waiting."""

    def __init__(self, uart: Uart, clock: Clock, monitor: MonitorPort, wake: Callable[[], None]) -> None:
        self._uart = uart
        self._clock = clock
        self._monitor = monitor
        self._wake = wake
        self._kept = Allowance(KEPT_BURST, KEPT_PER_SECOND)
        self.events: list[dict[str, Any]] = []  # Any: JSON
        self.lost = 0

    def say(self, text: str) -> None:
        """A line of the kernel's own."""
        self._write("[kernel] " + plain(text))

    def app_line(self, name: str, allowance: Allowance, text: str) -> None:
        """An app's line or lines, each under the app's name, so that none can pass for another's."""
        refused = allowance.refused
        for part in text.split("\n"):
            if not allowance.take(self._clock.uptime_us()):
                continue
            if refused:
                self._write("app " + plain(name) + ": ... {} lines dropped".format(refused))
                refused = allowance.refused = 0
            self._write("app " + plain(name) + ": " + plain(part))

    def record(self, kind: str, component: bytes, detail: dict[str, Any]) -> None:
        """Queue an event ("denial", "crash", "update" or "boot") for the service.

        One that differs from a waiting one only in time is counted there. One component has at most
        MOST_OF_ONE waiting, so that an app cannot push out what is told of others; what is too much
        costs the oldest, and the loss is counted.
        """
        name = to_text(component) if component else ""
        detail = fitting(detail, MOST_OF_CRASH if kind == "crash" else MOST_DETAIL)
        for event in self.events:
            known = event["detail"]
            if event["kind"] == kind and event["component"] == name and same(known, detail):
                known["count"] = known.get("count", 1) + 1
                return
        same_source = [at for at, event in enumerate(self.events) if event["component"] == name]
        if len(same_source) >= MOST_OF_ONE or len(self.events) >= MOST_EVENTS:
            self.events.pop(same_source[0] if len(same_source) >= MOST_OF_ONE else 0)
            self.lost += 1
        self.events.append(
            {"kind": kind, "time": self._clock.unix_ms(), "component": name, "detail": detail}
        )
        self._keep("{} {} {}".format(kind, name, detail.get("reason", "")))
        self._wake()

    def take(self, most: int) -> list[dict[str, Any]]:
        """The oldest events, at most `most`; they leave the queue."""
        batch, self.events = self.events[:most], self.events[most:]
        return batch

    def give_back(self, batch: list[dict[str, Any]]) -> None:
        """Put events that could not be sent back in front; the oldest are lost if they are too many."""
        self.events = batch + self.events
        excess = max(0, len(self.events) - MOST_EVENTS)
        self.events = self.events[excess:]
        self.lost += excess

    def denied(self, component: bytes, fault: Fault) -> None:
        """Record a refusal."""
        self.record("denial", component, why(fault))

    def _keep(self, text: str) -> None:
        if not self._kept.take(self._clock.uptime_us()):
            return
        try:
            self._monitor.write_log(plain(text)[:200].encode())
        except Fault as fault:  # the log is a help to people; nothing may depend on it
            self.say("the log could not be written: " + fault.reason)

    def _write(self, line: str) -> None:
        self._uart.write((line + "\n").encode())


def why(fault: Fault) -> dict[str, Any]:
    """A fault as the detail of an event."""
    return {
        "fault": type(fault).__name__, "reason": fault.reason, "ring": fault.ring,
        "rule": fault.rule, "policy": fault.policy, "remedy": fault.remedy,
    }  # fmt: skip


def fitting(detail: dict[str, Any], most: int = MOST_DETAIL) -> dict[str, Any]:
    """A copy of `detail` within `most` bytes of JSON: its longest texts keep their ends, where a traceback says what
    happened; a post-mortem, which says so first, its beginning."""
    detail = dict(detail)
    while len(json.dumps(detail)) > most:
        longest = max([(len(value), key) for key, value in detail.items() if isinstance(value, str)])[1]
        text = detail[longest]
        keep = len(text) * 3 // 4
        detail[longest] = text[:keep] if longest == "post_mortem" else text[len(text) - keep :]
    return detail


def same(known: dict[str, Any], detail: dict[str, Any]) -> bool:
    """Whether two details agree in everything but the count."""
    return all([known.get(key) == value for key, value in detail.items()])


def plain(text: str) -> str:
    """`text` on one line, whoever counts lines, and without what a terminal might obey."""
    return "".join([character if is_plain(character) else "?" for character in text])


def is_plain(character: str) -> bool:
    """Neither a control character (C0, DEL, C1) nor one of Unicode's own line ends."""
    return " " <= character < "\x7f" or (character > "\x9f" and character not in "\u2028\u2029")
