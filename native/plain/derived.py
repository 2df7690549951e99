"""What stands on SHA-256 alone, over whichever one there is: MACs, derivation, trees, random numbers, LMS.

An engine without C makes one of these with its own hash, and gives its methods out as its functions.
"""

from __future__ import annotations

from ..errors import BadPath
from . import drbg, lms, mac, merkle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Data = bytes | bytearray | memoryview

DIGEST = 32


class Derived:
    """The functions of the facade that need a hash and nothing else."""

    def __init__(self, sha256: Callable[[Data], bytes]) -> None:
        self._sha256 = sha256

    def sha256_many(self, buffers: Sequence[Data]) -> list[bytes]:
        """The digests of a list of buffers."""
        return [self._sha256(data) for data in buffers]

    def sha256_pages(self, data: Data, size: int) -> bytes:
        """The digests of consecutive pages of `size` bytes, one after the other. Raises ValueError for a part of one."""
        if size <= 0 or len(data) % size:
            raise ValueError(str(len(data)) + " bytes are no whole pages of " + str(size))
        return b"".join([self._sha256(bytes(data[at : at + size])) for at in range(0, len(data), size)])

    def hmac_sha256(self, key: Data, data: Data) -> bytes:
        """HMAC-SHA256 of `data` under `key` (any length): 32 bytes (RFC 2104)."""
        return mac.hmac(self._sha256, key, data)

    def hkdf_extract(self, salt: Data, ikm: Data) -> bytes:
        """HKDF-Extract with SHA-256: a pseudo-random key of 32 bytes (RFC 5869, section 2.2)."""
        return mac.extract(self.hmac_sha256, salt, ikm)

    def hkdf_expand(self, prk: Data, info: Data, length: int) -> bytes:
        """HKDF-Expand with SHA-256: `length` bytes. Raises ValueError beyond 8160 (RFC 5869, section 2.3)."""
        return mac.expand(self.hmac_sha256, prk, info, length)

    def hkdf(self, salt: Data, ikm: Data, info: Data, length: int) -> bytes:
        """HKDF-Extract, then HKDF-Expand."""
        return self.hkdf_expand(self.hkdf_extract(salt, ikm), info, length)

    def merkle_root(self, data: Data, block: int) -> bytes:
        """The root of the tree over blocks of `block` bytes (RFC 9162, section 2.1)."""
        if block <= 0:
            raise ValueError("a block has at least a byte")
        return merkle.root(self._sha256, data, block)

    def merkle_path(self, data: Data, block: int, index: int) -> bytes:
        """The digests that prove block `index`, lowest first, one after the other."""
        if block <= 0 or not 0 <= index * block < len(data):
            raise ValueError("no such block")
        return b"".join(merkle.path(self._sha256, data, block, index))

    def merkle_verify(self, root: Data, leaves: int, index: int, data: Data, path: Data) -> None:
        """Raise BadPath unless `data` is block `index` of the `leaves` blocks under `root`."""
        steps = [bytes(path[at : at + DIGEST]) for at in range(0, len(path), DIGEST)]
        if len(root) != DIGEST or len(path) % DIGEST or not merkle.is_block(self._sha256, root, leaves, index, data, steps):
            raise BadPath("the block is not at this place of the tree")

    def lms_verify(self, public: Data, message: Data, signature: Data) -> None:
        """Raise BadSignature unless `signature` is by the LMS key `public` over `message` (RFC 8554)."""
        lms.verify(self._sha256, bytes(public), bytes(message), bytes(signature))

    def drbg(self, entropy: Data, nonce: Data, personalization: Data) -> drbg.Drbg:
        """HMAC_DRBG with SHA-256 (SP 800-90A, section 10.1.2)."""
        return drbg.Drbg(self.hmac_sha256, entropy, nonce, personalization)
