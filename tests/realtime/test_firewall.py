"""The bus firewall before the shared peripherals: what a real-time core reaches, from both sides of every rule."""


import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from armillary.hal.cortexm.machine import BusError
from armillary.hal.sim.realtime import guard, walls
from armillary.wire import blocks
from tests.realtime.walled import (
    DIN,
    DOUT,
    DOUT_RESET,
    DOUT_SET,
    GLOBAL_CTRL,
    GPIO2,
    IO0,
    OE,
    OE_RESET,
    OE_SET,
    PADDRV,
    PU,
    Chip,
)  # fmt: skip


@pytest.fixture
def chip():
    return Chip()


# Written out by hand, not taken from the table under test: a register of each block, and what opens it.
OPENED_BY = {
    "PWM1": (0x3802_1100, "block", blocks.PWM + 1), "ADC": (0x3800_0100, "block", blocks.ADC),
    "ADC clock": (0x3003_0208, "block", blocks.ADC), "I2S0": (0x380D_0000, "block", blocks.I2S),
    "I2S1 pins": (0x380E_0110, "block", blocks.I2S + 1), "I2S1 FIFO": (0x3810_0000, "block", blocks.I2S + 1),
    "ISU0 UART": (0x3807_0500, "block", blocks.UART), "ISU5 UART": (0x380C_0510, "block", blocks.UART + 5),
    "ISU3 I2C": (0x380A_0274, "block", blocks.I2C + 3), "ISU1 SPI": (0x3808_0328, "block", blocks.SPI + 1),
    "ISU2 SPI slave": (0x3809_0400, "block", blocks.SPI + 2),
    "GPIO2": (GPIO2 + DOUT, "pins", (9,)), "ISU4 pins": (0x380B_0010, "pins", (73,)), "ADC pins": (0x3800_0010, "pins", (48,)),
    "I2S0 pins": (0x380D_0110, "pins", (60,)), "pin multiplexer": (0x3001_0024, "pins", (11,)),
    "counter 2": (GPIO2 + 0x14C, "pins", (8, 9, 10)), "counters' clock": (0x3003_0210, "pins", (17,)),
    "senses of external interrupts": (0x3106_0200, "pins", (3,)),
}  # fmt: skip


@pytest.mark.parametrize("name", OPENED_BY)
@pytest.mark.parametrize("core", [0, 1])
def test_a_block_is_reached_by_whom_it_was_given_and_by_nobody_else(chip, name, core):
    address, kind, what = OPENED_BY[name]
    with pytest.raises(BusError):
        chip.read(core, address)
    with pytest.raises(BusError):
        chip.write(core, address, 0)
    if kind == "block":
        chip.wall.grant(IO0 + core, bytes([what]))
    else:
        for pin in what:
            chip.wall.assign(pin, 2 + core)
    chip.read(core, address)
    chip.write(core, address, 0)
    with pytest.raises(BusError):
        chip.read(1 - core, address)


def test_everything_that_is_mapped_beyond_a_cores_own_is_refused_at_first(chip):
    """Whatever is added to the chip later, too: what no row names is nobody's."""
    opened = []
    for core in chip.chip.cores:
        for base, size in core.machine.device_places():
            if base < 0x3000_0000:
                continue
            for address in range(base, base + min(size, 0x2000), 4):
                device, offset = chip._find(core.number, address)
                for attempt in (lambda d=device, o=offset: d.read(o, 4), lambda d=device, o=offset: d.write(o, 4, 0xFFFF_FFFF)):
                    try:
                        attempt()
                        opened.append(address)
                    except BusError:
                        pass
    assert set(opened) == {0x3003_0120, 0x3009_0190}  # the clock of the core's own debug UART; which crystal there is


def test_no_row_of_the_table_reaches_into_another():
    for one, other in zip(walls.TABLE, walls.TABLE[1:]):
        assert one.start + one.size <= other.start


