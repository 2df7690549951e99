"""COSE_Sign1 with ES256: a payload, the key it names, and one signature over both.

RFC 9052 section 4.2, RFC 9053 section 2.1. Algorithm and key identifier are in the protected
header, the unprotected one is empty, and a message with any other parameter is refused: nothing
that is not signed decides how the signature is checked.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from . import cbor
from .fault import Invalid

if TYPE_CHECKING:
    from collections.abc import Callable

SIGN1_TAG = 18
ALGORITHM, KEY_ID = 1, 4  # header parameters (RFC 9052, table 3)
ES256 = -7
MOST_KEY_ID = 64  # bytes


def sign1(payload: bytes, key_id: bytes, sign: Callable[[bytes], bytes]) -> bytes:
    """A tagged COSE_Sign1 message. `sign` takes the 32-byte digest and returns r||s, 64 bytes."""
    protected = cbor.dumps({ALGORITHM: ES256, KEY_ID: bytes(key_id)})
    signature = sign(_digest(protected, payload))
    return cbor.dumps(cbor.Tag(SIGN1_TAG, [protected, {}, bytes(payload), signature]))


class Frame:
    """What is around the payloads of one length and one key: sign1 of these without packing it anew."""

    def __init__(self, key_id: bytes, length: int) -> None:
        protected = cbor.dumps({ALGORITHM: ES256, KEY_ID: bytes(key_id)})
        payload, signature = bytes(length), bytes(64)
        structure = cbor.dumps(["Signature1", protected, b"", payload])
        message = cbor.dumps(cbor.Tag(SIGN1_TAG, [protected, {}, payload, signature]))
        end = len(message) - len(signature)
        head = len(cbor.dumps(signature)) - len(signature)
        self._length = length
        self._signed = structure[: len(structure) - length]
        self._before = message[: end - head - length]
        self._between = message[end - head : end]

    def sign1(self, payload: bytes, sign: Callable[[bytes], bytes]) -> bytes:
        """As the function `sign1`. Raises Invalid for a payload of another length."""
        if len(payload) != self._length:
            raise Invalid("a payload of another length than its frame's")
        signature = sign(hashlib.sha256(self._signed + payload).digest())
        return self._before + payload + self._between + signature


def parse_sign1(data: bytes) -> tuple[dict[object, object], bytes, bytes, bytes, bytes]:
    """(protected header, key id, payload, signature, digest) of a message; nothing is verified yet.

    The caller finds the key by its id and checks the 64-byte signature over the 32-byte digest
    before it looks into the payload. Raises Invalid.
    """
    message = cbor.loads(data)
    if not isinstance(message, cbor.Tag) or message.number != SIGN1_TAG:
        raise Invalid("not a COSE_Sign1 message")
    parts = message.value
    if not isinstance(parts, list) or len(parts) != 4 or parts[1] != {}:
        raise Invalid("a COSE_Sign1 message is [protected, {}, payload, signature]")
    protected, _, payload, signature = parts
    for part in (protected, payload, signature):
        if not isinstance(part, bytes):
            raise Invalid("a COSE_Sign1 message with a part that is not bytes")
    if len(signature) != 64:
        raise Invalid("an ES256 signature is 64 bytes")
    header, key_id = _header(protected)
    return header, key_id, payload, signature, _digest(protected, payload)


def _header(protected: bytes) -> tuple[dict[object, object], bytes]:
    header = cbor.loads(protected)
    if not isinstance(header, dict) or set(header) != {ALGORITHM, KEY_ID}:
        raise Invalid("a protected header names the algorithm and the key, nothing else")
    if header[ALGORITHM] != ES256:
        raise Invalid("a COSE algorithm other than ES256")
    key_id = header[KEY_ID]
    if not isinstance(key_id, bytes) or not 0 < len(key_id) <= MOST_KEY_ID:
        raise Invalid("a key id is 1 to " + str(MOST_KEY_ID) + " bytes")
    return header, key_id


def _digest(protected: bytes, payload: bytes) -> bytes:
    """SHA-256 of the Sig_structure (RFC 9052, section 4.4)."""
    return hashlib.sha256(cbor.dumps(["Signature1", protected, b"", bytes(payload)])).digest()
