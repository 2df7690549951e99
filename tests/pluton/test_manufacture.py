"""Manufacture: one device out of one chip, whatever the power does."""

import pytest

from armillary.hal.sim.power import PowerLost
from armillary.pluton import abi, fusemap, rom
from armillary.wire.fault import Failed, Invalid, Locked, OutOfOrder, Unhealthy


def test_a_device_comes_out_and_its_secret_does_not(blank):
    device_id = blank.manufacture()
    assert len(device_id) == 64
    with pytest.raises(Locked):
        fusemap.read_secret(blank.fuses)
    blank.reset()
    secret = fusemap.read_secret(blank.fuses)
    assert secret not in device_id
    assert fusemap.read_lifecycle(blank.fuses) == abi.BLANK


def test_manufacture_again_gives_the_same_device(blank):
    device_id = blank.manufacture()
    cells = blank.fuses.snapshot()
    blank.reset()
    assert blank.manufacture() == device_id
    assert blank.fuses.snapshot() == cells


def test_two_chips_are_two_devices(blank):
    other = type(blank)(2)
    assert blank.manufacture() != other.manufacture()


@pytest.mark.parametrize("row", [fusemap.ROOT_KEY_HASH, fusemap.SECRET_MARKS, *fusemap.SECRETS])
def test_what_the_factory_wrote_is_frozen(blank, row):
    blank.manufacture()
    with pytest.raises(Locked):
        blank.fuses.blow(row, b"\xff" * 32)


def test_a_key_off_the_curve_is_refused_before_any_fuse(blank):
    blank.root.public = b"\x01" * 64
    with pytest.raises(Invalid):
        blank.manufacture()
    assert blank.rail.count == 0


def test_a_chip_with_bad_entropy_gets_no_secret(blank):
    blank.entropy.break_down("stuck")
    with pytest.raises(Unhealthy):
        blank.manufacture()
    assert all(blank.fuses.read(row) == bytes(32) for row in range(40, 56))
    blank.reset()
    assert all(blank.fuses.read(row) == bytes(32) for row in fusemap.SECRETS)


def test_another_root_key_cannot_take_the_chip_over(blank):
    blank.manufacture()
    blank.reset()
    blank.root = blank.stranger
    with pytest.raises(Failed, match="another root key"):
        blank.manufacture()


@pytest.mark.parametrize("state", [abi.MODULE_COMPLETE, abi.DEVICE_COMPLETE])
def test_a_device_that_left_the_factory_is_not_made_again(blank, state):
    blank.manufacture()
    blank.reset()
    fusemap.set_lifecycle(blank.fuses, state)
    with pytest.raises(OutOfOrder):
        blank.manufacture()


def test_a_chip_is_called_scrap_only_when_no_secret_row_is_left(blank):
    for row in fusemap.SECRETS[:-1]:
        blank.fuses.blow(row, b"\x01" + bytes(31))
    spoiled = blank.fuses.snapshot()
    assert len(blank.manufacture()) == 64
    blank.fuses.restore(spoiled)
    blank.fuses.blow(fusemap.SECRETS[-1], b"\x01" + bytes(31))
    with pytest.raises(Failed, match="scrap"):
        blank.manufacture()


def test_impossible_lifecycle_fuses_are_scrap(blank):
    blank.fuses.blow(fusemap.LIFECYCLE, b"\xff" * 32)
    with pytest.raises(Failed, match="scrap"):
        blank.manufacture()




def sweep(world, depth):
    ids = []

    def recover():
        ids.append(world.manufacture())
        world.fuses.reset()
        assert rom.lawful_lifecycle(world.hardware) == abi.BLANK
        assert 64 <= sum(bin(byte).count("1") for byte in fusemap.read_secret(world.fuses)) <= 192
        world.fuses.reset()
        assert world.manufacture() == ids[-1]

    cuts = world.cut_everywhere(world.manufacture, recover, depth)
    assert ids
    return cuts


def test_power_lost_in_any_fuse_of_manufacture_leaves_a_chip_that_becomes_a_device(blank):
    assert sweep(blank, 1) >= 14


def test_power_lost_twice_in_manufacture_leaves_a_chip_that_becomes_a_device(blank):
    assert sweep(blank, 2) > 150


@pytest.mark.parametrize("seed", range(2, 8))
def test_manufacture_survives_however_the_fuses_tear(blank, seed):
    assert sweep(type(blank)(seed), 2) > 150


def test_a_chip_whose_manufacture_was_cut_does_not_boot(blank):
    at = 0
    while True:
        at += 1
        fresh = type(blank)()
        fresh.provision()
        fresh.rail.fail_after(at)
        try:
            fresh.manufacture()
            break
        except PowerLost:
            fresh.reset()
            if fusemap.read_lifecycle(fresh.fuses) == abi.BLANK:
                assert fresh.boot()
                continue
            with pytest.raises(Locked):
                rom.boot(fresh.hardware)


def test_reusing_a_torn_secret_row_would_weaken_the_secret(blank):
    """The flaw: a re-run that blows a second secret over half of a first one."""
    for seed in (1, 2, 3, 4):
        chip = type(blank)(seed)
        row = fusemap.SECRETS[0]
        chip.rail.fail_after(1)
        with pytest.raises(PowerLost):
            chip.fuses.blow(row, chip.entropy.read(32))
        chip.reset()
        chip.fuses.blow(row, chip.entropy.read(32))
        assert sum(bin(byte).count("1") for byte in chip.fuses.read(row)) > 140
        fresh = type(blank)(seed)
        fresh.fuses.blow(row, chip.fuses.read(row))
        fresh.manufacture()
        fresh.reset()
        assert fusemap.read_secret(fresh.fuses) != chip.fuses.read(row)
