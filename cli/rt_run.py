"""One run of a program on a real-time core: what it says, what is written of it, and how it ended."""

from __future__ import annotations

import contextlib
import re
import sys
from typing import TYPE_CHECKING, BinaryIO, TextIO

import click

from armillary.hal.cortexm import elf
from armillary.hal.cortexm.coverage import Coverage
from armillary.hal.cortexm.gdb import Server
from armillary.hal.cortexm.symbols import Symbols
from armillary.hal.cortexm.trace import Tracer
from armillary.hal.sim.realtime.chip import DEBUG_UART, Chip
from armillary.hal.sim.realtime.console import Console
from armillary.hal.sim.realtime.program import CODE, REGIONS, SLICE, ChipGroup, Watched, has_memory
from armillary.hal.sim.realtime.record import Full
from armillary.hal.sim.realtime.registers import Log
from armillary.hal.sim.realtime.replay import Diverged
from armillary.hal.sim.realtime.taps import BadAnswer
from armillary.hal.sim.realtime.time import SECOND
from armillary.hal.sim.realtime.uart import Uart
from armillary.hal.sim.realtime.vcd import Vcd
from armillary.wire import asxipfs, image, manifest
from armillary.wire.fault import Fault

from .base import Problem
from .files import check, create, create_text, write_file
from .output import clean, is_json, show_json, unescape, warn
from .signals import sigterm_as_ctrl_c

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path


