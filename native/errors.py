"""What did not verify: the refusals of the crypto, all of them ValueError.

Where the C engine is built into MicroPython they are the engine's own.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    is_built_in = False
else:
    try:
        from _armillary_native import BadPath, BadPoint, BadSignature, BadTag

        is_built_in = True
    except ImportError:
        is_built_in = False

if not is_built_in:

    class BadSignature(ValueError):
        """The signature is not by this key over this digest."""

    class BadPoint(ValueError):
        """The bytes are not a public key on the curve P-256."""

    class BadTag(ValueError):
        """The data, its associated data or its tag were changed, or the key or nonce is another."""

    class BadPath(ValueError):
        """The block is not at this place of the tree."""


class BadSignatures(BadSignature):
    """Of many signatures, those with the numbers `refused` do not hold."""

    def __init__(self, refused: list[int]) -> None:
        super().__init__(str(len(refused)) + " signatures do not match, the first is number " + str(refused[0]))
        self.refused = refused
