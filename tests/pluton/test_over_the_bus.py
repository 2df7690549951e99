"""Pluton as it runs in a box: every device behind the bus gate and its firewall."""

import pytest

from armillary.boards.sim import facts
from armillary.hal.port import ChipPort, ClockPort, CoresPort, EntropyPort, FlashPort, FusesPort, UartPort
from armillary.hal.sim.power import ChipReset
from armillary.hal.sim.silicon import Silicon
from armillary.pluton import fusemap, loader, rom
from armillary.pluton.core import Pluton
from armillary.pluton.hardware import Hardware
from armillary.pluton.port import PlutonPort
from armillary.wire.fault import Denied, Locked


@pytest.fixture
def silicon(world):
    return Silicon(facts, flash=world.flash, fuses=world.fuses, entropy=world.entropy, clock=world.clock, rail=world.rail)


def over(silicon, master="pluton"):
    """The hardware as `master` reaches it."""
    port = silicon.port(master)
    return Hardware(
        FlashPort(port), FusesPort(port), EntropyPort(port), ClockPort(port), UartPort(port), ChipPort(port),
        CoresPort(port), facts.FLASH_LAYOUT,
    )  # fmt: skip


def boot(silicon):
    hardware = over(silicon)
    silicon.fuses.reset()
    _, given = rom.boot(hardware)
    _, given = loader.boot(hardware, given)
    pluton = Pluton(hardware, given)
    pluton.boot_monitor()
    return pluton


def test_the_same_device_boots_the_same_monitor_over_the_bus(world, silicon):
    pluton = boot(silicon)
    world.boot()
    assert pluton.device_id == world.device_id
    assert silicon.started == world.cores.started
    assert silicon.uarts[0].take().decode() == world.uart.text


def test_records_and_random_numbers_work_over_the_bus(world, silicon):
    port = PlutonPort(boot(silicon).gate("monitor"))
    port.advance_counter(b"c" * 16, 2)
    assert len(port.read_rng(1024)) == 1024
    assert world.port().read_counter(b"c" * 16) == 2


def test_a_reset_goes_through_the_bus(silicon):
    port = PlutonPort(boot(silicon).gate("monitor"))
    with pytest.raises(ChipReset):
        port.device_reset(4)


def test_nobody_but_pluton_can_be_pluton(silicon):
    for master in ("monitor", "kernel"):
        with pytest.raises(Denied):
            rom.boot(over(silicon, master))


def test_what_rom_hid_stays_hidden_behind_the_bus(silicon):
    boot(silicon)
    with pytest.raises(Locked):
        over(silicon).fuses.read(fusemap.SECRETS[0])
    assert not silicon.denials
