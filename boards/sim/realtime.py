"""The real-time cores of a boxed device, as ring 0 has them: their process, what it is told, and what it tells.

The process runs whatever an app's package holds, so nothing of it is believed: a pin moves only if the core owns it by
our own table, a message that is not laid out as agreed ends the process, and so does silence when an answer is due.
Nobody waits for it: requests are queued here, and of the bus calls only the reading of a mailbox is put off.
"""

from __future__ import annotations

import mmap
import os
from typing import Any, Protocol

from armillary.hal.sim.box import realtime_calls as calls
from armillary.hal.sim.cores import Cores, only_package
from armillary.hal.sim.firewall import REAL_TIME_CORES, SHARED_RAM_SIZE
from armillary.hal.sim.gpio import FLOATING, INPUT
from armillary.hal.sim.silicon import Silicon
from armillary.wire.call import Call
from armillary.wire.fault import Denied, Fault, Invalid

from .asking import Answer, Asker, Later, Request, receive
from .outside import Outside
from .world import World

EVENTS_AT_ONCE = 64  # that are taken before others get their turn
PATIENCE_S = 5.0  # for answers: well below the ten seconds of the watchdog, which a kernel that waits does not tend
MOST_REPORT = 64 * 1024
STOPPED, RUNNING, DEAD = 0, 1, 2
EVENTS = {call.op: call for call in calls.EVENTS}


class Board(Protocol):
    """What the cores need of the supervisor."""

    def spawn_realtime(self) -> tuple[int, int, int, int]:
        """Start the process: our ends of "requests", "events" and "world", and the memory shared with it."""

    def end_realtime(self) -> None:
        """End the process, if there is one, and close what leads there."""

    def put_off(self) -> Answer:
        """Who made the bus call that is being served: what is to be called with its result."""

    def interrupt(self) -> None:
        """Interrupt the kernel."""


class Told:
    """What is known of a core."""

    def __init__(self) -> None:
        self.state = STOPPED
        self.reason = ""
        self.report = b""
        self.resets = 0
        self.denials: list[tuple[int, int, int, int, str, str]] = []


