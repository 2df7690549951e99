"""Waiting: the one call whose answer may come later."""

from __future__ import annotations

import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.kernel import abi
from armillary.wire.fault import Closed, Invalid, OutOfOrder

CAPABILITIES = {"Gpio": [4, 5, 6, 7], "AllowedConnections": ["api.example"]}


class Peer:
    def __init__(self):
        self.give, self.is_closed = bytearray(), False

    def feed(self, data):
        pass

    def take(self):
        data, self.give = bytes(self.give), bytearray()
        return data


@pytest.fixture
def device(maker, new_device):
    device = new_device([maker.app_package("a", capabilities=CAPABILITIES), maker.app_package("b")])
    device.peer = Peer()
    device.network.name("api.example", 443, lambda: device.peer)
    return device


def wait(device, timeout_ms, handles=(), name="a"):
    """Begin a wait; its result if it is answered at once."""
    task = device.app(name)
    reply = task.gate(task.port.wait_request(timeout_ms, handles))
    return None if reply is None else task.port.wait_result(reply)


def answer(device, name="a"):
    """The result of the wait that was answered since, or None."""
    task = device.app(name)
    return task.port.wait_result(task.replies.pop(0)) if task.replies else None


def test_a_wait_of_no_time_is_answered_at_once(device):
    assert wait(device, 0) == (abi.TIMEOUT, 0)


def test_a_time_out_comes_when_it_is_due_and_not_before(device):
    assert wait(device, 500) is None
    device.run(0.499)
    assert answer(device) is None
    device.run(0.001)
    assert answer(device) == (abi.TIMEOUT, 0)


def test_the_kernel_says_when_it_wants_to_be_stepped(device):
    device.run(1)
    wait(device, 7)
    assert device.kernel.step() == device.clock.uptime_us() + 7000


def test_time_outs_of_many_apps_come_in_order_of_time(device):
    wait(device, 300)
    wait(device, 200, name="b")
    device.run(0.25)
    assert (answer(device), answer(device, "b")) == (None, (abi.TIMEOUT, 0))
    device.run(0.05)
    assert answer(device) == (abi.TIMEOUT, 0)


def test_an_event_ends_the_wait_before_its_time(device):
    handle = device.app("a").port.gpio_open_input(4)
    assert wait(device, 60_000, [handle]) is None
    device.run(1)
    device.chip.gpio.drive(4, 1)
    device.run(0.02)
    assert answer(device) == (abi.INPUT, handle)
    assert wait(device, 0, [handle]) == (abi.TIMEOUT, 0)  # told once per change


def test_only_the_handles_that_were_named_count(device):
    port = device.app("a").port
    one, other = port.gpio_open_input(4), port.gpio_open_input(5)
    device.chip.gpio.drive(4, 1)
    device.chip.gpio.drive(5, 1)
    assert wait(device, 0, [other]) == (abi.INPUT, other)
    assert wait(device, 0) == (abi.TIMEOUT, 0)
    assert wait(device, 0, [other, one]) == (abi.INPUT, one)


def test_of_several_that_are_ready_the_first_named_wins(device):
    port = device.app("a").port
    handles = [port.gpio_open_input(pin) for pin in (4, 5, 6)]
    for pin in (4, 5, 6):
        device.chip.gpio.drive(pin, 1)
    assert wait(device, 0, [handles[2], handles[0], handles[1]]) == (abi.INPUT, handles[2])


def test_a_stream_is_readable_until_it_was_read(device):
    port = device.app("a").port
    handle = port.net_connect("api.example", 443)
    assert wait(device, 1000, [handle]) == (abi.CONNECTED, handle)
    assert wait(device, 1000, [handle]) is None
    device.peer.give += b"data"
    device.run(0.05)
    assert answer(device) == (abi.READABLE, handle)
    assert wait(device, 1000, [handle]) == (abi.READABLE, handle)
    port.net_receive(handle, 100)
    device.peer.is_closed = True
    assert wait(device, 1000, [handle]) == (abi.CLOSED, handle)


