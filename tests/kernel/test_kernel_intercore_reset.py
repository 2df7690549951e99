"""A real-time app whose core was reset by its watchdog: connections end, and it is told of its rings once more."""

from __future__ import annotations

import pytest

from armillary.kernel import abi
from armillary.wire.fault import Closed
from tests.kernel.played import APP, ECHO, OTHER, Guest, World

CONNECTED = "the real-time app was reset"


@pytest.fixture
def world():
    return World()


def reset(world, since_us=None):
    """What the chip does when the watchdog bites; then the kernel hears of it. The program of the new run."""
    world.guest.box.reset()
    again = Guest(world.board, 0)
    now = world.clock.uptime_us()
    world.intercore.was_reset(ECHO, now - 100_000 if since_us is None else since_us)
    return again


def test_apps_are_told_that_it_forgot_what_they_said(world):
    first, second = world.talk(APP, OTHER)
    world.run(1)
    reset(world)
    for connection in (first, second):
        assert connection.event() == abi.CLOSED
        with pytest.raises(Closed, match=CONNECTED):
            connection.send(b"more")


def test_what_came_before_can_still_be_read(world):
    connection = world.talk()
    world.guest.send(APP, b"last words")
    world.run(1)
    reset(world)
    assert connection.event() == abi.READABLE and connection.receive() == (1, b"last words")


def test_the_next_app_that_connects_has_the_new_run_told_of_empty_rings(world):
    connection = world.talk()
    connection.send(b"never read")
    world.guest.send(APP, b"answer")
    world.run(1)
    guest = reset(world)
    world.run(1)
    assert guest.listen() == []  # nobody has connected
    again = world.intercore.connect(APP, ECHO)
    assert len(guest.listen()) == 3
    again.send(b"hello")
    assert guest.receive() == (APP, b"hello") and guest.receive() is None
    assert guest.send(APP, b"hello yourself")
    world.run(0.2)
    assert again.receive() == (1, b"hello yourself")


def test_pairs_that_the_old_run_had_not_read_are_not_told_twice(world):
    world.start()
    world.intercore.connect(APP, ECHO)
    guest = reset(world)
    world.intercore.connect(OTHER, ECHO)
    assert len(guest.listen()) == 3 and guest.listen() == []


def test_one_that_read_its_pairs_only_after_the_reset_is_not_disturbed_at_its_work(world):
    """Whether it read them before or after nobody can tell: then the rings are left alone."""
    world.start()
    world.intercore.connect(APP, ECHO)
    world.guest.box.reset()
    guest = Guest(world.board, 0)
    assert len(guest.listen()) == 3
    assert guest.send(APP, b"one")
    world.run(0.05)
    world.intercore.was_reset(ECHO, 0)
    again = world.intercore.connect(OTHER, ECHO)
    assert guest.send(OTHER, b"two")
    world.run(0.2)
    assert again.receive() == (1, b"two") and world.denials == []


def test_had_the_rings_been_cleared_there_it_would_be_called_a_liar(world, monkeypatch):
    """The flaw."""
    from armillary.wire.intercore import MainSide

    real = MainSide.offer_again
    monkeypatch.setattr(MainSide, "offer_again", lambda self, may_clear: real(self, True))
    world.start()
    world.intercore.connect(APP, ECHO)
    world.guest.box.reset()
    guest = Guest(world.board, 0)
    guest.listen()
    guest.send(APP, b"one")
    world.run(0.05)
    world.intercore.was_reset(ECHO, 0)
    world.intercore.connect(OTHER, ECHO)
    guest.send(OTHER, b"two")  # begins where the first ended
    world.run(0.2)
    assert [denial["rule"] for denial in world.denials] == ["intercore.block"]


def test_between_two_connections_it_costs_nothing_whatever_it_rings(world):
    world.talk()
    world.run(1)
    guest = reset(world)
    before = world.board.calls
    world.run(10, every=lambda: guest.ring(3), period_us=500)
    assert world.board.calls == before and world.denials == []


def test_one_that_is_not_believed_is_not_believed_for_having_been_reset(world):
    connection = world.talk()
    world.guest.word(0, 8)
    world.run(1)
    assert connection.event() == abi.CLOSED
    reset(world)
    with pytest.raises(Closed, match="not believed"):
        world.intercore.connect(APP, ECHO)


def test_without_a_connection_there_is_nothing_to_do(world):
    world.start()
    before = world.board.calls
    world.intercore.was_reset(ECHO, 0)
    world.intercore.was_reset(OTHER, 0)
    assert world.board.calls == before
    world.intercore.connect(APP, ECHO)
    assert len(world.guest.listen()) == 3


def test_many_resets_give_back_no_allowance(world):
    """What a program may cost is counted over its resets."""
    world.start()
    guest = world.guest
    for _ in range(400):
        connection = world.intercore.connect(APP, ECHO)
        guest.listen()
        guest.ring(1)
        world.run(0.02, every=lambda box=guest: box.ring(1), period_us=1000)
        connection.close()
        guest = reset(world)
        if world.denials:
            break
    assert [denial["rule"] for denial in world.denials] == ["intercore.flood"]
