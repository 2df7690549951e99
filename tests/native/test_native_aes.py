"""The block cipher: FIPS 197 and NIST's vectors, by every code and by the oracle."""

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.native._native import ffi, lib
from armillary.native.plain import aes

ECB = ["GFSbox", "KeySbox", "VarKey", "VarTxt", "MMT"]
COUNTS = {128: (14, 42, 256, 256, 20), 256: (10, 32, 512, 256, 20)}  # of records, in the order of ECB
FIPS_197 = [  # appendix C; the plaintext is 00112233445566778899aabbccddeeff
    (bytes(range(16)), "69c4e0d86a7b0430d8cdb78070b4c55a"),
    (bytes(range(32)), "8ea2b7ca516745bfeafc49904b496089"),
]
KEYS = st.sampled_from((16, 32)).flatmap(lambda n: st.binary(min_size=n, max_size=n))


@pytest.mark.parametrize("key, ciphertext", FIPS_197)
def test_the_examples_of_fips_197(c_aes, key, ciphertext):
    block = bytes(0x11 * i for i in range(16))
    assert c_aes.encrypt(key, block).hex() == ciphertext
    assert c_aes.decrypt(key, bytes.fromhex(ciphertext)) == block
    assert aes.encrypt(aes.expand_key(key), block).hex() == ciphertext
    assert aes.decrypt(aes.expand_key(key), bytes.fromhex(ciphertext)) == block


@pytest.mark.parametrize("bits", [128, 256])
@pytest.mark.parametrize("name", ECB)
def test_nist_ecb(c_aes, records, name, bits):
    vectors = records(f"ciphers/AES/ECB/ECB{name}{bits}.rsp")
    assert len(vectors) == COUNTS[bits][ECB.index(name)]
    for record in vectors:
        key, text, sealed = (bytes.fromhex(record[field]) for field in ("KEY", "PLAINTEXT", "CIPHERTEXT"))
        blocks = range(0, len(text), 16)
        assert b"".join(c_aes.encrypt(key, text[at : at + 16]) for at in blocks) == sealed
        assert b"".join(c_aes.decrypt(key, sealed[at : at + 16]) for at in blocks) == text


def test_every_byte_passes_the_s_box(c_aes):
    """All 256 values at all 16 places at once: a wrong gate or a wrong place shows."""
    key = bytes(range(7, 39))
    reference = Cipher(algorithms.AES(key), modes.ECB())
    for value in range(256):
        block = bytes((value + 17 * place) & 255 for place in range(16))
        sealed = reference.encryptor().update(block)
        assert c_aes.encrypt(key, block) == sealed
        assert c_aes.decrypt(key, sealed) == block


@settings(max_examples=300)
@given(key=KEYS, block=st.binary(min_size=16, max_size=16))
def test_it_agrees_with_openssl_and_the_oracle(c_aes, key, block):
    sealed = Cipher(algorithms.AES(key), modes.ECB()).encryptor().update(block)
    assert c_aes.encrypt(key, block) == sealed == aes.encrypt(aes.expand_key(key), block)
    assert c_aes.decrypt(key, sealed) == block == aes.decrypt(aes.expand_key(key), sealed)


def test_a_key_keeps_to_the_code_that_made_it():
    """Made with everything, used after everything was taken away, and the other way about."""
    key, block = bytes(range(16)), ffi.new("uint8_t[16]")
    expected = aes.encrypt(aes.expand_key(key), bytes(16))
    for making, using in ((0xFFFFFFFF, 0), (0, 0xFFFFFFFF)):
        made, block[0:16] = ffi.new("struct aes *"), bytes(16)
        try:
            lib.cpu_restrict(making)
            lib.aes_begin(made, key, 16)
            lib.cpu_restrict(using)
            lib.aes_encrypt(made, block, block)
        finally:
            lib.cpu_restrict(0xFFFFFFFF)
        assert bytes(block) == expected


@pytest.mark.parametrize("size", [0, 15, 17, 24, 33])
def test_the_oracle_takes_no_other_keys(size):
    with pytest.raises(ValueError, match="bytes"):
        aes.expand_key(bytes(size))
