"""DMA: thirty channels of three kinds, between a core's SYSRAM and the peripherals.

Half-size channels (0..11) carry bytes of I2C and SPI; channel 12 copies memory; virtual FIFOs (13..29) keep a
ring in SYSRAM that the peripheral fills or empties and the program reads or writes at its own pace. Pointers
count bytes, lengths count items.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..state import TIME, WORD, row, table, whole
from .channel import ACKINT, CHANNEL, INTSTA, NAMES, START_AT, STRIDE, Channel, Port
from .registers import READ, WRITE, Block, Log, Register, kept, merged

if TYPE_CHECKING:
    from collections.abc import Callable

    from .time import Scheduler

CHANNELS, GLOBALS = 30, 0x4000
CH_RST, GLO_CON, CH_EN, PAUSE = GLOBALS + 0x08, GLOBALS + 0x0C, GLOBALS + 0x20, GLOBALS + 0x30

GLOBAL = (
    Register(0x00, "GLBSTA0", READ, note="channels 0 to 15, two bits each: runs, interrupts"),
    Register(0x04, "GLBSTA1", READ, note="channels 16 to 29, as GLBSTA0"),
    Register(0x08, "CH_RST", note="a bit a channel: any change of it resets the channel"),
    Register(0x0C, "GLO_CON", note="0 any change of it resets all channels"),
    kept(0x10, "GRP_STA0", "flags of groups", READ), kept(0x14, "GRP_STA1", "flags of groups", READ),
    kept(0x18, "GRP_STA2", "flags of virtual FIFOs", READ), kept(0x1C, "GRP_STA3", "flags of virtual FIFOs", READ),
    Register(0x20, "CH_EN", note="a bit a channel: enabled; a channel runs without it too"),
    Register(0x24, "CH_EN_SET", WRITE, note="set bits of CH_EN"),
    Register(0x28, "CH_EN_CLR", WRITE, note="clear bits of CH_EN, and stop those channels"),
    Register(0x30, "PAUSE", note="a bit a channel: hold it"), Register(0x34, "PAUSE_STA", READ, note="which are held"),
    Register(0x50, "SET_DREQ", WRITE, note="a bit a channel: move what its peripheral is ready for"),
    kept(0x58, "CLR_DREQ", "a bit a channel: what was requested before is forgotten, and here never kept for later"),
)  # fmt: skip


def _registers() -> tuple[Register, ...]:
    channels = [
        register._replace(offset=STRIDE * channel + register.offset, name=f"CH{channel}_{register.name}")
        for channel in range(CHANNELS) for register in CHANNEL
    ]  # fmt: skip
    return (*channels, *(register._replace(offset=GLOBALS + register.offset) for register in GLOBAL))


class Dma(Block):
    """`irq` is told the level of the one interrupt of all channels; `memory` finds SYSRAM, or None; `wrote` hears
    where something was written."""

    NAME = "DMA"
    REGISTERS = _registers()
    MORE = {"waiting": table(whole(CHANNELS - 1), TIME, CHANNELS), "origins": row(*[WORD] * CHANNELS)}

    def __init__(
        self, scheduler: Scheduler, log: Log, irq: Callable[[bool], None], memory: Callable[[int, int], memoryview | None],
        base: int = 0, name: str = "",
    ) -> None:  # fmt: skip
        self._irq = irq
        self.memory = memory
        self.wrote: Callable[[int, int], None] = lambda address, size: None
        self.channels: list[Channel] = []
        super().__init__(scheduler, log, base, name)

    def reset(self) -> None:
        """All channels stopped; peripherals stay attached."""
        super().reset()
        ports = [channel.port for channel in self.channels] or [None] * CHANNELS
        for channel in self.channels:
            self.scheduler.cancel(channel.event)
        self.channels = [Channel(self, number) for number in range(CHANNELS)]
        for channel, port in zip(self.channels, ports, strict=True):
            channel.port = port
        self._irq(False)

    def attach(self, channel: int, port: Port) -> None:
        """A peripheral serves `channel`; it calls `request` when it is ready for more."""
        self.channels[channel].port = port

    def request(self, channel: int) -> None:
        """The peripheral of `channel` has something or wants something."""
        self.channels[channel].pump()

    def is_running(self, channel: int) -> bool:
        """Whether `channel` is started."""
        return self.channels[channel].is_running

    def tell(self) -> None:
        """The interrupt is high while any channel has one."""
        self._irq(any(channel.get(INTSTA) for channel in self.channels))

    def read(self, offset: int, size: int) -> int:
        """A channel's register, or a global one."""
        word = offset & ~3
        if word < STRIDE * CHANNELS and word & 0xFF in NAMES:
            value = self.channels[word // STRIDE].read(word & 0xFF)
            return value >> 8 * (offset & 3) & ((1 << 8 * size) - 1)
        return super().read(offset, size)

    def write(self, offset: int, size: int, value: int) -> None:
        """A channel's register, or a global one."""
        word = offset & ~3
        if word < STRIDE * CHANNELS and word & 0xFF in NAMES:
            was = 0 if word & 0xFF == ACKINT else self.words[word]
            self.channels[word // STRIDE].write(word & 0xFF, merged(was, offset, size, value))
        else:
            super().write(offset, size, value)

    def _states(self, first: int) -> int:
        """Two bits a channel: running, interrupting."""
        value = 0
        for number, channel in enumerate(self.channels[first : first + 16]):
            value |= int(channel.is_running) << 2 * number | int(bool(channel.get(INTSTA))) << 2 * number + 1
        return value

    def read_glbsta0(self) -> int:
        """Channels 0 to 15."""
        return self._states(0)

    def read_glbsta1(self) -> int:
        """Channels 16 to 29."""
        return self._states(16)

    def write_ch_en_set(self, value: int) -> None:
        """Enable channels; drivers that leave this alone work as well."""
        self.words[GLOBALS + 0x20] |= value

    def write_ch_en_clr(self, value: int) -> None:
        """Disable channels: they stop."""
        self.words[CH_EN] &= ~value
        for channel in self._named(value):
            channel.write(START_AT, 0)

    def write_ch_rst(self, value: int) -> None:
        """Drivers pulse a bit, in either direction."""
        changed, self.words[CH_RST] = self.words[CH_RST] ^ value, value
        for channel in self._named(changed):
            channel.stop()
        self.tell()

    def write_glo_con(self, value: int) -> None:
        """As CH_RST, for all."""
        changed, self.words[GLO_CON] = self.words[GLO_CON] ^ value, value
        if changed & 1:
            for channel in self.channels:
                channel.stop()
            self.tell()

    def write_pause(self, value: int) -> None:
        """Hold channels, and let those go on that were held."""
        was, self.words[PAUSE] = self.words[PAUSE], value
        for channel in self._named(value & ~was):
            channel.hold()
        for channel in self._named(was & ~value):
            channel.go_on()

    def is_paused(self, channel: int) -> bool:
        """Whether `channel` is held."""
        return bool(self.words.get(PAUSE, 0) >> channel & 1)

    def read_pause_sta(self) -> int:
        """Which are held: at once those that are to be."""
        return self.words[PAUSE]

    def write_set_dreq(self, value: int) -> None:
        """As if the peripheral had asked."""
        for channel in self._named(value):
            channel.pump()

    def _named(self, bits: int) -> list[Channel]:
        return [channel for number, channel in enumerate(self.channels) if bits >> number & 1]

    def save(self) -> dict[str, Any]:
        """Registers, and when a copy under way is over or a ring times out."""
        waiting = {channel.number: channel.event.time for channel in self.channels if channel.event is not None and channel.event.is_waiting}
        return {**super().save(), "waiting": waiting, "origins": [channel.origin for channel in self.channels]}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on."""
        super().restore(state)
        for channel, origin in zip(self.channels, state["origins"], strict=True):
            channel.hold()
            channel.origin = origin
        for number, due in state["waiting"].items():
            self.channels[number].await_until(due)
        self.tell()
