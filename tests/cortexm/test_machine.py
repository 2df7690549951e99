"""The machine itself: time, sleep, lines, saving, polling loops, and programs that mean no good."""

from __future__ import annotations

import functools
import pathlib
import subprocess
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.hal.cortexm import machine as m4

RAM, SHARED, DEVICE = 0x2000_0000, 0x2000_4000, 0x4000_0000
HEAD = """
 .syntax unified
 .cpu cortex-m4
 .fpu fpv4-sp-d16
 .thumb
 .word 0x20001000, reset + 1
 .rept 14
 .word handler + 1
 .endr
 .rept 16
 .word handler + 1
 .endr
"""


@functools.cache
def assemble(text: str) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        (place / "a.s").write_text(HEAD + text + ("" if "handler:" in text else "\nhandler: b handler\n"))
        subprocess.run(["arm-none-eabi-as", place / "a.s", "-o", place / "a.o"], check=True)
        subprocess.run(["arm-none-eabi-ld", "-Ttext=0", "-e", "0", place / "a.o", "-o", place / "a.elf"], check=True)
        subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", place / "a.elf", place / "a.bin"], check=True)
        return (place / "a.bin").read_bytes()


class Flag:
    """A register that reads 0 until a time and 1 from then on; written, it counts."""

    def __init__(self, until: int = 1 << 60) -> None:
        self.until = until
        self.machine: m4.Machine | None = None
        self.reads = self.writes = 0

    def read(self, offset: int, size: int) -> int:
        assert self.machine is not None
        self.reads += 1
        return int(self.machine.now >= self.until) if offset == 0 else 0

    def write(self, offset: int, size: int, value: int) -> None:
        self.writes += 1

    def quiet_until(self, offset: int) -> int:
        assert self.machine is not None
        return self.until if offset == 0 and self.machine.now < self.until else m4.NEVER


def made(text: str, device: Flag | None = None, ticks: int = 1) -> m4.Machine:
    machine = m4.Machine(irqs=16, priority_bits=3, ticks_per_cycle=ticks, cpacr=0xF << 20)
    machine.map_rom(0, assemble(text))
    machine.map_ram(RAM, 0x2000)
    if device is not None:
        device.machine = machine
        machine.map_device(DEVICE, 0x1000, device, "flag")
    machine.reset(0)
    return machine


def state(machine: m4.Machine) -> tuple[object, ...]:
    return (machine.now, machine.cycles, [machine.get(name) for name in m4.REGISTERS], machine.read_memory(RAM, 0x2000))


BUSY = """
reset:
 ldr r0, =0xe000e010
 movw r1, #{reload}
 str r1, [r0, #4]
 movs r1, #7
 str r1, [r0]
 ldr r5, =0x20000100
loop:
 adds r2, #1
 vmov s0, r2
 vcvt.f32.u32 s0, s0
 vadd.f32 s1, s0
 eor r3, r3, r2, ror #3
 str r3, [r5]
 cmp r2, #77
 it eq
 moveq r4, r3
 b loop
handler:
 ldr r0, =0x20000200
 ldr r1, [r0]
 adds r1, #1
 str r1, [r0]
 vmov s0, r1
 bx lr
"""


@given(first=st.integers(1, 20000), second=st.integers(1, 20000), reload=st.integers(40, 3000))
@settings(deadline=None, max_examples=40)
def test_a_saved_machine_goes_on_elsewhere_bit_for_bit(first, second, reload):
    machine, other = made(BUSY.format(reload=reload)), made(BUSY.format(reload=reload))
    machine.run(first)
    other.restore(machine.save())
    assert state(other) == state(machine)
    machine.run(first + second)
    other.run(first + second)
    assert state(other) == state(machine)
    assert other.save() == machine.save()


@given(cuts=st.lists(st.integers(1, 5000), max_size=20))
@settings(deadline=None, max_examples=30)
def test_a_run_in_pieces_ends_as_one_in_one(cuts):
    whole, pieces = made(BUSY.format(reload=501)), made(BUSY.format(reload=501))
    at = 0
    for cut in cuts:
        at = max(at + cut, pieces.now)
        pieces.run(at)
    whole.run(max(at, 1))
    pieces.run(max(at, 1))
    assert state(whole) == state(pieces)


def test_a_state_of_another_machine_is_refused():
    machine = made(BUSY.format(reload=100))
    with pytest.raises(ValueError, match="other memory"):
        machine.restore(machine.save()[:-1])
    with pytest.raises(ValueError, match="another version"):
        machine.restore(bytes(len(machine.save())))


@pytest.mark.parametrize("between", range(6))
def test_systick_and_the_cycle_counter_count_instructions(between):
    text = "reset:\n ldr r0, =0xe000e010\n ldr r4, =0xe0001000\n ldr r1, =100000\n str r1, [r0, #4]\n movs r1, #5\n str r1, [r0]\n movs r1, #1\n str r1, [r4]\n"
    nops = " nop\n" * between
    text += f" ldr r1, [r0, #8]\n{nops} ldr r2, [r0, #8]\n ldr r5, [r4, #4]\n{nops} ldr r6, [r4, #4]\nend: b end\n"
    machine = made(text)
    machine.run(100)
    assert machine.get("r1") - machine.get("r2") == between + 1
    assert machine.get("r6") - machine.get("r5") == between + 1


