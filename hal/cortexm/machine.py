"""A Cortex-M4F machine to run programs on: memory, devices and interrupts are its owner's to add.

Time is counted in ticks of the owner's choosing: one instruction takes one cycle, a cycle `ticks_per_cycle`
ticks. Everything that happens follows from the program, the devices' answers and the times at which
interrupts are raised, so a run can be repeated to the instruction.
"""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import unicorn

from ._machine import ffi, lib
from .records import REGISTERS, Access, Call, TakenFault
from .states import Savable

if TYPE_CHECKING:
    from collections.abc import Callable

TIME, SLEEPING, LOCKUP, BREAKPOINT = lib.MACHINE_TIME, lib.MACHINE_SLEEPING, lib.MACHINE_LOCKUP, lib.MACHINE_BREAKPOINT
RESET, ERROR, STOPPED = lib.MACHINE_RESET, lib.MACHINE_ERROR, lib.MACHINE_STOPPED
REASONS = {TIME: "time", SLEEPING: "sleeping", LOCKUP: "lockup", BREAKPOINT: "breakpoint", RESET: "reset", ERROR: "error", STOPPED: "stopped"}
PERMS = {"r": 1, "w": 2, "x": 4}
PAGE = 1024
NEVER = (1 << 64) - 1


class BusError(Exception):
    """A device refuses an access: the program takes a BusFault."""


class Device(Protocol):
    """What answers at addresses; `offset` counts from the device's own base, `size` is 1, 2 or 4."""

    def read(self, offset: int, size: int) -> int:
        """The value read. Raises BusError."""

    def write(self, offset: int, size: int, value: int) -> None:
        """Take a value. Raises BusError."""


class Stop(NamedTuple):
    """Why a run ended, and when."""

    reason: int
    now: int

    def __str__(self) -> str:
        return REASONS[self.reason]


def _interrupted(kind: object, failure: BaseException, trace: Any) -> None:
    """What was raised on the way to a device or back, such as a person's Ctrl-C: it ends the run, as what a device raises."""
    ffi.from_handle(trace.tb_frame.f_locals["owner"])._end_by(failure)


@ffi.def_extern(onerror=_interrupted)  # type: ignore[untyped-decorator]  # cffi has no types
def armillary_device_read(owner: Any, device: int, offset: int, size: int) -> int:
    """unicorn's read of a device, for the machine that `owner` is the handle of."""
    return ffi.from_handle(owner)._read(device, offset, size)  # type: ignore[no-any-return]


@ffi.def_extern(onerror=_interrupted)  # type: ignore[untyped-decorator]
def armillary_device_write(owner: Any, device: int, offset: int, size: int, value: int) -> None:
    """unicorn's write to a device."""
    ffi.from_handle(owner)._write(device, offset, size, value)


@ffi.def_extern(onerror=_interrupted)  # type: ignore[untyped-decorator]
def armillary_device_quiet(owner: Any, device: int, offset: int) -> int:
    """Until when a register reads the same, 0 if that is not known."""
    return ffi.from_handle(owner)._quiet(device, offset)  # type: ignore[no-any-return]


@ffi.def_extern(onerror=_interrupted)  # type: ignore[untyped-decorator]
def armillary_device_settled(owner: Any, device: int, offset: int, size: int, value: int) -> int:
    """Until when a write changes nothing, 0 if it does or that is not known."""
    return ffi.from_handle(owner)._settled(device, offset, size, value)  # type: ignore[no-any-return]


@ffi.def_extern(onerror=_interrupted)  # type: ignore[untyped-decorator]
def armillary_calls(owner: Any, calls: Any, count: int) -> None:
    """Functions were entered."""
    ffi.from_handle(owner)._told([Call(*(getattr(one, name) for name in Call._fields)) for one in calls[0:count]])


def _load() -> None:
    """Load libunicorn out of its Python package, once. Raises OSError."""
    places = sorted((pathlib.Path(unicorn.__file__).parent / "lib").glob("libunicorn.*"))
    shared = [place for place in places if ".so" in place.name or place.suffix == ".dylib"]
    if not shared:
        raise OSError("unicorn's package holds no shared library: reinstall unicorn 2.1.4 or later")
    failure = lib.unicorn_load(str(shared[0]).encode())
    if failure != ffi.NULL:
        raise OSError("libunicorn does not load: " + ffi.string(failure).decode())


