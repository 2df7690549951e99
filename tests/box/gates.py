"""What a ring that was taken over tries through its gates. The tests put this text into images.

`run(ring, machine)` makes every attempt and tells the console of each: `GATE <ring> <name> done`, or
the name of the fault.
"""

import hashlib
import os
import time

from armillary.hal import abi
from armillary.wire.call import Port
from armillary.wire.fault import Fault

STORAGE, BOOTLOADER, LOCATOR, FIRMWARE = 0x10_8000, 0, 0x10_0000, 0x24_0000  # of boards/sim/facts.py
BITS = b"\x01" + bytes(31)
FUSES = (
    ("read_the_secret", abi.FUSE_READ, 56), ("blow_a_fuse", abi.FUSE_BLOW, 1, BITS), ("lock_a_fuse", abi.FUSE_LOCK, 56, 1),
    ("take_noise", abi.ENTROPY_READ, 32),
)  # fmt: skip
STAGES = (
    ("write_plutons_storage", abi.FLASH_PROGRAM, STORAGE, b"\0"), ("erase_plutons_storage", abi.FLASH_ERASE, STORAGE),
    ("write_the_bootloader", abi.FLASH_PROGRAM, BOOTLOADER, b"\0"), ("erase_the_bootloader", abi.FLASH_ERASE, BOOTLOADER),
)  # fmt: skip
SYSTEM = (
    ("write_the_locator", abi.FLASH_PROGRAM, LOCATOR, b"\0"), ("write_firmware", abi.FLASH_PROGRAM, FIRMWARE, b"\0"),
    ("erase_firmware", abi.FLASH_ERASE, FIRMWARE), ("tend_the_watchdog", abi.WATCHDOG_TEND), ("own_a_pin", abi.GPIO_ASSIGN, 30, 1),
    ("freeze_pins", abi.GPIO_LOCK),
)  # fmt: skip
READING = (("read_flash", abi.FLASH_READ, 0, 16), ("fetch_flash", abi.FLASH_FETCH, 0, 16, 0), ("reset", abi.RESET, 1))
OUTSIDE = (
    ("drive_a_pin", abi.GPIO_WRITE, 8, 1), ("dial_out", abi.NET_OPEN, "service.armillary.test", 443),
    ("start_a_task", abi.TASK_CREATE, "t", 1, 1),
)  # fmt: skip
REAL_TIME = (
    ("stop_a_real_time_core", abi.CORE_STOP, 3), ("grant_a_block", abi.CORE_GRANT, 4, b"\x20"),
    ("open_memory_to_a_core", abi.CORE_SHARE, 3, 0x8000_0000, 4096), ("ask_after_a_core", abi.CORE_STATUS, 3),
    ("read_its_report", abi.CORE_REPORT, 3, 0), ("read_its_denials", abi.CORE_DENIAL, 3, 0),
)  # fmt: skip
INTERCORE = (
    ("read_a_mailbox", abi.MBOX_READ, 3, 0), ("write_a_mailbox", abi.MBOX_WRITE, 3, 0x40, 1),
    ("read_the_rings", abi.SYSRAM_READ, 0, 16), ("write_the_rings", abi.SYSRAM_WRITE, 0, b"x"),
)  # fmt: skip
CORES = {"pluton": (2, 3, 4), "monitor": (0, 1), "kernel": (0, 1, 2, 3, 4)}
DENIED = {
    "pluton": STAGES[2:] + SYSTEM + OUTSIDE + REAL_TIME + INTERCORE,
    "monitor": FUSES + STAGES + OUTSIDE + INTERCORE,
    "kernel": FUSES + STAGES + SYSTEM + READING + REAL_TIME,
}


def say(text):
    os.write(2, text.encode() + b"\n")


def attempt(port, call, arguments):
    try:
        port.call(call, *arguments)
    except Fault as fault:
        return type(fault).__name__
    return "done"


def noise(count):
    """Frames that nobody composed: the same every time."""
    for number in range(count):
        block = hashlib.sha256(b"frame %d" % number).digest()
        yield block[2:] * (block[0] % 3) + block[: block[1] % 33]


def forge(machine, port):
    """Speak for the rings inside, on the UART and on the trace; keep an outer line back to prove we can speak."""
    for ring in ("1BL", "PLUTON", "monitor", "kernel"):
        line = f"[{ring}] stage=forged type=7 version=9 copy=primary sha256={'0' * 64} key={'0' * 64} from=1 to=2\n"
        port.call(abi.UART_WRITE, 0, line.encode())
    for ring in ("pluton", "monitor", "hal", "kernel"):
        os.write(machine.channels["trace"], f"1 {ring} forger forged() ok".encode())


def flood_side_band(port):
    """Start tasks and never take their channels."""
    for count in range(700):
        try:
            task = port.call(abi.TASK_CREATE, "flood", 1, 1)
            port.call(abi.TASK_LOAD, task, 0, b"x")
            port.call(abi.TASK_START, task, 1)
            port.call(abi.TASK_END, task)
        except Fault as fault:
            return f"{type(fault).__name__} after {count}"
    return "done"


def fuzz(machine, name, count, spared):
    """Send noise to a gate; the frames that came back are counted. `spared` are lawful ways to end all this."""
    channel, answered = machine.channels[name], 0
    for frame in noise(count):
        if frame and frame[0] not in spared:
            os.write(channel, frame)
            answered += bool(os.read(channel, 8192))
    return answered


def run(ring, machine):
    port = Port(machine.link("bus"))
    for name, call, *arguments in DENIED[ring]:
        say(f"GATE {ring} {name} {attempt(port, call, arguments)}")
    for core in CORES[ring]:
        say(f"GATE {ring} start_core_{core} {attempt(port, abi.CORE_LOAD, (core, 0, b'x'))}")
    if ring != "kernel":
        say(f"GATED {ring}")
        return None
    say(f"FUZZED bus {fuzz(machine, 'bus', 3000, ())}")
    say(f"FUZZED smc {fuzz(machine, 'smc', 3000, (7,))}")
    forge(machine, port)
    say(f"FLOODED {flood_side_band(port)}")
    os.write(machine.channels["interrupt"], (2**64 - 2).to_bytes(8, "little"))
    say("GATED kernel")
    time.sleep(6)  # within the watchdog's time: the test looks at what is left of the device
    return "stay"
