"""Files that are nearly programs: refused with the reason and the offset, or run; never anything else."""

import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.boards.mt3620 import build
from armillary.cli.base import Problem
from armillary.cli.rt_run import Run, read_program
from armillary.hal.cortexm.coverage import Coverage
from armillary.hal.cortexm.faults import PostMortem
from armillary.hal.sim.realtime.program import CODE, has_memory
from armillary.hal.sim.realtime.time import MILLISECOND, SECOND
from armillary.wire import asxipfs, guid, image
from tests.realtime.whole import elf_of

NAMES = ["hello", "hello_xip", "switcher"]
WORDS = [0, 1, 2, 3, 4, 0x1F, 0x20, 0x34, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000, 0x0010_0000, 0x2200_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFC,
         0xFFFF_FFFF]  # fmt: skip


def places(data):
    """Where in an ELF file words stand that lead elsewhere: the header, program headers, section headers."""
    headers, sections = struct.unpack_from("<2I", data, 28)
    count, names = struct.unpack_from("<H", data, 44)[0], struct.unpack_from("<H", data, 48)[0]
    found = list(range(0, 52, 4)) + [headers + at for at in range(0, 32 * count, 4)]
    return found + [sections + at for at in range(0, 40 * names, 4)]


def regions(data):
    """(start, size) of every section that has contents: code, symbols, names, debugging tables."""
    table, number = struct.unpack_from("<I", data, 32)[0], struct.unpack_from("<H", data, 48)[0]
    rows = [struct.unpack_from("<10I", data, table + 40 * at) for at in range(number)]
    return [(row[4], row[5]) for row in rows if row[1] not in (0, 8) and row[5] >= 4]


@st.composite
def damaged(draw):
    """A program of ours with up to six changes: words that lead elsewhere, bytes of a section, a cut, something inserted."""
    data = bytearray(elf_of(draw(st.sampled_from(NAMES))))
    leading, contents = places(data), regions(data)
    for _ in range(draw(st.integers(1, 6))):
        kind = draw(st.integers(0, 9))
        if kind < 4:
            at = draw(st.sampled_from(leading))
            value = draw(st.one_of(st.sampled_from(WORDS), st.integers(0, 0xFFFF_FFFF)))
            data[at : at + 4] = value.to_bytes(4, "little")
        elif kind < 8:
            start, size = draw(st.sampled_from(contents))
            at = start + draw(st.integers(0, size - 1))
            data[at] = draw(st.integers(0, 255))
        elif kind == 8:
            del data[draw(st.integers(1, len(data) - 1)) :]
            break
        else:
            at = draw(st.integers(0, len(data)))
            data[at:at] = draw(st.binary(max_size=8))
    return bytes(data)


def run(data):
    """Load, run a while, and write all that can be written of it."""
    running = Run(data, 0, {"debug": "-"}, None, 2 * MILLISECOND)
    covered = [(address, size) for address, size in CODE if has_memory(running.core, address)]
    coverage = Coverage(running.core.machine, running.symbols, covered)
    running.trace(("functions", "accesses"))
    running.chip.run(2 * MILLISECOND)
    for program in running.programs:
        program.look(None)
        program.finish()
    coverage.lcov()
    PostMortem(running.core.machine, running.symbols, running.watched.name, SECOND).report(None)
    running.chip.save()


def refused_or_run(data):
    try:
        run(data)
    except Problem as problem:
        assert "at offset 0x" in problem.message, problem.message


@given(damaged())
@settings(max_examples=60, deadline=None)
def test_a_damaged_program_is_refused_with_its_offset_or_runs(data):
    refused_or_run(data)


@pytest.mark.slow
@given(damaged())
@settings(max_examples=500, deadline=None)
def test_a_damaged_program_is_refused_with_its_offset_or_runs_whatever_the_damage(data):
    refused_or_run(data)


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None)
def test_arbitrary_bytes_are_refused_with_their_offset(body):
    for data in (body, b"\x7fELF" + body, elf_of("hello")[:52] + body):
        refused_or_run(data)


def package_of(name):
    """The image package of a program, not signed."""
    text = json.loads((build.RTAPPS / name / "app_manifest.json").read_text())
    body = asxipfs.pack([("app_manifest.json", json.dumps(text).encode(), False), (text["EntryPoint"].lstrip("/"), elf_of(name), True)])
    return image.build(body, image.APPLICATIONS, guid.to_bytes(text["ComponentId"]), bytes(16), name, 0, bytes(20), lambda signed: bytes(64))


@pytest.fixture(scope="module")
def packages():
    return {name: package_of(name) for name in NAMES}


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_a_damaged_package_is_refused_with_its_offset_or_runs(tmp_path_factory, packages, data):
    whole = bytearray(packages[data.draw(st.sampled_from(NAMES))])
    for _ in range(data.draw(st.integers(1, 4))):
        # The first and last pages have what describes the rest; between them is the program.
        last = len(whole) - 1
        at = data.draw(st.one_of(st.integers(0, 300), st.integers(last - 400, last), st.integers(0, last)))
        kind = data.draw(st.integers(0, 5))
        if kind < 4:
            whole[at] = data.draw(st.integers(0, 255))
        elif kind == 4:
            del whole[at:]
            break
        else:
            whole[at:at] = data.draw(st.binary(max_size=4))
    path = tmp_path_factory.getbasetemp() / "damaged.imagepackage"
    path.write_bytes(whole)
    try:
        program = read_program(path)
    except Problem as problem:
        assert str(path) in problem.message and "offset" in problem.message
        return
    refused_or_run(program)


@pytest.mark.parametrize("name", NAMES)
def test_a_whole_package_runs_as_its_program_does(tmp_path, packages, name):
    path = tmp_path / "app.imagepackage"
    path.write_bytes(packages[name])
    assert read_program(path) == elf_of(name)
