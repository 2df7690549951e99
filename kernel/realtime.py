"""Real-time apps: a run of one on a core of its own, as the application manager sees any task.

The monitor verifies, loads and confines it; here it is started, watched and ended, and what it did beyond its
manifest or died of is told.
"""

from __future__ import annotations

from ..wire.fault import Denied, Fault
from .journal import Allowance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..monitor.port import MonitorPort
    from .intercore import Intercore
    from .journal import Journal
    from .process import Process

RUNNING, ENDED = 1, 2  # states of a task, `hal.interface`
CORE_RUNNING = 1  # state of a core, as the monitor tells it
MOST_NEW = 16  # denials told at one look
LINES_SHOWN = 12  # of a report, on the debug UART
RESETS_SAID = 8  # at once; one a second in the long run
PERIPHERALS = ("Gpio", "Uart", "I2cMaster", "SpiMaster", "Pwm", "Adc", "I2sSubordinate", "AllowedApplicationConnections")
WHAT_HELPS = "claim it in Capabilities of the app's manifest, if the app is to have it, and sign the image again"


class RealTimeTask:
    """A run of `process`'s app. Satisfies `hal.interface.Task`. Raises the monitor's fault if it does not start. `now` is
    the uptime in µs."""

    def __init__(
        self, process: Process, monitor: MonitorPort, intercore: Intercore, journal: Journal, now: Callable[[], int]
    ) -> None:
        self.name = process.program.name
        self._process = process
        self._component = process.component
        self._monitor = monitor
        self._intercore = intercore
        self._journal = journal
        self._told = 0  # denials
        self._ended = ""  # why
        self._now = now
        self._asked_us = now()  # when the monitor was asked last
        self._resets = 0  # of its core, till then
        self._resets_said = Allowance(RESETS_SAID, 1)
        self.core = monitor.realtime_start(self._component)
        intercore.started(self._component, self.core)

    def status(self) -> tuple[int, int, int]:
        """(state, 0, 0). One that died has its report in the process."""
        if self._ended:
            return ENDED, 0, 0
        try:
            asked_us = self._now()
            _, state, reason, denials, resets = self._monitor.realtime_status(self._component)
            self._tell_denials(denials)
            self._tell_resets(resets)
            self._asked_us = asked_us
            if state == CORE_RUNNING:
                return RUNNING, 0, 0
            self._die(reason or "it does not run", self._monitor.realtime_report(self._component))
        except Fault as fault:  # the monitor stopped it: its image has gone
            self._ended = fault.reason or "it does not run"
        return ENDED, 0, 0

    def end(self) -> None:
        """Stop its core; nothing of it stays there."""
        self._ended = self._ended or "it was stopped"
        try:
            _, _, _, denials, _ = self._monitor.realtime_status(self._component)
            self._tell_denials(denials)
        except Fault as fault:
            self._journal.say("{}: {}".format(self.name, fault.reason))
        self._intercore.ended(self._component, "the real-time app ended: " + self._ended)
        try:
            self._monitor.realtime_stop(self._component)
        except Fault as fault:  # it was stopped with its image
            self._journal.say("{} was not stopped: {}".format(self.name, fault.reason))

    def _die(self, reason: str, report: str) -> None:
        self._ended = reason
        self._process.reason = "the program " + reason
        self._process.report = report or reason
        for line in [one for one in report.split("\n") if one][:LINES_SHOWN]:
            self._journal.app_line(self.name, self._process.allowance, line)

    def _tell_resets(self, resets: int) -> None:
        """The core was reset by its watchdog, or by the program: it begins again by itself, and that is reported."""
        if resets == self._resets:
            return
        self._resets = resets
        self._intercore.was_reset(self._component, self._asked_us)
        if self._resets_said.take(self._now()):
            self._journal.say("{}: its core was reset ({} times by now)".format(self.name, resets))
        self._journal.record("crash", self._component, {
            "reason": "its watchdog, or the program itself, has reset the core; it began again",
            "image": self._process.program.image.hex(), "version": self._process.program.version,
        })  # fmt: skip

    def _tell_denials(self, count: int) -> None:
        """Report refused accesses that are new: each of a register once."""
        for index in range(self._told, min(count, self._told + MOST_NEW)):
            address, is_write, pc, _, register, policy = self._monitor.realtime_denial(self._component, index)
            self._told = index + 1
            what = "{} {} at {:#010x}, by {:#010x}".format("writing" if is_write else "reading", register, address, pc)
            fault = Denied(what + ": a bus fault", "hal", "firewall.real_time", self._policy(policy), WHAT_HELPS)
            self._journal.say("{} was denied: {}".format(self.name, fault))
            self._journal.denied(self._component, fault)

    def _policy(self, row: str) -> str:
        """The firewall's row, and what the manifest has where the row asks for it."""
        line = self._process.program.manifest.policy_line
        return "; ".join([row] + [line(one) for one in PERIPHERALS if one in row])
