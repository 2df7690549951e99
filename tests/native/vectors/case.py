"""What is asked of the engine and what must come of it, whoever published it."""

from __future__ import annotations

import pathlib
import re
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

AGENT = pathlib.Path(__file__).parent.parent / "agent"
OPERATIONS = {
    name: int(code)
    for code, name in re.findall(r"^OPERATION\((\d+), (\w+),", (AGENT / "operations.h").read_text(), re.MULTILINE)
}
DONE, REFUSED, UNFIT, UNKNOWN, DISAGREES, OVERRUN, CHANGED = range(7)
STATUS = ("done", "refused", "unfit", "unknown operation", "two ways disagree", "overrun", "argument changed")
ACCEPT, REJECT = 0x5A3C96C5, 0xA5C3963A  # common/verdict.h


class Case(NamedTuple):
    """One request, with the answer it must get; `answer` None: only the status counts."""

    source: str
    name: str
    operation: str
    arguments: tuple[bytes, ...]
    status: int
    answer: bytes | None

    def request(self) -> bytes:
        """The request in the form the agent reads."""
        parts = [struct.pack("<HH", OPERATIONS[self.operation], len(self.arguments))]
        for argument in self.arguments:
            parts += struct.pack("<I", len(argument)), argument
        body = b"".join(parts)
        return struct.pack("<I", len(body)) + body

    def wrong(self, status: int, answer: bytes) -> str:
        """What is wrong with this answer; empty if nothing is."""
        if status != self.status:
            return f"{STATUS[status]} instead of {STATUS[self.status]}"
        if self.answer is not None and answer != self.answer:
            return f"{answer.hex()} instead of {self.answer.hex()}"
        return ""


class Suite:
    """Cases gathered, and what of the published sets is not ours, counted by its reason."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.not_ours: Counter[tuple[str, str]] = Counter()

    def add(
        self, source: str, name: object, operation: str, *arguments: bytes, status: int = DONE, answer: bytes | None = None
    ) -> None:
        self.cases.append(Case(source, str(name), operation, arguments, status, answer))

    def skip(self, source: str, reason: str) -> None:
        """A case of a published set that asks for what the engine does not have."""
        self.not_ours[source, reason] += 1


def number(value: int) -> bytes:
    return struct.pack("<I", value)


def requests(cases: Sequence[Case]) -> bytes:
    return b"".join(case.request() for case in cases)


def answers(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The answers of an agent, each (status, bytes)."""
    at = 0
    while at < len(data):
        length, status = struct.unpack_from("<II", data, at)
        yield status, data[at + 8 : at + 4 + length]
        at += 4 + length


def failures(cases: Sequence[Case], data: bytes) -> list[str]:
    """What is wrong in the answers to all of `cases`; one line for what is missing or too much."""
    given = list(answers(data))
    found = [f"{len(given)} answers to {len(cases)} requests"] if len(given) != len(cases) else []
    for case, (status, answer) in zip(cases, given, strict=False):
        if problem := case.wrong(status, answer):
            found.append(f"{case.source}: {case.name}: {case.operation}: {problem}")
    return found
