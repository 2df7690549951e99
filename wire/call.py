"""Calls: the operations one ring offers the ring outside it, and the two sides of a gate.

A request is  op, seq, arguments;  a reply is  status, seq, result.  Status 0 is success, any other
number is a fault (`wire.fault`) and the result is then its reason.  A message is at most LIMIT
bytes.  Values are laid out little-endian by a `Layout`; decoding is strict, so a message that is
short, long, out of bounds or of an unknown call is refused before any effect.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from . import utf8
from .fault import FAULTS, Closed, Denied, Fault, Internal, Invalid, OutOfOrder, Unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any  # what a value is, its layout says

    Values = tuple[Any, ...]
    Observer = Callable[[str, "Call | None", Values, "Fault | None"], None]

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

    def __init__(self, text: str) -> None:
        self.name, kind = text.split(":")
        low: int | None = None
        high: int | None = None
        if "<=" in kind:
            kind, most = kind.split("<=")
            high = int(most)
        elif "=" in kind:
            kind, bounds = kind.split("=")
            least, most = bounds.split("..")
            low, high = int(least), int(most)
        self.kind = kind
        self.size = int(kind[1:]) if kind[0] == "b" and kind != "bytes" else 0
        self.is_open = kind in ("bytes", "text")
        self.code = "H" if self.is_open else str(self.size) + "s" if self.size else INTEGERS[kind][0]
        self.width = struct.calcsize("<" + self.code)
        self.pack, self.unpack = compiled("<" + self.code)
        least_of_kind, most_of_kind = INTEGERS[kind][1:] if kind in INTEGERS else (0, 0)
        self.low = least_of_kind if low is None else low
        self.high = most_of_kind if high is None else high
        self.is_bounded = kind in INTEGERS and (self.low, self.high) != (least_of_kind, most_of_kind)

    def check(self, value: Any) -> Any:
        """`value` as struct packs it: text and everything like bytes as bytes. Raises Invalid if it does not fit."""
        if self.is_open or self.size:
            body = self._body(value)
            if len(body) != self.size if self.size else len(body) > self.high:
                raise Invalid(self.name + " has a wrong length: " + str(len(body)))
            return body
        if not isinstance(value, (int, bool)):  # MicroPython's bool is no int
            raise Invalid(self.name + " is not a number")
        if not self.low <= value <= self.high:
            raise Invalid(self.name + " is out of bounds: " + str(value))
        return value

    def _body(self, value: Any) -> bytes:
        if not isinstance(value, str if self.kind == "text" else (bytes, bytearray, memoryview)):
            raise Invalid(self.name + " has the wrong type")
        if not isinstance(value, str):
            return bytes(value)
        try:
            return value.encode()
        except (UnicodeError, ValueError):
            raise Invalid(self.name + " has half of a character")


def compiled(format: str) -> tuple[Callable[..., bytes], Callable[[bytes], Values]]:
    """(pack, unpack) of a struct format; MicroPython has no compiled form of one."""
    if hasattr(struct, "Struct"):
        made = struct.Struct(format)
        return made.pack, made.unpack
    return lambda *values: struct.pack(format, *values), lambda data: struct.unpack(format, data)


class Layout:
    """How a tuple of values is laid out in bytes; `text` is fields separated by spaces."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.fields = [Field(part) for part in text.split()]
        self.is_open = any([field.is_open for field in self.fields])
        self.format = "<" + "".join([field.code for field in self.fields])
        self.size = struct.calcsize(self.format)
        # Only what struct does not itself guarantee is checked after unpacking.
        self.bounded = [(at, field) for at, field in enumerate(self.fields) if field.is_bounded]
        self.is_numbers = not [field for field in self.fields if field.is_open or field.size]
        self._pack, self._unpack = compiled(self.format)

    def pack(self, values: Sequence[Any]) -> bytes:
        """The bytes of `values`. Raises Invalid if one does not fit its field."""
        if len(values) != len(self.fields):
            raise Invalid("wrong number of values: " + str(len(values)))
        if not values:
            return b""
        if self.is_numbers:
            for field, value in zip(self.fields, values):
                if not (type(value) is int and field.low <= value <= field.high):
                    field.check(value)
            return self._pack(*values)
        checked = [field.check(value) for field, value in zip(self.fields, values)]
        if not self.is_open:
            return self._pack(*checked)
        parts = bytearray()
        for field, value in zip(self.fields, checked):
            parts.extend(field.pack(len(value) if field.is_open else value))
            if field.is_open:
                parts.extend(value)
        return bytes(parts)

    def unpack(self, data: bytes) -> Values:
        """The values in `data`, as a tuple. Raises Invalid unless `data` is exactly one of ours."""
        if not self.is_open:
            if len(data) != self.size:
                raise Invalid("wrong length: " + str(len(data)))
            values = self._unpack(data)
            for at, field in self.bounded:
                if not field.low <= values[at] <= field.high:
                    field.check(values[at])
            return values
        return self._unpack_open(data)

    def _unpack_open(self, data: bytes) -> Values:
        values: list[Any] = []
        at = 0
        for field in self.fields:
            end = at + field.width
            if end > len(data):
                raise Invalid(field.name + " is missing")
            (value,) = field.unpack(bytes(data[at:end]))
            at = end
            if field.is_open:
                at += value
                if value > field.high or at > len(data):
                    raise Invalid(field.name + " has a lying length: " + str(value))
                body = bytes(data[end:at])
                value = utf8.decode(body, field.name) if field.kind == "text" else body
            elif field.is_bounded:
                field.check(value)
            values.append(value)
        if at != len(data):
            raise Invalid("trailing bytes: " + str(len(data) - at))
        return tuple(values)


