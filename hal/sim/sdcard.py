"""An SD card on SPI: what the public Physical Layer Simplified Specification says of that mode, in chapter 7.

A card hears bytes while it is selected. One that begins with the bits 01 begins a command of six bytes; after it come
0xFF, the response, and what goes with it: data between a token and a CRC16, or zeros while the card is busy. A card
that is not selected keeps all that, but forgets a command that was not finished: drivers that let go of the line
between the bytes of an answer work, as they do with cards.

Not there: what needs the six other lines (SD mode), switching functions (CMD6), locking, write protection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...wire.fault import Invalid
from . import sdregisters
from .media import Memory
from .parts import Part, buffer
from .sdregisters import BLOCK, MOST_STANDARD, UNIT, crc7, crc16
from .state import BYTE, HALF, WORD, BadState, flag, items, optional, record, whole

if TYPE_CHECKING:
    from .media import Medium

IDLE, ERASE_RESET, ILLEGAL, BAD_CRC, BAD_SEQUENCE, BAD_ADDRESS, BAD_PARAMETER = (1 << bit for bit in range(7))  # R1, 7.3.2.1
OUT_OF_RANGE, ERROR = 0x80, 0x04  # the second byte of R2, 7.3.2.3
POWERED, HIGH_CAPACITY, VOLTAGES = 1 << 31, 1 << 30, 0x00FF_8000  # OCR, 5.1: from 2.7 to 3.6 V
START, START_MULTIPLE, STOP = 0xFE, 0xFC, 0xFD  # tokens, 7.3.3.2
ACCEPTED, REFUSED_CRC, REFUSED_WRITE = 0xE5, 0xEB, 0xED  # data response, 7.3.3.1
READ_ERROR, READ_OUT_OF_RANGE = 0x01, 0x08  # data error token, 7.3.3.3
NO_DATA = 2  # bytes: a token that says why there is none, and the byte before it
WHILE_IDLE = {0, 1, 8, 41, 55, 58, 59}
ALWAYS_CHECKED = {0, 8}  # 7.2.2
ERASED_AT_ONCE = 2048  # blocks
WORST = 1 << 41  # an address in bytes


class SdCard(Part):
    """A card of the blocks of `medium` (8 MiB in memory unless given). Satisfies `SpiDevice`.

    High capacity, addressed by block, if asked for or larger than 1 GiB; else standard, addressed by byte. It is
    ready after `polls` requests to begin, and busy for `pause` bytes after each write. Raises Invalid for a size
    that no card says it has.
    """

    COMMANDS = {
        0: "go_idle", 1: "send_operation", 8: "send_interface", 9: "send_csd", 10: "send_cid", 12: "stop", 13: "send_status",
        16: "set_length", 17: "read_one", 18: "read_many", 24: "write_one", 25: "write_many", 32: "erase_from", 33: "erase_to",
        38: "erase", 55: "application", 58: "read_ocr", 59: "check_sums",
    }  # fmt: skip
    OF_APPLICATION = {13: "sd_status", 22: "count_written", 23: "expect", 41: "send_operation", 42: "pull_up", 51: "send_scr"}
    STATE = {
        "is_spi": flag, "is_idle": flag, "_polls": whole(255), "_is_new": flag, "_is_application": flag, "_is_checked": flag,
        "_length": whole(BLOCK), "_status": BYTE, "_frame": items(BYTE, 5), "_out": buffer(2 * BLOCK), "_busy": HALF,
        "_reading": optional(whole(WORST)), "_writing": optional(whole(WORST)), "_is_multiple": flag, "_data": optional(buffer(BLOCK + 1)),
        "_written": WORD, "_is_erasing": flag, "_first": optional(whole(WORST)), "_last": optional(whole(WORST)), "_erase": BYTE,
    }  # fmt: skip

    def __init__(self, medium: Medium | None = None, is_high_capacity: bool = False, polls: int = 2, pause: int = 8) -> None:
        self.medium: Medium = Memory() if medium is None else medium
        self.size = self.medium.blocks * BLOCK
        if self.size % UNIT:
            raise Invalid(f"an SD card has a multiple of {UNIT} bytes, not {self.size}: make the image longer, as truncate -s does")
        self.is_high_capacity = is_high_capacity or self.size > MOST_STANDARD
        self._pause, self._power_up = pause, polls
        self.is_spi = False
        self._reset()

    def _reset(self) -> None:
        """Idle, as after power on and CMD0."""
        self.is_idle, self._polls = True, self._power_up
        self._is_new = self._is_application = self._is_checked = self._is_multiple = self._is_erasing = False
        self._length, self._status, self._busy, self._written, self._erase = BLOCK, 0, 0, 0, 0
        self._frame: list[int] = []
        self._out = bytearray()
        self._reading: int | None = None
        self._writing: int | None = None
        self._first: int | None = None
        self._last: int | None = None
        self._data: bytearray | None = None

    def save(self) -> dict[str, Any]:
        """Its state, and the medium's."""
        return {**super().save(), "medium": self.medium.save()}

    def check(self, state: object) -> dict[str, Any]:
        """`state`, copied, if `restore` can take it. Raises BadState."""
        checked: dict[str, Any] = record({**self.STATE, "medium": self.medium.check})(state)
        first, last = checked["_first"], checked["_last"]
        for name in ("_first", "_last"):
            if checked[name] is not None and checked[name] >= self.size:
                raise BadState(f".{name}: {checked[name]} is beyond its {self.size} bytes")
        if checked["_is_erasing"] and (first is None or last is None or last < first):
            raise BadState(f"._is_erasing: from {first} to {last}")
        return checked

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `save` gave."""
        self.medium.restore(state["medium"])
        super().restore({name: state[name] for name in self.STATE})

    # --- bytes ---

    def select(self) -> None:
        """It goes on where it was."""

    def deselect(self) -> None:
        """A command that was not finished is forgotten."""
        self._frame.clear()

    def exchange(self, byte: int) -> int:
        """One byte each way."""
        answer = self._next()
        if self._data is not None:
            self._receive(byte)
        elif self._frame or byte & 0xC0 == 0x40:
            self._take(byte)
        elif self._writing is not None and not self._busy:
            self._token(byte)
        return answer

    def _next(self) -> int:
        if not self._out and self._reading is not None:
            self._go_on()
        if self._out:
            return self._out.pop(0)
        if self._is_erasing:
            self._erase_piece()
            return 0
        if self._busy:
            self._busy -= 1
            return 0
        return 0xFF

    def _take(self, byte: int) -> None:
        self._frame.append(byte)
        if len(self._frame) == 6:
            frame = bytes(self._frame)
            self._frame.clear()
            self._command(frame[0] & 0x3F, int.from_bytes(frame[1:5], "big"), frame[5] == crc7(frame[:5]) << 1 | 1)

    # --- commands ---

    def _command(self, index: int, argument: int, is_sound: bool) -> None:
        """Do it. While the card is busy, and before it was told to use SPI, only CMD0 is heard (7.2.1, 7.2.4)."""
        if index and (self._busy or self._is_erasing or not self.is_spi) or not is_sound and not self.is_spi:
            return
        is_application, self._is_application = self._is_application, False
        self._reading = self._reading if index == 12 else None
        self._writing = None
        self._out.clear()
        if not is_sound and (self._is_checked or index in ALWAYS_CHECKED):
            self._answer(BAD_CRC)
            return
        name = self.OF_APPLICATION.get(index) if is_application else None
        name = name or (self.COMMANDS.get(index) if index != 41 else None)
        if name is None or self.is_idle and index not in WHILE_IDLE:
            self._answer(ILLEGAL)
            return
        self._follow_erase(index)
        getattr(self, name)(argument)

    def _follow_erase(self, index: int) -> None:
        """CMD32, 33, 38, and CMD13 between them; anything else breaks that off (4.3.5)."""
        if (self._first is not None or self._last is not None) and index not in (13, 32, 33, 38):
            self._first = self._last = None
            self._erase = ERASE_RESET

    def _answer(self, errors: int = 0, more: bytes = b"") -> None:
        """R1, and what follows it: after one byte (N_CR, 7.5.1)."""
        self._out[:] = bytes([0xFF, errors | self._erase | (IDLE if self.is_idle else 0)]) + more
        self._erase = 0

    def _answer_data(self, data: bytes, more: bytes = b"") -> None:
        self._answer(0, more + _packet(data))

    def go_idle(self, argument: int) -> None:
        """CMD0: all is as after power on, and SPI it is."""
        self._reset()
        self.is_spi = True
        self._answer()

    def send_interface(self, argument: int) -> None:
        """CMD8: the voltage if it is one (2.7 to 3.6 V is 1), and the pattern again: R7."""
        self._is_new = argument >> 8 & 15 == 1
        self._answer(0, bytes([0, 0, int(self._is_new), argument & 0xFF]))

    def send_operation(self, argument: int) -> None:
        """CMD1, ACMD41: begin. A high-capacity card waits for a host that asked CMD8 and says that it knows such cards (4.2.3)."""
        if self.is_idle and (not self.is_high_capacity or self._is_new and argument & HIGH_CAPACITY):
            self._polls = max(0, self._polls - 1)
            self.is_idle = self._polls > 0
        self._answer()

    def read_ocr(self, argument: int) -> None:
        """CMD58: R3."""
        word = VOLTAGES if self.is_idle else VOLTAGES | POWERED | (HIGH_CAPACITY if self.is_high_capacity else 0)
        self._answer(0, word.to_bytes(4, "big"))

    def check_sums(self, argument: int) -> None:
        """CMD59: whether check sums count."""
        self._is_checked = bool(argument & 1)
        self._answer()

    def application(self, argument: int) -> None:
        """CMD55: the next command is one of the application's."""
        self._is_application = True
        self._answer()

    def send_status(self, argument: int) -> None:
        """CMD13: R2, which forgets what it told."""
        self._answer(0, bytes([self._status]))
        self._status = 0

    def set_length(self, argument: int) -> None:
        """CMD16: how much is read of a block; high-capacity cards read all of it (4.3.2)."""
        is_one = 0 < argument <= BLOCK
        if is_one and not self.is_high_capacity:
            self._length = argument
        self._answer(0 if is_one else BAD_PARAMETER)

    def send_csd(self, argument: int) -> None:
        """CMD9."""
        self._answer_data((sdregisters.csd_high if self.is_high_capacity else sdregisters.csd_standard)(self.medium.blocks))

    def send_cid(self, argument: int) -> None:
        """CMD10."""
        self._answer_data(sdregisters.cid())

    def send_scr(self, argument: int) -> None:
        """ACMD51."""
        self._answer_data(sdregisters.scr())

    def sd_status(self, argument: int) -> None:
        """ACMD13: R2 and 64 bytes."""
        self._answer_data(sdregisters.sd_status(), bytes(1))

    def count_written(self, argument: int) -> None:
        """ACMD22: how many blocks of the last CMD25 were written."""
        self._answer_data(self._written.to_bytes(4, "big"))

    def expect(self, argument: int) -> None:
        """ACMD23: how many blocks will be written; nothing to prepare here."""
        self._answer()

    def pull_up(self, argument: int) -> None:
        """ACMD42: the resistor at the select line; nobody measures it here."""
        self._answer()

    # --- reading ---

    def _place(self, argument: int, length: int) -> tuple[int, int]:
        """(address in bytes, errors) of `length` bytes at `argument`."""
        address = argument * BLOCK if self.is_high_capacity else argument
        if address + length > self.size:
            self._status |= OUT_OF_RANGE
            return address, BAD_PARAMETER
        return address, BAD_ADDRESS if address % BLOCK + length > BLOCK else 0

    def read_one(self, argument: int) -> None:
        """CMD17."""
        address, errors = self._place(argument, self._length)
        self._answer(errors, b"" if errors else self._read(address))

    def read_many(self, argument: int) -> None:
        """CMD18: blocks until CMD12."""
        address, errors = self._place(argument, self._length)
        self._reading = None if errors else address
        self._answer(errors)

    def _go_on(self) -> None:
        address = self._reading
        assert address is not None
        data = self._read(address)
        self._out += data
        self._reading = None if len(data) == NO_DATA else address + self._length

    def _read(self, address: int) -> bytes:
        """A block with token and CRC, or the token that says why not."""
        if address + self._length > self.size:
            self._status |= OUT_OF_RANGE
            return bytes([0xFF, READ_OUT_OF_RANGE])
        try:
            data = self.medium.read(address // BLOCK)
        except OSError:
            self._status |= ERROR
            return bytes([0xFF, READ_ERROR])
        return _packet(data[address % BLOCK :][: self._length])

    def stop(self, argument: int) -> None:
        """CMD12: ends CMD18; a byte comes first that means nothing (7.2.3)."""
        if self._reading is None:
            self._answer(ILLEGAL)
            return
        self._reading = None
        self._answer()
        self._out[:0] = b"\xff"
        self._busy = 1

    # --- writing ---

    def write_one(self, argument: int) -> None:
        """CMD24."""
        self._begin(argument, False)

    def write_many(self, argument: int) -> None:
        """CMD25: blocks until the token that stops it."""
        self._begin(argument, True)

    def _begin(self, argument: int, is_multiple: bool) -> None:
        address, errors = self._place(argument, BLOCK)
        if self._length != BLOCK:
            errors |= BAD_PARAMETER
        if not errors:
            self._writing, self._is_multiple, self._written = address, is_multiple, 0
        self._answer(errors)

    def _token(self, byte: int) -> None:
        """What comes before data, or instead of it."""
        if byte == (START_MULTIPLE if self._is_multiple else START):
            self._data = bytearray()
        elif byte == STOP and self._is_multiple:
            self._writing = None
            self._out[:] = b"\xff"
            self._busy = self._pause

    def _receive(self, byte: int) -> None:
        assert self._data is not None
        self._data.append(byte)
        if len(self._data) == BLOCK + 2:
            data, self._data = bytes(self._data), None
            response = self._store(data[:BLOCK], int.from_bytes(data[BLOCK:], "big"))
            self._out[:] = bytes([response])
            self._busy = self._pause if response == ACCEPTED else 0
            self._writing = None if self._writing is None or not self._is_multiple else self._writing + BLOCK

    def _store(self, data: bytes, check: int) -> int:
        """The response to a block."""
        if self._is_checked and check != crc16(data):
            return REFUSED_CRC
        if self._writing is None or self._writing + BLOCK > self.size:
            self._status |= OUT_OF_RANGE
            return REFUSED_WRITE
        try:
            self.medium.write(self._writing // BLOCK, data)
        except OSError:
            self._status |= ERROR
            return REFUSED_WRITE
        self._written += 1
        return ACCEPTED

    # --- erasing ---

    def erase_from(self, argument: int) -> None:
        """CMD32: the first block."""
        address, errors = self._place(argument, 1)
        self._first, self._last = (None, None) if errors else (address, None)
        self._answer(errors)

    def erase_to(self, argument: int) -> None:
        """CMD33: the last."""
        address, errors = self._place(argument, 1)
        if self._first is None:
            errors |= BAD_SEQUENCE
        self._last = None if errors else address
        self._answer(errors)

    def erase(self, argument: int) -> None:
        """CMD38: all between becomes zero, a piece for each byte of being busy."""
        self._is_erasing = self._first is not None and self._last is not None and self._first <= self._last
        self._answer(0 if self._is_erasing else BAD_SEQUENCE)
        if not self._is_erasing:
            self._first = self._last = None

    def _erase_piece(self) -> None:
        first, last = (self._first or 0) // BLOCK, (self._last or 0) // BLOCK
        count = min(ERASED_AT_ONCE, last + 1 - first)
        try:
            self.medium.erase(first, count)
        except OSError:
            self._status |= ERROR
            count = last + 1 - first
        self._first = (first + count) * BLOCK
        if first + count > last:
            self._is_erasing = False
            self._first = self._last = None


def _packet(data: bytes) -> bytes:
    """Data as it is sent: after a byte (N_AC, 7.5.1) the token, and at the end the CRC."""
    return bytes([0xFF, START]) + data + crc16(data).to_bytes(2, "big")
