"""The bus gate: what comes in may be anything, what comes out is a reply."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.boards.sim import facts
from armillary.hal import abi
from armillary.hal.sim.bus import Bus
from armillary.hal.sim.firewall import MASTERS, Firewall
from armillary.hal.sim.network import LinkedNetwork
from armillary.hal.sim.power import PowerLost
from armillary.hal.sim.silicon import Silicon
from armillary.wire.call import LIMIT, Port
from armillary.wire.fault import FAULTS, Denied, Fault, Invalid, NoDevice

CALLERS = {call.op: call.callers for call in abi.CALLS}


def quiet_chip():
    """A chip whose reset only resets, so that a fuzzer may call it."""
    return Silicon(facts, network=LinkedNetwork({}), on_reset=lambda reason: None)


def value_of(field, draw):
    if field.is_open or field.size:
        high = field.size or field.high
        text = draw(st.binary(min_size=field.size, max_size=min(high, 64)))
        return text.hex()[:high] if field.kind == "text" else text
    return draw(st.one_of(st.integers(field.low, field.high), st.integers(field.low, min(field.high, field.low + 3))))


@st.composite
def lawful_requests(draw):
    call = draw(st.sampled_from(abi.CALLS))
    values = [value_of(field, draw) for field in call.arguments.fields]
    return bytes((call.op, draw(st.integers(0, 255)))) + call.arguments.pack(values)


@st.composite
def bent_requests(draw):
    request = bytearray(draw(lawful_requests()))
    how = draw(st.sampled_from(["flip", "cut", "grow", "length"]))
    at = draw(st.integers(0, len(request) - 1))
    if how == "flip":
        request[at] ^= draw(st.integers(1, 255))
    elif how == "cut":
        request = request[:at]
    elif how == "grow":
        request += draw(st.binary(min_size=1, max_size=20))
    else:
        request[-2:] = struct.pack("<H", draw(st.integers(0, 0xFFFF)))
    return bytes(request)


def check_reply(gate, request):
    """The reply to any request: well-formed, of one message, with its sequence number."""
    reply = gate(request)
    assert isinstance(reply, bytes) and 2 <= len(reply) <= LIMIT
    assert reply[0] == 0 or reply[0] in FAULTS
    if 2 <= len(request) <= LIMIT:
        assert reply[1] == request[1]
    return reply


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(MASTERS), st.lists(st.one_of(lawful_requests(), bent_requests(), st.binary(max_size=80)), max_size=12))
def test_no_sequence_of_requests_makes_the_gate_raise(master, requests):
    chip = quiet_chip()
    gate = chip.gate(master)
    for request in requests:
        reply = check_reply(gate, request)
        if reply[0] == 0 and request[0]:
            assert master in CALLERS[request[0]]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(MASTERS), st.binary(min_size=LIMIT - 20, max_size=LIMIT + 20))
def test_messages_around_the_limit_are_answered(master, request):
    check_reply(quiet_chip().gate(master), request)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(MASTERS), st.lists(bent_requests(), max_size=6))
def test_a_refused_request_has_no_effect_on_flash_and_fuses(master, requests):
    chip = quiet_chip()
    gate = chip.gate(master)
    for request in requests:
        before = chip.snapshot()
        if check_reply(gate, request)[0]:
            assert chip.snapshot() == before


def test_a_gate_lists_every_call(chip):
    version, calls = chip.port("kernel").describe()
    assert list(calls) == [0] + [call.op for call in abi.CALLS]
    assert version == 1


def test_only_bus_masters_have_a_gate(chip):
    for name in ("", "app", "Pluton", "service"):
        with pytest.raises(Invalid):
            chip.gate(name)


def test_denials_are_told_whoever_observes(chip):
    seen = []
    port = chip.port("kernel", lambda *event: seen.append(event))
    with pytest.raises(Denied):
        port.call(abi.FUSE_READ, 0)
    with pytest.raises(Denied):
        port.call(abi.GPIO_READ, 8)
    port.call(abi.CLOCK_READ)
    (first, _, why), (second, name, _) = chip.denials
    assert (first, second, name) == ("kernel", "kernel", "gpio_read") and "fuse_read callers=pluton" in why
    assert [type(event[3]) for event in seen] == [Denied, Denied, type(None)]
    assert seen[2][:2] == ("kernel", abi.CLOCK_READ)


def test_what_is_merely_wrong_is_not_told_as_a_denial(chip):
    port = chip.port("monitor")
    for attempt in (lambda: port.call(abi.FLASH_ERASE, facts.FLASH_LAYOUT[1][0] + 1), lambda: port.call(abi.WATCHDOG_TEND)):
        with pytest.raises(Fault):
            attempt()
    assert not chip.denials


def test_a_denial_names_rule_and_policy_at_the_far_side(chip):
    with pytest.raises(Denied) as caught:
        chip.port("monitor").call(abi.FLASH_ERASE, 0)
    fault = caught.value
    assert (fault.ring, fault.rule) == ("hal", "firewall.flash")
    assert fault.policy.startswith("flash monitor.write=[")


NEEDS = {
    "flash_read": ("monitor", 0, 1), "fuse_read": ("pluton", 0), "entropy_read": ("pluton", 1), "clock_read": ("kernel",),
    "uart_write": ("kernel", 0, b"x"), "watchdog_start": ("monitor", 1), "reset": ("monitor", 0),
    "gpio_assign": ("monitor", 8, 1), "core_start": ("pluton", 1, 0), "task_end": ("kernel", 0),
    "net_open": ("kernel", "host", 1), "core_stop": ("monitor", 3), "mbox_read": ("kernel", 4, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", NEEDS)
def test_a_board_without_a_device_says_so(name):
    master, *arguments = NEEDS[name]
    call = [each for each in abi.CALLS if each.name == name][0]
    bus = Bus(Firewall(facts.FLASH_LAYOUT, facts.PINS))
    with pytest.raises(NoDevice):
        Port(bus.gate(master)).call(call, *arguments)


def test_power_loss_goes_through_the_gate(chip):
    chip.rail.fail_after(1)
    with pytest.raises(PowerLost):
        chip.port("monitor").call(abi.FLASH_ERASE, facts.FLASH_LAYOUT[1][0])


def test_secrets_in_fuses_are_in_no_refusal(chip):
    chip.fuses.blow(2, b"\xa5" * 32)
    chip.port("pluton").call(abi.FUSE_LOCK, 2, 1)
    for master in MASTERS:
        with pytest.raises(Fault) as caught:
            chip.port(master).call(abi.FUSE_READ, 2)
        assert "a5a5" not in str(caught.value)
    assert not [denial for denial in chip.denials if "a5a5" in str(denial)]
