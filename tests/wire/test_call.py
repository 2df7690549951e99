"""Calls: layouts that take nothing but what they say, gates that answer anything, ports that believe little."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.hal import abi as bus
from armillary.kernel import abi as syscall
from armillary.monitor import abi as smc
from armillary.pluton import abi as mailbox
from armillary.wire import call, fault
from armillary.wire.call import DESCRIBE, LATER, LIMIT, Call, Field, Gate, Layout, Port
from armillary.wire.fault import Closed, Denied, Fault, Full, Internal, Invalid, OutOfOrder, Unknown

CALLS = bus.CALLS + mailbox.CALLS + smc.CALLS + syscall.CALLS
LAYOUTS = sorted({layout.text for one in CALLS for layout in (one.arguments, one.result)} | {call.WHY.text})


def values_of(field):
    """Everything that may stand in `field`."""
    if field.kind == "text":
        return st.text(max_size=field.high).filter(lambda text: len(text.encode()) <= field.high)
    if field.kind == "bytes":
        return st.binary(max_size=min(field.high, 100))
    if field.size:
        return st.binary(min_size=field.size, max_size=field.size)
    return st.integers(field.low, field.high)


@given(st.sampled_from(LAYOUTS), st.data())
def test_every_layout_of_every_ring_reads_what_it_writes(text, data):
    layout = Layout(text)
    values = tuple(data.draw(values_of(field)) for field in layout.fields)
    packed = layout.pack(values)
    assert layout.unpack(packed) == values
    assert layout.unpack(bytearray(packed)) == values
    for other in (packed[:-1], packed + b"\0"):
        if packed:
            try:
                assert layout.pack(layout.unpack(other)) == other
            except Invalid:
                pass


@given(st.sampled_from(LAYOUTS), st.binary(max_size=120))
def test_any_bytes_are_refused_or_are_the_one_form_of_their_values(text, data):
    layout = Layout(text)
    try:
        values = layout.unpack(data)
    except Invalid:
        return
    assert layout.pack(values) == data


@given(st.sampled_from(LAYOUTS), st.lists(st.none() | st.integers(-(2**70), 2**70) | st.binary(max_size=70) | st.text(max_size=9), max_size=8))
def test_any_values_are_refused_or_read_back(text, values):
    layout = Layout(text)
    try:
        packed = layout.pack(values)
    except Invalid:
        return
    assert layout.unpack(packed) == tuple(values)


@pytest.mark.parametrize(("text", "low", "high"), [
    ("a:u8", 0, 255), ("a:u8<=3", 0, 3), ("a:u8<=0", 0, 0), ("a:u8=2..4", 2, 4), ("a:u16=0..0", 0, 0), ("a:i32", -(2**31), 2**31 - 1),
    ("a:i32=0..5", 0, 5), ("a:i32=-3..0", -3, 0), ("a:i64", -(2**63), 2**63 - 1), ("a:u64", 0, 2**64 - 1), ("a:u32", 0, 2**32 - 1),
])  # fmt: skip
def test_bounds_are_reached_and_not_passed(text, low, high):
    layout = Layout(text)
    for value in (low, high):
        assert layout.unpack(layout.pack((value,))) == (value,)
    for value in (low - 1, high + 1):
        with pytest.raises(Invalid):
            layout.pack((value,))
        try:
            raw = struct.pack(layout.format, value)
        except struct.error:
            continue
        with pytest.raises(Invalid):
            layout.unpack(raw)
        with pytest.raises(Invalid):
            Layout(text + " t:text<=4").unpack(raw + b"\0\0")


@pytest.mark.parametrize("value", ["1", 1.0, None, b"\1", [1]])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(Invalid):
        Layout("a:u8").pack((value,))


def test_true_is_one():
    assert Layout("a:u8<=1").pack((True,)) == b"\1"


@pytest.mark.parametrize("value", [b"abcd", bytearray(b"abcd"), memoryview(b"abcd")])
@pytest.mark.parametrize("text", ["a:b4", "a:b4 b:bytes<=0", "a:bytes<=4"])
def test_bytes_come_in_every_kind(text, value):
    layout = Layout(text)
    assert layout.unpack(layout.pack((value, b"")[: len(layout.fields)]))[0] == b"abcd"


def test_a_view_of_wide_items_counts_its_bytes():
    wide = memoryview(bytes(8)).cast("I")
    assert len(wide) == 2
    with pytest.raises(Invalid):
        Layout("a:bytes<=4").pack((wide,))


@pytest.mark.parametrize(("text", "data"), [
    ("a:text<=4", b"\1\0\xff"), ("a:text<=4", b"\2\0\xc0\x80"), ("a:text<=4", b"\5\0abcde"), ("a:bytes<=4", b"\4\0abc"),
    ("a:bytes<=4", b"\4"), ("a:bytes<=4", b""), ("a:bytes<=4", b"\0\0x"), ("a:bytes<=4 b:u32", b"\0\0\1\2\3"),
])  # fmt: skip
def test_lengths_that_lie_are_refused(text, data):
    with pytest.raises(Invalid):
        Layout(text).unpack(data)


def test_half_a_character_is_refused():
    with pytest.raises(Invalid):
        Layout("a:text<=4").pack(("\ud800",))


@pytest.mark.parametrize("values", [(), (1,), (1, 2, 3)])
def test_another_number_of_values_is_refused(values):
    with pytest.raises(Invalid):
        Layout("a:u8 b:u8").pack(values)


@pytest.mark.parametrize("ring", [bus, mailbox, smc, syscall])
def test_each_call_of_a_ring_has_a_number_a_name_and_callers_of_its_own(ring):
    assert len({one.op for one in ring.CALLS}) == len({one.name for one in ring.CALLS}) == len(ring.CALLS)
    listed = [value for value in vars(ring).values() if isinstance(value, Call)]
    assert set(listed) == set(ring.CALLS)
    assert all(0 < one.op < 256 and one.callers and one.about for one in ring.CALLS)


def largest(layout):
    """Bytes of the largest message body of `layout`."""
    return layout.size + sum(field.high for field in layout.fields if field.is_open)


@pytest.mark.parametrize("one", CALLS, ids=lambda one: one.name)
def test_the_largest_message_of_a_call_fits(one):
    assert 2 + largest(one.arguments) <= LIMIT
    assert 2 + largest(one.result) <= LIMIT


def test_the_largest_refusal_fits():
    assert 2 + largest(call.WHY) <= LIMIT


ADD = Call(1, "add", "a:u8 b:u8", "sum:u8")
SHOUT = Call(2, "shout", "text:text<=20", "text:text<=10")
PAIR = Call(3, "pair", "", "a:u8 b:u8")
QUIET = Call(4, "quiet", "", "", ("friend",))
SLOW = Call(5, "slow", "n:u8", "n:u8")
FAIL = Call(6, "fail", "code:u8")
HUGE = Call(7, "huge", "", "a:bytes<=4000 b:bytes<=4000")


class Ring:
    """A ring of little use, and what its gate saw."""

    def __init__(self, caller="friend"):
        self.seen = []
        self.fault = None
        table = {
            ADD: lambda a, b: a + b, SHOUT: lambda text: text.upper(), PAIR: lambda: (1, 2), QUIET: lambda: None,
            SLOW: lambda n: LATER, FAIL: self.fail, HUGE: lambda: (bytes(4000), bytes(4000)),
        }  # fmt: skip
        self.gate = Gate("ring", caller, table, self.observe, version=7)
        self.port = Port(self.gate)

    def fail(self, code):
        raise self.fault

    def observe(self, caller, call, arguments, fault):
        self.seen.append((caller, call and call.name, arguments, type(fault).__name__ if fault else None))


@pytest.fixture
def ring():
    return Ring()


def test_a_call_crosses_with_none_one_or_many_results(ring):
    assert ring.port.call(QUIET) is None
    assert ring.port.call(ADD, 2, 3) == 5
    assert ring.port.call(PAIR) == (1, 2)
    assert ring.port.call(SHOUT, "é") == "É"
    assert ring.seen[1] == ("friend", "add", (2, 3), None)


def test_a_gate_describes_itself(ring):
    assert ring.port.describe() == (7, bytes(range(8)))
    assert DESCRIBE.op == 0


def test_every_fault_crosses_as_itself_with_its_reasons(ring):
    for kind in fault.ALL:
        ring.fault = kind("why", "inner", "rule.x", "policy y", "remedy z")
        with pytest.raises(kind) as caught:
            ring.port.call(FAIL, 0)
        assert type(caught.value) is kind
        met = caught.value
        assert (met.reason, met.ring, met.rule, met.policy, met.remedy) == ("why", "inner", "rule.x", "policy y", "remedy z")


def test_a_fault_without_a_ring_is_this_rings(ring):
    ring.fault = Full("full")
    with pytest.raises(Full) as caught:
        ring.port.call(FAIL, 0)
    assert caught.value.ring == "ring"


def test_a_fault_without_a_number_is_no_success(ring):
    ring.fault = Fault("nameless")
    with pytest.raises(Internal):
        ring.port.call(FAIL, 0)


@given(st.text(min_size=1, max_size=8), st.integers(1, 600))
def test_a_long_reason_is_cut_at_a_character(text, times):
    long = text * times
    ring = Ring()
    ring.fault = Denied(long, long, long, long, long)
    with pytest.raises(Denied) as caught:
        ring.port.call(FAIL, 0)
    met = caught.value
    for part, field in zip((met.reason, met.ring, met.rule, met.policy, met.remedy), call.WHY.fields):
        assert long.startswith(part)
        assert part == long or field.high - 3 <= len(part.encode()) <= field.high


def test_the_wrong_caller_is_denied_and_told_who_may(ring):
    with pytest.raises(Denied) as caught:
        Ring("stranger").port.call(QUIET)
    assert caught.value.policy == "quiet callers=friend"
    assert caught.value.rule == "gate.caller"


def test_an_unknown_number_is_refused_before_anything(ring):
    with pytest.raises(Unknown):
        ring.port.call(Call(99, "nothing"))
    assert ring.seen == [("friend", None, (), "Unknown")]


@given(st.binary(max_size=40))
def test_any_request_gets_a_reply_with_its_sequence_number(request):
    ring = Ring()
    ring.fault = Full()
    reply = ring.gate(request)
    if reply is None:
        assert request[0] == SLOW.op
        reply = ring.gate.complete(1)
    assert reply[1] == (request[1] if len(request) > 1 else 0)
    if reply[0]:
        call.WHY.unpack(reply[2:])
    assert len(ring.seen) == 1


@pytest.mark.parametrize("size", [0, 1, LIMIT + 1])
def test_a_message_of_no_lawful_length_is_refused_and_seen(ring, size):
    reply = ring.gate(b"\2" * size)
    assert reply[0] == Invalid.code
    assert reply[1] == (2 if size > 1 else 0)
    assert ring.seen == [("friend", None, (), "Invalid")]


def test_a_result_that_does_not_fit_is_the_rings_defect(ring):
    with pytest.raises(Internal):
        ring.port.call(ADD, 200, 100)
    with pytest.raises(Internal):
        ring.port.call(SHOUT, "x" * 11)
    with pytest.raises(Internal):
        ring.port.call(HUGE)
    assert [seen[3] for seen in ring.seen] == ["Internal"] * 3


def test_an_answer_put_off_comes_once(ring):
    request = ring.port.request(SLOW, (3,))
    assert ring.gate(request) is None
    assert ring.gate.is_waiting
    assert ring.seen == []
    assert ring.port.result(SLOW, ring.gate.complete(9)) == 9
    assert not ring.gate.is_waiting
    with pytest.raises(Internal):
        ring.gate.complete(9)


def test_an_answer_put_off_may_be_a_refusal(ring):
    ring.gate(ring.port.request(SLOW, (3,)))
    with pytest.raises(Full):
        ring.port.result(SLOW, ring.gate.complete(fault=Full("no room")))
    assert ring.seen == [("friend", "slow", (3,), "Full")]


def test_an_answer_put_off_that_does_not_fit_is_still_an_answer(ring):
    ring.gate(ring.port.request(SLOW, (3,)))
    with pytest.raises(Internal):
        ring.port.result(SLOW, ring.gate.complete(300))


def test_nothing_else_is_asked_while_an_answer_is_put_off(ring):
    first = ring.port.request(SLOW, (3,))
    ring.gate(first)
    with pytest.raises(OutOfOrder):
        Port(ring.gate).call(ADD, 1, 1)
    assert ring.port.result(SLOW, ring.gate.complete(9)) == 9


@pytest.mark.parametrize("reply", [b"", b"\0"])
def test_no_reply_is_a_closed_link(reply):
    with pytest.raises(Closed):
        Port(lambda request: reply).call(ADD, 1, 1)


def test_a_reply_to_something_else_is_refused():
    with pytest.raises(Internal):
        Port(lambda request: bytes((0, request[1] ^ 1, 5))).call(ADD, 1, 1)


@given(st.binary(max_size=40))
def test_a_malformed_reply_is_never_the_callers_fault(body):
    def link(request):
        return bytes((body[0] if body else 0, request[1])) + body[1:]

    try:
        result = Port(link).call(ADD, 1, 1)
    except Fault as met:
        assert isinstance(met, Internal) or len(body) >= 11
    else:
        assert body == bytes((0, result))


def test_sequence_numbers_go_round(ring):
    for number in range(600):
        assert ring.port.call(ADD, number & 15, 0) == number & 15


@pytest.mark.parametrize("table", [{DESCRIBE: print}, {ADD: print, Call(1, "other"): print}, {Call(256, "far"): print}])
def test_a_gate_with_two_calls_of_one_number_is_not_made(table):
    with pytest.raises(ValueError, match="number"):
        Gate("ring", "friend", table)


def test_a_field_knows_its_width():
    assert [Field(text).width for text in ("a:u8", "a:i64", "a:b20", "a:text<=9")] == [1, 8, 20, 2]
