"""Whatever a program tries, anywhere it can reach: what is not its own stays as it is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.boards.sim import facts
from armillary.hal.cortexm.machine import BusError
from armillary.hal.sim.realtime import guard
from armillary.hal.sim.realtime.time import MILLISECOND
from armillary.wire import blocks
from tests.realtime.walled import (
    DOUT,
    DOUT_RESET,
    DOUT_SET,
    GLOBAL_CTRL,
    GPIO2,
    IO0,
    IO1,
    OE,
    OE_RESET,
    OE_SET,
    PADDRV,
    PU,
    Chip,
)  # fmt: skip


def keeps(chip):
    """What a program on IO0 must not change: foreign pins, foreign memory, the main core's."""
    gpio, other = chip.silicon.gpio, chip.chip.cores[1]
    pins = {pin: (gpio.read(pin), *gpio.inside(pin)) for pin in facts.PINS if not chip.wall.owns(IO0, pin)}
    ram = chip.silicon.realtime
    sent = len(chip.sent) + chip.chip.shared.isus[4].uart.read(0x6C, 4)  # bytes that went out, and are on their way
    return pins, bytes(other.tcm), bytes(other.sysram), ram.sysram_read(0, 0x1000), ram.sysram_read(0x2000, 4000), sent


def furnish(chip):
    """IO0 has some pins, blocks and memory; the kernel and IO1 have others, which they drive."""
    chip.silicon.power_off()
    chip.silicon.power_on()
    mine = (0, 1, 2, 3, 8, 9, 26, 27, 28, 29, 30, *range(41, 49))
    theirs = {3: (10, 16, 17, 18, 19), 1: (4, 5, 6, 7, 11, 12, 31, 60, 80)}
    for master, pins in ((2, mine), *theirs.items()):
        for pin in pins:
            chip.wall.assign(pin, master)
    chip.wall.grant(IO0, bytes([blocks.PWM, blocks.ADC, blocks.UART, blocks.I2C, blocks.SPI]))
    chip.wall.grant(IO1, bytes([blocks.UART + 4]))
    chip.wall.share(IO0, 0x8000_1000, 0x1000)
    for pin in theirs[1]:
        chip.silicon.gpio.output(pin, 1, 1)
    for register in (DOUT, OE):
        chip.write(1, GPIO2 + register, 0xF)
        chip.write(1, 0x3805_0000 + register, 0xF)
    chip.write(1, 0x380B_0564, 2)  # its UART asks DMA for data
    chip.sent.clear()
    chip.chip.shared.isus[4].uart.sent = chip.sent.append
    for core in chip.chip.cores:
        core.tcm[:4] = core.sysram[:4] = b"mine"
    chip.silicon.realtime.sysram_write(0, b"kernel's")


@pytest.fixture(scope="module")
def furnished():
    return Chip()


SHARED_REGISTERS = st.builds(
    lambda group, register, byte: 0x3801_0000 + 0x1_0000 * group + register + byte, st.sampled_from([1, 2, 4]),
    st.sampled_from([GLOBAL_CTRL, DOUT, DOUT_SET, DOUT_RESET, OE, OE_SET, OE_RESET, PU, PU + 4, PADDRV, 0x110]), st.integers(0, 3),
)  # fmt: skip
ANYWHERE = st.one_of(
    st.tuples(st.integers(0, 200), st.integers(0, 0x1FFF)), st.integers(0x8000_0000, 0x8000_FFFC), st.integers(0x3001_0020, 0x3001_0050),
)  # fmt: skip
VALUES = st.one_of(st.sampled_from([0, 1, 0xFFFF_FFFF, 1 << 31, 1 << 15, 0x2200_0000, 0x3807_0500, 0x8000_1000]), st.integers(0, 0xFFFF_FFFF))
WRITES = st.tuples(st.one_of(SHARED_REGISTERS, ANYWHERE), st.sampled_from([1, 2, 4]), VALUES)
TRANSFERS = st.tuples(st.just("dma"), st.integers(0, 29), st.sampled_from([0x3807_0500, 0x380B_0500, 0x380B_0340, 0x380B_0290, 0x3800_0200]))
TRIES = st.lists(st.one_of(WRITES, TRANSFERS), min_size=10, max_size=60)


def attempt(chip, what):
    """One thing that a program on IO0 tries."""
    if what[0] == "dma":
        _, channel, register = what
        for offset, value in ((0x60, register), (0x2C, 0x2200_0000), (0x44, 64), (0x10, 4), (0x14, 0), (0x5C, 8), (0x18, 1 << 15)):
            chip.write(0, 0x2108_0000 + 0x100 * channel + offset, value)
        return
    address, size, value = what
    if not isinstance(address, int):
        places = chip.chip.cores[0].machine.device_places()
        base, length = places[address[0] % len(places)]
        address = base + address[1] % length
    chip.write(0, address, value & (1 << 8 * size) - 1, size)
    chip.read(0, address, size)


@given(TRIES)
@settings(max_examples=400, deadline=None)
def test_whatever_a_program_does_wherever_nothing_of_others_changes(furnished, tries):
    furnish(furnished)
    before = keeps(furnished)
    for what in tries:
        try:
            attempt(furnished, what)
        except BusError:
            pass
    furnished.chip.scheduler.run(furnished.chip.scheduler.now + MILLISECOND)
    assert keeps(furnished) == before


@pytest.mark.parametrize("flaw", ["bits", "dma", "rows"])
def test_with_a_part_of_the_firewall_left_out_it_is_found(monkeypatch, flaw):
    """The same property, and each part of the guard taken out: what is left does not hold it."""
    if flaw == "bits":
        monkeypatch.setattr(guard.Guarded, "_bits", lambda self, row, word: None)
    elif flaw == "dma":
        monkeypatch.setattr(guard.Guard, "_port", lambda self, core, channel, port: port)
    else:
        monkeypatch.setattr(guard.Guard, "reaches", lambda self, *what: True)
    chip = Chip()
    furnish(chip)
    before = keeps(chip)
    tries = {"bits": [(GPIO2 + OE_RESET, 4, 0xF)], "dma": [("dma", 21, 0x380B_0500)], "rows": [(0x8000_0000, 4, 0)]}[flaw]
    for what in tries:
        attempt(chip, what)
    chip.chip.scheduler.run(chip.chip.scheduler.now + MILLISECOND)
    assert keeps(chip) != before
