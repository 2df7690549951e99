"""Real-time cores: what signed manifests claim and nothing else, and from when on that cannot change."""

import pytest

from armillary.monitor import claims, realtime
from armillary.wire import blocks, image
from armillary.wire.fault import (
    Busy,
    Denied,
    Full,
    Invalid,
    Locked,
    NoDevice,
    NotFound,
    OutOfOrder,
    Rollback,
    Untrusted,
)
from tests.monitor.rtapps import (
    FIRST,
    FOURTH,
    FRIEND,
    SECOND,
    START,
    THIRD,
    RtDevice,
    elf,
    package,
    store_word,
)

APP = bytes.fromhex("a1") * 16  # the app that the factory installed, of the main core
GPIO, KERNEL = 1, 1
UART2 = blocks.UART + 2


@pytest.fixture
def open_device(maker, factory_state):
    """A device in manufacture, booted: nothing is frozen."""
    device = RtDevice(maker)
    device.restore(factory_state[0])
    device.device_id = factory_state[1]
    device.boot()
    return device


@pytest.fixture
def complete(open_device):
    """A device that left manufacture, booted: frozen, and without a real-time app."""
    open_device.complete().boot()
    open_device.said()
    return open_device


@pytest.fixture
def with_two(complete):
    """The same with two real-time apps, restarted into the map of both."""
    device = complete
    device.install_and_restart(package(device.maker, FIRST, {"Gpio": [8, 9]}), package(device.maker, SECOND, {"Uart": ["ISU2"]}))
    return device


# -- the map -----------------------------------------------------------------------------------------


def test_at_boot_each_core_has_what_the_manifest_of_its_app_claims_and_the_kernel_the_rest(with_two):
    assert with_two.owned(0) == [8, 9]
    assert with_two.owned(1) == [36, 37, 38, 39, 40]
    assert (with_two.granted(0), with_two.granted(1)) == (b"", bytes([UART2]))
    rest = set(with_two.facts.PINS) - {8, 9, 36, 37, 38, 39, 40}
    assert {with_two.owner(pin) for pin in rest} == {KERNEL}


def test_the_map_is_said_on_the_debug_uart(with_two):
    said = with_two.said()
    assert "real-time core 0: app b0: Gpio 8, Gpio 9" in said
    assert "real-time core 1: app b1: Uart ISU2" in said


def test_an_app_that_is_left_out_is_told_in_the_log_that_survives(complete):
    complete.install_and_restart(package(complete.maker, FIRST, {"Gpio": [8]}), package(complete.maker, SECOND, {"Gpio": [8]}))
    assert b"a real-time app is left out: Busy: app b1 claims Gpio 8" in complete.kernel.read_log()


def test_a_start_that_is_refused_is_said_by_the_monitor_whatever_the_kernel_says(complete):
    complete.install(package(complete.maker, FIRST, {"Gpio": [8]}))
    complete.said()
    with pytest.raises(Locked):
        complete.kernel.realtime_start(FIRST)
    assert "[monitor] real-time app " + FIRST.hex() + " was not started: Locked: app b0 claims Gpio 8" in complete.said()


def test_without_a_real_time_app_nothing_is_said_and_every_pin_is_the_kernels(complete):
    complete.boot()
    assert "real-time" not in complete.said()
    assert {complete.owner(pin) for pin in complete.facts.PINS} == {KERNEL}


def test_the_firewall_holds_the_map_even_against_the_monitors_own_code(with_two):
    hardware = with_two.monitor_hardware()
    for pin, master in ((8, 1), (8, 3), (10, 2), (9, 0)):
        with pytest.raises(Locked):
            hardware.pins.assign(pin, master)
    for core, wanted in ((3, bytes([UART2])), (4, b""), (4, bytes([UART2, blocks.ADC]))):
        with pytest.raises(Locked):
            hardware.cores.grant(core, wanted)
    hardware.cores.grant(4, bytes([UART2]))
    assert with_two.granted(1) == bytes([UART2])


