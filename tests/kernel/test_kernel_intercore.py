"""Connections to real-time apps: what goes through, in which order, and what a hostile one costs."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from armillary.hal.sim.clock import VirtualClock
from armillary.hal.sim.realtime.mailbox import Side
from armillary.hal.sim.realtime.registers import Log
from armillary.hal.sim.realtime.time import Scheduler
from armillary.kernel import abi
from armillary.kernel.connections import MOST_WAITING, WASTE_BURST, Channel
from armillary.kernel.hardware import Hardware
from armillary.kernel.intercore import Intercore
from armillary.kernel.journal import Journal
from armillary.wire import intercore as wire
from armillary.wire.fault import Again, Busy, Closed, Fault, Invalid, NoDevice

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
        if [command for command, _ in pairs if command == wire.BEGIN]:
            ours, theirs = (wire.parse_descriptor(data)[0] - 0x8000_0000 for _, data in pairs[:2])
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


@pytest.fixture
def world():
    return World()


# -- what goes through -----------------------------------------------------------------------------------


def test_the_rings_are_told_when_the_first_app_connects_and_once(world):
    world.start()
    assert world.guest.listen() == [] and world.monitor.shared == []
    world.intercore.connect(APP, ECHO)
    assert world.guest.listen() == [(0xBA5E_0001, 0x8000_000C), (0xBA5E_0002, 0x8000_100C), (0xBA5E_0003, 0)]
    world.intercore.connect(OTHER, ECHO)
    assert world.guest.listen() == [] and world.monitor.shared == [ECHO]


def test_messages_go_both_ways_and_ring_the_right_doorbells(world):
    connection = world.talk()
    assert connection.event() == 0 and connection.receive() == (0, b"")
    connection.send(b"question")
    assert world.guest.box.software == wire.TO_RT_SENT
    assert world.guest.receive() == (APP, b"question")
    world.guest.send(APP, b"answer")
    world.step()
    assert connection.event() == abi.READABLE and connection.receive() == (1, b"answer")
    assert world.guest.box.software == wire.TO_RT_SENT | wire.TO_RT_RECEIVED


def test_each_app_gets_its_own_and_two_cores_do_not_mix(world):
    one, other = world.talk(APP, OTHER)
    world.start(SECOND, 1)
    elsewhere = world.intercore.connect(APP, SECOND)
    second = Guest(world.board, 1)
    second.listen()
    second.send(APP, b"from the second")
    world.guest.send(OTHER, b"for other")
    world.guest.send(APP, b"for one")
    world.step()
    assert [each.receive()[1] for each in (one, other, elsewhere)] == [b"for one", b"for other", b"from the second"]


def test_what_is_sent_before_the_real_time_app_runs_waits_for_it(world):
    connection = world.intercore.connect(APP, ECHO)
    connection.send(b"early")
    assert connection.event() == 0 and world.monitor.shared == []
    world.start()
    world.guest.listen()
    assert world.guest.receive() == (APP, b"early")


def test_a_pair_is_connected_once_at_a_time(world):
    connection = world.talk()
    with pytest.raises(Busy) as refused:
        world.intercore.connect(APP, ECHO)
    assert refused.value.rule == "intercore.once"
    connection.close()
    world.intercore.connect(APP, ECHO)


def test_a_board_without_real_time_cores_says_so():
    found = World()
    found.intercore._device = None
    with pytest.raises(NoDevice):
        found.intercore.connect(APP, ECHO)


def test_what_the_monitor_refuses_is_passed_on_and_nothing_is_left(world):
    world.monitor.refusal = Invalid("no", "monitor", "realtime.share")
    world.start()
    with pytest.raises(Invalid):
        world.intercore.connect(APP, ECHO)
    world.monitor.refusal = None
    world.intercore.connect(APP, ECHO)


def test_a_mailbox_that_does_not_answer_yet_is_not_taken_for_one_that_was_reset(world):
    """As where its process is starting: registers read 0, what is written waits."""
    held, read, write = [], world.board.mailbox_read, world.board.mailbox_write
    world.board.mailbox_read = lambda core, offset: 0
    world.board.mailbox_write = lambda *what: held.append(what)
    world.start()
    world.intercore.connect(APP, ECHO).send(b"early")
    world.run(1)
    world.board.mailbox_read, world.board.mailbox_write = read, write
    for what in held:
        write(*what)
    world.run(1)
    assert len(world.guest.listen()) == 3 and world.guest.receive() == (APP, b"early") and world.guest.listen() == []


# -- ends ------------------------------------------------------------------------------------------------


def test_when_the_real_time_app_ends_what_came_can_be_read_and_then_it_is_closed(world):
    connection = world.talk()
    world.guest.send(APP, b"last words")
    world.step()
    world.intercore.ended(ECHO, "it ended")
    assert connection.event() == abi.READABLE and connection.receive() == (1, b"last words")
    assert connection.event() == abi.CLOSED and connection.receive() == (2, b"")
    with pytest.raises(Closed, match="it ended") as refused:
        connection.send(b"x")
    assert refused.value.rule == "intercore.closed"


def test_a_restarted_one_has_empty_rings_and_new_connections(world):
    connection = world.talk()
    connection.send(b"old")
    world.guest.send(APP, b"old too")
    world.intercore.ended(ECHO, "it ended")
    connection.close()
    fresh = world.talk()
    assert world.guest.receive() is None and fresh.receive() == (0, b"")
    fresh.send(b"new")
    assert world.guest.receive() == (APP, b"new")


def test_one_that_never_started_keeps_its_apps_waiting_until_it_is_removed(world):
    connection = world.intercore.connect(APP, ECHO)
    world.intercore.ended(ECHO, "it did not start")
    assert connection.event() == 0
    world.intercore.removed(ECHO)
    assert connection.event() == abi.CLOSED


def test_while_nobody_is_connected_what_it_says_is_dropped_and_it_does_not_interrupt(world):
    connection = world.talk()
    connection.close()
    world.step()
    before = world.board.interrupts
    for number in range(3):
        assert world.guest.send(APP, b"%d" % number * 500)
    world.run(0.2)
    assert world.board.interrupts == before and world.guest.rings.room() == CAPACITY - 16
    world.guest.send(APP, b"stale")
    again = world.intercore.connect(APP, ECHO)
    world.guest.send(APP, b"fresh")
    world.step()
    assert again.receive() == (1, b"fresh") and again.receive() == (0, b"")
    assert world.guest.listen() == []


# -- too much --------------------------------------------------------------------------------------------


def test_more_than_the_ring_holds_waits_its_turn_and_arrives_in_order(world):
    connection = world.talk()
    sent = 0
    with pytest.raises(Again) as refused:
        while True:
            connection.send(b"%05d" % sent * 200)
            sent += 1
    assert refused.value.rule == "intercore.full" and sent > MOST_WAITING // 1100
    got = []
    while (found := world.guest.receive()) is not None:
        got.append(found[1][:5])
        world.step()
    assert got == [b"%05d" % number for number in range(sent)]


def test_apps_that_send_to_the_same_program_take_turns(world):
    greedy, modest = world.talk(APP, OTHER)
    with pytest.raises(Again):
        while True:
            greedy.send(bytes(1000))
    modest.send(b"me too")
    owners = []
    for _ in range(8):
        owners.append(world.guest.receive()[0])
        world.step()
    assert OTHER in owners[:6]


def test_without_turns_one_app_keeps_another_from_sending(world, monkeypatch):
    def give(self, channel):
        for one in self._of(channel.component):
            while one.outgoing and channel.side.send(one.owner, one.outgoing[0]):
                one.sent()
        channel.room = channel.side.room()

    monkeypatch.setattr(Intercore, "_give", give)
    greedy, modest = world.talk(APP, OTHER)
    with pytest.raises(Again):
        while True:
            greedy.send(bytes(1000))
    modest.send(bytes(1000))
    owners = []
    for _ in range(30):
        owners.append(world.guest.receive()[0])
        world.step()
        if greedy.waiting_out < MOST_WAITING - 1100:
            greedy.send(bytes(1000))
    assert OTHER not in owners


def test_an_app_that_does_not_read_stops_the_program_and_after_a_while_loses_its_connection(world):
    deaf, other = world.talk(APP, OTHER)
    sent = 0
    while world.guest.send(APP, bytes(1000)):
        sent += 1
        world.step()
    assert sent * 1024 <= MOST_WAITING + 4096 and deaf.waiting_in <= MOST_WAITING
    world.run(29)
    assert other.event() == 0 and not deaf.why
    world.run(2)
    assert "has read nothing for 30 s" in deaf.why and world.denials[-1]["rule"] == "intercore.unread"
    assert world.journal.events[-1]["component"].startswith("61616161")
    assert world.guest.send(OTHER, b"at last")
    world.run(0.1)
    assert other.receive() == (1, b"at last")
    assert deaf.event() == abi.READABLE  # what it had is its own


def test_an_app_that_reads_slowly_keeps_its_connection(world):
    slow = world.talk()
    got = 0

    def live():
        nonlocal got
        while world.guest.send(APP, bytes(1000)):
            pass
        if int(world.clock.uptime_us() / 20e6) > got:
            got += slow.receive()[0]

    world.run(120, live, 100_000)
    assert got >= 5 and not slow.why


def test_a_program_that_never_reads_costs_its_ring_and_ends_the_connection_with_a_report(world):
    connection = world.talk()
    with pytest.raises(Again):
        while True:
            connection.send(bytes(1024))
    world.run(31)
    assert connection.event() == abi.CLOSED and connection.outgoing == []
    assert world.denials[-1]["rule"] == "intercore.unread"
    assert world.journal.events[-1]["component"].startswith("45454545")
    again = world.intercore.connect(APP, ECHO)  # it may still have something to say
    world.guest.send(APP, b"hello")
    world.step()
    assert again.receive() == (1, b"hello")


# -- lies --------------------------------------------------------------------------------------------------


LIES = [
    ([(0, 4032)], "intercore.position", "write position of 4032"), ([(0, 8)], "intercore.position", "write position of 8"),
    ([(4, 0xFFFF_FFF0)], "intercore.position", "read position of 4294967280"), ([(0, 16), (64, 0)], "intercore.block", "block of 0"),
    ([(0, 2000), (64, 1045)], "intercore.block", "block of 1045"), ([(0, 32), (64, 100)], "intercore.block", "block of 100"),
]  # fmt: skip


@pytest.mark.parametrize("words, rule, why", LIES)
def test_a_lie_in_the_rings_ends_every_connection_with_a_report_and_is_believed_no_more(world, words, rule, why):
    one, other = world.talk(APP, OTHER)
    for offset, value in words:
        world.guest.word(offset, value)
    world.guest.ring(1)
    world.step()
    assert one.event() == other.event() == abi.CLOSED
    (denial,) = world.denials
    assert denial["rule"] == rule and why in denial["reason"] and "offset" in denial["reason"] and denial["remedy"]
    assert world.guest.listen() == [(wire.STOP, 0)]
    with pytest.raises(Closed) as refused:
        world.intercore.connect(APP, ECHO)
    assert refused.value.rule == "intercore.broken"
    calls = world.board.calls
    world.guest.ring(3)
    world.run(10)
    assert world.board.calls == calls, "who is not believed is not asked"
    world.intercore.ended(ECHO, "restarted")
    assert world.talk().event() == 0


def test_a_lie_that_is_met_while_sending_ends_the_connection_not_the_call(world):
    connection = world.talk()
    world.guest.word(4, 3)
    connection.send(b"x")
    assert connection.event() == abi.CLOSED and world.denials[0]["rule"] == "intercore.position"


def test_with_the_check_left_out_a_size_that_lies_reads_what_is_another_cores(world, monkeypatch):
    """The flaw put in: a block that is longer than its ring reaches into the memory of the other core's messages."""
    connection = world.talk()
    world.board.memory[0x2040:0x204C] = b"other's data"

    def careless(self):
        (size,) = struct.unpack("<I", self._read(self.read, 4))
        data = self._read(self.read + 4, size)
        self.read = self._position(self._theirs, "write")
        return data[:16], data[20:]

    def lie():
        world.guest.word(64 + at, 20 + 0x3000)
        world.board.memory[64 + at + 4 : 64 + at + 20] = APP
        world.guest.word(0, at + 32)
        world.guest.ring(1)
        world.step()

    at = 0
    with monkeypatch.context() as flaw:
        flaw.setattr(wire.Rings, "receive", lambda self: careless(self) if self.waiting() else None)
        lie()
        assert b"other's data" in connection.receive()[1]
    at = 32
    lie()
    assert connection.receive() == (2, b"") and world.denials[0]["rule"] == "intercore.block"


