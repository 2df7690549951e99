"""The real-time cores behind the bus: started on a package, run on the board's clock, interrupted, stopped, dead."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.boards.sim import facts
from armillary.hal.port import CoresPort, GpioPort, IntercorePort, PinOwnershipPort
from armillary.hal.sim.realtime import life
from armillary.hal.sim.silicon import Silicon
from armillary.wire import blocks
from armillary.wire.fault import Fault, Full, Invalid, Locked, NoDevice, OutOfOrder
from tests.realtime.packages import load_of, pack

IO0, IO1 = 3, 4
STOPPED, RUNNING, DEAD = 0, 1, 2
TCM, SYSRAM = 0x0010_0000, 0x2200_0000
SW_TX, SW_EN, SW_STS, CMD_PUSH, DATA_PUSH, POP_CNT = 0x14, 0x18, 0x1C, 0x40, 0x44, 0x58


class Board:
    """A chip, and what its monitor and its kernel hold."""

    def __init__(self):
        self.silicon = Silicon(facts, seed=1)
        self.said = [bytearray(), bytearray()]
        self.silicon.realtime.said = lambda core, byte: self.said[core].append(byte)
        self.cores = CoresPort(self.silicon.port("monitor"))
        self.owners = PinOwnershipPort(self.silicon.port("monitor"))
        self.main = IntercorePort(self.silicon.port("kernel"))

    def start(self, core, elf):
        self.cores.start(core, load_of(pack(elf)))

    def run(self, milliseconds):
        """Let time pass on the board's clock. How often the main core was interrupted."""
        clock, count = self.silicon.clock, 0
        end = clock.uptime_us() + 1000 * milliseconds
        while (now := clock.uptime_us()) < end:
            reached = self.silicon.realtime.run(end)
            clock.advance_us(reached - now)
            count += reached < end
        return count


@pytest.fixture
def board():
    return Board()


def program(body, before=""):
    """The text of a program whose main does `body`."""
    return f"""
#include <stdint.h>
#include "cortex.h"
#include "mt3620.h"
#include "uart.h"
#define WORD(address) (*(volatile uint32_t *)(address))
{before}
int main(void) {{
    uart_open(DEBUG_UART);
    {body}
    for (;;) {{
    }}
}}
"""


# --- starting ---


def test_both_cores_run_on_the_clock_of_the_board(board, built):
    board.start(IO0, built("hello"))
    board.silicon.clock.advance_us(5_000_000)
    board.start(IO1, built("hello"))
    assert board.cores.status(IO0) == board.cores.status(IO1) == (RUNNING, "", 0, 0)
    board.run(100)
    assert board.said[0] == board.said[1] == b"hello from a real-time core\r\n"
    assert board.silicon.clock.uptime_us() == 5_100_000


def test_no_chip_is_made_until_a_core_is_started(board):
    board.cores.stop(IO0)
    board.cores.grant(IO0, bytes([blocks.UART]))
    board.cores.share(IO0, 0x8000_0000, 0x1000)
    board.main.write(0x10, b"quiet")
    assert board.main.read(0x10, 5) == b"quiet" and board.main.mailbox_read(IO0, POP_CNT) == 0
    assert board.cores.status(IO0) == (STOPPED, "", 0, 0) and board.cores.report(IO1) == (0, b"")
    board.silicon.power_off()
    board.silicon.power_on()
    assert not board.silicon.realtime.is_running and board.silicon.realtime._machinery is None
    assert board.main.read(0x10, 5) == bytes(5)


def test_a_running_core_is_not_loaded(board, built):
    board.start(IO0, built("hello"))
    with pytest.raises(OutOfOrder):
        board.start(IO0, built("hello"))
    board.cores.stop(IO0)
    board.start(IO0, built("hello"))


@pytest.mark.parametrize(("load", "why"), [
    (b"\x01\0\0", "not a load"), (b"\x05\0\0\0four", "not a load"), (load_of(b"x") * 2, "not a load"), (load_of(bytes(300)), "."),
])  # fmt: skip
def test_what_is_no_load_is_refused_and_the_core_can_be_loaded_again(board, built, load, why):
    with pytest.raises(Invalid, match=why):
        board.cores.start(IO0, load)
    assert board.cores.status(IO0)[0] == STOPPED
    board.start(IO0, built("hello"))


def test_an_app_of_the_main_core_is_refused(board, built):
    with pytest.raises(Invalid, match="app of the main core"):
        board.cores.start(IO0, load_of(pack(built("hello"), kind="Default")))