@pytest.mark.parametrize("one, other, what", [
    ({"Gpio": [8]}, {"Gpio": [7, 8]}, "Gpio 8: pin 8"),
    ({"Gpio": [38]}, {"Uart": ["ISU2"]}, "ISU2: pin 38"),
    ({"ExternalInterrupt": ["EINT9"]}, {"Gpio": [9]}, "Gpio 9: pin 9"),
    ({"Pwm": ["PWM-CONTROLLER-1"]}, {"Gpio": [4]}, "Gpio 4: pin 4"),
    ({"Adc": ["ADC-CONTROLLER-0"]}, {"Adc": ["ADC-CONTROLLER-0"]}, "ADC-CONTROLLER-0: pin 41"),
])  # fmt: skip
def test_of_two_claims_that_collide_the_later_in_order_of_component_is_refused_with_what_and_whose(complete, one, other, what):
    complete.install_and_restart(package(complete.maker, SECOND, other), package(complete.maker, FIRST, one))
    said = complete.said()
    assert "real-time core 0: app b0" in said and "real-time core 1" not in said
    core, state, reason, _ = complete.kernel.realtime_status(SECOND)
    assert (core, state) == (255, 0)
    assert "app b1 claims " + what in reason and "app b0" in reason
    assert reason in said
    with pytest.raises(Busy, match="app b1 claims " + what):
        complete.kernel.realtime_start(SECOND)
    assert complete.kernel.realtime_start(FIRST) == 0


def test_a_newcomer_displaces_nobody_who_has_proved_himself(complete):
    complete.install_and_restart(package(complete.maker, SECOND, {"Gpio": [8]}))
    complete.kernel.realtime_start(SECOND)
    complete.kernel.confirm_application(SECOND)
    complete.install_and_restart(package(complete.maker, FIRST, {"Gpio": [8]}), package(complete.maker, SECOND, {"Gpio": [8]}, version=2))
    assert complete.kernel.realtime_start(SECOND) == 0
    with pytest.raises(Busy, match="app b0 claims Gpio 8"):
        complete.kernel.realtime_start(FIRST)


def test_long_names_in_any_script_are_cut_to_what_a_reply_holds(complete):
    name = "ü" * 64
    packages = [package(complete.maker, component, {"Gpio": list(range(24))}, name=name) for component in (FIRST, SECOND)]
    complete.install_and_restart(*packages)
    reason = complete.kernel.realtime_status(SECOND)[2]
    assert reason.startswith("Busy: " + name) and 250 < len(reason.encode()) <= 256
    with pytest.raises(Busy):
        complete.kernel.realtime_start(SECOND)


def test_a_third_app_is_refused_and_told_who_has_the_cores(complete):
    complete.install_and_restart(*[package(complete.maker, component, {"Gpio": [pin]}) for component, pin in ((THIRD, 1), (FIRST, 2), (SECOND, 3))])
    with pytest.raises(Full) as refusal:
        complete.kernel.realtime_start(THIRD)
    assert "IO0 app b0" in refusal.value.policy and "IO1 app b1" in refusal.value.policy
    assert complete.owned(0) + complete.owned(1) == [2, 3]
    assert complete.owner(1) == KERNEL


def test_the_manifest_may_name_the_core(complete):
    complete.install_and_restart(package(complete.maker, FIRST, {"Gpio": [1]}), package(complete.maker, SECOND, {"Gpio": [2]}, core=0))
    assert (complete.owned(0), complete.owned(1)) == ([2], [1])
    assert complete.kernel.realtime_start(FIRST) == 1
    assert complete.kernel.realtime_start(SECOND) == 0


def test_of_two_that_name_one_core_the_first_has_it(complete):
    complete.install_and_restart(package(complete.maker, FIRST, {"Gpio": [1]}, core=1), package(complete.maker, SECOND, {"Gpio": [2]}, core=1))
    assert (complete.owned(0), complete.owned(1)) == ([], [1])
    with pytest.raises(Full, match="no real-time core is left for app b1"):
        complete.kernel.realtime_start(SECOND)


def test_an_app_whose_pins_the_board_lacks_is_left_out_and_hinders_nobody(complete):
    complete.install_and_restart(package(complete.maker, FIRST, {"Gpio": [8, 80]}), package(complete.maker, SECOND, {"Gpio": [8]}))
    assert complete.owned(0) == [8]
    with pytest.raises(NoDevice):
        complete.kernel.realtime_start(FIRST)


