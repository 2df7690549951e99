"""Silicon: one chip made of the models, wired together, in one process.

What a board or a test of a ring starts from. Every device is an attribute, so whoever holds the
chip can break it: cut the rail, flip a bit, drive a pin. The rings only ever get gates.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from ...wire.call import Port
from .bus import Bus
from .chip import WATCHDOG, Chip
from .clock import VirtualClock
from .cores import Cores
from .entropy import Entropy
from .firewall import Firewall
from .flash import Flash
from .fuses import Fuses
from .gpio import GpioBank
from .masters import Masters
from .noise import SeededNoise
from .power import ChipReset, PowerRail
from .realtime.subsystem import RealTime
from .uart import Speaker, Uart
from .watchdog import Watchdog
from .waves import Waves
from .wires import Wires

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ...wire.call import Gate
    from ..interface import Network
    from .bus import Observer
    from .hosts import CoreHost, RealTimeHost, TaskHost

UARTS = 6
DENIALS = 256  # remembered: a hostile ring must not fill the memory of this one


class Silicon:
    """A whole chip. `facts` is a board's table of numbers (FLASH_SIZE, FLASH_LAYOUT, PINS, ...).

    Unless told otherwise time is virtual, noise comes from `seed`, a core that starts is only noted in
    `started` as (core, code), and a reset raises ChipReset under whoever asked for it.
    """

    def __init__(
        self, facts: Any, seed: int = 0, *, flash: Flash | None = None, fuses: Fuses | None = None,
        entropy: Entropy | None = None, clock: Any = None, rail: PowerRail | None = None,
        cores: CoreHost | None = None, tasks: TaskHost | None = None, network: Network | None = None,
        realtime: Callable[[Silicon], RealTimeHost] | None = None,
        masters: Callable[[Wires, Any], Masters] = Masters,
        on_reset: Callable[[int], None] | None = None, on_denied: Observer | None = None,
    ) -> None:  # fmt: skip
        self.rail = rail or PowerRail(seed)
        self.flash = flash or Flash(facts.FLASH_SIZE, facts.FLASH_SECTOR, facts.FLASH_PAGE, self.rail)
        self.fuses = fuses or Fuses(facts.FUSE_ROWS, facts.FUSE_ROW_BYTES, self.rail)
        self.entropy = entropy or Entropy(SeededNoise(seed))
        self.clock = clock or VirtualClock()
        self.gpio = GpioBank(facts.PINS, self.clock)
        self.wires = Wires()
        self.uarts = {port: self.wires.serial[port - 1] if port else Uart() for port in range(UARTS)}
        self.masters = masters(self.wires, self.clock)
        self.waves = Waves(self.gpio, self.clock)
        self._speakers = [Speaker(self.uarts[0], name) for name in ("io0", "io1")]
        self.firewall = Firewall(facts.FLASH_LAYOUT, facts.PINS)
        self.started: list[tuple[int, bytes]] = []
        self.cores: Any = cores or Cores(self._note_start)
        self.tasks = tasks
        self.network = network
        self.denials: deque[tuple[str, str, str]] = deque((), DENIALS)  # (master, call, why), oldest first
        self.chip = Chip(on_reset or _raise_reset)
        self.watchdog = Watchdog(self.clock, self._watchdog_expired)
        self._on_denied = on_denied
        self.on_refused: Callable[[str, Any], None] | None = None
        self.realtime: Any = (realtime or _in_this_process)(self)
        self._join()

    def gate(self, master: str, observe: Observer | None = None, window: Any = None) -> Gate:
        """The bus gate of "pluton", "monitor" or "kernel"; itself a link. `window`: see `Bus.gate`."""
        return self.bus.gate(master, observe, window)

    def port(self, master: str, observe: Observer | None = None) -> Port:
        """A `wire.call.Port` on that gate, to make `hal.port` clients over."""
        link: Any = self.gate(master, observe)  # Any: a gate may put a reply off, but this one never does
        return Port(link)

    def power_off(self) -> None:
        """Take the power away."""
        self.rail.power_off()

    def power_on(self) -> None:
        """Bring it back: everything volatile begins anew, flash and fuses are as they were left."""
        self.rail.power_on()
        self.clock.power_on()
        self.chip.power_on()
        self.started = []

    def snapshot(self) -> tuple[Any, bytes]:
        """What survives without power: flash and fuses."""
        return self.flash.snapshot(), self.fuses.snapshot()

    def restore(self, saved: tuple[Any, bytes]) -> None:
        """Put a snapshot back, of this chip or of another with the same geometry."""
        self.flash.restore(saved[0])
        self.fuses.restore(saved[1])

    def _join(self) -> None:
        self.bus = Bus(
            self.firewall, flash=self.flash, fuses=self.fuses, entropy=self.entropy, clock=self.clock,
            uarts=self.uarts, watchdog=self.watchdog, chip=self.chip, gpio=self.gpio, cores=self.cores,
            tasks=self.tasks, network=self.network, realtime=self.realtime, masters=self.masters, waves=self.waves,
            on_denied=self._note_denial,
        )  # fmt: skip
        # The real-time cores before the firewall: what they had is in its table.
        parts: list[Any] = [self.fuses, self.realtime, self.masters, self.waves, self.firewall, self.gpio, self.watchdog, self.cores]
        parts.extend(self.uarts.values())
        parts.extend([part for part in (self.tasks, self.network) if part is not None])
        self.chip.parts = [part for part in parts if hasattr(part, "reset")]

    def _note_start(self, core: int, code: bytes) -> None:
        self.started.append((core, code))

    def _note_denial(self, master: str, call: Any, arguments: Any, fault: Any) -> None:
        self.denials.append((master, call.name if call else "", str(fault)))
        if self._on_denied is not None:
            self._on_denied(master, call, arguments, fault)

    def core_said(self, core: int, data: bytes) -> None:
        """Real-time core `core` (0, 1) sent `data` on its own debug UART: the board's shows it."""
        self._speakers[core].say(data)

    def refused(self, core: int, fault: Any) -> None:
        """An access of a real-time core was refused for the first time: `on_refused(master, fault)` is told."""
        self._note_denial("io" + str(core), None, (), fault)
        if self.on_refused is not None:
            self.on_refused("io" + str(core), fault)

    def _watchdog_expired(self) -> None:
        self.chip.reset(WATCHDOG)


def _in_this_process(silicon: Silicon) -> RealTime:
    return RealTime(silicon.firewall, silicon.gpio, silicon.clock, denied=silicon.refused,
                    said=lambda core, byte: silicon.core_said(core, bytes((byte,))), wires=silicon.wires)  # fmt: skip


def _raise_reset(reason: int) -> None:
    raise ChipReset(reason)
