"""Health tests in C: the cutoffs to the sample, and agreement with the text of SP 800-90B."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.hal.sim.noise import SeededNoise
from armillary.native._native import ffi, lib

REPETITIONS, PROPORTION = 9, 71  # for 4 bits of min-entropy a byte


class Health:
    """The C tests at work."""

    def __init__(self, repetitions=REPETITIONS, proportion=PROPORTION):
        self.state = ffi.new("struct health *")
        lib.health_begin(self.state, repetitions, proportion)

    def take(self, samples):
        decision = lib.health_test(self.state, bytes(samples), len(samples))
        assert decision in (lib.VERDICT_ACCEPT, lib.VERDICT_REJECT)
        return decision == lib.VERDICT_ACCEPT


def by_the_book(samples, repetitions, proportion):
    """SP 800-90B, 4.4.1 and 4.4.2, word for word: whether all `samples` pass."""
    a = b = None
    for sample in samples:  # 4.4.1
        if sample == a:
            b += 1
            if b >= repetitions:
                return False
        else:
            a, b = sample, 1
    for start in range(0, len(samples), lib.HEALTH_WINDOW):  # 4.4.2
        window = samples[start : start + lib.HEALTH_WINDOW]
        b = 1
        for sample in window[1:]:
            if sample == window[0]:
                b += 1
                if b >= proportion:
                    return False
    return True


def test_good_noise_is_healthy():
    assert Health().take(SeededNoise(b"good").read(65536))


def test_no_samples_are_healthy():
    assert Health().take(b"")


@pytest.mark.parametrize("cutoff", [2, 9, 31])
def test_a_stuck_source_is_refused_at_its_cutoff_and_not_before(cutoff):
    health = Health(repetitions=cutoff)
    assert health.take(b"\x05" + bytes(cutoff - 1))
    assert not health.take(b"\x00")


def test_a_run_is_counted_over_calls_and_broken_by_another_sample():
    health = Health()
    for sample in (b"\x07" * 8, b"\x08", b"\x07" * 8):
        assert all(health.take(bytes([one])) for one in sample)
    assert not health.take(b"\x07")


def test_a_first_sample_of_any_value_is_one_sample():
    for value in range(256):
        health = Health(repetitions=2)
        assert health.take(bytes([value]))
        assert not health.take(bytes([value]))


def preferring(matches, window=512, value=0):
    """A window that begins with `value` and has it `matches` times, never twice in a row."""
    others = random.Random(matches)
    samples = [others.randrange(1, 256) for _ in range(window)]
    for at in range(matches):
        samples[2 * at] = value
    return bytes(samples)


def test_a_value_that_makes_up_too_much_of_a_window_is_refused_at_the_cutoff():
    assert Health().take(preferring(PROPORTION - 1))
    assert not Health().take(preferring(PROPORTION))


def test_the_windows_are_512_samples_side_by_side():
    health, half = Health(), preferring(40)
    assert health.take(half) and health.take(half)  # 80 matches, 40 in each window
    late = Health()
    assert late.take(bytes(range(1, 101)))
    assert late.take(half) == by_the_book(bytes(range(1, 101)) + half, REPETITIONS, PROPORTION)


def test_once_refused_it_stays_refused_until_begun_anew():
    health = Health()
    assert not health.take(bytes(9))
    assert not health.take(SeededNoise(b"good").read(4096))
    assert not health.take(b"")
    lib.health_begin(health.state, REPETITIONS, PROPORTION)
    assert health.take(SeededNoise(b"good").read(4096))


@given(
    samples=st.lists(st.integers(0, 3), max_size=1200).map(bytes), repetitions=st.integers(2, 12),
    proportion=st.integers(2, 200), cut=st.integers(1, 600),
)  # fmt: skip
def test_it_agrees_with_the_book_however_the_samples_arrive(samples, repetitions, proportion, cut):
    health = Health(repetitions, proportion)
    is_healthy = True
    for at in range(0, len(samples), cut):
        is_healthy = health.take(samples[at : at + cut])
        assert is_healthy == by_the_book(samples[: at + cut], repetitions, proportion)


@given(seed=st.integers(0), spread=st.integers(2, 40))
def test_it_agrees_with_the_book_on_long_biased_noise(seed, spread):
    source = random.Random(seed)
    samples = bytes(source.randrange(spread) for _ in range(3000))
    assert Health().take(samples) == by_the_book(samples, REPETITIONS, PROPORTION)