def test_a_handle_that_is_not_open_cannot_be_waited_for(device):
    with pytest.raises(Closed):
        wait(device, 1000, [77])
    assert device.process("a").wait is None


def test_half_a_handle_is_refused(device):
    task = device.app("a")
    request = bytes((abi.WAIT.op, 1)) + struct.pack("<IH", 10, 3) + b"abc"
    assert task.gate(request)[0] == Invalid.code


def test_a_waiting_app_is_answered_once_and_nothing_else(device):
    wait(device, 1000)
    task = device.app("a")
    with pytest.raises(OutOfOrder):
        task.port.log("while waiting")
    device.run(2)
    assert len(task.replies) == 1
    device.run(5)
    assert len(task.replies) == 1


def test_an_app_that_dies_while_waiting_is_not_answered(device):
    wait(device, 1000)
    task = device.app("a")
    task.die(1)
    device.run(10)
    assert task.replies == []


def test_an_app_that_is_stopped_hears_so_once(device):
    wait(device, 60_000)
    device.kernel.applications.stop(device.process("a").component)
    device.run(0.01)
    assert answer(device) == (abi.STOP, 0)
    assert wait(device, 0) == (abi.TIMEOUT, 0)


def test_nothing_waits_for_ever_even_with_the_longest_time_out(device):
    assert wait(device, 0xFFFF_FFFF) is None
    device.run(1)
    assert device.process("a").wait.due_us > device.clock.uptime_us()


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=st.lists(st.tuples(st.integers(4, 7), st.integers(0, 400)), max_size=6), timeout=st.integers(1, 500))
def test_a_wait_ends_at_the_first_thing_that_happens(device, plan, timeout):
    port = device.app("a").port
    pins = {pin: port.gpio_open_input(pin) for pin in (4, 5, 6, 7)}
    start = device.clock.uptime_us()
    assert wait(device, timeout, list(pins.values())) is None
    ended = None
    for pin, at in sorted(plan, key=lambda item: item[1]):
        device.run(max(0, (start + at * 1000 - device.clock.uptime_us()) / 1e6))
        ended = ended or answer(device)
        device.chip.gpio.drive(pin, 1 - device.chip.gpio.read(pin))
        device.run(0.011)
        found = answer(device)
        if found and ended is None:
            ended = found
            assert found in ((abi.INPUT, pins[pin]), (abi.TIMEOUT, 0))
    device.run(0.6)
    ended = ended or answer(device)
    assert ended is not None
    if not [at for _, at in plan if at < timeout]:
        assert ended == (abi.TIMEOUT, 0)
    for pin, handle in pins.items():
        port.close(handle)
        device.chip.gpio.drive(pin, 0)


def test_an_answer_from_within_the_kernels_own_step_is_taken_too(device):
    """A board may resume an app at once when it gets its reply; what it asks then comes from inside `step`."""
    task = device.app("a")
    answered = []

    def resume(task, reply):
        answered.append(task.port.wait_result(reply))
        assert device.kernel.step() <= device.clock.uptime_us()  # no step within a step
        if len(answered) < 3:
            task.gate(task.port.wait_request(10, ()))

    device.tasks.reply = resume
    task.gate(task.port.wait_request(10, ()))
    device.run(0.1)
    assert answered == [(abi.TIMEOUT, 0)] * 3


def test_no_wait_starves_another_app(device, monkeypatch):
    """An app that waits again at once, for ever, leaves the others their time."""
    busy, calm = device.app("a"), device.app("b")

    def resume(task, reply):
        task.replies.append(reply)
        if task is busy:
            assert busy.gate(busy.port.wait_request(0, ())) is not None
            busy.gate(busy.port.wait_request(1, ()))

    device.tasks.reply = resume
    calm.gate(calm.port.wait_request(50, ()))
    busy.gate(busy.port.wait_request(1, ()))
    device.run(0.06)
    assert len(calm.replies) == 1 and len(busy.replies) >= 50
