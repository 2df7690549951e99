"""Known keys: a public key that checks many signatures is made ready for it, once that pays.

Making a key ready costs about five verifications and makes each one after it five times as fast. A boot
checks two or three by a key, which is not worth it; a runtime that attests and verifies for days is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import native

if TYPE_CHECKING:
    from typing import Any

PAYS_AFTER = 16  # verifications


class KnownKey:
    """A public key (X||Y). Raises native.BadPoint if it is none."""

    def __init__(self, public: bytes) -> None:
        native.p256_check(public)
        self.public = public
        self._used = 0
        self._ready: Any = None  # an engine's own type

    def verify(self, digest: bytes, signature: bytes) -> None:
        """Raise native.BadSignature unless this key made `signature` (r||s) over `digest`."""
        if self._ready is not None:
            self._ready.verify(digest, signature)
            return
        native.p256_verify(self.public, digest, signature)
        self._used += 1
        if self._used >= PAYS_AFTER:
            self._ready = native.P256Key(self.public)
