"""Bus firewall: THE table of which bus master may reach which device, and which part of it.

What no row allows is denied. Rows name flash partitions by number; the board says where each lies.
A flash write must lie within one partition, so a length that runs over an edge is caught here even
when both sides of the edge are the same master's.

The real-time cores are bus masters without a gate: their accesses are judged register by register, by the
table of `hal.sim.realtime.walls`, from the pins they own and the blocks they were granted here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...wire import blocks as block_numbers
from ...wire import partition
from ...wire.fault import Denied, Full, Invalid, Locked, NoDevice

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PLUTON, MONITOR, KERNEL = "pluton", "monitor", "kernel"
MASTERS = (PLUTON, MONITOR, KERNEL)
READ, WRITE = "read", "write"  # erasing is writing

ANYWHERE = ((partition.FIRMWARE, partition.BACKUPS, partition.APPLICATIONS, partition.LOG_STORAGE)
            + (partition.NW_CONFIG, partition.BOOTLOADER_ONE, partition.BOOTLOADER_ONE_BACKUP)
            + (partition.LOCATOR_TABLE, partition.LOCATOR_TABLE_BACKUP, partition.TELEMETRY_STORAGE)
            + (partition.PLUTON_STORAGE,))  # fmt: skip

# (master, right): partitions. Reading is of the whole flash or none of it, gaps included.
FLASH = {
    (PLUTON, READ): ANYWHERE,
    (PLUTON, WRITE): (partition.PLUTON_STORAGE,),
    (MONITOR, READ): ANYWHERE,
    (MONITOR, WRITE): (
        partition.FIRMWARE, partition.BACKUPS, partition.APPLICATIONS, partition.LOG_STORAGE, partition.NW_CONFIG,
        partition.LOCATOR_TABLE, partition.LOCATOR_TABLE_BACKUP, partition.TELEMETRY_STORAGE,
    ),
}  # fmt: skip

# device: masters that reach it whole
DEVICES = {
    "fuses": (PLUTON,),
    "entropy": (PLUTON,),
    "clock": MASTERS,
    "watchdog": (MONITOR,),
    "reset": (PLUTON, MONITOR),
    "pin owners": (MONITOR,),
    "tasks": (KERNEL,),
    "network": (KERNEL,),
    "real-time cores": (MONITOR,),
    "intercore": (KERNEL,),
}

# (master, right): UART ports. Port 0 is the debug UART: everyone speaks there, the monitor listens. Port n is that of
# ISU n - 1, for the owner of its pins.
UARTS = {
    (PLUTON, WRITE): (0,),
    (MONITOR, READ): (0,),
    (MONITOR, WRITE): (0,),
    (KERNEL, READ): (1, 2, 3, 4, 5),
    (KERNEL, WRITE): (0, 1, 2, 3, 4, 5),
}

REAL_TIME_CORES = (3, 4)
CORES = {PLUTON: (1,), MONITOR: (2,) + REAL_TIME_CORES}  # master: cores it may load and start

NOBODY, KERNEL_PINS = 0, 1
OWNERS = ("nobody", KERNEL, "real-time core 0", "real-time core 1")  # by the number `assign` takes
SHARED_RAM, SHARED_RAM_SIZE = 0x8000_0000, 0x1_0000  # the main core's SYSRAM, as the real-time cores see it
MOST_SHARES, SHARE_UNIT = 4, 32  # of one core; bytes


def _denied(what: str, rule: str, policy: str, remedy: str = "") -> Denied:
    return Denied(what, "hal", "firewall." + rule, policy, remedy)


class Firewall:
    """The table applied to one board: `layout` maps a partition to (offset, size), `pins` exist.

    Also the table of pin owners (satisfies `hal.interface.PinOwnership`), and of what the real-time cores were granted.
    """

    def __init__(self, layout: Mapping[int, tuple[int, int]], pins: Iterable[int]) -> None:
        self._ranges = {
            key: tuple([layout[number] for number in numbers if number in layout])
            for key, numbers in FLASH.items()
        }
        self._owners = dict.fromkeys(pins, NOBODY)
        self._is_locked = False
        self._no_grants()

    def _no_grants(self) -> None:
        self._grants = dict.fromkeys(REAL_TIME_CORES, b"")
        self._frozen = dict(self._grants)  # what they were when the table was locked
        self._shares: dict[int, list[tuple[int, int]]] = {core: [] for core in REAL_TIME_CORES}

    def flash(self, master: str, right: str, offset: int, length: int) -> None:
        """Raise Denied unless `master` may `right` (READ, WRITE) the `length` bytes at `offset`."""
        if right == READ and (master, READ) in FLASH:
            return
        for start, size in self._ranges.get((master, right), ()):
            if start <= offset and offset + length <= start + size:
                return
        raise _denied(
            master + " may not " + right + " flash at " + hex(offset) + "+" + str(length), "flash",
            _row("flash", master, right, FLASH),
        )  # fmt: skip

    def device(self, master: str, name: str) -> None:
        """Raise Denied unless `master` may reach the device `name`."""
        if master not in DEVICES.get(name, ()):
            raise _denied(
                master + " may not reach " + name, "device", name + " masters=" + ",".join(DEVICES.get(name, ()))
            )  # fmt: skip

    def uart(self, master: str, right: str, port: int) -> None:
        """Raise Denied unless `master` may `right` (READ, WRITE) UART `port`."""
        if port and master == KERNEL:
            self.block(master, block_numbers.UART + port - 1)
        if port not in UARTS.get((master, right), ()):
            raise _denied(
                master + " may not " + right + " UART " + str(port), "uart", _row("uart", master, right, UARTS)
            )  # fmt: skip

    def core(self, master: str, core: int) -> None:
        """Raise Denied unless `master` starts `core`."""
        if core not in CORES.get(master, ()):
            raise _denied(
                master + " may not start core " + str(core), "core",
                "cores " + master + "=" + str(list(CORES.get(master, ()))),
            )  # fmt: skip

    def pin(self, master: str, pin: int) -> None:
        """Raise Denied unless `master` owns `pin`; NoDevice if there is none."""
        owner = self.owner(pin)
        if master != KERNEL or owner != KERNEL_PINS:
            raise _denied(
                master + " does not own pin " + str(pin), "pin", "pin " + str(pin) + " owner=" + OWNERS[owner],
                "the monitor assigns pin " + str(pin) + " to " + master,
            )  # fmt: skip

    def block(self, master: str, number: int) -> None:
        """Raise Denied unless `master` owns every pin behind block `number` (`wire.blocks`); NoDevice if there are none."""
        pins = block_numbers.pins(number)
        if not pins:
            raise NoDevice(block_numbers.name(number) + " has no pin of this chip")
        for pin in pins:
            self.pin(master, pin)

    def owner(self, pin: int) -> int:
        """Who owns `pin`, as in `assign`. Raises NoDevice."""
        if pin not in self._owners:
            raise NoDevice("no pin " + str(pin))
        return self._owners[pin]

    def assign(self, pin: int, master: int) -> None:
        """Give `pin` to `master`: 0 nobody, 1 the kernel, 2 and 3 the real-time cores.

        Raises NoDevice, Invalid, or Locked after `lock`.
        """
        self.owner(pin)
        if not 0 <= master < len(OWNERS):
            raise Invalid("no pin owner " + str(master))
        if self._is_locked:
            raise Locked("pin owners are frozen", "hal", "firewall.pin_lock", "pin owners locked", "reset the chip")
        self._owners[pin] = master

    def lock(self) -> None:
        """Freeze the table of pin owners, and what real-time cores can be granted, until the next reset."""
        if not self._is_locked:
            self._frozen = dict(self._grants)
        self._is_locked = True

    def owns(self, core: int, pin: int) -> bool:
        """Whether real-time core `core` (3, 4) owns `pin`. A pin that is not on this board is nobody's."""
        return self._owners.get(pin, NOBODY) == core - 1

    def is_free(self, core: int, pin: int) -> bool:
        """Whether no other master than `core` owns `pin`."""
        return self._owners.get(pin, NOBODY) in (NOBODY, core - 1)

    def has_block(self, core: int, block: int) -> bool:
        """Whether real-time core `core` was granted `block`, and no other master owns a pin behind it."""
        if block not in self._grants[core]:
            return False
        return not [pin for pin in block_numbers.pins(block) if not self.is_free(core, pin)]

    def granted(self, core: int) -> bytes:
        """The blocks of real-time core `core`."""
        return self._grants[core]

    def grant(self, core: int, blocks: bytes) -> None:
        """Give `blocks` (`wire.blocks`) to real-time core `core` instead of what it had.

        Raises Invalid if one is not there, is twice, or is the other core's; Locked after `lock` unless `blocks` are
        those that it had then.
        """
        wanted = bytes(sorted(blocks))
        if self._is_locked and wanted != self._frozen[core]:
            raise Locked("what real-time cores are granted is frozen", "hal", "firewall.pin_lock",
                         "core " + str(core) + " blocks=" + str(list(self._frozen[core])), "reset the chip")  # fmt: skip
        for at, block in enumerate(wanted):
            if not block_numbers.kind(block) or block in wanted[:at]:
                raise Invalid("no block " + str(block) + ", or twice")
            for other in REAL_TIME_CORES:
                if other != core and block in self._grants[other]:
                    raise Invalid(block_numbers.name(block) + " is core " + str(other) + "'s")
        self._grants[core] = wanted

    def share(self, core: int, address: int, length: int) -> None:
        """Open `length` bytes at `address` of the main core's SYSRAM to real-time core `core`; 0 closes all.

        Raises Invalid if they are not there or not whole units of 32, Full if four parts are open already.
        """
        if not length:
            self._shares[core] = []
            return
        end = SHARED_RAM + SHARED_RAM_SIZE
        if address % SHARE_UNIT or length % SHARE_UNIT or not SHARED_RAM <= address or address + length > end:
            raise Invalid("nothing to share at " + hex(address) + "+" + str(length) + ": multiples of 32 in the main core's SYSRAM")
        if len(self._shares[core]) >= MOST_SHARES:
            raise Full("core " + str(core) + " shares " + str(MOST_SHARES) + " parts already")
        self._shares[core].append((address, length))

    def shares(self, core: int) -> list[tuple[int, int]]:
        """The open parts of real-time core `core`: (address, length)."""
        return list(self._shares[core])

    def withdraw(self, core: int) -> None:
        """Take every block and every share from real-time core `core`; who owns a pin stays."""
        self._grants[core] = b""
        self._shares[core] = []

    def reset(self) -> None:
        """What a reset does: nobody owns a pin or a block, and the table can be written again."""
        self._is_locked = False
        self._no_grants()
        for pin in list(self._owners):
            self._owners[pin] = NOBODY


def _row(device: str, master: str, right: str, table: Mapping[tuple[str, str], tuple[int, ...]]) -> str:
    """The row of `table` that decided, as a policy line."""
    return device + " " + master + "." + right + "=" + str(list(table.get((master, right), ())))
