"""The facade against `cryptography` over OpenSSL, by hypothesis: a few hundred examples of each property here, as many
as ARMILLARY_EXAMPLES says in `make fuzz`."""

from __future__ import annotations

import hashlib
import hmac
import os

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import cmac, hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    Prehashed,
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary import native

N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
EXAMPLES = int(os.environ.get("ARMILLARY_EXAMPLES", "300"))
often = settings(max_examples=EXAMPLES, deadline=None)
seldom = settings(max_examples=max(EXAMPLES // 5, 1), deadline=None)

DATA = st.binary(max_size=1500)
KEYS = st.one_of(st.binary(min_size=16, max_size=16), st.binary(min_size=32, max_size=32))
NONCES = st.binary(min_size=12, max_size=12)
NUMBERS = st.one_of(st.integers(1, N - 1), st.integers(1, 1 << 16), st.integers(N - (1 << 16), N - 1))
DIGESTS = st.binary(min_size=32, max_size=32)
WAY = ec.ECDSA(Prehashed(hashes.SHA256()))


def number(value):
    return value.to_bytes(32, "big")


def key_of(value):
    return ec.derive_private_key(value, ec.SECP256R1())


def point_of(value):
    numbers = key_of(value).public_key().public_numbers()
    return number(numbers.x) + number(numbers.y)


def flip(data, bit):
    bit %= 8 * len(data)
    return data[: bit // 8] + bytes((data[bit // 8] ^ 1 << bit % 8,)) + data[bit // 8 + 1 :]


@often
@given(st.lists(DATA, max_size=20))
def test_hashes(buffers):
    expected = [hashlib.sha256(data).digest() for data in buffers]
    assert [native.sha256(data) for data in buffers] == expected == list(native.sha256_many(buffers))
    stream = native.Sha256()
    for data in buffers:
        stream.update(data)
    assert stream.digest() == hashlib.sha256(b"".join(buffers)).digest()


@often
@given(DATA, st.integers(1, 200))
def test_pages(data, size):
    data = data[: len(data) // size * size]
    pages = [data[at : at + size] for at in range(0, len(data), size)]
    assert native.sha256_pages(data, size) == b"".join(hashlib.sha256(page).digest() for page in pages)


@often
@given(st.binary(max_size=200), DATA)
def test_tags(key, data):
    assert native.hmac_sha256(key, data) == hmac.digest(key, data, "sha256")


@often
@given(KEYS, DATA)
def test_cipher_tags(key, data):
    mac = cmac.CMAC(algorithms.AES(key))
    mac.update(data)
    assert native.aes_cmac(key, data) == mac.finalize()


@often
@given(st.binary(max_size=100), st.binary(max_size=100), st.binary(max_size=100), st.integers(1, 8160))
def test_derived_keys(salt, ikm, info, length):
    assert native.hkdf(salt, ikm, info, length) == HKDF(hashes.SHA256(), length, salt, info).derive(ikm)


@often
@given(KEYS, st.binary(min_size=16, max_size=16), DATA)
def test_counter_mode(key, counter, data):
    assert native.aes_ctr(key, counter, data) == Cipher(algorithms.AES(key), modes.CTR(counter)).encryptor().update(data)


@often
@given(KEYS, NONCES, st.binary(max_size=100), DATA, st.integers(0, 1 << 20))
def test_seals(key, nonce, aad, text, bit):
    sealed = AESGCM(key).encrypt(nonce, text, aad)
    assert native.aes_gcm_seal(key, nonce, aad, text) == sealed
    assert native.aes_gcm_open(key, nonce, aad, sealed) == text
    kept = native.AesGcm(key)
    assert kept.seal(nonce, aad, text) == sealed and kept.open(nonce, aad, sealed) == text
    for arguments in ((key, nonce, aad, flip(sealed, bit)), (key, flip(nonce, bit), aad, sealed), (flip(key, bit), nonce, aad, sealed)):
        with pytest.raises(native.BadTag):
            native.aes_gcm_open(*arguments)


@often
@given(KEYS, st.integers(2, 40), st.integers(0, 1 << 20), st.randoms(use_true_random=False))
def test_wrapped_keys(kek, words, bit, source):
    key = source.randbytes(8 * words)
    wrapped = aes_key_wrap(kek, key)
    assert native.key_wrap(kek, key) == wrapped and native.key_unwrap(kek, wrapped) == key
    assert aes_key_unwrap(kek, native.key_wrap(kek, key)) == key
    with pytest.raises(native.BadTag):
        native.key_unwrap(kek, flip(wrapped, bit))


@seldom
@given(NUMBERS, NUMBERS)
def test_agreement(mine, theirs):
    secret = key_of(mine).exchange(ec.ECDH(), key_of(theirs).public_key())
    assert native.p256_public(number(mine)) == point_of(mine)
    assert native.p256_ecdh(number(mine), point_of(theirs)) == secret == native.p256_ecdh(number(theirs), point_of(mine))


@seldom
@given(NUMBERS, DIGESTS, DIGESTS, st.integers(0, 1 << 20))
def test_signatures(private, digest, extra, bit):
    key, public = key_of(private), point_of(private)
    r, s = decode_dss_signature(key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256()), deterministic_signing=True)))
    ours = native.p256_sign(number(private), digest)
    hedged = native.p256_sign_hedged(number(private), digest, extra)
    assert ours == number(r) + number(s)
    known = native.P256Key(public)
    for signature in (ours, hedged, number(r) + number(N - s)):
        r, s = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
        key.public_key().verify(encode_dss_signature(r, s), digest, WAY)
        native.p256_verify(public, digest, signature)
        known.verify(digest, signature)
    wrong = [(public, flip(digest, bit), ours), (public, digest, flip(ours, bit)), (flip(public, bit), digest, ours)]
    for claim in wrong:
        with pytest.raises(native.BadSignature):
            native.p256_verify(*claim)
    with pytest.raises(native.BadSignature) as caught:
        native.p256_verify_many([(public, digest, ours), *wrong, (public, digest, hedged)])
    assert sorted(caught.value.refused) == [1, 2, 3]


@seldom
@given(NUMBERS, DIGESTS, st.integers(0, (1 << 256) - 1), st.integers(0, (1 << 256) - 1))
def test_any_numbers_as_a_signature(private, digest, r, s):
    try:
        key_of(private).public_key().verify(encode_dss_signature(r, s), digest, WAY)
        is_good = True
    except InvalidSignature:
        is_good = False
    try:
        native.p256_verify(point_of(private), digest, number(r) + number(s))
        assert is_good
    except native.BadSignature:
        assert not is_good


@often
@given(st.integers(0, (1 << 256) - 1), st.integers(0, (1 << 256) - 1))
def test_points(x, y):
    for point in ((x, y), (x, y_of(x) or y)):
        try:
            ec.EllipticCurvePublicNumbers(*point, ec.SECP256R1()).public_key()
            if max(point) >= P:
                raise ValueError("OpenSSL reduces, which SP 800-56A, section 5.6.2.3.3, forbids")
        except ValueError:
            with pytest.raises(native.BadPoint):
                native.p256_check(number(point[0]) + number(point[1]))
        else:
            native.p256_check(number(point[0]) + number(point[1]))


def y_of(x):
    """A y that belongs to x, or None."""
    square = (x**3 - 3 * x + 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B) % P
    y = pow(square, (P + 1) // 4, P)
    return y if y * y % P == square else None


@often
@given(st.integers(1, (1 << 256) - 1), st.integers(1, (1 << 256) - 1), st.integers(0, 1 << 20))
def test_encodings(r, s, bit):
    der, raw = encode_dss_signature(r, s), number(r) + number(s)
    assert native.signature_to_der(raw) == der and native.signature_from_der(der) == raw
    changed = flip(der, bit)
    try:
        r, s = decode_dss_signature(changed)
        expected = number(r) + number(s) if r > 0 and s > 0 else None
    except (ValueError, OverflowError):
        expected = None
    try:
        assert native.signature_from_der(changed) == expected
    except native.BadSignature:
        assert expected is None
