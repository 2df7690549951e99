"""HTTP without sockets: a request in, a response out, and the order in which a request is judged.

`Door.admit` looks at the head alone: is there such a path, such a method, who calls, may the body be
this long. So a stranger's bytes are never gathered, let alone parsed, for a path that is not his.
`Door.answer` then reads the body and calls the rule. `Door.handle` is both, for callers in the same
process. Every error is {"error", "reason", "remedy"}.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import msgspec
from sqlalchemy import select

from . import certificates, refusals, tokens
from .core import Operator, Service
from .database import DEVICES
from .devices import ACTIVE
from .models import Body
from .refusals import (
    Forbidden,
    Malformed,
    Missing,
    Refused,
    TooLarge,
    Unauthenticated,
    Unprocessable,
    WrongType,
)

JSON, BINARY = "application/json", "application/octet-stream"
MOST_JSON = 64 * 1024
REALM = 'Bearer realm="armillary"'

STATUS: dict[type[Refused], int] = {
    refusals.Malformed: 400,
    refusals.Unauthenticated: 401,
    refusals.Forbidden: 403,
    refusals.Missing: 404,
    refusals.WrongMethod: 405,
    refusals.Slow: 408,
    refusals.Conflict: 409,
    refusals.TooLarge: 413,
    refusals.WrongType: 415,
    refusals.OutOfRange: 416,
    refusals.Unprocessable: 422,
    refusals.TooMany: 429,
}


@dataclass(frozen=True)
class Head:
    """What comes before the body. Header names are lower-case; `target` is the path and the query.

    `peer` is the client certificate that the transport verified, as DER.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    peer: bytes | None = None


READ = ("authorization", "content-length", "content-type", "range")


def make_head(method: str, target: bytes, headers: Iterable[tuple[bytes, bytes]], peer: bytes | None) -> Head:
    """A head as a transport has it. Raises Malformed for a target that is not ASCII, or a header that
    is there twice."""
    if not target.isascii():
        raise Malformed("path-malformed", "a path is ASCII")
    found: dict[str, str] = {}
    for raw, value in headers:
        name = raw.decode("latin-1").lower()
        if name in READ and name in found:
            raise Malformed("header-repeated", "the header " + name + " is there twice")
        if name in READ:
            found[name] = value.decode("latin-1")
    return Head(method, target.decode(), found, peer)


@dataclass(frozen=True)
class Request:
    head: Head
    body: bytes = b""


@dataclass(frozen=True)
class Response:
    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Call:
    """An admitted request, as a route's function takes it: the caller is an Operator, the id of a
    device, or nobody; `body` has the type that the route names."""

    operator: Operator | None
    device: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: object


@dataclass(frozen=True)
class Route:
    """One method of one path. `pattern` has `{name}` for a part that `path` of the call gets; `who`
    is "anyone", "operator" or "device"; `body` is a type of `models`, bytes, or None."""

    method: str
    pattern: str
    who: str
    run: Callable[[Service, Call], Response]
    body: type[Body] | type[bytes] | None = None
    query: tuple[str, ...] = ()
    limit: int = MOST_JSON


@dataclass(frozen=True)
class Admission:
    """A head that was let in. `limit` is how many bytes its body may have."""

    route: Route
    head: Head
    operator: Operator | None
    device: str
    path: tuple[str, ...]
    query: Mapping[str, str]

    @property
    def limit(self) -> int:
        return self.route.limit if self.route.body is not None else 0