def test_a_malformed_program_is_refused_with_its_offset_and_nothing_is_loaded(board, built):
    board.start(IO1, built("hello"))  # so that there is a chip to look into
    elf = bytearray(built("hello"))
    elf[18] = 3  # for another processor
    with pytest.raises(Invalid, match="not for ARM, at offset 0x12"):
        board.start(IO0, bytes(elf))
    core = board.silicon.realtime.chip.cores[0]
    assert not any(core.tcm) and not core.is_started


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_mutated_packages_run_or_are_refused(built, data):
    board = Board()
    package = bytearray(pack(built("hello")))
    for _ in range(data.draw(st.integers(1, 4))):
        package[data.draw(st.integers(0, len(package) - 1))] = data.draw(st.integers(0, 255))
    try:
        board.cores.start(IO0, load_of(bytes(package)))
    except Fault as fault:
        assert isinstance(fault, Invalid) or fault.reason
        assert board.cores.status(IO0)[0] == STOPPED
        return
    board.run(1)


# --- stopping ---


def test_a_stopped_core_leaves_nothing_behind(board, built):
    board.owners.assign(8, 2)
    board.cores.grant(IO0, bytes([blocks.PWM + 2]))
    board.start(IO0, built(program("WORD(0x38030014) = 1; WORD(0x38030024) = 1; WORD(0x22000010) = 0x5EC2E7; WORD(0x21050044) = 7; WORD(0x21050040) = 9;")))
    board.run(5)
    core = board.silicon.realtime.chip.cores[0]
    assert board.silicon.gpio.read(8) == 1 and any(core.tcm) and board.main.mailbox_read(IO0, POP_CNT) == 1
    board.cores.stop(IO0)
    assert not any(core.tcm) and not any(core.sysram)
    assert board.silicon.gpio.read(8) == 0 and board.silicon.gpio.mode(8) == 0
    assert board.main.mailbox_read(IO0, POP_CNT) == 0
    assert board.silicon.firewall.granted(IO0) == b"" and board.silicon.firewall.owns(IO0, 8)
    board.run(5)
    assert board.cores.status(IO0) == (STOPPED, "", 0, 0)


def test_a_pin_that_changes_hands_is_an_input_whatever_the_core_had_set(board, built):
    board.owners.assign(8, 2)
    board.start(IO0, built(program("WORD(0x38030014) = 1; WORD(0x38030024) = 1; for (;;) { WORD(0x21050044) = 0; }")))
    board.run(5)
    board.owners.assign(8, 1)
    kernel = GpioPort(board.silicon.port("kernel"))
    assert kernel.read(8) == 0
    kernel.configure(8, 1)
    kernel.write(8, 1)
    board.run(5)
    assert kernel.read(8) == 1


def test_a_block_that_changes_hands_begins_anew(board, built):
    uart = 0x3807_0500
    board.cores.grant(IO0, bytes([blocks.UART]))
    board.start(IO0, built(program(f"WORD({uart + 0xC:#x}) = 0x1B;")))
    board.run(5)
    assert board.silicon.realtime.chip.shared.isus[0].uart.words[0xC] == 0x1B
    board.cores.grant(IO0, b"")
    assert board.silicon.realtime.chip.shared.isus[0].uart.words[0xC] == 0


def test_a_reset_of_the_chip_stops_both_cores_and_what_hangs_on_the_buses_stays(board, built):
    board.start(IO0, built("hello"))
    board.start(IO1, built("hello"))
    board.run(5)
    chip = board.silicon.realtime.chip
    bus = chip.shared.isus[0].i2c_bus
    board.silicon.power_off()
    board.silicon.power_on()
    assert [board.cores.status(core)[0] for core in (IO0, IO1)] == [STOPPED, STOPPED]
    assert board.silicon.realtime.chip is chip and chip.shared.isus[0].i2c_bus is bus and not any(chip.cores[1].tcm)
    board.start(IO0, built("hello"))
    board.run(5)
    assert board.said[0].count(b"hello") == 2


# --- dying ---