# -- noise ---------------------------------------------------------------------------------------------------


def test_a_storm_of_doorbells_interrupts_a_bounded_number_of_times_and_is_ended(world):
    connection = world.talk()

    def storm():
        world.guest.ring(3)

    before = world.board.interrupts
    world.run(2, storm, 100)
    assert world.board.interrupts - before < 256 + 2 * 600
    world.run(60, storm)
    assert connection.event() == abi.CLOSED and world.denials[-1]["rule"] == "intercore.flood"
    calls = world.board.calls
    world.run(10, storm)
    assert world.board.calls == calls


def test_with_the_mask_left_out_a_storm_interrupts_without_end(world, monkeypatch):
    monkeypatch.setattr(Channel, "is_heard", lambda self, has_rung, is_useless, now_us: True)
    monkeypatch.setattr(Channel, "may_go_on", lambda self, is_useless, waste, now_us: True)
    world.talk()
    before = world.board.interrupts
    world.run(2, lambda: world.guest.ring(3), 100)
    assert world.board.interrupts - before > 18_000


def test_doorbells_with_messages_are_never_too_many(world):
    connection = world.talk()
    for number in range(3 * WASTE_BURST):
        world.guest.send(APP, b"%d" % number)
        world.clock.advance_us(100)
        if world.intercore._channels[ECHO].is_masked:
            world.clock.advance_us(10_000)
        world.step()
        assert connection.receive() == (1, b"%d" % number)
    assert not connection.why


