"""Parts for the buses of a simulated board: an accelerometer, an EEPROM; `displays` has more.

They behave as far as drivers look: identification, registers that count on by themselves, pages that wrap. Each is written from what its public data sheet says of the interface.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .state import BYTE, HALF, BadState, Kind, flag, octets, optional, record, row, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

MILLI_G = whole(1_000_000, -1_000_000)


def buffer(most: int) -> Kind:
    """At most `most` bytes that can be changed."""
    return lambda value: bytearray(octets(most)(value))


class Part:
    """A part whose state can be saved with the chip's: `STATE` names its attributes and what they may hold."""

    STATE: Mapping[str, Kind] = {}
    SIZED: tuple[str, ...] = ()  # of them, those whose length is that of the part

    def save(self) -> dict[str, Any]:
        """Its state, as plain values."""
        return {name: kind(getattr(self, name)) for name, kind in self.STATE.items()}

    def check(self, state: object) -> dict[str, Any]:
        """`state`, copied, if `restore` can take it. Raises BadState."""
        checked: dict[str, Any] = record(self.STATE)(state)
        for name in self.SIZED:
            if len(checked[name]) != len(getattr(self, name)):
                raise BadState(f".{name}: {len(checked[name])} instead of {len(getattr(self, name))}")
        return checked

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `save` gave."""
        for name, value in state.items():
            setattr(self, name, value)


class Accelerometer(Part):
    """A LSM6DS3: registers behind I2C and SPI alike. `acceleration` is x, y, z in thousandths of g.

    Satisfies `I2cDevice` and `SpiDevice`: a register number first, and the data; the number counts on by itself.
    """

    WHO_AM_I, IDENTITY, STATUS, OUTX_L_XL = 0x0F, 0x69, 0x1E, 0x28
    CTRL1_XL, CTRL3_C, SOFTWARE_RESET, COUNT_ON = 0x10, 0x12, 0x01, 0x04
    LSB_MICRO_G = (61, 488, 122, 244)  # a count at the ranges of 2, 16, 4, 8 g, by bits 2 and 3 of CTRL1_XL
    STATE = {"acceleration": row(MILLI_G, MILLI_G, MILLI_G), "registers": buffer(128), "_at": optional(whole(127)), "_is_read": flag}
    SIZED = ("registers",)

    def __init__(self) -> None:
        self.acceleration = (0, 0, 1000)
        self.registers = bytearray(128)
        self._reset()
        self._at: int | None = None
        self._is_read = False

    def _reset(self) -> None:
        """What power on, or the bit for it in CTRL3_C, does; that bit is 0 again at once."""
        self.registers[:] = bytes(len(self.registers))
        self.registers[self.WHO_AM_I] = self.IDENTITY
        self.registers[self.CTRL3_C] = self.COUNT_ON
        self.registers[self.STATUS] = 0x07  # data ready

    def start(self, is_read: bool) -> bool:
        """Always there; a write begins with a register number."""
        self._is_read = is_read
        if not is_read:
            self._at = None
        return True

    def write(self, byte: int) -> bool:
        """The register number, or data for it."""
        if self._at is None:
            self._at = byte & 0x7F
        else:
            self._store(byte)
        return True

    def read(self) -> int:
        """The register, and on to the next."""
        at = self._at or 0
        self._at = (at + 1) & 0x7F
        return self._outputs().get(at, self.registers[at])

    def stop(self) -> None:
        """The number stays, as the next read may count on it."""

    def select(self) -> None:
        """A number comes next."""
        self._at = None

    def exchange(self, byte: int) -> int:
        """SPI: bit 7 of the number says read."""
        if self._at is None:
            self._at, self._is_read = byte & 0x7F, bool(byte & 0x80)
            return 0
        if self._is_read:
            return self.read()
        self._store(byte)
        return 0

    def deselect(self) -> None:
        """Done."""

    def _store(self, byte: int) -> None:
        at = self._at or 0
        if at == self.CTRL3_C and byte & self.SOFTWARE_RESET:
            self._reset()
        elif at not in (self.WHO_AM_I, self.STATUS):
            self.registers[at] = byte
        self._at = (at + 1) & 0x7F

    def _outputs(self) -> dict[int, int]:
        """The output registers: six bytes, low byte first, at the range that is set."""
        count = self.LSB_MICRO_G[self.registers[self.CTRL1_XL] >> 2 & 3]
        raw = b"".join(
            max(-0x8000, min(0x7FFF, milli * 1000 // count)).to_bytes(2, "little", signed=True)
            for milli in self.acceleration
        )
        return {self.OUTX_L_XL + n: byte for n, byte in enumerate(raw)}


class Lsm6dso(Accelerometer):
    """A LSM6DSO, as the reference board has one: as far as modelled, only who it says it is differs."""

    IDENTITY = 0x6C


class Registers(Part):
    """256 registers of a byte, whose number counts on by itself: enough for a driver that sets up a part and asks who it is.

    `values` are in them from the start, 0 in the others. Satisfies `I2cDevice`.
    """

    STATE = {"registers": buffer(256), "_at": BYTE, "_is_first": flag}
    SIZED = ("registers",)

    def __init__(self, values: Mapping[int, int]) -> None:
        self.registers = bytearray(256)
        for number, value in values.items():
            self.registers[number] = value
        self._at = 0
        self._is_first = True

    def start(self, is_read: bool) -> bool:
        """Always there; a write begins with a register number."""
        self._is_first = not is_read
        return True

    def write(self, byte: int) -> bool:
        """The register number, or data for it."""
        if self._is_first:
            self._is_first, self._at = False, byte
        else:
            self.registers[self._at] = byte
            self._at = (self._at + 1) & 0xFF
        return True

    def read(self) -> int:
        """The register, and on to the next."""
        at, self._at = self._at, (self._at + 1) & 0xFF
        return self.registers[at]

    def stop(self) -> None:
        """The number stays, as the next read may count on it."""


class Eeprom(Part):
    """A 24Cxx with two address bytes: pages that wrap, and no answer while it writes (`busy` polls of the address)."""

    STATE = {"data": buffer(1 << 16), "_busy": whole(1 << 16), "_at": HALF, "_have": whole(2), "_is_written": flag}
    SIZED = ("data",)

    def __init__(self, size: int = 4096, page: int = 32, busy: int = 0) -> None:
        self.data = bytearray(b"\xff" * size)
        self._page, self._polls = page, busy
        self._busy = self._at = self._have = 0
        self._is_written = False

    def check(self, state: object) -> dict[str, Any]:
        """With an address that it has. Raises BadState."""
        checked = super().check(state)
        if checked["_at"] >= len(self.data):
            raise BadState(f"._at: {checked['_at']} is beyond its {len(self.data)} bytes")
        return checked

    def start(self, is_read: bool) -> bool:
        """Silent while it writes."""
        if self._busy:
            self._busy -= 1
            return False
        if not is_read:
            self._have = 0
        return True

    def write(self, byte: int) -> bool:
        """Two address bytes, then data."""
        if self._have < 2:
            self._at = (self._at << 8 | byte) % len(self.data) if self._have else byte
            self._have += 1
            return True
        self.data[self._at] = byte
        self._is_written = True
        start = self._at - self._at % self._page
        self._at = start + (self._at + 1 - start) % self._page
        return True

    def read(self) -> int:
        """The next byte; after the last comes the first."""
        byte = self.data[self._at]
        self._at = (self._at + 1) % len(self.data)
        return byte

    def stop(self) -> None:
        """What was written takes time."""
        if self._is_written:
            self._is_written, self._busy = False, self._polls
