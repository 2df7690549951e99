"""Staging and installing through the gate: what is accepted, what is refused and why, and in which order."""

import pytest

from armillary.monitor.policy import MOST_APPLICATION_BYTES
from armillary.pluton import abi as pluton_abi
from armillary.wire import image
from armillary.wire.fault import (
    Busy,
    Closed,
    Denied,
    Full,
    Invalid,
    NotFound,
    OutOfOrder,
    Rollback,
    Untrusted,
)

APP = bytes.fromhex("a1") * 16
OTHER = bytes.fromhex("a2") * 16
OS = (2, 4, 7, 8, 22)


def app(device, version, component=APP, **rest):
    return device.maker.package(image.APPLICATIONS, version, component=component, **rest)


def images(device):
    return sorted([(one.component, one.state, one.version) for one in device.kernel.list_images() if one.image_type == 10])


def test_a_staged_app_is_not_installed_until_it_is_installed(booted):
    assert booted.stage(app(booted, 2)) == (APP, image.parse(app(booted, 2)).image, 2)
    assert images(booted) == [(APP, 1, 2), (APP, 2, 1)]
    assert booted.run() == app(booted, 1)
    assert booted.kernel.install_staged() == (1, False)
    assert images(booted) == [(APP, 2, 2), (APP, 3, 1)]
    assert booted.run() == app(booted, 2)


def test_a_staged_set_survives_a_restart(booted):
    booted.stage(app(booted, 2))
    booted.boot()
    assert booted.kernel.install_staged() == (1, False)
    assert booted.run() == app(booted, 2)


def test_confirming_an_app_moves_its_counter_and_frees_the_previous_image(booted):
    booted.install(app(booted, 2))
    assert booted.counter(APP) == 0
    booted.run()
    booted.kernel.confirm_application(APP)
    assert images(booted) == [(APP, 2, 2)]
    assert booted.counter(APP) == 2


def test_an_app_that_has_not_run_cannot_be_confirmed(booted):
    booted.run()
    booted.install(app(booted, 2))
    with pytest.raises(OutOfOrder, match="has not run"):
        booted.kernel.confirm_application(APP)
    assert booted.counter(APP) == 1


def test_reverting_an_app_brings_the_previous_image_back(booted):
    booted.install(app(booted, 2))
    booted.run()
    booted.kernel.revert_application(APP)
    assert booted.run() == app(booted, 1)
    assert images(booted) == [(APP, 2, 1)]


def test_reverting_a_first_installation_leaves_no_app(booted):
    booted.install(app(booted, 1, OTHER))
    booted.kernel.revert_application(OTHER)
    with pytest.raises(NotFound):
        booted.run(OTHER)


def test_a_confirmed_app_is_not_reverted(booted):
    with pytest.raises(OutOfOrder, match="confirmed"):
        booted.kernel.revert_application(APP)


def test_the_proven_image_stays_previous_when_an_unproven_one_is_replaced(booted):
    booted.install(app(booted, 2))
    booted.install(app(booted, 3))
    booted.kernel.revert_application(APP)
    assert booted.run() == app(booted, 1)


def test_a_component_staged_twice_is_installed_once_and_the_later(booted):
    booted.stage(app(booted, 2))
    booted.stage(app(booted, 3))
    assert booted.kernel.install_staged() == (1, False)
    assert booted.run() == app(booted, 3)


def test_a_restart_that_comes_before_the_counter_moved_is_made_good(booted):
    """Confirmed in the table, then the power failed: the next verified start moves the counter."""
    booted.install(app(booted, 5))
    booted.run()
    entry = booted.entry(APP)
    entry.confirmed = 1
    booted.monitor.store.locator.replace(list(booted.monitor.store.entries))
    booted.boot()
    assert booted.counter(APP) == 0
    booted.run()
    assert booted.counter(APP) == 5


