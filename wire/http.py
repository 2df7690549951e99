"""HTTP/1.1 for a client: one request as bytes, one response from bytes.

RFC 9112, and of its choices always the strict one: where two readers could see two messages, this
one sees none. A response's end is told by a length or by chunks, never by the end of the line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .fault import Failed, Full, Invalid, OutOfOrder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TOKEN = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
OURS = ("host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te", "trailer")
MOST_HEADER = 8192  # bytes of status line and header fields
MOST_FIELDS = 64
MOST_BODY = 1 << 20
MOST_LENGTH = 10  # digits of a length
MOST_INTERIM = 4  # responses of the 1xx kind before the real one

START, FIELDS, LENGTH, CHUNK_SIZE, CHUNK, CHUNK_END, TRAILER, DONE = range(8)
LINES = {  # what a line means in each state that is made of lines
    START: "_on_status",
    FIELDS: "_on_field",
    CHUNK_SIZE: "_on_chunk_size",
    CHUNK_END: "_on_chunk_end",
    TRAILER: "_on_trailer",
}


def request(
    method: str,
    path: str,
    host: str,
    headers: Mapping[str, str] | Sequence[tuple[str, str]] = (),
    body: bytes = b"",
    keep_open: bool = False,
) -> bytes:
    """The bytes of a request. `path` is everything from the first slash; fields about the message's
    own framing are made here and refused in `headers`. Raises Invalid for what would not stay one request."""
    if not is_token(method) or method != method.upper():
        raise Invalid("not a method: " + repr(method))
    if path[:1] != "/" or not all(["!" <= letter <= "~" for letter in path]) or "#" in path:
        raise Invalid("not a path: " + repr(path))
    if not host or not all(["!" <= letter <= "~" and letter not in "/?#@\\" for letter in host]):
        raise Invalid("not a host: " + repr(host))
    pairs = list(headers.items()) if hasattr(headers, "items") else list(headers)
    lines = [method + " " + path + " HTTP/1.1", "Host: " + host]
    lines += [_field(name, value) for name, value in pairs]
    lines.append("Connection: " + ("keep-alive" if keep_open else "close"))
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append("Content-Length: " + str(len(body)))
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + bytes(body)


def _field(name: str, value: str) -> str:
    if not is_token(name) or name.lower() in OURS:
        raise Invalid("not a header field of the caller's: " + repr(name))
    if value != value.strip() or not all([" " <= letter <= "~" or letter == "\t" for letter in value]):
        raise Invalid("a value that does not fit in field " + name)
    return name + ": " + value


def is_token(text: str) -> bool:
    """Whether `text` is a token (RFC 9110, section 5.6.2)."""
    return bool(text) and all([letter in TOKEN for letter in text])


class ResponseParser:
    """Takes a response in pieces. `method` is that of the request: an answer to HEAD has no body.

    `status` is 0 until its line came; `headers` (names in lower case) and `body` are what came so
    far, and mean something once `is_complete`. `feed` raises Failed for a malformed response and Full for one beyond the limits;
    after that, and after the end, it raises OutOfOrder for any more bytes.
    """

    def __init__(self, method: str = "GET", most_body: int = MOST_BODY, most_header: int = MOST_HEADER) -> None:
        self.status = 0
        self.reason = ""
        self.headers: dict[str, str] = {}
        self._method = method
        self._most_body, self._most_header = most_body, most_header
        self._body = bytearray()
        self._in = bytearray()
        self._at = 0  # how much of it is used up
        self._state = START
        self._want = 0  # bytes still to come of the body or chunk
        self._header_size, self._fields, self._interim = 0, 0, 0
        self._is_broken = False

    @property
    def body(self) -> bytes:
        return bytes(self._body)

    @property
    def is_complete(self) -> bool:
        return self._state == DONE

    @property
    def is_kept_open(self) -> bool:
        """Whether the connection may carry another request."""
        return self.is_complete and self.headers.get("connection", "").lower() != "close"

    def feed(self, data: bytes) -> None:
        """Take bytes of the response."""
        if self._is_broken or (self.is_complete and data):
            raise OutOfOrder("bytes after the end of the response", "", "http.state")
        self._in.extend(data)
        self._is_broken = True  # until this piece has proved good
        while self._step():
            pass
        self._in, self._at = self._in[self._at :], 0
        if self.is_complete and self._in:
            raise _bad("bytes after the end of the response", "6.3")
        self._is_broken = False

    def end(self) -> None:
        """The connection has ended. Raises Failed unless the response is whole."""
        if not self.is_complete:
            raise _bad("the connection ended within the response", "8")

    def _step(self) -> bool:
        """Take what the present state wants; whether there may be more to do."""
        if self._state in (LENGTH, CHUNK):
            return self._take_body()
        if self._state == DONE:
            return False
        line = self._line()
        if line is None:
            return False
        getattr(self, LINES[self._state])(line)
        return True

    def _line(self) -> str | None:
        at = self._in.find(b"\n", self._at)
        size = (len(self._in) if at < 0 else at + 1) - self._at
        is_header = self._state in (START, FIELDS, TRAILER)
        room = self._most_header - self._header_size if is_header else 64
        if size > room:
            raise Full("a line or header beyond its limit", "", "http.limit", "most_header=" + str(self._most_header))
        if at < 0:
            return None
        line = bytes(self._in[self._at : at])
        self._at = at + 1
        if is_header:
            self._header_size += size
        if line[-1:] != b"\r" or not all([0x20 <= byte <= 0x7E or byte == 9 for byte in line[:-1]]):
            raise _bad("a line that does not end in CR LF, or with a byte that does not belong there", "2.2")
        return line[:-1].decode()

    def _on_status(self, line: str) -> None:
        version, _, rest = line.partition(" ")
        code, space, reason = rest.partition(" ")
        if version != "HTTP/1.1" or len(code) != 3 or not _is_digits(code) or not space or not "1" <= code[0] <= "5":
            raise _bad("not a status line of HTTP/1.1", "4")
        self.status, self.reason, self.headers, self._fields = int(code), reason, {}, 0
        self._state = FIELDS

    def _on_field(self, line: str) -> None:
        if not line:
            return self._on_end_of_header()
        name, value = self._split(line)
        if name in self.headers:
            if name in ("content-length", "transfer-encoding", "connection", "location"):
                raise _bad("field " + name + " given twice", "6.3")
            value = self.headers[name] + ", " + value
        self.headers[name] = value

    def _split(self, line: str) -> tuple[str, str]:
        name, colon, value = line.partition(":")
        self._fields += 1
        if not colon or not is_token(name):  # a leading space, the obsolete folding, is no token either
            raise _bad("not a header field", "5")
        if self._fields > MOST_FIELDS:
            raise Full("more than " + str(MOST_FIELDS) + " header fields", "", "http.limit")
        return name.lower(), value.strip(" \t")

    def _on_end_of_header(self) -> None:
        length, coding = self.headers.get("content-length"), self.headers.get("transfer-encoding")
        if length is not None and coding is not None:
            raise _bad("a length and chunks at once", "6.3")
        if length is not None and (not _is_digits(length) or len(length) > MOST_LENGTH):
            raise _bad("not a length", "6.3")
        if coding is not None and coding.lower() != "chunked":
            raise _bad("a transfer coding other than chunked", "6.1")
        if self.status < 200:
            return self._on_interim(length is not None or coding is not None)
        if self.status in (204, 304) or self._method == "HEAD":
            if self.status == 204 and (coding or length not in (None, "0")):
                raise _bad("a body where there must be none", "6.3")
            self._state = DONE
        elif coding is not None:
            self._state = CHUNK_SIZE
        elif length is not None:
            self._expect(int(length), LENGTH)
        else:
            raise _bad("a response that does not say how long it is", "6.3")

    def _on_interim(self, has_body: bool) -> None:
        self._interim += 1
        if has_body or self.status == 101 or self._interim > MOST_INTERIM:
            raise _bad("an interim response that does not belong here", "6.3")
        self.status, self._state = 0, START

    def _expect(self, length: int, state: int) -> None:
        if len(self._body) + length > self._most_body:
            raise Full(
                "a body of more than " + str(self._most_body) + " bytes", "", "http.limit",
                "most_body=" + str(self._most_body), "ask for less, or allow more",
            )  # fmt: skip
        self._want, self._state = length, state

    def _take_body(self) -> bool:
        piece = self._in[self._at : self._at + self._want]
        self._at += len(piece)
        self._body.extend(piece)
        self._want -= len(piece)
        if self._want:
            return False
        self._state = DONE if self._state == LENGTH else CHUNK_END
        return True

    def _on_chunk_size(self, line: str) -> None:
        # Chunk extensions are lawful, unused, and a way to hide bytes: refused.
        if not 1 <= len(line) <= 8 or not all([letter in "0123456789abcdefABCDEF" for letter in line]):
            raise _bad("not the size of a chunk", "7.1")
        size = int(line, 16)
        if size:
            self._expect(size, CHUNK)
        else:
            self._state = TRAILER

    def _on_chunk_end(self, line: str) -> None:
        if line:
            raise _bad("a chunk that is longer than it said", "7.1")
        self._state = CHUNK_SIZE

    def _on_trailer(self, line: str) -> None:
        if line:
            self._split(line)  # checked, and dropped: nothing may be said after the fact
        else:
            self._state = DONE


def _is_digits(text: str) -> bool:
    return bool(text) and all([letter in "0123456789" for letter in text])


def _bad(reason: str, section: str) -> Failed:
    return Failed(reason, "", "http.form", "RFC 9112 section " + section)
