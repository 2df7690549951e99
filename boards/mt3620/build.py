"""Builds a program of a real-time core from C: an ELF file as its loader wants it, and an image package.

A program is a folder with its C files, an `app_manifest.json`, and, if it is not to lie in TCM, an `app.ld`. It is
linked with what lies in `rtapps/shared`: the vector table and reset handler, register headers, a polled UART.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from armillary.boards.apps import MANIFEST, AppProblem, pack_app

if TYPE_CHECKING:
    from collections.abc import Sequence

    from armillary.boards.images import Signer

RTAPPS = Path(__file__).parent / "rtapps"
SHARED = RTAPPS / "shared"
COMPILER = "arm-none-eabi-gcc"
PACKAGES = "gcc-arm-none-eabi libnewlib-arm-none-eabi"  # Debian's
PROCESSOR = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"]
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-Wpedantic", "-Wconversion", "-Wshadow"]
PLAIN = ["-O2", "-g", "-ffreestanding", "-fno-common", "-nostartfiles"]
LINKED = ["-Wl,-n", "-Wl,--build-id=none", "-Wl,--fatal-warnings"]  # -n: segments need not begin at pages
PATIENCE = 120  # seconds that a build may take
ENTRY_POINT = Path("bin/app")


class BuildProblem(ValueError):
    """The program cannot be built; the text says why, in the compiler's words if they are its."""


def names() -> list[str]:
    """The programs that come with Armillary."""
    return sorted(path.parent.name for path in RTAPPS.glob("*/" + MANIFEST))


def folder_of(name: str | Path) -> Path:
    """The folder of a program, by path or by the name of one that comes with Armillary. Raises BuildProblem."""
    for folder in (Path(name), RTAPPS / str(name)):
        if folder.is_dir():
            return folder
    raise BuildProblem(f"no folder {name}, and no program of that name comes with Armillary: {', '.join(names())}")


def source_of(name: str | Path) -> Path:
    """What is to be built: a single C file, or a folder as of `folder_of`. Raises BuildProblem."""
    path = Path(name)
    if path.is_file() and path.suffix != ".c":
        raise BuildProblem(f"{name} is not C: a program is built of a folder with C files, or of a single one that ends in .c")
    return path if path.is_file() else folder_of(name)


def build(source: Path, output: Path, flags: Sequence[str] = ()) -> None:
    """Compile and link the program in the folder `source`, or the one C file that it is, to the ELF file `output`.

    `flags` go to the compiler last. Raises BuildProblem.
    """
    is_file = source.is_file()
    folder = source.parent if is_file else source
    sources = [source] if is_file else sorted(folder.glob("*.c"))
    if not sources:
        raise BuildProblem(f"{folder} has no C file")
    script = folder / "app.ld"
    build_files(sources, output, flags, script if script.exists() else SHARED / "tcm.ld")


def build_files(sources: Sequence[Path], output: Path, flags: Sequence[str] = (), script: Path = SHARED / "tcm.ld") -> None:
    """Compile C files and what all programs share, and link them by `script`. Raises BuildProblem."""
    compiler = shutil.which(COMPILER)
    if compiler is None:
        raise BuildProblem(f"{COMPILER} is not installed: apt-get install {PACKAGES}")
    folders = sorted({str(source.parent) for source in sources})
    command = [
        compiler, *STRICT, *PROCESSOR, *PLAIN, *LINKED, *(f"-I{folder}" for folder in [*folders, str(SHARED)]), f"-L{SHARED}",
        "-T", str(script), "-o", str(output), *map(str, sources), *map(str, sorted(SHARED.glob("*.c"))), *flags,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    if done.returncode:
        raise BuildProblem(f"{sources[0].parent} does not build:\n{done.stderr.strip()}")


def is_program(folder: Path) -> bool:
    """Whether an app's folder holds a program to be built, and not an app of the main core."""
    return any(folder.glob("*.c"))


def build_package(folder: Path, key: Signer, version: int = 0) -> bytes:
    """The image package of the program in `folder`, built and signed with `key`. Raises BuildProblem, AppProblem, Invalid."""
    with tempfile.TemporaryDirectory() as name:
        elf = Path(name) / "app.elf"
        build(folder, elf)
        return pack(folder, elf, key, version)


def pack(folder: Path, elf: Path, key: Signer, version: int = 0) -> bytes:
    """The image package of the program in `folder`, built as `elf`, signed with `key`. Raises AppProblem, Invalid."""
    with tempfile.TemporaryDirectory() as name:
        staged = Path(name)
        (staged / ENTRY_POINT).parent.mkdir(parents=True)
        shutil.copyfile(elf, staged / ENTRY_POINT)
        try:
            shutil.copyfile(folder / MANIFEST, staged / MANIFEST)
        except OSError as problem:
            raise AppProblem(f"{folder} is not an app: {problem.strerror}: {folder / MANIFEST}") from None
        return pack_app(staged, key, version)