def test_a_tampered_image_gets_nothing(with_two):
    with_two.flash.flip_bit(with_two.entry(FIRST).offset + 9000, 0)
    with_two.boot()
    assert with_two.owned(0) == [36, 37, 38, 39, 40]  # of the other app, which is first now
    assert with_two.owner(8) == KERNEL
    with pytest.raises(Untrusted):
        with_two.kernel.realtime_start(FIRST)


def test_an_image_below_its_counter_gets_nothing(complete):
    complete.install_and_restart(package(complete.maker, FIRST, {"Gpio": [8]}, version=1))
    old = complete.flash.snapshot()
    complete.install_and_restart(package(complete.maker, FIRST, {"Gpio": [9]}, version=2))
    complete.kernel.realtime_start(FIRST)
    complete.kernel.confirm_application(FIRST)
    records = complete.facts.FLASH_LAYOUT[0x3000]
    kept = complete.flash.read(*records)
    complete.flash.restore(old)  # yesterday's flash, but for Pluton's own records
    for at in range(0, records[1], complete.flash.sector):
        complete.flash.erase(records[0] + at)
    complete.flash.program(records[0], kept)
    complete.boot()
    assert complete.owner(8) == KERNEL
    with pytest.raises(Rollback):
        complete.kernel.realtime_start(FIRST)


def test_an_image_signed_for_development_has_its_claim_only_while_the_device_is_open_for_that(complete):
    complete.install_and_restart(complete.maker.capability_file(complete.device_id, (11,)))
    complete.install(package(complete.maker, FIRST, {"Gpio": [8]}, key=complete.maker.development))
    assert complete.kernel.realtime_start(FIRST) == 0
    assert complete.owned(0) == [8]
    complete.kernel.invalidate_image(complete.maker.component(image.FIRMWARE_CONFIG))
    complete.boot()
    assert complete.owner(8) == KERNEL
    with pytest.raises(Denied, match="development key"):
        complete.kernel.realtime_start(FIRST)


# -- starting and stopping ---------------------------------------------------------------------------


def test_the_core_is_started_on_the_verified_package(with_two):
    loads = []
    start = with_two.monitor.realtime._cores.start
    with_two.monitor.realtime._cores.start = lambda core, code: (loads.append((core, code)), start(core, code))
    assert with_two.kernel.realtime_start(SECOND) == 1
    data = package(with_two.maker, SECOND, {"Uart": ["ISU2"]})
    assert loads == [(4, len(data).to_bytes(4, "little") + data)]
    assert with_two.kernel.realtime_status(SECOND) == (1, 1, "", 0)


def test_a_flash_that_answers_otherwise_the_second_time_changes_nothing(with_two):
    """One read: what was verified is what is loaded."""
    reads = []
    flash = with_two.monitor.store.flash
    read = flash.read
    flash.read = lambda offset, length: (reads.append(offset), read(offset, length))[1]
    with_two.kernel.realtime_start(FIRST)
    assert reads.count(with_two.entry(FIRST).offset) == 1


def test_a_tampered_image_is_not_started_and_the_core_stays_stopped(with_two):
    with_two.flash.flip_bit(with_two.entry(FIRST).offset + 9000, 0)
    with pytest.raises(Untrusted):
        with_two.kernel.realtime_start(FIRST)
    assert with_two.kernel.realtime_status(FIRST) == (255, 0, "", 0)


def test_another_rightly_signed_app_in_its_place_is_refused(with_two):
    entry, other = with_two.entry(FIRST), package(with_two.maker, THIRD, {"Gpio": [8, 9]})
    for at in range(0, len(other), with_two.flash.sector):
        with_two.flash.erase(entry.offset + at)
    with_two.flash.program(entry.offset, other)
    entry.length = len(other)
    with pytest.raises(Untrusted, match="another component"):
        with_two.kernel.realtime_start(FIRST)


def test_an_app_of_the_main_core_is_not_started(complete):
    complete.install(package(complete.maker, FIRST, {}, kind="Default"))
    with pytest.raises(Denied, match="not an app of a real-time core"):
        complete.kernel.realtime_start(FIRST)


def test_neither_is_a_part_of_the_os_nor_what_is_not_installed(complete):
    with pytest.raises(Denied):
        complete.kernel.realtime_start(complete.maker.component(image.KERNEL))
    with pytest.raises(NotFound):
        complete.kernel.realtime_start(FIRST)


