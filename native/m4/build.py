"""The one recipe by which the engine is compiled for a bare Cortex-M4.

    python -m armillary.native.m4.build FOLDER

puts `libarmillary-native.a` into FOLDER. The linker script and the start-up code are for QEMU's machine
mps2-an386 and for emulators with the same two memories; a board brings its own. Sizes, stack and instruction
counts are quoted for exactly these flags.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent / "src"
COMPILER = "arm-none-eabi-gcc"
ARCHIVER = "arm-none-eabi-ar"
FOR_HOSTS = ("confinement", "lms_sign")
LINKER_SCRIPT = HERE / "mps2-an386.ld"

# The core has no double precision, and the engine no floating point at all: soft calls suit every M4 and M33.
CORE = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=soft"]
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wpedantic", "-Wconversion", "-Wshadow"]
FLAGS = [*CORE, "-std=c11", "-O2", "-g", "-ffunction-sections", "-fdata-sections", *WARNINGS, f"-I{SOURCE}"]
LINK = [*CORE, "-nostartfiles", "-Wl,--gc-sections", "-Wl,--fatal-warnings", f"-Wl,-T,{LINKER_SCRIPT}"]


def sources() -> list[pathlib.Path]:
    """Every C file of the engine: all of src/ but what is for hosts, confinement and the making of LMS keys."""
    return sorted(path for path in SOURCE.glob("*/*.c") if path.parent.name not in FOR_HOSTS)


def run(*command: str | pathlib.Path) -> None:
    """Run a tool. Raises RuntimeError with what it said."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr}")


def compile_all(folder: pathlib.Path, files: Iterable[pathlib.Path], flags: Sequence[str] = ()) -> list[pathlib.Path]:
    """The objects of `files` in `folder`, compiled by FLAGS and then `flags`."""
    folder.mkdir(parents=True, exist_ok=True)

    def one(path: pathlib.Path) -> pathlib.Path:
        made = folder / f"{path.parent.name}-{path.stem}.o"
        run(COMPILER, *FLAGS, *flags, "-c", path, "-o", made)
        return made

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(one, files))


def library(folder: pathlib.Path, flags: Sequence[str] = ()) -> pathlib.Path:
    """`libarmillary-native.a` in `folder`, an object for each C file."""
    made = folder / "libarmillary-native.a"
    made.unlink(missing_ok=True)
    objects = compile_all(folder, sources(), flags)
    run(ARCHIVER, "rcsD", made, *objects)
    return made


def program(made: pathlib.Path, files: Sequence[pathlib.Path], flags: Sequence[str] = ()) -> pathlib.Path:
    """The program `made` of `files`, the engine, and the start-up code; objects go beside it."""
    folder = made.parent / (made.stem + "-objects")
    engine = library(folder, flags)
    support = [HERE / "start.c", HERE / "semihosting.c"]
    objects = compile_all(folder, [*support, *files], [f"-I{HERE}", *flags])
    run(COMPILER, *LINK, *objects, engine, "-o", made)
    return made


def emulate(elf: pathlib.Path, arguments: Sequence[str] = ()) -> list[str]:
    """The command that runs a program under QEMU; it sees `arguments` by semihosting."""
    words = ",".join(["enable=on", "target=native", f"arg={elf.name}", *(f"arg={word}" for word in arguments)])
    machine = ["-M", "mps2-an386", "-display", "none", "-monitor", "none", "-serial", "none"]
    return ["qemu-system-arm", *machine, "-semihosting-config", words, "-kernel", str(elf)]


if __name__ == "__main__":
    print(library(pathlib.Path(sys.argv[1])))
