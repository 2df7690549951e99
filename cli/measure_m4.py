"""What `armillary bench m4` measures: the Cortex-M machine beside unicorn without it, and beside QEMU.

All run one program, in turns, in this process's time and that of QEMU; the best round of each counts. unicorn
alone has no timer and takes no interrupts, and writes faster to memory that it is told holds no code, which is what
the machine finds out as the program runs; QEMU's start is measured by running nothing and taken off.
"""

from __future__ import annotations

import pathlib
import resource
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable
from typing import Any

import unicorn as unicorn_package
from unicorn import arm_const

from armillary.hal.cortexm import machine as m4

from .base import Problem

unicorn: Any = unicorn_package  # which has no types
SOURCE = pathlib.Path(__file__).with_name("measure_m4.c")
FLAGS = ["-mcpu=cortex-m4", "-mthumb", "-O2", "-ffreestanding", "-nostdlib", "-Wl,-e,0x200", "-Wl,--build-id=none", "-Wl,--no-warn-rwx-segments"]
PLACES = ["-Wl,--section-start=.vectors=0", "-Wl,--section-start=.finish=0x100", "-Wl,-Ttext=0x200", "-Wl,-Tdata=0x20000000", "-Wl,-Tbss=0x20000000"]
FINISH, WISHES, SIZE = 0x100, 0x2000_8000, 0x1_0000
RELOAD = 25_999  # a tick each millisecond at 26 MHz
TURNS, ROUNDS, QEMU_ROUNDS = 15, 4000, 20_000


def build(place: pathlib.Path) -> tuple[pathlib.Path, bytes]:
    """The program as an ELF file and as it lies from 0. Raises Problem without a compiler."""
    if shutil.which("arm-none-eabi-gcc") is None:
        raise Problem("there is no compiler for the Cortex-M", "apt-get install gcc-arm-none-eabi")
    elf, raw = place / "m4.elf", place / "m4.bin"
    subprocess.run(["arm-none-eabi-gcc", *FLAGS, *PLACES, SOURCE, "-o", elf], check=True)
    subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", "-R", ".bss", "-R", ".data", elf, raw], check=True)
    return elf, raw.read_bytes()


def ours(code: bytes, rounds: int, reload: int) -> tuple[int, float]:
    """(instructions, seconds) on the machine, with SysTick if `reload` is not 0."""
    machine = m4.Machine()
    machine.map_ram(0, SIZE)[: len(code)] = code
    machine.map_ram(0x2000_0000, SIZE)[0x8000:0x8008] = struct.pack("<II", rounds, reload)
    machine.reset(0)
    start = time.process_time()
    stop = machine.run(1 << 40)
    seconds = time.process_time() - start
    if stop.reason != m4.RESET:
        raise Problem(f"the program stopped by {stop}", "report this")
    return machine.cycles, seconds


def bare(code: bytes, rounds: int, is_told: bool = False) -> float:
    """Seconds on unicorn alone: no hooks, no time, no interrupts; `is_told`: that the data's memory holds no code."""
    engine = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
    engine.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M4)
    engine.mem_map(0, SIZE)
    engine.mem_map(0x2000_0000, SIZE, unicorn.UC_PROT_READ | unicorn.UC_PROT_WRITE if is_told else unicorn.UC_PROT_ALL)
    engine.mem_write(0, code)
    engine.mem_write(WISHES, struct.pack("<II", rounds, 0))
    stack, entry = struct.unpack_from("<II", code)
    engine.reg_write(arm_const.UC_ARM_REG_SP, stack)
    start = time.process_time()
    engine.emu_start(entry, FINISH)
    return time.process_time() - start


def qemu(elf: pathlib.Path, rounds: int, place: pathlib.Path) -> float:
    """Seconds of processor time on QEMU's mps2-an386, its start included."""
    wishes = place / "wishes"
    wishes.write_bytes(struct.pack("<II", rounds, RELOAD))
    command = ["qemu-system-arm", "-M", "mps2-an386", "-nographic", "-monitor", "none", "-serial", "none", "-no-reboot"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    loader = ["-device", f"loader,file={wishes},addr={WISHES:#x},force-raw=on", "-kernel", str(elf)]
    subprocess.run([*command, *loader], check=True, stdin=subprocess.DEVNULL, timeout=120)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def m4_speed(report: Callable[[dict[str, Any]], None]) -> None:
    """Report the machine's speed, its ratio to unicorn alone, and QEMU's. Raises Problem without a compiler."""
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        elf, code = build(place)
        plain, _ = ours(code, ROUNDS, 0)
        live, alone, told = [], [], []
        for _ in range(TURNS):
            count, seconds = ours(code, ROUNDS, RELOAD)
            live.append(count / seconds / 1e6)
            alone.append(plain / bare(code, ROUNDS) / 1e6)
            told.append(plain / bare(code, ROUNDS, True) / 1e6)
        report({"core": "armillary, timer and interrupts live", "MIPS": round(max(live)), "of bare unicorn": round(max(live) / max(alone), 2)})
        report({"core": "unicorn alone", "MIPS": round(max(alone))})
        report({"core": "unicorn alone, told which memory holds no code", "MIPS": round(max(told)), "of that": round(max(live) / max(told), 2)})
        if shutil.which("qemu-system-arm") is None:
            report({"core": "qemu", "MIPS": "not here: apt-get install qemu-system-arm"})
            return
        spent = min(qemu(elf, QEMU_ROUNDS, place) for _ in range(3)) - min(qemu(elf, 0, place) for _ in range(3))
        mips = plain / ROUNDS * QEMU_ROUNDS / spent / 1e6
        report({"core": "qemu mps2-an386", "MIPS": round(mips), "of qemu": round(max(live) / mips, 2)})
