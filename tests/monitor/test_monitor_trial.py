"""OS sets on trial: they prove themselves together or go back together."""

import pytest

from armillary.wire import image
from armillary.wire.fault import Failed, OutOfOrder, Rollback, Untrusted

OS = (2, 4, 7, 8, 22)
OLD = dict.fromkeys(OS, 1)
SETS = (OS, (7, 8, 22), (4, 7), (2,), (4,), (7,), (22,))


def mixed(types):
    """What is booted when only `types` are new."""
    return {one: 2 if one in types else 1 for one in OS}


@pytest.mark.parametrize("types", SETS)
def test_a_confirmed_set_stays_and_moves_the_counters(booted, types):
    booted.update(2, types)
    assert booted.versions() == mixed(types)
    booted.kernel.confirm_boot()
    for one in OS:
        assert booted.counter(booted.maker.component(one)) == mixed(types)[one]
    booted.boot()
    assert booted.versions() == mixed(types)


@pytest.mark.parametrize("types", SETS)
def test_a_set_that_is_never_confirmed_goes_back_after_two_boots(booted, types):
    assert booted.update(2, types).get_rollback_info()[0] is False
    booted.boot()
    assert booted.versions() == mixed(types)
    rolled_back, _, reason = booted.boot().get_rollback_info()
    assert (rolled_back, reason) == (True, "not confirmed in 2 boots")
    assert booted.versions() == OLD
    assert "gone back to the previous OS" in booted.kernel.read_log().decode()
    assert booted.boot().get_rollback_info()[0] is False
    assert booted.versions() == OLD


@pytest.mark.parametrize("types", SETS)
def test_counters_do_not_move_before_the_set_is_confirmed(booted, types):
    """B03: a counter burned by a trial would make the way back impossible."""
    booted.kernel.confirm_boot()
    booted.update(2, types)
    assert [booted.counter(booted.maker.component(one)) for one in OS] == [1] * 5


@pytest.mark.parametrize("types, broken", [(types, one) for types in SETS for one in types])
def test_a_set_with_one_image_that_decayed_goes_back_whole(booted, types, broken):
    booted.install(*[booted.maker.package(one, 2) for one in types])
    booted.flash.flip_bit(booted.entry(booted.maker.component(broken)).offset + 9, 1)
    assert booted.boot().get_rollback_info()[0] is True
    assert booted.versions() == OLD
    booted.kernel.confirm_boot()
    booted.boot()
    assert booted.versions() == OLD


def test_old_and_new_are_never_mixed_while_images_decay_during_a_trial(booted):
    """The new kernel decays between the first trial boot and the second."""
    booted.update(2)
    booted.flash.flip_bit(booted.entry(booted.maker.component(image.KERNEL)).offset + 9, 1)
    booted.boot()
    assert booted.versions() == OLD


def test_what_was_just_installed_cannot_be_confirmed_without_a_restart(booted):
    booted.install(booted.maker.package(image.KERNEL, 2))
    with pytest.raises(OutOfOrder, match="confirm boot while restarting"):
        booted.kernel.confirm_boot()
    assert booted.counter(booted.maker.component(image.KERNEL)) == 0


def test_no_os_image_is_staged_while_one_is_on_trial(booted):
    booted.update(2)
    with pytest.raises(OutOfOrder, match="not proved itself"):
        booted.stage(booted.maker.package(image.KERNEL, 3))
    booted.kernel.confirm_boot()
    booted.stage(booted.maker.package(image.KERNEL, 3))


def test_after_confirmation_every_image_has_two_equal_copies_and_nothing_else(booted):
    booted.update(2)
    booted.kernel.confirm_boot()
    entries = [entry for entry in booted.monitor.store.entries if entry.image_type != image.APPLICATIONS]
    assert len(entries) == 12
    for entry in entries:
        twin = booted.entry(entry.component, 2, 1 - entry.replica)
        assert booted.monitor.store.read(entry) == booted.monitor.store.read(twin)


def test_the_firmware_partition_does_not_fill_up_over_many_updates(booted):
    for version in range(2, 40):
        booted.update(version)
        booted.kernel.confirm_boot()
    assert booted.versions() == dict.fromkeys(OS, 39)


