"""Asking a process that is not trusted: one request at a time, every one answered once, whatever the process does."""

import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.boards.sim import asking
from armillary.hal.sim.box import realtime_calls as calls
from armillary.wire.call import LATER, Gate
from armillary.wire.fault import Denied, Invalid


class Rig:
    """An asker and the process at its other end, which answers when told to."""

    def __init__(self):
        self.near, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.near.setblocking(False)
        self.far.setblocking(False)
        self.failed, self.refused, self.done = [], [], []
        self.asker = asking.Asker(self.near.fileno(), self.failed.append, lambda request, fault: self.refused.append(request.call.name))
        self.gate = Gate("hal", "board", {calls.READ: lambda core, offset: offset + core, calls.WRITE: self._write})

    def _write(self, core, offset, value):
        if value == 7:
            raise Invalid("not seven")

    def read(self, offset):
        later = asking.Later(lambda value, fault: self.done.append((offset, value, fault)))
        self.asker.ask(calls.READ, 3, offset, answer=later)
        value = later.result()
        if value is not LATER:
            self.done.append((offset, value, None))

    def serve(self):
        """The process answers one request. Whether there was one."""
        try:
            request = self.far.recv(4096)
        except BlockingIOError:
            return False
        self.far.send(self.gate(request))
        self.asker.answered()
        return True

    def close(self):
        self.near.close()
        self.far.close()


@pytest.fixture
def rig():
    made = Rig()
    yield made
    made.close()


def test_one_request_is_under_way_and_the_others_wait_in_order(rig):
    for offset in (0, 4, 8):
        rig.read(offset)
    assert rig.far.recv(4096) and not rig.done
    with pytest.raises(BlockingIOError):
        rig.far.recv(4096)


def test_what_is_prepared_is_prepared_when_its_turn_comes(rig):
    prepared = []
    rig.read(0)
    rig.asker.ask(calls.WRITE, 3, 0, 1, prepare=lambda: prepared.append(len(rig.done)))
    assert prepared == []
    rig.serve()
    assert prepared == [1]


def test_a_refusal_goes_to_who_waits_or_is_told(rig):
    rig.asker.ask(calls.WRITE, 3, 0, 7)
    rig.asker.ask(calls.WRITE, 3, 0, 7, answer=lambda value, fault: rig.done.append(fault))
    assert rig.serve() and rig.serve()
    assert rig.refused == ["write"] and isinstance(rig.done[0], Invalid)


def test_a_refusal_that_comes_at_once_is_raised_and_not_put_off():
    later = asking.Later(lambda value, fault: pytest.fail("it was not late"))
    later(0, Denied("no"))
    with pytest.raises(Denied):
        later.result()


@pytest.mark.parametrize("reply", [b"\0", b"\0\x63\0\0\0\0", b"\0\1\0\0", bytes(5000)])
def test_a_reply_that_fits_no_request_is_a_refusal(rig, reply):
    rig.read(0)
    rig.far.send(reply)
    rig.asker.answered()
    assert rig.done[0][1] == 0 and rig.done[0][2] is not None


def test_an_answer_that_nobody_asked_for_is_a_failure(rig):
    rig.far.send(b"\0\0")
    rig.asker.answered()
    assert rig.failed == ["answered what nobody asked"]


def test_silence_is_overdue_after_a_while_and_only_if_something_was_asked(rig):
    assert not rig.asker.is_overdue(-1)
    rig.read(0)
    assert rig.asker.is_overdue(-1) and not rig.asker.is_overdue(1000)


class Watch:
    """The host's time, in our hands."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(asking.time, "monotonic", lambda: self.now)


def pace(rig, watch, seconds, rounds, excuse=False):
    """Answer `rounds` requests, each after so long; how long the asker stood still until the process was overdue."""
    begin = watch.now
    for _ in range(rounds):
        rig.read(0)
        if excuse:
            rig.asker.is_excused = True
        watch.now += seconds
        if rig.asker.is_overdue(5.0):
            return watch.now - begin
        rig.serve()
    return None


@pytest.mark.parametrize("excuse", [False, True])
@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.4, 4.9])
def test_a_process_that_answers_each_request_just_in_time_is_overdue_all_the_same(rig, monkeypatch, seconds, excuse):
    stood_still = pace(rig, Watch(monkeypatch), seconds, 100, excuse)
    assert stood_still is not None and stood_still < 10


def test_without_what_slow_answers_cost_it_goes_on_for_ever(rig, monkeypatch):
    monkeypatch.setattr(asking, "QUICK_S", 1e9)
    assert pace(rig, Watch(monkeypatch), 4.9, 100) is None


def test_one_that_answers_soon_is_never_overdue(rig, monkeypatch):
    assert pace(rig, Watch(monkeypatch), 0.2, 1000) is None


def test_patience_comes_back_with_time(rig, monkeypatch):
    watch = Watch(monkeypatch)
    for _ in range(10):
        assert pace(rig, watch, 4.0, 1) is None
        watch.now += 40


def test_one_that_waits_for_others_is_given_a_while_more_and_no_other_request_is(rig, monkeypatch):
    watch = Watch(monkeypatch)
    rig.read(0)
    rig.asker.is_excused = True
    watch.now += 6
    assert not rig.asker.is_overdue(5.0)
    watch.now += 2
    assert rig.asker.is_overdue(5.0)


STEPS = st.lists(st.sampled_from(["read", "serve", "hang up", "close", "flood"]), max_size=30)


@given(STEPS)
@settings(max_examples=200, deadline=None)
def test_every_request_is_answered_once_whatever_happens(steps):
    rig = Rig()
    asked, is_open = 0, True
    before, asking.MOST_WAITING = asking.MOST_WAITING, 5
    try:
        for step in steps:
            if step == "read" and is_open:
                rig.read(4 * asked)
                asked += 1
            elif step == "flood" and is_open:
                for _ in range(8):
                    rig.read(4 * asked)
                    asked += 1
            elif step == "serve" and is_open:
                try:
                    rig.serve()
                except OSError:
                    pass  # it hung up
            elif step == "hang up":
                rig.far.close()
            elif step == "close":
                rig.asker.close(0)
                is_open = False
            assert len(rig.done) <= asked
        rig.asker.close(0)
    finally:
        asking.MOST_WAITING = before
        rig.close()
    assert sorted(offset for offset, _, _ in rig.done) == [4 * number for number in range(asked)]
