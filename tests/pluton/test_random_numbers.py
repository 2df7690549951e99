"""Random numbers: the mechanism against published vectors, the source against its faults."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary import native
from armillary.hal.sim.entropy import BIASED, DEAD, FAULTS, SHORT, Entropy
from armillary.hal.sim.noise import SeededNoise
from armillary.pluton import drbg, health
from armillary.pluton.drbg import HmacDrbg, Random
from armillary.wire.fault import Invalid, Unhealthy

# NIST CAVP, CAVS 14.3, HMAC_DRBG.rsp, [SHA-256]; the second request's output is what is published.
NO_RESEED = (  # drbgvectors_no_reseed, COUNT = 0
    "ca851911349384bffe89de1cbdc46e6831e44d34a4fb935ee285dd14b71a7488", "659ba96c601dc69fc902940805ec0ca8", "", "",
    "e528e9abf2dece54d47c7e75e5fe302149f817ea9fb4bee6f4199697d04d5b89d54fbb978a15b5c443c9ec21036d2460"
    "b6f73ebad0dc2aba6e624abf07745bc107694bb7547bb0995f70de25d6b29e2d3011bb19d27676c07162c8b5ccde0668"
    "961df86803482cb37ed6d5c0bb8d50cf1f50d476aa0458bdaba806f48be9dcb8",
)  # fmt: skip
PERSONALIZED = (  # drbgvectors_no_reseed with a personalization string, COUNT = 14
    "8ca4a964e1ff68753db86753d09222e09b888b500be46f2a3830afa9172a1d6d", "a59394e0af764e2f21cf751f623ffa6c",
    "eb8164b3bf6c1750a8de8528af16cffdf400856d82260acd5958894a98afeed5", "",
    "fc5701b508f0264f4fdb88414768e1afb0a5b445400dcfdeddd0eba67b4fea8c056d79a69fd050759fb3d626b29adb84"
    "38326fd583f1ba0475ce7707bd294ab01743d077605866425b1cbd0f6c7bba972b30fbe9fce0a719b044fcc139435489"
    "5a9f8304a2b5101909808ddfdf66df6237142b6566588e4e1e8949b90c27fc1f",
)  # fmt: skip
RESEEDED = (  # drbgvectors_pr_false, COUNT = 0
    "06032cd5eed33f39265f49ecb142c511da9aff2af71203bffaf34a9ca5bd9c0d", "0e66f71edc43e42a45ad3c6fc6cdc4df", "",
    "01920a4e669ed3a85ae8a33b35a74ad7fb2a6bb4cf395ce00334a9c9a5a5d552",
    "76fc79fe9b50beccc991a11b5635783a83536add03c157fb30645e611c2898bb2b1bc215000209208cd506cb28da2a51"
    "bdb03826aaf2bd2335d576d519160842e7158ad0949d1a9ec3e66ea1b1a064b005de914eac2e9d4f2d72a8616a802254"
    "22918250ff66a41bd2f864a6a38cc5b6499dc43f7f2bd09e1e0f8f5885935124",
)  # fmt: skip


@pytest.mark.parametrize("vector", [NO_RESEED, PERSONALIZED, RESEEDED], ids=["no-reseed", "personalized", "reseeded"])
def test_the_drbg_gives_what_nist_publishes(vector):
    entropy, nonce, personalization, reseed, expected = [bytes.fromhex(text) for text in vector]
    generator = HmacDrbg(entropy, nonce, personalization)
    if reseed:
        generator.reseed(reseed)
    generator.generate(len(expected))
    assert generator.generate(len(expected)) == expected


class Straightforward:
    """HMAC_DRBG once more, from the text of the standard and the interpreter's own HMAC."""

    def __init__(self, seed):
        self.k, self.v = b"\x00" * 32, b"\x01" * 32
        self.update(seed)

    def mac(self, data):
        return hmac.new(self.k, data, hashlib.sha256).digest()

    def update(self, data):
        self.k = self.mac(self.v + b"\x00" + data)
        self.v = self.mac(self.v)
        if data:
            self.k = self.mac(self.v + b"\x01" + data)
            self.v = self.mac(self.v)

    def generate(self, length, additional):
        if additional:
            self.update(additional)
        out = b""
        while len(out) < length:
            self.v = self.mac(self.v)
            out += self.v
        self.update(additional)
        return out[:length]