def test_a_program_that_locks_up_is_dead_and_the_other_core_goes_on(board, built):
    board.start(IO1, built("blink"))
    board.owners.assign(8, 3)
    board.start(IO0, built(program("fail();", 'static void fail(void) { __asm__ volatile("udf #0"); }\nvoid hard_fault(void);\nvoid hard_fault(void) { fail(); }')))
    board.run(100)
    state, why, _, _ = board.cores.status(IO0)
    assert state == DEAD and why.startswith("locked up")
    assert board.cores.report(IO0)[1].startswith(b"post-mortem") and board.cores.status(IO1)[0] == RUNNING
    board.run(2000)
    assert len([1 for _, pin, _ in board.silicon.gpio.history if pin == 8]) >= 3


def test_a_breakpoint_instruction_ends_in_a_fault_that_stands_still(board, built):
    board.start(IO0, built(program('__asm__ volatile("bkpt #0xab");')))
    board.run(100)
    assert board.cores.status(IO0)[0] == DEAD and b"HardFault" in board.cores.report(IO0)[1]


def test_a_watchdogs_reset_is_no_death(board, built):
    board.start(IO0, built("watchdog"))
    board.run(10_000)
    assert board.cores.status(IO0)[0] == RUNNING and board.said[0].count(b"\n") > 1


def test_a_dead_core_is_started_again_after_a_stop(board, built):
    board.start(IO0, built(program("WORD(0x38030014) = 1;")))
    board.run(100)
    assert board.cores.status(IO0) == (DEAD, board.cores.status(IO0)[1], 1, 0)
    board.cores.stop(IO0)
    assert board.cores.report(IO0)[0] > 0  # to be read until the next start
    board.start(IO0, built("hello"))
    assert board.cores.status(IO0) == (RUNNING, "", 0, 0) and board.cores.report(IO0) == (0, b"")
    with pytest.raises(Invalid):
        board.cores.denial(IO0, 0)


def test_after_a_reset_nothing_is_known_of_a_death(board, built):
    board.start(IO0, built(program("WORD(0x38030014) = 1;")))
    board.run(100)
    assert board.cores.report(IO0)[0] > 0 and board.cores.status(IO0)[2] == 1
    board.silicon.power_off()
    board.silicon.power_on()
    assert board.cores.report(IO0) == (0, b"") and board.cores.status(IO0) == (STOPPED, "", 0, 0)


def test_a_register_that_is_not_known_is_noted_once(board, built):
    noted = []
    board.silicon.realtime.noted = noted.append
    board.start(IO0, built(program("for (;;) { WORD(0x21030FF0) = 1; }")))
    board.run(5)
    assert len(noted) == 1 and "0x21030ff0" in noted[0]


def test_a_report_is_of_bounded_size(board, built, monkeypatch):
    monkeypatch.setattr(life, "MOST_REPORT", 1000)
    board.start(IO0, built(program("WORD(0x38030014) = 1;")))
    board.run(100)
    assert board.cores.report(IO0)[0] == 1000 and board.cores.report(IO0, 990)[1] == board.cores.report(IO0)[1][990:]
    with pytest.raises(Invalid):
        board.cores.report(IO0, 1001)


# --- the main core's side ---

DOORBELL = program("WORD(0x21050044) = 7; WORD(0x21050040) = 9; WORD(0x21050014) = 1; while (!WORD(0x21050058)) { } WORD(0x22000000) = WORD(0x21050054);")


def test_a_doorbell_interrupts_the_main_core_at_once(board, built):
    board.main.mailbox_write(IO0, SW_EN, 1)
    board.start(IO0, built(DOORBELL))
    now = board.silicon.clock.uptime_us()
    reached = board.silicon.realtime.run(now + 1_000_000)
    assert reached - now < 1000
    assert board.main.mailbox_read(IO0, SW_STS) == 1 and board.main.mailbox_read(IO0, POP_CNT) == 1
    assert board.main.mailbox_read(IO0, 0x54) == 7 and board.main.mailbox_read(IO0, 0x50) == 9
    board.main.mailbox_write(IO0, DATA_PUSH, 0xCAFE)
    board.main.mailbox_write(IO0, CMD_PUSH, 1)
    board.silicon.clock.advance_us(reached - now)
    board.run(5)
    assert board.silicon.realtime.chip.cores[0].sysram[:2] == b"\xfe\xca"


def test_a_doorbell_that_nobody_enabled_interrupts_nobody(board, built):
    board.start(IO0, built(DOORBELL))
    assert board.run(10) == 0


