"""Under the freeze: upgrades, the way back, removal, and a kernel that was taken over."""

import pytest

from armillary.monitor import claims, realtime
from armillary.wire import image
from armillary.wire.fault import Busy, Denied, Full, Locked, NotFound, OutOfOrder, Rollback, Untrusted
from tests.monitor.conftest import APP
from tests.monitor.rtapps import FIRST, FOURTH, SECOND, THIRD, package

GPIO, KERNEL = 1, 1


def test_a_new_app_with_a_claim_waits_for_the_restart(complete):
    assert complete.install(package(complete.maker, FIRST, {"Gpio": [8]})) == (1, True)
    with pytest.raises(Locked, match="Gpio 8, which no free core has"):
        complete.kernel.realtime_start(FIRST)
    assert complete.owner(8) == KERNEL
    complete.boot()
    assert complete.kernel.realtime_start(FIRST) == 0
    assert complete.owned(0) == [8]


def test_a_new_app_without_a_claim_starts_at_once_while_a_core_is_free(complete):
    for number, component in enumerate((FIRST, SECOND)):
        assert complete.install(package(complete.maker, component)) == (1, False)
        assert complete.kernel.realtime_start(component) == number
    assert complete.install(package(complete.maker, THIRD)) == (1, False)  # a restart would not help it
    with pytest.raises(Full, match="no real-time core is left for app b2"):
        complete.kernel.realtime_start(THIRD)


def test_an_upgrade_with_the_same_claim_starts_at_once(with_two):
    with_two.kernel.realtime_start(FIRST)
    assert with_two.install(package(with_two.maker, FIRST, {"Gpio": [8, 9]}, version=2)) == (1, False)
    with_two.kernel.realtime_stop(FIRST)
    assert with_two.kernel.realtime_start(FIRST) == 0


@pytest.mark.parametrize("claim", ({"Gpio": [8]}, {"Gpio": [8, 9, 10]}, {"Gpio": [8, 9], "Adc": ["ADC-CONTROLLER-0"]}, {}))
def test_an_upgrade_with_another_claim_waits_be_it_wider_or_narrower(with_two, claim):
    before = (with_two.owned(0), with_two.owned(1))
    assert with_two.install(package(with_two.maker, FIRST, claim, version=2)) == (1, True)
    with pytest.raises(Locked):
        with_two.kernel.realtime_start(FIRST)
    assert (with_two.owned(0), with_two.owned(1)) == before
    with_two.boot()
    assert with_two.owned(with_two.kernel.realtime_start(FIRST)) == sorted(claim.get("Gpio", [])) + list(range(41, 49)) * ("Adc" in claim)


def test_an_upgrade_to_an_app_of_the_main_core_gives_the_pins_back_with_the_restart(with_two):
    assert with_two.install(package(with_two.maker, FIRST, {}, version=2, kind="Default")) == (1, True)
    with_two.boot()
    assert with_two.owner(8) == KERNEL


def test_the_way_back_to_an_image_with_the_same_claim_is_open_at_once(with_two):
    with_two.kernel.realtime_start(FIRST)
    with_two.kernel.confirm_application(FIRST)
    with_two.install(package(with_two.maker, FIRST, {"Gpio": [8, 9]}, version=2))
    with_two.kernel.realtime_stop(FIRST)
    with_two.kernel.realtime_start(FIRST)
    assert with_two.kernel.revert_application(FIRST) is False
    assert with_two.kernel.realtime_status(FIRST)[:2] == (255, 0)  # the one that failed was stopped
    assert with_two.kernel.realtime_start(FIRST) == 0
    assert with_two.entry(FIRST).version == 1


def test_the_way_back_to_an_image_with_another_claim_says_that_it_needs_a_restart(with_two):
    with_two.kernel.realtime_start(FIRST)
    with_two.kernel.confirm_application(FIRST)
    with_two.install_and_restart(package(with_two.maker, FIRST, {"Gpio": [10]}, version=2))
    with_two.kernel.realtime_start(FIRST)
    assert with_two.kernel.revert_application(FIRST) is True
    with pytest.raises(Locked) as refusal:
        with_two.kernel.realtime_start(FIRST)
    assert "restart the device" in refusal.value.remedy
    with_two.boot()
    assert with_two.kernel.realtime_start(FIRST) == 0
    assert with_two.owned(0) == [8, 9]


def test_the_way_back_of_an_app_of_the_main_core_needs_none(with_two):
    device = with_two
    device.install(device.maker.package(image.APPLICATIONS, 2))
    device.run()
    device.kernel.confirm_application(APP)
    device.install(device.maker.package(image.APPLICATIONS, 3))
    assert device.kernel.revert_application(APP) is False


def test_the_way_back_to_an_app_of_the_main_core_gives_the_pins_back_with_a_restart(with_two):
    with_two.run()
    with_two.kernel.confirm_application(APP)
    with_two.kernel.invalidate_image(SECOND)
    assert with_two.install(package(with_two.maker, APP, {"Gpio": [11]}, version=2)) == (1, True)
    with_two.boot()
    assert 11 in with_two.owned(0) + with_two.owned(1)
    assert with_two.kernel.revert_application(APP) is True
    with_two.boot()
    assert with_two.owner(11) == KERNEL