class Machine(Savable):
    """One processor with its private bus.

    `irqs` external interrupts, `priority_bits` (3 to 8) of priority, `ticks_per_cycle` of the owner's time; `mpu_regions` is
    8, or 0 without an MPU; `cpacr` is CPACR at reset, where something before the program turns floating point on;
    `bit_band` gives a word to each bit of the first MiB of memory and of devices, at 0x22000000 and 0x42000000.
    """

    def __init__(
        self, irqs: int = 100, priority_bits: int = 3, ticks_per_cycle: int = 1, mpu_regions: int = 8, cpacr: int = 0, bit_band: bool = False,
    ) -> None:
        _load()
        self._handle = ffi.new_handle(self)
        self._devices: list[tuple[str, Device]] = []
        self._places: list[tuple[int, int, int]] = []  # address, size, index in _devices
        self._memories: list[tuple[int, Any]] = []
        self._failure: BaseException | None = None
        self._on_calls: Callable[[list[Call]], None] | None = None
        self._on_access: Callable[[Access], None] | None = None
        self._kept: list[Any] = []  # what C holds pointers to
        options = ffi.new("struct machine_options *", (irqs, priority_bits, ticks_per_cycle, mpu_regions, cpacr, bit_band))
        answers = (lib.armillary_device_read, lib.armillary_device_write, lib.armillary_device_quiet, lib.armillary_device_settled)
        made = lib.machine_new(options, ffi.new("struct machine_devices *", (*answers, self._handle)))
        if made == ffi.NULL:
            raise MemoryError("the machine could not be made")
        self._machine = ffi.gc(made, lib.machine_free)

    def map_ram(self, address: int, size: int, perms: str = "rwx") -> memoryview:
        """Memory at `address`, both multiples of 1024; returns the same memory for the owner to see and change."""
        place = ffi.new("uint8_t[]", size)
        bits = sum(PERMS[letter] for letter in perms)
        if address % PAGE or size % PAGE or not size or lib.machine_map_memory(self._machine, address, size, bits, place):
            raise ValueError(f"no memory of {size:#x} bytes can be at {address:#x}: multiples of {PAGE}, not overlapping")
        self._memories.append((address, place))
        return memoryview(ffi.buffer(place)).cast("B")

    def share(self, address: int, size: int) -> None:
        """Memory that others write as the program runs; `written` tells of it. Raises ValueError if there is none."""
        if lib.machine_share(self._machine, address, size):
            raise ValueError(f"no memory that others may write: {address:#x}[{size:#x}]")

    def written(self, address: int, size: int) -> None:
        """Others wrote shared memory at `address`: were it code that ran before, it is new code now."""
        lib.machine_written(self._machine, address, size)

    def doubt(self) -> None:
        """Memory may have changed since the last run, and nobody told: a loop that waits in memory is looked at anew."""
        lib.machine_doubt(self._machine)

    def map_rom(self, address: int, data: bytes) -> None:
        """Memory that holds `data` and cannot be written; padded with zeros to a multiple of 1024."""
        size = -(-len(data) // PAGE) * PAGE
        self.map_ram(address, size, "rx")[: len(data)] = data

    def map_device(self, address: int, size: int, device: Device, name: str) -> None:
        """`device` answers at address[0..size), multiples of 1024. `name` is for messages."""
        if lib.machine_map_device(self._machine, address, size, len(self._devices)):
            raise ValueError(f"no device {name} of {size:#x} bytes can be at {address:#x}")
        self._places.append((address, size, len(self._devices)))
        self._devices.append((name, device))

    def reset(self, vectors: int) -> None:
        """Reset; the stack pointer and the program counter are the first two words at `vectors`."""
        lib.machine_reset(self._machine, vectors)

    def run(self, until: int) -> Stop:
        """Run until time `until` (ticks), or less: `Stop` says why. What a device raised is raised here."""
        return self._stopped(lib.machine_run(self._machine, until))

    def step(self, until: int) -> Stop:
        """Run one instruction, or take one exception and run its first; or sleep, at most until `until`. Raises as `run`."""
        return self._stopped(lib.machine_step(self._machine, until))

    def _stopped(self, reason: int) -> Stop:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        return Stop(reason, self.now)

    def debug(self, is_on: bool) -> None:
        """Whether a debugger is attached: then BKPT stops the machine. Without one it is a HardFault, or DebugMonitor's."""
        lib.machine_debug(self._machine, is_on)

    def watch(self, kind: str, address: int, size: int) -> int:
        """Stop before `address` is executed ("x"), or when address[0..size) is read ("r"), written ("w") or either.

        Returns a number for `unwatch`. Raises ValueError if there are too many (32).
        """
        bits = {"x": lib.MACHINE_WATCH_EXECUTE, "r": lib.MACHINE_WATCH_READ, "w": lib.MACHINE_WATCH_WRITE}
        number = int(lib.machine_watch(self._machine, sum(bits[letter] for letter in kind), address, size))
        if number < 0:
            raise ValueError("too many breakpoints and watchpoints: 32 at most")
        return number

    def unwatch(self, number: int) -> None:
        """Take a breakpoint or watchpoint away."""
        lib.machine_unwatch(self._machine, number)

    def watch_hit(self) -> tuple[int, int] | None:
        """(number, address touched) of the watch that stopped the last run, or None."""
        address = ffi.new("uint32_t *")
        number = int(lib.machine_watch_hit(self._machine, address))
        return None if number < 0 else (number, int(address[0]))

    def accesses(self, most: int = 64) -> list[Access]:
        """The latest accesses to devices, oldest first, at most 64."""
        at = ffi.new("struct machine_access[]", most)
        count = lib.machine_accesses(self._machine, at, most)
        return [Access(one.time, one.pc, one.address, one.value, one.size, bool(one.is_write), one.repeats) for one in at[0:count]]

    def trace(self, entries: list[int], tell: Callable[[list[Call]], None]) -> None:
        """Call `tell` with entries of the functions at `entries`, some at a time; `flush` tells the rest."""
        self._on_calls = tell
        addresses = ffi.new("uint32_t[]", sorted(entries))
        self._kept.append(addresses)
        if lib.machine_trace(self._machine, addresses, len(entries), lib.armillary_calls, self._handle):
            raise ValueError("the machine is traced already")

    def flush(self) -> None:
        """Tell now of the functions that were entered."""
        lib.machine_trace_flush(self._machine)

    def observe(self, tell: Callable[[Access], None]) -> None:
        """Call `tell` after each access to a device that is asked (see `publish`, `warp`)."""
        self._on_access = tell

    def cover(self, address: int, size: int, functions: list[tuple[int, int]]) -> tuple[memoryview, Callable[[], list[int]]]:
        """Count from now on how often each halfword of the code at address[0..size) is run: a view of 32-bit counts.

        And how often each of `functions` (address, size; ascending) is entered, by calling the second result.
        Raises ValueError if there are too many ranges (4).
        """
        counts = ffi.new("uint32_t[]", size // 2)
        entered = ffi.new("struct machine_function[]", [(start, length, 0) for start, length in functions])
        self._kept += [counts, entered]
        if lib.machine_cover(self._machine, address, size, counts, entered, len(functions)):
            raise ValueError("too many ranges to cover: 4 at most")
        return memoryview(ffi.buffer(counts)).cast("B").cast("I"), lambda: [int(each.entries) for each in entered]

    def last_fault(self) -> TakenFault | None:
        """The latest fault since reset."""
        last = ffi.new("struct machine_fault *")
        if not lib.machine_last_fault(self._machine, last):
            return None
        return TakenFault(last.time, last.number, last.status, last.frame, last.exc_return, tuple(last.registers))

    def read_system(self, address: int) -> int:
        """A word of the system control space, as the program sees it; reading may have its side effects."""
        return int(lib.machine_system_read(self._machine, address))

    def write_system(self, address: int, value: int) -> None:
        """Write a word of the system control space."""
        lib.machine_system_write(self._machine, address, value)

    def device_places(self) -> list[tuple[int, int]]:
        """(address, size) of every device."""
        return [(address, size) for address, size, _ in self._places]

    def device_at(self, address: int) -> tuple[str, Device, int] | None:
        """(name, device, offset) of the device that answers at `address`, or None."""
        for base, size, number in self._places:
            if base <= address < base + size:
                return (*self._devices[number], address - base)
        return None

    def warp(self, is_on: bool) -> None:
        """Whether rounds of a polling loop in which nothing changes are counted instead of run; they are unless told."""
        lib.machine_warp(self._machine, is_on)

    def publish(self, device: Device, offset: int, start: int, rate: tuple[int, int], base: int, mask: int = 0xFFFFFFFF, is_down: bool = False) -> None:
        """Answer reads of `device` at `offset` by base + (now - start) * rate, or minus, without asking it.

        `rate` is counts and ticks, whole numbers. Raises ValueError if there are too many (16).
        """
        counter = ffi.new("struct machine_counter *", (start, rate[0], rate[1], base, mask, is_down))
        if lib.machine_publish(self._machine, self._number(device), offset, counter):
            raise ValueError("too many counters: 16 at most")

    def withdraw(self, device: Device, offset: int) -> None:
        """Ask the device again."""
        lib.machine_withdraw(self._machine, self._number(device), offset)

    def _number(self, device: Device) -> int:
        return next(number for number, (_, known) in enumerate(self._devices) if known is device)

    def _quiet(self, number: int, offset: int) -> int:
        """Until when a device's register reads the same; a device without `quiet_until` does not know."""
        ask = getattr(self._devices[number][1], "quiet_until", lambda _: None)
        return min(ask(offset & ~3) or 0, NEVER)

    def _settled(self, number: int, offset: int, size: int, value: int) -> int:
        """Until when a write to a device changes nothing; a device without `settled_until` does not know, and words only are asked for."""
        ask = getattr(self._devices[number][1], "settled_until", lambda *_: None)
        return min((size == 4 and ask(offset, value)) or 0, NEVER)

    @property
    def now(self) -> int:
        """Virtual time in ticks; exact inside a device's read or write too."""
        return int(lib.machine_now(self._machine))

    @property
    def cycles(self) -> int:
        """Cycles since the machine was made: instructions executed, and cycles slept."""
        return int(lib.machine_cycles(self._machine))

    def set_clock(self, ticks_per_cycle: int) -> None:
        """From now on a cycle takes that many ticks."""
        lib.machine_set_clock(self._machine, ticks_per_cycle)

    def limit(self, time: int) -> None:
        """Make the present run end at `time` or before: called by a device that scheduled something."""
        lib.machine_limit(self._machine, time)

    def advance(self, time: int) -> None:
        """Let time pass to `time` without running."""
        lib.machine_advance(self._machine, time)

    def stop(self) -> None:
        """End the present run before the next block."""
        lib.machine_stop(self._machine)

    def set_irq(self, number: int, level: bool) -> None:
        """Set a level-sensitive interrupt line. While high, it pends again when its handler returns."""
        lib.machine_set_irq(self._machine, number, level)

    def pulse_irq(self, number: int) -> None:
        """Make interrupt `number` pending once."""
        lib.machine_pulse_irq(self._machine, number)

    def get(self, register: str) -> int:
        """The value of a register of REGISTERS."""
        return int(lib.machine_get(self._machine, REGISTERS[register]))

    def set(self, register: str, value: int) -> None:
        """Set a register of REGISTERS."""
        lib.machine_set(self._machine, REGISTERS[register], value)

    def read_memory(self, address: int, size: int) -> bytes:
        """`size` bytes of memory (not of devices). Raises ValueError where there is none."""
        return bytes(self._memory(address, size))

    def write_memory(self, address: int, data: bytes) -> None:
        """Change memory, read-only memory too. Raises ValueError where there is none."""
        self._memory(address, len(data))[:] = data
        lib.machine_written(self._machine, address, len(data))
        lib.machine_code_changed(self._machine, address, len(data))

    def _memory(self, address: int, size: int) -> memoryview:
        for base, place in self._memories:
            if base <= address and address + size <= base + len(place):
                return memoryview(ffi.buffer(place)).cast("B")[address - base : address - base + size]
        raise ValueError(f"no memory at {address:#x}[{size}]")

    def _guarded(self, call: Callable[[], int | None]) -> int:
        """A device's answer; what it raises ends the run, but a BusError is the program's."""
        try:
            return (call() or 0) & 0xFFFFFFFF
        except BaseException as failure:
            return self._failed(failure)

    def _failed(self, failure: BaseException) -> int:
        if isinstance(failure, BusError):
            lib.machine_refuse(self._machine)
        else:
            self._end_by(failure)
        return 0

    def _end_by(self, failure: BaseException) -> None:
        """Through C nothing may be raised: the run ends, and run() raises it."""
        self._failure = self._failure or failure
        self.stop()

    def _told(self, calls: list[Call]) -> None:
        self._guarded(lambda: self._on_calls(calls) if self._on_calls is not None else None)

    def _observed(self, number: int, offset: int, size: int, value: int, is_write: bool) -> None:
        address = next(base for base, _, device in self._places if device == number) + offset
        access = Access(self.now, self.get("pc"), address, value, size, is_write)
        self._guarded(lambda: self._on_access(access) if self._on_access is not None else None)

    def _read(self, number: int, offset: int, size: int) -> int:
        device = self._devices[number][1]
        try:  # as _guarded does, but this is where programs spend their time
            value = device.read(offset, size) & 0xFFFFFFFF
        except BaseException as failure:
            value = self._failed(failure)
        if self._on_access is not None:
            self._observed(number, offset, size, value, False)
        return value

    def _write(self, number: int, offset: int, size: int, value: int) -> None:
        device = self._devices[number][1]
        try:
            device.write(offset, size, value)
        except BaseException as failure:
            self._failed(failure)
        if self._on_access is not None:
            self._observed(number, offset, size, value, True)
