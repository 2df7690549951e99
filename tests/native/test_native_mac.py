"""HMAC and HKDF: RFC 4231, RFC 5869, and agreement with the standard library."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary import native
from armillary.native._native import ffi, lib
from armillary.native.plain import suite

# RFC 4231, section 4: key, data, HMAC-SHA-256 (test case 5 is truncated to 128 bits).
RFC_4231 = [
    (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
    (
        b"Jefe",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
    (bytes(range(1, 26)), b"\xcd" * 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
    (b"\x0c" * 20, b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
    (
        b"\xaa" * 131,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        b"\xaa" * 131,
        b"This is a test using a larger than block-size key and a larger than block-size data. "
        b"The key needs to be hashed before being used by the HMAC algorithm.",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
]

# RFC 5869, appendix A.1 to A.3: IKM, salt, info, length, PRK, OKM.
RFC_5869 = [
    (
        "0b" * 22, "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9", 42,
        "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        bytes(range(0x00, 0x50)).hex(), bytes(range(0x60, 0xB0)).hex(), bytes(range(0xB0, 0x100)).hex(), 82,
        "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
        "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
    ),
    (
        "0b" * 22, "", "", 42,
        "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
]  # fmt: skip


@pytest.mark.parametrize("key, data, tag", RFC_4231, ids=range(1, 8))
def test_hmac_of_rfc_4231(keyed, key, data, tag):
    assert keyed.hmac_sha256(key, data).hex()[: len(tag)] == tag


@pytest.mark.parametrize("ikm, salt, info, length, prk, okm", RFC_5869, ids=range(1, 4))
def test_hkdf_of_rfc_5869(keyed, ikm, salt, info, length, prk, okm):
    assert keyed.hkdf_extract(bytes.fromhex(salt), bytes.fromhex(ikm)).hex() == prk
    assert keyed.hkdf_expand(bytes.fromhex(prk), bytes.fromhex(info), length).hex() == okm


@given(key=st.binary(max_size=140), data=st.binary(max_size=300))
def test_hmac_agrees_with_the_standard_library(key, data):
    expected = hmac.digest(key, data, "sha256")
    assert native.hmac_sha256(key, data) == suite.hmac_sha256(key, data) == expected
    assert native.hmac_sha256(bytearray(key), memoryview(data)) == expected


@given(prk=st.binary(min_size=32, max_size=32), info=st.binary(max_size=40), length=st.integers(0, 200))
def test_a_shorter_expansion_is_a_prefix_of_a_longer_one(prk, info, length):
    assert native.hkdf_expand(prk, info, 200)[:length] == native.hkdf_expand(prk, info, length)
    assert native.hkdf_expand(prk, info, length) == suite.hkdf_expand(prk, info, length)


def test_the_longest_expansion_is_255_digests(keyed):
    assert len(keyed.hkdf_expand(bytes(32), b"", 8160)) == 8160


@pytest.mark.parametrize("length", [-1, 8161])
def test_more_than_hkdf_gives_is_refused(keyed, length):
    with pytest.raises(ValueError, match="8160"):
        keyed.hkdf_expand(bytes(32), b"", length)


@pytest.fixture(params=[0xFFFFFFFF, 0], ids=["accelerated", "portable"])
def processor(request):
    """The C code with what the processor offers, and without."""
    lib.cpu_restrict(request.param)
    yield
    lib.cpu_restrict(0xFFFFFFFF)


def c_hmac(key, data):
    place = ffi.new("uint8_t[32]")
    lib.hmac_sha256(key, len(key), data, len(data), place)
    return bytes(place)


def c_stream(key, pieces):
    """The tag of the pieces, and of the pieces and "more"."""
    mac, places = ffi.new("struct hmac *"), [ffi.new("uint8_t[32]") for _ in range(3)]
    lib.hmac_begin(mac, key, len(key))
    for piece in pieces:
        lib.hmac_update(mac, piece, len(piece))
    lib.hmac_end(mac, places[0])
    lib.hmac_end(mac, places[1])
    assert bytes(places[0]) == bytes(places[1])
    lib.hmac_update(mac, b"more", 4)
    lib.hmac_end(mac, places[2])
    return bytes(places[0]), bytes(places[2])


def c_hkdf(salt, ikm, info, length):
    place, prk = ffi.new("uint8_t[]", b"\xa5" * (length + 8)), ffi.new("uint8_t[32]")
    lib.hkdf_sha256(salt, len(salt), ikm, len(ikm), info, len(info), place, length)
    assert bytes(place[length : length + 8]) == b"\xa5" * 8
    whole = bytes(place[0:length])
    lib.hkdf_extract(salt, len(salt), ikm, len(ikm), prk)
    lib.hkdf_expand(prk, 32, info, len(info), place, length)
    assert bytes(place[0:length]) == whole
    return bytes(prk), whole


@pytest.mark.parametrize("key, data, tag", RFC_4231, ids=range(1, 8))
def test_c_hmac_of_rfc_4231(processor, key, data, tag):
    assert c_hmac(key, data).hex()[: len(tag)] == tag
    assert c_stream(key, [data[:3], data[3:]])[0] == c_hmac(key, data)


@pytest.mark.parametrize("ikm, salt, info, length, prk, okm", RFC_5869, ids=range(1, 4))
def test_c_hkdf_of_rfc_5869(processor, ikm, salt, info, length, prk, okm):
    given = [bytes.fromhex(text) for text in (salt, ikm, info)]
    assert [value.hex() for value in c_hkdf(*given, length)] == [prk, okm]


def test_c_hmac_of_every_length_of_key(processor):
    for length in range(140):
        key = bytes(range(1, length + 1))
        assert c_hmac(key, b"data") == hmac.digest(key, b"data", "sha256")


@given(key=st.binary(max_size=140), pieces=st.lists(st.binary(max_size=150), max_size=5))
def test_a_c_stream_goes_on_after_its_tag(key, pieces):
    whole = b"".join(pieces)
    expected = hmac.digest(key, whole, "sha256"), hmac.digest(key, whole + b"more", "sha256")
    assert c_stream(key, pieces) == expected
    assert c_hmac(key, whole) == expected[0]


def test_a_tag_may_overlap_key_and_data(processor):
    for key_length in (64, 100):
        for at in (0, 50, 64, 130):
            memory = bytearray(range(200))
            expected = hmac.digest(memory[:key_length], memory[64:164], "sha256")
            view = ffi.cast("uint8_t *", ffi.from_buffer(memory, require_writable=True))
            lib.hmac_sha256(view, key_length, view + 64, 100, view + at)
            assert bytes(memory[at : at + 32]) == expected


@given(
    salt=st.binary(max_size=80),
    ikm=st.binary(max_size=80),
    info=st.binary(max_size=80),
    length=st.integers(0, 300),
)
def test_c_hkdf_agrees_with_the_oracle(salt, ikm, info, length):
    prk = suite.hkdf_extract(salt, ikm)
    assert c_hkdf(salt, ikm, info, length) == (prk, suite.hkdf_expand(prk, info, length))


def test_c_hkdf_gives_255_digests_and_every_one_of_them(processor):
    prk = suite.hkdf_extract(b"", b"")
    assert lib.HKDF_MOST == 8160
    assert c_hkdf(b"", b"", b"i", 8160)[1] == suite.hkdf_expand(prk, b"i", 8160)
