"""Real-time cores: an app is started on what was verified, with what its manifest claims, and nothing else."""

import pytest

from armillary.wire import blocks, image
from armillary.wire.fault import Busy, Denied, Failed, Invalid, Locked, NotFound, OutOfOrder, Untrusted
from tests.monitor.rtapps import FIRST, FOURTH, FRIEND, SECOND, START, THIRD, elf, package, store_word

GPIO, KERNEL = 1, 1
UART2 = blocks.UART + 2


def test_the_core_is_started_on_the_verified_package(with_two):
    loads = []
    start = with_two.monitor.realtime._cores.start
    with_two.monitor.realtime._cores.start = lambda core, code: (loads.append((core, code)), start(core, code))
    assert with_two.kernel.realtime_start(SECOND) == 1
    data = package(with_two.maker, SECOND, {"Uart": ["ISU2"]})
    assert loads == [(4, len(data).to_bytes(4, "little") + data)]
    assert with_two.kernel.realtime_status(SECOND) == (1, 1, "", 0, 0)


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
    assert with_two.kernel.realtime_status(FIRST) == (255, 0, "", 0, 0)


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


def test_where_the_counter_cannot_follow_nothing_is_left_running(with_two, monkeypatch):
    def fail(verified):
        raise Failed("the flash is worn out")

    monkeypatch.setattr(with_two.monitor.store, "has_started", fail)
    with pytest.raises(Failed, match="worn out"):
        with_two.kernel.realtime_start(FIRST)
    assert with_two.kernel.realtime_status(FIRST)[:2] == (255, 0)
    assert with_two.monitor.realtime._cores.status(3)[0] == 0


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


DOUT_SET_2 = 0x3803_0014  # of the group of pins 8 to 11


def run(device, component, capabilities, code):
    """Install and start a program, and let a millisecond of it pass."""
    device.install(package(device.maker, component, capabilities, program=elf(*code)))
    device.kernel.realtime_start(component)
    now = device.chip.clock.uptime_us()
    device.chip.realtime.run(now + 1000)


def test_what_the_manifest_claims_the_core_reaches(open_device):
    run(open_device, FIRST, {"Gpio": [8]}, store_word(DOUT_SET_2))
    assert open_device.kernel.realtime_status(FIRST) == (0, 1, "", 0, 0)
    assert open_device.kernel.realtime_report(FIRST) == ""


def test_what_it_does_not_is_refused_and_reported_with_what_would_allow_it(open_device):
    run(open_device, FIRST, {"Uart": ["ISU2"]}, store_word(DOUT_SET_2))
    core, state, reason, denials, _ = open_device.kernel.realtime_status(FIRST)
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
    assert open_device.kernel.realtime_status(FIRST) == (0, 1, "", 0, 0)
