"""A device whose fuses demand both signatures, every ring linked: it boots, and refuses what has only one.

Its snapshot lies beside the one whose file is the first argument: `hybrid.bin`, as `linked_device.py` says,
and in `plain.bin` a monitor that ECDSA alone signed, by the right key.
"""

import sys

from armillary.boards.sim import facts
from armillary.boards.sim.linked import LinkedDevice
from armillary.hal.sim.network import LinkedNetwork
from armillary.hal.sim.silicon import Silicon
from armillary.pluton import fusemap
from armillary.wire import image, partition
from armillary.wire.fault import Fault

FOLDER = sys.argv[1][: -len("device.bin")]


def content(name):
    with open(FOLDER + name, "rb") as file:
        return file.read()


def restored():
    """The chip of the snapshot."""
    silicon = Silicon(facts, 7, network=LinkedNetwork({}))
    data = content("hybrid.bin")
    size = facts.FUSE_ROWS * facts.FUSE_ROW_BYTES + facts.FUSE_ROWS
    silicon.fuses.restore(data[:size])
    sector = facts.FLASH_SECTOR
    for at in range(size, len(data), 4 + sector):
        silicon.flash.program(int.from_bytes(data[at : at + 4], "little") * sector, data[at + 4 : at + 4 + sector])
    return silicon


def overwrite(silicon, image_type, change):
    """`change` what is in flash where the locator table has images of a type, both copies."""
    tables = partition.read_tables(silicon.flash, facts.FLASH_LAYOUT)
    for entry in tables[0][1]:
        if entry.image_type == image_type:
            package = change(bytes(silicon.flash.read(entry.offset, entry.length)))
            for at in range(entry.offset, entry.offset + len(package), facts.FLASH_SECTOR):
                silicon.flash.erase(at)
            silicon.flash.program(entry.offset, package[: entry.length])


def boots(silicon):
    device = LinkedDevice(silicon)
    try:
        device.power_on()
        device.run(1)
        print(device.uart())
        print("it boots; a policy:", fusemap.is_hybrid_required(silicon.fuses))
    except Fault as fault:
        print(device.uart())
        print(fault)
    device.close()


def spoil_lms(package):
    """One bit of the LMS signature is another."""
    part = image.lms_part(package)
    at = package.find(part.signature) + 700
    return package[:at] + bytes((package[at] ^ 1,)) + package[at + 1 :]


def plain(package):
    """The same length, so that the locator table fits; signed by ECDSA alone."""
    return content("plain.bin")


boots(restored())
for kind, change in ((image.SECURITY_MONITOR, spoil_lms), (image.SECURITY_MONITOR, plain), (image.TRUSTED_KEYSTORE, spoil_lms)):
    silicon = restored()
    overwrite(silicon, kind, change)
    boots(silicon)
package = content("plain.bin")
print("no LMS part:", image.lms_part(package))
