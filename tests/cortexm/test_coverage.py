"""Coverage counts how often each line was run, in the form that lcov reads."""

from armillary.hal.cortexm import elf
from armillary.hal.cortexm.coverage import Coverage
from armillary.hal.cortexm.machine import Machine
from armillary.hal.cortexm.symbols import Symbols

SOURCE = """volatile int n;
__attribute__((noinline)) void never(void) {
    n = 77;
}
__attribute__((noinline)) void often(void) {
    n++;
}
void reset(void) {
    for (int i = 0; i < 10; i++)
        often();
    if (n == 99)
        never();
    for (;;) { }
}
"""


def covered(path):
    data = path.read_bytes()
    machine = Machine()
    machine.map_ram(0x100000, 0x30000)
    elf.load(elf.parse(data, [elf.Region("TCM", 0x100000, 0x30000)]), machine)
    machine.reset(0x100000)
    coverage = Coverage(machine, Symbols(data), [(0x100000, 0x30000)])
    machine.run(1000)
    return coverage, Symbols(data)


def test_lines_are_counted_as_often_as_they_were_run(compiled):
    path = compiled(SOURCE)
    coverage, symbols = covered(path)
    lines = coverage.files()[str(path.with_suffix(".c"))].lines
    assert lines[3] == 0 and lines[6] == 10 and lines[10] == 10 and lines[12] == 0
    assert lines[8] == 1


def test_functions_are_counted_by_their_entries(compiled):
    path = compiled(SOURCE)
    coverage, symbols = covered(path)
    functions = coverage.files()[str(path.with_suffix(".c"))].functions
    assert functions["never"] == (2, 0) and functions["often"] == (5, 10) and functions["reset"] == (8, 1)


def test_a_loop_to_a_functions_beginning_is_no_entry(compiled):
    source = "__attribute__((noinline)) void wait(void) { __asm__ volatile(\"subs r0, #1\\n bne wait\"); }\n"
    source += "void reset(void) { for (int n = 0; n < 3; n++) __asm__ volatile(\"movs r0, #5\\n bl wait\" ::: \"r0\", \"lr\"); for (;;) { } }"
    coverage, symbols = covered(compiled(source))
    assert coverage.entries()[symbols.address_of("wait")] == 3 and coverage.at(symbols.address_of("wait")) == 15


def test_an_instruction_that_an_interrupt_divides_from_its_block_counts_once(compiled):
    path = compiled(SOURCE)
    coverage, symbols = covered(path)
    often = symbols.address_of("often")
    assert [coverage.at(often + offset) for offset in (0, 2, 4)] == [10, 10, 10]


def test_stepping_counts_what_the_steps_ran(compiled):
    path = compiled(SOURCE)
    data = path.read_bytes()
    machine = Machine()
    machine.map_ram(0x100000, 0x30000)
    elf.load(elf.parse(data, [elf.Region("TCM", 0x100000, 0x30000)]), machine)
    machine.reset(0x100000)
    coverage = Coverage(machine, Symbols(data), [(0x100000, 0x30000)])
    for _ in range(3):
        machine.step(1000)
    start = Symbols(data).address_of("reset")
    counts = [coverage.at(address) for address in range(start, start + 20, 2)]
    assert sum(count > 0 for count in counts) <= 6 and max(counts) == 1


def test_the_tracefile_adds_up(compiled):
    path = compiled(SOURCE)
    coverage, symbols = covered(path)
    text = coverage.lcov("blink")
    rows = [row.partition(":") for row in text.strip().split("\n")]
    lines = [value.split(",") for name, _, value in rows if name == "DA"]
    assert ("TN", ":", "blink") == rows[0] and ("SF", ":", str(path.with_suffix(".c"))) == rows[1]
    assert rows[-1][0] == "end_of_record"
    totals = {name: int(value) for name, _, value in rows if name in ("LF", "LH", "FNF", "FNH")}
    assert totals["LF"] == len(lines) and totals["LH"] == sum(int(times) > 0 for _, times in lines)
    assert totals["FNF"] >= 3 and totals["FNH"] == totals["FNF"] - sum(row[0] == "FNDA" and row[2].startswith("0,") for row in rows)


def test_a_stripped_program_has_no_lines(compiled):
    coverage, symbols = covered(compiled(SOURCE, "0", ["-s"]))
    assert coverage.lcov() == ""
