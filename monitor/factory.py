"""Provisioning: lays out the flash of a device before its first boot.

The factory trusts its inputs, so packages are parsed without being authenticated; the device checks
them all at boot. The locator table comes last: until it is whole, nothing boots, and provisioning
again from the start gives a whole device whatever had been there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire import guid, image, partition
from ..wire.fault import Invalid
from ..wire.partition import BACKUP, INSTALLED, PRIMARY, Entry
from .policy import is_system
from .space import erase, first_fit, round_up, write

if TYPE_CHECKING:
    from ..hal.interface import Flash
    from .hardware import Layout

LOCATORS = (partition.LOCATOR_TABLE, partition.LOCATOR_TABLE_BACKUP)
BOOTLOADERS = (partition.BOOTLOADER_ONE, partition.BOOTLOADER_ONE_BACKUP)
USER_DATA = (partition.NW_CONFIG, partition.LOG_STORAGE, partition.TELEMETRY_STORAGE)


def provision(flash: Flash, layout: Layout, boot_header_and_loader: bytes, images: list[bytes]) -> None:
    """Write both boot partitions, the images (OS images twice) and the table that names them.

    `layout` maps a partition number to (offset, size). What users left there is erased. Raises Full
    if a partition is too small, Invalid if an image is not a package or one comes twice.
    """
    for number in LOCATORS:
        erase(flash, layout[number][0], layout[number][1])
    for number in BOOTLOADERS:
        offset, size = layout[number]
        if len(boot_header_and_loader) > size:
            raise Invalid("the first loader does not fit its partition")
        write(flash, offset, boot_header_and_loader)
    for number in USER_DATA:
        _wipe(flash, layout[number])
    table = partition.pack_table(1, _place_all(flash, layout, images))
    for number in LOCATORS:
        write(flash, layout[number][0], table)


def _place_all(flash: Flash, layout: Layout, images: list[bytes]) -> list[Entry]:
    entries: list[Entry] = []
    for data in images:
        package = image.parse(data)
        if [entry for entry in entries if entry.component == package.component or entry.image == package.image]:
            raise Invalid("component " + guid.to_text(package.component) + " comes twice")
        if not is_system(package.image_type):
            entries.append(_place(flash, layout, entries, data, partition.APPLICATIONS, PRIMARY))
            continue
        entries.append(_place(flash, layout, entries, data, partition.FIRMWARE, PRIMARY))
        entries.append(_place(flash, layout, entries, data, partition.BACKUPS, BACKUP))
    return entries


def _place(flash: Flash, layout: Layout, entries: list[Entry], data: bytes, number: int, replica: int) -> Entry:
    taken = [(entry.offset, entry.length) for entry in entries]
    offset = first_fit(layout[number], taken, len(data), flash.sector)
    write(flash, offset, data)
    package = image.parse(data)
    return Entry(package.component, package.image, package.image_type, INSTALLED, replica, offset, len(data),
                 package.security_version, 0, 1)  # fmt: skip


def _wipe(flash: Flash, region: tuple[int, int]) -> None:
    """Erase each sector of `region` that is not blank."""
    offset, size = region
    blank = b"\xff" * flash.sector
    for at in range(offset, offset + round_up(size, flash.sector), flash.sector):
        if flash.read(at, flash.sector) != blank:
            flash.erase(at)
