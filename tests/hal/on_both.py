"""What ring 0 does on CPython and on MicroPython alike: run by both, prints the same on both."""

import binascii
import hashlib
import sys

sys.path[0:0] = sys.argv[1:]

from armillary.boards.sim import facts  # noqa: E402
from armillary.hal import port as ports  # noqa: E402
from armillary.hal.sim.entropy import FAULTS  # noqa: E402
from armillary.hal.sim.network import LinkedNetwork  # noqa: E402
from armillary.hal.sim.power import ChipReset, PowerLost  # noqa: E402
from armillary.hal.sim.silicon import Silicon  # noqa: E402
from armillary.wire.fault import Fault  # noqa: E402


def digest(data):
    return binascii.hexlify(hashlib.sha256(data).digest()[:8]).decode()


def attempt(name, function, *arguments):
    """Print what a call gives or how it is refused."""
    try:
        value = function(*arguments)
        print(name, digest(value) if isinstance(value, bytes) else value)
    except Fault as fault:
        print(name, fault)
    except (PowerLost, ChipReset) as gone:
        print(name, type(gone).__name__, gone.args[0])


class Peer:
    def __init__(self):
        self.is_closed = False
        self.data = b""

    def feed(self, data):
        self.data += data

    def take(self):
        data, self.data = self.data, b""
        return data


def flash_and_cuts(chip):
    flash = ports.FlashPort(chip.port("monitor"))
    firmware = facts.FLASH_LAYOUT[1][0]
    attempt("program", flash.program, firmware + 77, bytes(range(256)) * 40)
    attempt("read", flash.read, firmware, 12000)
    attempt("set a bit", flash.program, firmware + 77, b"\xff")
    attempt("boot loader", flash.erase, 0)
    attempt("no sector", flash.erase, firmware + 1)
    attempt("beyond", flash.read, facts.FLASH_SIZE - 1, 2)
    for cut in range(1, 6):
        chip.rail.fail_after(cut)
        attempt("cut", flash.program, firmware + 0x10000 * cut, bytes(2000))
        attempt("off", flash.read, firmware, 1)
        chip.power_on()
        attempt("torn", flash.read, firmware + 0x10000 * cut, 2048)
        chip.rail.fail_after(1)
        attempt("cut", flash.erase, firmware + 0x10000 * cut)
        chip.power_on()
        attempt("half erased", flash.read, firmware + 0x10000 * cut, 4096)


def fuses(chip):
    client = ports.FusesPort(chip.port("pluton"))
    attempt("blow", client.blow, 3, b"\x0f" * 32)
    chip.rail.fail_after(1)
    attempt("cut", client.blow, 3, b"\xf0" * 32)
    chip.power_on()
    attempt("torn", client.read, 3)
    attempt("freeze", client.lock_write, 3)
    attempt("frozen", client.blow, 3, b"\xff" * 32)
    attempt("hide", client.lock_read, 3)
    attempt("hidden", client.read, 3)
    attempt("not yours", ports.FusesPort(chip.port("kernel")).read, 3)
    chip.fuses.glitch_read(4, "ones")
    attempt("glitch", client.read, 4)
    attempt("truth", client.read, 4)


def lines(chip):
    entropy = ports.EntropyPort(chip.port("pluton"))
    for fault in ("",) + FAULTS:
        chip.entropy.break_down(fault)
        attempt("entropy " + fault, entropy.read, 3000)
    chip.clock.advance_us(123456)
    attempt("uptime", ports.ClockPort(chip.port("kernel")).uptime_us)
    attempt("time", ports.ClockPort(chip.port("kernel")).unix_ms)
    uart = ports.UartPort(chip.port("kernel"), 2)
    attempt("not mine", uart.write, b"x")
    for pin in range(31, 36):
        chip.firewall.assign(pin, 1)
    attempt("send", uart.write, b"x" * 9000)
    print(len(chip.uarts[2].take()), chip.uarts[2].inject(b"y" * 70000), chip.uarts[2].overrun)
    attempt("receive", uart.read, 5000)
    watchdog = ports.WatchdogPort(chip.port("monitor"))
    attempt("too early", watchdog.tend)
    attempt("start", watchdog.start, 100)
    chip.clock.advance_us(100000)
    attempt("too late", watchdog.tend)


def pins(chip):
    owners = ports.PinOwnershipPort(chip.port("monitor"))
    gpio = ports.GpioPort(chip.port("kernel"))
    chip.gpio.observe(lambda pin, level, now: print("pin", pin, level, now))
    attempt("not yours", gpio.read, 8)
    attempt("assign", owners.assign, 8, 1)
    attempt("input", gpio.write, 8, 1)
    for mode in (1, 2, 3):
        attempt("mode", gpio.configure, 8, mode)
        chip.gpio.pull(8, 1)
        attempt("high", gpio.write, 8, 1)
        chip.gpio.drive(8, 0)
        attempt("level", gpio.read, 8)
        chip.gpio.drive(8, None)
        attempt("low", gpio.write, 8, 0)
    attempt("lock", owners.lock)
    attempt("locked", owners.assign, 8, 0)
    attempt("no pin", gpio.read, 24)
    print(list(chip.gpio.history), chip.gpio.contention)


def cores_and_network(chip):
    cores = ports.CoresPort(chip.port("pluton"))
    attempt("core", cores.start, 1, b"code" * 2500)
    attempt("again", cores.start, 1, b"code")
    attempt("not yours", cores.start, 2, b"code")
    print([(core, digest(code)) for core, code in chip.started])
    network = ports.NetworkPort(chip.port("kernel"))
    attempt("open", network.open, "Peer.test", 443)
    attempt("unknown", network.open, "other.test", 443)
    attempt("send", network.send, 0, b"z" * 9000)
    attempt("status", network.status, 0)
    attempt("receive", network.receive, 0, 9000)
    attempt("close", network.close, 0)
    attempt("closed", network.status, 0)
    attempt("reset", ports.ChipPort(chip.port("monitor")).reset, 5)


def main():
    for part in (flash_and_cuts, fuses, lines, pins, cores_and_network):
        chip = Silicon(facts, 7, network=LinkedNetwork({("peer.test", 443): Peer}))
        print("--", part.__name__)
        part(chip)
        print(chip.rail.count, list(chip.rail.log)[-3:])
        for denial in chip.denials:
            print("denied", denial)


main()
