"""The bus firewall: for every master, call and partition, the gate does what the table says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.boards.sim import facts
from armillary.hal import abi
from armillary.hal.sim import firewall as walls
from armillary.hal.sim.firewall import KERNEL, KERNEL_PINS, MASTERS, MONITOR, PLUTON, Firewall
from armillary.hal.sim.silicon import Silicon
from armillary.wire import partition
from armillary.wire.call import Port
from armillary.wire.fault import Denied, Fault, Invalid, Locked, NoDevice

LAYOUT = facts.FLASH_LAYOUT

# Written out by hand, not taken from the module under test: who may write which partition.
WRITERS = {
    partition.BOOTLOADER_ONE: (),
    partition.BOOTLOADER_ONE_BACKUP: (),
    partition.LOCATOR_TABLE: (MONITOR,),
    partition.LOCATOR_TABLE_BACKUP: (MONITOR,),
    partition.PLUTON_STORAGE: (PLUTON,),
    partition.LOG_STORAGE: (MONITOR,),
    partition.TELEMETRY_STORAGE: (MONITOR,),
    partition.NW_CONFIG: (MONITOR,),
    partition.FIRMWARE: (MONITOR,),
    partition.BACKUPS: (MONITOR,),
    partition.APPLICATIONS: (MONITOR,),
}
READERS = (PLUTON, MONITOR)
ISU_PINS = (range(26, 31), range(31, 36), range(36, 41), range(66, 71), range(71, 76))


def outcome(chip, master, call, *arguments):
    """Denied's class, or None if the firewall let the call pass."""
    try:
        chip.port(master).call(call, *arguments)
    except Denied as denied:
        return denied
    except Fault:
        return None
    return None


def test_the_hand_written_table_names_every_partition_of_the_board():
    assert set(WRITERS) == set(LAYOUT) == set(walls.ANYWHERE)


