"""HMAC_DRBG in C and in plain Python: NIST's outputs, and OpenSSL's for anything else."""

import ctypes
import ctypes.util
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.native._native import ffi, lib
from armillary.native.plain import drbg as oracle

# NIST CAVP, CAVS 14.3, HMAC_DRBG.rsp, [SHA-256], without prediction resistance. Entropy, nonce, personalization;
# entropy and additional input of the reseed (None: not reseeded); additional inputs of the two requests for
# 1024 bits; what the second one gives.
NIST = {
    "no reseed, 0": (
        "ca851911349384bffe89de1cbdc46e6831e44d34a4fb935ee285dd14b71a7488", "659ba96c601dc69fc902940805ec0ca8", "",
        None, None, "", "",
        "e528e9abf2dece54d47c7e75e5fe302149f817ea9fb4bee6f4199697d04d5b89d54fbb978a15b5c443c9ec21036d2460"
        "b6f73ebad0dc2aba6e624abf07745bc107694bb7547bb0995f70de25d6b29e2d3011bb19d27676c07162c8b5ccde0668"
        "961df86803482cb37ed6d5c0bb8d50cf1f50d476aa0458bdaba806f48be9dcb8",
    ),
    "no reseed, personalized, 14": (
        "8ca4a964e1ff68753db86753d09222e09b888b500be46f2a3830afa9172a1d6d", "a59394e0af764e2f21cf751f623ffa6c",
        "eb8164b3bf6c1750a8de8528af16cffdf400856d82260acd5958894a98afeed5", None, None, "", "",
        "fc5701b508f0264f4fdb88414768e1afb0a5b445400dcfdeddd0eba67b4fea8c056d79a69fd050759fb3d626b29adb84"
        "38326fd583f1ba0475ce7707bd294ab01743d077605866425b1cbd0f6c7bba972b30fbe9fce0a719b044fcc139435489"
        "5a9f8304a2b5101909808ddfdf66df6237142b6566588e4e1e8949b90c27fc1f",
    ),
    "reseeded, 0": (
        "06032cd5eed33f39265f49ecb142c511da9aff2af71203bffaf34a9ca5bd9c0d", "0e66f71edc43e42a45ad3c6fc6cdc4df", "",
        "01920a4e669ed3a85ae8a33b35a74ad7fb2a6bb4cf395ce00334a9c9a5a5d552", "", "", "",
        "76fc79fe9b50beccc991a11b5635783a83536add03c157fb30645e611c2898bb2b1bc215000209208cd506cb28da2a51"
        "bdb03826aaf2bd2335d576d519160842e7158ad0949d1a9ec3e66ea1b1a064b005de914eac2e9d4f2d72a8616a802254"
        "22918250ff66a41bd2f864a6a38cc5b6499dc43f7f2bd09e1e0f8f5885935124",
    ),
    "reseeded, 1": (
        "aadcf337788bb8ac01976640726bc51635d417777fe6939eded9ccc8a378c76a", "9ccc9d80c89ac55a8cfe0f99942f5a4d", "",
        "03a57792547e0c98ea1776e4ba80c007346296a56a270a35fd9ea2845c7e81e2", "", "", "",
        "17d09f40a43771f4a2f0db327df637dea972bfff30c98ebc8842dc7a9e3d681c61902f71bffaf5093607fbfba9674a70"
        "d048e562ee88f027f630a78522ec6f706bb44ae130e05c8d7eac668bf6980d99b4c0242946452399cb032cc6f9fd9628"
        "4709bd2fa565b9eb9f2004be6c9ea9ff9128c3f93b60dc30c5fc8587a10de68c",
    ),
    "reseeded, additional input": (
        "05ac9fc4c62a02e3f90840da5616218c6de5743d66b8e0fbf833759c5928b53d", "2b89a17904922ed8f017a63044848545", "",
        "2791126b8b52ee1fd9392a0a13e0083bed4186dc649b739607ac70ec8dcecf9b",
        "43bac13bae715092cf7eb280a2e10a962faf7233c41412f69bc74a35a584e54c",
        "3f2fed4b68d506ecefa21f3f5bb907beb0f17dbc30f6ffbba5e5861408c53a1e",
        "529030df50f410985fde068df82b935ec23d839cb4b269414c0ede6cffea5b68",
        "02ddff5173da2fcffa10215b030d660d61179e61ecc22609b1151a75f1cbcbb4363c3a89299b4b63aca5e581e73c8604"
        "91010aa35de3337cc6c09ebec8c91a6287586f3a74d9694b462d2720ea2e11bbd02af33adefb4a16e6b370fa0effd57d"
        "607547bdcfbb7831f54de7073ad2a7da987a0016a82fa958779a168674b56524",
    ),
    "reseeded, personalized, additional input": (
        "93161b2dc08cb0fd50171141c865a841ca935cfdd2b5907d6ff8ab0348c4ceb0", "5cb9f6e5912b90c3349a50ab881b35a1",
        "0dceb4a36326c4df1685df43fddeecb5d0c76f00eb44826694f27e610290f6e1",
        "d8e9be44b5f293482548d4787762ebfb03c73c40e45385e8b98907cd66f493dd",
        "105a8f85d6959f3e043ef508cfea21d52123f03b7aea8034c4eec761eaba1fee",
        "bf781f7e489d9b4b5aa5ee6d1796468af672a8d25f311edf3c4b4dbf433d703f",
        "c81d6bcf1e5bf37e39dda1735c6f193df115b1a854a12e7cafe060afe4589335",
        "4306628124d0100fade7eaaf5edf227d50771f9e5f2e1e983800eef9a39fde0b0c280e63c8728d836b5b93ea794a32c1"
        "c04cfc54bd5300e3febb5fe2e1023eded8d7cd180279a598f76823e8d5a7dffcc93a09deec5d1f80838e938fba4de9f4"
        "7e94b99382ae55f116df9c3b3ddf7e50516e203645852a415796f03a86418107",
    ),
}  # fmt: skip