@given(
    st.binary(min_size=32, max_size=48), st.binary(max_size=32), st.binary(max_size=16),
    st.lists(st.tuples(st.integers(0, 300), st.binary(max_size=8), st.binary(max_size=40))),
)  # fmt: skip
def test_the_drbg_agrees_with_an_independent_one(entropy, nonce, personalization, requests):
    ours, other = HmacDrbg(entropy, nonce, personalization), Straightforward(entropy + nonce + personalization)
    for length, additional, reseed in requests:
        assert ours.generate(length, additional) == other.generate(length, additional)
        ours.reseed(reseed)
        other.update(reseed)


@pytest.mark.parametrize("length", [-1, drbg.MOST + 1])
def test_the_drbg_refuses_what_it_cannot_fill(length):
    with pytest.raises(Invalid):
        HmacDrbg(bytes(32), b"").generate(length)


def source(seed=1, fault=""):
    entropy = Entropy(SeededNoise(seed))
    entropy.break_down(fault)
    return entropy


@pytest.mark.parametrize("fault", FAULTS)
def test_a_source_broken_from_the_start_gives_nothing(fault):
    with pytest.raises(Unhealthy):
        Random(source(fault=fault), b"").read(1)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_source_that_breaks_is_found_out_at_the_next_harvest_and_stays_out(fault):
    entropy = source()
    noise = health.Noise(entropy)
    noise.read(64)
    entropy.break_down(fault)
    with pytest.raises(Unhealthy):
        for _ in range(40):
            noise.read(health.WINDOW)
    entropy.break_down("")
    with pytest.raises(Unhealthy):
        noise.read(1)


def test_nothing_comes_from_the_old_seed_once_the_source_failed():
    entropy = source()
    random = Random(entropy, b"")
    for _ in range(drbg.RESEED_AFTER):
        random.read(1)
    entropy.break_down(DEAD)
    for _ in range(3):
        with pytest.raises(Unhealthy):
            random.read(1)