def test_removal_stops_the_core_at_once_and_its_pins_come_back_with_the_restart(with_two):
    with_two.kernel.realtime_start(FIRST)
    with_two.kernel.invalidate_image(FIRST)
    with pytest.raises(NotFound):
        with_two.kernel.realtime_status(FIRST)
    assert with_two.monitor.realtime._cores.status(3)[0] == 0
    with pytest.raises(Locked):
        with_two.kernel.peripheral_acquire(GPIO, 8)
    with_two.boot().peripheral_acquire(GPIO, 8)
    assert with_two.owner(8) == KERNEL


def test_a_core_that_a_removed_app_left_can_be_had_by_one_that_claims_just_the_same(with_two):
    with_two.kernel.invalidate_image(FIRST)
    with_two.install(package(with_two.maker, FOURTH, {"Gpio": [8, 9]}), package(with_two.maker, THIRD, {"Gpio": [8]}))
    with_two.boot()  # a restart was due for THIRD; the map is now of SECOND and THIRD
    with pytest.raises(Busy):
        with_two.kernel.realtime_start(FOURTH)
    with_two.kernel.invalidate_image(THIRD)
    assert with_two.install(package(with_two.maker, FIRST, {"Gpio": [8]})) == (1, False)
    assert with_two.owned(with_two.kernel.realtime_start(FIRST)) == [8]


def test_an_app_proves_itself_as_others_do(with_two):
    with pytest.raises(OutOfOrder):
        with_two.kernel.confirm_application(FIRST)
    with_two.kernel.realtime_start(FIRST)
    with_two.kernel.confirm_application(FIRST)
    assert with_two.counter(FIRST) == 1
    with pytest.raises(Rollback):
        with_two.stage(package(with_two.maker, FIRST, version=0))


def test_an_os_update_and_a_grant_need_their_restart_as_before(complete):
    assert complete.install(complete.maker.package(image.KERNEL, 2)) == (1, True)


def test_installing_an_app_of_the_main_core_asks_for_no_restart_on_a_device_with_a_map(with_two):
    assert with_two.install(with_two.maker.package(image.APPLICATIONS, 2)) == (1, False)


def attack(device):
    """A kernel that was taken over has a signed app of wider claim started without a restart."""
    device.install(package(device.maker, FIRST, {"Gpio": [8, 9, 10]}, version=2))
    device.kernel.realtime_start(FIRST)


def test_a_kernel_that_was_taken_over_moves_no_pin(with_two):
    with pytest.raises(Locked) as refusal:
        attack(with_two)
    assert refusal.value.ring == "monitor"
    assert with_two.owner(10) == KERNEL


@pytest.fixture
def careless(with_two, monkeypatch):
    """The same device with the monitor's wall taken down: any claim fits, and any pin may change hands."""
    monkeypatch.setattr(with_two.monitor.realtime, "_choose", lambda claim: with_two.monitor.realtime.slots[0])
    monkeypatch.setattr(with_two.monitor.ownership, "_check_free", lambda pin: None)
    return with_two


def test_with_the_map_left_out_the_firewall_still_stops_it(careless):
    with pytest.raises(Locked) as refusal:
        attack(careless)
    assert refusal.value.ring == "hal"
    assert careless.owner(10) == KERNEL


def test_with_the_lock_left_out_too_it_works(careless):
    careless.chip.firewall._is_locked = False
    attack(careless)
    assert careless.owner(10) == 2


def test_with_authentication_left_out_a_forged_manifest_gets_pins(open_device, monkeypatch):
    open_device.install(package(open_device.maker, FIRST, {"Gpio": [8]}))
    forged = package(open_device.maker, FIRST, {"Gpio": [8, 9]}, key=open_device.maker.stranger)
    entry = open_device.entry(FIRST)
    for at in range(0, len(forged), open_device.flash.sector):
        open_device.flash.erase(entry.offset + at)
    open_device.flash.program(entry.offset, forged)
    entry.length = len(forged)
    with pytest.raises(Untrusted):
        open_device.kernel.realtime_start(FIRST)
    from armillary.monitor.verify import Verified
    from armillary.wire.image import parse

    monkeypatch.setattr(realtime, "check", lambda store, entry: Verified(store.read(entry), parse(store.read(entry)), b"", b"", False))
    open_device.kernel.realtime_start(FIRST)
    assert open_device.owned(0) == [8, 9]


def test_no_manifest_is_parsed_before_its_package_was_authenticated(with_two, monkeypatch):
    def read(verified):
        raise AssertionError("parsed")

    monkeypatch.setattr(claims, "read", read)
    with_two.flash.flip_bit(with_two.entry(FIRST).offset + 9000, 0)
    with pytest.raises(Untrusted):
        with_two.kernel.realtime_start(FIRST)


def test_the_kernel_reaches_the_cores_by_the_monitor_only(with_two):
    from armillary.hal.port import CoresPort

    cores = CoresPort(with_two.chip.port("kernel"))
    for call in (
        lambda: cores.start(3, b"\0\0\0\0"), lambda: cores.stop(3), lambda: cores.grant(3, b"\0"),
        lambda: cores.share(3, 0x8000_0000, 4096), lambda: cores.status(3), lambda: cores.report(3), lambda: cores.denial(3, 0),
    ):  # fmt: skip
        with pytest.raises(Denied):
            call()


def test_the_lifecycle_decides(open_device):
    open_device.install(package(open_device.maker, FIRST, {"Gpio": [8]}))
    open_device.boot()
    assert open_device.owned(0) == []
    open_device.complete().boot()
    assert open_device.owned(0) == [8]