def test_a_backup_that_finds_no_room_beside_the_old_one_replaces_it(new_device, maker):
    size = 0x18000  # three quarters of the backup partition
    device = new_device().make([maker.package(one, 1, size=size if one == 7 else 300) for one in OS] + [maker.keystore()])
    device.boot()
    device.install(maker.package(7, 2, size=size))
    device.boot().confirm_boot()
    device.flash.flip_bit(device.entry(maker.component(7), 2, 0).offset + 9, 1)
    device.boot()
    assert device.versions()[7] == 2


def test_a_confirmed_set_is_safe_from_the_images_it_replaced(booted):
    """B07, B18: an attacker writes the old flash contents back; the counters refuse to boot them."""
    booted.kernel.confirm_boot()
    saved = booted.flash.snapshot()
    booted.update(2, (4, 7, 8, 22))
    booted.kernel.confirm_boot()
    pluton_start, pluton_size = booted.facts.FLASH_LAYOUT[0x3000]
    records = booted.flash.read(pluton_start, pluton_size)
    booted.flash.restore(saved)
    for at in range(pluton_start, pluton_start + pluton_size, booted.flash.sector):
        booted.flash.erase(at)
    booted.flash.program(pluton_start, records)
    with pytest.raises(Failed, match="below 2"):
        booted.boot()


def test_with_the_version_check_left_out_the_replaced_images_boot(booted, monkeypatch):
    """The other side of the test above: the check is what stops the attack."""
    from armillary.monitor import system

    booted.kernel.confirm_boot()
    booted.update(2, (7,))
    booted.kernel.confirm_boot()
    old = booted.maker.package(7, 1)
    for replica in (0, 1):
        entry = booted.entry(booted.maker.component(7), 2, replica)
        entry.image = image.parse(old).image
        booted.flash.erase(entry.offset)
        booted.flash.program(entry.offset, old)
        entry.length = len(old)
    booted.monitor.store.locator.replace(list(booted.monitor.store.entries))
    with pytest.raises(Failed, match="security version 1 is below 2"):
        booted.boot()
    monkeypatch.setattr(system, "check_version", lambda pluton, package: None)
    booted.boot()
    assert booted.versions()[7] == 1


def test_an_os_image_is_not_installed_by_its_parts(booted):
    """A staged set is installed whole: two images, one step, one restart."""
    booted.stage(booted.maker.package(7, 2))
    booted.stage(booted.maker.package(8, 2))
    assert booted.kernel.install_staged() == (2, True)
    booted.boot()
    assert booted.versions() == mixed((7, 8))


def test_apps_can_change_while_an_os_set_is_on_trial(booted):
    booted.update(2)
    app = bytes.fromhex("a1") * 16
    booted.install(booted.maker.package(image.APPLICATIONS, 2))
    booted.run()
    booted.kernel.confirm_application(app)
    assert booted.counter(app) == 2
    booted.boot()
    booted.boot()
    assert booted.versions() == OLD
    assert booted.run() == booted.maker.package(image.APPLICATIONS, 2)


def test_a_revoked_set_is_refused_with_both_versions_named(booted):
    booted.update(3)
    booted.kernel.confirm_boot()
    with pytest.raises(Rollback) as refusal:
        booted.stage(booted.maker.package(7, 2))
    assert "2" in refusal.value.reason and "3" in refusal.value.reason
    assert refusal.value.remedy == "build it with RV 3 or more"


def test_an_os_signed_by_a_development_key_is_refused_even_with_the_capability(booted):
    booted.kernel.install_capabilities(booted.maker.capability_file(booted.device_id, (11,)))
    with pytest.raises(Untrusted):
        booted.stage(booted.maker.package(7, 2, booted.maker.development))


def test_a_trial_that_a_fuse_counter_cannot_follow_still_confirms(booted):
    """Pluton's own version row ends at 256: the image runs on and the reason is told."""
    booted.update(300, (2,))
    booted.kernel.confirm_boot()
    assert booted.versions()[2] == 300
    assert "cannot move to 300" in booted.kernel.read_log().decode()
    booted.boot()
    assert booted.versions()[2] == 300