@pytest.mark.parametrize("number", WRITERS)
@pytest.mark.parametrize("master", MASTERS)
def test_flash_is_reached_as_the_table_says(chip, master, number):
    start, size = LAYOUT[number]
    for offset in (start, start + size // 2, start + size - facts.FLASH_SECTOR):
        read = outcome(chip, master, abi.FLASH_READ, offset, 16)
        program = outcome(chip, master, abi.FLASH_PROGRAM, offset, b"\x00" * 16)
        erase = outcome(chip, master, abi.FLASH_ERASE, offset)
        assert (read is None) == (master in READERS)
        assert (program is None) == (erase is None) == (master in WRITERS[number])
        written = chip.flash.read(offset, 16) != b"\xff" * 16 or offset // facts.FLASH_SECTOR in chip.flash.wear
        assert written == (master in WRITERS[number])


class Gap:
    """The board's numbers, but for one partition that is not there."""

    def __getattr__(self, name):
        return getattr(facts, name)

    FLASH_LAYOUT = {number: place for number, place in LAYOUT.items() if number != partition.TELEMETRY_STORAGE}


def test_gaps_between_partitions_can_be_read_by_root_and_written_by_nobody():
    chip = Silicon(Gap())
    gap = LAYOUT[partition.TELEMETRY_STORAGE][0]
    for master in MASTERS:
        assert (outcome(chip, master, abi.FLASH_READ, gap, 16) is None) == (master in READERS)
        assert outcome(chip, master, abi.FLASH_PROGRAM, gap, b"\x00")
        assert outcome(chip, master, abi.FLASH_ERASE, gap)


@pytest.mark.parametrize("number", [n for n in WRITERS if WRITERS[n]])
def test_a_write_may_not_run_over_an_edge_of_its_partition(chip, number):
    start, size = LAYOUT[number]
    master = WRITERS[number][0]
    before = outcome(chip, master, abi.FLASH_PROGRAM, start - 8, b"\x00" * 16)
    after = outcome(chip, master, abi.FLASH_PROGRAM, start + size - 8, b"\x00" * 16) if start + size < facts.FLASH_SIZE else before
    assert before and after
    assert chip.rail.count == 0


def test_beyond_the_end_of_flash_there_is_nothing(chip):
    for offset, length in ((facts.FLASH_SIZE - 8, 16), (facts.FLASH_SIZE, 1), (2**32 - 1, 4000)):
        for call, last in ((abi.FLASH_READ, length), (abi.FLASH_PROGRAM, bytes(length))):
            with pytest.raises(Invalid):
                chip.port(MONITOR).call(call, offset, last)
    with pytest.raises(Invalid):
        chip.port(MONITOR).call(abi.FLASH_ERASE, facts.FLASH_SIZE)


ONLY = {
    abi.FUSE_READ: ((0,), (PLUTON,)),
    abi.FUSE_BLOW: ((0, bytes(32)), (PLUTON,)),
    abi.FUSE_LOCK: ((0, 1), (PLUTON,)),
    abi.ENTROPY_READ: ((16,), (PLUTON,)),
    abi.CLOCK_READ: ((), MASTERS),
    abi.FLASH_GEOMETRY: ((), READERS),
    abi.WATCHDOG_START: ((1,), (MONITOR,)),
    abi.WATCHDOG_TEND: ((), (MONITOR,)),
    abi.GPIO_ASSIGN: ((1, 1), (MONITOR,)),
    abi.GPIO_LOCK: ((), (MONITOR,)),
    abi.TASK_CREATE: (("app", 1, 1), (KERNEL,)),
    abi.TASK_LOAD: ((0, 0, b""), (KERNEL,)),
    abi.TASK_START: ((0, 0), (KERNEL,)),
    abi.TASK_STATUS: ((0,), (KERNEL,)),
    abi.TASK_END: ((0,), (KERNEL,)),
    abi.NET_OPEN: (("host", 1), (KERNEL,)),
    abi.NET_STATUS: ((0,), (KERNEL,)),
    abi.NET_SEND: ((0, b""), (KERNEL,)),
    abi.NET_RECEIVE: ((0, 1), (KERNEL,)),
    abi.NET_CLOSE: ((0,), (KERNEL,)),
    abi.TASK_FETCH: ((0, 0, 0, 1), (KERNEL,)),
    abi.CORE_STOP: ((3,), (MONITOR,)),
    abi.CORE_GRANT: ((3, b""), (MONITOR,)),
    abi.CORE_SHARE: ((3, 0, 0), (MONITOR,)),
    abi.CORE_STATUS: ((3,), (MONITOR,)),
    abi.CORE_REPORT: ((3, 0), (MONITOR,)),
    abi.CORE_DENIAL: ((3, 0), (MONITOR,)),
    abi.MBOX_READ: ((3, 0), (KERNEL,)),
    abi.MBOX_WRITE: ((3, 0, 0), (KERNEL,)),
    abi.SYSRAM_READ: ((0, 1), (KERNEL,)),
    abi.SYSRAM_WRITE: ((0, b""), (KERNEL,)),
}


@pytest.mark.parametrize("call", ONLY, ids=lambda call: call.name)
@pytest.mark.parametrize("master", MASTERS)
def test_devices_are_reached_as_the_table_says(chip, master, call):
    arguments, allowed = ONLY[call]
    assert (outcome(chip, master, call, *arguments) is None) == (master in allowed)


@pytest.mark.parametrize("core", range(5))
@pytest.mark.parametrize("master", MASTERS)
def test_each_root_ring_starts_the_next_core_only(chip, master, core):
    allowed = (master, core) in ((PLUTON, 1), (MONITOR, 2), (MONITOR, 3), (MONITOR, 4))
    assert (outcome(chip, master, abi.CORE_LOAD, core, 0, b"code") is None) == allowed
    assert (outcome(chip, master, abi.CORE_START, core, 4) is None) == allowed
    assert chip.started == ([(core, b"code")] if allowed and core < 3 else [])


@pytest.mark.parametrize("number", range(6))
def test_only_the_kernel_reaches_more_than_the_debug_uart(chip, number):
    for pin in facts.PINS:
        chip.firewall.assign(pin, KERNEL_PINS)
    for master in MASTERS:
        writes = outcome(chip, master, abi.UART_WRITE, number, b"x") is None
        reads = outcome(chip, master, abi.UART_READ, number, 1) is None
        assert writes == (number == 0 or master == KERNEL)
        assert reads == (master == (MONITOR if number == 0 else KERNEL))


BUSES = [  # (call, its arguments, the pins that it takes)
    *[(abi.I2C_TRANSFER, (unit, 0x6A, 1, b"x"), ISU_PINS[unit]) for unit in range(5)],
    *[(abi.SPI_SELECT, (unit, 0, 1), ISU_PINS[unit]) for unit in range(5)],
    *[(abi.SPI_TRANSFER, (unit, 0, 1, b"x"), ISU_PINS[unit]) for unit in range(5)],
    *[(abi.UART_WRITE, (unit + 1, b"x"), ISU_PINS[unit]) for unit in range(5)],
    *[(abi.UART_READ, (unit + 1, 1), ISU_PINS[unit]) for unit in range(5)],
    *[(abi.UART_CONFIGURE, (unit + 1, 9600, 8, 0, 1, 0), ISU_PINS[unit]) for unit in range(5)],
    (abi.ADC_READ, (0,), range(41, 49)),
    *[(abi.PWM_APPLY, (number, 1, 1000, 500, 0, 1), range(4 * number, 4 * number + 4)) for number in range(3)],
]


@pytest.mark.parametrize("call, arguments, pins", BUSES)
def test_the_kernel_reaches_a_bus_with_every_pin_behind_it(chip, call, arguments, pins):
    for pin in pins:
        assert isinstance(outcome(chip, KERNEL, call, *arguments), Denied)
        chip.firewall.assign(pin, KERNEL_PINS)
    assert outcome(chip, KERNEL, call, *arguments) is None
    assert [isinstance(outcome(chip, master, call, *arguments), Denied) for master in (PLUTON, MONITOR)] == [True, True]


@pytest.mark.parametrize("call, arguments, pins", BUSES)
def test_a_bus_with_a_pin_of_a_real_time_core_is_not_the_kernels(chip, call, arguments, pins):
    for pin in pins:
        chip.firewall.assign(pin, KERNEL_PINS)
    chip.firewall.assign(pins[2], 3)
    fault = outcome(chip, KERNEL, call, *arguments)
    assert isinstance(fault, Denied) and fault.policy == f"pin {pins[2]} owner=real-time core 1"


@pytest.mark.parametrize("call, arguments", [
    (abi.I2C_TRANSFER, (0x6A, 1, b"x")), (abi.SPI_SELECT, (0, 1)), (abi.SPI_TRANSFER, (0, 1, b"x")),
])  # fmt: skip
def test_a_unit_that_leads_to_no_pin_is_no_device(chip, call, arguments):
    with pytest.raises(NoDevice):
        chip.port(KERNEL).call(call, 5, *arguments)


def test_every_call_of_the_gate_is_in_one_of_these_tables():
    by_range = {
        abi.FLASH_READ, abi.FLASH_PROGRAM, abi.FLASH_ERASE, abi.UART_READ, abi.UART_WRITE,
        abi.FLASH_FETCH, abi.CORE_FETCH, abi.CORE_LOAD, abi.CORE_START, abi.GPIO_CONFIGURE, abi.GPIO_READ, abi.GPIO_WRITE, abi.RESET,
    }  # fmt: skip
    assert by_range | set(ONLY) | {call for call, _, _ in BUSES} == set(abi.CALLS)


@pytest.mark.parametrize("master", MASTERS)
def test_bulk_copies_obey_the_same_table(chip, master):
    window = bytearray(8192)
    port = Port(chip.gate(master, window=window))
    chip.flash.program(0, b"loader")
    for call, arguments, allowed in (
        (abi.FLASH_FETCH, (0, 6, 16), READERS),
        (abi.CORE_FETCH, (1, 0, 16, 6), (PLUTON,)),
        (abi.CORE_FETCH, (2, 0, 16, 6), (MONITOR,)),
    ):
        try:
            port.call(call, *arguments)
        except Denied:
            assert master not in allowed
        else:
            assert master in allowed
    assert (window[16:22] == b"loader") == (master in READERS)


def test_bulk_copies_stay_within_the_window(chip):
    port = Port(chip.gate(MONITOR, window=bytearray(100)))
    port.call(abi.FLASH_FETCH, 0, 100, 0)
    for at, length in ((0, 101), (1, 100), (100, 1), (0xFFFF_FFFF, 1), (0xFFFF_FFF0, 0x20)):
        with pytest.raises(Invalid):
            port.call(abi.FLASH_FETCH, 0, length, at)
    with pytest.raises(NoDevice):
        chip.port(MONITOR).call(abi.FLASH_FETCH, 0, 1, 0)


def test_the_kernel_cannot_reset_the_chip(chip):
    assert outcome(chip, KERNEL, abi.RESET, 0)
    assert list(chip.chip.reasons) == []


# -- the firewall alone, without the gate's own list of callers in front of it ------------------------

FIREWALL_ALONE = [
    lambda f: f.flash(KERNEL, "read", 0, 1),
    lambda f: f.flash(KERNEL, "write", LAYOUT[partition.FIRMWARE][0], 1),
    lambda f: f.flash("radio", "read", 0, 1),
    lambda f: f.flash(MONITOR, "execute", LAYOUT[partition.FIRMWARE][0], 1),
    lambda f: f.flash(MONITOR, "write", 0, 1),
    lambda f: f.device(KERNEL, "fuses"),
    lambda f: f.device(MONITOR, "fuses"),
    lambda f: f.device(MONITOR, "entropy"),
    lambda f: f.device(PLUTON, "network"),
    lambda f: f.device(PLUTON, "a device nobody listed"),
    lambda f: f.uart(PLUTON, "read", 0),
    lambda f: f.core(KERNEL, 1),
    lambda f: f.core(MONITOR, 1),
    lambda f: f.pin(MONITOR, 8),
    lambda f: f.pin(KERNEL, 8),
]


@pytest.mark.parametrize("attempt", FIREWALL_ALONE)
def test_the_firewall_refuses_by_itself_and_says_why(attempt):
    with pytest.raises(Denied) as caught:
        attempt(Firewall(LAYOUT, facts.PINS))
    fault = caught.value
    assert fault.ring == "hal" and fault.rule.startswith("firewall.")
    assert fault.reason and fault.policy


@pytest.mark.parametrize("name", sorted(walls.DEVICES))
def test_the_firewall_alone_gives_devices_as_written_here(name):
    allowed = {
        "fuses": {PLUTON}, "entropy": {PLUTON}, "clock": {PLUTON, MONITOR, KERNEL}, "watchdog": {MONITOR},
        "reset": {PLUTON, MONITOR}, "pin owners": {MONITOR}, "tasks": {KERNEL}, "network": {KERNEL},
            "real-time cores": {MONITOR}, "intercore": {KERNEL},
    }  # fmt: skip
    passed = set()
    for master in (*MASTERS, "radio"):
        try:
            Firewall(LAYOUT, facts.PINS).device(master, name)
            passed.add(master)
        except Denied:
            pass
    assert passed == allowed[name]


def test_the_kernels_pins_are_not_the_monitors():
    wall = Firewall(LAYOUT, facts.PINS)
    wall.assign(8, 1)
    wall.pin(KERNEL, 8)
    for master in (PLUTON, MONITOR, "radio"):
        with pytest.raises(Denied):
            wall.pin(master, 8)


def test_without_the_firewall_the_attack_it_stops_works(chip, monkeypatch):
    """The other side of the defence: a compromised monitor overwrites the boot loader."""
    attack = (abi.FLASH_PROGRAM, LAYOUT[partition.BOOTLOADER_ONE][0], b"\x00" * 64)
    assert outcome(chip, MONITOR, *attack)
    assert chip.flash.read(0, 64) == b"\xff" * 64
    assert chip.denials[-1][:2] == (MONITOR, "flash_program")
    monkeypatch.setattr(Firewall, "flash", lambda *_: None)
    assert outcome(chip, MONITOR, *attack) is None
    assert chip.flash.read(0, 64) == b"\x00" * 64


# -- pins --------------------------------------------------------------------------------------------


def test_a_pin_is_its_owners_alone(chip):
    monitor, kernel = chip.port(MONITOR), chip.port(KERNEL)
    for owner in (0, 2, 3):
        monitor.call(abi.GPIO_ASSIGN, 8, owner)
        for call, rest in ((abi.GPIO_CONFIGURE, (1,)), (abi.GPIO_READ, ()), (abi.GPIO_WRITE, (1,))):
            denied = outcome(chip, KERNEL, call, 8, *rest)
            assert denied and denied.policy == "pin 8 owner=" + walls.OWNERS[owner] and "kernel" in denied.remedy
    monitor.call(abi.GPIO_ASSIGN, 8, 1)
    kernel.call(abi.GPIO_CONFIGURE, 8, 1)
    kernel.call(abi.GPIO_WRITE, 8, 1)
    assert chip.gpio.read(8) == 1
    assert outcome(chip, KERNEL, abi.GPIO_READ, 9)


def test_a_pin_that_changes_hands_is_an_input_again(chip):
    monitor, kernel = chip.port(MONITOR), chip.port(KERNEL)
    monitor.call(abi.GPIO_ASSIGN, 8, 1)
    kernel.call(abi.GPIO_CONFIGURE, 8, 1)
    kernel.call(abi.GPIO_WRITE, 8, 1)
    monitor.call(abi.GPIO_ASSIGN, 8, 1)
    assert chip.gpio.read(8) == 1
    monitor.call(abi.GPIO_ASSIGN, 8, 0)
    assert (chip.gpio.read(8), chip.gpio.mode(8)) == (0, 0)


def test_locked_owners_stay_until_reset(chip):
    monitor = chip.port(MONITOR)
    monitor.call(abi.GPIO_ASSIGN, 8, 1)
    monitor.call(abi.GPIO_LOCK)
    for pin, owner in ((8, 0), (9, 1)):
        with pytest.raises(Locked):
            monitor.call(abi.GPIO_ASSIGN, pin, owner)
    assert chip.firewall.owner(8) == 1 and chip.firewall.owner(9) == 0
    chip.power_on()
    assert chip.firewall.owner(8) == 0
    monitor.call(abi.GPIO_ASSIGN, 9, 1)


def test_pins_that_do_not_exist_have_no_owner(chip):
    with pytest.raises(NoDevice):
        chip.port(MONITOR).call(abi.GPIO_ASSIGN, 24, 1)
    with pytest.raises(NoDevice):
        chip.port(KERNEL).call(abi.GPIO_READ, 24)
    with pytest.raises(Invalid):
        chip.firewall.assign(8, 4)


# -- any range at all --------------------------------------------------------------------------------

EDGES = sorted({edge + d for start, size in LAYOUT.values() for edge in (start, start + size) for d in (-1, 0, 1)})
OFFSETS = st.one_of(st.sampled_from([e for e in EDGES if e >= 0]), st.integers(0, 2**32 - 1))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(MASTERS), OFFSETS, st.integers(1, 4000))
def test_every_byte_of_a_write_that_passes_was_this_masters_to_write(master, offset, length):
    chip = Silicon(facts)
    rights = [LAYOUT[number] for number in WRITERS if master in WRITERS[number]]
    within = any(start <= offset and offset + length <= start + size for start, size in rights)
    try:
        chip.port(master).call(abi.FLASH_PROGRAM, offset, bytes(length))
        assert within
    except Denied:
        assert not within
    except Invalid:
        assert offset + length > facts.FLASH_SIZE
    if not within:
        assert chip.rail.count == 0