@pytest.mark.parametrize("answers", [True, False])
def test_a_flood_of_doorbells_does_not_stop_time(board, built, answers):
    board.main.mailbox_write(IO0, SW_EN, 1)
    board.start(IO0, built(program("for (;;) { WORD(0x21050014) = 1; }")))
    count, clock = 0, board.silicon.clock
    while (now := clock.uptime_us()) < 20_000:
        clock.advance_us(board.silicon.realtime.run(20_000) - now)
        count += 1
        if answers:
            board.main.mailbox_write(IO0, SW_STS, 1)
    assert count <= 20_000 // 100 + 1


def test_registers_are_whole_words_and_memory_has_an_end(board):
    for call in (lambda: board.main.mailbox_read(IO0, 2), lambda: board.main.mailbox_write(IO1, 1, 0)):
        with pytest.raises(Invalid):
            call()
    for call in (lambda: board.main.read(0xFFFF, 2), lambda: board.main.write(0x1_0000, b"x"), lambda: board.main.read(2**32 - 1, 4000)):
        with pytest.raises(Invalid):
            call()
    board.main.write(0xF000, bytes(range(256)) * 16)
    assert board.main.read(0xF000, 4096) == bytes(range(256)) * 16


# --- grants ---


def test_a_grant_replaces_what_there_was_and_no_block_has_two_owners(board):
    board.cores.grant(IO0, bytes([blocks.UART, blocks.ADC]))
    board.cores.grant(IO0, bytes([blocks.ADC]))
    board.cores.grant(IO1, bytes([blocks.UART]))
    with pytest.raises(Invalid, match="Adc ADC-CONTROLLER-0 is core 3's"):
        board.cores.grant(IO1, bytes([blocks.ADC]))
    for wrong in (bytes([7]), bytes([blocks.UART] * 2), bytes([255])):
        with pytest.raises(Invalid):
            board.cores.grant(IO1, wrong)
    assert board.silicon.firewall.granted(IO1) == bytes([blocks.UART])


def test_after_the_lock_only_what_was_frozen_is_granted_again(board):
    board.cores.grant(IO0, bytes([blocks.ADC, blocks.PWM]))
    board.owners.lock()
    board.owners.lock()
    for core, wanted in ((IO0, b""), (IO0, bytes([blocks.ADC])), (IO1, bytes([blocks.UART])), (IO0, bytes([blocks.ADC, blocks.PWM, blocks.UART]))):
        with pytest.raises(Locked):
            board.cores.grant(core, wanted)
    board.cores.stop(IO0)
    with pytest.raises(Locked):
        board.cores.grant(IO1, bytes([blocks.ADC]))
    board.cores.grant(IO0, bytes([blocks.ADC, blocks.PWM]))
    board.cores.grant(IO1, b"")


def test_parts_of_the_memory_are_shared_within_bounds(board):
    for address, length in ((0x7FFF_FFE0, 64), (0x8000_FFE0, 64), (0x8000_0001, 32), (0x8000_0000, 31), (0, 32), (0xFFFF_FFE0, 0xFFFF_FFE0)):
        with pytest.raises(Invalid):
            board.cores.share(IO0, address, length)
    for part in range(4):
        board.cores.share(IO0, 0x8000_0000 + 0x1000 * part, 0x1000)
    with pytest.raises(Full):
        board.cores.share(IO0, 0x8000_4000, 32)
    board.cores.share(IO0, 0, 0)
    assert board.silicon.firewall.shares(IO0) == []


# --- repeating ---


def trace(built):
    board = Board()
    pins = []
    board.silicon.gpio.observe(lambda *change: pins.append(change))
    for pin in (8, 9):
        board.owners.assign(pin, 2)
    board.main.mailbox_write(IO1, SW_EN, 3)
    board.start(IO0, built("blink"))
    board.silicon.clock.advance_us(777)
    board.start(IO1, built("switcher"))
    interrupts = board.run(1500)
    cores = board.silicon.realtime.chip.cores
    return pins, interrupts, bytes(board.said[0]), bytes(board.said[1]), [core.machine.save() for core in cores], [core.machine.cycles for core in cores]


def test_the_same_run_twice_is_the_same_to_the_bit(built):
    one, other = trace(built), trace(built)
    assert one == other and len(one[0]) >= 3
    assert all(time % 1000 for time, _, _ in [(now, pin, level) for pin, level, now in one[0][1:]])  # times within the run, not of its ends


def test_a_board_without_the_processor_says_so(monkeypatch, board):
    import sys

    monkeypatch.setitem(sys.modules, "armillary.hal.sim.realtime.machinery", None)
    with pytest.raises(NoDevice, match="cannot run here"):
        board.start(IO0, b"")