class InC:
    """The C code, in the form of the oracle."""

    def __init__(self, entropy, nonce, personalization=b""):
        self.state = ffi.new("struct drbg *")
        lib.drbg_begin(
            self.state, entropy, len(entropy), nonce, len(nonce), personalization, len(personalization)
        )

    @property
    def requests(self):
        return self.state.requests

    def reseed(self, entropy, additional=b""):
        lib.drbg_reseed(self.state, entropy, len(entropy), additional, len(additional))

    def attempt(self, length, additional=b"", room=65540):
        """The decision and the memory it wrote to, which held no zeros."""
        place = ffi.new("uint8_t[]", b"\xa5" * room)
        decision = lib.drbg_generate(self.state, place, length, additional, len(additional))
        assert bytes(place[length:room]) == b"\xa5" * (room - length)
        return decision, bytes(place[0:length])

    def generate(self, length, additional=b""):
        decision, out = self.attempt(length, additional, length + 3)
        assert decision == lib.VERDICT_ACCEPT
        return out


def plain(entropy, nonce, personalization=b""):
    return oracle.Drbg(
        lambda key, data: hmac.digest(key, data, hashlib.sha256), entropy, nonce, personalization
    )


@pytest.fixture(params=[InC, plain], ids=["C", "plain"])
def make(request):
    return request.param


@pytest.mark.parametrize("name", NIST)
def test_it_gives_what_nist_publishes(make, name):
    texts = [bytes.fromhex(text or "") for text in NIST[name]]
    entropy, nonce, personalization, reseed, reseed_additional, first, second, expected = texts
    generator = make(entropy, nonce, personalization)
    if NIST[name][3] is not None:
        generator.reseed(reseed, reseed_additional)
    generator.generate(len(expected), first)
    assert generator.generate(len(expected), second) == expected


class Parameter(ctypes.Structure):
    """OSSL_PARAM of openssl/core.h."""

    _fields_ = [
        ("key", ctypes.c_char_p), ("type", ctypes.c_uint), ("data", ctypes.c_void_p), ("size", ctypes.c_size_t),
        ("return_size", ctypes.c_size_t),
    ]  # fmt: skip


def parameters(**values):
    """An array of OSSL_PARAM: bytes are octets, text is text, numbers are unsigned int. Second: what it points to."""
    array, kept = (Parameter * (len(values) + 1))(), []
    for at, (key, value) in enumerate(values.items()):
        if isinstance(value, int):
            kind, memory = 2, (ctypes.c_uint * 1)(value)
        elif isinstance(value, str):
            kind, memory = 4, ctypes.create_string_buffer(value.encode(), len(value) + 1)
        else:
            kind, memory = 5, ctypes.create_string_buffer(value, max(1, len(value)))
        size = 4 if kind == 2 else len(value)
        kept.append(memory)
        array[at] = Parameter(key.encode(), kind, ctypes.cast(memory, ctypes.c_void_p), size, 0)
    return array, kept


def crypto():
    """OpenSSL's libcrypto 3, which is where the interpreter's own hashlib comes from."""
    library = ctypes.CDLL(ctypes.util.find_library("crypto"))
    pointer, size, number, text = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint, ctypes.c_char_p
    for name, kinds in {
        "EVP_RAND_fetch": [pointer, text, text], "EVP_RAND_CTX_new": [pointer, pointer],
        "EVP_RAND_CTX_set_params": [pointer, pointer], "EVP_RAND_CTX_free": [pointer], "EVP_RAND_free": [pointer],
        "EVP_RAND_instantiate": [pointer, number, ctypes.c_int, text, size, pointer],
        "EVP_RAND_reseed": [pointer, ctypes.c_int, text, size, text, size],
        "EVP_RAND_generate": [pointer, pointer, size, number, ctypes.c_int, text, size],
    }.items():  # fmt: skip
        getattr(library, name).argtypes = kinds
        getattr(library, name).restype = pointer if name.endswith(("fetch", "new")) else ctypes.c_int
    return library


