"""Every promise of `hal.interface`, checked on the model itself and on its client across the gate."""

import inspect

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.boards.sim import facts
from armillary.boards.sim.realtime import RealTimeBox
from armillary.hal import port as ports
from armillary.hal.interface import (
    Buses,
    Chip,
    Clock,
    Cores,
    Entropy,
    Flash,
    Fuses,
    Gpio,
    Intercore,
    Network,
    PinOwnership,
    Pwm,
    RealTimeCores,
    Uart,
    Watchdog,
)
from armillary.hal.sim import entropy as entropies
from armillary.hal.sim.hosts import RealTimeHost
from armillary.hal.sim.network import LinkedNetwork
from armillary.hal.sim.power import ChipReset, PowerLost
from armillary.hal.sim.realtime.subsystem import RealTime
from armillary.hal.sim.silicon import Silicon
from armillary.wire.fault import (
    Closed,
    Failed,
    Full,
    Invalid,
    Locked,
    NoDevice,
    OutOfOrder,
    Unreachable,
)

FIRMWARE = facts.FLASH_LAYOUT[1][0]
BOTH = pytest.mark.parametrize("side", ["model", "port"])

# device: (attribute of the chip, client class, bus master)
DEVICES = {
    "flash": ("flash", ports.FlashPort, "monitor"),
    "fuses": ("fuses", ports.FusesPort, "pluton"),
    "entropy": ("entropy", ports.EntropyPort, "pluton"),
    "clock": ("clock", ports.ClockPort, "kernel"),
    "watchdog": ("watchdog", ports.WatchdogPort, "monitor"),
    "chip": ("chip", ports.ChipPort, "pluton"),
    "gpio": ("gpio", ports.GpioPort, "kernel"),
    "owners": ("firewall", ports.PinOwnershipPort, "monitor"),
    "cores": ("cores", ports.CoresPort, "pluton"),
    "network": ("network", ports.NetworkPort, "kernel"),
    "buses": ("masters", ports.BusesPort, "kernel"),
    "pwm": ("waves", ports.PwmPort, "kernel"),
}
PROTOCOLS = {
    "flash": Flash, "fuses": Fuses, "entropy": Entropy, "clock": Clock, "watchdog": Watchdog, "chip": Chip,
    "gpio": Gpio, "owners": PinOwnership, "cores": Cores, "network": Network, "uart": Uart, "buses": Buses, "pwm": Pwm,
}  # fmt: skip


class Echo:
    """A peer that sends back what it gets and closes when told to."""

    def __init__(self):
        self.is_closed = False
        self.waiting = b""

    def feed(self, data):
        self.waiting += data
        if data in (b"", b"bye"):
            self.is_closed = True

    def take(self):
        data, self.waiting = self.waiting, b""
        return data


def own(chip, pins):
    """The kernel has these pins."""
    for pin in pins:
        chip.firewall.assign(pin, 1)


@pytest.fixture
def chip():
    hosts = {("echo.test", 7): Echo, ("deaf.test", 7): lambda: None}
    return Silicon(facts, seed=1, network=LinkedNetwork(hosts))


@pytest.fixture(params=["model", "port"])
def device(request, chip, port):
    """A function from a device's name to the model or to a client of it."""

    def find(name):
        attribute, client, master = DEVICES[name]
        return getattr(chip, attribute) if request.param == "model" else client(port(master))

    return find


@pytest.mark.parametrize("name", PROTOCOLS)
def test_models_and_clients_have_the_methods_of_the_protocol(chip, name):
    protocol = PROTOCOLS[name]
    methods = [each for each in vars(protocol) if not each.startswith("_") and callable(getattr(protocol, each))]
    client = ports.UartPort if name == "uart" else DEVICES[name][1]
    model = chip.uarts[0] if name == "uart" else getattr(chip, DEVICES[name][0])
    assert methods
    for method in methods:
        assert callable(getattr(client, method)) and callable(getattr(model, method))


def methods(protocol):
    """The names of a protocol's methods, and of those that it extends."""
    return [name for each in protocol.__mro__ for name in vars(each) if not name.startswith("_") and callable(getattr(each, name))]


@pytest.mark.parametrize("made, protocol", [
    (ports.CoresPort, RealTimeCores), (ports.IntercorePort, Intercore), (RealTime, RealTimeHost), (RealTimeBox, RealTimeHost),
])  # fmt: skip
def test_what_stands_for_real_time_cores_has_the_methods_of_its_protocol(made, protocol):
    names = methods(protocol)
    assert {"core_start", "core_stop"} <= set(names) or {"start", "stop"} <= set(names) or {"mailbox_read", "write"} <= set(names)
    for name in names:
        wanted, found = (inspect.signature(getattr(each, name)).parameters for each in (protocol, made))
        assert list(wanted) == list(found), name