def test_an_app_runs_once(with_two):
    with_two.kernel.realtime_start(FIRST)
    with pytest.raises(OutOfOrder):
        with_two.kernel.realtime_start(FIRST)


def test_what_does_not_run_is_not_stopped_read_or_shared_with(with_two):
    kernel = with_two.kernel
    for call in (kernel.realtime_stop, kernel.realtime_report, kernel.realtime_share, lambda component: kernel.realtime_denial(component, 0)):
        with pytest.raises(NotFound):
            call(FIRST)
    with pytest.raises(NotFound):
        kernel.realtime_status(FOURTH)


def test_a_frozen_core_keeps_its_pins_when_its_app_is_stopped_and_has_its_blocks_again_at_the_next_start(with_two):
    kernel = with_two.kernel
    for _ in range(3):
        kernel.realtime_start(SECOND)
        assert with_two.granted(1) == bytes([UART2])
        kernel.realtime_stop(SECOND)
        assert with_two.granted(1) == b""
        assert with_two.owned(1) == [36, 37, 38, 39, 40]


def test_a_program_that_no_core_could_run_is_refused_and_leaves_nothing_behind(open_device):
    open_device.install(package(open_device.maker, FIRST, {"Gpio": [8], "Uart": ["ISU2"]}, program=elf()[:60]))
    with pytest.raises(Invalid):
        open_device.kernel.realtime_start(FIRST)
    assert (open_device.owned(0), open_device.granted(0)) == ([], b"")
    open_device.install(package(open_device.maker, SECOND, {"Gpio": [8]}, core=0))
    assert open_device.kernel.realtime_start(SECOND) == 0


def test_while_nothing_is_frozen_an_app_has_its_claim_from_start_to_stop(open_device):
    open_device.install(package(open_device.maker, FIRST, {"Gpio": [8], "Uart": ["ISU2"]}))
    assert open_device.owned(0) == []
    assert open_device.kernel.realtime_start(FIRST) == 0
    assert open_device.owned(0) == [8, 36, 37, 38, 39, 40]
    assert open_device.granted(0) == bytes([UART2])
    open_device.kernel.realtime_stop(FIRST)
    assert (open_device.owned(0), open_device.granted(0)) == ([], b"")


def test_a_pin_that_the_kernel_has_is_not_taken_from_it_nor_one_of_a_core_by_it(open_device):
    open_device.install(package(open_device.maker, FIRST, {"Gpio": [7, 8]}))
    open_device.kernel.peripheral_acquire(GPIO, 8)
    with pytest.raises(Busy, match="pin 8 is taken"):
        open_device.kernel.realtime_start(FIRST)
    assert open_device.owned(0) == []
    open_device.kernel.peripheral_release(GPIO, 8)
    open_device.kernel.realtime_start(FIRST)
    with pytest.raises(Busy, match="pin 8 is taken") as refusal:
        open_device.kernel.peripheral_acquire(GPIO, 8)
    assert "real-time core 0" in refusal.value.policy
    with pytest.raises(NotFound):
        open_device.kernel.peripheral_release(GPIO, 8)
    assert open_device.owned(0) == [7, 8]


def test_while_nothing_is_frozen_what_collides_with_a_running_app_is_refused(open_device):
    open_device.install(package(open_device.maker, FIRST, {"Gpio": [8]}), package(open_device.maker, SECOND, {"Gpio": [8]}))
    open_device.kernel.realtime_start(SECOND)
    with pytest.raises(Busy, match="app b0 claims Gpio 8"):
        open_device.kernel.realtime_start(FIRST)
    open_device.kernel.realtime_stop(SECOND)
    assert open_device.kernel.realtime_start(FIRST) == 0


def test_what_the_kernel_locks_is_frozen_as_it_is(open_device):
    open_device.install(package(open_device.maker, FIRST, {"Gpio": [8]}), package(open_device.maker, SECOND, {"Gpio": [9]}))
    open_device.kernel.realtime_start(FIRST)
    open_device.kernel.peripheral_lock_config()
    with pytest.raises(Locked):
        open_device.kernel.realtime_start(SECOND)
    open_device.kernel.realtime_stop(FIRST)
    assert open_device.owned(0) == [8]
    with pytest.raises(Locked):
        open_device.kernel.peripheral_acquire(GPIO, 8)
    assert open_device.kernel.realtime_start(FIRST) == 0


