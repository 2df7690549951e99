"""Intercore: messages between apps of the main core and a program of a real-time core, in shared memory.

Each side has a ring that it alone writes: a header of 64 bytes, then data. The header says where its owner
writes next and how far the owner has read the *other* ring, so no lock is needed. A message is a block:

    size:u32 (of what follows)   component:16 bytes   reserved:u32 (0)   payload   padding to 16 bytes

The component is whom a message is for when a real-time core writes it, and whom it is from when it reads it.
Blocks begin at multiples of 16, so only the size never wraps. What the other side wrote is read once and
checked before it is used; what cannot be is an `Invalid` that says which word, and nothing of it is used.
"""

from __future__ import annotations

import struct

from .fault import Invalid, malformed
from .guid import SIZE as ID_SIZE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    class Memory(Protocol):
        """The memory that both sides reach, by offset from its beginning."""

        def read(self, offset: int, length: int) -> bytes:
            """`length` bytes as they are now."""

        def write(self, offset: int, data: bytes) -> None:
            """Change them; before anything that is written later."""

    class Mailbox(Protocol):
        """The main core's side of a mailbox, by offset of the register."""

        def read(self, offset: int) -> int:
            """What the register reads as."""

        def write(self, offset: int, value: int) -> None:
            """Write it; after all memory that was written before."""


MOST = 1024  # bytes of payload
HEADER = 64  # a line of the main core's cache
GRAIN = 16
ENVELOPE = ID_SIZE + 4
WORD = 4
LEAST_BITS, MOST_BITS = 7, 16  # of a ring's size: 128 bytes to 64 KiB
RING_BITS = 12  # what the system of the MT3620 uses: 4096 bytes, of which 4032 are data

# What the main core pushes into the mailbox (command, data) before either side writes.
RT_WRITES = 0xBA5E_0001  # data: descriptor of the ring that the real-time core writes
RT_READS = 0xBA5E_0002  # data: descriptor of the ring that it reads
BEGIN = 0xBA5E_0003  # both are known
STOP = 0xBA5E_0004  # the main core will talk no more

# Doorbells: bits of the mailbox's software interrupts. The two directions number them differently.
FROM_RT_SENT, FROM_RT_RECEIVED = 1, 2
TO_RT_RECEIVED, TO_RT_SENT = 1, 2

# Registers of the mailbox.
VERSION, SW_TX_INT_PORT, SW_RX_INT_EN, SW_RX_INT_STS, NF_THRS, CMD_PUSH, DATA_PUSH = 0, 0x14, 0x18, 0x1C, 0x30, 0x40, 0x44
GEN_CTRL, PUSH_CNT = 4, 0x48
RESET_OWN = 2  # in GEN_CTRL: of our side, and what we pushed
IS_THERE = 0x3620_0000  # in VERSION
HEARD = FROM_RT_SENT | FROM_RT_RECEIVED
WITNESS = 1  # in NF_THRS, which nobody uses here: 0 says that our side of the mailbox was reset

POSITION, BLOCK = "intercore.position", "intercore.block"  # rules


def descriptor(address: int, bits: int) -> int:
    """The word that tells of a ring of 1 << `bits` bytes at `address`. Raises Invalid."""
    if not 0 <= address <= 0xFFFF_FFFF or address % 32:
        raise Invalid("a ring does not lie at {:#x}: 32 divides its address".format(address), "", "intercore.descriptor")
    if not LEAST_BITS <= bits <= MOST_BITS:
        raise Invalid("a ring does not have 1 << {} bytes".format(bits), "", "intercore.descriptor")
    return address | bits


def parse_descriptor(word: int) -> tuple[int, int]:
    """(address, size in bytes) of a ring. Raises Invalid."""
    address, bits = word & ~31, word & 31
    descriptor(address, bits)
    return address, 1 << bits


def handshake(rt_writes: int, rt_reads: int) -> list[tuple[int, int]]:
    """The pairs (command, data) that tell a real-time core of its two rings, by their descriptors."""
    return [(RT_WRITES, rt_writes), (RT_READS, rt_reads), (BEGIN, 0)]


def block(component: bytes, payload: bytes) -> bytes:
    """A message as it lies in a ring, without padding. Raises Invalid if it is longer than MOST."""
    if len(component) != ID_SIZE:
        raise Invalid("a component id has 16 bytes, not {}".format(len(component)), "", BLOCK)
    if len(payload) > MOST:
        raise Invalid(
            "a message of {} bytes is longer than {}".format(len(payload), MOST), "", BLOCK, remedy="send it in parts"
        )
    return struct.pack("<I", ENVELOPE + len(payload)) + bytes(component) + bytes(4) + bytes(payload)


