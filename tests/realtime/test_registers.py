"""Every register that programs use is known by its name, reads as it should after reset, and keeps its rule of access."""

import pathlib
import re
import runpy
from fnmatch import fnmatch
from typing import NamedTuple

import pytest

from armillary.hal.sim.realtime.conflicts import DECISIONS
from armillary.hal.sim.realtime.registers import GUESSED, INFERRED, KNOWN, Log
from tests.realtime.private import PrivateRig

ROOT = pathlib.Path(__file__).parents[2]
ONES = 0xFFFF_FFFF


class Line(NamedTuple):
    """A line of registers.txt, for one register of one block."""

    address: int
    name: str
    access: str
    reset: int | None
    keeps: int | None
    is_stated: bool


def parse(text):
    """{block: lines at offsets} and {block: addresses}."""
    tables, places, at = {}, {}, ""
    for line in text.splitlines():
        words = line.split()
        if not words or line.startswith("#"):
            continue
        if line.startswith("["):
            at, *bases = line.strip("[]").split()
            tables[at], places[at] = [], [int(base, 16) for base in bases]
        else:
            tables[at].append(words)
    return tables, places


def registers():
    """Every register of every block."""
    tables, places = parse((ROOT / "tests/realtime/registers.txt").read_text())
    for block, lines in tables.items():
        wanted = [each for words in lines for each in (tables[words[1]] if words[0] == "include" else [words])]
        for base in places[block]:
            for words in wanted:
                yield from expanded(base, words)


def expanded(base, words):
    """One line, as often as it says."""
    offset, words = int(words[0], 16), words[1:]
    repeated = re.fullmatch(r"([0-9a-f]+)x(\d+)", words[0])
    step, count = (int(repeated[1], 16), int(repeated[2])) if repeated else (0, 1)
    name, access, reset, *keeps = words[1:] if repeated else words
    value = None if reset == "-" else int(reset.rstrip("!"), 16)
    mask = None if not keeps or keeps[0] == "-" else int(keeps[0], 16)
    for number in range(count):
        yield Line(base + offset + step * number, name.format(number), access, value, mask, reset.endswith("!"))


ALL = list(registers())
BLOCKS = {(block.base, block.name): block for block in PrivateRig().all_blocks}


def register_at(address):
    """The row of the model's own table for an address."""
    rig = PrivateRig()
    device, offset = rig._find(address)
    block, inside = device.find(offset) if hasattr(device, "find") else (device, offset)
    return block._table.get(inside)


@pytest.mark.parametrize("line", [pytest.param(line, id=f"{line.address:08x}-{line.name}") for line in ALL if "CH" not in line.name or re.match(r"CH(0|12|29)_", line.name)])
def test_a_register_has_its_name_its_value_after_reset_and_its_access(line):
    rig = PrivateRig()
    name = rig.name_of(line.address)
    assert name.endswith("." + line.name)
    if line.reset is not None:
        assert rig.read(line.address) == line.reset, name
    before = rig.read(line.address)
    if line.access in ("r", "w", "w1c"):
        for value in (0, ONES) if line.access == "r" else (0,):
            rig.write(line.address, value)
            assert rig.read(line.address) == before, f"{name} is not changed by {value:#x}"
    elif line.keeps is not None:
        for value in (line.keeps, 0, line.keeps & 0x5555_5555, line.keeps & 0xAAAA_AAAA):
            rig.write(line.address, value)
            assert rig.read(line.address) & line.keeps == value, f"{name} keeps what is written"
    assert rig.log.lines == [], name


def test_the_model_has_no_register_that_the_list_lacks():
    listed = {line.address for line in ALL}
    extra = {f"{block.name}.{register.name}" for block in BLOCKS.values() for register in block.REGISTERS if block.base + register.offset not in listed}
    assert extra == {
        *(f"CA7 IRQCFG.{name}{n}" for name in ("IRQ_SENS", "EDGE_TO_LEVEL", "EDGE_STS") for n in range(1, 8)),
        *(f"ADC.{name}" for name in ("SLEEP_EN", "WAK", "WAT_TIME", "HANDSHAKE")),
    }  # fmt: skip


def test_what_is_called_known_is_what_a_source_states():
    stated = {line.address for line in ALL if line.is_stated}
    known = {block.base + register.offset for block in BLOCKS.values() for register in block.REGISTERS if register.source == KNOWN}
    assert known == stated


@pytest.mark.parametrize("block", BLOCKS.values(), ids=lambda block: block.name)
def test_every_register_says_what_it_does_and_how_sure_that_is(block):
    for register in block.REGISTERS:
        assert register.note and register.source in (KNOWN, INFERRED, GUESSED), register.name
        assert register.offset % 4 == 0
    names = [register.name for register in block.REGISTERS]
    assert len(set(names)) == len(names) and len(block._table) == len(names)


def test_a_kept_register_has_no_code_behind_it():
    acting = [
        f"{block.name}.{register.name}" for block in BLOCKS.values() for register in block.REGISTERS
        if register.is_kept and (register.offset in block._readers or register.offset in block._writers)
        and not register.name.startswith(("IES", "SR"))  # whose aliases act on the word itself
    ]  # fmt: skip
    assert acting == []


@pytest.mark.parametrize("key", [key for key, decision in DECISIONS.items() if decision.where])
def test_a_decision_names_registers_that_exist(key):
    names = {f"{block.NAME or block.name}.{register.name}".replace(" ", "") for block in BLOCKS.values() for register in block.REGISTERS}
    for pattern in DECISIONS[key].where.split():
        assert any(fnmatch(name, pattern) for name in names), pattern


def test_a_log_tells_once_and_does_not_grow():
    told = []
    log = Log(told.append)
    for number in range(1000):
        log.once(f"line {number % 500}")
    assert told == log.lines == [f"line {number}" for number in range(Log.MOST)]


def test_the_page_of_registers_is_what_the_tables_make():
    made = runpy.run_path(str(ROOT / "docs/make_registers.py"))["page"]()
    assert (ROOT / "docs/mt3620-registers.md").read_text() == made, "docs/mt3620-registers.md is stale: run `make docs`"