@pytest.mark.parametrize("name", walls.FORBIDDEN)
def test_places_of_the_system_are_refused_and_named(chip, name):
    start, size = walls.FORBIDDEN[name]
    for number in blocks.KINDS:
        chip.wall.grant(IO0, bytes(range(blocks.FIRST[number], blocks.FIRST[number] + blocks.COUNTS[number])))
        with pytest.raises(BusError):
            chip.write(0, start + size - 4, 1)
    assert chip.refused(0) == [(f"{name}+{size - 4:#x}", True, len(blocks.KINDS))]


@pytest.mark.parametrize("other", [0, 1, 3])  # nobody, the kernel, the other real-time core
def test_a_set_register_with_the_bit_of_a_foreign_pin_is_refused(chip, other):
    chip.wall.assign(8, 2)
    chip.wall.assign(9, other)
    chip.write(0, GPIO2 + DOUT_SET, 1)
    for value in (2, 3):
        with pytest.raises(BusError):
            chip.write(0, GPIO2 + DOUT_SET, value)
        with pytest.raises(BusError):
            chip.write(0, GPIO2 + OE_RESET, value)
    assert chip.read(0, GPIO2 + DOUT) == 1


def test_reading_changing_and_writing_back_leaves_the_other_cores_pin_alone(chip):
    chip.wall.assign(8, 2)
    chip.wall.assign(9, 3)
    for core, bit in ((0, 1), (1, 2)):
        chip.write(core, GPIO2 + OE, bit)
        chip.write(core, GPIO2 + DOUT, bit)
    assert [chip.read(core, GPIO2 + DOUT) for core in (0, 1)] == [1, 2]
    chip.write(0, GPIO2 + DOUT, 0)
    assert chip.silicon.gpio.read(9) == 1 and chip.silicon.gpio.read(8) == 0
    chip.write(0, GPIO2 + DOUT, 0xF)  # all of them, in vain
    chip.write(1, GPIO2 + DOUT, 0)
    assert [chip.silicon.gpio.read(pin) for pin in range(8, 12)] == [1, 0, 0, 0]


def test_levels_of_foreign_pins_are_not_told(chip):
    chip.wall.assign(8, 2)
    chip.silicon.gpio.drive(8, 1)
    chip.silicon.gpio.drive(9, 1)
    assert chip.read(0, GPIO2 + DIN) == 1
    assert chip.read(0, GPIO2 + DIN, 1) == 1
    chip.wall.assign(9, 2)
    assert chip.read(0, GPIO2 + DIN) == 3


def test_what_belongs_to_no_pin_is_for_who_is_alone_in_the_block(chip):
    chip.wall.assign(8, 2)
    chip.write(0, GPIO2 + GLOBAL_CTRL, 6)  # the other pins are nobody's
    chip.wall.assign(9, 1)
    with pytest.raises(BusError):
        chip.write(0, GPIO2 + GLOBAL_CTRL, 0)
    assert chip.read(0, GPIO2 + GLOBAL_CTRL) == 6


def test_the_bit_of_software_pulls_can_be_set_but_not_taken_from_a_neighbour(chip):
    chip.wall.assign(8, 2)
    chip.wall.assign(9, 3)
    chip.write(1, GPIO2 + PU, 1 << 31 | 2)
    assert chip.silicon.gpio.read(9) == 1
    chip.write(0, GPIO2 + PU, 0)
    chip.write(0, GPIO2 + PU + 8, 1 << 31)
    assert chip.silicon.gpio.read(9) == 1
    chip.write(0, GPIO2 + PU, 1 << 31 | 1)
    assert chip.silicon.gpio.read(8) == 1