class Door:
    """The routes of one service."""

    def __init__(self, service: Service, routes: tuple[Route, ...]) -> None:
        self._service = service
        self._routes = [(tuple(route.pattern.split("/")), route) for route in routes]

    def handle(self, request: Request) -> Response:
        """The response to a request. Never raises for anything in it."""
        try:
            admission = self.admit(request.head)
            if len(request.body) > admission.limit:
                raise too_long(admission.limit)
            return self.answer(admission, request.body)
        except Refused as refused:
            return refusal(refused)

    def admit(self, head: Head) -> Admission:
        """Judge a head. Raises Refused."""
        path, _, query = head.target.partition("?")
        route, parts = self._find(head.method, path)
        operator = self._operator(head) if route.who == "operator" else None
        device = self._device(head) if route.who == "device" else ""
        admission = Admission(route, head, operator, device, parts, _query(route, query))
        _check_body_head(admission)
        return admission

    def answer(self, admission: Admission, body: bytes) -> Response:
        """Read the body and do what is asked. Raises Refused."""
        call = Call(
            admission.operator, admission.device, admission.path, admission.query, admission.head.headers,
            _decode(admission.route, body),
        )  # fmt: skip
        return admission.route.run(self._service, call)

    def _find(self, method: str, path: str) -> tuple[Route, tuple[str, ...]]:
        parts, allowed = tuple(path.split("/")), []
        for pattern, route in self._routes:
            found = _match(pattern, parts)
            if found is not None:
                if route.method == method:
                    return route, found
                allowed.append(route.method)
        if allowed:
            raise refusals.WrongMethod(tuple(allowed))
        raise Missing("path-unknown", "there is nothing here")

    def _operator(self, head: Head) -> Operator:
        scheme, _, token = head.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated(
                "token-missing", "this needs an operator's token", "send Authorization: Bearer"
            )
        return tokens.authenticate(self._service, token.strip())

    def _device(self, head: Head) -> str:
        if head.peer is None:
            raise Forbidden(
                "certificate-missing", "this needs a device's certificate", "attest, then connect with it"
            )
        device = certificates.identify(self._service.keys.devices.certificate, head.peer, self._service.now())
        with self._service.database.read() as tx:
            state = tx.execute(select(DEVICES.c.state).where(DEVICES.c.id == device)).scalar_one_or_none()
        if state != ACTIVE:
            raise Forbidden("device-" + (state or "unclaimed"), "the device is " + (state or "unclaimed"))
        return device


PARTS = {
    "{device}": re.compile(r"[0-9a-f]{128}"),
    "{guid}": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
    "{token}": re.compile(r"[0-9a-f]{16}"),
    "{name}": re.compile(r"[A-Za-z0-9._~-]{1,64}"),
}


def _match(pattern: tuple[str, ...], parts: tuple[str, ...]) -> tuple[str, ...] | None:
    """The parts that stand for the pattern's names, or None. Nothing is decoded: a path with a
    percent sign in it matches nothing."""
    if len(pattern) != len(parts):
        return None
    found = []
    for expected, part in zip(pattern, parts):
        if expected in PARTS:
            if not PARTS[expected].fullmatch(part):
                return None
            found.append(part)
        elif expected != part:
            return None
    return tuple(found)


def _query(route: Route, text: str) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=bool(text), max_num_fields=8, errors="strict"
        )
    except ValueError:
        raise Malformed("query-malformed", "the query cannot be read") from None
    if len(dict(pairs)) != len(pairs) or any(name not in route.query for name, _ in pairs):
        raise Malformed("query-unknown", "this path takes " + (" ".join(route.query) or "no query"))
    return dict(pairs)


def _check_body_head(admission: Admission) -> None:
    """Refuse a body by what the head says of it."""
    headers, wanted = admission.head.headers, admission.route.body
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit() and len(length) <= 18):
        raise Malformed("length-malformed", "Content-Length is not a number")
    if int(length) > admission.limit:
        raise too_long(admission.limit)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    expected = BINARY if wanted is bytes else JSON
    if wanted is not None and kind != expected:
        raise WrongType("type-unsupported", "the body is not " + expected, "say Content-Type: " + expected)


def too_long(limit: int) -> TooLarge:
    return TooLarge("body-large", "the body may have " + str(limit) + " bytes")


def _decode(route: Route, body: bytes) -> object:
    if route.body is None or route.body is bytes:
        return body
    try:
        return msgspec.json.decode(body, type=route.body)
    except msgspec.ValidationError as error:
        raise Unprocessable("body-invalid", str(error)) from None
    except (msgspec.DecodeError, RecursionError):
        raise Malformed("body-malformed", "the body is not JSON") from None


def json_response(value: object, status: int = 200) -> Response:
    return Response(
        status, msgspec.json.encode(value), (("content-type", JSON), ("cache-control", "no-store"))
    )


def refusal(refused: Refused) -> Response:
    """The response that says why."""
    why = {"error": refused.error, "reason": refused.reason, "remedy": refused.remedy}
    response = json_response(why, STATUS[type(refused)])
    extra: list[tuple[str, str]] = []
    if isinstance(refused, Unauthenticated):
        extra.append(("www-authenticate", REALM))
    if isinstance(refused, refusals.WrongMethod):
        extra.append(("allow", ", ".join(refused.allowed)))
    if isinstance(refused, refusals.OutOfRange):
        extra.append(("content-range", "bytes */" + str(refused.length)))
    if refused.retry_after_s is not None:
        extra.append(("retry-after", str(refused.retry_after_s)))
    return Response(response.status, response.body, (*response.headers, *extra))
