"""States as plain values: what a block may have in one, checked before any of it is believed.

A kind is a function that takes a value and returns it, copied, or raises BadState with the place inside it. The
same kinds make the state that is saved, so what a block holds and what it takes cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

SHOWN = 40  # characters of a value that a refusal shows

Kind = Callable[[object], Any]


class BadState(ValueError):
    """The state is none that the chip can be in. `offset` is where in the file that shows."""

    def __init__(self, reason: str, offset: int | None = None) -> None:
        super().__init__(reason if offset is None else f"{reason}, at offset {offset:#x}")
        self.reason = reason
        self.offset = offset


def whole(most: int, least: int = 0) -> Kind:
    """A whole number from `least` to `most`."""

    def kind(value: object) -> int:
        if type(value) is not int or not least <= value <= most:
            raise BadState(f"{_shown(value)} is no whole number from {least} to {most}")
        return value

    return kind


def flag(value: object) -> bool:
    """True or False."""
    if type(value) is not bool:
        raise BadState(f"{_shown(value)} is neither true nor false")
    return value


def text(most: int) -> Kind:
    """Text of at most `most` characters."""

    def kind(value: object) -> str:
        if type(value) is not str or len(value) > most:
            raise BadState(f"{_shown(value)} is no text of at most {most} characters")
        return value

    return kind


def octets(most: int) -> Kind:
    """At most `most` bytes."""

    def kind(value: object) -> bytes:
        if not isinstance(value, (bytes, bytearray, memoryview)) or len(value) > most:
            raise BadState(f"{_shown(value)} is not at most {most} bytes")
        return bytes(value)

    return kind


def one_of(*names: object) -> Kind:
    """One of some values."""

    def kind(value: object) -> object:
        if not any(type(value) is type(name) and value == name for name in names):
            raise BadState(f"{_shown(value)} is none of {', '.join(map(str, names))}")
        return value

    return kind


def optional(other: Kind) -> Kind:
    """None, or what `other` takes."""
    return lambda value: None if value is None else other(value)


def items(each: Kind, most: int) -> Kind:
    """A list of at most `most`."""

    def kind(value: object) -> list[Any]:
        if not isinstance(value, (list, tuple)) or len(value) > most:
            raise BadState(f"{_shown(value)} is no list of at most {most}")
        return [_inside(f"[{number}]", each, item) for number, item in enumerate(value)]

    return kind


def row(*kinds: Kind) -> Kind:
    """One value of each kind, in order: a tuple."""

    def kind(value: object) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)) or len(value) != len(kinds):
            raise BadState(f"{_shown(value)} is no list of {len(kinds)}")
        return tuple(_inside(f"[{number}]", each, item) for number, (each, item) in enumerate(zip(kinds, value, strict=True)))

    return kind


def table(key: Kind, each: Kind, most: int) -> Kind:
    """A map with at most `most` keys."""

    def kind(value: object) -> dict[Any, Any]:
        if not isinstance(value, dict) or len(value) > most:
            raise BadState(f"{_shown(value)} is no map of at most {most}")
        return {_inside("", key, name): _inside(f"[{_shown(name)}]", each, item) for name, item in value.items()}

    return kind


def record(kinds: Mapping[str, Kind]) -> Kind:
    """A map with exactly these keys."""

    def kind(value: object) -> dict[str, Any]:
        if not isinstance(value, dict) or set(value) != set(kinds):
            given = sorted(map(str, value)) if isinstance(value, dict) else _shown(value)
            raise BadState(f"{given!s:.200} instead of the keys {', '.join(kinds)}")
        return {name: _inside("." + name, each, value[name]) for name, each in kinds.items()}

    return kind


def _inside(place: str, kind: Kind, value: object) -> Any:
    """`kind` of a value inside another: a refusal says where."""
    try:
        return kind(value)
    except BadState as bad:
        separator = "" if bad.reason[:1] in "[." else ": "
        raise BadState(place + separator + bad.reason) from None


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= SHOWN else shown[:SHOWN] + "..."


BYTE, HALF, WORD = whole(0xFF), whole(0xFFFF), whole(0xFFFF_FFFF)
TIME = whole((1 << 63) - 1)  # ticks
