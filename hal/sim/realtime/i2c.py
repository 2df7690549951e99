"""I2C: the engine of an ISU, as master of up to three packets a start and as slave (UM10204).

Bytes take their real time on the bus. A master that has nothing to send, or no room for what it would read,
holds the clock low until the program or DMA has caught up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..state import flag, one_of, row, whole
from . import time
from .conflicts import DECISIONS
from .fifo import STATE as FIFO
from .fifo import Fifo
from .registers import INFERRED, KNOWN, READ, WRITE, Block, Log, Register, kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..buses import I2cWires
    from .time import Event, Scheduler

MASTER_STATUS, MASTER_ENABLE, MASTER_MASK, SLAVE_STATUS, SLAVE_ENABLE, SLAVE_MASK = 1, 2, 4, 16, 32, 64  # INT_CTRL
START, MASTER = 1, 1 << 15  # CON0
SLAVE = 1 << 15  # S_CON0
BUSY, READY = 1, 4  # STATUS
HANDSHAKE, OF_SLAVE = 1 << 4, 1 << 5  # DMA_CON0
BITS = 9  # on the bus for a byte: eight and the acknowledgement
SLOWEST = 260  # clocks a bit where the phases are zero: 100 kHz
IDLE, ADDRESS, BYTES, ENDING = "idle", "address", "bytes", "ending"
assert DECISIONS["i2c-clock"] and DECISIONS["i2c-dma-end"] and DECISIONS["i2c-data-nack"] and DECISIONS["i2c-fifo-pointers"]


class I2c(Block):
    """`bus` is where it is master, and where it is put as a slave. `request(is_receive)` tells DMA to go on."""

    NAME = "I2C"
    REGISTERS = (
        Register(0x00, "INT_CTRL", note="0 master done (written as 1: forget), 1 enable, 2 mask; 4, 5, 6 of the slave"),
        kept(0x40, "PAD_CON0", "4:0 filter, 5 and 6 drive high, 7 synchronise"),
        Register(0x44, "PHL", note="clocks of phases 0 (7:0) and 1 (15:8)"), Register(0x48, "PHH", note="of phases 2 and 3"),
        Register(0x54, "COUNT0", note="bytes of packet 0"), Register(0x58, "COUNT1", note="of packet 1"), Register(0x5C, "COUNT2", note="of packet 2"),
        Register(0x60, "SLAVE_ID", note="6:0 address"), Register(0x68, "PACK_CON0", note="2:0 reads, 5:4 packets - 1"),
        Register(0x6C, "ACK_VAL", READ, note="7:0 data not acknowledged, 10:8 addresses"),
        Register(0x70, "CON0", note="0 start, which falls by itself; 15 master (14, general, kept)"),
        Register(0x74, "STATUS", READ, READY, "0 busy, 2 ready for a start (1, arbitration lost, never comes)", INFERRED),
        Register(0x78, "FIFO_CON0", WRITE, note="0 clear receive, 1 clear transmit"),
        Register(0x80, "FIFO_STATUS", READ, 0x11, "receiving: 0 empty, 1 full, 2 under, 3 over; 7:4 sending", KNOWN),
        Register(0x84, "FIFO_PTR", READ, note="receiving: 3:0 read, 7:4 write; sending: 11:8 read, 15:12 write"),
        Register(0x90, "FIFO_DATA", note="a byte received, or to send"), Register(0xC0, "DMA_CON0", note="4 handshake, 5 of the slave"),
        Register(0xC4, "S_CON0", note="15 enable (11 indication, 14 mute, kept)"), Register(0xC8, "S_ID", note="6:0 own address"),
        Register(0xCC, "S_ID_RECEIVED", READ, note="6:0 address, 7 read: as the slave was addressed"), Register(0xD8, "S_FIFO_CON0", WRITE, note="as FIFO_CON0"),
        Register(0xE0, "S_FIFO_STATUS", READ, 0x11, "as FIFO_STATUS", INFERRED), Register(0xE4, "S_FIFO_PTR", READ, note="as FIFO_PTR"),
        Register(0xF0, "S_FIFO_DATA", note="as FIFO_DATA"),
    )  # fmt: skip
    STATE = {
        "phase": one_of(IDLE, ADDRESS, BYTES, ENDING), "packet": whole(2), "done": whole(0x10000), "is_held": flag, "is_addressed": flag,
    }  # fmt: skip
    MORE = {"fifos": row(FIFO, FIFO, FIFO, FIFO)}
    EVENTS = {"_step": ("_stepped", "step")}

    def __init__(
        self, scheduler: Scheduler, log: Log, irq: Callable[[bool], None], bus: I2cWires,
        request: Callable[[bool], None] = lambda is_receive: None, base: int = 0, name: str = "",
    ) -> None:  # fmt: skip
        self._irq, self.bus, self._request = irq, bus, request
        self.tx, self.rx, self.slave_tx, self.slave_rx = Fifo(), Fifo(), Fifo(), Fifo()
        self.slave = Slave(self)
        self._step: Event | None = None
        self.phase = IDLE
        super().__init__(scheduler, log, base, name)

    def reset(self) -> None:
        """Idle, FIFOs empty; a transfer under way is broken off."""
        if self.phase != IDLE:
            self.bus.stop()
        super().reset()
        for fifo in self._fifos():
            fifo.clear()
        self.scheduler.cancel(self._step)
        self.phase = IDLE
        self.packet = self.done = 0
        self.is_held = self.is_addressed = False
        self.bus.detach(self.slave)
        self._tell()

    def _fifos(self) -> tuple[Fifo, Fifo, Fifo, Fifo]:
        return self.tx, self.rx, self.slave_tx, self.slave_rx

    def _tell(self) -> None:
        control = self.words[0x00]
        master = control & MASTER_STATUS and control & MASTER_ENABLE and not control & MASTER_MASK
        slave = control & SLAVE_STATUS and control & SLAVE_ENABLE and not control & SLAVE_MASK
        self._irq(bool(master or slave))

    # --- the master ---

    def bit(self) -> int:
        """Ticks a bit takes."""
        low, high = self.words[0x44], self.words[0x48]
        clocks = (low & 0xFF) + (low >> 8 & 0xFF) + (high & 0xFF) + (high >> 8 & 0xFF)
        return time.XTAL * (clocks or SLOWEST)

    def write_con0(self, value: int) -> None:
        """Start: bit 0 falls by itself."""
        self.words[0x70] = value & ~START
        if value & START and value & MASTER and self.phase == IDLE:
            self.words[0x6C] = 0
            self.packet = 0
            self._begin_packet(self.bit())
        elif value & START:
            reason = "not enabled" if self.phase == IDLE else "busy"
            self.log.once(self.name + ": a start was ignored, the master is " + reason)

    def _begin_packet(self, before: int) -> None:
        """The (repeated) start, and the address."""
        self.phase, self.done = ADDRESS, 0
        self._after(before + BITS * self.bit())

    def _after(self, ticks: int) -> None:
        self.arrange("_step", self.scheduler.now + ticks)

    def _stepped(self) -> None:
        """What was on the bus has passed."""
        if self.phase == ADDRESS:
            self._addressed()
        elif self.phase == BYTES:
            self._passed()
        else:
            self._finished()

    def _is_reading(self) -> bool:
        return bool(self.words[0x68] >> self.packet & 1)

    def _count(self) -> int:
        return self.words[0x54 + 4 * self.packet] & 0xFFFF

    def _addressed(self) -> None:
        if self.bus.start(self.words[0x60] & 0x7F, self._is_reading()):
            self._go_on()
        else:
            self.words[0x6C] |= 0x100 << self.packet
            self._end()

    def _go_on(self) -> None:
        """The next byte, the next packet, or the end."""
        self.phase = BYTES
        if self.done < self._count():
            self._next_byte()
        elif self.packet < min(2, self.words[0x68] >> 4 & 3):
            self.packet += 1
            self._begin_packet(self.bit())
        else:
            self._end()

    def _next_byte(self) -> None:
        """Put a byte on the bus, or hold the clock until there is one, or room for one."""
        self.is_held = not (self.rx.room if self._is_reading() else len(self.tx))
        if not self.is_held:
            self._after(BITS * self.bit())

    def _release(self) -> None:
        """The program or DMA did something: can a held transfer go on?"""
        if self.is_held and self.phase == BYTES:
            self._next_byte()

    def _passed(self) -> None:
        self.done += 1
        if self._is_reading():
            self.rx.put(self.bus.read())
            if not self._is_last():
                self._ask(True)
        elif not self.bus.write(self.tx.take()):
            self.words[0x6C] |= 1 << min(self.done - 1, 7)
            if self.done < self._count():
                self._end()
                return
        if not self._is_reading():
            self._ask(False)
        self._go_on()

    def _is_last(self) -> bool:
        """The last byte of all goes to DMA with the stop, so that whoever hears from DMA finds the engine ready."""
        return self.done >= self._count() and self.packet >= min(2, self.words[0x68] >> 4 & 3)

    def _end(self) -> None:
        """The stop."""
        self.phase = ENDING
        self._after(self.bit())

    def _finished(self) -> None:
        self.phase = IDLE
        self.bus.stop()
        if self._is_reading():
            self._ask(True)
        self.words[0x00] |= MASTER_STATUS
        self._tell()

    # --- the slave ---

    def lead_to(self, bus: I2cWires) -> None:
        """Another bus is at its pins; as a slave it moves there."""
        self.bus.detach(self.slave)
        self.bus = bus
        self._place()

    def write_s_con0(self, value: int) -> None:
        """Bit 15 puts it on the bus as a part."""
        self.words[0xC4] = value
        self._place()

    def write_s_id(self, value: int) -> None:
        """Its own address."""
        self.words[0xC8] = value
        self._place()

    def _place(self) -> None:
        self.bus.detach(self.slave)
        address = self.words[0xC8] & 0x7F
        if not self.words[0xC4] & SLAVE:
            return
        if self.bus.is_taken(address):
            self.log.once(f"{self.name}: its address as a slave, {address:#04x}, is taken by another part")
        else:
            self.bus.attach(address, self.slave)

    def slave_addressed(self, is_read: bool) -> None:
        """A master addresses it; DMA may fetch what it will read."""
        self.is_addressed = True
        self.words[0xCC] = (self.words[0xC8] & 0x7F) | int(is_read) << 7
        if is_read:
            self._ask(False)

    def slave_done(self) -> None:
        """The master stopped: the interrupt."""
        self.is_addressed = False
        self.words[0x00] |= SLAVE_STATUS
        self._tell()

    # --- DMA ---

    def _ask(self, is_receive: bool) -> None:
        if self.words[0xC0] & HANDSHAKE:
            self._request(is_receive)

    def _served(self, is_receive: bool) -> Fifo:
        """The FIFO that DMA serves."""
        if self.words[0xC0] & OF_SLAVE:
            return self.slave_rx if is_receive else self.slave_tx
        return self.rx if is_receive else self.tx

    def ready(self, is_receive: bool) -> int:
        """Bytes that DMA may take (`is_receive`), or give."""
        if not self.words[0xC0] & HANDSHAKE:
            return 0
        fifo = self._served(is_receive)
        return len(fifo) if is_receive else fifo.room

    def give(self, byte: int) -> None:
        """DMA brings a byte to send."""
        self._served(False).put(byte)
        self._release()

    def fetch(self) -> int:
        """DMA takes a byte received."""
        byte = self._served(True).take()
        self._release()
        return byte

    # --- registers ---

    def write_int_ctrl(self, value: int) -> None:
        """The status bits are cleared by writing 1, the others are set as written."""
        status = self.words[0x00] & (MASTER_STATUS | SLAVE_STATUS) & ~value
        self.words[0x00] = value & ~(MASTER_STATUS | SLAVE_STATUS) | status
        self._tell()

    def read_status(self) -> int:
        """Busy while a transfer is under way, its own or one that addresses it; ready for a start otherwise."""
        return (BUSY if self.is_addressed else READY) if self.phase == IDLE else BUSY

    def write_fifo_con0(self, value: int) -> None:
        """Clear the master's FIFOs."""
        self._clear(value, self.rx, self.tx)

    def write_s_fifo_con0(self, value: int) -> None:
        """Clear the slave's."""
        self._clear(value, self.slave_rx, self.slave_tx)

    def _clear(self, value: int, rx: Fifo, tx: Fifo) -> None:
        if value & 1:
            rx.clear()
        if value & 2:
            tx.clear()
        self._release()

    def read_fifo_status(self) -> int:
        """Of the master."""
        return self.rx.status() | self.tx.status() << 4

    def read_s_fifo_status(self) -> int:
        """Of the slave."""
        return self.slave_rx.status() | self.slave_tx.status() << 4

    def read_fifo_ptr(self) -> int:
        """Of the master."""
        return self.rx.pointers() | self.tx.pointers() << 8

    def read_s_fifo_ptr(self) -> int:
        """Of the slave."""
        return self.slave_rx.pointers() | self.slave_tx.pointers() << 8

    def read_fifo_data(self) -> int:
        """What the master received."""
        byte = self.rx.take()
        self._release()
        return byte

    def write_fifo_data(self, value: int) -> None:
        """What the master shall send."""
        self.tx.put(value)
        self._release()

    def read_s_fifo_data(self) -> int:
        """What the slave received."""
        return self.slave_rx.take()

    def write_s_fifo_data(self, value: int) -> None:
        """What the slave shall give."""
        self.slave_tx.put(value)

    def write_dma_con0(self, value: int) -> None:
        """The handshake: a channel that was started before may move now."""
        self.words[0xC0] = value
        self._ask(False)
        self._ask(True)

    def quiet_until(self, offset: int) -> int | None:
        """Status changes at the next event."""
        quiet = offset in (0x00, 0x6C, 0x74, 0x80, 0x84, 0xCC, 0xE0, 0xE4)
        return self.scheduler.next() if quiet else super().quiet_until(offset)

    # --- saving ---

    def save(self) -> dict[str, Any]:
        """Registers, FIFOs, and where a transfer is. The parts on the bus keep their own state."""
        return {**super().save(), "fifos": [fifo.save() for fifo in self._fifos()]}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on in the middle of a transfer."""
        super().restore(state)
        for fifo, saved in zip(self._fifos(), state["fifos"], strict=True):
            fifo.restore(saved)
        self._place()
        self._tell()


class Slave:
    """The engine as a part of the bus. Satisfies `hal.sim.buses.I2cDevice`."""

    def __init__(self, engine: I2c) -> None:
        self._engine = engine

    def start(self, is_read: bool) -> bool:
        """A master addresses it."""
        self._engine.slave_addressed(is_read)
        return True

    def write(self, byte: int) -> bool:
        """A byte from a master; one that does not fit is not acknowledged."""
        fits = self._engine.slave_rx.put(byte)
        self._engine._ask(True)
        return fits

    def read(self) -> int:
        """The next byte for a master."""
        self._engine._ask(False)
        byte = self._engine.slave_tx.take()
        self._engine._ask(False)
        return byte

    def stop(self) -> None:
        """The master is done."""
        self._engine.slave_done()
