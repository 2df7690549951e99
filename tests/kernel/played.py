"""A board with two real-time cores that tests play, and the kernel's part over it."""

from __future__ import annotations

import struct

from armillary.hal.sim.clock import VirtualClock
from armillary.hal.sim.realtime.mailbox import Side
from armillary.hal.sim.realtime.registers import Log
from armillary.hal.sim.realtime.time import Scheduler
from armillary.kernel.hardware import Hardware
from armillary.kernel.intercore import Intercore
from armillary.kernel.journal import Journal
from armillary.wire import intercore as wire

APP, OTHER, STRANGER = b"a" * 16, b"b" * 16, b"s" * 16
ECHO, SECOND = b"E" * 16, b"F" * 16
CAPACITY = 4096 - 64


class Board:
    """Two mailboxes and the memory between the cores. `calls` counts what the kernel asked of them."""

    def __init__(self):
        scheduler, log = Scheduler(), Log()
        self.memory = bytearray(0x1_0000)
        self.sides = [(Side(scheduler, log, lambda line, level: None), Side(scheduler, log, lambda line, level: None)) for _ in range(2)]
        for main, guest in self.sides:
            main.join(guest)
        self.interrupts = self.calls = 0
        for number in range(2):
            self.sides[number][0].hear(lambda line, level: self._interrupt(level))

    def _interrupt(self, level):
        self.interrupts += level

    def mailbox_read(self, core, offset):
        self.calls += 1
        return self.sides[core - 3][0].read(offset, 4)

    def mailbox_write(self, core, offset, value):
        self.calls += 1
        self.sides[core - 3][0].write(offset, 4, value)

    def read(self, offset, length):
        self.calls += 1
        assert 0 <= offset <= offset + length <= len(self.memory)
        return bytes(self.memory[offset : offset + length])

    def write(self, offset, data):
        self.calls += 1
        assert 0 <= offset <= offset + len(data) <= len(self.memory)
        self.memory[offset : offset + len(data)] = data


class Guest:
    """A real-time app: `box` is its side of the mailbox, `rings` its view, once it has been told."""

    def __init__(self, board, number):
        self.board, self.box, self.base = board, board.sides[number][1], number * 0x2000
        self.rings = None

    def listen(self):
        """Take the handshake. The pairs that came."""
        pairs = []
        while self.box.read(0x58, 4):
            data, command = self.box.read(0x54, 4), self.box.read(0x50, 4)
            pairs.append((command, data))
        told = dict(pairs)
        if wire.BEGIN in told:
            ours, theirs = (wire.parse_descriptor(told[which])[0] - 0x8000_0000 for which in (wire.RT_WRITES, wire.RT_READS))
            self.rings = wire.Rings(self.board, ours, theirs)
        return pairs

    def send(self, component, payload):
        sent = self.rings.send(component, payload)
        self.ring(1)
        return sent

    def receive(self):
        found = self.rings.receive()
        self.ring(2)
        return found

    def ring(self, bits):
        self.box.write(0x14, 4, bits)

    def word(self, offset, value):
        self.board.memory[self.base + offset : self.base + offset + 4] = struct.pack("<I", value)


class Monitor:
    """What the kernel asks it for here. `shared` has who was given memory."""

    def __init__(self):
        self.cores, self.shared, self.refusal = {}, [], None

    def realtime_share(self, component):
        if self.refusal:
            raise self.refusal
        self.shared.append(component)
        return 0x8000_0000 + 0x2000 * self.cores[component], 0x2000

    def write_log(self, data):
        pass


class Line:
    def __init__(self):
        self.text = ""

    def write(self, data):
        self.text += data.decode()


class World:
    """The kernel's part, a board, and one guest."""

    def __init__(self):
        self.board, self.clock, self.uart, self.monitor = Board(), VirtualClock(), Line(), Monitor()
        self.woken = 0
        self.journal = Journal(self.uart, self.clock, self.monitor, lambda: None)
        hardware = Hardware(self.clock, self.uart, None, None, None, None, self.board)
        self.intercore = Intercore(hardware, self.monitor, self.journal, self._wake)
        self.guest = Guest(self.board, 0)

    def _wake(self):
        self.woken += 1

    def start(self, component=ECHO, core=0):
        self.monitor.cores[component] = core
        self.intercore.started(component, core)

    def talk(self, *apps):
        """Start it, connect apps, have it listen. Their connections."""
        self.start()
        found = [self.intercore.connect(app, ECHO) for app in apps or (APP,)]
        self.guest.listen()
        return found if len(found) > 1 else found[0]

    def step(self):
        self.intercore.attend()

    def run(self, seconds, every=None, period_us=1000):
        """Time passes; the kernel steps when it has asked to, or is interrupted by what `every` did."""
        end = self.clock.uptime_us() + int(seconds * 1_000_000)
        while (now := self.clock.uptime_us()) < end:
            if every is not None:
                every()
            due = self.intercore.next_us()
            if self.board.sides[0][0].software & self.board.sides[0][0].words[0x18] or (due is not None and due <= now):
                self.step()
                due = self.intercore.next_us()
            until = end if due is None else min(due, end)
            self.clock.advance_us(max(1, (until if every is None else min(until, now + period_us)) - now))
        self.step()

    @property
    def denials(self):
        return [event["detail"] for event in self.journal.events if event["kind"] == "denial"]
