"""Real-time apps that lie in the rings, make noise, or do anything: what it costs, and how it ends."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from armillary.kernel import abi
from armillary.kernel.connections import MOST_WAITING, WASTE_BURST, Channel
from armillary.wire import intercore as wire
from armillary.wire.fault import Again, Busy, Closed, Fault, Invalid
from tests.kernel.played import APP, ECHO, OTHER, STRANGER, World


@pytest.fixture
def world():
    return World()


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