def test_pins_with_several_bits_each_are_divided_too(chip):
    chip.wall.assign(9, 2)
    chip.wall.assign(10, 3)
    chip.write(0, GPIO2 + PADDRV, 0xFF)
    assert chip.read(0, GPIO2 + PADDRV) == 0b1100 and chip.read(1, GPIO2 + PADDRV) == 0
    chip.write(0, 0x3001_0024, 0xFFFF_FFFF)  # the multiplexer of pins 8 to 15
    assert chip.read(0, 0x3001_0024) == 0x0000_00F0 and chip.read(1, 0x3001_0024) == 0


def test_what_a_driver_writes_to_the_pulls_of_every_group_is_dropped_and_noted(chip):
    chip.wall.assign(8, 2)
    chip.wall.assign(4, 3)
    chip.write(1, 0x3802_0000 + PU, 1 << 31 | 1)
    for group in range(6):
        for pulls in (0x30, 0x40):
            chip.write(0, 0x3801_0000 + 0x1_0000 * group + pulls, 1 << 31)
    assert chip.silicon.gpio.read(4) == 1  # the other core's pull still holds
    assert len(chip.refused(0)) == 10 and chip.chip.shared.gpio[5].words[PU] == 0
    with pytest.raises(BusError):
        chip.write(0, 0x3802_0000 + PU, 1 << 31 | 1)


REGISTERS = st.sampled_from([DOUT, DOUT_SET, DOUT_RESET, OE, OE_SET, OE_RESET, PU, PU + 4, PU + 8, PADDRV, GLOBAL_CTRL, 0x7C])
ATTEMPTS = st.lists(st.tuples(st.integers(0, 1), REGISTERS, st.sampled_from([1, 2, 4]), st.integers(0, 3), st.integers(0, 0xFFFF_FFFF)), max_size=30)


@example(owners=[2, 3, 0, 0], attempts=[(0, PU, 1, 0, 1), (1, PU, 1, 3, 128)])
@given(st.lists(st.integers(0, 3), min_size=4, max_size=4), ATTEMPTS)
@settings(max_examples=100, deadline=None)
def test_whatever_two_cores_write_each_pin_follows_its_owner_alone(owners, attempts):
    chip = Chip()
    for pin, owner in enumerate(owners):
        chip.wall.assign(8 + pin, owner)
        for pulls in (PU, PU + 0x10):  # their one bit for all pins is set: who sets it lets the others' pulls hold, too
            if owner in (2, 3):
                chip.write(owner - 2, GPIO2 + pulls, 1 << 31)
    for core, register, size, place, value in attempts:
        before = [(chip.silicon.gpio.read(pin), chip.silicon.gpio.mode(pin)) for pin in range(8, 12)]
        width = [chip.chip.shared.gpio[2].words[PADDRV] >> 2 * pin & 3 for pin in range(4)]
        try:
            chip.write(core, GPIO2 + register + place, value & (1 << 8 * size) - 1, size)  # also across its end
        except BusError:
            pass
        after = [(chip.silicon.gpio.read(pin), chip.silicon.gpio.mode(pin)) for pin in range(8, 12)]
        strength = [chip.chip.shared.gpio[2].words[PADDRV] >> 2 * pin & 3 for pin in range(4)]
        for pin, owner in enumerate(owners):
            if owner != 2 + core:
                assert before[pin] == after[pin] and width[pin] == strength[pin]


BEHIND = {blocks.PWM + 1: 7, blocks.ADC: 41, blocks.I2S: 60, blocks.UART + 2: 36, blocks.I2C: 30, blocks.SPI + 4: 71}  # a pin of each


@pytest.mark.parametrize("block", BEHIND)
@pytest.mark.parametrize("owner", [1, 3])
def test_a_block_is_of_no_use_while_another_master_owns_a_pin_behind_it(chip, block, owner):
    address = {blocks.PWM + 1: 0x3802_1100, blocks.ADC: 0x3800_0100, blocks.I2S: 0x380D_0000, blocks.UART + 2: 0x3809_0500,
               blocks.I2C: 0x3807_0274, blocks.SPI + 4: 0x380B_0328}[block]  # fmt: skip
    chip.wall.grant(IO0, bytes([block]))
    chip.write(0, address, 0)
    chip.wall.assign(BEHIND[block], owner)
    with pytest.raises(BusError):
        chip.write(0, address, 0)
    chip.wall.assign(BEHIND[block], 2)
    chip.write(0, address, 0)


