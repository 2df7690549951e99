"""The kernel: boots the daemons and the apps, and does whatever is due whenever it is stepped.

It never blocks. A system call is answered in the gate of its process, except `wait`, whose reply is
completed by `step` when a handle has an event or time is up.
"""

from __future__ import annotations

from .. import native
from ..wire import image
from ..wire.asxipfs import FileSystem
from ..wire.certificate import pem_to_der
from ..wire.fault import Fault
from .applications import Applications
from .attestation import Attestation
from .buses import Buses
from .credentials import Credentials
from .daemon import Scheduler, Signal, Until
from .failures import FailedImages
from .intercore import Intercore
from .journal import Journal
from .kept import KeptEvents
from .own import Own
from .pins import Pins
from .process import Process
from .reports import Reports
from .restart import Restart
from .service import Service
from .storage import Storage
from .streams import Streams
from .syscalls import Means, look
from .update import Update

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..monitor.port import MonitorPort
    from .daemon import Steps
    from .hardware import Hardware

ROUNDS = 100  # of daemons and waits in one step; more work waits for the next step


class Kernel:
    """Ring 3. Make it from `hardware`, the monitor's port and the load [kernel, app runtime, certificate
    store] (verified by the monitor); `boot` it once, then `step` it whenever its time has come and
    after each request that was put off. `observe` sees every system call.
    """

    def __init__(
        self, hardware: Hardware, monitor: MonitorPort, packages: Sequence[bytes],
        observe: Callable[..., None] | None = None,
    ) -> None:  # fmt: skip
        clock = hardware.clock
        self.hardware = hardware
        self.monitor = monitor
        self.credentials = Credentials()
        self._attends = False
        self._is_stepping = False
        self._reports_due, self._apps_changed = Signal(self._attend), Signal(self._attend)
        self.journal = Journal(hardware.uart, clock, monitor, self._reports_due.set)
        self.scheduler = Scheduler(clock.uptime_us, self._fell)
        self._storage = Storage(monitor, native, clock.uptime_us, self.journal.denied)
        self.pins = Pins(hardware.gpio, monitor)
        buses = Buses(hardware.buses, hardware.uarts, hardware.pwm, self.pins, clock)
        streams = Streams(hardware.network, hardware.config["network_streams"])
        roots = certificates(packages[2])
        self.intercore = Intercore(hardware, monitor, self.journal, self._attend)
        means = Means(
            clock, monitor, self.journal, self.pins, buses, self._storage, streams, self.credentials, roots,
            self._apps_changed.set, lambda: self.applications.sharers(),
            self.intercore, lambda component: self.applications.manifest_of(component),
        )  # fmt: skip
        own = Own(monitor, self._storage)
        self._kept = KeptEvents(monitor, own, self.journal, clock)
        self.restart = Restart(monitor, self._keep_all, self.journal, Signal(self._attend))
        failed = FailedImages(own, self.journal)
        self.applications = Applications(hardware, means, packages[1], self._apps_changed, observe, failed, self.restart)
        service = Service(hardware, monitor, self.credentials, pem_to_der(roots), native)
        self.attestation = Attestation(hardware, monitor, service, self.credentials, self.journal,
                                       self.applications.tenants, Signal(self._attend))  # fmt: skip
        self.update = Update(hardware, monitor, service, self.attestation, self.applications, self.journal,
                             self.restart, Signal(self._attend))  # fmt: skip
        self._reports = Reports(hardware, service, self.attestation, self.journal, self._kept, self._reports_due)

    def boot(self) -> None:
        """Start the daemons and the installed apps. Once the daemons have been up for a while one of them tells
        the monitor that this set of images works."""
        self._record_boot()
        for name, begin in (
            ("watchdog", self._tend_watchdog),
            ("application manager", self.applications.run),
            ("attestation", self.attestation.run),
            ("update", self.update.run),
            ("failure reports", self._reports.run),
            ("boot confirmation", self._confirm_boot),
            ("restart", self.restart.run),
        ):
            self.scheduler.spawn(name, begin)
        self.applications.install_all()
        self.scheduler.run()

    def step(self) -> int | None:
        """Do what is due. When to be called again at the latest (µs of uptime), or None."""
        if self._is_stepping:
            return self.hardware.clock.uptime_us()  # an app answered at once, from within our own step
        self._is_stepping = True
        try:
            self.intercore.attend()
            for _ in range(ROUNDS):
                self._attends = False
                has_run = self.scheduler.run()
                has_answered = self._answer_waits()
                if not (has_run or has_answered or self._attends):
                    break
            self._storage.flush_due()
        finally:
            self._is_stepping = False
        return self._next_us()

    def list_apps(self) -> list[tuple[str, bytes, bytes, str, int]]:
        """(name, component, image, state, security version) of each app."""
        return [
            (one.program.name, one.component, one.program.image, one.state, one.program.version)
            for one in self.applications.all()
        ]

    def _keep_all(self) -> None:
        """Before a restart."""
        self._storage.flush()
        self._kept.keep()

    def _attend(self) -> None:
        self._attends = True

    def _fell(self, name: str, words: str) -> None:
        self.journal.say("{} fell over: {}".format(name, words))
        self.journal.record("crash", b"", {"reason": "{}: {}".format(name, words)})

    def _record_boot(self) -> None:
        rolled_back, backup_used, reason = self.monitor.get_rollback_info()
        detail = {"rolled_back": rolled_back, "backup_used": backup_used, "reason": reason}
        self.journal.say("up" + (": " + reason if reason else ""))
        self.journal.record("boot", b"", detail)

    def _confirm_boot(self) -> Steps[None]:
        """It also mends damaged copies, which reads all of them: not while apps are starting."""
        yield Until(self.hardware.clock.uptime_us() + self.hardware.config["confirm_ms"] * 1000)
        if self.scheduler.failures():
            self.journal.say("boot is not confirmed: a daemon did not stay up")
            return
        try:
            self.monitor.confirm_boot()
        except Fault as fault:
            self.journal.say("boot was not confirmed: " + str(fault))
            return
        self.restart.confirmed()

    def _tend_watchdog(self) -> Steps[None]:
        while True:
            self.monitor.tend_watchdog()
            yield Until(self.hardware.clock.uptime_us() + self.hardware.config["watchdog_ms"] * 1000)

    def _answer_waits(self) -> bool:
        """Reply to every app whose wait is over. Whether there was one."""
        has_answered = False
        for process in self.applications.all():
            if process.wait is not None and process.task is not None:
                event = look(process, process.wait, self.hardware.clock.uptime_us())
                if event is not None:
                    has_answered = True
                    self._answer(process, event)
        return has_answered

    def _answer(self, process: Process, event: tuple[int, int]) -> None:
        process.wait = None
        if process.gate is not None and process.task is not None:
            self.hardware.tasks.reply(process.task, process.gate.complete(event))

    def _next_us(self) -> int | None:
        now = self.hardware.clock.uptime_us()
        if self._attends:
            return now
        dues = [self.scheduler.next_us(), self._storage.next_us(), self.intercore.next_us()]
        for process in self.applications.all():
            if process.wait is not None:
                dues.append(process.wait.wake_us)
                if process.wait.is_polled:
                    dues.append(now + self.hardware.config["poll_ms"] * 1000)
        times = [due for due in dues if due is not None]
        return max(now, min(times)) if times else None


def certificates(package: bytes) -> bytes:
    """The roots (PEM) in the certificate store's package, every file under `certs/`."""
    files = FileSystem(image.parse(package).body)
    paths = [path for path in files.paths() if path.startswith("certs/") and path.endswith(".pem")]
    return b"".join([files.read(path) for path in sorted(paths)])
