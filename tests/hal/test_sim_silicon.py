"""The whole chip: what a reset, a power cycle and a snapshot do to all of it."""

import pytest

from armillary.boards.sim import facts
from armillary.hal import abi
from armillary.hal.port import FlashPort, FusesPort, PinOwnershipPort
from armillary.hal.sim.network import LinkedNetwork
from armillary.hal.sim.power import ChipReset, PowerLost
from armillary.hal.sim.silicon import DENIALS, Silicon
from armillary.wire.fault import Denied, Locked

FIRMWARE = facts.FLASH_LAYOUT[1][0]


def test_two_runs_with_one_seed_are_the_same():
    def run(seed):
        chip = Silicon(facts, seed)
        noise = chip.entropy.read(100)
        chip.rail.fail_after(1)
        with pytest.raises(PowerLost):
            chip.flash.program(FIRMWARE, bytes(256))
        chip.power_on()
        return noise, chip.flash.read(FIRMWARE, 256)

    assert run(3) == run(3)
    assert run(3) != run(4)


def test_reset_opens_what_was_sticky_and_keeps_what_is_stored(chip):
    chip.fuses.blow(4, b"\x01" * 32)
    chip.fuses.lock_read(4)
    chip.flash.program(FIRMWARE, b"image")
    PinOwnershipPort(chip.port("monitor")).lock()
    chip.watchdog.start(100)
    chip.cores.start(1, b"code")
    with pytest.raises(ChipReset):
        chip.chip.reset(1)
    assert chip.fuses.read(4) == b"\x01" * 32
    assert chip.flash.read(FIRMWARE, 5) == b"image"
    chip.firewall.assign(8, 1)
    assert chip.watchdog.deadline_us is None
    assert not chip.cores.is_running(1)


def test_locks_are_sticky_for_the_one_who_set_them(chip):
    fuses = FusesPort(chip.port("pluton"))
    fuses.lock_read(4)
    for port in (fuses, FusesPort(chip.port("pluton"))):
        with pytest.raises(Locked):
            port.read(4)


def test_a_power_cycle_begins_anew(chip):
    chip.clock.advance_us(5)
    chip.fuses.lock_read(4)
    chip.flash.program(FIRMWARE, b"image")
    chip.power_off()
    with pytest.raises(PowerLost):
        FlashPort(chip.port("monitor")).read(FIRMWARE, 5)
    chip.power_on()
    assert FlashPort(chip.port("monitor")).read(FIRMWARE, 5) == b"image"
    assert chip.fuses.read(4) == bytes(32)
    assert chip.clock.uptime_us() == 0
    assert list(chip.chip.reasons) == []


def test_a_snapshot_is_a_device_that_can_be_put_into_another_chip(chip):
    chip.flash.program(FIRMWARE, b"image")
    chip.fuses.blow(1, b"\x01" * 32)
    saved = chip.snapshot()
    chip.flash.erase(FIRMWARE)
    other = Silicon(facts)
    other.restore(saved)
    assert other.flash.read(FIRMWARE, 5) == b"image"
    assert other.fuses.read(1) == b"\x01" * 32
    chip.restore(saved)
    assert chip.flash.read(FIRMWARE, 5) == b"image"


def test_a_board_hears_of_resets_denials_and_gives_its_own_hosts():
    reasons, denials = [], []

    class Tasks:
        was_reset = False

        def task_create(self, name, memory_kib, cpu_ms):
            return len(name)

        def reset(self):
            self.was_reset = True

    tasks = Tasks()
    chip = Silicon(
        facts, on_reset=reasons.append, on_denied=lambda *event: denials.append(event),
        tasks=tasks, network=LinkedNetwork({}),
    )  # fmt: skip
    assert chip.port("kernel").call(abi.TASK_CREATE, "blink", 64, 0) == 5
    chip.port("monitor").call(abi.RESET, 9)
    with pytest.raises(Denied):
        chip.port("monitor").call(abi.FLASH_ERASE, 0)
    assert reasons == [9] and tasks.was_reset
    assert denials[0][0] == "monitor" and isinstance(denials[0][3], Denied)


def test_a_blank_chip_is_small():
    import tracemalloc

    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    chips = [Silicon(facts) for _ in range(4)]
    each = (tracemalloc.get_traced_memory()[0] - before) / len(chips)
    tracemalloc.stop()
    assert each < 100 * 1024


def test_a_ring_that_is_denied_for_ever_fills_no_memory(chip):
    port = chip.port("kernel")
    for _ in range(DENIALS + 50):
        with pytest.raises(Denied):
            port.call(abi.GPIO_READ, 8)
    assert len(chip.denials) == DENIALS