CRYPTO = crypto()


class OpenSsl:
    """HMAC-DRBG of OpenSSL over its test source, which gives what it is told."""

    def __init__(self, entropy, nonce, personalization=b""):
        kinds = [CRYPTO.EVP_RAND_fetch(None, name, None) for name in (b"TEST-RAND", b"HMAC-DRBG")]
        self.source = CRYPTO.EVP_RAND_CTX_new(kinds[0], None)
        self.context = CRYPTO.EVP_RAND_CTX_new(kinds[1], self.source)
        for kind in kinds:
            CRYPTO.EVP_RAND_free(kind)
        given, _memory = parameters(strength=256, test_entropy=entropy, test_nonce=nonce)
        assert CRYPTO.EVP_RAND_instantiate(self.source, 256, 0, None, 0, given) == 1
        given, _memory = parameters(mac="HMAC", digest="SHA256")
        assert CRYPTO.EVP_RAND_CTX_set_params(self.context, given) == 1
        assert (
            CRYPTO.EVP_RAND_instantiate(self.context, 256, 0, personalization, len(personalization), None)
            == 1
        )

    def reseed(self, entropy, additional=b""):
        given, _memory = parameters(test_entropy=entropy)
        assert CRYPTO.EVP_RAND_CTX_set_params(self.source, given) == 1
        assert CRYPTO.EVP_RAND_reseed(self.context, 0, None, 0, additional, len(additional)) == 1

    def generate(self, length, additional=b""):
        place = ctypes.create_string_buffer(max(1, length))
        assert CRYPTO.EVP_RAND_generate(self.context, place, length, 256, 0, additional, len(additional)) == 1
        return place.raw[:length]

    def __del__(self):
        CRYPTO.EVP_RAND_CTX_free(self.context)
        CRYPTO.EVP_RAND_CTX_free(self.source)


more = st.binary(max_size=70)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("reseed"), st.binary(min_size=32, max_size=70), more),
        st.tuples(st.just("generate"), st.integers(1, 300), more),
    ),
    max_size=8,
)


@given(
    entropy=st.binary(min_size=32, max_size=80),
    nonce=st.binary(min_size=16, max_size=64),
    own=more,
    steps=steps,
)
def test_c_oracle_and_openssl_give_the_same(entropy, nonce, own, steps):
    ours, theirs = [InC(entropy, nonce, own), plain(entropy, nonce, own)], OpenSsl(entropy, nonce, own)
    for name, first, second in steps:
        expected = getattr(theirs, name)(first, second)
        for generator in ours:
            assert getattr(generator, name)(first, second) == expected


def test_the_parts_of_the_seed_are_one_string(make):
    whole = make(b"e" * 32 + b"n" * 16 + b"p" * 5, b"").generate(64)
    assert make(b"e" * 32, b"n" * 16, b"p" * 5).generate(64) == whole
    assert make(b"e" * 40, b"n" * 16, b"p" * 5).generate(64) != whole


def test_the_most_in_one_request_is_64_kib_and_is_whole():
    one, other = InC(bytes(32), bytes(16)), plain(bytes(32), bytes(16))
    assert lib.DRBG_MOST == oracle.MOST == 65536
    assert one.generate(65536) == other.generate(65536)


def test_more_in_one_request_is_refused_and_gives_zeros():
    generator = InC(bytes(32), bytes(16))
    before = bytes(ffi.buffer(generator.state))
    assert generator.attempt(65537) == (lib.VERDICT_REJECT, bytes(65537))
    assert bytes(ffi.buffer(generator.state)) == before
    for wrong in (65537, -1):
        with pytest.raises(ValueError, match="65536"):
            plain(bytes(32), bytes(16)).generate(wrong)


def test_after_so_many_requests_it_must_be_reseeded(make):
    generator = make(bytes(32), bytes(16))
    place = generator.state if make is InC else generator
    assert lib.DRBG_RESEED_AFTER == oracle.RESEED_AFTER == 1 << 20
    place.requests = 1 << 20
    generator.generate(16)
    if make is InC:
        assert generator.attempt(16) == (lib.VERDICT_REJECT, bytes(16))
    else:
        with pytest.raises(ValueError, match="reseeded"):
            generator.generate(16)
    generator.reseed(bytes(32))
    assert generator.requests == 1
    assert len(generator.generate(16)) == 16


def test_a_request_for_nothing_still_moves_the_state_on(make):
    one, other = make(bytes(32), bytes(16)), make(bytes(32), bytes(16))
    assert one.generate(0) == b""
    assert one.generate(32) != other.generate(32)
    assert one.requests == 3


def test_no_output_comes_twice(make):
    generator = make(bytes(32), bytes(16))
    outputs = {generator.generate(32) for _ in range(200)}
    assert len(outputs) == 200
