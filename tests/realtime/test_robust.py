"""Guests that mean no good: they loop, flood, lock up or sleep, and the host neither hangs nor grows."""

import gc
import tracemalloc

import pytest

from armillary.hal.cortexm import elf
from armillary.hal.cortexm.machine import LOCKUP
from armillary.hal.sim.realtime import channel, program
from armillary.hal.sim.realtime.chip import Chip
from armillary.hal.sim.realtime.spi import SpiMaster
from armillary.hal.sim.realtime.time import MILLISECOND, SECOND
from tests.realtime.whole import elf_of

TOLD = 0x2200_F000
PAGES = sorted(set(Chip().cores[0].machine.device_places()))
MOST_WAITING = 200  # entries of the calendar: there are about a hundred things that can be under way at once
MOST_GROWTH = 256 * 1024  # bytes that running on may take, once all is warm


def start(chip, name, number=0):
    read = elf.parse(elf_of(name), program.REGIONS)
    core = chip.cores[number]
    program.load(core, read)
    core.start(read.entry)
    return core


def tell(core, *words):
    core.machine.write_memory(TOLD, b"".join(word.to_bytes(4, "little") for word in words))


def told(core, index):
    return int.from_bytes(core.machine.read_memory(TOLD + 4 * index, 4), "little")


def growth(run, warm, more):
    """Bytes of Python's that are held longer after `more` than after `warm`, both run."""
    tracemalloc.start()
    try:
        run(warm)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        run(more)
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("page", "size"), PAGES, ids=[f"{page:#010x}" for page, _ in PAGES])
def test_a_flood_of_accesses_to_any_block_ends_in_time_and_takes_no_memory(page, size):
    chip = Chip(cores=2)
    core = start(chip, "flood.c")
    tell(core, page, size - 1, page >> 12, 0)

    def run(milliseconds):
        end = chip.scheduler.now + milliseconds * MILLISECOND
        assert chip.run(end) is None and chip.scheduler.now == end

    assert growth(run, 3, 3) < MOST_GROWTH
    assert told(core, 3) > 20  # a slow clock makes few
    assert len(chip.scheduler._calendar) < MOST_WAITING and len(chip.log.lines) <= chip.log.MOST


def poke(core, address, value):
    _, device, offset = core.machine.device_at(address)
    device.write(offset, 4, value)


def dma(core, number, **registers):
    places = {"src": 0x00, "dst": 0x04, "count": 0x10, "con": 0x14, "start": 0x18, "base": 0x2C, "size": 0x44, "swptr": 0x5C, "port": 0x60}
    for name, value in registers.items():
        poke(core, 0x2108_0000 + 0x100 * number + places[name], value)


def test_a_transfer_that_begins_again_for_ever_and_starts_nothing_lets_time_pass():
    chip = Chip()
    core = chip.cores[0]
    poke(core, 0x3807_0338, 1 << 8)  # SPI: words from DMA, none of which starts a transfer
    dma(core, 0, port=0x3807_0340, base=0x2200_0000, count=1 << 16 | 1000, con=2 | 1 << 2 | 1 << 4, start=1 << 15)
    chip.scheduler.run(MILLISECOND)
    assert chip.scheduler.now == MILLISECOND and core.dma.channels[0].is_running


class Endless(Exception):
    """Far more words moved at once than there is room for."""


def test_without_the_bound_of_a_burst_it_would_never_end(monkeypatch):
    moved = []

    def write(self, value):
        moved.append(value)
        if len(moved) > 20_000:
            raise Endless

    monkeypatch.setattr(channel, "BURST", 1 << 62)
    monkeypatch.setattr(SpiMaster, "write_dataport", write)
    with pytest.raises(Endless):
        test_a_transfer_that_begins_again_for_ever_and_starts_nothing_lets_time_pass()


@pytest.mark.parametrize(("number", "con"), [(13, 1 << 18), (14, 0), (29, 0), (25, 1 << 18), (26, 0)])
def test_a_ring_whose_direction_its_peripheral_does_not_have_moves_nothing(number, con):
    chip = Chip()
    core = chip.cores[0]
    poke(core, 0x3807_0564, 7)
    poke(core, 0x3800_024C, 1)
    poke(core, 0x380D_0030, 1 << 16 | 1)
    core.sysram[:] = b"x" * len(core.sysram)
    dma(core, number, base=0x2200_0000, size=0x8000, con=con, swptr=0x4000, start=1 << 15)
    chip.shared.isus[0].uart.receive(b"abc")
    chip.scheduler.run(10 * MILLISECOND)
    assert bytes(core.sysram) == b"x" * len(core.sysram)
    assert any("the other direction" in line for line in chip.log.lines)


def test_copies_that_are_started_and_stopped_over_and_over_do_not_pile_up():
    chip = Chip()
    core = chip.cores[0]
    for _ in range(5000):
        dma(core, 12, src=0x2200_0000, dst=0x2200_8000, count=0xFFFF, con=1 << 2 | 1 << 3, start=1 << 15)
        dma(core, 12, start=0)
    assert len(chip.scheduler._calendar) < MOST_WAITING


