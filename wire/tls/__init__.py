"""TLS 1.3 for a client whose key is somewhere else: the signature is asked for, never made here.

RFC 8446 with one cipher suite, one group and one signature algorithm, and no resumption, early data
or renegotiation. No sockets, clocks or random sources either: bytes in, bytes out.
"""

from __future__ import annotations

from .client import Client

__all__ = ["Client"]
