"""Device authentication: the certificate of this device for the app's tenant (Applibs `deviceauth.h`).

The private key is in Pluton and stays there: an app can have a digest signed, never see the key.
Needs Capabilities.DeviceAuthentication.
"""

from __future__ import annotations

from ...wire.certificate import pem_to_der
from .errors import ask


def certificate_chain() -> bytes:
    """The chain as PEM, leaf first (what DeviceAuth_GetCertificatePath points to).

    Raises OSError (EACCES; EAGAIN while `application.is_device_auth_ready` is false).
    """
    return ask(lambda kernel: kernel.device_auth_certificate())


def certificate_chain_der() -> list[bytes]:
    """The chain as DER, leaf first."""
    return pem_to_der(certificate_chain())


def sign(digest: bytes) -> bytes:
    """r || s (64 bytes) over a SHA-256 digest, as the app's tenant."""
    return ask(lambda kernel: kernel.device_auth_sign(digest))


def trusted_roots() -> list[bytes]:
    """The roots (DER) that the system checks servers against."""
    return pem_to_der(ask(lambda kernel: kernel.trusted_roots()))