def test_the_same_image_is_refused_while_it_is_in_the_store(booted):
    with pytest.raises(Busy, match="already in the store"):
        booted.stage(app(booted, 1))
    booted.stage(app(booted, 2))
    with pytest.raises(Busy, match="already in the store"):
        booted.stage(app(booted, 2))


def test_an_older_app_is_refused_once_the_counter_moved(booted):
    booted.install(app(booted, 5))
    booted.run()
    booted.kernel.confirm_application(APP)
    with pytest.raises(Rollback, match="security version 4 is below 5"):
        booted.stage(app(booted, 4))
    with pytest.raises(OutOfOrder):
        booted.kernel.install_staged()


def test_a_staged_image_that_the_counter_overtook_is_refused_at_installation(booted):
    booted.install(app(booted, 5))
    booted.run()
    booted.stage(app(booted, 4))
    booted.kernel.confirm_application(APP)
    with pytest.raises(Rollback, match="staged version 4 is below 5"):
        booted.kernel.install_staged()
    assert booted.run() == app(booted, 5)
    assert booted.install(app(booted, 6)) == (1, False)


def test_a_package_that_nobody_trusted_signed_is_refused(booted):
    with pytest.raises(Untrusted):
        booted.stage(app(booted, 2, key=booted.maker.stranger))


@pytest.mark.parametrize("place", (0, 100, -200, -65, -1))
def test_a_package_with_one_wrong_bit_is_refused(booted, place):
    package = bytearray(app(booted, 2))
    package[place] ^= 1
    with pytest.raises((Untrusted, Invalid)):
        booted.stage(bytes(package))
    assert images(booted) == [(APP, 2, 1)]


@pytest.mark.parametrize("image_type", OS)
def test_an_app_key_cannot_sign_the_os(booted, image_type):
    with pytest.raises(Untrusted):
        booted.stage(booted.maker.package(image_type, 2, booted.maker.app))


def test_an_os_key_cannot_sign_an_app(booted):
    with pytest.raises(Untrusted):
        booted.stage(app(booted, 2, key=booted.maker.os))


def test_a_development_app_needs_the_capability(booted):
    package = app(booted, 2, key=booted.maker.development)
    with pytest.raises(Denied, match="development key"):
        booted.stage(package)
    booted.kernel.install_capabilities(booted.maker.capability_file(booted.device_id, (11,)))
    booted.stage(package)
    booted.kernel.install_staged()
    assert booted.kernel.open_image(APP).is_development


def test_a_development_app_does_not_run_once_the_capability_is_gone(booted):
    booted.kernel.install_capabilities(booted.maker.capability_file(booted.device_id, (11,)))
    booted.install(app(booted, 2, key=booted.maker.development))
    booted.boot()
    with pytest.raises(Denied, match="development key"):
        booted.run()


@pytest.mark.parametrize("image_type", (0, 1, 3, 5, 6, 9, 16, 17, 19, 20, 21, 23, 24, 25, 26, 27, 28, 99))
def test_types_without_a_row_are_refused_with_the_policy_line(booted, image_type):
    with pytest.raises(Denied) as refusal:
        booted.stage(booted.maker.package(image_type, 2, booted.maker.os))
    assert refusal.value.policy.startswith("image type {} = ".format(image_type))
    assert refusal.value.ring == "monitor"


def test_a_key_store_is_refused_whoever_signed_it(booted):
    """M02: a key store that came without proof made Azure Sphere check everything by the wrong key."""
    maker = booted.maker
    with pytest.raises(Denied, match="image type 19"):
        booted.stage(maker.keystore(2, maker.os))
    for key in (maker.root, maker.app, maker.stranger):
        with pytest.raises((Denied, Untrusted)):
            booted.stage(maker.keystore(2, key))
    assert booted.reaches_kernel()


def test_a_new_os_component_is_refused(booted):
    with pytest.raises(Denied, match="the OS has no component"):
        booted.stage(booted.maker.package(image.KERNEL, 2, component=OTHER))


def test_an_app_cannot_take_an_os_component(booted):
    with pytest.raises(Denied, match="another image type"):
        booted.stage(app(booted, 2, booted.maker.component(image.KERNEL)))


