"""JSON as RFC 8259 has it and nothing beside: a reader for what comes from outside.

Refused: a name given twice, anything after the value, comments, NaN, leading zeros, lone surrogates,
malformed UTF-8, a byte order mark, nesting deeper than MOST_DEPTH, numbers longer than MOST_DIGITS.
A whole number is an int, one with a fraction or an exponent a float.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import utf8
from .fault import Invalid, malformed

if TYPE_CHECKING:
    from typing import Any

MOST_DEPTH = 32
MOST_DIGITS = 40
SPACE = " \t\n\r"
DIGITS = "0123456789"
HEXADECIMAL = "0123456789abcdefABCDEF"
ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
WORDS = (("true", True), ("false", False), ("null", None))
INFINITE = float("inf")


def loads(data: bytes | str) -> Any:  # Any: JSON has no type until it is looked at
    """The value that `data` says. Raises Invalid, naming the offset in bytes of what is wrong."""
    text = utf8.decode(_encoded(data) if isinstance(data, str) else data, "JSON")
    reader = _Reader(text)
    reader.space()
    value = reader.value(0)
    reader.space()
    if reader.at != len(text):
        raise reader.refuse("something after the value")
    return value


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except (UnicodeError, ValueError):
        raise Invalid("JSON: half of a character", "", "json")


class _Reader:
    """A place in a text; each method reads one construct and moves past it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def refuse(self, reason: str) -> Invalid:
        offset = len(self.text[: self.at].encode())
        return malformed("JSON: " + reason, offset, "json")

    def peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def space(self) -> None:
        while self.at < len(self.text) and self.text[self.at] in SPACE:
            self.at += 1

    def value(self, depth: int) -> Any:
        letter = self.peek()
        if letter == '"':
            return self.string()
        if letter == "{" or letter == "[":
            if depth == MOST_DEPTH:
                raise self.refuse("nested too deeply")
            return self.object(depth + 1) if letter == "{" else self.array(depth + 1)
        if letter == "-" or letter and letter in DIGITS:
            return self.number()
        for word, value in WORDS:
            if self.text[self.at : self.at + len(word)] == word:
                self.at += len(word)
                return value
        raise self.refuse("no value")

    def object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self.more("}", not found):
            if self.peek() != '"':
                raise self.refuse("no name")
            start = self.at
            name = self.string()
            if name in found:
                self.at = start
                raise self.refuse("a name given twice")
            self.space()
            if self.peek() != ":":
                raise self.refuse("no colon")
            self.at += 1
            self.space()
            found[name] = self.value(depth)
        return found

    def array(self, depth: int) -> list[Any]:
        found: list[Any] = []
        while self.more("]", not found):
            found.append(self.value(depth))
        return found

    def more(self, closer: str, is_first: bool) -> bool:
        """Whether another member follows in the container that `closer` ends; moves to it, or past the end."""
        if is_first:
            self.at += 1
        self.space()
        letter = self.peek()
        if letter == closer:
            self.at += 1
            return False
        if not is_first:
            if letter != ",":
                raise self.refuse("no comma and no " + closer)
            self.at += 1
            self.space()
        return True

    def string(self) -> str:
        self.at += 1
        parts: list[str] = []
        while True:
            start = self.at
            while self.at < len(self.text) and self.text[self.at] not in '"\\' and self.text[self.at] >= " ":
                self.at += 1
            parts.append(self.text[start : self.at])
            letter = self.peek()
            if letter == '"':
                self.at += 1
                return "".join(parts)
            if letter != "\\":
                raise self.refuse("a control character in a string" if letter else "a string without end")
            parts.append(self.escape())

    def escape(self) -> str:
        kind = self.text[self.at + 1 : self.at + 2]
        if kind in ESCAPES:
            self.at += 2
            return ESCAPES[kind]
        if kind != "u":
            raise self.refuse("an unknown escape")
        high = self.unit()
        if not 0xD800 <= high <= 0xDFFF:
            return chr(high)
        if high >= 0xDC00 or self.text[self.at : self.at + 2] != "\\u":
            raise self.refuse("half of a character")
        low = self.unit()
        if not 0xDC00 <= low <= 0xDFFF:
            raise self.refuse("half of a character")
        return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))

    def unit(self) -> int:
        digits = self.text[self.at + 2 : self.at + 6]
        if len(digits) != 4 or not all([digit in HEXADECIMAL for digit in digits]):
            raise self.refuse("no four hexadecimal digits")
        self.at += 6
        return int(digits, 16)

    def digits(self) -> None:
        start = self.at
        while self.peek() and self.peek() in DIGITS:
            self.at += 1
        if self.at == start:
            raise self.refuse("no digit")

    def number(self) -> int | float:
        start = self.at
        if self.peek() == "-":
            self.at += 1
        first = self.at
        self.digits()
        if self.text[first] == "0" and self.at > first + 1:
            self.at = first
            raise self.refuse("a leading zero")
        is_whole = True
        if self.peek() == ".":
            is_whole = False
            self.at += 1
            self.digits()
        if self.peek() and self.peek() in "eE":
            is_whole = False
            self.at += 1
            if self.peek() and self.peek() in "+-":
                self.at += 1
            self.digits()
        return self._number(self.text[start : self.at], start, is_whole)

    def _number(self, text: str, start: int, is_whole: bool) -> int | float:
        if len(text) > MOST_DIGITS:
            self.at = start
            raise self.refuse("a number of " + str(len(text)) + " characters")
        if is_whole:
            return int(text)
        value = float(text)
        if value in (INFINITE, -INFINITE):
            self.at = start
            raise self.refuse("a number too large")
        return value
