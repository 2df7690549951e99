"""Chips with our own programs on them, and a world that does the same things to each at the same times."""

import functools
import pathlib
import tempfile

from armillary.boards.mt3620 import build
from armillary.hal.cortexm import elf
from armillary.hal.sim.parts import Accelerometer, Part, buffer
from armillary.hal.sim.realtime import program
from armillary.hal.sim.realtime.chip import Chip
from armillary.hal.sim.realtime.time import MILLISECOND
from armillary.hal.sim.state import flag, whole

SHARED = 0x8000_0000


class Sensor(Accelerometer):
    """The one that the program looks for."""

    IDENTITY = 0x6C


class Display(Part):
    """Keeps what is drawn."""

    STATE = {"memory": buffer(1 << 16), "selects": whole(1000), "is_selected": flag}

    def __init__(self):
        self.memory, self.selects, self.is_selected = bytearray(), 0, False

    def select(self):
        self.selects, self.is_selected = self.selects + 1, True

    def deselect(self):
        self.is_selected = False

    def exchange(self, byte):
        self.memory.append(byte)
        return len(self.memory) & 0xFF


@functools.cache
def elf_of(name):
    """The ELF file of one of our programs."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "app.elf"
        if name.endswith(".c"):
            build.build_files([pathlib.Path(__file__).parent / name], path)
        else:
            build.build(build.folder_of(name), path)
        return path.read_bytes()


def _offer(chip):
    for command, data in ((0xBA5E0001, SHARED | 12), (0xBA5E0002, SHARED + 4096 | 12), (0xBA5E0003, 0)):
        chip.cores[0].a7.write(0x44, 4, data)
        chip.cores[0].a7.write(0x40, 4, command)


def _wobble(chip, n):
    chip.pins.drive(12, n % 2)
    chip.pins.drive(4, n % 3 % 2)


# What happens to every chip: (milliseconds, what)
SCRIPT = [
    (1.3, lambda chip: chip.shared.inputs.set(0, 625_000)),
    (2.1, lambda chip: chip.shared.isus[0].uart.receive(b"hello, and a line that is longer than a FIFO holds\n")),
    (2.2, lambda chip: chip.cores[0].uart.receive(b"debug\n")),
    (5.7, _offer),
    *((6 + n * 3.77, lambda chip, n=n: _wobble(chip, n)) for n in range(40)),
    (90, lambda chip: chip.shared.inputs.set(0, 2_000_000)),
    (100, lambda chip: chip.shared.isus[0].uart.receive(b"again\n" * 20)),
]


def chip_with(name, starts=True):
    """A chip with `name` on its first core, and all parts that any of the programs looks for."""
    chip = Chip(cores=2)
    chip.cores[0].machine.map_ram(SHARED, 0x2000)
    chip.shared.isus[2].i2c_bus.attach(0x6A, Sensor())
    chip.shared.isus[1].spi_bus.attach(0, Display())
    if starts:
        read = elf.parse(elf_of(name), program.REGIONS)
        program.load(chip.cores[0], read)
        chip.cores[0].start(read.entry)
    return chip


def chip_with_two(one, other, starts=True):
    """As `chip_with`, with another program on the second core."""
    chip = chip_with(one, starts)
    if starts:
        read = elf.parse(elf_of(other), program.REGIONS)
        program.load(chip.cores[1], read)
        chip.cores[1].start(read.entry)
    return chip


class Watch:
    """All that a chip does from now on, as it can be seen."""

    def __init__(self, chip):
        self.accesses, self.pins, self.heard = [], [], []
        chip.cores[0].machine.observe(self.accesses.append)
        chip.pins.observe(lambda pin, level, _time: self.pins.append((chip.scheduler.now, pin, level)))
        for uart in (chip.cores[0].uart, *(isu.uart for isu in chip.shared.isus)):
            uart.sent = self._listen(chip, uart.name, uart.sent)

    def _listen(self, chip, name, before):
        def heard(byte):
            self.heard.append((chip.scheduler.now, name, byte))
            before(byte)

        return heard

    def all(self):
        return self.accesses, self.pins, self.heard


def play(chip, start, end):
    """Run from `start` to `end` (milliseconds), and do what the script says in between."""
    for at, what in SCRIPT:
        if start <= at < end:
            chip.run(int(at * MILLISECOND))
            what(chip)
    chip.run(int(end * MILLISECOND))
