"""What every lab needs: a vendor, a device with blink on it, and a way to say what happened."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.primitives.serialization import Encoding

from armillary.boards import apps
from armillary.boards.keys import Vendor
from armillary.boards.sim import device, facts
from armillary.boards.sim.linked import LinkedDevice
from armillary.hal.sim.network import LinkedNetwork
from armillary.hal.sim.silicon import Silicon
from armillary.pluton import fusemap
from armillary.pluton.abi import DEVICE_COMPLETE
from armillary.wire.fault import Fault


class Bench:
    """A manufactured device, off. `root` is the certificate (PEM) of the service it believes; `more` makes packages of apps
    that it has beside blink, of its vendor's keys."""

    def __init__(self, root: bytes | None = None, more: Callable[[Vendor], list[bytes]] = lambda vendor: []) -> None:
        self.vendor = Vendor.generate()
        self.system = device.System(self.vendor, {"service": root or self.vendor.root.certificate.public_bytes(Encoding.PEM)})
        self.network = LinkedNetwork({})
        self.chip = Silicon(facts, seed=1, network=self.network)
        self.device_id = device.manufacture(self.chip, self.vendor.root.public, b"lab").hex()
        blink = apps.pack_app(apps.SAMPLES / "blink", self.vendor.app, version=1)
        device.provision(self.chip, self.system, [blink, *more(self.vendor)])
        fusemap.set_lifecycle(self.chip.fuses, DEVICE_COMPLETE)
        self.rings = LinkedDevice(self.chip)

    def power_cycle(self) -> tuple[str, Fault | None]:
        """Power off and on, and two seconds of life: (what the debug UART said, why the device stays off or None)."""
        before = len(self.rings.uart())
        self.rings.power_off()
        try:
            self.rings.power_on()
            self.rings.run(2)
        except Fault as fault:
            return self.rings.uart()[before:], fault
        return self.rings.uart()[before:], None

    def blinks(self) -> bool:
        """Whether the LED changed in the last second, as seen at the pin."""
        changes = [at for at, pin, _ in self.chip.gpio.history if pin == 8]
        return bool(changes) and changes[-1] > self.chip.clock.uptime_us() - 1_000_000


def attempt(what: str, action: Callable[[], object]) -> bool:
    """Try an attack and print how it went; whether it worked."""
    try:
        action()
    except Fault as fault:
        print("  " + what + ": REFUSED by " + fault.ring + ", rule " + fault.rule)
        return False
    print("  " + what + ": worked")
    return True
