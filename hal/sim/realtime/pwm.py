"""PWM: four channels of a GPIO group, each of which puts a pattern of two states on its pin.

A state is a number of clocks on and a number off, repeated as often as the channel says; the second state
follows the first if it has a length. A kick hands the settings over: at once, or at the end of the period that
plays. Edges are arranged one at a time, and a level that stays costs nothing. Of a pattern that is too fast to
arrange each edge the first periods are shown as they are, then longer ones of the same duty, each of which stands for many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..state import HALF, TIME, BadState, flag, items, optional, record, row, whole
from . import time
from .conflicts import DECISIONS
from .registers import INFERRED, KNOWN, Block, Log, Register, due

if TYPE_CHECKING:
    from collections.abc import Callable

    from .time import Event, Scheduler

    State = tuple[int, int, int]  # clocks on, clocks off, times

CHANNELS = 4
KICK, REPLAY, POLARITY, OPEN_DRAIN, CLOCK, GLOBAL_KICK = 1, 2, 4, 8, 16, 32
CLOCKS = {0: time.SECOND // time.SLOW_HZ, 1: time.TWO_MHZ, 2: time.XTAL}  # ticks a clock, by the selector
FINE = 20 * time.MICROSECOND  # periods that are as long are all shown
EXACT = 4  # and so many of the shorter ones after a kick
COARSE = time.MILLISECOND  # what stands for the rest is about as long
STATES = items(row(HALF, HALF, whole(0xFFF, 1)), 2)
CHANNEL = record({
    "states": STATES, "wanted": optional(STATES), "state": whole(1), "left": whole(0xFFF, -0xFFFF_FFFF), "due": TIME, "is_on": flag,
    "is_shown": flag, "is_kicked": flag, "event": optional(TIME), "began": TIME, "exact": whole(EXACT), "stands": whole(0xFFFF_FFFF, 1),
})  # fmt: skip
assert DECISIONS["pwm-polarity"] and DECISIONS["pwm-repeats"] and DECISIONS["pwm-kick"]


class Channel:
    """One channel: `states` are what it plays, `wanted` what a kick gave it for after this period."""

    def __init__(self, pwm: Pwm, number: int) -> None:
        self.pwm = pwm
        self.number = number
        self.event: Event | None = None
        self.states: list[State] = []
        self.wanted: list[State] | None = None
        self.state = self.left = self.due = self.began = self.exact = 0
        self.stands = 1  # for how many periods the one that plays
        self.is_on = self.is_shown = False
        self.is_kicked = False  # while the clock was off

    def word(self, offset: int) -> int:
        """CTRL, PARAM_S0 or PARAM_S1."""
        return self.pwm.words[0x100 + 0x10 * self.number + offset]

    def settings(self) -> list[State]:
        """The states that the registers describe: those that have a length."""
        control = self.word(0)
        table = [(self.word(4), control >> 8 & 0xFFF), (self.word(8), control >> 20 & 0xFFF)]
        return [(word & 0xFFFF, word >> 16, max(1, times)) for word, times in table if word]

    def kick(self) -> None:
        """Take the settings over: now, or as soon as there is a clock."""
        self.is_kicked = not self.word(0) & CLOCK
        if self.is_kicked:
            return
        self.wanted = self.settings()
        if self.event is None:
            self.due = self.pwm.scheduler.now
            self._begin()
        elif self._is_cut():
            self._cut()

    def _is_cut(self) -> bool:
        """What stands for many periods ends with the one of them that plays, if a kick waits for that."""
        return self.wanted is not None and self.stands > 1

    def _cut(self) -> None:
        on, off, _ = self.states[self.state]
        length = (on + off) * self.pwm.clock()
        self.due = self.began - (self.began - self.pwm.scheduler.now) // length * length
        self.pwm.scheduler.cancel(self.event)
        self._arrange(self._begin, 0)

    def stop(self) -> None:
        """No clock: the pattern ends and the pin is let go."""
        self.pwm.scheduler.cancel(self.event)
        self.event, self.states, self.wanted = None, [], None
        self.is_shown = False
        self.pwm.output(self.number, None)

    def _begin(self) -> None:
        """The next period, of what was wanted meanwhile or of what comes next in the pattern."""
        if self.wanted is not None:
            self.states, self.wanted, self.state = self.wanted, None, 0
            self.left = self.states[0][2] if self.states else 0
            self.exact = EXACT
        elif self.states:
            self._advance()
        self.began, self.stands = self.due, self._many()
        if not self.states or not all(self.states[self.state][:2]):
            self._hold()
        else:
            self._edge(True, self.states[self.state][0] * self.stands)

    def _advance(self) -> None:
        self.left -= 1
        if self.left > 0 or len(self.states) == 1:
            return
        if self.state == 0 or self.word(0) & REPLAY:
            self.state = 1 - self.state
        self.left = self.states[self.state][2]

    def _is_last(self) -> bool:
        """Nothing follows the state that plays."""
        return len(self.states) < 2 or (self.state == 1 and not self.word(0) & REPLAY)

    def _hold(self) -> None:
        """A period of one level: for ever, if nothing else follows."""
        on, off, _ = self.states[self.state] if self.states else (0, 0, 0)
        self._show(bool(on))
        if self._is_last():
            self.event = None
        else:
            self._arrange(self._begin, (on + off) * self.stands)

    def _edge(self, is_on: bool, clocks: int) -> None:
        self._show(is_on)
        self._arrange(self._off if is_on else self._begin, clocks)

    def _off(self) -> None:
        self._edge(False, self.states[self.state][1] * self.stands)

    def _many(self) -> int:
        """For how many periods the next one stands: one, or those of its state and of some rounds of the pattern."""
        lengths = [(on + off) * self.pwm.clock() for on, off, _ in self.states]
        if not lengths or lengths[self.state] >= FINE or self.exact:
            self.exact = max(0, self.exact - 1)
            return 1
        self.pwm.log.once(f"{self.pwm.name}: channel {self.number} is faster than is shown; few periods stand for many")
        if self._is_last():
            return -(-COARSE // lengths[self.state])
        round_ = sum(length * times for length, (_, _, times) in zip(lengths, self.states, strict=True))
        many = max(1, self.left) * (-(-COARSE // round_) if max(lengths) < FINE else 1)
        self.left = 1
        return many

    def _show(self, is_on: bool) -> None:
        self.is_on, self.is_shown = is_on, True
        self.pwm.output(self.number, int(is_on == bool(self.word(0) & POLARITY)))

    def _arrange(self, call: Callable[[], None], clocks: int) -> None:
        self.due += clocks * self.pwm.clock()
        self.event = self.pwm.scheduler.at(self.due, call, f"{self.pwm.name} channel {self.number}")

    def save(self) -> dict[str, Any]:
        """Where the pattern is."""
        wanted = None if self.wanted is None else list(self.wanted)
        return {"states": list(self.states), "wanted": wanted, "state": self.state, "left": self.left, "due": self.due,
                "is_on": self.is_on, "is_shown": self.is_shown, "is_kicked": self.is_kicked, "event": due(self.event),
                "began": self.began, "exact": self.exact, "stands": self.stands}  # fmt: skip

    def restore(self, state: dict[str, Any]) -> None:
        """Go on at the same place."""
        self.pwm.scheduler.cancel(self.event)
        self.event = None
        self.states, self.wanted = list(state["states"]), state["wanted"]
        self.state, self.left, self.due, self.is_on = state["state"], state["left"], state["due"], state["is_on"]
        self.is_kicked, self.began, self.exact, self.stands = state["is_kicked"], state["began"], state["exact"], state["stands"]
        if state["is_shown"]:
            self._show(self.is_on)
        if state["event"] is not None:
            is_split = bool(self.states) and all(self.states[self.state][:2])
            call = self._off if self.is_on and is_split and not self._is_cut() else self._begin
            self.event = self.pwm.scheduler.at(state["event"], call, f"{self.pwm.name} channel {self.number}")


class Pwm(Block):
    """`output` is told (channel, level) of every edge, and (channel, None) when a channel lets its pin go."""

    NAME = "PWM"
    REGISTERS = (
        Register(0x00, "GLO_CTRL", reset=0xE400, note="0 kick all that listen, 2:1 clock: 0 32.768 kHz, 1 2 MHz, 2 26 MHz (15:8 data paths kept)", source=KNOWN),
        *(
            Register(0x100 + 0x10 * channel + offset, f"PWM{channel}_{name}", reset=reset, note=note, source=source)
            for channel in range(CHANNELS)
            for offset, name, reset, note, source in (
                (0, "CTRL", 0x0C, "0 kick, 1 replay, 2 high during on, 3 open drain, 4 clock, 5 listens to the global kick; 19:8 and 31:20 repeats of S0, S1", KNOWN),
                (4, "PARAM_S0", 0, "state 0: 15:0 clocks on, 31:16 clocks off", INFERRED),
                (8, "PARAM_S1", 0, "state 1, as PARAM_S0", INFERRED),
            )
        ),
    )

    MORE = {"channels": row(*[CHANNEL] * CHANNELS)}

    def __init__(
        self, scheduler: Scheduler, log: Log, output: Callable[[int, int | None], None], base: int = 0, name: str = "",
    ) -> None:  # fmt: skip
        self.output = output
        self.channels: list[Channel] = []
        super().__init__(scheduler, log, base, name)
        for number in range(CHANNELS):
            self._writers[0x100 + 0x10 * number] = self._control_writer(number)

    def reset(self) -> None:
        """All channels rest, their pins are let go."""
        super().reset()
        for channel in self.channels:
            channel.stop()
        self.channels = [Channel(self, number) for number in range(CHANNELS)]

    def clock(self) -> int:
        """Ticks a clock."""
        return CLOCKS.get(self.words[0x00] >> 1 & 3, time.XTAL)

    def _control_writer(self, number: int) -> Callable[[int], None]:
        def write(value: int) -> None:
            offset = 0x100 + 0x10 * number
            was, self.words[offset] = self.words[offset], value & ~KICK
            if was & CLOCK and not value & CLOCK:
                self.channels[number].stop()
            elif value & KICK or value & CLOCK and self.channels[number].is_kicked:
                self.channels[number].kick()

        return write

    def write_glo_ctrl(self, value: int) -> None:
        """Clock, and the kick of all channels that listen to it; the kick falls by itself."""
        self.words[0x00] = value & ~KICK
        for number, channel in enumerate(self.channels):
            if value & KICK and self.words[0x100 + 0x10 * number] & GLOBAL_KICK:
                channel.kick()

    def save(self) -> dict[str, Any]:
        """Registers and where each pattern is."""
        return {**super().save(), "channels": [channel.save() for channel in self.channels]}

    def check(self, state: object) -> dict[str, Any]:
        """Patterns with a length, played at one of their states. Raises BadState."""
        checked = super().check(state)
        for channel in checked["channels"]:
            if any(not on and not off for on, off, _ in [*channel["states"], *(channel["wanted"] or [])]):
                raise BadState(".channels: a state without a length")
            if channel["state"] and channel["state"] >= len(channel["states"]):
                raise BadState(".channels: plays a state that it does not have")
        return checked

    def restore(self, state: dict[str, Any]) -> None:
        """Go on at the same place of each pattern."""
        for channel in self.channels:
            channel.stop()
        super().restore(state)
        for channel, saved in zip(self.channels, state["channels"], strict=True):
            channel.restore(saved)
