"""Calls: the operations one ring offers the ring outside it, and the two sides of a gate.

A request is  op, seq, arguments;  a reply is  status, seq, result.  Status 0 is success, any other
number is a fault (`wire.fault`) and the result is then its reason.  A message is at most LIMIT
bytes.  Values are laid out little-endian by a `Layout`; decoding is strict, so a message that is
short, long, out of bounds or of an unknown call is refused before any effect.
"""

from __future__ import annotations

import struct

from .fault import FAULTS, Closed, Denied, Fault, Internal, Invalid, Unknown

LIMIT = 4096  # bytes in one message, header included
BULK = 4000  # bytes of bulk data one call may carry, leaving room for every other field

INTEGERS = {
    "u8": ("B", 0, 0xFF),
    "u16": ("H", 0, 0xFFFF),
    "u32": ("I", 0, 0xFFFF_FFFF),
    "u64": ("Q", 0, 0xFFFF_FFFF_FFFF_FFFF),
    "i32": ("i", -0x8000_0000, 0x7FFF_FFFF),
    "i64": ("q", -0x8000_0000_0000_0000, 0x7FFF_FFFF_FFFF_FFFF),
}


class Field:
    """One value of a layout: its name, its kind and its bounds.

    Text forms: `pin:u16<=95` (integer, upper bound), `slot:u8=1..4` (both bounds), `digest:b32`
    (exactly 32 bytes), `data:bytes<=4000` and `name:text<=64` (a u16 length, then the bytes; text
    is UTF-8 and the bound counts bytes).
    """

    def __init__(self, text):
        self.name, kind = text.split(":")
        self.low, self.high = 0, 0
        if "<=" in kind:
            kind, high = kind.split("<=")
            self.high = int(high)
        elif "=" in kind:
            kind, bounds = kind.split("=")
            low, high = bounds.split("..")
            self.low, self.high = int(low), int(high)
        self.kind = kind
        self.size = int(kind[1:]) if kind[0] == "b" and kind != "bytes" else 0
        self.is_open = kind in ("bytes", "text")
        self.code = "H" if self.is_open else str(self.size) + "s" if self.size else ""
        if not self.code:
            self.code, low, high = INTEGERS[kind]
            self.low = self.low or low
            self.high = self.high or high

    def check(self, value):
        """Raise Invalid unless `value` may be packed here."""
        if self.is_open or self.size:
            want = str if self.kind == "text" else (bytes, bytearray, memoryview)
            if not isinstance(value, want):
                raise Invalid(self.name + " has the wrong type")
            length = len(value.encode()) if self.kind == "text" else len(value)
            if length != self.size if self.size else length > self.high:
                raise Invalid(self.name + " has a wrong length: " + str(length))
        elif not isinstance(value, int):
            raise Invalid(self.name + " is not a number")
        elif not self.low <= value <= self.high:
            raise Invalid(self.name + " is out of bounds: " + str(value))


class Layout:
    """How a tuple of values is laid out in bytes; `text` is fields separated by spaces."""

    def __init__(self, text):
        self.text = text
        self.fields = [Field(part) for part in text.split()]
        self.is_open = any([field.is_open for field in self.fields])
        self.format = "<" + "".join([field.code for field in self.fields])
        self.size = struct.calcsize(self.format)
        # Only what struct does not itself guarantee is checked after unpacking.
        self.bounded = [
            (at, field)
            for at, field in enumerate(self.fields)
            if field.code in "BHIQiq" and (field.low, field.high) != _range(field.code)
        ]

    def pack(self, values):
        """The bytes of `values`. Raises Invalid if one does not fit its field."""
        if len(values) != len(self.fields):
            raise Invalid("wrong number of values: " + str(len(values)))
        for field, value in zip(self.fields, values):
            field.check(value)
        if not self.is_open:
            return struct.pack(self.format, *values)
        parts = bytearray()
        for field, value in zip(self.fields, values):
            if field.is_open:
                body = value.encode() if field.kind == "text" else bytes(value)
                parts.extend(struct.pack("<H", len(body)))
                parts.extend(body)
            else:
                parts.extend(struct.pack("<" + field.code, value))
        return bytes(parts)

    def unpack(self, data):
        """The values in `data`, as a tuple. Raises Invalid unless `data` is exactly one of ours."""
        if not self.is_open:
            if len(data) != self.size:
                raise Invalid("wrong length: " + str(len(data)))
            values = struct.unpack(self.format, data)
            for at, field in self.bounded:
                if not field.low <= values[at] <= field.high:
                    field.check(values[at])
            return values
        return self._unpack_open(data)

    def _unpack_open(self, data):
        values, at = [], 0
        for field in self.fields:
            size = struct.calcsize("<" + field.code)
            if at + size > len(data):
                raise Invalid(field.name + " is missing")
            (value,) = struct.unpack("<" + field.code, bytes(data[at : at + size]))
            at += size
            if field.is_open:
                if value > field.high or at + value > len(data):
                    raise Invalid(field.name + " has a lying length: " + str(value))
                body = bytes(data[at : at + value])
                at += value
                value = _text(field.name, body) if field.kind == "text" else body
            elif not field.size:
                field.check(value)
            values.append(value)
        if at != len(data):
            raise Invalid("trailing bytes: " + str(len(data) - at))
        return tuple(values)


