"""Each defence of ring 0 from both sides: with the flaw put in the attack works, without it is refused."""

import pathlib
import re

import pytest

from armillary.boards.sim import facts
from armillary.hal import abi
from armillary.hal.port import CoresPort, FusesPort, GpioPort, PinOwnershipPort, WatchdogPort
from armillary.hal.sim.firewall import Firewall
from armillary.hal.sim.fuses import Fuses
from armillary.hal.sim.gpio import GpioBank
from armillary.hal.sim.host_network import HostNetwork
from armillary.hal.sim.power import ChipReset
from armillary.hal.sim.watchdog import Watchdog
from armillary.wire.call import Gate
from armillary.wire.fault import Denied, Fault, Invalid, Locked, OutOfOrder, Unreachable

ROOT = pathlib.Path(__file__).parent.parent.parent


def unblow_through_a_frozen_row(chip):
    fuses = FusesPort(chip.port("pluton"))
    fuses.blow(1, b"\x01" * 32)
    fuses.lock_write(1)
    fuses.blow(1, b"\xff" * 32)
    return chip.fuses.read(1) == b"\xff" * 32


def read_a_hidden_row(chip):
    fuses = FusesPort(chip.port("pluton"))
    fuses.blow(1, b"\x5a" * 32)
    fuses.lock_read(1)
    return fuses.read(1) == b"\x5a" * 32


def take_another_masters_pin(chip):
    chip.firewall.assign(8, 2)
    gpio = GpioPort(chip.port("kernel"))
    gpio.configure(8, 1)
    gpio.write(8, 1)
    return chip.gpio.read(8) == 1


def change_owners_after_the_lock(chip):
    owners = PinOwnershipPort(chip.port("monitor"))
    owners.lock()
    owners.assign(8, 1)
    return chip.firewall.owner(8) == 1


def slow_the_watchdog(chip):
    watchdog = WatchdogPort(chip.port("monitor"))
    watchdog.start(10)
    watchdog.start(600_000)
    chip.clock.advance_us(11_000)
    return not chip.watchdog.poll()


def start_ones_own_core_anew(chip):
    CoresPort(chip.port("monitor")).start(1, b"a monitor that nobody verified")
    return bool(chip.started)


def read_fuses_as_the_monitor(chip):
    chip.fuses.blow(1, b"\x5a" * 32)
    return FusesPort(chip.port("monitor")).read(1) == b"\x5a" * 32


ATTACKS = [
    # attack, where the flaw goes, the flaw, how it is refused without
    (unblow_through_a_frozen_row, (Fuses, "_is_frozen"), lambda self, row: False, Locked),
    (read_a_hidden_row, (Fuses, "lock_read"), lambda self, row: None, Locked),
    (take_another_masters_pin, (Firewall, "pin"), lambda self, master, pin: None, Denied),
    (change_owners_after_the_lock, (Firewall, "lock"), lambda self: None, Locked),
    (start_ones_own_core_anew, (Firewall, "core"), lambda self, master, core: None, Denied),
    (slow_the_watchdog, (Watchdog, "start"), None, OutOfOrder),
    (read_fuses_as_the_monitor, (Gate, "_may"), None, Denied),
]


def forgetful_start(self, timeout_ms):
    """A watchdog that may be started again."""
    self._timeout_us = timeout_ms * 1000
    self.deadline_us = self._clock.uptime_us() + self._timeout_us


def serve_whoever_asks(self, call):
    """A gate that forgot its callers: the firewall behind it must still refuse."""
    return True


@pytest.mark.parametrize("attack, place, flaw, fault", ATTACKS, ids=lambda value: getattr(value, "__name__", None))
def test_an_attack_works_only_with_its_flaw(chip, monkeypatch, attack, place, flaw, fault):
    with pytest.raises(fault):
        attack(chip)
    chip.power_on()
    if flaw is None:
        flaw = {Watchdog: forgetful_start, Gate: serve_whoever_asks}[place[0]]
    monkeypatch.setattr(*place, flaw)
    if place[0] is Gate:  # two walls stand here: without the first the second still holds
        with pytest.raises(Denied) as caught:
            attack(chip)
        assert caught.value.rule == "firewall.device"
        monkeypatch.setattr(Firewall, "device", lambda self, master, name: None)
    assert attack(chip)


@pytest.mark.parametrize("name", ["fuse_read", "flash_erase", "entropy_read", "gpio_assign", "core_start", "reset", "flash_read"])
def test_the_firewall_holds_the_kernel_where_the_gate_forgot_its_callers(chip, monkeypatch, name):
    monkeypatch.setattr(Gate, "_may", serve_whoever_asks)
    arguments = {
        "fuse_read": (1,), "flash_erase": (facts.FLASH_LAYOUT[1][0],), "entropy_read": (16,), "gpio_assign": (8, 1),
        "core_start": (1, 0), "reset": (1,), "flash_read": (0, 16),
    }[name]  # fmt: skip
    call = [each for each in abi.CALLS if each.name == name][0]
    with pytest.raises(Denied) as caught:
        chip.port("kernel").call(call, *arguments)
    assert caught.value.rule.startswith("firewall.")
    assert [entry[:2] for entry in chip.denials] == [("kernel", name)]


def test_an_owners_output_does_not_outlive_it(chip, monkeypatch):
    owners, gpio = PinOwnershipPort(chip.port("monitor")), GpioPort(chip.port("kernel"))

    def drive_then_lose():
        owners.assign(8, 1)
        gpio.configure(8, 1)
        gpio.write(8, 1)
        owners.assign(8, 2)
        return chip.gpio.read(8)

    assert drive_then_lose() == 0
    monkeypatch.setattr(GpioBank, "release", lambda self, pin: None)
    assert drive_then_lose() == 1


def test_a_name_cannot_be_made_to_mean_an_address_of_the_world():
    network = HostNetwork({("service.test", 443): ("127.0.0.1", 1)})
    for host in ("192.0.2.1", "service.test\x00.example", "service.test.", "service.test@192.0.2.1", "[::1]", "localhost"):
        with pytest.raises(Unreachable):
            network.open(host, 443)
    with pytest.raises(Invalid):
        network.name("service.test", 443, "192.0.2.1", 443)
    network.reset()


def test_what_the_readme_shows_is_what_happens():
    text = (ROOT / "hal" / "README.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    with pytest.raises(Fault) as caught:
        exec(compile(block, "hal/README.md", "exec"), {})
    shown = re.search(r"# (Denied: .*?) \.\.\.", block).group(1)
    assert str(caught.value).startswith(shown)


def test_a_reset_cannot_be_caught_by_the_ring_it_ends(chip):
    def ring():
        try:
            chip.port("monitor").call(abi.RESET, 1)
        except Exception:
            return "survived"

    with pytest.raises(ChipReset):
        ring()
