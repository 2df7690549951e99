"""Numbers of the simulated board.

Flash is the MT3620's 16 MiB of serial NOR; where each partition lies is not public, so these
offsets are our own. Partition numbers are those of `wire.partition`.
"""

FLASH_SIZE = 16 * 1024 * 1024
FLASH_SECTOR = 4096
FLASH_PAGE = 256

# partition: (offset, size)
FLASH_LAYOUT = {
    7: (0x00_0000, 0x08_0000),  # BootloaderOne
    8: (0x08_0000, 0x08_0000),  # BootloaderOneBackup
    9: (0x10_0000, 0x00_4000),  # LocatorTable
    10: (0x10_4000, 0x00_4000),  # LocatorTableBackup
    0x3000: (0x10_8000, 0x00_8000),  # PlutonStorage
    5: (0x11_0000, 0x01_0000),  # LogStorage
    15: (0x12_0000, 0x01_0000),  # TelemetryStorage
    6: (0x14_0000, 0x10_0000),  # NwConfig: mutable storage
    1: (0x24_0000, 0x5C_0000),  # Firmware
    2: (0x80_0000, 0x30_0000),  # Backups
    4: (0xB0_0000, 0x50_0000),  # Applications
}

FUSE_ROWS = 64
FUSE_ROW_BYTES = 32

# Pins of the MT3620 that a package can bond out; 24-25, 49-55 and 76-79 are taken by the chip itself.
PINS = tuple(list(range(0, 24)) + list(range(26, 49)) + list(range(56, 76)) + [80])