def test_flash_has_its_geometry(device):
    flash = device("flash")
    assert (flash.size, flash.sector, flash.page) == (facts.FLASH_SIZE, facts.FLASH_SECTOR, facts.FLASH_PAGE)


@pytest.mark.parametrize("length", [0, 1, 255, 4000, 4001, 12_345])
@pytest.mark.parametrize("at", [0, 1, 255])
def test_flash_takes_any_length(device, chip, length, at):
    flash = device("flash")
    data = bytes([index * 7 & 0xFF for index in range(length)])
    flash.program(FIRMWARE + at, data)
    assert flash.read(FIRMWARE + at, length) == data
    assert chip.flash.read(FIRMWARE, at + length + 1) == b"\xff" * at + data + b"\xff"


def test_programming_costs_one_operation_a_page_whatever_the_length(device, chip):
    device("flash").program(FIRMWARE + 100, bytes(10_000))
    pages = (FIRMWARE + 10_100 - 1) // 256 - (FIRMWARE + 100) // 256 + 1
    assert chip.rail.count == pages


def test_flash_erases_and_refuses(device):
    flash = device("flash")
    flash.program(FIRMWARE, b"\x00" * 8)
    with pytest.raises(Failed):
        flash.program(FIRMWARE, b"\x01")
    flash.erase(FIRMWARE)
    assert flash.read(FIRMWARE, 8) == b"\xff" * 8
    for attempt in (
        lambda: flash.erase(FIRMWARE + 1), lambda: flash.read(facts.FLASH_SIZE - 1, 2),
        lambda: flash.read(facts.FLASH_SIZE - 1, 5000), lambda: flash.program(facts.FLASH_SIZE, b"\x00"),
    ):  # fmt: skip
        with pytest.raises(Invalid):
            attempt()


def test_power_can_be_cut_between_any_two_pages(device, chip):
    flash = device("flash")
    chip.rail.fail_after(18)
    with pytest.raises(PowerLost):
        flash.program(FIRMWARE, bytes(8192))
    chip.power_on()
    assert flash.read(FIRMWARE, 17 * 256) == bytes(17 * 256)
    assert flash.read(FIRMWARE + 18 * 256, 256) == b"\xff" * 256


def test_fuses_are_one_way(device):
    fuses = device("fuses")
    fuses.blow(5, b"\x01" + bytes(31))
    fuses.blow(5, b"\x02" + bytes(31))
    assert fuses.read(5) == b"\x03" + bytes(31)
    fuses.lock_write(5)
    with pytest.raises(Locked):
        fuses.blow(5, b"\x04" + bytes(31))
    fuses.lock_read(5)
    with pytest.raises(Locked):
        fuses.read(5)
    for attempt in (lambda: fuses.read(64), lambda: fuses.blow(0, bytes(31)), lambda: fuses.lock_write(-1)):
        with pytest.raises(Invalid):
            attempt()


@pytest.mark.parametrize("length", [1, 32, 1024, 1025, 5000])
def test_entropy_fills_any_length(device, length):
    entropy = device("entropy")
    first, second = entropy.read(length), entropy.read(length)
    assert len(first) == len(second) == length
    assert length < 8 or first != second


def test_a_broken_source_is_seen_through(device, chip):
    entropy = device("entropy")
    chip.entropy.break_down(entropies.DEAD)
    with pytest.raises(Failed):
        entropy.read(16)
    chip.entropy.break_down(entropies.SHORT)
    assert len(entropy.read(16)) == 8


def test_the_clock_tells_the_same_time(device, chip):
    clock = device("clock")
    chip.clock.advance_us(1_234_567)
    assert clock.uptime_us() == 1_234_567
    assert clock.unix_ms() == chip.clock.unix_ms()


@BOTH
def test_the_uart_carries_any_length_both_ways(chip, port, side):
    own(chip, range(26, 31))  # of ISU0, whose UART port 1 is
    uart = chip.uarts[1] if side == "model" else ports.UartPort(port("kernel"), 1)
    data = bytes(range(256)) * 40
    uart.write(data)
    uart.write(b"")
    assert chip.uarts[1].take() == data
    chip.uarts[1].inject(data)
    assert uart.read(5000) == data[:5000]
    assert uart.read(50_000) == data[5000:]
    assert uart.read(10) == b""


