"""Certificates: is this the key of the server that was asked for?

The part of RFC 5280 that a device needs, strictly: version 3, P-256 and ecdsa-with-SHA256 alone, a
path from the leaf to one of the given roots, names compared byte by byte, every critical extension
understood. Names of servers are in subjectAltName only (RFC 9525); the common name proves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .certificate import SERVER_AUTH, SIGN, SIGN_CERTIFICATES, Certificate, parse, pem_to_der, summary
from .der import der_signature_to_raw, raw_to_der
from .fault import Expired, Invalid, Untrusted
from .hostname import address_of, matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .suite import Suite

__all__ = [
    "Certificate", "der_signature_to_raw", "parse", "pem_to_der", "raw_to_der", "summary",
    "verify_chain",
]  # fmt: skip

MOST_CHAIN = 6  # certificates a server may send


def verify_chain(
    chain_der: Sequence[bytes], roots_der: Sequence[bytes], host: str, unix_ms: int, suite: Suite
) -> bytes:
    """The leaf's public key (X||Y), once a path from it to a root holds for `host` at `unix_ms`.

    `chain_der` has the leaf first and then each issuer of the one before it; what follows the last
    needed one is ignored (RFC 8446, section 4.4.2). Raises Expired if only time has passed one of
    them by, Untrusted for anything else, each with its rule.
    """
    if not 1 <= len(chain_der) <= MOST_CHAIN:
        raise _untrusted("chain", "a chain of " + str(len(chain_der)) + " certificates", "6.1")
    chain = [_parse(certificate) for certificate in chain_der]
    leaf = chain[0]
    path = _path(chain, [_parse(root) for root in roots_der], suite)
    for depth, issuer in enumerate(path[1:]):
        _check_issuer(issuer, depth)
    _check_leaf(leaf, host)
    for certificate in path:
        _check_time(certificate, unix_ms)
    return leaf.public


def _untrusted(rule: str, reason: str, section: str, remedy: str = "") -> Untrusted:
    return Untrusted(reason, "", "x509." + rule, "RFC 5280 section " + section, remedy)


def _parse(data: bytes) -> Certificate:
    try:
        return parse(data)
    except Invalid as fault:
        raise _untrusted("form", "a certificate is malformed: " + fault.reason, "4.1")


def _path(chain: list[Certificate], roots: list[Certificate], suite: Suite) -> list[Certificate]:
    """Leaf, intermediates and root, each signed by the next."""
    path = []
    for at, certificate in enumerate(chain):
        path.append(certificate)
        for root in roots:
            if root.subject == certificate.issuer and _is_signed(certificate, root, suite):
                return path + [root]
        if at + 1 == len(chain):
            break
        issuer = chain[at + 1]
        if issuer.subject != certificate.issuer:
            raise _untrusted("issuer", "the issuer's name is not the subject of the next certificate", "6.1.3")
        if not _is_signed(certificate, issuer, suite):
            raise _untrusted("signature", "a certificate is not signed by its issuer", "6.1.3")
    raise _untrusted(
        "root", "no trusted root signed " + (path[-1].common_name or "this chain"), "6.1",
        "add the server's root to the certificate store",
    )  # fmt: skip


def _is_signed(certificate: Certificate, issuer: Certificate, suite: Suite) -> bool:
    try:
        suite.p256_verify(issuer.public, suite.sha256(certificate.signed), certificate.signature)
    except ValueError:
        return False
    return True


def _check_issuer(issuer: Certificate, depth: int) -> None:
    """`depth` intermediates stand between this issuer and the leaf."""
    if not issuer.is_authority:
        raise _untrusted("authority", "an issuer is not a certificate authority", "4.2.1.9")
    if issuer.path_length >= 0 and depth > issuer.path_length:
        raise _untrusted("path", "more authorities below an issuer than it allows", "4.2.1.9")
    if issuer.usage < 0 or not issuer.usage & SIGN_CERTIFICATES:
        raise _untrusted("usage", "an issuer's key is not for signing certificates", "4.2.1.3")
    if issuer.purposes is not None and SERVER_AUTH not in issuer.purposes:
        raise _untrusted("purpose", "an issuer is not for servers", "4.2.1.12")


def _check_leaf(leaf: Certificate, host: str) -> None:
    if leaf.is_authority:
        raise _untrusted("authority", "an authority's certificate is not a server's", "4.2.1.9")
    if leaf.usage >= 0 and not leaf.usage & SIGN:
        raise _untrusted("usage", "the server's key is not for signing", "4.2.1.3")
    if leaf.purposes is None or SERVER_AUTH not in leaf.purposes:
        raise _untrusted("purpose", "the certificate is not for a server", "4.2.1.12")
    address = address_of(host)
    if address is not None:
        found = address in leaf.addresses
    else:
        found = any([matches(name, host) for name in leaf.hosts])
    if not found:
        raise Untrusted(
            "the certificate is not for " + host, "", "x509.host", "RFC 9525 section 6",
            "connect by a name in the certificate: " + (", ".join(leaf.hosts[:4]) or "it has none"),
        )  # fmt: skip


def _check_time(certificate: Certificate, unix_ms: int) -> None:
    name = certificate.common_name or "a certificate"
    if unix_ms < certificate.not_before_ms:
        raise _untrusted("validity", name + " is not valid yet", "4.1.2.5", "set the device's clock")
    if unix_ms > certificate.not_after_ms:
        raise Expired(
            name + " was valid until " + str(certificate.not_after_ms // 1000), "", "x509.validity",
            "RFC 5280 section 4.1.2.5", "renew the certificate, or set the device's clock",
        )  # fmt: skip