def test_a_second_doorbell_for_each_message_is_not_held_against_it_however_busy_the_kernel_is(world):
    connection = world.talk()
    for number in range(3000):
        world.guest.send(APP, b"%d" % number)
        world.step()
        world.guest.ring(3)  # the kernel has seen it all by now
        for _ in range(20):
            world.clock.advance_us(500)
            world.step()
        assert connection.receive() == (1, b"%d" % number)
        assert not world.intercore._channels[ECHO].is_masked
    assert not connection.why


def test_what_waits_while_doorbells_are_masked_is_not_lost_when_the_app_sends(world):
    connection = world.talk()
    channel = world.intercore._channels[ECHO]
    while not channel.is_masked:
        world.guest.send(APP, b"many")
        world.step()
        connection.receive()
    world.guest.send(APP, b"kept")
    connection.send(b"question")
    assert channel.is_masked
    world.run(0.02)
    assert connection.receive() == (1, b"kept") and world.guest.receive() == (APP, b"question")


def test_messages_that_come_faster_than_interrupts_are_heard_still_come(world):
    connection, got = world.talk(), 0

    def stream():
        nonlocal got
        for _ in range(3):
            world.guest.send(APP, bytes(20))
        while connection.receive()[0] == 1:
            got += 1

    before = world.board.interrupts
    world.run(5, stream)
    assert got > 3 * 4900 and not connection.why
    assert world.board.interrupts - before < 3 * 7000