def test_an_os_image_lies_in_its_own_partition_only_after_it_was_verified(booted):
    start, size = booted.facts.FLASH_LAYOUT[1]
    before = booted.flash.read(start, size)
    package = bytearray(booted.maker.package(image.KERNEL, 2))
    package[-1] ^= 1
    with pytest.raises(Untrusted):
        booted.stage(bytes(package))
    assert booted.flash.read(start, size) == before
    booted.stage(booted.maker.package(image.KERNEL, 2))
    assert start <= booted.entry(booted.maker.component(image.KERNEL), 1).offset < start + size


def test_apps_together_take_at_most_a_mebibyte(new_device, maker, board_facts):
    device = new_device(board_facts).make(maker.images())
    device.boot()
    half = MOST_APPLICATION_BYTES // 2
    device.install(app(device, 1, size=half))
    with pytest.raises(Full, match="applications would take"):
        device.stage(app(device, 1, OTHER, size=half))
    device.stage(app(device, 1, OTHER, size=half - 2000))
    with pytest.raises(Full, match="applications would take"):
        device.stage(app(device, 2, size=half + 8000))
    assert device.install(app(device, 2, size=half - 1000)) == (2, False)


def test_a_package_larger_than_the_staging_ground_is_refused_before_anything_is_written(booted):
    size = booted.facts.FLASH_LAYOUT[4][1]
    for length in (0, size + 1, 2**31, 2**32 - 1):
        assert booted.operations(lambda wrong=length: pytest.raises(Invalid, booted.kernel.open_for_staging, wrong)) == 0
    with pytest.raises(Full):
        booted.kernel.open_for_staging(size)  # an app lies there


def test_there_are_at_most_32_apps(booted):
    for number in range(31):
        booted.stage(app(booted, 1, bytes((number, 0xCC)) * 8))
    with pytest.raises(Full, match="too many applications"):
        booted.stage(app(booted, 1, OTHER))
    booted.kernel.install_staged()
    assert booted.install(app(booted, 2)) == (1, False)


def test_removing_an_app_removes_every_image_of_it(booted):
    booted.install(app(booted, 2))
    booted.stage(app(booted, 3))
    booted.kernel.invalidate_image(APP)
    assert images(booted) == []
    with pytest.raises(OutOfOrder):
        booted.kernel.install_staged()
    assert booted.install(app(booted, 3)) == (1, False)


@pytest.mark.parametrize("image_type", (2, 4, 7, 8, 19, 22))
def test_a_part_of_the_os_is_not_removed(booted, image_type):
    with pytest.raises(Denied, match="only applications"):
        booted.kernel.invalidate_image(booted.maker.component(image_type))


def test_nothing_is_removed_while_an_image_is_being_written(booted):
    booted.kernel.open_for_staging(1000)
    with pytest.raises(OutOfOrder):
        booted.kernel.invalidate_image(APP)


def test_aborting_gives_the_room_back_ten_thousand_times(booted):
    size = booted.facts.FLASH_LAYOUT[4][1] - booted.flash.sector
    for _ in range(10_000):
        booted.kernel.abort_staging(booted.kernel.open_for_staging(size))
    booted.stage(app(booted, 2))


def test_failed_commits_give_the_room_back(booted):
    size = booted.facts.FLASH_LAYOUT[4][1] - booted.flash.sector
    for _ in range(50):
        handle = booted.kernel.open_for_staging(size)
        with pytest.raises(OutOfOrder, match="bytes are missing"):
            booted.kernel.commit_staging(handle)
    assert booted.kernel.open_for_staging(size)


def test_a_capability_file_is_installed_for_this_device_only(booted):
    other = booted.maker.capability_file(booted.maker.stranger.public, (11,))
    with pytest.raises(Denied, match="another device"):
        booted.stage(other)
    with pytest.raises(Untrusted):
        booted.stage(booted.maker.capability_file(booted.device_id, (11,), booted.maker.os))
    assert booted.install(booted.maker.capability_file(booted.device_id, (11,))) == (1, True)
    assert booted.boot().get_enabled_capabilities() == [11, 12]


