"""The server: uvicorn with TLS, in a thread that one can start and stop, or in the foreground.

It listens on the loopback address unless told otherwise.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
from typing import Any  # uvicorn's state of an application is a dictionary of anything

import uvicorn
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from .asgi import PEER, make_application
from .core import Service
from .routes import make_door
from .tls import server_context

LOOPBACK = "127.0.0.1"
HEAD_SECONDS = 20  # from the handshake to the first whole request
MOST_HEAD = 16 * 1024
MOST_CONNECTIONS = 512
LOGGER = "armillary.service"


class _Protocol(H11Protocol):
    """uvicorn's HTTP/1.1, which also hands over the verified client certificate and does not wait
    for ever for the first request."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        encrypted: ssl.SSLObject = transport.get_extra_info("ssl_object")
        # Every request of the connection gets a copy of this state in its scope.
        self.app_state = {**self.app_state, PEER: encrypted.getpeercert(True)}
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def _give_up(self) -> None:
        if self.cycle is None:
            self.transport.close()


class _Uvicorn(uvicorn.Server):
    """uvicorn's server, which says when it listens."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self.is_listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_listening.set()


class Server:
    """A service on a socket. `port` 0 takes a free one; `address` then says which."""

    def __init__(self, service: Service, host: str = LOOPBACK, port: int = 0) -> None:
        """Bind the socket. Raises OSError if it is taken."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # The protocol is named because asyncio sets TCP_NODELAY only then: 45 ms a request otherwise.
        self._socket = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        self._uvicorn = _Uvicorn(_config(service))
        self._thread: threading.Thread | None = None

    @property
    def is_listening(self) -> threading.Event:
        """Set once connections are taken."""
        return self._uvicorn.is_listening

    @property
    def address(self) -> tuple[str, int]:
        """(host, port) that the socket is bound to."""
        host, port = self._socket.getsockname()[:2]
        return host, port

    def run(self) -> None:
        """Print the address, and serve until a signal ends it."""
        print("https://{}:{}".format(*self.address), flush=True)
        try:
            self._uvicorn.run(sockets=[self._socket])
        finally:
            self._socket.close()

    def start(self) -> None:
        """Serve in a thread. Returns when connections are taken."""
        self._thread = threading.Thread(
            target=self._uvicorn.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self._thread.start()
        if not self._uvicorn.is_listening.wait(30):
            raise RuntimeError("the server did not start; its log says why")

    def stop(self) -> None:
        """End `start`, with its connections, or make `run` return."""
        self._uvicorn.should_exit = True
        if self._thread is not None:
            self._thread.join(30)
            self._socket.close()


def _config(service: Service) -> Config:
    logger = logging.getLogger(LOGGER)
    return Config(
        make_application(make_door(service), logger),
        http=_Protocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        h11_max_incomplete_event_size=MOST_HEAD,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=2,
        ssl_context_factory=lambda config, default: server_context(service.keys),
    )