MOST_BYTES = 64 << 20
DIED, NOT_SAID, DIVERGED = 3, 4, 5
UNITS = {"s": SECOND, "ms": SECOND // 1000, "us": SECOND // 1_000_000}
TIME = re.compile(r"(\d+(?:\.\d+)?)(s|ms|us)")
UARTS = {"debug": DEBUG_UART, "other": DEBUG_UART, **{f"isu{number}": 0x3807_0500 + 0x1_0000 * number for number in range(6)}}  # addresses
SHOWN = "-"
PROGRAMS = "give the ELF file that arm-none-eabi-gcc linked for the MT3620, or its .imagepackage"


def parse_time(text: str) -> int | None:
    """A time such as `1.5s` in ticks; None if `text` is no time."""
    found = TIME.fullmatch(text)
    if found is None:
        return None
    whole, _, part = found[1].partition(".")
    ticks: int = int(whole + part) * UNITS[found[2]] // 10 ** len(part)
    return ticks


def parse_end(limit: str, until: str | None) -> tuple[int, bytes | None]:
    """(ticks to run at most, what is to be said). Raises click.BadParameter."""
    end = parse_time(limit)
    if end is None:
        raise click.BadParameter(f"{limit!r} is no time: a number and s, ms or us", param_hint="--limit")
    time = None if until is None else parse_time(until)
    if until == "":
        raise click.BadParameter("a text that is empty is said at once", param_hint="--until")
    return (end if time is None else time), (until.encode() if until is not None and time is None else None)


def parse_uarts(words: Sequence[str]) -> dict[str, str]:
    """{name of a UART: file, or "-" to show it}; the debug UART is shown unless told. Raises click.BadParameter."""
    found = {} if words else {"debug": SHOWN}
    for word in words:
        name, _, place = word.partition("=")
        _check_uart(name, "--uart")
        found[name] = place or SHOWN
    return found


def parse_sent(word: str) -> tuple[str, int, bytes]:
    """(UART, ticks, bytes) of `NAME[@TIME]=TEXT`. Raises click.BadParameter."""
    head, equals, text = word.partition("=")
    name, _, when = head.partition("@")
    _check_uart(name, "--send")
    time = parse_time(when or "0s")
    if not equals or time is None:
        raise click.BadParameter(f"{word!r} is not NAME=TEXT or NAME@TIME=TEXT", param_hint="--send")
    return name, time, unescape(text, "--send")


def _check_uart(name: str, option: str) -> None:
    if name not in UARTS:
        raise click.BadParameter(f"no UART {name!r}: {', '.join(UARTS)}", param_hint=option)


def read_program(file: Path) -> bytes:
    """The ELF file in `file`, or in the image package that `file` is. Raises Problem, with the offset."""
    if file.stat().st_size > MOST_BYTES:
        raise Problem(f"{file} has more than {MOST_BYTES} bytes: it is no program for this chip")
    data = file.read_bytes()
    return _unpack(file, data) if data[:4] != b"\x7fELF" and (file.suffix == ".imagepackage" or is_package(data)) else data


def is_package(data: bytes) -> bool:
    """Whether it is an image package, whatever its file is called."""
    try:
        image.parse(data)
    except Fault:
        return False
    return True


def _unpack(file: Path, data: bytes) -> bytes:
    try:
        files = asxipfs.FileSystem(image.parse(data).body)
        found = manifest.load(files)
    except Fault as fault:
        raise Problem(f"{file} is not an image package that could run: {fault.reason}") from None
    if found.application_type != manifest.REAL_TIME:
        raise Problem(f"{file} is an app of the main core (ApplicationType {found.application_type})", "start it on a device with 'armillary image upload'")
    return files.read(found.entry_point)


class Run:
    """A chip with one program, or with `other` on the other core. `wanted` are UARTs and where they go; `text` ends it when a wanted UART says it.

    Where `finds_uart`, one more is wanted: the first that says something before the debug UART does. Some vendors' programs print there.
    """

    def __init__(self, data: bytes, number: int, wanted: Mapping[str, str], text: bytes | None, end: int, other: bytes | None = None,
                 has_null: bool = True, finds_uart: bool = False, names: tuple[str, str] = ("the file", "the other file")) -> None:  # fmt: skip
        program, self.symbols = self._read(data, names[0])
        self.chip = Chip(cores=2, log=Log(warn), has_null=has_null)
        self.core = self.chip.cores[number]
        self.end = end
        self.text = text
        self.said = {name: Console() for name in wanted}
        self.files: dict[str, str] = {name: place for name, place in wanted.items() if place != SHOWN}
        self._streams: dict[str, BinaryIO] = {}
        self.pin_names: dict[int, str] = {}  # what a waveform calls them besides their numbers
        self.is_said = self.is_killed = False
        self._is_in_line = False  # on a terminal
        self.notes: list[str] = []  # lines for people, shown after what the UARTs said meanwhile
        self.divergence = ""  # where a replay came out differently
        self.tracer: Tracer | None = None
        self._trace_to: TextIO = sys.stderr
        self._shown: dict[str, int] = dict.fromkeys(wanted, 0)
        self.watched = Watched(self.chip, self.core, program, self.symbols)
        self.programs = [self.watched]
        if other is not None:
            found, symbols = self._read(other, names[1])
            self.programs.append(Watched(self.chip, self.chip.cores[1 - number], found, symbols))
        for name in wanted:
            self._listen(name)
        self.unheard: dict[str, int] = {}  # bytes that UARTs said which nobody wanted
        for name in UARTS if finds_uart else ():
            if name not in wanted and (name != "other" or other is not None):
                self._scout(name)

    def _read(self, data: bytes, name: str) -> tuple[elf.Program, Symbols]:
        try:
            program = elf.parse(data, REGIONS)
        except elf.BadElf as bad:
            raise Problem(f"{name} is not a program for a real-time core: {bad}", PROGRAMS) from None
        try:
            return program, Symbols(data)
        except elf.BadElf as bad:  # what is for people only does not keep it from running
            warn(f"{name} has no symbols: {bad}")
            return program, Symbols(b"")

    # --- UARTs ---

    def uart(self, name: str) -> Uart:
        """The UART called so. Raises Problem if the chip has none."""
        if name == "other":
            return self.chip.cores[1 - self.core.number].uart
        for block in [*self.core.blocks, *self.chip.blocks]:
            found = getattr(block, "uart", block)  # an ISU has one among other things
            if isinstance(found, Uart) and found.base == UARTS[name]:
                return found
        raise Problem(f"this chip has no UART {name}")

    def send(self, name: str, at: int, data: bytes) -> None:
        """Bytes come in at a UART, beginning at time `at` (ticks)."""
        uart = self.uart(name)
        self.chip.scheduler.at(at, lambda: _ignore(uart.receive(data)), name + " is sent to", is_outside=True)

    def _listen(self, name: str) -> None:
        uart = self.uart(name)
        before: Callable[[int], object] | None = uart.sent

        def heard(byte: int) -> None:
            self._hear(name, byte)
            if before is not None:
                before(byte)

        uart.sent = heard

    def _hear(self, name: str, byte: int) -> None:
        said = self.said[name]
        said(byte)
        if self.text is not None and said.heard.endswith(self.text):
            self.is_said = True
            self.core.machine.stop()

    def _scout(self, name: str) -> None:
        """Listen to it if it is the first to speak; count what it says otherwise."""
        uart = self.uart(name)
        before: Callable[[int], object] | None = uart.sent

        def heard(byte: int) -> None:
            if not any(said.total for said in self.said.values()):
                self.said[name], self._shown[name] = Console(), 0
            if name in self.said:
                self._hear(name, byte)
            else:
                self.unheard[name] = self.unheard.get(name, 0) + 1
            if before is not None:
                before(byte)

        uart.sent = heard

    def tell(self) -> None:
        """Print what was said since the last time, and what the program did before."""
        if self.tracer is not None:
            self.tracer.machine.flush()
        for name, said in self.said.items():
            new = said.since(self._shown[name])
            self._shown[name] = said.total
            if name in self._streams:
                self._streams[name].write(new)
                self._streams[name].flush()
            elif not new or name in self.files or is_json():
                continue
            elif sys.stdout.isatty():  # a terminal is not steered by a program
                click.echo(clean(new.decode("utf-8", "replace").replace("\r", "")), nl=False)
                self._is_in_line = not new.endswith(b"\n")
            else:
                click.echo(new, nl=False)
        for note in [] if is_json() else self.notes:  # of the same slice; a UART takes longer than whoever noted
            click.echo(clean(note), err=True)
        self.notes.clear()

    # --- running ---

    def go(self) -> None:
        """Run to the end."""
        try:
            while not self._is_over():
                stop = self.chip.run(min(self.end, self.chip.scheduler.now + SLICE))
                for program in self.programs:
                    program.look(stop)
                self.tell()
        except Diverged as diverged:
            self.diverge(str(diverged))
        except Full as full:
            raise Problem(f"{full}: end the run earlier, or begin the record later (--save, --restore)") from None
        except BadAnswer as bad:
            raise Problem(f"the record has an answer that is none: {bad}") from None
        if not self.is_said and not self.is_killed and not self.divergence:
            for program in self.programs:
                program.finish()
        for program in self.dead:
            which = f" on IO{program.core.number}" if len(self.programs) > 1 else ""
            click.echo(f"armillary: the program{which} {program.death}\n\n" + clean(program.report), err=True, nl=False)
        if self.status() == NOT_SAID:
            self._say_what_did_not_come()

    def _say_what_did_not_come(self) -> None:
        """Why the run waited in vain: what was not said, where the programs are, and what they used last."""
        text = (self.text or b"").decode("utf-8", "replace")
        click.echo(f"armillary: {text!r} was not said within {float(self.watched.seconds(self.end)):g} s", err=True)
        for program in self.programs:
            machine = program.core.machine
            used = [program.name(access.address) for access in machine.accesses(1)]
            where = clean(program.symbols.describe(machine.get("pc") & ~1))
            click.echo(f"  IO{program.core.number} is at {where}; it last used {(used or ['no peripheral'])[0]}", err=True)
        click.echo("  to go on: give it more time with --limit, or see what it does with --trace all", err=True)

    @property
    def dead(self) -> list[Watched]:
        """The programs that died."""
        return [program for program in self.programs if program.death]

    def diverge(self, how: str) -> None:
        """A replay came out differently: the run is over."""
        self.divergence = self.divergence or how

    def say_divergence(self) -> None:
        """Tell where a replay came out differently, if it did."""
        if self.divergence:
            click.echo("armillary: the replay came out differently: " + clean(self.divergence), err=True)

    def say_unheard(self) -> None:
        """Tell which UARTs spoke and were not shown."""
        for name, count in self.unheard.items():
            warn(f"the UART {name} said {count} bytes that were not shown: --uart {name}")

    def _is_over(self) -> bool:
        return self.is_said or self.is_killed or bool(self.dead) or self.chip.scheduler.now >= self.end

    def debug(self, port: int) -> None:
        """Wait for a debugger, and let it run the program until it detaches or kills it."""
        try:
            server = Server(port)
        except OSError as problem:
            raise Problem(f"GDB cannot be waited for at port {port}: {problem.strerror}", "choose another port, or 0 for any") from None
        click.echo(f"armillary: waiting for GDB: target remote 127.0.0.1:{server.port}", err=True)
        try:
            self.is_killed = server.serve(ChipGroup(self.chip, self.programs, self.tell))
        finally:
            server.close()

    def trace(self, kinds: Sequence[str]) -> None:
        """Write a trace of what `kinds` names: functions, accesses."""
        if not kinds:
            return
        self.tracer = Tracer(self.core.machine, self.symbols, lambda line: click.echo(clean(line), file=self._trace_to),
                             self.watched.seconds, self.watched.name)  # fmt: skip
        for kind in kinds:
            getattr(self.tracer, kind)()

    # --- what is written ---

    @contextlib.contextmanager
    def outputs(self, trace: Path | None, pins: Path | None, coverage: Path | None, mortem: Path | None) -> Iterator[None]:
        """Open what is to be written, before anything is run; write it when the run is over, however it ended."""
        with contextlib.ExitStack() as stack:
            stack.enter_context(sigterm_as_ctrl_c())
            if trace is not None:
                self._trace_to = stack.enter_context(create_text(trace))
            for name, place in self.files.items():
                self._streams[name] = stack.enter_context(create(place))
            if pins is not None:
                self._dump(stack, stack.enter_context(create_text(pins, "ascii")))
            if coverage is not None:
                self._cover(stack, stack.enter_context(create_text(coverage)))
            if mortem is not None:
                check(mortem)
                stack.callback(lambda: self._bury(mortem))
            stack.callback(self._finish)
            yield

    def _bury(self, mortem: Path) -> None:
        if self.dead:
            write_file(mortem, "\n".join(program.report for program in self.dead).encode())

    def _finish(self) -> None:
        self.tell()
        if self._is_in_line:  # the prompt begins a line of its own
            click.echo()
        if self.tracer is not None:
            self.tracer.finish()

    def _dump(self, stack: contextlib.ExitStack, stream: TextIO) -> None:
        bank = self.chip.pins
        names = {pin: "_".join([f"GPIO{pin}", *self.pin_names.get(pin, "").split()]) for pin in bank.pins()}
        vcd = Vcd(stream, list(names.values()), [bank.read(pin) for pin in names], "mt3620")
        bank.observe(lambda pin, level, _: vcd.change(self.chip.scheduler.now, names[pin], level))
        stack.callback(lambda: vcd.finish(self.chip.scheduler.now))

    def _cover(self, stack: contextlib.ExitStack, stream: TextIO) -> None:
        regions = [(address, size) for address, size in CODE if has_memory(self.core, address)]
        covered = Coverage(self.core.machine, self.symbols, regions)
        stack.callback(lambda: _ignore(stream.write(covered.lcov())))
        if not self.symbols.rows:
            warn("the program has no line tables: build it with -g for --coverage")

    # --- how it ended ---

    def status(self) -> int:
        """The exit status."""
        if self.divergence:
            return DIVERGED
        if self.dead:
            return DIED
        return NOT_SAID if self.text is not None and not self.is_said and not self.is_killed else 0

    def ended(self) -> str:
        """Why it ended, in a word."""
        if self.divergence:
            return "diverged"
        if self.dead:
            return "died"
        return "said" if self.is_said else "killed" if self.is_killed else "time"

    def show(self, more: Mapping[str, object]) -> None:
        """Print what became of it, and `more`, for programs."""
        show_json({
            "ended": self.ended(), "time_s": float(self.watched.seconds(self.core.machine.now)), "cycles": self.core.machine.cycles,
            "divergence": self.divergence or None,
            "death": self.dead[0].death if self.dead else None, "report": self.dead[0].report if self.dead else None, "log": self.chip.log.lines,
            "uart": {name: said.text() for name, said in self.said.items()}, **more,
        })  # fmt: skip


def _ignore(_: object) -> None:
    """For calls whose result nobody needs."""
