"""The fixture `rtapp`: a program of a real-time core, run alone on a simulated MT3620, in virtual time.

A program that dies fails its test with the report on its death: the cause in words, the registers, who called
whom, and the last accesses to peripherals by the names of their registers.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from armillary.boards.mt3620 import build
from armillary.cli.base import Problem
from armillary.cli.rt_run import read_program
from armillary.hal.cortexm import elf
from armillary.hal.cortexm.symbols import Symbols
from armillary.hal.sim.realtime.chip import Chip, Core
from armillary.hal.sim.realtime.console import Console
from armillary.hal.sim.realtime.maincore import Connection, MainCore
from armillary.hal.sim.realtime.program import REGIONS, Watched
from armillary.hal.sim.realtime.record import Recorder
from armillary.hal.sim.realtime.replay import Replayer, parse
from armillary.hal.sim.realtime.time import MICROSECOND, MILLISECOND
from armillary.hal.sim.realtime.uart import Uart
from armillary.wire import guid

from .board import Pin, unit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from armillary.hal.sim.buses import I2cBus, SpiBus
    from armillary.hal.sim.realtime.registers import Block

STEP = 10 * MILLISECOND
SHOWN = 2000  # characters of a UART that a failure shows
ACCESSES = 8  # accesses that a text which did not come shows


class Died(AssertionError):
    """The program cannot go on; the text is the report."""


class NotSaid(AssertionError):
    """A text did not come in time; the text says what came, and what the program was doing."""


class Recording:
    """A record in the making."""

    def __init__(self, chip: Chip) -> None:
        self._lines: list[str] = []
        self._recorder = Recorder(chip, self._lines.append)

    def end(self) -> str:
        """The record; it goes on if `end` is not the last call."""
        self._recorder.finish()
        return "".join(self._lines)


class RtApp:
    """A program on a core of a chip of its own, not yet run. Times are virtual: nothing depends on the host's speed.

    `chip` is the whole simulated chip, for what this class has no method for; `log` what it found worth telling: each
    register that is not known, once.
    """

    def __init__(self, data: bytes, core: int = 0) -> None:
        self.chip = Chip(cores=2)
        self.core: Core = self.chip.cores[core]
        program = elf.parse(data, REGIONS)
        self.symbols = Symbols(data)
        isus = {f"isu{number}": isu.console for number, isu in enumerate(self.chip.shared.isus)}
        self._said: dict[str, Console] = {"debug": self.core.console, **isus}
        self._watched = Watched(self.chip, self.core, program, self.symbols)
        self._read: dict[str, int] = {}
        self._main: MainCore | None = None

    # --- time ---

    @property
    def now_us(self) -> int:
        """Virtual time since the chip was made, in microseconds."""
        return self.chip.scheduler.now // MICROSECOND

    @property
    def cycles(self) -> int:
        """Cycles that the core has run; one instruction counts as one."""
        return self.core.machine.cycles

    def run_for(self, ms: float) -> None:
        """Let `ms` milliseconds pass. Raises Died."""
        self._run(self.chip.scheduler.now + round(ms * MILLISECOND))

    def run_until(self, what: str | Callable[[], bool], timeout_ms: float = 10_000, uart: str = "debug") -> None:
        """Run until a UART says a text that no earlier call has waited for, or until a function returns true (asked
        every millisecond). Raises NotSaid after `timeout_ms`, Died."""
        end = self.chip.scheduler.now + round(timeout_ms * MILLISECOND)
        step = STEP if isinstance(what, str) else MILLISECOND
        while not (self._has_said(uart, what) if isinstance(what, str) else what()):
            if self.chip.scheduler.now >= end:
                raise NotSaid(self._why_not(what, timeout_ms, uart))
            self._run(min(end, self.chip.scheduler.now + step))

    def _run(self, until: int) -> None:
        self._watched.run(until)
        if self._watched.death:
            said = self.uart()[-SHOWN:]
            raise Died(f"the program {self._watched.death}\n\n{self._watched.report}\nthe debug UART said:\n{said}")

    # --- UARTs ---

    def uart(self, name: str = "debug") -> str:
        """All that a UART ("debug", "isu0" to "isu5") has said; of more than a mebibyte, the latest."""
        self._uart(name)
        return self._said[name].text().replace("\r\n", "\n")

    def lines(self, name: str = "debug") -> list[str]:
        """Its whole lines."""
        return self.uart(name).split("\n")[:-1]

    def send(self, text: str | bytes, uart: str = "debug") -> None:
        """Send to a UART: characters arrive one after another, in the time that the line takes."""
        self._uart(uart).receive(text.encode() if isinstance(text, str) else text)

    def _find_uart(self, name: str) -> Uart | None:
        if name == "debug":
            return self.core.uart
        found = [block for block in self._blocks() if isinstance(block, Uart) and block.name.endswith(name.upper() + " UART")]
        return found[0] if found else None

    def _uart(self, name: str) -> Uart:
        found = self._find_uart(name)
        if found is None:
            raise ValueError(f"the chip has no UART {name!r}: {', '.join(self._said)}")
        return found

    def _has_said(self, name: str, text: str) -> bool:
        self._uart(name)
        said, start = self._said[name], self._read.get(name, 0)
        waiting = said.since(start)
        found = re.search(re.escape(text.encode()).replace(b"\\\n", b"\r?\n"), waiting)
        if found is not None:
            self._read[name] = said.total - len(waiting) + found.end()
        return found is not None

    # --- states and records ---

    def save(self) -> bytes:
        """The state of the whole chip, with the parts on its buses, for `restore`. Raises ValueError: see `Chip.save`."""
        return self.chip.save()

    def restore(self, state: bytes) -> None:
        """Go on from what `save` gave of the same program, with the same parts attached. Raises BadState, a ValueError."""
        self.chip.restore(state)
        self._read = {name: said.total for name, said in self._said.items()}

    def record(self) -> Recording:
        """From now on write down what goes into the chip and what comes out; `end()` of the result is the record."""
        return Recording(self.chip)

    def replay(self, record: str) -> Replayer:
        """From now on do what `record` says and compare: a difference raises Diverged. `finish()` of the result is
        whether the end of the record was compared too: that is so at its very time. Raises BadRecord, both ValueErrors."""
        return Replayer(self.chip, parse(record))

    def _why_not(self, what: str | Callable[[], bool], timeout_ms: float, uart: str) -> str:
        wanted = repr(what) if isinstance(what, str) else "what was waited for"
        where = self.symbols.describe(self.core.machine.get("pc") & ~1)
        accesses = [self._watched.name(access.address) for access in self.core.machine.accesses(ACCESSES)]
        others = [name for name, console in self._said.items() if name != uart and console.total]
        return "\n".join([
            f"{wanted} did not come within {timeout_ms:g} ms; {uart} said: {self.uart(uart)[-SHOWN:]!r}",
            *(f"{name} said: {self.uart(name)[-SHOWN:]!r}" for name in others),
            f"the program is at {where}", f"it last used {', '.join(accesses) or 'no peripheral'}", *self.log,
        ])  # fmt: skip

    # --- the main core ---

    def connect(self, component: str) -> Connection:
        """Connect as the app of this component id: the program is told of its rings, now or when it asks. The result has
        `send(payload)` and `receive()`, which is None while nothing came. No manifest is asked. Raises Invalid."""
        if self._main is None:
            self._main = MainCore(self.core)
        return self._main.connect(guid.to_bytes(component))

    @property
    def main_core(self) -> MainCore:
        """The main core as it is played for this program. Raises ValueError before the first `connect`."""
        if self._main is None:
            raise ValueError("nobody has connected: call connect() first")
        return self._main

    # --- pins, and whatever else there is ---

    def pin(self, number: int) -> Pin:
        """A pin as an oscilloscope saw it. Raises NoDevice if the chip has none of that number."""
        bank = self.chip.pins
        changes = tuple((time, level) for time, pin, level in bank.history if pin == number)
        return Pin(number, bank.read(number), changes)

    def drive(self, pin: int, level: int | None) -> None:
        """Drive a pin from outside, or let go of it with None."""
        self.chip.pins.drive(pin, level)

    def i2c(self, isu: int) -> I2cBus:
        """The I2C bus of an ISU (0 to 5), to attach parts to; its `log` has the transfers. Raises ValueError."""
        return self.chip.shared.isus[unit(isu)].i2c_bus

    def join_i2c(self, isu: int, other: int) -> None:
        """Lead the I2C lines of two ISUs together: one may be the other's slave. Raises Invalid."""
        self.chip.shared.isus[isu].join_i2c(self.chip.shared.isus[other])

    def spi(self, isu: int) -> SpiBus:
        """The SPI bus of an ISU, to attach parts to, behind a select line or any pin. Raises ValueError."""
        return self.chip.shared.isus[unit(isu)].spi_bus

    def analog(self, channel: int, volts: float) -> None:
        """Apply a voltage to an analog input. Raises Invalid."""
        self.chip.shared.inputs.set(channel, round(volts * 1_000_000))

    def sound(self, i2s: int = 0) -> list[int]:
        """The latest frames that an I2S (0, 1) played: 16 bits left in the lower half of each, 16 bits right."""
        return list(self.chip.shared.sounds[i2s].heard)

    def block(self, name: str) -> Block:
        """A peripheral by its name, such as "GPT" or "GPIO2". Raises ValueError."""
        blocks = {block.name.removeprefix(f"IO{self.core.number} "): block for block in self._blocks()}
        if name not in blocks:
            raise ValueError(f"the chip has no {name!r}: {', '.join(blocks)}")
        return blocks[name]

    def _blocks(self) -> list[Block]:
        return [*self.core.blocks, *self.chip.blocks]

    def symbol(self, name: str) -> int:
        """The address of a function or variable. Raises KeyError."""
        address = self.symbols.address_of(name)
        if address is None:
            raise KeyError(f"the program has no {name}")
        return address

    def word(self, name: str) -> int:
        """The 32-bit variable of that name as it is now."""
        return int.from_bytes(self.core.machine.read_memory(self.symbol(name), 4), "little")

    @property
    def log(self) -> list[str]:
        """What the chip told: registers that it does not know, keys that were missing."""
        return self.chip.log.lines


