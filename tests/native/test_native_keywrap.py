"""AES key wrap: RFC 3394, NIST's vectors, and every changed bit refused; by every code and by the oracle."""

import pytest
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.native import BadTag
from armillary.native.plain.keywrap import keyunwrap, keywrap

KEYS = st.sampled_from((16, 32)).flatmap(lambda n: st.binary(min_size=n, max_size=n))
WRAPPABLE = st.integers(2, 40).flatmap(lambda n: st.binary(min_size=8 * n, max_size=8 * n))
DATA = bytes.fromhex("00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f")
RFC_3394 = [  # sections 4.1, 4.3, 4.5, 4.6: lengths of KEK and of key in bytes
    (16, 16, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"),
    (32, 16, "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"),
    (32, 24, "a8f9bc1612c68b3ff6e6f4fbe30e71e4769c8b80a32cb8958cd5d17d6b254da1"),
    (32, 32, "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"),
]


def oracle_unwrap(kek, wrapped):
    try:
        return keyunwrap(kek, wrapped)
    except BadTag:
        return None


@pytest.mark.parametrize("kek_size, size, wrapped", RFC_3394)
def test_the_examples_of_rfc_3394(c_aes, kek_size, size, wrapped):
    kek, wrapped = bytes(range(kek_size)), bytes.fromhex(wrapped)
    assert c_aes.wrap(kek, DATA[:size]) == wrapped == keywrap(kek, DATA[:size])
    assert c_aes.unwrap(kek, wrapped) == DATA[:size] == keyunwrap(kek, wrapped)


@pytest.mark.parametrize("bits", [128, 256])
def test_nist_wrapping(c_aes, records, bits):
    vectors = records(f"keywrap/kwtestvectors/KW_AE_{bits}.txt")
    assert len(vectors) == 500
    for record in vectors:
        kek, data, wrapped = (bytes.fromhex(record[field]) for field in "KPC")
        assert c_aes.wrap(kek, data) == wrapped


@pytest.mark.parametrize("bits", [128, 256])
def test_nist_unwrapping_and_refusal(c_aes, records, bits):
    vectors, refused = records(f"keywrap/kwtestvectors/KW_AD_{bits}.txt"), 0
    assert len(vectors) == 500
    for record in vectors:
        expected = None if "FAIL" in record else bytes.fromhex(record["P"])
        refused += expected is None
        assert c_aes.unwrap(bytes.fromhex(record["K"]), bytes.fromhex(record["C"])) == expected
    assert 50 < refused < 450


@pytest.mark.parametrize("kek_size", [16, 32])
def test_every_changed_bit_is_refused(c_aes, kek_size):
    kek, data = bytes(range(kek_size)), bytes(range(32))
    wrapped = c_aes.wrap(kek, data)
    for bit in range(8 * len(wrapped)):
        wrong = bytearray(wrapped)
        wrong[bit // 8] ^= 1 << bit % 8
        assert c_aes.unwrap(kek, bytes(wrong)) is None
    for bit in range(8 * kek_size):
        other = bytearray(kek)
        other[bit // 8] ^= 1 << bit % 8
        assert c_aes.unwrap(bytes(other), wrapped) is None
    assert c_aes.unwrap(kek, wrapped) == data


def test_lengths_that_are_not_allowed_are_refused(c_aes):
    kek = bytes(16)
    for length in [*range(16), *range(17, 24), 65529, 65535, 65536]:
        assert c_aes.wrap(kek, bytes(length)) is None
        with pytest.raises(ValueError):
            keywrap(kek, bytes(length))
    for length in [*range(8, 24), *range(25, 32), 65537, 65544]:
        assert c_aes.unwrap(kek, b"\xa6" * length) is None
        with pytest.raises(BadTag):
            keyunwrap(kek, bytes(length))


def test_the_longest_key_passes(c_aes):
    kek, data = bytes(range(16)), bytes(i & 255 for i in range(65528))
    wrapped = c_aes.wrap(kek, data)
    assert wrapped == aes_key_wrap(kek, data)
    assert c_aes.unwrap(kek, wrapped) == data


@settings(max_examples=150)
@given(kek=KEYS, data=WRAPPABLE)
def test_it_wraps_as_openssl_does(c_aes, kek, data):
    wrapped = c_aes.wrap(kek, data)
    assert wrapped == aes_key_wrap(kek, data) == keywrap(kek, data)
    assert c_aes.unwrap(kek, wrapped) == data == keyunwrap(kek, wrapped)


@settings(max_examples=100)
@given(kek=KEYS, wrapped=st.integers(3, 10).flatmap(lambda n: st.binary(min_size=8 * n, max_size=8 * n)))
def test_what_nobody_wrapped_is_refused(c_aes, kek, wrapped):
    assert c_aes.unwrap(kek, wrapped) is None
    assert oracle_unwrap(kek, wrapped) is None
