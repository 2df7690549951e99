"""A peer in process: the bytes of one TLS connection in and out, the service behind them.

A linked device talks to this as to a socket: it gives the bytes it sends to `feed` and has those
sent to it from `take`. What would be network errors are a closed peer.
"""

from __future__ import annotations

import ssl

import h11

from . import http
from .http import Admission, Door, Response
from .refusals import Malformed, Refused

MOST_HEAD = 16 * 1024
CHUNK = 64 * 1024


class TlsPeer:
    """One connection to the service: a peer of `hal.sim.network`.

    When `is_closed`, nothing follows what `take` gives.
    """

    def __init__(self, door: Door, context: ssl.SSLContext) -> None:
        """`context` is `tls.server_context`, made once for all connections."""
        self._door = door
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._http = h11.Connection(h11.SERVER, MOST_HEAD)
        self._is_open = False  # the handshake is done
        self.is_closed = False
        self._admission: Admission | None = None
        self._body = bytearray()

    def feed(self, data: bytes) -> None:
        """Bytes that the client sent; empty: the client has closed its side."""
        if self.is_closed:
            return
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        try:
            self._advance()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except (ssl.SSLError, h11.ProtocolError):
            self.is_closed = True  # OpenSSL's alert, if any, waits to be taken

    def take(self) -> bytes:
        """The bytes for the client, which may be none."""
        return self._outgoing.read()

    def _advance(self) -> None:
        """Go as far as the bytes go; ends by raising SSLWantReadError or by closing."""
        if not self._is_open:
            self._tls.do_handshake()
            self._is_open = True
        while not self.is_closed:
            data = self._tls.read(CHUNK)
            self._http.receive_data(data)
            self._take_events()
            if not data:
                self._close()

    def _take_events(self) -> None:
        while not self.is_closed:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                self._send(http.refusal(Malformed("http-malformed", str(error))))
                return self._close()
            if event is h11.NEED_DATA or event is h11.PAUSED:
                return None
            self._take_event(event)

    def _take_event(self, event: h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]) -> None:
        try:
            if isinstance(event, h11.Request):
                self._begin(event)
            elif isinstance(event, h11.Data) and self._admission is not None:
                self._body += event.data
                if len(self._body) > self._admission.limit:
                    raise http.too_long(self._admission.limit)
            elif isinstance(event, h11.EndOfMessage) and self._admission is not None:
                self._send(self._door.answer(self._admission, bytes(self._body)))
            elif isinstance(event, h11.ConnectionClosed):
                self._close()
        except Refused as refused:
            self._send(http.refusal(refused))

    def _begin(self, event: h11.Request) -> None:
        self._body, self._admission = bytearray(), None
        peer = self._tls.getpeercert(True)
        head = http.make_head(event.method.decode(), event.target, event.headers.raw_items(), peer)
        self._admission = self._door.admit(head)

    def _send(self, response: Response) -> None:
        """Send a response. One that comes before the whole request ends the connection."""
        self._admission = None
        headers = [(name, value) for name, value in response.headers]
        if response.status != 204:
            headers.append(("content-length", str(len(response.body))))
        self._write(self._http.send(h11.Response(status_code=response.status, headers=headers)))
        self._write(self._http.send(h11.Data(data=response.body)))
        self._write(self._http.send(h11.EndOfMessage()))
        if self._http.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}:
            self._http.start_next_cycle()
        else:
            self._close()

    def _write(self, data: bytes | None) -> None:
        for at in range(0, len(data or b""), CHUNK):
            self._tls.write((data or b"")[at : at + CHUNK])

    def _close(self) -> None:
        self.is_closed = True
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            pass  # our close_notify is written; the client's need not come
