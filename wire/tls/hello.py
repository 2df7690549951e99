"""The hellos: what the client offers, and what the server may answer.

RFC 8446 sections 4.1 to 4.2. The offer is one of everything, so an answer is either that or refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .alert import refuse
from .codec import Reader, extensions, message, pack_extensions, vector

if TYPE_CHECKING:
    from collections.abc import Sequence

CLIENT_HELLO, SERVER_HELLO = 1, 2
VERSION_12, VERSION_13 = 0x0303, 0x0304
AES_128_GCM_SHA256 = 0x1301
SECP256R1 = 0x0017
ECDSA_SECP256R1_SHA256 = 0x0403
SERVER_NAME, SUPPORTED_GROUPS, SIGNATURE_ALGORITHMS, ALPN = 0, 10, 13, 16
SUPPORTED_VERSIONS, COOKIE, KEY_SHARE = 43, 44, 51
RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
DOWNGRADES = (b"DOWNGRD\x00", b"DOWNGRD\x01")  # the end of a server's random (section 4.1.3)


def _u16(number: int) -> bytes:
    return number.to_bytes(2, "big")


def client_hello(
    random: bytes, session: bytes, public: bytes, name: str | None, alpn: Sequence[str], cookie: bytes = b""
) -> bytes:
    """The message. `name` is left out for a server known by its address (RFC 6066, section 3)."""
    offered = [
        (SUPPORTED_VERSIONS, vector(1, _u16(VERSION_13))),
        (SUPPORTED_GROUPS, vector(2, _u16(SECP256R1))),
        (SIGNATURE_ALGORITHMS, vector(2, _u16(ECDSA_SECP256R1_SHA256))),
        (KEY_SHARE, vector(2, _u16(SECP256R1) + vector(2, b"\x04" + public))),
    ]
    if name is not None:
        offered.append((SERVER_NAME, vector(2, b"\x00" + vector(2, name.encode()))))
    if alpn:
        offered.append((ALPN, vector(2, b"".join([vector(1, item.encode()) for item in alpn]))))
    if cookie:
        offered.append((COOKIE, vector(2, cookie)))
    body = _u16(VERSION_12) + random + vector(1, session) + vector(2, _u16(AES_128_GCM_SHA256)) + vector(1, b"\x00")
    return message(CLIENT_HELLO, body + pack_extensions(offered))


def is_retry(body: bytes) -> bool:
    """Whether a server's hello asks for another of the client's (section 4.1.4)."""
    return body[2:34] == RETRY


def _answer(body: bytes, session: bytes, known: tuple[int, ...]) -> dict[int, bytes]:
    """The extensions of a server's hello, once all before them is as it must be."""
    reader = Reader(body)
    version, random = reader.number(2), reader.take(32)
    echo, suite, compression = reader.vector(1), reader.number(2), reader.number(1)
    found = dict(extensions(reader.vector(2))) if not reader.is_done else {}
    reader.finish()
    _check_version(version, random, found)
    if echo != session or suite != AES_128_GCM_SHA256 or compression:
        raise refuse("illegal_parameter", "the server chose what was not offered", "4.1.3")
    for kind in found:
        if kind not in known:
            raise refuse("unsupported_extension", "extension " + str(kind) + " was not asked for", "4.2")
    return found


def _check_version(version: int, random: bytes, found: dict[int, bytes]) -> None:
    if version == VERSION_12 and found.get(SUPPORTED_VERSIONS) == _u16(VERSION_13):
        return
    if random[24:] in DOWNGRADES:
        raise refuse("illegal_parameter", "somebody made the server use an older TLS", "4.1.3")
    raise refuse("protocol_version", "the server does not use TLS 1.3", "4.2.1")


def server_share(body: bytes, session: bytes) -> bytes:
    """The server's public point, X||Y, from its hello."""
    found = _answer(body, session, (SUPPORTED_VERSIONS, KEY_SHARE))
    if KEY_SHARE not in found:
        raise refuse("missing_extension", "the server sent no key share", "4.2.8")
    reader = Reader(found[KEY_SHARE])
    group, point = reader.number(2), reader.vector(2, 1)
    reader.finish()
    if group != SECP256R1 or len(point) != 65 or point[0] != 4:
        raise refuse("illegal_parameter", "a key share of another group or form", "4.2.8.2")
    return point[1:]


def retry_cookie(body: bytes, session: bytes) -> bytes:
    """The cookie that a retry asks to be sent back. Raises Failed if it asks for another group."""
    found = _answer(body, session, (SUPPORTED_VERSIONS, KEY_SHARE, COOKIE))
    if KEY_SHARE in found:
        group = int.from_bytes(found[KEY_SHARE], "big")
        raise refuse("illegal_parameter", "the server wants group " + str(group) + "; only secp256r1 is known", "4.1.4")
    if COOKIE not in found:
        raise refuse("illegal_parameter", "a retry that would change nothing", "4.1.4")
    reader = Reader(found[COOKIE])
    cookie = reader.vector(2, 1)
    reader.finish()
    return cookie


def chosen_protocol(body: bytes, alpn: Sequence[str]) -> str:
    """The application protocol in EncryptedExtensions, or "" (section 4.3.1; RFC 7301)."""
    reader = Reader(body)
    found = extensions(reader.vector(2))
    reader.finish()
    chosen = ""
    for kind, content in found:
        if kind == ALPN and alpn:
            chosen = _protocol(content, alpn)
        elif kind == SERVER_NAME:
            if content:
                raise refuse("decode_error", "an answer to a server name that is not empty", "4.3.1")
        elif kind != SUPPORTED_GROUPS:
            raise refuse("unsupported_extension", "extension " + str(kind) + " was not asked for", "4.3.1")
    return chosen


def _protocol(content: bytes, alpn: Sequence[str]) -> str:
    reader = Reader(content)
    names = Reader(reader.vector(2))
    reader.finish()
    name = names.vector(1, 1)
    names.finish()
    for offered in alpn:
        if offered.encode() == name:
            return offered
    raise refuse("illegal_parameter", "the server chose a protocol that was not offered", "4.3.1")
