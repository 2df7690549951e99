"""PWM: four channels of a GPIO group, each of which puts a pattern of two states on its pin.

A state is a number of clocks high and a number low, repeated as often as the channel says; the second state
follows the first if it has a length. A pattern that changes nothing costs nothing: edges are arranged one at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import time
from .registers import INFERRED, KNOWN, Block, Log, Register

if TYPE_CHECKING:
    from collections.abc import Callable

    from .time import Event, Scheduler

CHANNELS = 4
KICK, REPLAY, POLARITY, OPEN_DRAIN, CLOCK, GLOBAL_KICK = 1, 2, 4, 8, 16, 32
CLOCKS = {0: time.SECOND // time.SLOW_HZ, 1: time.TWO_MHZ, 2: time.XTAL}  # ticks a clock, by the selector


class Channel:
    """One channel: `states` is what it plays, as (clocks high, clocks low, times)."""

    def __init__(self, pwm: Pwm, number: int) -> None:
        self.pwm = pwm
        self.number = number
        self.event: Event | None = None
        self.is_playing = False
        self.state = self.left = self.due = 0
        self.is_high = False

    def word(self, offset: int) -> int:
        """CTRL, PARAM_S0 or PARAM_S1."""
        return self.pwm.words[0x100 + 0x10 * self.number + offset]

    def states(self) -> list[tuple[int, int, int]]:
        """The states that have a length; repeats count one more than is written, where nothing is once."""
        control = self.word(0)
        table = [(self.word(4), control >> 8 & 0xFFF), (self.word(8), control >> 20 & 0xFFF)]
        return [(word & 0xFFFF, word >> 16, max(1, times)) for word, times in table if word]

    def play(self) -> None:
        """Begin the pattern."""
        self.stop()
        if self.word(0) & CLOCK and self.states():
            self.is_playing = True
            self.state, self.left = 0, self.states()[0][2]
            self._phase(True)

    def stop(self) -> None:
        """End it; the pin rests."""
        self.pwm.scheduler.cancel(self.event)
        self.is_playing = False
        self._set(False)

    def _set(self, is_high: bool) -> None:
        self.is_high = is_high
        self.pwm.output(self.number, int(is_high) ^ (1 if self.word(0) & POLARITY and self.is_playing else 0))

    def _phase(self, is_high: bool) -> None:
        """The high or the low part of a period; one of no length is passed over."""
        states = self.states()
        if not states:
            self.stop()
            return
        high, low, _ = states[min(self.state, len(states) - 1)]
        if is_high and not low and self._is_steady(states):
            self._set(True)
            return
        length = high if is_high else low
        if length:
            self._set(is_high)
        self.due = (self.event.time if self.event is not None and self.event.time >= self.pwm.scheduler.now else self.pwm.scheduler.now)
        self.due += length * self.pwm.clock()
        self.event = self.pwm.scheduler.at(self.due, lambda: self._next(is_high), f"{self.pwm.name} channel {self.number}")

    def _is_steady(self, states: list[tuple[int, int, int]]) -> bool:
        return len(states) == 1 and bool(self.word(0) & REPLAY)

    def _next(self, was_high: bool) -> None:
        if was_high:
            self._phase(False)
            return
        self.left -= 1
        if self.left <= 0:
            states = self.states()
            self.state += 1
            if self.state >= len(states):
                self.state = 0
                if not self.word(0) & REPLAY and len(states) > 1:
                    self.stop()
                    return
            self.left = states[self.state][2] if states else 1
        self._phase(True)


class Pwm(Block):
    """`output` is told (channel, level) of every edge."""

    NAME = "PWM"
    REGISTERS = (
        Register(0x00, "GLO_CTRL", reset=0xE400, note="0 kick all, 2:1 clock 32 kHz, 2 MHz, 26 MHz", source=KNOWN),
        *(
            Register(0x100 + 0x10 * channel + offset, f"PWM{channel}_{name}", reset=reset, note=note, source=source)
            for channel in range(CHANNELS)
            for offset, name, reset, note, source in (
                (0, "CTRL", 0x0C, "0 kick, 1 replay, 2 polarity, 4 clock, 5 global kick; repeats of S0, S1", KNOWN),
                (4, "PARAM_S0", 0, "15:0 clocks on, 31:16 clocks off", INFERRED),
                (8, "PARAM_S1", 0, "as PARAM_S0", INFERRED),
            )
        ),
    )

    def __init__(self, scheduler: Scheduler, log: Log, output: Callable[[int, int], None], base: int = 0, name: str = "") -> None:
        self.output = output
        self.channels: list[Channel] = []
        super().__init__(scheduler, log, base, name)
        for number in range(CHANNELS):
            self._writers[0x100 + 0x10 * number] = self._control_writer(number)

    def reset(self) -> None:
        """All channels rest."""
        for channel in self.channels:
            self.scheduler.cancel(channel.event)
        super().reset()
        self.channels = [Channel(self, number) for number in range(CHANNELS)]

    def clock(self) -> int:
        """Ticks a clock."""
        return CLOCKS.get(self.words[0x00] >> 1 & 3, time.XTAL)

    def _control_writer(self, number: int) -> Callable[[int], None]:
        def write(value: int) -> None:
            offset = 0x100 + 0x10 * number
            was = self.words[offset]
            self.words[offset] = value
            if value & KICK and not was & KICK:
                self.channels[number].play()
            elif not value & KICK and was & KICK:
                self.channels[number].stop()

        return write

    def write_glo_ctrl(self, value: int) -> None:
        """Clock, and the kick of all channels that listen to it."""
        kicked = value & 1 and not self.words[0x00] & 1
        self.words[0x00] = value
        for number, channel in enumerate(self.channels):
            if kicked and self.words[0x100 + 0x10 * number] & GLOBAL_KICK:
                channel.play()

    def save(self) -> dict[str, Any]:
        """Registers and where each pattern is."""
        return {**super().save(), "channels": [(c.is_playing, c.state, c.left, c.due, c.is_high) for c in self.channels]}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on at the same place of each pattern."""
        super().restore(state)
        for channel, saved in zip(self.channels, state["channels"], strict=True):
            channel.is_playing, channel.state, channel.left, channel.due, channel.is_high = saved
            if channel.is_playing:
                self._resume(channel)

    def _resume(self, channel: Channel) -> None:
        is_high = channel.is_high
        channel.event = self.scheduler.at(channel.due, lambda: channel._next(is_high), f"{self.name} channel {channel.number}")
