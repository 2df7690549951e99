"""Decisions in plain Python, by two halves as in C (`common/decision.h`).

Each looks at its data, then at the data's complement, and only the sum of what both found is ACCEPT.
Python moves too many bytes for a promise against faults; the shape is the same, and so are the answers.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    Data = bytes | bytearray | memoryview

ACCEPT = 0x5A3C96C5
REJECT = 0xA5C3963A
FIRST, SECOND = 0x13579BDF, ACCEPT - 0x13579BDF  # what each half adds; neither says anything alone
WORD = 0xFFFFFFFFFFFFFFFF


def _sum(is_first: bool, is_second: bool) -> int:
    found = (FIRST if is_first else 0) + (SECOND if is_second else 0)
    return ACCEPT if found == ACCEPT and is_first and is_second else REJECT


def decision_equal(a: Data, b: Data) -> int:
    """ACCEPT if `a` and `b` are equal, else REJECT."""
    if len(a) != len(b):
        return REJECT
    difference, sameness = 0, 0xFF
    for x, y in zip(a, b):
        difference |= x ^ y
    for x, y in zip(a, b):
        sameness &= x ^ ~y & 0xFF
    return _sum(difference == 0, sameness == 0xFF)


def decision_at_least(value: int, floor: int) -> int:
    """ACCEPT if `value` is not below `floor`; both of 64 bits. Raises OverflowError otherwise."""
    _check((value, floor), WORD)
    return _sum(value >= floor, value ^ WORD <= floor ^ WORD)


def decision_is(state: int, wanted: int) -> int:
    """ACCEPT if `state` is `wanted`; both of 32 bits. Raises OverflowError otherwise."""
    _check((state, wanted), 0xFFFFFFFF)
    return _sum(state == wanted, state ^ wanted ^ 0xFFFFFFFF == 0xFFFFFFFF)


def decision_both(first: int, second: int) -> int:
    """ACCEPT if both verdicts are."""
    _check((first, second), 0xFFFFFFFF)
    return _sum(first == ACCEPT, second == ACCEPT)


def _check(numbers: tuple[int, int], most: int) -> None:
    for number in numbers:
        if not 0 <= number <= most:
            raise OverflowError("a number of more bits than a decision takes")
