"""Programs for the Cortex-M machine, built by the compiler that builds those for boards."""

import shutil
import subprocess

import pytest

GCC = "arm-none-eabi-gcc"
FLAGS = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", "-O1", "-g", "-Wall", "-Werror",
         "-ffreestanding", "-nostdlib", "-Wl,-n", "-Wl,--build-id=none"]  # fmt: skip
LINKER = """
ENTRY(vectors)
SECTIONS {
    .text 0x00100000 : { KEEP(*(.vectors)) *(.text*) *(.rodata*) }
    .ARM.exidx : { *(.ARM.exidx*) }
    .data : { *(.data*) }
    .bss : { *(.bss*) *(COMMON) }
}
"""
START = """
void __aeabi_unwind_cpp_pr0(void) {}
void __aeabi_unwind_cpp_pr1(void) {}
void reset(void);
__attribute__((section(".vectors"), used, aligned(512)))
void (*const vectors[32])(void) = {(void (*)(void))0x00130000, reset, %s};
"""


def compile_program(folder, source, handlers="0", flags=()):
    """The path of an ELF made of C `source`, which has `void reset(void)`; `handlers` are vectors 2 and on."""
    assert shutil.which(GCC), f"{GCC} is missing: apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi"
    (folder / "program.c").write_text(source + START % handlers)
    (folder / "program.ld").write_text(LINKER)
    command = [GCC, *FLAGS, *flags, "-T", "program.ld", "-o", "program.elf", "program.c"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return folder / "program.elf"


@pytest.fixture
def compiled(tmp_path):
    """compiled(source, handlers, flags) is the path of an ELF."""
    return lambda source, handlers="0", flags=(): compile_program(tmp_path, source, handlers, flags)