class Maker:
    """Builds and loads programs for one session: what was built once is not built again."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch

    def load(self, program: str | Path, beside: Path, core: int = 0, flags: Sequence[str] = ()) -> RtApp:
        """A program by its file (.elf, .imagepackage, .c), its folder of C, or its name among those that come with
        Armillary; files are looked for beside the test, then where pytest was started. Raises ValueError."""
        path = next((place for place in (beside / program, Path(program)) if place.exists()), None)
        if path is None and Path(program).suffix:
            raise ValueError(f"{program}: no such file: {' or '.join(sorted({str(beside / program), str(Path(program).absolute())}))}")
        try:
            file = path if path is not None and path.is_file() and path.suffix != ".c" else self._build(path, program, flags)
            return RtApp(read_program(file), core)
        except (Problem, elf.BadElf, build.BuildProblem) as problem:
            raise ValueError(f"{program}: {problem}") from None

    def _build(self, path: Path | None, program: str | Path, flags: Sequence[str]) -> Path:
        source = build.source_of(path or program)
        key = hashlib.sha256("\0".join([str(source.resolve()), *flags]).encode()).hexdigest()[:16]
        output = self._scratch / f"{source.stem}-{key}.elf"
        if not output.exists():
            build.build(source, output, flags)
        return output
