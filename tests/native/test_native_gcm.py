"""AES-GCM: NIST's vectors in every engine; no changed bit is ever accepted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary import native
from armillary.native import BadTag, host
from armillary.native.plain import aes, suite

SEALED = ("aes_gcm_seal", "aes_gcm_open")


def ours(records, name):
    """The vectors with the nonce and tag lengths we take."""
    found = records("ciphers/AES/GCM/" + name)
    return [record for record in found if record["IVlen"] == "96" and record["Taglen"] == "128"]


def unhex(record, *names):
    return [bytes.fromhex(record.get(name, "")) for name in names]


@pytest.mark.parametrize("bits", [128, 256])
def test_nist_encryption(engine, records, bits):
    vectors = ours(records, "gcmEncryptExtIV" + str(bits) + ".rsp")
    assert len(vectors) == 375
    for record in engine.share(vectors, 7):
        key, nonce, aad, plaintext, ciphertext, tag = unhex(record, "Key", "IV", "AAD", "PT", "CT", "Tag")
        assert engine.aes_gcm_seal(key, nonce, aad, plaintext) == ciphertext + tag


@pytest.mark.parametrize("bits", [128, 256])
def test_nist_decryption_and_refusal(engine, records, bits):
    vectors = ours(records, "gcmDecrypt" + str(bits) + ".rsp")
    refused = 0
    for record in engine.share(vectors, 7):
        key, nonce, aad, plaintext, ciphertext, tag = unhex(record, "Key", "IV", "AAD", "PT", "CT", "Tag")
        if "FAIL" in record:
            refused += 1
            with pytest.raises(BadTag):
                engine.aes_gcm_open(key, nonce, aad, ciphertext + tag)
        else:
            assert engine.aes_gcm_open(key, nonce, aad, ciphertext + tag) == plaintext
    assert refused > 10


@pytest.mark.parametrize(
    "key, ciphertext",
    [  # FIPS 197, appendix C; the plaintext is 00112233445566778899aabbccddeeff
        (bytes(range(16)), "69c4e0d86a7b0430d8cdb78070b4c55a"),
        (bytes(range(24)), "dda97ca4864cdfe06eaf70a0ec0d7191"),
        (bytes(range(32)), "8ea2b7ca516745bfeafc49904b496089"),
    ],
)
def test_the_block_cipher_of_fips_197(key, ciphertext):
    block = bytes(0x11 * i for i in range(16))
    assert aes.encrypt(aes.expand_key(key), block).hex() == ciphertext


def test_every_flipped_bit_is_refused(engine):
    key, nonce, aad = bytes(range(16)), bytes(12), b"aad"
    sealed = engine.aes_gcm_seal(key, nonce, aad, b"plain")
    for bit in range(8 * len(sealed)):
        wrong = bytearray(sealed)
        wrong[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BadTag):
            engine.aes_gcm_open(key, nonce, aad, bytes(wrong))


@pytest.mark.parametrize("part", ["key", "nonce", "aad"])
def test_everything_else_is_bound_too(engine, part):
    right = {"key": bytes(range(32)), "nonce": bytes(range(12)), "aad": b"header"}
    sealed = engine.aes_gcm_seal(*right.values(), b"plain")
    for bit in engine.share(range(8 * len(right[part])), 8):
        wrong = bytearray(right[part])
        wrong[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BadTag):
            engine.aes_gcm_open(*{**right, part: bytes(wrong)}.values(), sealed)


def test_what_is_shorter_than_a_tag_is_refused(engine):
    sealed = engine.aes_gcm_seal(bytes(16), bytes(12), b"", b"")
    assert len(sealed) == 16
    for length in range(16):
        with pytest.raises(BadTag):
            engine.aes_gcm_open(bytes(16), bytes(12), b"", sealed[:length])


@pytest.mark.parametrize("key, nonce", [(0, 12), (15, 12), (33, 12), (16, 11), (16, 13), (16, 16), (32, 0)])
@pytest.mark.parametrize("name", SEALED)
def test_a_key_or_nonce_of_a_wrong_length_is_refused(engine, name, key, nonce):
    with pytest.raises(ValueError, match="bytes") as refusal:
        getattr(engine, name)(bytes(key), bytes(nonce), b"", bytes(20))
    assert refusal.type is ValueError


@settings(max_examples=25)
@given(
    key=st.sampled_from((16, 32)).flatmap(lambda n: st.binary(min_size=n, max_size=n)),
    nonce=st.binary(min_size=12, max_size=12),
    aad=st.binary(max_size=40),
    plaintext=st.binary(max_size=70),
)
def test_what_one_engine_seals_every_other_opens(key, nonce, aad, plaintext):
    sealed = native.aes_gcm_seal(key, nonce, aad, bytearray(plaintext))
    assert sealed == suite.aes_gcm_seal(key, nonce, memoryview(aad), plaintext)
    assert host.aes_gcm_open(bytearray(key), nonce, aad, memoryview(sealed)) == plaintext
    assert suite.aes_gcm_open(key, nonce, aad, bytearray(sealed)) == plaintext
