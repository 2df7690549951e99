"""AES: counter mode, GCM, CMAC, key wrap; every length around a block, every piece, every flipped bit."""

from __future__ import annotations

import itertools
import random

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_wrap

from tests.native.vectors.case import REFUSED, UNFIT, Suite
from tests.native.vectors.peers import LENGTHS, SOURCE, cmac, flips
from tests.native.vectors.wycheproof import PIECES


def counting(suite: Suite, source: random.Random) -> None:
    starts = [bytes(16), b"\xff" * 16, b"\xff" * 15 + b"\xf0", bytes(12) + b"\xff\xff\xff\xfe", bytes(8) + b"\xff" * 8]
    for size, length in itertools.product((16, 32), LENGTHS):
        key, data = source.randbytes(size), source.randbytes(length)
        for counter in (source.randbytes(16), starts[length % len(starts)]):
            cipher = Cipher(algorithms.AES(key), modes.CTR(counter)).encryptor()
            after = (int.from_bytes(counter, "big") + -(-length // 16)) % (1 << 128)
            answer = cipher.update(data) + after.to_bytes(16, "big")
            suite.add(SOURCE, length, "aes_ctr", key, counter, data, answer=answer)
            suite.add(SOURCE, length, "aes_ctr_pieces", key, counter, data, b"\x01\x04\x02\x09", answer=answer)
    for size in (16, 32):
        for at in range(20):
            key, block = source.randbytes(size), source.randbytes(16)
            chain = block
            cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
            for _ in range(1000):
                chain = cipher.update(chain)
            suite.add(SOURCE, at, "aes_monte", key, block, answer=chain)
    for size in (0, 1, 15, 17, 24, 31, 33):
        for operation in ("aes_encrypt", "aes_decrypt", "cmac"):
            suite.add(SOURCE, f"key of {size}", operation, bytes(size), bytes(16), status=UNFIT)


def sealing(suite: Suite, source: random.Random) -> None:
    for size, length in itertools.product((16, 32), [*LENGTHS, 5000, 16384]):
        key, nonce = source.randbytes(size), source.randbytes(source.choice((12, 12, 12, 8, 16, 61, 128)))
        aad, text = source.randbytes(source.choice((0, 1, 12, 16, 20, 33, 300))), source.randbytes(length)
        both = AESGCM(key).encrypt(nonce, text, aad)
        sealed, tag = both[:length], both[length:]
        suite.add(SOURCE, length, "gcm_seal", key, nonce, aad, text, answer=both)
        suite.add(SOURCE, length, "gcm_open", key, nonce, aad, sealed, tag, answer=text)
        for sizes in (PIECES[length % len(PIECES)], b"\xff\xfe\x05"):
            suite.add(SOURCE, length, "gcm_seal_pieces", key, nonce, aad, text, sizes, answer=both)
            suite.add(SOURCE, length, "gcm_open_pieces", key, nonce, aad, sealed, tag, sizes, answer=text)
    for size, length in ((16, 40), (32, 200), (32, 0)):
        forged_seals(suite, source, source.randbytes(size), source.randbytes(length))


def forged_seals(suite: Suite, source: random.Random, key: bytes, text: bytes) -> None:
    """Every bit of tag, nonce, additional data and, if it is short, ciphertext."""
    nonce, aad = source.randbytes(12), source.randbytes(9)
    both = AESGCM(key).encrypt(nonce, text, aad)
    sealed, tag = both[:-16], both[-16:]
    forged = [(nonce, aad, sealed, changed) for _, changed in flips(tag)]
    forged += [(changed, aad, sealed, tag) for _, changed in flips(nonce)]
    forged += [(nonce, changed, sealed, tag) for _, changed in flips(aad)]
    forged += [(nonce, aad, changed, tag) for bit, changed in flips(sealed) if len(text) < 64 or bit % 37 == 0]
    forged += [(nonce, aad + sealed[:1], sealed[1:], tag), (nonce, aad[:-1], aad[-1:] + sealed, tag)] if text else []
    forged += [(nonce, b"", sealed, tag), (nonce, aad, b"", tag)] if text else [(nonce, b"", sealed, tag)]
    for at, arguments in enumerate(forged):
        refused = bytes(len(arguments[2]))
        suite.add(SOURCE, f"forged {at}", "gcm_open", key, *arguments, status=REFUSED, answer=refused)
        suite.add(SOURCE, f"forged {at}", "gcm_open_pieces", key, *arguments, b"\x07", status=REFUSED)


def tagging(suite: Suite, source: random.Random) -> None:
    for size, length in itertools.product((16, 32), LENGTHS):
        key, data = source.randbytes(size), source.randbytes(length)
        suite.add(SOURCE, length, "cmac", key, data, answer=cmac(key, data))
        sizes = PIECES[length % len(PIECES)]
        suite.add(SOURCE, length, "cmac_pieces", key, data, sizes, answer=cmac(key, data))


def wrapping(suite: Suite, source: random.Random) -> None:
    for size, length in itertools.product((16, 32), (16, 24, 32, 40, 64, 512, 4096, 65528)):
        kek, key = source.randbytes(size), source.randbytes(length)
        wrapped = aes_key_wrap(kek, key)
        suite.add(SOURCE, length, "keywrap", kek, key, answer=wrapped)
        suite.add(SOURCE, length, "keyunwrap", kek, wrapped, answer=key)
    kek, key = source.randbytes(32), source.randbytes(16)
    for bit, changed in flips(aes_key_wrap(kek, key)):
        suite.add(SOURCE, f"flip {bit}", "keyunwrap", kek, changed, status=REFUSED, answer=bytes(16))
    for length in (0, 1, 7, 8, 9, 15, 17, 23, 65529, 65536):
        suite.add(SOURCE, length, "keywrap", kek, bytes(length), status=REFUSED, answer=bytes(length + 8))
    for length in (0, 1, 7, 8, 9, 16, 23, 25, 65537, 65544):
        answer = bytes(max(length - 8, 0))
        suite.add(SOURCE, length, "keyunwrap", kek, bytes(length), status=REFUSED, answer=answer)
