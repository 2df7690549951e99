"""Keys made ready, and key pairs: what is a convenience where there is no C, over an engine's own functions."""

from __future__ import annotations

from ..errors import BadSignature, BadSignatures

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Protocol

    Data = bytes | bytearray | memoryview

    OneShot = Callable[[Data, Data, Data, Data], bytes]
    Claims = Sequence[tuple[Data, Data, Data]]

    class Generator(Protocol):
        """What gives random bytes: a Drbg."""

        def generate(self, length: int, additional: bytes) -> bytes: ...


N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
TAG = 16
MOST_CANDIDATES = 64  # each is lost with a chance of 2**-32


class Gcm:
    """AES-GCM under a key, by one-shot functions that take it each time."""

    def __init__(self, seal: OneShot, open: OneShot, key: Data) -> None:
        if len(key) not in (16, 32):
            raise ValueError("an AES key of " + str(len(key)) + " bytes")
        self._seal, self._open, self._key = seal, open, bytes(key)

    def seal(self, nonce: Data, aad: Data, plaintext: Data) -> bytes:
        """The ciphertext and its tag. Never use a nonce twice with one key."""
        return self._seal(self._key, nonce, aad, plaintext)

    def open(self, nonce: Data, aad: Data, data: Data) -> bytes:
        """The plaintext. Raises BadTag, and then gives nothing out."""
        return self._open(self._key, nonce, aad, data)

    def seal_into(self, nonce: Data, aad: Data, plaintext: Data, out: bytearray | memoryview) -> int:
        """As `seal`, into `out`, which may be `plaintext`'s memory; how many bytes."""
        _require(out, len(plaintext) + TAG)
        return _put(out, self.seal(nonce, aad, plaintext))

    def open_into(self, nonce: Data, aad: Data, data: Data, out: bytearray | memoryview) -> int:
        """As `open`, into `out`, which may be `data`'s memory; how many bytes. Refused, it is zeroed."""
        length = max(0, len(data) - TAG)
        _require(out, length)
        try:
            return _put(out, self.open(nonce, aad, data))
        except ValueError:
            out[:length] = bytes(length)
            raise


def _require(out: bytearray | memoryview, length: int) -> None:
    if len(out) < length:
        raise ValueError("out has " + str(len(out)) + " bytes, " + str(length) + " are needed")


def _put(out: bytearray | memoryview, made: bytes) -> int:
    out[: len(made)] = made
    return len(made)


def private(random: Generator) -> bytes:
    """A new private key by candidates (FIPS 186-5, A.2.2). Raises ValueError if the generator gives none."""
    for _ in range(MOST_CANDIDATES):
        candidate = int.from_bytes(random.generate(32, b""), "big")
        if candidate <= N - 2:
            return (candidate + 1).to_bytes(32, "big")
    raise ValueError("the generator gives no private key")


class Known:
    """A public key, by a function that takes it each time."""

    def __init__(self, verify: Callable[[Data, Data, Data], None], public: Data) -> None:
        self._verify, self._public = verify, bytes(public)

    def verify(self, digest: Data, signature: Data) -> None:
        """Raise BadSignature unless `signature` is by this key over `digest`."""
        self._verify(self._public, digest, signature)


def verify_many(verify: Callable[[Data, Data, Data], None], claims: Claims) -> None:
    """Raise BadSignatures, which names those refused, unless every (public, digest, signature) holds."""
    refused = []
    for number, (public, digest, signature) in enumerate(claims):
        if len(digest) != 32:
            refused.append(number)
            continue
        try:
            verify(public, digest, signature)
        except BadSignature:
            refused.append(number)
    require_none(refused)


def require_none(refused: list[int]) -> None:
    """Raise BadSignatures if there is a number in `refused`."""
    if refused:
        raise BadSignatures(refused)
