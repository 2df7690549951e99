"""Certificates within TLS: the server's chain and proof, and the client's own.

RFC 8446 sections 4.3.2, 4.4.2 and 4.4.3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..der import der_signature_to_raw, raw_to_der
from ..fault import Invalid
from .alert import refuse
from .codec import Reader, extensions, message, vector
from .hello import ECDSA_SECP256R1_SHA256, SIGNATURE_ALGORITHMS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..suite import Suite

CERTIFICATE, CERTIFICATE_VERIFY = 11, 15
SERVER, CLIENT = b"TLS 1.3, server CertificateVerify", b"TLS 1.3, client CertificateVerify"


def request(body: bytes) -> bool:
    """Whether a CertificateRequest can be met with our kind of signature."""
    reader = Reader(body)
    if reader.vector(1):
        raise refuse("illegal_parameter", "a request with a context during the handshake", "4.3.2")
    found = dict(extensions(reader.vector(2)))
    reader.finish()
    if SIGNATURE_ALGORITHMS not in found:
        raise refuse("missing_extension", "a request without signature algorithms", "4.3.2")
    return ECDSA_SECP256R1_SHA256 in _algorithms(found[SIGNATURE_ALGORITHMS])


def _algorithms(content: bytes) -> list[int]:
    reader = Reader(content)
    names = Reader(reader.vector(2, 2))
    reader.finish()
    found = []
    while not names.is_done:
        found.append(names.number(2))
    return found


def chain(body: bytes) -> list[bytes]:
    """The certificates of the server's Certificate message, leaf first."""
    reader = Reader(body)
    if reader.vector(1):
        raise refuse("illegal_parameter", "a server's certificate with a context", "4.4.2")
    entries = Reader(reader.vector(3))
    reader.finish()
    found = []
    while not entries.is_done:
        found.append(entries.vector(3, 1))
        if extensions(entries.vector(2)):
            raise refuse("unsupported_extension", "a certificate with what was not asked for", "4.4.2")
    if not found:
        raise refuse("decode_error", "a server without a certificate", "4.4.2.4")
    return found


def _signed(suite: Suite, context: bytes, transcript: bytes) -> bytes:
    """Digest of what a CertificateVerify signs."""
    return suite.sha256(b" " * 64 + context + b"\x00" + transcript)


def check_proof(suite: Suite, public: bytes, body: bytes, transcript: bytes) -> None:
    """The server holds the key of its certificate, and means this very handshake."""
    reader = Reader(body)
    algorithm, signature = reader.number(2), reader.vector(2)
    reader.finish()
    if algorithm != ECDSA_SECP256R1_SHA256:
        raise refuse("illegal_parameter", "a signature algorithm that was not offered", "4.4.3")
    try:
        suite.p256_verify(public, _signed(suite, SERVER, transcript), der_signature_to_raw(signature))
    except (ValueError, Invalid):
        raise refuse("decrypt_error", "the server's signature does not match its certificate", "4.4.3")


def own_chain(certificates: Sequence[bytes]) -> bytes:
    """The client's Certificate message; without certificates it says that there is none."""
    entries = [vector(3, bytes(certificate)) + vector(2, b"") for certificate in certificates]
    return message(CERTIFICATE, vector(1, b"") + vector(3, b"".join(entries)))


def own_proof(suite: Suite, sign: Callable[[bytes], bytes], transcript: bytes) -> bytes:
    """The client's CertificateVerify. `sign` takes a digest and returns r||s."""
    signature = raw_to_der(sign(_signed(suite, CLIENT, transcript)))
    return message(CERTIFICATE_VERIFY, ECDSA_SECP256R1_SHA256.to_bytes(2, "big") + vector(2, signature))
