"""SHA-256 of many buffers: the same digests as one after the other, by every way of doing several at once."""

import hashlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.native._native import ffi, lib

WAYS = {"sixteen and two": 0xFFFFFFFF, "two": lib.CPU_SHA, "sixteen": lib.CPU_VAES, "portable": 0}


@pytest.fixture(params=WAYS)
def processor(request):
    """The ways that a processor may offer."""
    lib.cpu_restrict(WAYS[request.param])
    yield
    lib.cpu_restrict(0xFFFFFFFF)


def many(buffers):
    kept = [ffi.from_buffer(buffer) for buffer in buffers]
    digests = ffi.new("uint8_t[]", b"\xa5" * (32 * len(buffers) + 8))
    jobs = ffi.new("struct sha256_job[]", max(1, len(buffers)))
    for at, buffer in enumerate(kept):
        jobs[at].data, jobs[at].length, jobs[at].digest = buffer, len(buffer), digests + 32 * at
    lib.sha256_many(jobs, len(buffers))
    assert bytes(digests[32 * len(buffers) : 32 * len(buffers) + 8]) == b"\xa5" * 8
    return [bytes(digests[32 * at : 32 * at + 32]) for at in range(len(buffers))]


def pages(data, count, size):
    digests = ffi.new("uint8_t[]", b"\xa5" * (32 * count + 8))
    lib.sha256_pages(data, count, size, digests)
    assert bytes(digests[32 * count : 32 * count + 8]) == b"\xa5" * 8
    return [bytes(digests[32 * at : 32 * at + 32]) for at in range(count)]


def one_by_one(buffers):
    return [hashlib.sha256(buffer).digest() for buffer in buffers]


@pytest.mark.parametrize("length", [0, 1, 55, 56, 63, 64, 65, 119, 120, 127, 128, 129, 191, 192, 1000])
def test_every_number_of_buffers_of_one_length(processor, length):
    source = random.Random(length)
    buffers = [source.randbytes(length) for _ in range(36)]
    expected = one_by_one(buffers)
    for count in range(len(buffers) + 1):
        assert many(buffers[:count]) == expected[:count]
        assert pages(b"".join(buffers[:count]), count, length) == expected[:count]


def test_two_buffers_of_any_two_lengths(processor):
    data = random.Random(1).randbytes(200)
    for first in range(0, 200, 7):
        for second in range(200):
            pair = [data[:first], data[200 - second :]]
            assert many(pair) == one_by_one(pair)


def test_equal_lengths_among_others_go_together_and_the_others_are_right_too(processor):
    source = random.Random(2)
    for before in (0, 1, 2, 3):
        lengths = [*(source.randrange(300) for _ in range(before)), *[130] * 20, 131, *[64] * 9, 0, 5000]
        buffers = [source.randbytes(length) for length in lengths]
        assert many(buffers) == one_by_one(buffers)


def test_pages_of_4_kib(processor):
    data = random.Random(3).randbytes(40 * 4096)
    assert pages(data, 40, 4096) == one_by_one([data[at : at + 4096] for at in range(0, len(data), 4096)])


@pytest.mark.parametrize("count", [1, 2, 16])
def test_a_digest_may_overlap_its_own_data(processor, count):
    buffers = [bytearray(bytes([n]) * 100) for n in range(count)]
    expected = one_by_one(buffers)
    jobs, kept = ffi.new("struct sha256_job[]", count), []
    for at, buffer in enumerate(buffers):
        kept.append(ffi.from_buffer(buffer, require_writable=True))
        jobs[at].data, jobs[at].length, jobs[at].digest = kept[at], 100, ffi.cast("uint8_t *", kept[at])
    lib.sha256_many(jobs, count)
    kept.clear()
    assert [bytes(buffer[:32]) for buffer in buffers] == expected
    assert all(bytes(buffer[32:]) == bytes([n]) * 68 for n, buffer in enumerate(buffers))


@given(buffers=st.lists(st.binary(max_size=300), max_size=20))
def test_any_buffers(buffers):
    assert many(buffers) == one_by_one(buffers)


@given(size=st.integers(0, 300), count=st.integers(0, 40), seed=st.integers(0, 1 << 32))
def test_any_pages(size, count, seed):
    data = random.Random(seed).randbytes(size * count)
    assert pages(data, count, size) == one_by_one([data[size * at : size * at + size] for at in range(count)])
