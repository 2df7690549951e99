"""HTTP/1.1: one request out, one response in, and nothing that two readers could see differently."""

import http.server
import socket
import threading
from typing import Any

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.wire.fault import Failed, Fault, Full, Invalid, OutOfOrder
from armillary.wire.http import ResponseParser, request

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def parse(data: bytes, step: int = 1 << 20, **options: Any) -> ResponseParser:
    parser = ResponseParser(**options)
    for at in range(0, len(data), step):
        parser.feed(data[at : at + step])
    return parser


def as_h11_sees_it(data: bytes, method: str = "GET") -> tuple[int, bytes] | None:
    """(status, body) of a whole response, or None if the other library does not see exactly one."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    connection.send(h11.EndOfMessage())
    status, body = 0, b""
    try:
        connection.receive_data(data)
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return (status, body) if not connection.trailing_data[0] else None
            elif event in (h11.NEED_DATA, h11.PAUSED) or isinstance(event, h11.ConnectionClosed):
                return None
    except h11.RemoteProtocolError:
        return None


words = st.text("abcdefghijklmnop-ABC019", min_size=1, max_size=12)
values = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)
bodies = st.binary(max_size=300)


@st.composite
def responses(draw: Any) -> tuple[bytes, int, dict[str, str], bytes]:
    """(bytes, status, header, body) of a good response of either framing."""
    status = draw(st.sampled_from([200, 201, 302, 404, 500, 599]))
    header = draw(st.dictionaries(words.map(lambda word: "x-" + word.lower()), values, max_size=5))
    body = draw(bodies)
    lines = b"HTTP/1.1 " + str(status).encode() + b" Fine\r\n"
    lines += b"".join([name.title().encode() + b": " + value.encode() + b" \r\n" for name, value in header.items()])
    if draw(st.booleans()):
        return lines + b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body, status, header, body
    lines += b"Transfer-Encoding: chunked\r\n\r\n"
    at = 0
    while at < len(body):
        size = draw(st.integers(1, len(body) - at))
        lines += b"%x\r\n" % size + body[at : at + size] + b"\r\n"
        at += size
    return lines + b"0\r\n" + (b"X-Sum: 1\r\n" if draw(st.booleans()) else b"") + b"\r\n", status, header, body


@given(responses(), st.integers(1, 400))
def test_a_response_in_any_pieces_is_the_same_as_another_library_sees(made: Any, step: int) -> None:
    data, status, header, body = made
    parser = parse(data, step)
    parser.end()
    assert (parser.is_complete, parser.status, parser.body) == (True, status, body)
    assert {name: value for name, value in parser.headers.items() if name.startswith("x-")} == header
    assert as_h11_sees_it(data) == (status, body)


@given(responses(), st.data())
def test_a_changed_response_is_refused_or_seen_as_another_library_sees_it(made: Any, draw: st.DataObject) -> None:
    data = bytearray(made[0])
    for _ in range(draw.draw(st.integers(1, 3))):
        at = draw.draw(st.integers(0, len(data) - 1))
        piece = draw.draw(st.one_of(st.binary(max_size=2), st.sampled_from([b"\n", b"\r", b" ", b"\r\n", b",", b"0", b"\x00"])))
        data[at : at + draw.draw(st.integers(0, 2))] = piece
        if not data:
            return
    try:
        parser = parse(bytes(data))
    except Fault:
        return
    if parser.is_complete and parser.status not in (204, 304):
        assert as_h11_sees_it(bytes(data)) == (parser.status, parser.body)


@given(responses(), st.data())
def test_a_response_cut_short_is_never_complete(made: Any, draw: st.DataObject) -> None:
    data = made[0][: draw.draw(st.integers(0, len(made[0]) - 1))]
    parser = parse(data)
    assert not parser.is_complete
    with pytest.raises(Failed, match="ended within"):
        parser.end()


@given(st.binary(max_size=300))
def test_junk_gives_no_other_exception(data: bytes) -> None:
    try:
        assert not parse(data).is_complete
    except (Failed, Full):
        pass


L = b"Content-Length: 2\r\n"
BAD = {
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
    "two different lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab",
    "list of lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nab",
    "length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two codings": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "gzip, chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "identity": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
    "space before the colon": b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nab",
    "folded field": b"HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 2\r\n\r\nab",
    "folded length": b"HTTP/1.1 200 OK\r\nContent-Length:\r\n 2\r\n\r\nab",
    "bare LF": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nab",
    "one bare LF": b"HTTP/1.1 200 OK\r\nX-A: b\nContent-Length: 2\r\n\r\nab",
    "bare CR": b"HTTP/1.1 200 OK\r\nX-A: b\rc\r\nContent-Length: 2\r\n\r\nab",
    "NUL in a field": b"HTTP/1.1 200 OK\r\nX-A: b\x00\r\nContent-Length: 2\r\n\r\nab",
    "not ASCII": b"HTTP/1.1 200 OK\r\nX-A: \xff\r\nContent-Length: 2\r\n\r\nab",
    "field without a name": b"HTTP/1.1 200 OK\r\n: b\r\nContent-Length: 2\r\n\r\nab",
    "line without a colon": b"HTTP/1.1 200 OK\r\nnothing\r\nContent-Length: 2\r\n\r\nab",
    "signed length": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nab",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nab",
    "hexadecimal length": b"HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nab",
    "grouped length": b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\nab",
    "empty length": b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nab",
    "length of eleven digits": b"HTTP/1.1 200 OK\r\nContent-Length: 00000000002\r\n\r\nab",
    "no length": b"HTTP/1.1 200 OK\r\n\r\nab",
    "more than the length": b"HTTP/1.1 200 OK\r\n" + L + b"\r\nabc",
    "a second response": b"HTTP/1.1 200 OK\r\n" + L + b"\r\nabHTTP/1.1 200 OK\r\n",
    "body of 204": b"HTTP/1.1 204 No\r\n" + L + b"\r\nab",
    "bytes after 304": b"HTTP/1.1 304 No\r\n\r\nab",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n" + L + b"\r\nab",
    "HTTP/2": b"HTTP/2 200 OK\r\n" + L + b"\r\nab",
    "lower case": b"http/1.1 200 OK\r\n" + L + b"\r\nab",
    "status of two digits": b"HTTP/1.1 20 OK\r\n" + L + b"\r\nab",
    "status of letters": b"HTTP/1.1 2x0 OK\r\n" + L + b"\r\nab",
    "status 600": b"HTTP/1.1 600 OK\r\n" + L + b"\r\nab",
    "status without its space": b"HTTP/1.1 200\r\n" + L + b"\r\nab",
    "empty line first": b"\r\nHTTP/1.1 200 OK\r\n" + L + b"\r\nab",
    "switching": b"HTTP/1.1 101 S\r\n\r\n",
    "interim with a body": b"HTTP/1.1 100 C\r\n" + L + b"\r\nab",
    "too many interims": b"HTTP/1.1 100 C\r\n\r\n" * 5,
    "chunk of no size": CHUNKED + b"\r\n",
    "signed chunk": CHUNKED + b"+2\r\nab\r\n",
    "spaced chunk": CHUNKED + b"2 \r\nab\r\n",
    "0x chunk": CHUNKED + b"0x2\r\nab\r\n",
    "chunk extension": CHUNKED + b"2;a=b\r\nab\r\n0\r\n\r\n",
    "chunk with a bare LF": CHUNKED + b"2\nab\r\n",
    "chunk longer than it said": CHUNKED + b"2\r\nabc\r\n",
    "chunk of nine digits": CHUNKED + b"000000002\r\nab\r\n",
    "bad trailer": CHUNKED + b"0\r\nnothing\r\n\r\n",
    "bytes after the chunks": CHUNKED + b"0\r\n\r\nx",
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("step", [1, 1 << 20])
def test_what_could_be_read_in_two_ways_is_refused(name: str, step: int) -> None:
    with pytest.raises((Failed, OutOfOrder)):
        parse(BAD[name], step)


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nX-A: " + b"b" * 9000, b"x" * 9000, b"HTTP/1.1 200 OK\r\n" + b"X-A: bbbb\r\n" * 1000,
        b"HTTP/1.1 200 OK\r\n" + b"A:\r\n" * 65, b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
        CHUNKED + b"65\r\n", CHUNKED + b"64\r\n" + b"x" * 100 + b"\r\n1\r\n", CHUNKED + b"ffffffff\r\n", CHUNKED + b"0" * 100,
        CHUNKED + b"0\r\n" + b"X-A: bbbb\r\n" * 1000, b"HTTP/1.1 100 C\r\n" + b"A: bbbbbbbbbbbbbb\r\n" * 60 + b"\r\n" + b"HTTP/1.1 100 C\r\n" + b"A: " + b"b" * 8000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("step", [1, 1 << 20])
def test_a_response_beyond_the_limits_is_refused(data: bytes, step: int) -> None:
    with pytest.raises(Full):
        parse(data, step, most_body=100)


def test_after_a_fault_nothing_more_is_taken() -> None:
    parser = ResponseParser()
    with pytest.raises(Failed):
        parser.feed(b"nonsense\r\n")
    with pytest.raises(OutOfOrder):
        parser.feed(b"HTTP/1.1 200 OK\r\n")


def test_an_answer_to_head_and_one_without_content_have_no_body() -> None:
    head = parse(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", method="HEAD")
    assert head.is_complete and head.body == b""
    assert parse(b"HTTP/1.1 204 No\r\n\r\n").is_complete
    assert parse(b"HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n").is_complete


def test_an_interim_response_is_passed_over() -> None:
    parser = parse(b"HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\nHTTP/1.1 200 \r\nContent-Length: 1\r\n\r\nx")
    assert (parser.status, parser.body) == (200, b"x")
    assert "x-a" not in parser.headers


def test_whether_the_connection_stays_is_told() -> None:
    kept = parse(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    shut = parse(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    assert kept.is_kept_open and not shut.is_kept_open


def test_fields_given_twice_are_joined() -> None:
    assert parse(b"HTTP/1.1 200 OK\r\nVary: a\r\nvary: b\r\nContent-Length: 0\r\n\r\n").headers["vary"] == "a, b"


@given(words, st.lists(st.tuples(words.map(lambda word: "X-" + word), values), max_size=5), bodies)
def test_a_request_is_one_request_to_another_library(path: str, fields: list[tuple[str, str]], body: bytes) -> None:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(request("POST", "/" + path, "host.example", fields, body))
    event, seen = connection.next_event(), b""
    assert isinstance(event, h11.Request)
    assert (event.method, event.target) == (b"POST", b"/" + path.encode())
    assert [(name, value) for name, value in event.headers if name.startswith(b"x-")] == [
        (name.lower().encode(), value.encode()) for name, value in fields
    ]
    while isinstance(event := connection.next_event(), h11.Data):
        seen += bytes(event.data)
    assert isinstance(event, h11.EndOfMessage)
    assert seen == body and connection.trailing_data[0] == b""


@pytest.mark.parametrize(
    "arguments",
    [
        ("GET\r\n", "/", "a"), ("get", "/", "a"), ("", "/", "a"), ("G T", "/", "a"), ("GET", "", "a"), ("GET", "x", "a"),
        ("GET", "/ HTTP/1.1\r\nX: y", "a"), ("GET", "/a b", "a"), ("GET", "/\u00e9", "a"), ("GET", "/#a", "a"), ("GET", "/", ""),
        ("GET", "/", "a\r\nX: y"), ("GET", "/", "a/b"), ("GET", "/", "u@a"), ("GET", "/", "a", {"X\r\nY": "z"}), ("GET", "/", "a", {"": "z"}),
        ("GET", "/", "a", {"X": "y\r\nZ: a"}), ("GET", "/", "a", {"X": " y"}), ("GET", "/", "a", {"X": "\x7f"}), ("GET", "/", "a", {"X": "\u00e9"}),
        ("GET", "/", "a", {"Host": "b"}), ("GET", "/", "a", {"content-length": "1"}), ("GET", "/", "a", {"Transfer-Encoding": "chunked"}),
    ],
)  # fmt: skip
def test_what_would_not_stay_one_request_is_invalid(arguments: Any) -> None:
    with pytest.raises(Invalid):
        request(*arguments)


class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("X-Path", self.path)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        pass


def test_a_real_server_answers() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), Echo) as server:
        worker = threading.Thread(target=server.handle_request)
        worker.start()
        parser = ResponseParser("POST")
        with socket.create_connection(server.server_address) as line:
            line.sendall(request("POST", "/echo?a=b", "127.0.0.1", {"X-A": "b"}, b"hello" * 1000))
            while not parser.is_complete:
                parser.feed(line.recv(999))
        worker.join()
    assert (parser.status, parser.headers["x-path"], parser.body) == (200, "/echo?a=b", b"hello" * 1000)