class RealTimeBox:
    """Satisfies `hal.sim.hosts.RealTimeHost` by a process that is started with the first core."""

    is_running = False  # here: nothing is to be done for the cores to run

    def __init__(self, silicon: Silicon, board: Board) -> None:
        self._silicon = silicon
        self._firewall = silicon.firewall
        self._board = board
        self._loads = Cores(self._start, REAL_TIME_CORES, calls.LOAD_MOST)
        self._sysram = bytearray(SHARED_RAM_SIZE)
        self._told = {core: Told() for core in REAL_TIME_CORES}
        self._world = World(silicon, self)
        self._forget()
        self._outside = Outside(silicon.gpio, self._tell_outside)

    def _forget(self) -> None:
        self._memory: mmap.mmap | None = None
        self._asker: Asker | None = None  # while there is a process
        self._events = -1
        self._is_ready = False

    # --- loading, starting, stopping ---

    def core_load(self, core: int, offset: int, data: bytes) -> None:
        """See `RealTimeHost`."""
        self._loads.core_load(core, offset, data)

    def core_start(self, core: int, length: int) -> None:
        """Start on a load of one image package. Raises Invalid, with the offset, if it holds no program for this chip."""
        self._loads.core_start(core, length)

    def _start(self, core: int, load: bytes) -> None:
        from armillary.hal.sim.realtime import package  # a device without real-time apps starts without it

        try:
            package.read(only_package(load))
        except Fault:
            self._loads.stop(core)
            raise
        if self._asker is None:
            self._open()
        self._told[core] = Told()
        self._told[core].state = RUNNING
        if self._asker is None:
            self.failed("could not be started")
        else:
            self._asker.ask(calls.START, core, len(load), prepare=lambda: self._put_load(load))

    def _put_load(self, load: bytes) -> None:
        if self._memory is not None:
            self._memory[calls.LOAD_AT : calls.LOAD_AT + len(load)] = load

    def core_stop(self, core: int) -> None:
        """Stop it: with the last one its process ends, which leaves nothing behind."""
        self._loads.stop(core)
        self._world.let_go(self._firewall.granted(core))
        self._firewall.withdraw(core)
        told = self._told[core]
        told.state, told.reason = STOPPED, ""
        if all(each.state == STOPPED for each in self._told.values()):
            self._close()
        else:
            self._ask(calls.STOP, core)
        for pin in self._silicon.gpio.pins():
            if self._firewall.owns(core, pin):
                self._let_go(pin)

    def _let_go(self, pin: int) -> None:
        self._silicon.gpio.release(pin)
        self._silicon.gpio.pull_inside(pin, None)

    def _open(self) -> None:
        """Start the process and tell it how things stand."""
        requests, self._events, world, memory = self._board.spawn_realtime()
        self._world.open(world)
        self._asker = Asker(requests, self.failed, self._refused)
        self._memory = mmap.mmap(memory, calls.SHARED)
        os.close(memory)
        self._memory[: len(self._sysram)] = bytes(self._sysram)
        for pin in self._silicon.gpio.pins():
            self._tell_owner(pin)
        self._outside.all()
        for core in REAL_TIME_CORES:
            self._ask(calls.GRANT, core, self._firewall.granted(core))
            for address, length in self._firewall.shares(core):
                self._ask(calls.SHARE, core, address, length)

    def _close(self) -> None:
        """End the process. What was asked of it is answered with 0: nothing is there."""
        asker = self._asker
        if self._memory is not None:
            self._sysram[:] = self._memory[: len(self._sysram)]
            self._memory.close()
        self._forget()
        self._world.close()
        self._board.end_realtime()
        if asker is not None:
            asker.close(0)

    def failed(self, how: str) -> None:
        """The process has to go, or went."""
        self.lost("the process of the real-time cores " + how)

    def lost(self, why: str) -> None:
        """The process is gone, or has to go: what ran in it is dead. It may be stopped and started again."""
        self._close()
        for core, told in self._told.items():
            if told.state == RUNNING:
                told.state, told.reason = DEAD, why[:256]
                told.report = f"no post-mortem: {why}\n".encode()
            for pin in self._silicon.gpio.pins():
                if self._firewall.owns(core, pin):
                    self._let_go(pin)

    # --- the monitor's calls ---

    def core_grant(self, core: int, blocks: bytes) -> None:
        """See `Firewall.grant`."""
        before = self._firewall.granted(core)
        self._firewall.grant(core, blocks)
        self._world.let_go(block for block in before if block not in blocks)
        self._ask(calls.GRANT, core, self._firewall.granted(core))

    def core_share(self, core: int, address: int, length: int) -> None:
        """See `Firewall.share`."""
        self._firewall.share(core, address, length)
        self._ask(calls.SHARE, core, address, length)

    def core_status(self, core: int) -> tuple[int, str, int, int]:
        """(state, why, refused accesses, resets since its start)."""
        told = self._told[core]
        return told.state, told.reason, len(told.denials), told.resets

    def core_report(self, core: int, offset: int) -> tuple[int, bytes]:
        """(size, bytes from `offset` on) of the report on its death. Raises Invalid beyond its end."""
        report = self._told[core].report
        if offset > len(report):
            raise Invalid(f"the report has {len(report)} bytes")
        return len(report), report[offset : offset + 4000]

    def core_denial(self, core: int, index: int) -> tuple[int, int, int, int, str, str]:
        """(address, is it a write, pc, count, register, policy). Raises Invalid."""
        denials = self._told[core].denials
        if index >= len(denials):
            raise Invalid(f"there are {len(denials)} refused accesses")
        return denials[index]

    # --- the kernel's calls ---

    def mailbox_read(self, core: int, offset: int) -> Any:
        """A register of the main core's side: put off until the process answers; 0 while there is none."""
        _check_aligned(offset)
        if self._asker is None or not self._is_ready:
            return 0
        later = Later(self._board.put_off())
        self._asker.ask(calls.READ, core, offset, answer=later)
        return later.result()

    def mailbox_write(self, core: int, offset: int, value: int) -> None:
        """Write one; nobody waits until it is done."""
        _check_aligned(offset)
        self._ask(calls.WRITE, core, offset, value)

    def sysram_read(self, offset: int, length: int) -> bytes:
        """The main core's SYSRAM. Raises Invalid."""
        memory = self._part(offset, length)
        return bytes(memory[offset : offset + length])

    def sysram_write(self, offset: int, data: bytes) -> None:
        """Write it. Raises Invalid."""
        memory = self._part(offset, len(data))
        memory[offset : offset + len(data)] = data

    def _part(self, offset: int, length: int) -> bytearray | mmap.mmap:
        if offset + length > SHARED_RAM_SIZE:
            raise Invalid(f"SYSRAM has {SHARED_RAM_SIZE} bytes")
        return self._sysram if self._memory is None else self._memory

    # --- the board ---

    def pin_moved(self, pin: int) -> None:
        """Another master owns `pin` now."""
        self._silicon.gpio.pull_inside(pin, None)
        self._tell_owner(pin)

    def _tell_owner(self, pin: int) -> None:
        try:
            owner = self._firewall.owner(pin)
        except Fault:
            return  # the chip's own: no board leads it out
        self._ask(calls.OWNER, pin, owner)

    def _tell_outside(self, pin: int, level: int, pull: int, taken: Answer) -> bool:
        return self._tell(calls.OUTSIDE, pin, *(calls.NONE if value == FLOATING else value for value in (level, pull)), answer=taken)

    def reset(self) -> None:
        """What a reset does: both cores are stopped, everything is as new."""
        self._loads.reset()
        self._close()
        self._sysram[:] = bytes(len(self._sysram))
        self._told = {core: Told() for core in REAL_TIME_CORES}

    def watch(self) -> None:
        """To be called now and then: is an answer overdue?"""
        if self._asker is not None and self._is_ready:
            self._asker.is_excused |= self._world.is_waiting
            if self._asker.is_overdue(PATIENCE_S):
                self.failed("does not answer")

    # --- asking ---

    def _ask(self, call: Call, *arguments: Any) -> None:
        """Queue what nobody waits for, if there is a process: one that starts is told what is in our tables."""
        if self._asker is not None:
            self._asker.ask(call, *arguments)

    def _tell(self, call: Call, *arguments: Any, answer: Answer) -> bool:
        """Queue what is to be known to have been taken. False if there is no process."""
        if self._asker is not None:
            self._asker.ask(call, *arguments, answer=answer)
        return self._asker is not None

    def answered(self) -> None:
        """To be called when "requests" can be read."""
        if self._asker is not None:
            self._asker.answered()

    def _refused(self, request: Request, fault: Fault) -> None:
        if request.call is calls.START:
            told = self._told[request.arguments[0]]
            told.state, told.reason = DEAD, str(fault)[:256]
        else:
            self.failed(f"refused {request.call.name}: {fault.reason}")

    # --- hearing ---

    def hear(self) -> bool:
        """Take some events: to be called when "events" can be read. Whether these were all, of a process that goes on."""
        for _ in range(EVENTS_AT_ONCE):
            message = receive(self._events)
            if message is None:
                return True
            if not self._take(message):
                self.failed("does not say what was agreed" if message else "ended")
                return False
            if self._asker is None:
                return False
        return False

    def asked(self) -> None:
        """Take a question: to be called when "world" can be read."""
        self._world.asked()

    def is_settled(self) -> bool:
        """Whether the process has taken note of all that it was told."""
        return self._asker is not None and self._asker.is_idle

    def arrived(self, unit: int, data: bytes, taken: Answer) -> bool:
        """Tell the process what arrived on the line of a UART. False if there is none."""
        return self._tell(calls.ARRIVED, unit, data, answer=taken)

    def _take(self, message: bytes) -> bool:
        """Act on an event. False if it is none."""
        call = EVENTS.get(message[0]) if len(message) >= 2 else None
        if call is None:
            return False
        try:
            self._act(call, call.arguments.unpack(message[2:]))
        except Invalid:
            return False
        return True

    def _act(self, call: Call, values: tuple[Any, ...]) -> None:
        if call is calls.READY:
            self._is_ready = True
            if self._asker is not None:
                self._asker.begin()
        elif call is calls.DRIVE:
            self._drive(*values)
        elif call is calls.INTERRUPT:
            self._board.interrupt()
        elif call is calls.SAID:
            self._silicon.core_said(values[0] - REAL_TIME_CORES[0], values[1])
        elif call is calls.SENT:
            self._world.sent(*values)
        elif call is calls.STATE:
            self._state(*values)
        elif call is calls.REPORT:
            self._report(*values)
        elif call is calls.RESETS:
            self._told[values[0]].resets = values[1]
        else:
            self._denied(*values)

    def _drive(self, pin: int, mode: int, level: int, weak: int) -> None:
        """A core drives a pin: it does so if it owns it here and now."""
        if not any(self._firewall.owns(core, pin) for core in REAL_TIME_CORES):
            return
        gpio = self._silicon.gpio
        if mode == INPUT:
            gpio.configure(pin, INPUT)
        else:
            gpio.output(pin, mode, level)
        gpio.pull_inside(pin, None if weak == calls.NONE else weak)

    def _state(self, core: int, state: int, reason: str) -> None:
        told = self._told[core]
        if told.state == RUNNING and state == DEAD:
            told.state, told.reason = state, reason

    def _report(self, core: int, offset: int, data: bytes) -> None:
        told = self._told[core]
        if offset == 0:
            told.report = b""
        if offset == len(told.report) and offset + len(data) <= MOST_REPORT:
            told.report += data

    def _denied(self, core: int, index: int, *denial: Any) -> None:
        known = self._told[core].denials
        entry: tuple[int, int, int, int, str, str] = denial
        if index < len(known):
            known[index] = entry
        elif index == len(known):
            known.append(entry)
            self._silicon.refused(core - REAL_TIME_CORES[0], self._fault(core, entry))

    def _fault(self, core: int, entry: tuple[int, int, int, int, str, str]) -> Denied:
        address, is_write, pc, _, register, policy = entry
        way = "write" if is_write else "read"
        return Denied(f"core {core} may not {way} {register} ({address:#010x}), at {pc:#010x}", "hal", "firewall.real_time", policy)


def _check_aligned(offset: int) -> None:
    if offset % 4:
        raise Invalid(f"no register at {offset:#x}: they are four bytes apart")
