"""AES-CMAC: RFC 4493, SP 800-38B, every length; by every code and by the oracle."""

import random

import pytest
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.native._native import ffi, lib
from armillary.native.plain.cmac import cmac_aes

KEYS = st.sampled_from((16, 32)).flatmap(lambda n: st.binary(min_size=n, max_size=n))


def openssl(key, data):
    mac = CMAC(algorithms.AES(key))
    mac.update(data)
    return mac.finalize()


@pytest.mark.parametrize("bits", [128, 256])
def test_the_examples_of_sp_800_38b_and_rfc_4493(c_aes, records, bits):
    """Those of RFC 4493, section 4, are the four of 128 bits."""
    vectors = records(f"CMAC/nist-800-38b-aes{bits}.txt")
    assert len(vectors) == 4
    for record in vectors:
        key, message, tag = (bytes.fromhex(record[field]) for field in ("KEY", "MESSAGE", "OUTPUT"))
        assert c_aes.cmac(key, [message]) == tag
        assert cmac_aes(key, message) == tag


@pytest.mark.parametrize("size", [16, 32])
def test_every_length_agrees_with_openssl(c_aes, size):
    some = random.Random(size)
    for length in range(301):
        key, data = some.randbytes(size), some.randbytes(length)
        assert c_aes.cmac(key, [data]) == openssl(key, data)


@settings(max_examples=200)
@given(key=KEYS, pieces=st.lists(st.binary(max_size=70), max_size=8))
def test_in_any_pieces_is_as_in_one(c_aes, key, pieces):
    data, tag = b"".join(pieces), ffi.new("uint8_t[16]")
    lib.cmac_aes(key, len(key), data, len(data), tag)
    assert c_aes.cmac(key, pieces) == bytes(tag) == openssl(key, data) == cmac_aes(key, data)


def test_every_bit_of_the_message_counts(c_aes):
    key, data = bytes(range(16)), bytes(range(50))
    seen = {c_aes.cmac(key, [data])}
    for bit in range(8 * len(data)):
        wrong = bytearray(data)
        wrong[bit // 8] ^= 1 << bit % 8
        seen.add(c_aes.cmac(key, [bytes(wrong)]))
    assert len(seen) == 8 * len(data) + 1