def test_messages_for_nobody_are_dropped_told_once_and_end_it_only_as_a_flood(world):
    connection = world.talk()
    world.run(20, lambda: world.guest.send(STRANGER, b"who are you"), 50_000)
    assert not connection.why and world.uart.text.count("which is not connected") == 1

    def flood():
        while world.guest.send(STRANGER, b""):
            pass

    calls = world.board.calls
    world.run(1, flood)
    assert world.board.calls - calls < 200_000
    world.run(60, flood)
    assert connection.event() == abi.CLOSED and world.denials[-1]["rule"] == "intercore.flood"


def test_a_program_that_resets_the_mailbox_is_told_again_and_one_that_does_nothing_else_is_ended(world):
    connection = world.talk()
    world.guest.box.write(4, 4, 1)
    world.run(0.2)
    assert [command for command, _ in world.guest.listen()] == [0xBA5E_0001, 0xBA5E_0002, 0xBA5E_0003]
    world.guest.send(APP, b"here")
    world.step()
    assert connection.receive() == (1, b"here")
    world.run(200, lambda: world.guest.box.write(4, 4, 1), 10_000)
    assert connection.event() == abi.CLOSED and world.denials[-1]["rule"] == "intercore.flood"


def test_a_program_that_resets_the_mailbox_with_each_message_keeps_its_connection(world):
    connection = world.talk()
    for number in range(600):
        world.guest.send(APP, b"%d" % number)
        world.guest.box.write(4, 4, 1)
        world.run(0.12)
        assert connection.receive() == (1, b"%d" % number)
    assert not connection.why


