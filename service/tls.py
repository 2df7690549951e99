"""TLS of the service: TLS 1.2 or 1.3, a client certificate if the device has one.

Only the device authority is trusted for clients. It is an intermediate taken as the end of the
chain, which saves a verification per handshake; session tickets are off, so a connection is never
resumed on the strength of a certificate that has ended.
"""

from __future__ import annotations

import ssl

from .certificates import to_pem
from .folder import Keys

CIPHERS = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384"  # of TLS 1.2; 1.3 has its own
NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, which the module has no name for


def server_context(keys: Keys, owns_clock: bool = True) -> ssl.SSLContext:
    """The context of a server that asks for a client certificate and takes none for an answer.

    Without `owns_clock` the time of day is not OpenSSL's to judge, because the service runs on a
    clock of its own; validity is then judged where the certificate is used (`certificates.identify`).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
    context.num_tickets = 0
    context.load_cert_chain(keys.folder / "server.pem", keys.folder / "server.key")
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=to_pem((keys.devices.certificate,)))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN | ssl.VERIFY_X509_STRICT
    if not owns_clock:
        context.verify_flags |= NO_CHECK_TIME
    return context


def client_context(root_pem: str) -> ssl.SSLContext:
    """The context of a client that trusts one root and checks the host name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_verify_locations(cadata=root_pem)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context