BAD = {
    "a loop": "for (;;) { }",
    "sleep": 'for (;;) { __asm__ volatile("wfi"); }',
    "sleep with interrupts off": '__asm__ volatile("cpsid i"); for (;;) { __asm__ volatile("wfe"); }',
    "clocks": "for (uint32_t n = 0;; n++) { REGISTER(0x2101000Cu) = (n % 3) << 8; }",
    "timers": "for (uint32_t n = 1;; n++) { REGISTER(0x21030014u) = n % 5; REGISTER(0x21030010u) = 15; REGISTER(0x2103005Cu) = n; REGISTER(0x21030050u) = n; }",
    "the log": "for (uint32_t n = 0;; n += 4) { REGISTER(0x20000000u + (n & 0xFFFu)) = n; REGISTER(0x21040000u + (n & 0xFFFu)) = n; }",
    "the mailbox": "for (uint32_t n = 0;; n++) { REGISTER(0x21050044u) = n; REGISTER(0x21050040u) = n; REGISTER(0x21050014u) = n; }",
    "interrupts": "REGISTER(0xE000E100u) = 0xFFFFFFFFu; for (;;) { REGISTER(0xE000E200u) = 0xFFFFFFFFu; }",
    "resets": "REGISTER(0xE000ED0Cu) = 0x05FA0004u; for (;;) { }",
    "watchdogs": "REGISTER(0x21020044u) = 0x1209u; for (;;) { }",
    "code": "uint16_t *code = (uint16_t *)0x2200A000u; for (uint16_t n = 0;; n++) { code[0] = (uint16_t)(0x2000u | (n & 0xFFu)); code[1] = 0x4770; __asm__ volatile(\"dsb; isb\"); ((void (*)(void))0x2200A001u)(); }",
    "pins": "REGISTER(0x38010020u) = 15; for (uint32_t n = 0;; n++) { REGISTER(0x38010010u) = n; }",
    "sound and serial lines": "REGISTER(0x2104000Cu) = 3; REGISTER(0x21040024u) = 3; REGISTER(0x21040028u) = 0; for (;;) { REGISTER(0x21040000u) = 'x'; }",
}  # fmt: skip
HEAD = '#include "cortex.h"\n#define QUIET(n) void n(void); void n(void) { }\nint main(void) { '


@pytest.mark.parametrize("kind", BAD)
def test_a_guest_that_wants_to_keep_the_host_busy_gets_its_time_and_no_more(kind, tmp_path, rtapp):
    (tmp_path / "app.c").write_text(HEAD + BAD[kind] + " }")
    app = rtapp(tmp_path / "app.c")
    chip, core = app.chip, app.core
    start_vectors(core)

    def run(milliseconds):
        end = chip.scheduler.now + milliseconds * MILLISECOND
        assert chip.run(end) is None and chip.scheduler.now == end

    assert growth(run, 1, 2) < MOST_GROWTH
    assert len(chip.scheduler._calendar) < MOST_WAITING and len(chip.log.lines) <= chip.log.MOST


def start_vectors(core):
    """Handlers of all interrupts that do nothing: `bx lr`."""
    core.machine.write_memory(0x2200_B000, (0x4770).to_bytes(2, "little"))
    table = core.entry
    for number in range(16, 116):
        core.machine.write_memory(table + 4 * number, (0x2200_B001).to_bytes(4, "little"))


def test_what_a_guest_says_is_kept_as_far_as_it_may_matter(tmp_path, rtapp):
    (tmp_path / "app.c").write_text(HEAD + BAD["sound and serial lines"] + " }")
    app = rtapp(tmp_path / "app.c")
    app.core.console.heard += b"y" * (2 * app.core.console.MOST - 5)
    app.run_for(ms=1)
    assert app.core.console.MOST <= len(app.core.console.heard) < 2 * app.core.console.MOST
    assert app.uart().endswith("xxx") and app.core.console.total > 2 * app.core.console.MOST


def test_a_long_sleep_is_over_at_once():
    chip = Chip()
    start(chip, "hello")
    assert chip.run(3600 * SECOND) is None
    assert chip.scheduler.now == 3600 * SECOND


def test_a_core_that_is_locked_up_is_told_of_each_time_and_nothing_else_happens(tmp_path, rtapp):
    (tmp_path / "app.c").write_text(HEAD + 'REGISTER(0xE000ED08u) = 0x60000000u; __asm__ volatile("udf #0"); return 0; }')
    app = rtapp(tmp_path / "app.c")
    for _ in range(3):
        stop = app.chip.run(app.chip.scheduler.now + MILLISECOND)
        assert stop is not None and stop.reason == LOCKUP
    assert app.chip.failed is app.core


def test_a_core_that_loops_does_not_keep_the_other_from_its_time():
    chip = Chip(cores=2)
    core = start(chip, "flood.c", 0)
    tell(core, 0x2105_0000, 0xFFF, 1, 0)
    start(chip, "hello", 1)
    chip.run(5 * MILLISECOND)
    assert "hello" in chip.cores[1].console.text()
