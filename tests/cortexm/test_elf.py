"""The loader of programs: what the compiler makes is taken, what is malformed is refused with an offset."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.hal.cortexm.elf import BadElf, Region, load, parse
from armillary.hal.cortexm.machine import Machine

TCM, FLASH = Region("TCM", 0x100000, 0x30000), Region("flash", 0x10000000, 0x100000, is_rom=True)
REGIONS = (TCM, Region("SYSRAM", 0x22000000, 0x10000), FLASH)
TABLE = struct.pack("<4I", 0x130000, 0x100011, 0, 0) + b"\xfe\xe7\0\0"


def header(segments, entry=0x100000, **changes):
    fields = {
        "magic": b"\x7fELF", "width": 1, "order": 1, "version": 1, "type": 2, "machine": 40, "version2": 1, "entry": entry,
        "phoff": 52, "shoff": 0, "flags": 0x5000400, "ehsize": 52, "phentsize": 32, "phnum": len(segments), "shentsize": 40,
        "shnum": 0, "shstrndx": 0, **changes,
    }  # fmt: skip
    return struct.pack("<4sBBB9xHHIIIIIHHHHHH", *fields.values())


def elf(*segments, entry=0x100000, **changes):
    """An ELF of segments (address, data[, size in memory[, flags[, type]]])."""
    at = 52 + 32 * len(segments)
    table = contents = b""
    for address, data, *more in segments:
        size, flags, kind = [*more, *(len(data), 5, 1)[len(more):]]
        table += struct.pack("<8I", kind, at + len(contents), address, address, len(data), size, flags, 4)
        contents += data
    return header(segments, entry, **changes) + table + contents


def test_a_program_is_its_vector_table_and_its_segments():
    program = parse(elf((0x100000, TABLE), (0x22000000, b"abc", 16, 6)), REGIONS)
    assert (program.entry, program.stack, program.reset) == (0x100000, 0x130000, 0x100011)
    assert [(each.address, each.size, each.data) for each in program.segments] == [(0x100000, 20, TABLE), (0x22000000, 16, b"abc")]


def test_what_is_not_in_the_file_is_loaded_as_zeros():
    machine = Machine()
    machine.map_ram(0x100000, 0x30000)
    machine.map_ram(0x22000000, 0x10000)[:16] = b"\xff" * 16
    load(parse(elf((0x100000, TABLE), (0x22000000, b"abc", 8, 6)), REGIONS), machine)
    assert machine.read_memory(0x22000000, 9) == b"abc\0\0\0\0\0\xff"


def test_what_a_start_up_copies_is_where_it_looks_for_it_too():
    machine = Machine()
    for region in REGIONS:
        machine.map_ram(region.address, region.size)
    data = bytearray(elf((0x100000, TABLE), (0x22000000, b"abc", 8, 6)))
    data[0x54 + 12 : 0x54 + 16] = struct.pack("<I", 0x10000100)  # p_paddr of the second
    load(parse(bytes(data), REGIONS), machine)
    assert machine.read_memory(0x22000000, 4) == machine.read_memory(0x10000100, 4) == b"abc\0"
    data[0x54 + 12 : 0x54 + 16] = struct.pack("<I", 0x30000000)  # no memory: nobody can look there
    assert parse(bytes(data), REGIONS).segments[1].stored == 0x22000000


def test_a_program_may_run_from_flash():
    assert parse(elf((0x10000000, struct.pack("<2I", 0x130000, 0x10000009) + b"\xfe\xe7"), entry=0x10000000), REGIONS).entry == 0x10000000


def test_what_the_compiler_makes_is_taken(compiled):
    program = parse(compiled("int zeros[9]; void reset(void) { for (;;) zeros[0]++; }").read_bytes(), REGIONS)
    assert program.entry == 0x100000 and program.stack == 0x130000 and program.is_hard_float


@pytest.mark.parametrize("data, offset, reason", [
    (b"", 0, "cut off"),
    (b"MZ" + bytes(60), 0, "not an ELF"),
    (elf((0x100000, TABLE), width=2), 4, "32-bit"),
    (elf((0x100000, TABLE), order=2), 5, "little-endian"),
    (elf((0x100000, TABLE), type=3), 16, "not an executable"),
    (elf((0x100000, TABLE), machine=62), 18, "not for ARM"),
    (elf((0x100000, TABLE), flags=0x4000000), 36, "EABI version 4"),
    (elf((0x100000, TABLE), ehsize=64), 40, "52 bytes"),
    (elf((0x100000, TABLE), phentsize=56), 42, "32 bytes"),
    (elf((0x100000, TABLE), phnum=0), 44, "0 program headers"),
    (elf((0x100000, TABLE), phnum=65535), 44, "65535 program headers"),
    (elf((0x100000, TABLE), phoff=0xFFFFFFF0), 28, "outside of the file"),
    (elf((0x100000, TABLE), phoff=4), 28, "outside of the file"),
    (elf((0x100000, TABLE))[:-1], 56, "contents end at"),
    (elf((0x100000, TABLE, 4)), 68, "in memory"),
    (elf((0x100000, TABLE, 0x40000)), 60, "not in the chip's memory (TCM 0x00100000"),
    (elf((0xFFFFFFF0, TABLE, 20)), 60, "not in the chip's memory"),
    (elf((0x100000, TABLE), (0x10000000, b"abcd", 8)), 108, "not all in the file"),
    (elf((0x100000, TABLE), (0x100010, b"abcd")), 0x88, "overlap"),
    (elf((0x100000, TABLE), entry=0x100080), 24, "not the address of a vector table"),
    (elf((0x100000, TABLE), entry=0x100011), 24, "not the address of a vector table"),
    (elf((0x100000, struct.pack("<2I", 0x130000, 0x100008) + bytes(4))), 88, "not Thumb code"),
    (elf((0x100000, struct.pack("<2I", 0x130000, 0x200009) + bytes(4))), 88, "not Thumb code"),
    (elf((0x100000, struct.pack("<2I", 0x140000, 0x100009) + bytes(4))), 84, "stack pointer 0x00140000"),
    (elf((0x100000, struct.pack("<2I", 0x130002, 0x100009) + bytes(4))), 84, "stack pointer"),
    (elf((0x100000, b"", 0)), 28, "nothing in it"),
    (elf((0x100000, TABLE), (0, b"/lib/ld.so\0", 11, 4, 3)), 84, "dynamic linker"),
    (elf((0x100000, TABLE), shoff=0x1000, shnum=3), 32, "is not in the file"),
    (elf((0x100000, TABLE), shoff=52, shnum=1, shentsize=64), 46, "40"),
])  # fmt: skip
def test_what_is_malformed_is_refused_with_its_offset(data, offset, reason):
    with pytest.raises(BadElf) as refused:
        parse(data, REGIONS)
    assert reason in str(refused.value) and refused.value.offset == offset


GOOD = elf((0x100000, TABLE), (0x22000000, bytes(16), 32, 6))


@given(st.lists(st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)), max_size=6), st.integers(0, len(GOOD)))
def test_mutated_programs_are_taken_or_refused_and_nothing_else(changes, length):
    data = bytearray(GOOD)
    for at, value in changes:
        data[at] = value
    try:
        program = parse(bytes(data[:length] if len(changes) % 2 else data), REGIONS)
    except BadElf as refused:
        assert 0 <= refused.offset <= 0xFFFFFFFF
        return
    for segment in program.segments:
        assert len(segment.data) <= segment.size and any(region.holds(segment.address, segment.size) for region in REGIONS)


@given(st.binary(max_size=300))
@settings(max_examples=200)
def test_noise_is_refused(data):
    with pytest.raises(BadElf):
        parse(data, REGIONS)