def test_a_denial_is_told_once_and_counted(chip):
    for _ in range(5):
        with pytest.raises(BusError):
            chip.write(0, GPIO2 + DOUT_SET, 1)
    assert chip.refused(0) == [("GPIO2.DOUT_SET", True, 5)]
    (master, call, why), = chip.silicon.denials
    assert master == "io0" and call == "" and "real-time core 0 may not write GPIO2.DOUT_SET" in why
    assert "Gpio: the pin among 8, 9, 10, 11" in why


def test_a_program_that_tries_everything_is_remembered_within_bounds(chip):
    for word in range(0x0, 0x1_0000, 4):
        with pytest.raises(BusError):
            chip.read(1, 0x8000_0000 + word)
    assert len(chip.refused(1)) == guard.MOST_DENIALS == len(chip.silicon.denials)


@pytest.mark.parametrize("irq, opened", [
    (44, blocks.I2C), (45, blocks.SPI), (47, blocks.UART), (67, blocks.UART + 5), (68, blocks.I2S), (70, blocks.ADC),
])  # fmt: skip
def test_the_interrupt_of_a_block_reaches_its_owner_alone(chip, irq, opened):
    assert not chip.guard.hears(0, irq)
    chip.wall.grant(IO0, bytes([opened]))
    assert chip.guard.hears(0, irq) and not chip.guard.hears(1, irq)


def test_the_interrupts_of_a_cores_own_blocks_reach_it_always(chip):
    assert all(chip.guard.hears(0, irq) for irq in (*range(20), 77, 78, 79))


def test_a_dma_channel_moves_nothing_for_a_core_that_was_not_granted_its_block(chip):
    dma = [core.dma for core in chip.chip.cores]
    chip.wall.grant(IO0, bytes([blocks.UART]))
    for core in (0, 1):
        engine, sysram = dma[core], chip.chip.cores[core].sysram
        sysram[:4] = b"ABCD"
        base = 0x100 * 13
        for offset, value in ((0x60, 0x3807_0500), (0x2C, 0x2200_0000), (0x44, 256), (0x10, 0), (0x14, 0x10), (0x5C, 4), (0x18, 1 << 15)):
            engine.write(base + offset, 4, value)
        chip.write(0, 0x3807_0564, 2)  # the UART asks for data
        assert engine.channels[13].filled() == (0 if core == 0 else 4)
    assert chip.refused(1) == [("DMA.CH13", False, chip.guard.denials(1)[0].count)] and not chip.refused(0)
    assert "Uart ISU0" in chip.guard.denials(1)[0].policy


def test_the_rings_memory_is_open_where_it_was_shared(chip):
    chip.wall.share(IO0, 0x8000_1000, 0x1000)
    chip.silicon.realtime.sysram_write(0x1000, b"rings")
    assert chip.read(0, 0x8000_1000) == int.from_bytes(b"ring", "little")
    chip.write(0, 0x8000_1FFE, 0xBEEF, 2)
    assert chip.silicon.realtime.sysram_read(0x1FFE, 2) == b"\xef\xbe"
    for core, address in ((0, 0x8000_0FFC), (0, 0x8000_2000), (1, 0x8000_1000)):
        with pytest.raises(BusError):
            chip.read(core, address)


def test_an_external_interrupt_of_a_foreign_pin_does_not_reach_a_core(chip):
    chip.wall.assign(12, 3)
    chip.silicon.gpio.drive(12, 1)
    assert [core.irq_config.levels[12] for core in chip.chip.cores] == [0, 1]