def padded(length: int) -> int:
    """The next multiple of 16."""
    return (length + GRAIN - 1) // GRAIN * GRAIN


class Rings:
    """One side's view of the two rings in `memory`: it writes the ring at `ours`, and reads the one at `theirs`.

    Its own two positions are kept here and only written there: the other side cannot change them.
    """

    def __init__(self, memory: Memory, ours: int, theirs: int, bits: int = RING_BITS) -> None:
        descriptor(ours, bits)
        descriptor(theirs, bits)
        self._memory = memory
        self._ours = ours
        self._theirs = theirs
        self.capacity = (1 << bits) - HEADER
        self.written = 0  # where our next block goes
        self.read = 0  # where their next block begins

    def clear(self) -> None:
        """Zero both rings: before the other side is told of them."""
        self.written = self.read = 0
        for ring in (self._ours, self._theirs):
            self._memory.write(ring, bytes(HEADER + self.capacity))

    def send(self, component: bytes, payload: bytes) -> bool:
        """Write a message; False if there is no room for it now. Raises Invalid: it is too long, or what the
        other side says of its progress cannot be."""
        data = block(component, payload)
        if self.room() < len(data):
            return False
        self._write(self.written, data)
        self.written = (self.written + padded(len(data))) % self.capacity
        self._memory.write(self._ours, struct.pack("<I", self.written))
        return True

    def receive(self) -> tuple[bytes, bytes] | None:
        """(component, payload) of the next message, which is taken; None if none waits. Raises Invalid."""
        waiting = self.waiting()
        if not waiting:
            return None
        (size,) = struct.unpack("<I", self._read(self.read, WORD))
        if not ENVELOPE <= size <= ENVELOPE + MOST or padded(WORD + size) > waiting:
            raise malformed(
                "a block of {} bytes: it has {} to {}, and {} wait".format(size, ENVELOPE, ENVELOPE + MOST, waiting),
                self._theirs + HEADER + self.read, BLOCK,
            )  # fmt: skip
        data = self._read((self.read + WORD) % self.capacity, size)
        self.read = (self.read + padded(WORD + size)) % self.capacity
        self._memory.write(self._ours + WORD, struct.pack("<I", self.read))
        return data[:ID_SIZE], data[ENVELOPE:]

    def skip(self) -> bool:
        """Drop unread all that waits; whether there was anything. Raises Invalid."""
        waiting = self.waiting()
        if waiting:
            self.read = (self.read + waiting) % self.capacity
            self._memory.write(self._ours + WORD, struct.pack("<I", self.read))
        return bool(waiting)

    def header(self) -> bytes:
        """What the other side publishes, unchecked: it changes whenever it has written or read."""
        return self._memory.read(self._theirs, 2 * WORD)

    def waiting(self) -> int:
        """Bytes of their ring that we have not read. Raises Invalid."""
        return (self._position(self._theirs, "write") - self.read) % self.capacity

    def room(self) -> int:
        """Bytes, size word included, that a block may have now: 16 stay free, since a ring whose positions are equal
        is empty. Raises Invalid."""
        used = (self.written - self._position(self._theirs + WORD, "read")) % self.capacity
        return self.capacity - used - GRAIN

    def _position(self, offset: int, kind: str) -> int:
        """A position that the other side wrote."""
        (value,) = struct.unpack("<I", self._memory.read(offset, WORD))
        if value >= self.capacity or value % GRAIN:
            raise malformed(
                "a {} position of {}: it is a multiple of 16 below {}".format(kind, value, self.capacity), offset, POSITION
            )
        return int(value)

    def _write(self, place: int, data: bytes) -> None:
        """Into our ring, around its end."""
        first = min(len(data), self.capacity - place)
        self._memory.write(self._ours + HEADER + place, data[:first])
        if first < len(data):
            self._memory.write(self._ours + HEADER, data[first:])

    def _read(self, place: int, length: int) -> bytes:
        """From their ring, around its end."""
        first = min(length, self.capacity - place)
        data = self._memory.read(self._theirs + HEADER + place, first)
        return data + self._memory.read(self._theirs + HEADER, length - first) if first < length else data


