"""Events kept over a reset: what the service has not taken yet is in the monitor's telemetry, sealed.

An event has an id, so that one which was sent, but whose answer a reset cut off, is not counted twice by the
service. What repeats is counted in memory only: after a reset the count begins anew.
"""

from __future__ import annotations

import json

from ..wire import jsonstrict
from ..wire.fault import Fault
from .journal import MOST_EVENTS, Allowance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..hal.interface import Clock
    from ..monitor.port import MonitorPort
    from .journal import Journal
    from .own import Own

PURPOSE = b"armillary kept event"
NONCE = 12  # bytes
SHAPE = {"id": str, "kind": str, "time": int, "component": str, "detail": dict}
# Flash wears out: bytes at once, and a second in the long run (ten years of that are a hundredth of what it bears).
BURST, PER_SECOND = 65_536, 16
FLOOR = BURST // 2  # denials leave so much for crashes and updates: an app makes as many of them as it likes
MOST_NUMBERS = 2 * MOST_EVENTS  # those that wait, and those that are on their way


class KeptEvents:
    """The journal's events in flash: `restore` once after the start, `keep` what is new, `sent` after the service took some."""

    def __init__(self, monitor: MonitorPort, own: Own, journal: Journal, clock: Clock) -> None:
        self._monitor = monitor
        self._own = own
        self._journal = journal
        self._clock = clock
        self._allowance = Allowance(BURST, PER_SECOND)
        self._numbers: dict[str, int] = {}  # id: number of each event that is kept
        self._newest = 0
        self._is_restored = self._has_failed = False

    def restore(self) -> None:
        """Take up what was not sent before the reset; it goes before what happened since."""
        if self._is_restored:
            return
        self._is_restored = True
        found, number, damaged = [], 0, 0
        try:
            while True:
                number, stored = self._monitor.get_telemetry(number)
                if not number:
                    break
                self._newest = number
                event = self._read(number, stored)
                if event is None:
                    damaged += 1
                else:
                    found.append(event)
        except Fault as fault:
            self._tell("events of before could not be read: " + str(fault))
        if damaged:
            self._journal.say("{} kept events are not what this device wrote: dropped".format(damaged))
        self._journal.give_back(found[-MOST_EVENTS:])

    def keep(self) -> None:
        """Give each new event its id, and keep it as long as the flash bears that."""
        for event in self._journal.events:
            if "id" not in event:
                self._keep(event)

    def sent(self) -> None:
        """What is no longer in the journal was dealt with."""
        waiting = [event.get("id") for event in self._journal.events]
        numbers = [self._numbers[one] for one in waiting if one in self._numbers]
        done = min(numbers) - 1 if numbers else self._newest
        kept = [one for one in self._numbers if self._numbers[one] <= done]
        for one in kept:
            del self._numbers[one]
        try:
            if done:
                self._monitor.reset_telemetry(done)
        except Fault as fault:
            self._tell("events that were sent could not be forgotten: " + str(fault))

    def _keep(self, event: dict[str, Any]) -> None:
        nonce, number = self._monitor.read_rng(NONCE).hex(), 0
        data = self._own_bytes(event, nonce)
        floor = FLOOR if event["kind"] == "denial" else 0
        if data and self._allowance.take(self._clock.uptime_us(), len(data), floor):
            try:
                number = self._monitor.record_telemetry(data)
            except Fault as fault:
                self._tell("an event could not be kept: " + str(fault))
        event["id"] = name(number, nonce)
        if number:
            self._numbers[event["id"]] = self._newest = number
            if len(self._numbers) > MOST_NUMBERS:  # a service that is never reached takes none of them
                waiting = [event.get("id") for event in self._journal.events]
                del self._numbers[min([one for one in self._numbers if one not in waiting])]  # an id begins with its number

    def _own_bytes(self, event: dict[str, Any], nonce: str) -> bytes:
        """What is kept of an event; nothing if it cannot be sealed."""
        try:
            return self._own.seal(json.dumps(dict(event, id=nonce)).encode(), PURPOSE)
        except Fault as fault:
            self._tell("an event could not be sealed: " + str(fault))
            return b""

    def _read(self, number: int, stored: bytes) -> dict[str, Any] | None:
        try:
            event = jsonstrict.loads(self._own.unseal(stored, PURPOSE))
        except (Fault, ValueError):
            return None
        if not isinstance(event, dict) or {key: type(event[key]) for key in event} != SHAPE:
            return None
        event["id"] = name(number, event["id"])
        self._numbers[event["id"]] = number
        return event

    def _tell(self, words: str) -> None:
        """Once: where the flash is worn out every event meets the same."""
        if not self._has_failed:
            self._has_failed = True
            self._journal.say(words)


def name(number: int, nonce: str) -> str:
    """The id of an event, 32 digits: its number (0 if it is not kept), and what is random, since a store that was
    erased begins its numbers anew."""
    return "{:08x}".format(number) + nonce