def test_systick_comes_every_reload_and_one_cycles():
    machine = made(BUSY.format(reload=999))
    machine.run(100_000)
    entered = int.from_bytes(machine.read_memory(RAM + 0x200, 4), "little")
    assert entered == (100_000 - 6) // 1000


SLEEP = "reset:\n ldr r0, =0xe000e100\n movs r1, #3\n str r1, [r0]\n{before}\nloop: {wait}\n adds r6, #1\n b loop\nhandler: adds r7, #1\n {after}\n bx lr\n"


def test_wfi_lets_time_pass_until_an_interrupt():
    machine = made(SLEEP.format(before="", wait="wfi", after=""))
    stop = machine.run(1_000_000)
    assert (str(stop), stop.now, machine.get("r6")) == ("sleeping", 1_000_000, 0)
    machine.pulse_irq(1)
    machine.run(1_000_100)
    assert (machine.get("r6"), machine.get("r7")) == (1, 1)


def test_wfi_ends_with_primask_set_and_nothing_is_entered():
    machine = made(SLEEP.format(before=" cpsid i", wait="wfi", after=""))
    machine.run(1000)
    machine.pulse_irq(0)
    machine.run(1010)
    assert machine.get("r6") > 0
    assert machine.get("r7") == 0


@pytest.mark.parametrize("wait", ["wfe", "wfe.w"])
def test_wfe_waits_unless_an_event_came_before(wait):
    machine = made(SLEEP.format(before=" sev", wait=wait, after=""))
    assert str(machine.run(1000)) == "sleeping"
    assert machine.get("r6") == 1


def test_sleep_on_exit_runs_handlers_only():
    before = " ldr r2, =0xe000ed10\n movs r3, #2\n str r3, [r2]"
    machine = made(SLEEP.format(before=before, wait="wfi", after=""))
    machine.run(100)
    for _ in range(3):
        machine.pulse_irq(1)
        machine.run(machine.now + 100)
    assert (machine.get("r6"), machine.get("r7")) == (0, 3)


def test_a_line_that_stays_high_pends_again():
    machine = made(SLEEP.format(before="", wait="wfi", after=""))
    machine.set_irq(0, True)
    machine.run(400)
    first = machine.get("r7")
    machine.set_irq(0, False)
    machine.run(500)
    settled = machine.get("r7")
    machine.run(10_000)
    assert 10 < first <= settled <= first + 2
    assert machine.get("r7") == settled


@given(limit=st.integers(1, 5000))
@settings(deadline=None, max_examples=30)
def test_a_run_overshoots_by_less_than_a_block(limit):
    machine = made(BUSY.format(reload=700))
    stop = machine.run(limit)
    assert limit <= stop.now < limit + 20  # the longest block has 16