class MainSide:
    """The main core's end: rings at `addresses` (what the real-time core writes, what it reads), and doorbells.

    `memory` begins at address `base`. Nothing happens before `offer`.
    """

    def __init__(
        self, mailbox: Mailbox, memory: Memory, base: int, addresses: tuple[int, int], bits: int = RING_BITS
    ) -> None:
        self._mailbox = mailbox
        rt_writes, rt_reads = addresses
        self._pairs = handshake(descriptor(rt_writes, bits), descriptor(rt_reads, bits))
        self._rings = Rings(memory, rt_reads - base, rt_writes - base, bits)
        self.resets = 0  # of our side of the mailbox, by the other side
        self._is_there = False  # the mailbox answers

    def offer(self) -> None:
        """Clear the rings and tell the real-time core of them. It may read that late."""
        self._rings.clear()
        self._tell()

    def offer_again(self, may_clear: bool) -> None:
        """Tell a real-time core that was reset of its rings. They stay as they are unless `may_clear`: it may have taken
        what was pushed before only after the reset, and be at work in them."""
        if may_clear:
            self._rings.clear()
        self._tell()

    def lapse(self) -> bool:
        """The real-time core was reset, and nobody talks to it now: take back what it has not read of the pairs, and let
        it ring. Whether there was something to take back: then it cannot have begun."""
        self.listen(False)
        was_untaken = self._mailbox.read(PUSH_CNT) > 0
        if was_untaken:
            self._mailbox.write(GEN_CTRL, RESET_OWN)
        return was_untaken

    def is_taken(self) -> bool:
        """Whether it has read all pairs."""
        return self._mailbox.read(PUSH_CNT) == 0

    def _tell(self) -> None:
        self._mailbox.write(NF_THRS, WITNESS)
        for command, data in self._pairs:
            self._mailbox.write(DATA_PUSH, data)
            self._mailbox.write(CMD_PUSH, command)
        self.listen(True)

    def withdraw(self) -> None:
        """Tell it that nobody listens any more. Nothing else is believed of it afterwards."""
        self.listen(False)
        self._mailbox.write(CMD_PUSH, STOP)

    def listen(self, is_heard: bool) -> None:
        """Whether its doorbells interrupt us."""
        self._mailbox.write(SW_RX_INT_EN, HEARD if is_heard else 0)

    def attend(self) -> int:
        """The doorbells that rang since the last time, cleared. A real-time core that has reset both sides of the
        mailbox is told of its rings again: what was pushed is lost with the reset, what is in the rings is not. A
        mailbox that does not answer yet will have been told by the time it does."""
        self._is_there = self._is_there or self._mailbox.read(VERSION) == IS_THERE
        if not self._is_there:
            return 0
        if self._mailbox.read(NF_THRS) != WITNESS:
            self.resets += 1
            self._tell()
        rung = self._mailbox.read(SW_RX_INT_STS)
        if rung:
            self._mailbox.write(SW_RX_INT_STS, rung)
        return rung

    def hush(self) -> None:
        """Clear its doorbells unasked, and so without waiting for the mailbox: to be called before the rings are looked
        at, so that what rings meanwhile is heard."""
        self._mailbox.write(SW_RX_INT_STS, 0xFF)

    def header(self) -> bytes:
        """What the real-time core publishes: it changes whenever it has written or read."""
        return self._rings.header()

    def send(self, component: bytes, payload: bytes) -> bool:
        """Send a message from `component`; False if there is no room now. Raises Invalid."""
        has_room = self._rings.send(component, payload)
        if has_room:
            self._mailbox.write(SW_TX_INT_PORT, TO_RT_SENT)
        return has_room

    def receive(self) -> tuple[bytes, bytes] | None:
        """(for whom, payload) of the next message, or None. Raises Invalid."""
        found = self._rings.receive()
        if found is not None:
            self._mailbox.write(SW_TX_INT_PORT, TO_RT_RECEIVED)
        return found

    def skip(self) -> bool:
        """Drop unread what waits; whether there was anything. Raises Invalid."""
        has_waited = self._rings.skip()
        if has_waited:
            self._mailbox.write(SW_TX_INT_PORT, TO_RT_RECEIVED)
        return has_waited

    def waiting(self) -> int:
        """Bytes that it wrote and nobody read. Raises Invalid."""
        return self._rings.waiting()

    def room(self) -> int:
        """Bytes that a block to it may have now: changes as it reads. Raises Invalid."""
        return self._rings.room()