class Counted:
    """A source that repeats with a given period, which no test of the standard notices."""

    def __init__(self, period):
        self.pattern, self.at = SeededNoise(3).read(period), 0

    def read(self, length):
        data = (self.pattern * (length // len(self.pattern) + 2))[self.at : self.at + length]
        self.at = (self.at + length) % len(self.pattern)
        return data


@pytest.mark.parametrize("period", [17, 100, 255, 512, 1000])
def test_a_long_repetition_is_found(period):
    noise = health.Noise(Counted(period))
    with pytest.raises(Unhealthy, match="came before"):
        noise.read(2000)


@pytest.mark.parametrize("period", [17, 100, 1000])
def test_without_our_own_test_a_long_repetition_goes_unnoticed(period, monkeypatch):
    monkeypatch.setattr(health.Noise, "_test_stretch", lambda self, data: None)
    assert len(health.Noise(Counted(period)).read(2000)) == 2000


def test_the_cut_offs_are_those_of_the_standard():
    p = 2.0**-health.MIN_ENTROPY
    chance, total, at = (1 - p) ** health.WINDOW, 0.0, 0
    while total + chance < 1 - 2.0**-30:
        total += chance
        chance *= (health.WINDOW - at) / (at + 1) * p / (1 - p)
        at += 1
    assert at + 1 == health.PROPORTION
    bits, most = 8 * health.WINDOW, 2.0 ** (-health.MIN_ENTROPY / 8)
    margin = 6.1 * (bits * most * (1 - most)) ** 0.5
    assert abs(bits * most + margin - health.MOST_ONES) < 1
    assert health.LEAST_ONES == bits - health.MOST_ONES
    assert 1 + -(-30 // health.MIN_ENTROPY) == health.REPETITIONS


def test_a_bias_over_many_values_is_found_at_start_up_whatever_the_seed():
    for seed in range(30):
        with pytest.raises(Unhealthy):
            health.Noise(source(seed, BIASED)).read(1)


def test_without_counting_ones_such_a_bias_can_pass_the_start_up(monkeypatch):
    monkeypatch.setattr(health, "LEAST_ONES", 0)
    passed = 0
    for seed in range(30):
        try:
            passed += len(health.Noise(source(seed, BIASED)).read(1))
        except Unhealthy:
            continue
    assert passed > 0


def test_sound_sources_pass_for_long():
    for seed in range(5):
        assert len(health.Noise(source(seed)).read(40_000)) == 40_000


@pytest.mark.parametrize("run, is_refused", [(health.REPETITIONS - 1, False), (health.REPETITIONS, True)])
def test_the_repetition_count_stops_exactly_at_its_cut_off(run, is_refused):
    noise = health.Noise(source())
    noise.read(1)
    noise._standard = native.Health(health.REPETITIONS, health.PROPORTION)
    noise._entropy = Entropy(Scripted(b"\x07" * run + b"\x08"))
    if is_refused:
        with pytest.raises(Unhealthy, match="too often"):
            noise.read(run + 1)
    else:
        assert noise.read(run + 1)


@pytest.mark.parametrize("matches, is_refused", [(health.PROPORTION - 1, False), (health.PROPORTION, True)])
def test_the_adaptive_proportion_stops_exactly_at_its_cut_off(matches, is_refused):
    noise = health.Noise(source())
    noise.read(1)
    noise._standard = native.Health(health.REPETITIONS, health.PROPORTION)
    others = [value or 1 for value in SeededNoise(9).read(health.WINDOW)]
    window = []
    for at in range(health.WINDOW):
        window.append(0 if at % 2 == 0 and at // 2 < matches else others[at])
    noise._entropy = Entropy(Scripted(bytes(window)))
    if is_refused:
        with pytest.raises(Unhealthy, match="too often"):
            noise.read(health.WINDOW)
    else:
        assert noise.read(health.WINDOW) == bytes(window)


class Scripted:
    """Noise that was written down."""

    def __init__(self, data):
        self.data = data

    def read(self, length):
        taken, self.data = self.data[:length], self.data[length:]
        return taken


def test_the_start_up_test_reads_its_samples_before_any_is_used():
    entropy = source()
    asked = []
    inner = entropy.read
    entropy.read = lambda length: (asked.append(length), inner(length))[1]
    health.Noise(entropy).read(5)
    assert sum(asked) == health.START_UP + 5


def test_two_chips_and_two_boots_diverge():
    assert Random(source(1), b"a").read(32) != Random(source(1), b"b").read(32)
    assert Random(source(1), b"a").read(32) != Random(source(2), b"a").read(32)


def test_every_length_from_1_to_1024_is_filled_to_its_last_byte(world):
    port = world.port()
    for length in range(1, 1025):
        first, second = port.read_rng(length), port.read_rng(length)
        assert len(first) == len(second) == length
        if length >= 8:
            assert first[-8:] != second[-8:] and first[-8:] != bytes(8)


def test_every_byte_of_every_position_changes_between_draws(world):
    port = world.port()
    for length in (1, 2, 3, 5, 31, 32, 33, 255, 257):
        draws = [port.read_rng(length) for _ in range(12)]
        for at in range(length):
            assert len({draw[at] for draw in draws}) > 1


def test_a_short_source_never_leaves_a_tail_unfilled(world):
    world.entropy.break_down(SHORT)
    port = world.port()
    with pytest.raises(Unhealthy):
        port.read_rng(64)
