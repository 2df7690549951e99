"""One virtual clock: what happens when, in the order in which it was arranged.

Time is a whole number of ticks of 3.952 GHz, of which every clock of the chip but the 32.768 kHz crystal
takes a whole number a cycle. What is arranged for the same tick happens in the order of arranging, so a run
can be repeated exactly.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SECOND = 3_952_000_000  # ticks
MILLISECOND, MICROSECOND = SECOND // 1000, SECOND // 1_000_000
XTAL = 152  # ticks a cycle of 26 MHz
PLL = 20  # of 197.6 MHz
SPI_CLOCK = 50  # of 79.04 MHz
TWO_MHZ = 1976
SIXTEEN_MHZ = 247
SLOW_HZ = 32_768
NEVER = 1 << 64
LAST = 1 << 64  # added to the order of what comes from outside


def slow_edge(number: int) -> int:
    """The tick at which the 32.768 kHz clock has its edge `number`, 0 being at tick 0."""
    return number * SECOND // SLOW_HZ


def slow_count(time: int) -> int:
    """How many edges of the 32.768 kHz clock there were by `time`: the largest n with slow_edge(n) <= time."""
    return ((time + 1) * SLOW_HZ - 1) // SECOND


class Event:
    """Something arranged. `name` is for people; an event happens once or is cancelled."""

    __slots__ = ("call", "is_outside", "name", "time")

    def __init__(self, time: int, call: Callable[[], None] | None, name: str, is_outside: bool) -> None:
        self.time = time
        self.call = call
        self.name = name
        self.is_outside = is_outside

    @property
    def is_waiting(self) -> bool:
        """Whether it is still to happen."""
        return self.call is not None


class Scheduler:
    """The chip's clock and its calendar.

    While a core runs, `now` is that core's own time: `lend` gives the functions that tell it and that make it
    stop in time for something arranged meanwhile.
    """

    def __init__(self) -> None:
        self._time = 0
        self._order = 0
        self._is_running = False
        self._calendar: list[tuple[int, int, Event]] = []  # time, order among those of that time
        self._now: Callable[[], int] | None = None
        self._limit: Callable[[int], None] | None = None

    @property
    def now(self) -> int:
        """Virtual time in ticks."""
        return self._time if self._now is None else self._now()

    @property
    def is_lent(self) -> bool:
        """Whether a core runs."""
        return self._now is not None

    @property
    def is_busy(self) -> bool:
        """Whether a core runs, or something happens that was arranged."""
        return self._is_running or self._now is not None

    def at(self, time: int, call: Callable[[], None], name: str, is_outside: bool = False) -> Event:
        """Arrange `call` for `time`; what is past happens at once, that is, before anything later.

        What comes from outside of the chip happens after all else of that time, and is no part of the chip's state.
        """
        event = Event(max(time, self._time), call, name, is_outside)
        self._order += 1
        heapq.heappush(self._calendar, (event.time, self._order + (LAST if is_outside else 0), event))
        if self._limit is not None:
            self._limit(event.time)
        return event

    def after(self, ticks: int, call: Callable[[], None], name: str) -> Event:
        """Arrange `call` for `ticks` from now."""
        return self.at(self.now + ticks, call, name)

    def cancel(self, event: Event | None) -> None:
        """Take it back; nothing happens if it already happened."""
        if event is not None:
            event.call = None
            self._tidy()

    def next(self) -> int:
        """The time of the first thing arranged, or NEVER."""
        while self._calendar and not self._calendar[0][2].is_waiting:
            heapq.heappop(self._calendar)
        return self._calendar[0][0] if self._calendar else NEVER

    def run(self, until: int) -> None:
        """Let time pass to `until`, and happen what is due by then."""
        self._is_running = True
        try:
            self._run(until)
        finally:
            self._is_running = False
        self._time = max(self._time, until)

    def _run(self, until: int) -> None:
        while (time := self.next()) <= until:
            event = heapq.heappop(self._calendar)[2]
            self._time = max(self._time, time)
            call, event.call = event.call, None
            if call is not None:
                call()

    def lend(self, now: Callable[[], int], limit: Callable[[int], None]) -> None:
        """A core begins to run: its time counts, and it is told of what is arranged meanwhile."""
        self._now, self._limit = now, limit

    def take_back(self) -> None:
        """The core stopped running: the time of the calendar counts again."""
        self._now = self._limit = None

    def begin(self, time: int) -> None:
        """Be at `time`, with nothing arranged but what comes from outside."""
        self._time = time
        self._calendar = [entry for entry in self._calendar if entry[2].is_outside]

    def order(self, wanted: list[tuple[int, str]]) -> None:
        """Let what is arranged happen in the order of `wanted`: (time, name) of each. Raises ValueError if that is not it."""
        events = [event for event in self.waiting() if not event.is_outside]
        outside = [entry for entry in self._calendar if entry[2].is_outside]
        for time, name in wanted:
            event = next((event for event in events if (event.time, event.name) == (time, name)), None)
            if event is None:
                raise ValueError(f"{name!r} was arranged for {time}, and nothing in the state arranges it")
            events.remove(event)
            self._order += 1
            outside.append((time, self._order, event))
        if events:
            raise ValueError(f"{events[0].name!r} is arranged for {events[0].time}, and was not")
        self._calendar = outside
        heapq.heapify(self._calendar)

    def waiting(self) -> list[Event]:
        """What is arranged, first things first."""
        return [event for _, _, event in sorted(self._calendar, key=lambda entry: entry[:2]) if event.is_waiting]

    def _tidy(self) -> None:
        """Cancelled events do not pile up."""
        if len(self._calendar) > 64 and sum(event.is_waiting for _, _, event in self._calendar) * 2 < len(self._calendar):
            self._calendar = [entry for entry in self._calendar if entry[2].is_waiting]
            heapq.heapify(self._calendar)
