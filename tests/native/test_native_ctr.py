"""Counter mode: SP 800-38A, RFC 3686, every length, and counters that wrap; by every code and by the oracle."""

import random

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.native._native import lib
from armillary.native.plain import aes

KEYS = st.sampled_from((16, 32)).flatmap(lambda n: st.binary(min_size=n, max_size=n))
PLAIN = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
SP_800_38A = [  # sections F.5.1 and F.5.5
    (
        "2b7e151628aed2a6abf7158809cf4f3c",
        "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
        "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee",
    ),
    (
        "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
        "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
        "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6",
    ),
]


def openssl(key, counter, data):
    return Cipher(algorithms.AES(key), modes.CTR(counter)).encryptor().update(data)


def after(counter, length):
    return ((int.from_bytes(counter, "big") + (length + 15) // 16) % (1 << 128)).to_bytes(16, "big")


@pytest.mark.parametrize("key, sealed", SP_800_38A)
def test_the_examples_of_sp_800_38a(c_aes, key, sealed):
    counter = bytes(range(0xF0, 0x100))
    assert c_aes.ctr(bytes.fromhex(key), counter, PLAIN)[0].hex() == sealed
    assert aes.ctr(bytes.fromhex(key), counter, PLAIN).hex() == sealed


@pytest.mark.parametrize("bits", [128, 256])
def test_rfc_3686(c_aes, records, bits):
    vectors = records(f"ciphers/AES/CTR/aes-{bits}-ctr.txt")
    assert len(vectors) == 3
    for record in vectors:
        key, counter, text, sealed = (
            bytes.fromhex(record[field]) for field in ("KEY", "IV", "PLAINTEXT", "CIPHERTEXT")
        )
        assert c_aes.ctr(key, counter, text)[0] == sealed
        assert c_aes.ctr(key, counter, sealed)[0] == text


@pytest.mark.parametrize("size", [16, 32])
def test_every_length_agrees_with_openssl(c_aes, size):
    some = random.Random(size)
    for length in [*range(301), 511, 512, 513, 1024, 4096, 9999]:
        key, counter, text = some.randbytes(size), some.randbytes(16), some.randbytes(length)
        assert c_aes.ctr(key, counter, text) == (openssl(key, counter, text), after(counter, length))


@pytest.mark.parametrize("ones", range(1, 17))
def test_the_counter_carries_through_any_number_of_bytes(c_aes, ones):
    """All 16: it wraps to zero. 4, 8: between the words and the halves it is kept in."""
    key, text = bytes(range(32)), bytes(16 * 30)
    for before in range(1, 20):
        counter = bytes(range(16 - ones)) + (256**ones - before).to_bytes(ones, "big")
        assert c_aes.ctr(key, counter, text) == (openssl(key, counter, text), after(counter, len(text)))


@pytest.mark.parametrize("low", range(256))
def test_every_last_byte_of_a_counter(c_aes, low):
    """Where the portable code joins blocks by it, and remembers what two rounds made of the rest."""
    key, counter, text = bytes(range(16)), bytes(range(15)) + bytes((low,)), bytes(16 * 300)
    assert c_aes.ctr(key, counter, text)[0] == openssl(key, counter, text)


def test_a_counter_of_32_bits_wraps_alone(c_aes):
    key, text = bytes(range(32)), bytes(16 * 24)
    for before in range(1, 24):
        counter = b"\xff" * 12 + (2**32 - before).to_bytes(4, "big")
        blocks = [b"\xff" * 12 + ((2**32 - before + i) % 2**32).to_bytes(4, "big") for i in range(25)]
        expected = b"".join(openssl(key, block, bytes(16)) for block in blocks[:24])
        assert c_aes.ctr(key, counter, text, lib.aes_ctr32) == (expected, blocks[24])


@settings(max_examples=200)
@given(key=KEYS, counter=st.binary(min_size=16, max_size=16), blocks=st.lists(st.integers(0, 40), max_size=6))
def test_in_pieces_of_whole_blocks_is_as_in_one(c_aes, key, counter, blocks):
    text = bytes(i & 255 for i in range(16 * sum(blocks)))
    whole, joined, at = c_aes.ctr(key, counter, text)[0], b"", counter
    for count in blocks:
        piece, at = c_aes.ctr(key, at, text[len(joined) : len(joined) + 16 * count])
        joined += piece
    assert joined == whole == openssl(key, counter, text)


@settings(max_examples=50)
@given(key=KEYS, counter=st.binary(min_size=16, max_size=16), text=st.binary(max_size=100))
def test_the_oracle_agrees(c_aes, key, counter, text):
    assert aes.ctr(key, counter, text) == c_aes.ctr(key, counter, text)[0] == openssl(key, counter, text)