def test_the_watchdog_resets_the_chip_unless_tended(device, chip):
    watchdog = device("watchdog")
    watchdog.start(10)
    chip.clock.advance_us(9000)
    watchdog.tend()
    chip.clock.advance_us(9999)
    assert not chip.watchdog.poll()
    chip.clock.advance_us(1)
    with pytest.raises(ChipReset) as caught:
        chip.watchdog.poll()
    assert caught.value.reason == 0xFF
    with pytest.raises(OutOfOrder):
        watchdog.tend()


def test_reset_resets(device, chip):
    chip.firewall.assign(8, 1)
    with pytest.raises(ChipReset) as caught:
        device("chip").reset(7)
    assert caught.value.reason == 7
    assert list(chip.chip.reasons) == [7]
    assert chip.firewall.owner(8) == 0


def test_pins_follow_their_mode(device, chip):
    gpio = device("gpio")
    chip.firewall.assign(8, 1)
    with pytest.raises(OutOfOrder):
        gpio.write(8, 1)
    chip.gpio.drive(8, 1)
    assert gpio.read(8) == 1
    chip.gpio.drive(8, None)
    gpio.configure(8, 1)
    gpio.write(8, 1)
    assert gpio.read(8) == chip.gpio.read(8) == 1
    with pytest.raises(NoDevice):
        gpio.configure(24, 1)
    with pytest.raises(Invalid):
        gpio.configure(8, 4)
    with pytest.raises(Invalid):
        gpio.write(8, 2)


def test_pin_owners_are_frozen_by_lock(device, chip):
    owners = device("owners")
    owners.assign(8, 1)
    assert chip.firewall.owner(8) == 1
    with pytest.raises(NoDevice):
        owners.assign(24, 1)
    with pytest.raises(Invalid):
        owners.assign(8, 4)
    owners.lock()
    with pytest.raises(Locked):
        owners.assign(8, 0)


@pytest.mark.parametrize("length", [1, 4000, 4001, 100_000])
def test_a_core_starts_on_exactly_what_it_was_given(device, chip, length):
    code = bytes([index & 0xFF for index in range(length)])
    device("cores").start(1, code)
    assert chip.started == [(1, code)]
    with pytest.raises(OutOfOrder):
        device("cores").start(1, code)


def test_a_stream_carries_bytes_both_ways_until_the_peer_closes(device):
    network = device("network")
    stream = network.open("Echo.TEST", 7)
    assert network.status(stream) == (1, 0)
    assert network.send(stream, b"hello") == 5
    assert network.status(stream) == (1, 1)
    assert network.receive(stream, 2) == b"he"
    assert network.receive(stream, 100) == b"llo"
    assert network.receive(stream, 100) == b""
    network.send(stream, b"bye")
    assert network.status(stream) == (1, 1)
    assert network.receive(stream, 100) == b"bye"
    assert network.status(stream) == (2, 0)
    with pytest.raises(Closed):
        network.send(stream, b"more")
    network.close(stream)
    for attempt in (lambda: network.status(stream), lambda: network.close(stream), lambda: network.receive(stream, 1)):
        with pytest.raises(Closed):
            attempt()


def test_streams_are_numbered_from_the_smallest_free_and_end_at_16(device):
    network = device("network")
    assert [network.open("echo.test", 7) for _ in range(16)] == list(range(16))
    with pytest.raises(Full):
        network.open("echo.test", 7)
    network.close(5)
    assert network.open("echo.test", 7) == 5


def test_unknown_hosts_are_unreachable_and_deaf_ones_fail(device):
    network = device("network")
    for host, port in (("nowhere.test", 7), ("echo.test", 8), ("", 7), ("echo.test.", 7)):
        with pytest.raises(Unreachable):
            network.open(host, port)
    stream = network.open("deaf.test", 7)
    assert network.status(stream) == (3, 0)
    assert network.receive(stream, 10) == b""
    with pytest.raises(Closed):
        network.send(stream, b"x")


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 20_000), st.integers(0, 20_000), st.integers(0, 9000))
def test_the_flash_client_reads_what_the_model_reads(offset, at, length):
    chip = Silicon(facts)
    chip.flash.program(FIRMWARE + at, bytes(range(1, 251)) * 8)
    client = ports.FlashPort(chip.port("monitor"))
    assert client.read(FIRMWARE + offset, length) == chip.flash.read(FIRMWARE + offset, length)


@given(st.integers(0, 20_000), st.integers(1, 5000))
def test_pieces_cover_a_length_without_a_gap(length, most):
    parts = ports.pieces(length, most)
    assert sum(size for _, size in parts) == length
    assert all(0 < size <= most for _, size in parts)
    assert [start for start, _ in parts] == list(range(0, length, most))
