"""Real-time apps made by hand, and devices with enough pins for them."""

import json
import struct
import types

from armillary.pluton.abi import DEVICE_COMPLETE
from armillary.wire import asxipfs, guid, image
from tests.monitor.conftest import SMALL, Device

FACTS = types.SimpleNamespace(**{**vars(SMALL), "PINS": tuple(range(0, 24)) + tuple(range(26, 49))})
TCM = 0x0010_0000
START = TCM + 68
SPIN = bytes.fromhex("fee7")  # b .
FIRST, SECOND, THIRD, FOURTH = (bytes((0xB0 + number,)) * 16 for number in range(4))  # components, in their order
FRIEND = guid.to_text(bytes.fromhex("f0") * 16)


def elf(code=SPIN, data=()):
    """A program: a vector table whose faults stand still, then at START `code`, then words of data."""
    code += bytes(-len(code) % 4)
    words = struct.pack(f"<{len(data)}I", *data)
    vectors = struct.pack("<16I", TCM + 0x3_0000, START | 1, *[START - 4 | 1] * 14)
    content = vectors + SPIN * 2 + code + words
    header = struct.pack("<4sBBB9xHHIIIIIHHHHHH", b"\x7fELF", 1, 1, 1, 2, 40, 1, TCM, 52, 0, 0x0500_0400, 52, 32, 1, 40, 0, 0)
    return header + struct.pack("<8I", 1, 84, TCM, TCM, len(content), len(content), 5, 4) + content


def store_word(address, value=1):
    """Code that stores `value` at `address` (its third instruction), then spins, and its data."""
    return bytes.fromhex("0248 0349 0160 fee7 00bf 00bf"), (address, value)


def manifest(component, capabilities=None, core=None, kind="RealTimeCapable", name="blinker"):
    top = {
        "SchemaVersion": 1, "Name": name, "ComponentId": guid.to_text(component), "EntryPoint": "/bin/app",
        "ApplicationType": kind, "Capabilities": capabilities or {},
    }  # fmt: skip
    return json.dumps(top if core is None else {**top, "RealTimeCore": core}).encode()


def package(maker, component=FIRST, capabilities=None, version=1, core=None, key=None, kind="RealTimeCapable", program=None, note="", name=None):
    """The signed package of a real-time app."""
    files = [
        ("app_manifest.json", manifest(component, capabilities, core, kind, name=name or "app " + component[:1].hex()), False),
        ("bin/app", elf() if program is None else program, True),
    ]  # fmt: skip
    return maker.package(image.APPLICATIONS, version, key, component, asxipfs.pack(files), note=note)


class RtDevice(Device):
    """A device whose pins are enough for real-time apps, and what can be asked of its firewall."""

    def __init__(self, maker, seed=1):
        super().__init__(maker, FACTS, seed)

    def owner(self, pin):
        return self.chip.firewall.owner(pin)

    def owned(self, number):
        """The pins of real-time core `number`."""
        return [pin for pin in self.facts.PINS if self.owner(pin) == 2 + number]

    def granted(self, number):
        """The blocks of real-time core `number`."""
        return bytes(self.chip.firewall.granted(3 + number))

    def said(self):
        return self.chip.uarts[0].take().decode()

    def install_and_restart(self, *packages):
        result = self.install(*packages)
        self.boot()
        return result

    def complete(self):
        self.set_lifecycle(DEVICE_COMPLETE)
        return self