# -- rings ---------------------------------------------------------------------------------------------


def test_each_core_shares_its_own_part_of_the_memory(open_device):
    connected = {"AllowedApplicationConnections": [FRIEND]}
    open_device.install(package(open_device.maker, FIRST, connected), package(open_device.maker, SECOND, connected))
    places = []
    for component in (FIRST, SECOND):
        open_device.kernel.realtime_start(component)
        places.append(open_device.kernel.realtime_share(component))
        assert open_device.kernel.realtime_share(component) == places[-1]
    assert places == [(0x8000_0000, 0x2000), (0x8000_2000, 0x2000)]


def test_an_app_that_names_nobody_shares_nothing(open_device):
    open_device.install(package(open_device.maker, FIRST, {"Gpio": [8]}))
    open_device.kernel.realtime_start(FIRST)
    with pytest.raises(Denied, match="names nobody") as refusal:
        open_device.kernel.realtime_share(FIRST)
    assert "AllowedApplicationConnections" in refusal.value.policy


# -- updates under the freeze ----------------------------------------------------------------------------


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
    with pytest.raises(Locked):
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
    with_two.kernel.revert_application(FIRST)
    assert with_two.kernel.realtime_status(FIRST)[:2] == (255, 0)  # the one that failed was stopped
    assert with_two.kernel.realtime_start(FIRST) == 0
    assert with_two.entry(FIRST).version == 1


def test_the_way_back_to_an_image_with_another_claim_needs_a_restart(with_two):
    with_two.kernel.realtime_start(FIRST)
    with_two.kernel.confirm_application(FIRST)
    with_two.install_and_restart(package(with_two.maker, FIRST, {"Gpio": [10]}, version=2))
    with_two.kernel.realtime_start(FIRST)
    with_two.kernel.revert_application(FIRST)
    with pytest.raises(Locked) as refusal:
        with_two.kernel.realtime_start(FIRST)
    assert "restart the device" in refusal.value.remedy
    with_two.boot()
    assert with_two.kernel.realtime_start(FIRST) == 0
    assert with_two.owned(0) == [8, 9]


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


# -- the attack, from the other side -------------------------------------------------------------------------


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


# -- what the core then does --------------------------------------------------------------------------------

DOUT_SET_2 = 0x3803_0014  # of the group of pins 8 to 11


def run(device, component, capabilities, code):
    """Install and start a program, and let a millisecond of it pass."""
    device.install(package(device.maker, component, capabilities, program=elf(*code)))
    device.kernel.realtime_start(component)
    now = device.chip.clock.uptime_us()
    device.chip.realtime.run(now + 1000)


def test_what_the_manifest_claims_the_core_reaches(open_device):
    run(open_device, FIRST, {"Gpio": [8]}, store_word(DOUT_SET_2))
    assert open_device.kernel.realtime_status(FIRST) == (0, 1, "", 0)
    assert open_device.kernel.realtime_report(FIRST) == ""


def test_what_it_does_not_is_refused_and_reported_with_what_would_allow_it(open_device):
    run(open_device, FIRST, {"Uart": ["ISU2"]}, store_word(DOUT_SET_2))
    core, state, reason, denials = open_device.kernel.realtime_status(FIRST)
    assert (core, state, denials) == (0, 2, 1) and reason
    address, is_write, pc, count, register, policy = open_device.kernel.realtime_denial(FIRST, 0)
    assert (address, is_write, pc, count) == (DOUT_SET_2, True, START + 4, 1)
    assert "DOUT" in register and "Gpio" in policy
    assert f"{DOUT_SET_2:#010x}" in open_device.kernel.realtime_report(FIRST)
    with pytest.raises(Invalid):
        open_device.kernel.realtime_denial(FIRST, 1)


def test_a_dead_app_is_stopped_and_started_again(open_device):
    run(open_device, FIRST, {}, store_word(DOUT_SET_2))
    with pytest.raises(OutOfOrder):
        open_device.kernel.realtime_start(FIRST)
    open_device.kernel.realtime_stop(FIRST)
    open_device.kernel.realtime_start(FIRST)
    assert open_device.kernel.realtime_status(FIRST) == (0, 1, "", 0)
