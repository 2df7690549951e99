"""Connections to real-time apps: what goes through, in which order, how they end, and who waits for whom."""

from __future__ import annotations

import pytest

from armillary.kernel import abi
from armillary.kernel.connections import MOST_WAITING
from armillary.kernel.intercore import Intercore
from armillary.wire import intercore as wire
from armillary.wire.fault import Again, Busy, Closed, Invalid, NoDevice
from tests.kernel.played import APP, CAPACITY, ECHO, OTHER, SECOND, Guest, World


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