def test_a_later_capability_file_replaces_the_one_before(booted):
    booted.install(booted.maker.capability_file(booted.device_id, (11,)))
    booted.boot()
    booted.install(booted.maker.capability_file(booted.device_id, (13,)))
    assert booted.boot().get_enabled_capabilities() == [12, 13]


def test_a_capability_file_can_be_removed(booted):
    package = booted.maker.capability_file(booted.device_id, (11,))
    booted.install(package)
    booted.boot().invalidate_image(image.parse(package).component)
    assert booted.boot().get_enabled_capabilities() == [12]


# Every pair of a state and a call, and whether it is lawful: what `staging.NEXT` promises, from outside.
STATES = ("empty", "writing", "ready", "writing more", "restarting")
LAWFUL = {
    "open": ("empty", "ready"),
    "write": ("writing", "writing more"),
    "commit": ("writing", "writing more"),
    "abort": ("writing", "writing more"),
    "install": ("ready",),
    "confirm boot": ("empty", "writing", "ready", "writing more"),
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("call", sorted(LAWFUL))
def test_each_call_is_lawful_in_just_the_states_of_the_table(booted, state, call):
    package, handle = app(booted, 2), 0
    if state in ("ready", "writing more"):
        booted.stage(app(booted, 3, OTHER))
    if state == "restarting":
        booted.install(booted.maker.package(image.KERNEL, 2))
    if state.startswith("writing"):
        handle = booted.kernel.open_for_staging(len(package))
        if call == "commit":
            booted.kernel.write_block(handle, 0, package)
    assert booted.monitor.staging.state == state
    calls = {
        "open": lambda: booted.kernel.open_for_staging(100),
        "write": lambda: booted.kernel.write_block(handle, 0, package),
        "commit": lambda: booted.kernel.commit_staging(handle),
        "abort": lambda: booted.kernel.abort_staging(handle),
        "install": booted.kernel.install_staged,
        "confirm boot": booted.kernel.confirm_boot,
    }
    if state in LAWFUL[call]:
        calls[call]()
        return
    with pytest.raises(OutOfOrder):
        calls[call]()
    assert booted.monitor.staging.state == state


def test_a_stale_staging_handle_is_closed(booted):
    first = booted.kernel.open_for_staging(100)
    booted.kernel.abort_staging(first)
    second = booted.kernel.open_for_staging(100)
    assert first != second
    for call in (booted.kernel.commit_staging, booted.kernel.abort_staging):
        with pytest.raises(Closed):
            call(first)
    with pytest.raises(Closed):
        booted.kernel.write_block(first, 0, b"x")
    booted.kernel.write_block(second, 0, b"x")


@pytest.mark.parametrize("lifecycle", (pluton_abi.BLANK, pluton_abi.MODULE_COMPLETE, pluton_abi.DEVICE_COMPLETE))
@pytest.mark.parametrize("kind", ("app",) + OS)
@pytest.mark.parametrize("version, is_accepted", ((4, False), (5, True), (6, True)))
def test_the_downgrade_matrix(device, lifecycle, kind, version, is_accepted):
    """M03, M19: after version 5 proved itself, 4 is refused for every component in every lifecycle state."""
    device.set_lifecycle(lifecycle)
    device.boot()
    if kind == "app":
        device.install(app(device, 5))
        device.run()
        device.kernel.confirm_application(APP)
        package = app(device, version, note="again")
    else:
        device.update(5, (kind,))
        device.kernel.confirm_boot()
        package = device.maker.package(kind, version, note="again")
    if is_accepted:
        assert device.stage(package)[2] == version
        return
    with pytest.raises(Rollback, match="security version 4 is below 5") as refusal:
        device.stage(package)
    assert refusal.value.policy.endswith("= 5")
