"""AES-GCM: NIST's vectors in every engine and every code; no changed bit is ever accepted."""

import random

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary import native
from armillary.native import BadTag, host
from armillary.native._native import lib
from armillary.native.plain import aes, gcm, suite

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


KEYS = st.sampled_from((16, 32)).flatmap(lambda n: st.binary(min_size=n, max_size=n))
PIECES = st.lists(st.binary(max_size=600), max_size=6)


@pytest.mark.parametrize("bits", [128, 256])
@pytest.mark.parametrize("name", ["gcmEncryptExtIV", "gcmDecrypt"])
def test_nist_with_nonces_of_every_length(c_aes, records, name, bits):
    vectors = [r for r in records(f"ciphers/AES/GCM/{name}{bits}.rsp") if r["Taglen"] == "128"]
    opened = refused = 0
    for record in vectors:
        key, nonce, aad, text, sealed, tag = unhex(record, "Key", "IV", "AAD", "PT", "CT", "Tag")
        expected = None if "FAIL" in record else text
        assert c_aes.open(key, nonce, aad, sealed + tag) == expected
        opened, refused = opened + (expected is not None), refused + (expected is None)
        if expected is not None:
            assert c_aes.seal(key, nonce, aad, text) == sealed + tag
    assert len(vectors) == 1125 and opened + refused == 1125 and opened > 500


@pytest.mark.parametrize("size", [16, 32])
def test_every_length_of_text_agrees_with_openssl(c_aes, size):
    some = random.Random(size)
    for length in [*range(301), 511, 512, 513, 767, 768, 769, 1023, 1024, 1025, 4096, 5000]:
        key, nonce, aad = some.randbytes(size), some.randbytes(12), some.randbytes(length % 37)
        text, skew, in_place = some.randbytes(length), length % 5, length % 2 == 1
        sealed = AESGCM(key).encrypt(nonce, text, aad)
        assert c_aes.seal(key, nonce, aad, text, skew, in_place) == sealed
        assert c_aes.open(key, nonce, aad, sealed, skew, in_place) == text


def test_every_length_of_additional_data_agrees_with_openssl(c_aes):
    some = random.Random(3)
    for length in [*range(301), 512, 1000]:
        key, nonce, aad = some.randbytes(32), some.randbytes(12), some.randbytes(length)
        assert c_aes.seal(key, nonce, aad, b"text") == AESGCM(key).encrypt(nonce, b"text", aad)


def test_every_length_of_nonce_agrees_with_openssl(c_aes):
    some = random.Random(4)
    for length in range(1, 65):
        key, nonce, text = some.randbytes(16), some.randbytes(length), some.randbytes(300)
        expected = c_aes.seal(key, nonce, b"", text)
        if length >= 8:  # OpenSSL, by way of `cryptography`, takes no shorter ones
            assert expected == AESGCM(key).encrypt(nonce, text, b"")
        assert c_aes.open(key, nonce, b"", expected) == text
        assert oracle_seal(key, nonce, text) == expected


def oracle_seal(key, nonce, text):
    """By the oracle, whose front door takes 12 bytes only."""
    cipher = gcm.Cipher(key, nonce)
    sealed = cipher.crypt(text)
    return sealed + cipher.tag(b"", sealed)


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 64, 255, 256, 257, 300, 1000])
def test_every_one_of_the_128_tag_bits_counts(c_aes, length):
    key, nonce, text = bytes(range(32)), bytes(12), bytes(i & 255 for i in range(length))
    sealed = c_aes.seal(key, nonce, b"header", text)
    for bit in range(128):
        wrong = bytearray(sealed)
        wrong[length + bit // 8] ^= 1 << bit % 8
        assert c_aes.open(key, nonce, b"header", bytes(wrong), in_place=bit % 2 == 1) is None
    assert c_aes.open(key, nonce, b"header", sealed) == text


def test_every_bit_of_text_and_header_counts(c_aes):
    key, nonce, aad, text = bytes(range(16)), bytes(12), bytes(70), bytes(330)
    sealed = c_aes.seal(key, nonce, aad, text)
    for bit in range(8 * len(text)):
        wrong = bytearray(sealed)
        wrong[bit // 8] ^= 1 << bit % 8
        assert c_aes.open(key, nonce, aad, bytes(wrong)) is None
    for bit in range(8 * len(aad)):
        wrong = bytearray(aad)
        wrong[bit // 8] ^= 1 << bit % 8
        assert c_aes.open(key, nonce, bytes(wrong), sealed) is None


def nonce_for(key, first):
    """The nonce of 16 bytes whose first counter block is `first`: GHASH undone (section 7.1, step 2)."""
    h = int.from_bytes(aes.encrypt(aes.expand_key(key), bytes(16)), "big")
    inverse, power = 1 << 127, h  # to the 2^128 - 2 in a field of 2^128
    for _ in range(127):
        power = gcm.multiply(power, power)
        inverse = gcm.multiply(inverse, power)
    assert gcm.multiply(h, inverse) == 1 << 127
    hashed = gcm.multiply(int.from_bytes(first, "big"), inverse) ^ 8 * 16
    return gcm.multiply(hashed, inverse).to_bytes(16, "big")


@pytest.mark.parametrize("before", [*range(1, 20), 128, 250, 256])
def test_the_counter_wraps_in_its_last_32_bits_only(c_aes, before):
    key, text = bytes(range(32)), bytes(16 * 300)
    nonce = nonce_for(key, b"\xff" * 12 + (2**32 - before).to_bytes(4, "big"))
    sealed = AESGCM(key).encrypt(nonce, text, b"")
    assert c_aes.seal(key, nonce, b"", text) == sealed
    assert c_aes.open(key, nonce, b"", sealed) == text
    assert c_aes.stream(key, nonce, [], [text[:100], text[100:]], lib.gcm_encrypt) == sealed
    if before == 1:
        assert oracle_seal(key, nonce, text[:80]) == c_aes.seal(key, nonce, b"", text[:80])


@settings(max_examples=200)
@given(key=KEYS, nonce=st.binary(min_size=1, max_size=64), aads=PIECES, texts=PIECES)
def test_in_any_pieces_is_as_in_one(c_aes, key, nonce, aads, texts):
    whole = c_aes.seal(key, nonce, b"".join(aads), b"".join(texts))
    assert c_aes.stream(key, nonce, aads, texts, lib.gcm_encrypt) == whole
    text, cut = b"".join(texts), []
    for piece in texts:
        cut.append(whole[sum(map(len, cut)) :][: len(piece)])
    assert c_aes.stream(key, nonce, aads, cut, lib.gcm_decrypt) == text + whole[len(text) :]


@settings(max_examples=200)
@given(key=KEYS, nonce=st.binary(min_size=8, max_size=64), aad=st.binary(max_size=700), text=st.binary(max_size=3000))
def test_it_seals_as_openssl_does(c_aes, key, nonce, aad, text):
    sealed = AESGCM(key).encrypt(nonce, text, aad)
    assert c_aes.seal(key, nonce, aad, text) == sealed
    assert c_aes.open(key, nonce, aad, sealed) == text
