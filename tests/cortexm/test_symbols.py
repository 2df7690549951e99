"""Names and lines of a program are those of its sources, and damaged ones are refused, quickly."""

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.hal.cortexm.elf import BadElf
from armillary.hal.cortexm.symbols import Symbols
from armillary.hal.cortexm.unwind import Unwinder

SOURCE = """int table[4] = {1, 2, 3, 4};
__attribute__((noinline)) int pick(int at)
{
    return table[at & 3];
}
void reset(void)
{
    for (int n = 0;; n++)
        table[0] = pick(n);
}
"""


@pytest.fixture
def program(compiled):
    return compiled(SOURCE, "0", ["-O0"])


@pytest.mark.parametrize("version", [2, 3, 4, 5])
def test_lines_are_found_whatever_the_version_of_dwarf(compiled, version):
    symbols = Symbols(compiled(SOURCE, "0", [f"-gdwarf-{version}"]).read_bytes())
    pick = symbols.address_of("pick")
    assert symbols.line_at(pick).line in (3, 4) and symbols.line_at(pick).file.endswith("/program.c")
    assert {row.line for row in symbols.rows} >= {4, 8, 9}


def test_rows_are_those_that_another_reader_finds(program):
    symbols = Symbols(program.read_bytes())
    with program.open("rb") as stream:
        dwarf = ELFFile(stream).get_dwarf_info()
        states = [entry.state for unit in dwarf.iter_CUs() for entry in dwarf.line_program_for_CU(unit).get_entries() if entry.state]
    wanted = {}
    for state, following in zip(states, states[1:], strict=False):
        if not state.end_sequence and following.address > state.address:
            wanted[state.address] = state.line
    assert {row.start: row.line for row in symbols.rows} == wanted


def test_addresses_are_described_by_function_and_line(program):
    symbols = Symbols(program.read_bytes())
    pick = symbols.address_of("pick")
    assert symbols.describe(pick).startswith(f"{pick:#010x} pick (program.c:")
    assert f"pick+{2:#x} " in symbols.describe(pick + 2)
    assert symbols.describe(0x20) == "0x00000020"


def test_variables_have_addresses(program):
    symbols = Symbols(program.read_bytes())
    assert symbols.variables["table"][1] == 16 and symbols.address_of("table") == symbols.variables["table"][0]
    assert symbols.address_of("nothing") is None


@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_variables_of_one_file_have_addresses_too(compiled, level):
    symbols = Symbols(compiled("static volatile int hidden[3]; void reset(void) { for (;;) hidden[1]++; }", "0", [level]).read_bytes())
    assert symbols.variables["hidden"][1] == 12


def test_a_stripped_program_has_no_names_and_every_question_an_answer(compiled):
    symbols = Symbols(compiled(SOURCE, "0", ["-s"]).read_bytes())
    assert symbols.function_at(0x100080) is None and symbols.line_at(0x100080) is None
    assert Symbols(b"").describe(0x100080) == "0x00100080"


def test_a_compressed_section_is_refused(compiled):
    with pytest.raises(BadElf, match="compressed section"):
        Symbols(compiled(SOURCE, "0", ["-gz=zlib"]).read_bytes())


@given(data=st.data())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_damaged_information_is_read_or_refused_and_nothing_else(program, data):
    whole = bytearray(program.read_bytes())
    where = st.integers(0x1000 if len(whole) > 0x2000 else 0, len(whole) - 1) | st.integers(0, 51) | st.integers(len(whole) - 900, len(whole) - 1)
    for _ in range(data.draw(st.integers(1, 12))):
        whole[data.draw(where)] = data.draw(st.integers(0, 255))
    try:
        symbols = Symbols(bytes(whole))
    except BadElf:
        return
    symbols.describe(0x100090)
    memory = bytes(0x30000)
    registers = dict.fromkeys(range(16), 0) | {13: 0x12FF00, 14: 0x100091, 15: 0x100084}

    def read(address):
        if not 0x100000 <= address <= 0x12FFFC:
            raise ValueError(address)
        return int.from_bytes(memory[address - 0x100000 : address - 0x100000 + 4], "little")

    try:
        assert len(Unwinder(symbols).walk(registers, read)) <= 130
    except BadElf:
        pass
