"""SHA-256: every engine gives NIST's digests, however the data arrives."""

import hashlib
import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary import native
from armillary.native import compiled
from armillary.native._native import lib
from armillary.native.plain import suite


@pytest.mark.parametrize("name", ["SHA256ShortMsg", "SHA256LongMsg"])
def test_nist_vectors(sha256, records, name):
    vectors = [record for record in records("hashes/SHA2/" + name + ".rsp") if "MD" in record]
    assert len(vectors) >= 64
    for record in vectors:
        message = bytes.fromhex(record["Msg"])[: int(record["Len"]) // 8]
        assert sha256(message).hex() == record["MD"]


def test_one_round_of_the_nist_monte_carlo_run(sha256, records):
    seed, *rest = records("hashes/SHA2/SHA256Monte.rsp")
    a = b = c = bytes.fromhex(seed["Seed"])
    for _ in range(1000):
        a, b, c = b, c, sha256(a + b + c)
    assert c.hex() == rest[0]["MD"]


def test_every_length_around_the_blocks_agrees_with_hashlib(sha256):
    for length in range(260):
        data = bytes((7 * i + length) & 0xFF for i in range(length))
        assert sha256(data) == hashlib.sha256(data).digest()


@given(data=st.binary(max_size=1000))
def test_all_engines_agree_on_any_bytes(data):
    digest = hashlib.sha256(data).digest()
    assert native.sha256(data) == suite.sha256(data) == compiled.sha256(bytearray(data)) == digest
    assert native.sha256(memoryview(data)) == digest


@given(pieces=st.lists(st.binary(max_size=150), max_size=8))
def test_a_stream_does_not_care_how_it_is_cut(pieces):
    for make in (native.Sha256, suite.Sha256, compiled.Sha256):
        hash = make()
        for piece in pieces:
            hash.update(piece)
        assert hash.digest() == hashlib.sha256(b"".join(pieces)).digest()


def test_a_stream_takes_every_kind_of_bytes(stream):
    hash = stream()
    for piece in (b"ab", bytearray(b"cd"), memoryview(b"efgh")[1:3], b""):
        hash.update(piece)
    assert hash.digest() == hashlib.sha256(b"abcdfg").digest()


def test_a_stream_over_many_blocks_fed_unevenly(stream):
    cut, hash, other, left = random.Random(1), stream(), hashlib.sha256(), 20_000
    while left > 0:
        piece = cut.randbytes(cut.choice((1, 63, 64, 65, 127, 128, 129, 1000)))
        hash.update(piece)
        other.update(piece)
        left -= len(piece)
    assert hash.digest() == other.digest()


def test_text_is_not_bytes(sha256, stream):
    with pytest.raises(TypeError):
        sha256("text")
    with pytest.raises(TypeError):
        stream().update("text")


def test_the_original_is_left_alone(sha256):
    data = bytearray(range(200))
    sha256(bytes(data))
    assert data == bytearray(range(200))


def test_threads_never_get_each_others_digests():
    """Data of each thread's own, long enough to be hashed without the interpreter's lock."""
    wrong = []

    def hash_often(n):
        data = bytes([n]) * 20_000
        digest = hashlib.sha256(data).digest()
        wrong.extend(n for _ in range(200) if native.sha256(data) != digest)

    threads = [threading.Thread(target=hash_often, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_engine_says_what_the_processor_offers():
    assert native.ENGINE == (
        "C with the processor's SHA-256" if lib.cpu_features() & lib.CPU_SHA else "portable C"
    )
