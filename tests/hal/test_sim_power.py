"""The power rail: what it counts, and when it fails."""

import pytest

from armillary.hal.sim.flash import Flash
from armillary.hal.sim.fuses import Fuses
from armillary.hal.sim.noise import HostNoise, SeededNoise
from armillary.hal.sim.power import LOG_LENGTH, ChipReset, PowerLost, PowerRail
from armillary.wire.call import Call, Gate, Port


@pytest.fixture
def rail():
    return PowerRail()


def test_flash_and_fuses_on_one_rail_are_counted_together(rail):
    flash, fuses = Flash(1024, 256, 64, rail), Fuses(rail=rail)
    flash.erase(0)
    fuses.blow(5, bytes(32))
    fuses.lock_write(5)
    flash.program(0, b"\0")
    assert rail.count == 4
    assert list(rail.log) == [
        ("flash", "erase", 0, 256), ("fuses", "blow", 5, 32), ("fuses", "lock", 5, 1), ("flash", "program", 0, 1),
    ]  # fmt: skip


def test_a_cut_takes_both_devices_down(rail):
    flash, fuses = Flash(1024, 256, 64, rail), Fuses(rail=rail)
    flash.fail_after(1)
    fuses.blow(0, b"\1" * 32)
    with pytest.raises(PowerLost):
        flash.erase(0)
    with pytest.raises(PowerLost):
        fuses.read(0)
    rail.power_on()
    assert fuses.read(0) == b"\1" * 32


def test_operations_after_the_cut_are_neither_done_nor_counted(rail):
    fuses = Fuses(rail=rail)
    rail.power_off()
    with pytest.raises(PowerLost):
        fuses.blow(0, b"\1" * 32)
    assert rail.count == 0
    rail.power_on()
    assert fuses.read(0) == bytes(32)


def test_a_planned_cut_can_be_taken_back(rail):
    rail.fail_after(1)
    rail.fail_after(0)
    assert rail.begin("flash", "erase", 0, 1) is None
    rail.fail_after(1)
    rail.power_on()
    assert rail.begin("flash", "erase", 0, 1) is None
    with pytest.raises(ValueError):
        rail.fail_after(-1)


@pytest.mark.parametrize("nth", [1, 2, 7])
def test_exactly_the_nth_operation_is_cut(rail, nth):
    rail.fail_after(nth)
    tears = [rail.begin("flash", "erase", 0, 1) is not None for _ in range(nth)]
    assert tears == [False] * (nth - 1) + [True]
    assert not rail.is_on


def test_the_log_is_bounded(rail):
    for at in range(LOG_LENGTH + 5):
        rail.begin("flash", "erase", at, 1)
    assert len(rail.log) == LOG_LENGTH
    assert rail.log[0] == ("flash", "erase", 5, 1)


@pytest.mark.parametrize("loss", [PowerLost(), ChipReset(3)])
def test_no_handler_in_a_ring_outlives_its_power(loss):
    def method():
        try:
            raise loss
        except Exception:
            return None

    call = Call(1, "fail")
    with pytest.raises(type(loss)):
        Port(Gate("hal", "pluton", {call: method})).call(call)


def test_seeded_noise_is_the_same_every_run_however_it_is_read():
    whole = SeededNoise(9).read(1000)
    again = SeededNoise(9)
    assert b"".join([again.read(n) for n in (1, 0, 31, 32, 33, 903)]) == whole
    assert SeededNoise(8).read(1000) != whole
    assert SeededNoise(b"9").read(1000) != SeededNoise(b"8").read(1000)


def test_seeded_noise_is_the_stream_it_says_it_is():
    import hashlib

    key = hashlib.sha256(b"armillary noise" + b"0").digest()
    assert SeededNoise(0).read(32) == hashlib.sha256(key + bytes(8)).digest()


def test_below_reaches_every_number_and_no_other():
    noise = SeededNoise(0)
    assert {noise.below(7) for _ in range(200)} == set(range(7))
    assert noise.below(1) == 0


def test_host_noise_is_not_repeated():
    assert len({HostNoise().read(16) for _ in range(50)}) == 50
