"""A real-time app's package, read without a processor: the program in it, and the memory that it may lie in."""

from __future__ import annotations

from ....wire import asxipfs, image, manifest
from ....wire.fault import Invalid
from ...cortexm import elf

TCM, TCM_SIZE = 0x0010_0000, 0x3_0000
SYSRAM, SYSRAM_SIZE = 0x2200_0000, 0x1_0000
FLASH, FLASH_SIZE = 0x1000_0000, 0x10_0000
REGIONS = (
    elf.Region("TCM", TCM, TCM_SIZE),
    elf.Region("SYSRAM", SYSRAM, SYSRAM_SIZE),
    elf.Region("flash", FLASH, FLASH_SIZE, is_rom=True),
)


def read(package: bytes) -> tuple[bytes, elf.Program]:
    """The ELF file at the entry point of a real-time app's image package, and the program in it.

    Raises Invalid, with the offset at which it shows that there is none for this chip.
    """
    files = asxipfs.FileSystem(image.parse(package).body)
    found = manifest.load(files)
    if found.application_type != manifest.REAL_TIME:
        raise Invalid(found.name + " is an app of the main core", "hal", "core.program", "ApplicationType = " + found.application_type)
    data = files.read(found.entry_point)
    try:
        return data, elf.parse(data, REGIONS)
    except elf.BadElf as bad:
        raise Invalid("no program for a real-time core: " + str(bad), "hal", "core.program") from None
