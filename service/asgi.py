"""The ASGI application: bodies gathered within the limits that the door sets, rules run in threads."""

from __future__ import annotations

import asyncio
import logging

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response as AsgiResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from . import http
from .http import Admission, Door, Head, Response
from .refusals import Refused, Slow

PEER = "armillary_peer_certificate"  # key of the scope's state: DER, or None
BODY_SECONDS = 60


def make_application(door: Door, logger: logging.Logger) -> ASGIApp:
    """The application for any ASGI server that puts the verified client certificate under PEER."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError("only HTTP is served")
        try:
            response = await _respond(door, Request(scope, receive))
        except ClientDisconnect:
            return
        except Exception:  # the boundary: a defect of ours must not end the server, nor be told to a stranger
            logger.exception("a request failed")
            response = http.json_response(INTERNAL, 500)
        await AsgiResponse(response.body, response.status, dict(response.headers))(scope, receive, send)

    return application


INTERNAL = {"error": "internal", "reason": "the service failed", "remedy": "try again; its log says more"}


async def _respond(door: Door, request: Request) -> Response:
    try:
        admission = await run_in_threadpool(door.admit, _head(request))
        body = await _gather(request, admission)
        return await run_in_threadpool(door.answer, admission, body)
    except Refused as refused:
        return http.refusal(refused)


def _head(request: Request) -> Head:
    target: bytes = request.scope["raw_path"]  # as it came: the path is not decoded
    query: bytes = request.scope["query_string"]
    target += b"?" + query if query else b""
    return http.make_head(request.method, target, request.headers.raw, request.scope["state"].get(PEER))


async def _gather(request: Request, admission: Admission) -> bytes:
    """The body. Raises TooLarge as soon as it is longer than admitted, Slow if it takes too long."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > admission.limit:
                    raise http.too_long(admission.limit)
    except TimeoutError:
        raise Slow("body-slow", "the body took too long") from None
    return bytes(body)
