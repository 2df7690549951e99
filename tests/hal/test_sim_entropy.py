"""The noise source, whole and broken."""

import pytest

from armillary.hal.sim.entropy import BIASED, DEAD, FAULTS, REPEATING, SHORT, STUCK, Entropy
from armillary.hal.sim.noise import HostNoise, SeededNoise
from armillary.wire.fault import Failed, Invalid


@pytest.fixture
def entropy():
    return Entropy(SeededNoise(1))


def ones(data):
    return sum(bin(byte).count("1") for byte in data) / (8 * len(data))


@pytest.mark.parametrize("noise", [SeededNoise(5), HostNoise()])
def test_a_healthy_source_looks_like_noise(noise):
    data = Entropy(noise).read(20000)
    assert len(data) == 20000
    assert 0.48 < ones(data) < 0.52
    assert len(set(data)) == 256


def test_a_stuck_source_gives_one_byte_for_ever(entropy):
    entropy.break_down(STUCK)
    assert len(set(entropy.read(100) + entropy.read(100))) == 1


def test_a_biased_source_sets_one_bit_in_eight(entropy):
    entropy.break_down(BIASED)
    assert 0.11 < ones(entropy.read(20000)) < 0.14


def test_a_repeating_source_begins_again_every_16_bytes(entropy):
    entropy.break_down(REPEATING)
    data = entropy.read(64)
    assert data == data[:16] * 4 and len(set(data)) > 1
    assert entropy.read(40) == (data * 2)[:40]


def test_a_short_source_gives_half(entropy):
    entropy.break_down(SHORT)
    assert len(entropy.read(100)) == 50


def test_a_dead_source_fails(entropy):
    entropy.break_down(DEAD)
    with pytest.raises(Failed):
        entropy.read(1)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_mended_source_works_again(entropy, fault):
    entropy.break_down(fault)
    entropy.break_down("")
    assert len(set(entropy.read(1000))) > 200


def test_unknown_faults_and_lengths_are_refused(entropy):
    with pytest.raises(Invalid):
        entropy.break_down("tired")
    for length in (-1, 65537):
        with pytest.raises(Invalid):
            entropy.read(length)