HOSTILE = {
    "a loop": "b .", "a flood of writes": "ldr r0, =0x40000000\n1: str r1, [r0, #4]\n b 1b", "a flood of reads": "ldr r0, =0x40000000\n1: ldrb r1, [r0, #5]\n add r2, r1\n adds r2, #1\n b 1b",
    "faults for ever": "ldr r0, =0xe000ed24\n ldr r1, =0x70000\n str r1, [r0]\n udf #0", "calls for ever": "1: svc #0\n b 1b", "a stack that runs away": "1: push {r0-r7}\n b 1b",
    "code that changes itself": "ldr r0, =0x20000400\n ldr r1, =0xe7fe3001\n1: str r1, [r0]\n adds r1, #1\n orr r1, #0x3000\n ldr r2, =0x47703001\n str r2, [r0]\n orr r3, r0, #1\n blx r3\n b 1b",
    "a jump to nowhere": "ldr r0, =0x70000001\n bx r0", "interrupts without end": "ldr r0, =0xe000e010\n movs r1, #1\n str r1, [r0, #4]\n movs r1, #7\n str r1, [r0]\n b .",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_program_that_means_no_good_gives_control_back(name):
    machine = made("reset:\n " + HOSTILE[name], Flag())
    for end in range(10_000, 60_000, 10_000):
        stop = machine.run(end)
        assert stop.reason in (m4.TIME, m4.LOCKUP)
        assert stop.now < end + 100


@pytest.mark.parametrize("is_write", [False, True])
def test_a_device_that_refuses_makes_a_bus_fault(is_write):
    class Refusing(Flag):
        def read(self, offset, size):
            raise m4.BusError

        def write(self, offset, size, value):
            raise m4.BusError

    machine = made(f"reset:\n ldr r0, =0x40000010\n {'str' if is_write else 'ldr'} r1, [r0]\n b .\nhandler: b handler\n", Refusing())
    machine.run(100)
    assert machine.get("xpsr") & 0x1FF == 3
    assert (machine.read_system(0xE000_ED28), machine.read_system(0xE000_ED38)) == (0x8200, 0x4000_0010)


def test_what_a_device_raises_comes_out_of_run():
    class Broken(Flag):
        def read(self, offset, size):
            raise RuntimeError("out of order")

    machine = made("reset:\n ldr r0, =0x40000000\n1: ldr r1, [r0]\n b 1b\n", Broken())
    with pytest.raises(RuntimeError, match="out of order"):
        machine.run(100)


@pytest.mark.parametrize("way, go", [
    ("_read", m4.Machine.run), ("_write", m4.Machine.run), ("_quiet", m4.Machine.run), ("_read", m4.Machine.step), ("_write", m4.Machine.step),
])  # fmt: skip
def test_ctrl_c_on_the_way_to_a_device_ends_the_run(way, go, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    machine = made("reset:\n ldr r0, =0x40000000\n str r0, [r0]\n1: ldr r1, [r0]\n cmp r1, #0\n beq 1b\n b .\n", Flag())
    monkeypatch.setattr(m4.Machine, way, interrupted)
    with pytest.raises(KeyboardInterrupt):
        for _ in range(100):
            go(machine, machine.now + 100)


def test_code_that_another_master_writes_is_run_as_it_is():
    """A device changes the function's first instruction each time that it is told to: ADDS R0, #n."""
    class Master(Flag):
        def write(self, offset, size, value):
            self.memory[0x100] = value
            self.machine.written(SHARED + 0x100, 1)

    master = Master()
    machine = made("""
reset:
 ldr r4, =0x20004101
 ldr r5, =0x40000000
 ldr r1, =0x47703001 @ adds r0, #1; bx lr
 str r1, [r4, #-1]
1: blx r4
 adds r2, #1
 str r2, [r5]
 cmp r2, #10
 bne 1b
 b .
""", master)
    with pytest.raises(ValueError, match="no memory"):
        machine.share(0x3000_0000, 0x1000)
    master.memory = machine.map_ram(SHARED, 0x1000)
    machine.share(SHARED, 0x1000)
    machine.run(300)
    assert machine.get("r0") == 1 + sum(range(1, 10))


def test_code_that_is_written_over_other_code_is_looked_at_anew():
    """Where NOPs were is CPSIE, then a wide instruction: the interrupt comes at once, and what runs is counted."""
    machine = made("""
reset:
 ldr r4, =0x20000101
 ldr r1, =0x4770bf00 @ nop; bx lr
 bl both
 cpsid i
 ldr r5, =0xe000e100
 movs r0, #1
 str r0, [r5]
 str r0, [r5, #0x100] @ interrupt 0 is pending
 ldr r1, =0x4770b662 @ cpsie i; bx lr
 bl both
 mov r7, r6
 b .
both:
 push {lr}
 str r1, [r4, #-1]
 blx r4
 nop
 b 1f
1: pop {pc}
handler:
 adds r6, #1
 bx lr
""")
    machine.run(60)
    assert machine.get("r7") == 1


def test_bkpt_is_the_debuggers_or_a_hard_fault():
    text = "reset:\n nop\n bkpt #1\n b .\nhandler: b handler\n"
    machine = made(text)
    machine.debug(True)
    assert str(machine.run(100)) == "breakpoint"
    machine = made(text)
    assert str(machine.run(100)) == "time"
    assert (machine.get("xpsr") & 0x1FF, machine.read_system(0xE000_ED2C), machine.read_system(0xE000_ED30)) == (3, 1 << 31, 2)


@given(storm=st.integers(60, 400))
@settings(deadline=None, max_examples=10)
def test_interrupts_leave_a_computation_as_it_is(storm):
    """The sum that a program works out with floats and flags is the same with interrupts and without."""
    text = BUSY.replace(" b loop\n", " cmp r2, #400\n bne loop\nend: b end\n", 1)
    quiet, stormy = made(text.format(reload=65535)), made(text.format(reload=storm))
    quiet.run(20_000)
    stormy.run(60_000)
    names = ("r2", "r3", "r4", "s1")
    assert [quiet.get(name) for name in names] == [stormy.get(name) for name in names]
    assert int.from_bytes(stormy.read_memory(RAM + 0x200, 4), "little") > 10




CONDITIONAL = """
reset:
 ldr r5, =0x20000100
 movs r3, #0
 cmp r3, #1
 itt ne
 movne r1, #1
 strne r1, [r5]
 cmp r3, r3
 b next
 nop
next:
 mov r3, #7
 mov r4, #8
stay: b stay
"""


def test_an_it_block_that_stores_ends_where_it_ends_while_memory_is_watched():
    machine = made(CONDITIONAL)
    machine.watch("r", RAM + 0x100, 4)  # what is stored there is seen, and no reason to stop
    machine.run(100)
    assert [machine.get(name) for name in ("r1", "r3", "r4")] == [1, 7, 8]
