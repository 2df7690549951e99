"""Lab 1: the bus firewall is gone. What does a hostile monitor gain?

The monitor's code is the attacker's: it holds the monitor's own port to the bus, and nothing else. It
wants to stay for good, so it goes for what boots before it, and for Pluton's records.
"""

from __future__ import annotations

from bench import Bench, attempt

from armillary.boards import images
from armillary.boards.keys import Vendor
from armillary.boards.sim import facts
from armillary.hal.port import FlashPort
from armillary.hal.sim.firewall import Firewall
from armillary.pluton import bootheader
from armillary.wire import partition


class OpenFirewall(Firewall):
    """The flaw: every master may do anything to flash."""

    def flash(self, master: str, right: str, offset: int, length: int) -> None:
        """Refuse nothing."""


def attack(bench: Bench, has_wall: bool) -> None:
    """Write an own first loader, then put Pluton's records back to what they were before an update."""
    print("with the firewall:" if has_wall else "without the firewall:")
    if not has_wall:
        bench.chip.firewall.__class__ = OpenFirewall
    flash = FlashPort(bench.chip.port("monitor"))
    records = read(bench, partition.PLUTON_STORAGE)
    bench.rings.power_on()
    bench.rings.pluton_port.advance_counter(b"some component..", 7)
    if attempt("put an own first loader into the boot partition", lambda: write(flash, partition.BOOTLOADER_ONE, forged_loader())):
        said, _ = bench.power_cycle()
        print("    at power-on: " + next(line for line in said.splitlines() if "primary" in line).partition(" [pluton")[0])
        print("    " + ("blink runs, from the backup loader" if bench.blinks() else "the device is taken"))
    if attempt("put Pluton's records back to yesterday's", lambda: write(flash, partition.PLUTON_STORAGE, records)):
        _, fault = bench.power_cycle()
        print("    at power-on: " + ("the device stays off, rule " + fault.rule if fault else "the device is taken"))
    bench.rings.power_off()


def forged_loader() -> bytes:
    """A boot partition as the attacker would sign it: all is well with it but the key."""
    stranger = Vendor.generate()
    return bootheader.build(stranger.root.public, images.os_image(stranger, "1bl"))


def write(flash: FlashPort, number: int, data: bytes) -> None:
    """Erase as much of a partition as needed and program `data` there."""
    offset, _ = facts.FLASH_LAYOUT[number]
    for at in range(0, len(data), facts.FLASH_SECTOR):
        flash.erase(offset + at)
    flash.program(offset, data)


def read(bench: Bench, number: int) -> bytes:
    """A partition's bytes, read with a probe."""
    return bytes(bench.chip.flash.read(*facts.FLASH_LAYOUT[number]))


if __name__ == "__main__":
    attack(Bench(), has_wall=True)
    attack(Bench(), has_wall=False)
