"""The map of the real-time cores: what signed manifests claim is divided at boot, and frozen."""

import pytest

from armillary.wire import blocks, image
from armillary.wire.fault import Busy, Denied, Full, Locked, NoDevice, Rollback, Untrusted
from tests.monitor.rtapps import FIRST, SECOND, THIRD, package

KERNEL = 1
UART2 = blocks.UART + 2


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
    core, state, reason, _, _ = complete.kernel.realtime_status(SECOND)
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
    with pytest.raises(NoDevice, match="the board has no pin 80"):
        complete.kernel.realtime_start(FIRST)


def test_a_board_without_real_time_cores_boots_and_says_why_no_such_app_runs(complete):
    complete.install(package(complete.maker, FIRST, {"Gpio": [8], "Uart": ["ISU2"]}))
    complete.chip.bus._devices["real-time cores"] = None
    complete.boot()
    assert complete.owner(8) == KERNEL
    assert "this board has no real-time cores" in complete.kernel.realtime_status(FIRST)[2]
    with pytest.raises(NoDevice):
        complete.kernel.realtime_start(FIRST)
    assert complete.install(package(complete.maker, FIRST, {"Gpio": [9]}, version=2)) == (1, False)  # it would not help
    assert complete.install(package(complete.maker, SECOND, version=2))[0] == 1  # and the next one goes through


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
