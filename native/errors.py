"""What did not verify: the refusals of the crypto, all of them ValueError."""

from __future__ import annotations


class BadSignature(ValueError):
    """The signature is not by this key over this digest. Of many at once, `refused` are the numbers of those."""

    def __init__(self, reason: str = "", refused: list[int] | None = None) -> None:
        super().__init__(reason)
        self.refused = refused or []


class BadPoint(ValueError):
    """The bytes are not a public key on the curve P-256."""


class BadTag(ValueError):
    """The data, its associated data or its tag were changed, or the key or nonce is another."""


class BadPath(ValueError):
    """The block is not at this place of the tree."""