def test_one_step_takes_a_bounded_number_of_messages(world):
    connection = world.talk()
    for _ in range(100):
        assert world.guest.send(APP, b"")
    calls = world.board.calls
    world.step()
    assert len(connection.incoming) == 64 and world.board.calls - calls < 64 * 6 + 10
    assert world.intercore.next_us() == world.clock.uptime_us()
    world.step()
    assert len(connection.incoming) == 100


def test_a_step_with_nothing_new_costs_one_look_at_memory_and_the_mailbox_is_asked_now_and_then(world):
    connection = world.talk()
    world.step()
    asked, original = [], world.board.mailbox_read
    world.board.mailbox_read = lambda core, offset: asked.append(offset) or original(core, offset)
    calls = world.board.calls
    for _ in range(160):
        world.step()
    assert len(asked) <= 30 and world.board.calls - calls <= 160 + 10 * 8
    del asked[:]
    world.guest.send(APP, b"news")
    world.step()
    assert connection.receive() == (1, b"news") and asked == [], "what is published says enough"


class Siege(RuleBasedStateMachine):
    """A guest that writes anything anywhere it can, apps that come and go: the kernel's part never raises, never writes
    where it must not, and keeps no more than its bounds."""

    def __init__(self):
        super().__init__()
        self.world = World()
        self.world.start()
        self.connections = {}
        self.runs = True

    @rule(offset=st.integers(0, 1023).map(lambda n: n * 4), value=st.one_of(st.integers(0, 0xFFFF_FFFF), st.integers(0, 260).map(lambda n: n * 16)))
    def scribble(self, offset, value):
        self.world.guest.word(offset, value)

    @rule(register=st.sampled_from([0x04, 0x14, 0x18, 0x1C, 0x38, 0x3C, 0x40, 0x44, 0x60]), value=st.integers(0, 0xFFFF_FFFF))
    def poke(self, register, value):
        self.world.guest.box.write(register, 4, value)

    @rule(take=st.booleans(), owner=st.sampled_from([APP, OTHER, STRANGER]), data=st.binary(max_size=1024))
    @precondition(lambda self: self.world.guest.rings is not None)
    def behave(self, take, owner, data):
        try:
            if take:
                self.world.guest.receive()
            else:
                self.world.guest.send(owner, data)
        except Invalid:
            pass  # it broke its own ring before

    @rule()
    def listen(self):
        self.world.guest.listen()

    @rule(owner=st.sampled_from([APP, OTHER]))
    def connect(self, owner):
        try:
            self.connections[owner] = self.world.intercore.connect(owner, ECHO)
        except (Busy, Closed):
            pass

    @rule(owner=st.sampled_from([APP, OTHER]), data=st.binary(max_size=1024), action=st.sampled_from(["send", "receive", "close"]))
    def use(self, owner, data, action):
        connection = self.connections.get(owner)
        if connection is None:
            return
        try:
            if action == "send":
                connection.send(data)
            elif action == "receive":
                connection.receive()
            else:
                connection.close()
                del self.connections[owner]
        except (Again, Closed):
            pass

    @rule(seconds=st.sampled_from([0.001, 0.05, 3, 40]))
    def wait(self, seconds):
        self.world.run(seconds)

    @rule()
    def restart(self):
        self.world.intercore.ended(ECHO, "restarted")
        self.world.guest.rings = None
        self.world.start()

    @invariant()
    def what_is_kept_is_bounded(self):
        for connection in self.connections.values():
            assert connection.waiting_in <= MOST_WAITING and connection.waiting_out <= MOST_WAITING
            assert sum(map(len, connection.incoming)) <= connection.waiting_in

    @invariant()
    def nothing_else_is_written(self):
        assert not any(self.world.board.memory[0x2000:])


Siege.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestSiege = Siege.TestCase


@given(st.integers(0, 1 << 32), st.integers(0, 251), st.integers(0, 251), st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_any_content_of_its_memory_ends_in_messages_or_in_a_report(seed, written, read, doorbells):
    world = World()
    connection = world.talk()
    world.board.memory[:4096] = random.Random(seed).randbytes(4096)
    world.guest.word(0, written * 16)
    world.guest.word(4, read * 16)
    world.guest.ring(doorbells)
    try:
        world.run(0.05)
    except Fault as fault:
        raise AssertionError("the kernel fell over") from fault
    assert connection.why or connection.incoming or not written