def _range(code):
    for known, low, high in INTEGERS.values():
        if known == code:
            return low, high


def _text(name, body):
    try:
        return body.decode()
    except (UnicodeError, ValueError):
        raise Invalid(name + " is not UTF-8")


WHY = Layout("reason:text<=512 ring:text<=16 rule:text<=64 policy:text<=512 remedy:text<=512")


def _cut(text, limit):
    """`text` in at most `limit` bytes of UTF-8, cut at a character."""
    while len(text.encode()) > limit:
        text = text[: len(text) - 1 - (len(text.encode()) - limit) // 4]
    return text


class Call:
    """One operation: number, name, argument and result layouts, and the rings that may call it."""

    def __init__(self, op, name, arguments="", result="", callers=(), about=""):
        self.op = op
        self.name = name
        self.arguments = Layout(arguments)
        self.result = Layout(result)
        self.callers = callers
        self.about = about


DESCRIBE = Call(0, "describe", "", "version:u16 calls:bytes<=256", (), "Interface version and call numbers.")
LATER = object()  # a method returns this when its reply comes later, by Gate.complete


class Port:
    """The outer side of a gate. `link` takes one request (bytes) and returns its reply (bytes)."""

    def __init__(self, link):
        self._link = link
        self._seq = 0

    def call(self, call, *arguments):
        return self.result(call, self._link(self.request(call, arguments)))

    def request(self, call, arguments):
        self._seq = (self._seq + 1) & 0xFF
        return bytes((call.op, self._seq)) + call.arguments.pack(arguments)

    def result(self, call, reply):
        """The value of `reply`: None, the one value, or a tuple. Raises the fault it carries."""
        if len(reply) < 2:
            raise Closed(call.name + ": the other side is gone")
        if reply[1] != self._seq:
            raise Internal(call.name + ": a reply to another request")
        if reply[0]:
            raise FAULTS.get(reply[0], Internal)(*WHY.unpack(reply[2:]))
        values = call.result.unpack(reply[2:])
        return values if len(values) > 1 else values[0] if values else None

    def describe(self):
        """(interface version, call numbers as bytes) of the ring below."""
        return self.call(DESCRIBE)


class Gate:
    """The inner side: which method does which call, for one caller on one channel.

    `table` maps Call to a bound method taking the arguments and returning None, a value or a tuple.
    `caller` belongs to the channel, never to a message. `observe(caller, call, arguments, fault)`,
    where given, sees every crossing after it happened (fault is None on success).
    """

    def __init__(self, ring, caller, table, observe=None, version=1):
        self.ring = ring
        self.caller = caller
        self.observe = observe
        self._table = {call.op: (call, method) for call, method in table.items()}
        self._table[0] = (DESCRIBE, lambda: (version, bytes(sorted(self._table))))
        self._pending = None

    def __call__(self, request):
        """The reply to `request`, or None if it comes later. Never raises for a bad request."""
        if len(request) < 2 or len(request) > LIMIT:
            return self.refuse(0, Invalid("a message of " + str(len(request)) + " bytes"))
        seq, call, arguments = request[1], None, ()
        try:
            call, method = self._find(request[0])
            arguments = call.arguments.unpack(request[2:])
            values = method(*arguments)
            if values is LATER:
                self._pending = (call, seq, arguments)
                return None
            return self._success(call, seq, arguments, values)
        except Fault as fault:
            self._tell(call, arguments, fault)
            return self.refuse(seq, fault)

    def complete(self, values=None, fault=None):
        """The reply that was put off. Raises Internal if none was."""
        if self._pending is None:
            raise Internal("no call is waiting")
        call, seq, arguments = self._pending
        self._pending = None
        if fault is not None:
            self._tell(call, arguments, fault)
            return self.refuse(seq, fault)
        return self._success(call, seq, arguments, values)

    @property
    def is_waiting(self):
        """Whether a call's reply is still to come."""
        return self._pending is not None

    def refuse(self, seq, fault):
        """The reply that carries `fault`."""
        why = (fault.reason, fault.ring or self.ring, fault.rule, fault.policy, fault.remedy)
        body = WHY.pack([_cut(text, field.high) for text, field in zip(why, WHY.fields)])
        return bytes((fault.code, seq)) + body

    def _find(self, op):
        if op not in self._table:
            raise Unknown("call " + str(op), self.ring, "gate.table", remedy="see describe")
        call, method = self._table[op]
        if call.callers and self.caller not in call.callers:
            raise Denied(
                call.name + " is not for " + self.caller, self.ring, "gate.caller",
                call.name + " callers=" + ",".join(call.callers),
            )  # fmt: skip
        return call, method

    def _success(self, call, seq, arguments, values):
        if not isinstance(values, tuple):
            values = () if values is None else (values,)
        reply = bytes((0, seq)) + call.result.pack(values)
        self._tell(call, arguments, None)
        return reply

    def _tell(self, call, arguments, fault):
        if self.observe is not None:
            self.observe(self.caller, call, arguments, fault)  # call is None if there is no such call
