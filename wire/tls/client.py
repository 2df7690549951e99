"""The client's side of a TLS 1.3 connection, as a machine that bytes are fed to.

What may come when is the table NEXT; a message that is not in it for the present state ends the
connection. So does any other fault: the alert for it is then in `outgoing`, the keys are cleared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import x509
from ..fault import Closed, Fault, Invalid, OutOfOrder, Unhealthy
from ..hostname import address_of, check_name
from . import alert, credentials, hello, record
from .alert import refuse
from .codec import message
from .record import ALERT, APPLICATION, CHANGE_CIPHER, HANDSHAKE, HEADER, MOST_PLAIN, Protection
from .schedule import Schedule, clear, finished_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..suite import Suite

# Handshake messages (RFC 8446, section 4). A retry is a server hello with a certain random.
SERVER_HELLO, TICKET, EXTENSIONS, CERTIFICATE = 2, 4, 8, 11
REQUEST, PROOF, FINISHED, KEY_UPDATE, MESSAGE_HASH, RETRY = 13, 15, 20, 24, 254, 0x102

IDLE, HELLO, SECOND_HELLO, PARAMETERS, AUTHENTICATION, SERVER_CHAIN, SERVER_PROOF, END = range(8)
OPEN, CLOSED, FAILED = 8, 9, 10
HANDSHAKING = (HELLO, SECOND_HELLO, PARAMETERS, AUTHENTICATION, SERVER_CHAIN, SERVER_PROOF, END)
NEXT = {
    (HELLO, SERVER_HELLO): (PARAMETERS, "_on_hello"),
    (HELLO, RETRY): (SECOND_HELLO, "_on_retry"),
    (SECOND_HELLO, SERVER_HELLO): (PARAMETERS, "_on_hello"),
    (PARAMETERS, EXTENSIONS): (AUTHENTICATION, "_on_extensions"),
    (AUTHENTICATION, REQUEST): (SERVER_CHAIN, "_on_request"),
    (AUTHENTICATION, CERTIFICATE): (SERVER_PROOF, "_on_certificate"),
    (SERVER_CHAIN, CERTIFICATE): (SERVER_PROOF, "_on_certificate"),
    (SERVER_PROOF, PROOF): (END, "_on_proof"),
    (END, FINISHED): (OPEN, "_on_finished"),
    (OPEN, TICKET): (OPEN, "_on_ticket"),
    (OPEN, KEY_UPDATE): (OPEN, "_on_key_update"),
}
MOST_MESSAGE = 1 << 15  # bytes of one handshake message
MOST_UPDATES = 32  # key updates in a row without data between them


class Client:
    """A connection to `host`, a DNS name or an address, that must be certified by one of `roots_der`.

    random(n) gives n random bytes. Where the server asks for it, `chain_der` (leaf first) is shown
    and sign(digest32) -> r||s proves it: the key itself stays elsewhere. `alpn` are the application
    protocols offered. Raises Invalid if `host` is no host name.
    """

    def __init__(
        self,
        suite: Suite,
        random: Callable[[int], bytes],
        host: str,
        roots_der: Sequence[bytes],
        unix_ms: int,
        chain_der: Sequence[bytes] = (),
        sign: Callable[[bytes], bytes] | None = None,
        alpn: Sequence[str] = (),
    ) -> None:
        self._suite, self._random = suite, random
        self._host = host
        self._name = check_name(host) if address_of(host) is None else None
        self._roots, self._unix_ms = roots_der, unix_ms
        self._sign = sign
        self._chain = list(chain_der) if sign is not None else []
        self._alpn = tuple(alpn)
        if not all([0 < len(name.encode()) < 256 for name in self._alpn]):
            raise Invalid("the name of an application protocol is 1 to 255 bytes")
        self._state = IDLE
        self._transcript = bytearray()
        self._in, self._messages, self._plain, self._out = bytearray(), bytearray(), bytearray(), bytearray()
        self._schedule: Schedule | None = None
        self._read: Protection | None = None
        self._write: Protection | None = None
        self._private = bytearray()
        self._hello_parts: tuple[bytes, bytes, bytes] = (b"", b"", b"")
        self._server_secret, self._client_secret = bytearray(), bytearray()
        self._server_public = b""
        self._is_asked, self._can_prove, self._has_changed = False, False, False
        self._updates = 0
        self._peer_chain: list[bytes] = []
        self.protocol = ""  # the application protocol the server chose, or ""

    @property
    def is_open(self) -> bool:
        """The server is who it should be, and data may flow."""
        return self._state == OPEN

    @property
    def is_closed(self) -> bool:
        """The connection has ended, well or badly."""
        return self._state in (CLOSED, FAILED)

    @property
    def peer_chain(self) -> tuple[bytes, ...]:
        """The server's certificates, leaf first; empty until the connection is open."""
        return tuple(self._peer_chain) if self._state in (OPEN, CLOSED) else ()

    def start(self) -> None:
        """Begin: the first message is then in `outgoing`. Raises OutOfOrder the second time."""
        if self._state != IDLE:
            raise OutOfOrder("the connection was begun already", "", "tls.state")
        self._private = self._new_private()
        # The session id means nothing to TLS 1.3, but middleboxes want one (appendix D.4).
        self._hello_parts = (self._random(32), self._random(32), self._suite.p256_public(self._private))
        self._state = HELLO
        self._send_hello(b"", 0x0301)

    def _new_private(self) -> bytearray:
        for _ in range(8):  # one number in 2**32 is not a key; eight in a row are a broken source
            private = bytearray(self._random(32))
            if self._suite.p256_is_private(private):
                return private
        raise Unhealthy("the random source gives no private key", "", "tls.random")

    def feed(self, data: bytes) -> None:
        """Take bytes from the server. Raises Untrusted, Expired or Failed when the connection fails,
        Closed if it had."""
        if self._state in (IDLE, FAILED):
            raise Closed("the connection is not there", "", "tls.state")
        if self._state == CLOSED:
            return
        self._in.extend(data)
        try:
            self._take_records()
        except Fault as fault:
            self._fail(fault)
            raise

    def end(self) -> None:
        """The transport has ended. Raises Failed unless the server said goodbye first: else whoever
        cuts the line would decide where a message ends."""
        if self._state not in (CLOSED, FAILED):
            fault = refuse("unexpected_message", "the connection was cut off", "6.1")
            self._fail(fault)
            raise fault

    def outgoing(self) -> bytes:
        """The bytes to send to the server now; they are handed out once."""
        data = bytes(self._out)
        self._out = bytearray()
        return data

    def send(self, data: bytes) -> None:
        """Send `data`, of any length. Raises Closed unless the connection is open."""
        if self._state != OPEN:
            raise Closed("the connection is not open", "", "tls.state")
        for at in range(0, len(data), MOST_PLAIN):
            if self._write is not None and self._write.sequence >= record.UPDATE_AT:
                self.update_keys()
            self._put(APPLICATION, data[at : at + MOST_PLAIN])

    def received(self) -> bytes:
        """The data that came; it is handed out once."""
        data = bytes(self._plain)
        self._plain = bytearray()
        return data

    def update_keys(self) -> None:
        """Take the next generation of keys, and ask the server to (section 4.6.3)."""
        if self._state != OPEN:
            raise Closed("the connection is not open", "", "tls.state")
        self._send_update(1)

    def close(self) -> None:
        """Say goodbye and forget the keys. Does nothing if the connection has ended."""
        if self._state not in (CLOSED, FAILED):
            if self._state != IDLE:
                self._put(ALERT, bytes((alert.WARNING, alert.CLOSE_NOTIFY)))
            self._forget(CLOSED)

    def _fail(self, fault: Fault) -> None:
        if fault.rule != "tls.received":  # an alert is not answered with an alert
            self._put(ALERT, bytes((alert.FATAL, alert.number_of(fault))))
        self._plain = bytearray()
        self._forget(FAILED)

    def _forget(self, state: int) -> None:
        self._state = state
        self._forget_handshake()
        for protection in (self._read, self._write):
            if protection is not None:
                protection.clear()
        self._read, self._write = None, None
        self._in, self._messages = bytearray(), bytearray()

    def _forget_handshake(self) -> None:
        for secret in (self._private, self._server_secret, self._client_secret):
            clear(secret)
        if self._schedule is not None:
            self._schedule.clear()
        self._schedule = None
        self._transcript = bytearray()

    # Records

    def _put(self, kind: int, body: bytes) -> None:
        if self._write is None:
            self._out.extend(record.plain(kind, body))
        else:
            self._comfort()
            self._out.extend(self._write.seal(kind, body))

    def _comfort(self) -> None:
        if not self._has_changed:
            self._has_changed = True
            self._out.extend(record.CHANGE)

    def _take_records(self) -> None:
        at = 0
        while len(self._in) - at >= HEADER and self._state != CLOSED:
            header = bytes(self._in[at : at + HEADER])
            length = record.check_header(header, self._read is not None)
            start = at + HEADER
            if len(self._in) - start < length:
                break
            at = start + length
            self._take_record(header, bytes(self._in[start:at]))
        self._in = self._in[at:]

    def _take_record(self, header: bytes, body: bytes) -> None:
        kind = header[0]
        if kind == CHANGE_CIPHER:
            return self._take_change(body)
        if (kind == APPLICATION) != (self._read is not None):
            raise refuse("unexpected_message", "a record that should be sealed, or should not", "5.2")
        if self._read is not None:
            kind, body = self._read.open(header, body)
        if self._messages and kind != HANDSHAKE:
            raise refuse("unexpected_message", "a record between the parts of a message", "5.1")
        if kind == APPLICATION and self._state == OPEN:
            self._updates = 0
            self._plain.extend(body)
        elif kind == HANDSHAKE and body:
            self._take_messages(body)
        elif kind == ALERT:
            self._take_alert(body)
        else:
            raise refuse("unexpected_message", "a record that does not belong here", "5.1")

    def _take_change(self, body: bytes) -> None:
        if body != b"\x01" or self._state not in HANDSHAKING or self._messages:
            raise refuse("unexpected_message", "a change of cipher that does not belong here", "5")

    def _take_alert(self, body: bytes) -> None:
        if len(body) != 2:
            raise refuse("decode_error", "an alert of a wrong length", "6")
        if body[1] == alert.CLOSE_NOTIFY and self._state == OPEN:
            self.close()
        elif body[1] != alert.USER_CANCELED:
            raise alert.received(body[1])

    # Handshake messages

    def _take_messages(self, body: bytes) -> None:
        self._messages.extend(body)
        while len(self._messages) >= 4:
            end = 4 + int.from_bytes(self._messages[1:4], "big")
            if end > MOST_MESSAGE:
                raise refuse("illegal_parameter", "a message of " + str(end) + " bytes", "4")
            if len(self._messages) < end:
                return
            whole = bytes(self._messages[:end])
            self._messages = self._messages[end:]
            self._take_message(whole)

    def _take_message(self, whole: bytes) -> None:
        kind, body = whole[0], whole[4:]
        if kind == SERVER_HELLO and hello.is_retry(body):
            kind = RETRY
        if (self._state, kind) not in NEXT:
            raise refuse("unexpected_message", "message " + str(kind) + " in state " + str(self._state), "4")
        before = b""
        if self._state != OPEN:
            before = self._hash()
            self._transcript.extend(whole)
        state, method = NEXT[self._state, kind]
        getattr(self, method)(body, before)
        self._state = state

    def _hash(self) -> bytes:
        return self._suite.sha256(bytes(self._transcript))

    def _at_end_of_record(self) -> None:
        # Keys change here: what follows in the same record came under the old ones (section 5.1).
        if self._messages:
            raise refuse("unexpected_message", "a message across a change of keys", "5.1")

    def _send_hello(self, cookie: bytes, version: int) -> None:
        random, session, public = self._hello_parts
        whole = hello.client_hello(random, session, public, self._name, self._alpn, cookie)
        self._transcript.extend(whole)
        self._out.extend(record.plain(HANDSHAKE, whole, version))

    def _on_retry(self, body: bytes, before: bytes) -> None:
        self._at_end_of_record()
        cookie = hello.retry_cookie(body, self._hello_parts[1])
        # The first hello stands in the transcript as its hash (section 4.4.1).
        self._transcript = bytearray(message(MESSAGE_HASH, before) + message(SERVER_HELLO, body))
        self._comfort()
        self._send_hello(cookie, 0x0303)

    def _on_hello(self, body: bytes, before: bytes) -> None:
        self._at_end_of_record()
        share = hello.server_share(body, self._hello_parts[1])
        try:
            secret = bytearray(self._suite.p256_ecdh(self._private, share))
        except ValueError:
            raise refuse("illegal_parameter", "a key share that is not on the curve", "4.2.8.2")
        clear(self._private)
        self._schedule = Schedule(self._suite)
        self._schedule.advance(secret)
        clear(secret)
        seen = self._hash()
        self._client_secret = self._schedule.traffic("c hs traffic", seen)
        self._server_secret = self._schedule.traffic("s hs traffic", seen)
        self._read = Protection(self._suite, bytearray(self._server_secret))
        self._write = Protection(self._suite, bytearray(self._client_secret))

    def _on_extensions(self, body: bytes, before: bytes) -> None:
        self.protocol = hello.chosen_protocol(body, self._alpn)

    def _on_request(self, body: bytes, before: bytes) -> None:
        self._is_asked, self._can_prove = True, credentials.request(body)

    def _on_certificate(self, body: bytes, before: bytes) -> None:
        self._peer_chain = credentials.chain(body)
        self._server_public = x509.verify_chain(
            self._peer_chain, self._roots, self._host, self._unix_ms, self._suite
        )

    def _on_proof(self, body: bytes, before: bytes) -> None:
        credentials.check_proof(self._suite, self._server_public, body, before)

    def _on_finished(self, body: bytes, before: bytes) -> None:
        self._at_end_of_record()
        if not self._suite.compare(body, finished_value(self._suite, self._server_secret, before)):
            raise refuse("decrypt_error", "the server's view of the handshake is not ours", "4.4.4")
        schedule, read, write = self._schedule, self._read, self._write
        assert schedule is not None and read is not None and write is not None  # since _on_hello
        schedule.advance(bytes(32))
        seen = self._hash()
        if self._is_asked:
            self._prove()
        self._say(message(FINISHED, finished_value(self._suite, self._client_secret, self._hash())))
        read.clear()
        write.clear()
        self._read = Protection(self._suite, schedule.traffic("s ap traffic", seen))
        self._write = Protection(self._suite, schedule.traffic("c ap traffic", seen))
        self._forget_handshake()

    def _prove(self) -> None:
        shown = self._chain if self._can_prove else []
        self._say(credentials.own_chain(shown))
        if shown and self._sign is not None:
            self._say(credentials.own_proof(self._suite, self._sign, self._hash()))

    def _say(self, whole: bytes) -> None:
        self._transcript.extend(whole)
        for at in range(0, len(whole), MOST_PLAIN):
            self._put(HANDSHAKE, whole[at : at + MOST_PLAIN])

    def _on_ticket(self, body: bytes, before: bytes) -> None:
        """Resumption is not ours: every connection proves the server anew."""

    def _on_key_update(self, body: bytes, before: bytes) -> None:
        self._at_end_of_record()
        self._updates += 1
        if body not in (b"\x00", b"\x01") or self._updates > MOST_UPDATES:
            raise refuse("illegal_parameter", "a key update of a wrong form, or one too many", "4.6.3")
        if self._read is not None:
            self._read.update()
        if body == b"\x01":
            self._send_update(0)

    def _send_update(self, request: int) -> None:
        self._put(HANDSHAKE, message(KEY_UPDATE, bytes((request,))))
        if self._write is not None:
            self._write.update()
