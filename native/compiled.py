"""The facade by our own C engine (CPython; ImportError where it is not built).

Every operation is one crossing: the functions and types that `native/binding` puts into the library
take any bytes-like object, raise the refusals of `errors`, and let other threads run above 4 KiB.
"""

from __future__ import annotations

from . import _native
from ._native import lib

if not hasattr(_native, "sha256"):  # a boxed program loads this file anew, and the library never
    lib.binding_install()

from ._native import Sha256, clear, compare, lms_verify, sha256  # they are there from here on
from .standard import (
    aes_gcm_open,
    aes_gcm_seal,
    hkdf_expand,
    hkdf_extract,
    hmac_sha256,
    p256_check,
    p256_ecdh,
    p256_is_private,
    p256_public,
    p256_sign,
    p256_verify,
)

__all__ = [
    "NAME", "Sha256", "aes_gcm_open", "aes_gcm_seal", "clear", "compare", "describe", "hkdf_expand", "hkdf_extract",
    "hmac_sha256", "lms_verify", "p256_check", "p256_ecdh", "p256_is_private", "p256_public", "p256_sign", "p256_verify",
    "sha256", "warning",
]  # fmt: skip

NAME = "C with the processor's SHA-256" if lib.cpu_features() & lib.CPU_SHA else "portable C"


def describe() -> str:
    """One line that names what does what."""
    return NAME


def warning() -> str:
    """What is weaker here than it could be: nothing."""
    return ""