WHY = Layout("reason:text<=512 ring:text<=16 rule:text<=64 policy:text<=512 remedy:text<=512")


def cut(text: str, limit: int) -> str:
    """`text` in at most `limit` bytes of UTF-8, cut at a character."""
    over = len(text.encode()) - limit
    while over > 0:
        text = text[: len(text) - (over + 3) // 4]  # no character has more than 4 bytes
        over = len(text.encode()) - limit
    return text


class Call:
    """One operation: number, name, argument and result layouts, and the rings that may call it. The layouts are made
    when they are first asked for: a ring knows many calls, and boots with few."""

    def __init__(
        self, op: int, name: str, arguments: str = "", result: str = "", callers: tuple[str, ...] = (), about: str = ""
    ) -> None:
        self.op = op
        self.name = name
        self.callers = callers
        self.about = about
        self._texts = (arguments, result)
        self._arguments: Layout | None = None
        self._result: Layout | None = None

    @property
    def arguments(self) -> Layout:
        """What a request carries."""
        if self._arguments is None:
            self._arguments = Layout(self._texts[0])
        return self._arguments

    @property
    def result(self) -> Layout:
        """What a reply carries."""
        if self._result is None:
            self._result = Layout(self._texts[1])
        return self._result


DESCRIBE = Call(0, "describe", "", "version:u16 calls:bytes<=256", (), "Interface version and call numbers.")
LATER = object()  # a method returns this when its reply comes later, by Gate.complete


class Port:
    """The outer side of a gate. `link` takes one request (bytes) and returns its reply (bytes)."""

    def __init__(self, link: Callable[[bytes], bytes | None]) -> None:
        self._link = link
        self._seq = 0

    def call(self, call: Call, *arguments: Any) -> Any:
        """Do `call` and give its result: None, the one value, or a tuple. Raises the fault it meets."""
        self._seq = (self._seq + 1) & 0xFF
        return self.result(call, self._link(bytes((call.op, self._seq)) + call.arguments.pack(arguments)))

    def request(self, call: Call, arguments: Sequence[Any]) -> bytes:
        """The next request; the reply to it is for `result`. Raises Invalid if an argument does not fit."""
        self._seq = (self._seq + 1) & 0xFF
        return bytes((call.op, self._seq)) + call.arguments.pack(arguments)

    def result(self, call: Call, reply: bytes | None) -> Any:
        """The value of `reply`: None, the one value, or a tuple. Raises the fault it carries."""
        if reply is None or len(reply) < 2:
            raise Closed(call.name + ": the other side is gone")
        if reply[1] != self._seq:
            raise Internal(call.name + ": a reply to another request")
        try:
            values = (WHY if reply[0] else call.result).unpack(reply[2:])
        except Invalid as fault:
            raise Internal(call.name + ": a malformed reply: " + fault.reason)
        if reply[0]:
            raise FAULTS.get(reply[0], Internal)(*values)
        return values if len(values) > 1 else values[0] if values else None

    def describe(self) -> tuple[int, bytes]:
        """(interface version, call numbers as bytes) of the ring below."""
        version, calls = self.call(DESCRIBE)
        return version, calls


class Gate:
    """The inner side: which method does which call, for one caller on one channel.

    `table` maps Call to a bound method taking the arguments and returning None, a value or a tuple.
    `caller` belongs to the channel, never to a message. `observe(caller, call, arguments, fault)`,
    where given, sees every crossing after it happened (fault is None on success).
    """

    def __init__(
        self,
        ring: str,
        caller: str,
        table: dict[Call, Callable[..., Any]],
        observe: Observer | None = None,
        version: int = 1,
    ) -> None:
        self.ring = ring
        self.caller = caller
        self.observe = observe
        self._table: dict[int, tuple[Call, Callable[..., Any]]] = {}
        for call, method in table.items():
            if call.op in self._table or not 0 < call.op <= 0xFF:
                raise ValueError("two calls, or none, can have number " + str(call.op))
            self._table[call.op] = (call, method)
        self._table[0] = (DESCRIBE, lambda: (version, bytes(sorted(self._table))))
        self._lawful = {op: entry for op, entry in self._table.items() if self._may(entry[0])}
        self._pending: tuple[Call, int, Values] | None = None

    def __call__(self, request: bytes) -> bytes | None:
        """The reply to `request`, or None if it comes later. Never raises for a bad request."""
        seq = request[1] if len(request) > 1 else 0
        call: Call | None = None
        arguments: Values = ()
        try:
            if not 2 <= len(request) <= LIMIT:
                raise Invalid("a message of " + str(len(request)) + " bytes", self.ring, "gate.length")
            if self._pending is not None:
                raise OutOfOrder("the call before is not answered yet", self.ring, "gate.pending")
            op = request[0]
            if op not in self._lawful:
                call = self._table[op][0] if op in self._table else None
                raise self._unlawful(op)
            call, method = self._lawful[op]
            arguments = call.arguments.unpack(request[2:])
            values = method(*arguments)
            if values is LATER:
                self._pending = (call, seq, arguments)
                return None
            return self._success(call, seq, arguments, values)
        except Fault as fault:
            self._tell(call, arguments, fault)
            return self.refuse(seq, fault)

    def complete(self, values: Any = None, fault: Fault | None = None) -> bytes:
        """The reply that was put off: `values`, or a refusal. Raises Internal if none was."""
        if self._pending is None:
            raise Internal("no call is waiting")
        call, seq, arguments = self._pending
        self._pending = None
        try:
            if fault is not None:
                raise fault
            return self._success(call, seq, arguments, values)
        except Fault as met:
            self._tell(call, arguments, met)
            return self.refuse(seq, met)

    @property
    def is_waiting(self) -> bool:
        """Whether a call's reply is still to come."""
        return self._pending is not None

    def refuse(self, seq: int, fault: Fault) -> bytes:
        """The reply that carries `fault`."""
        why = (fault.reason, fault.ring or self.ring, fault.rule, fault.policy, fault.remedy)
        body = WHY.pack([cut(text, field.high) for text, field in zip(why, WHY.fields)])
        return bytes((fault.code or Internal.code, seq)) + body

    def _may(self, call: Call) -> bool:
        """Whether `call` is for this gate's caller."""
        return not call.callers or self.caller in call.callers

    def _unlawful(self, op: int) -> Fault:
        """Why call number `op` is not served here."""
        if op not in self._table:
            return Unknown("call " + str(op), self.ring, "gate.table", remedy="see describe")
        call = self._table[op][0]
        return Denied(
            call.name + " is not for " + self.caller, self.ring, "gate.caller",
            call.name + " callers=" + ",".join(call.callers),
        )  # fmt: skip

    def _success(self, call: Call, seq: int, arguments: Values, values: Any) -> bytes:
        if not isinstance(values, tuple):
            values = () if values is None else (values,)
        try:
            reply = bytes((0, seq)) + call.result.pack(values)
        except Invalid as fault:  # ours, not the caller's
            raise Internal(call.name + " has a result that does not fit: " + fault.reason)
        if len(reply) > LIMIT:
            raise Internal(call.name + " has a result of " + str(len(reply)) + " bytes")
        self._tell(call, arguments, None)
        return reply

    def _tell(self, call: Call | None, arguments: Values, fault: Fault | None) -> None:
        if self.observe is not None:
            self.observe(self.caller, call, arguments, fault)  # call is None if there is no such call
