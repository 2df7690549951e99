"""Programs run twice: on the machine, and on QEMU's mps2-an386, which other people wrote.

Both have memory from 0 and from 0x20000000 and a UART of Arm's CMSDK at 0x40004000. A program ends by asking
for a reset. Here the machine has eight priority bits and bit-banding, as QEMU's model has.
"""

from __future__ import annotations

import functools
import pathlib
import struct
import subprocess

from armillary.hal.cortexm import machine as m4

GUEST = pathlib.Path(__file__).parent / "guest"
FLAGS = [
    "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-ffreestanding", "-fno-builtin", "-O1", "-g",
    "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-nostdlib", "-nostartfiles", "-Wl,--no-warn-rwx-segments",
]  # fmt: skip
RAM, RAM_SIZE, SCRATCH, SCRATCH_SIZE, UART = 0, 0x40000, 0x2000_0000, 0x40000, 0x4000_4000
ARGUMENTS = SCRATCH + 0x10000
SECONDS = 20


class Uart:
    """As much of the CMSDK UART as printing takes, with the registers that a program can write."""

    def __init__(self) -> None:
        self.text = bytearray()
        self.words = {0x08: 0, 0x10: 0}  # CTRL and BAUDDIV

    def read(self, offset: int, size: int) -> int:
        return self.words.get(offset & ~3, 0) >> 8 * (offset & 3)

    def write(self, offset: int, size: int, value: int) -> None:
        if offset == 0:
            self.text.append(value & 0xFF)
        elif offset in self.words:
            self.words[offset] = value


@functools.cache
def build(place: pathlib.Path, name: str) -> pathlib.Path:
    """The program of guest/NAME.c (and NAME.S, if there is one) as an ELF file under `place`."""
    sources = [GUEST / "start.S", GUEST / "attempt.S", GUEST / "guest.c", *sorted(GUEST.glob(name + ".[cS]"))]
    elf = place / (name + ".elf")
    subprocess.run(["arm-none-eabi-gcc", *FLAGS, "-T", GUEST / "guest.ld", *sources, "-o", elf, "-lgcc"], check=True)
    return elf


@functools.cache
def image(elf: pathlib.Path) -> bytes:
    """What lies in memory from 0."""
    raw = elf.with_suffix(".bin")
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", elf, raw], check=True)
    return raw.read_bytes()


def on_qemu(elf: pathlib.Path, arguments: bytes = b"") -> str:
    """What the program prints on QEMU; the last line is "lockup" if it locks up."""
    words = elf.with_suffix(".arguments")
    words.write_bytes(arguments or bytes(4))
    command = ["qemu-system-arm", "-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "stdio", "-no-reboot"]
    loader = ["-device", f"loader,file={words},addr={ARGUMENTS:#x},force-raw=on", "-kernel", str(elf)]
    done = subprocess.run([*command, *loader], stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
    text = done.stdout.replace(b"\r\n", b"\n").decode("latin-1")
    if done.returncode == 0:
        return text
    assert b"Lockup" in done.stderr, done.stderr.decode()
    return text + "lockup\n"


def machine(elf: pathlib.Path, arguments: bytes = b"") -> tuple[m4.Machine, Uart]:
    """A machine of the same shape with the program in it, at its reset."""
    made, uart = m4.Machine(irqs=32, priority_bits=8, bit_band=True), Uart()
    made.map_ram(RAM, RAM_SIZE)[: len(image(elf))] = image(elf)
    made.map_ram(SCRATCH, SCRATCH_SIZE)[0x10000 : 0x10000 + len(arguments)] = arguments
    made.map_device(UART, 0x1000, uart, "uart")
    made.reset(0)
    return made, uart


def on_machine(elf: pathlib.Path, arguments: bytes = b"", ticks: int = 100_000_000) -> str:
    """What the program prints on the machine, within `ticks` instructions."""
    made, uart = machine(elf, arguments)
    stop = made.run(ticks)
    text = uart.text.decode("latin-1")
    if stop.reason == m4.LOCKUP:
        return text + "lockup\n"
    assert stop.reason == m4.RESET, f"stopped by {stop} at {made.get('pc'):#x} after:\n{text[-2000:]}"
    return text


def words(*values: int) -> bytes:
    """Words as they lie in memory."""
    return struct.pack(f"<{len(values)}I", *values)


def compare(elf: pathlib.Path, arguments: bytes = b"") -> int:
    """Both print the same; returns how many lines."""
    theirs, ours = on_qemu(elf, arguments).splitlines(), on_machine(elf, arguments).splitlines()
    for number, (want, got) in enumerate(zip(theirs, ours, strict=False)):
        assert got == want, f"line {number + 1} of {elf.stem}: the machine printed {got!r}, QEMU {want!r}"
    assert len(ours) == len(theirs), f"{elf.stem}: the machine printed {len(ours)} lines, QEMU {len(theirs)}"
    return len(ours)
