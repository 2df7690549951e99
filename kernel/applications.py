"""The application manager: starts apps, watches them, restarts them later and later, judges new ones.

An app that ends is started again after a back-off that doubles from 1 s to 5 min and begins anew
after 10 min of health. An image that the monitor has not been told to trust yet is on probation: if
it lives through it, it is confirmed; if it crashes before and there is a previous image, that one
comes back.
"""

from __future__ import annotations

from ..wire import guid
from ..wire.call import Gate
from ..wire.fault import Busy, Fault, Full, Locked, NotFound
from . import program
from .capabilities import Capabilities
from .process import BACKOFF, RUNNING, STOPPED, STOPPING, Process
from .realtime import RealTimeTask
from .syscalls import Syscalls

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..hal.interface import Task
    from ..wire.manifest import Manifest
    from .daemon import Signal, Steps
    from .failures import FailedImages
    from .hardware import Hardware
    from .program import Program
    from .restart import Restart
    from .syscalls import Means

PREVIOUS = 3  # state of an image, `wire.partition`
ENDED = 2  # state of a task, `hal.interface`
OTHERS_FIRST = (Busy, Full, Locked)  # why a real-time app may have to wait: no fault of its own


class Applications:
    """The processes of all installed apps. `runtime` is the app runtime's package; `observe` sees
    every system call where somebody traces; `changed` is set when something here may be due. `failed`
    are images that failed their probation."""

    def __init__(
        self, hardware: Hardware, means: Means, runtime: bytes, changed: Signal, observe: Callable[..., None] | None,
        failed: FailedImages, restart: Restart,
    ) -> None:  # fmt: skip
        self._hardware = hardware
        self._config = hardware.config
        self._means = means
        self._runtime = runtime
        self._changed = changed
        self._observe = observe
        self._next: dict[bytes, Program | None] = {}  # what follows a process that is stopping
        self._restart = restart
        self.processes: dict[bytes, Process] = {}
        self.failed = failed

    # -- what others ask for -----------------------------------------------------------------------

    def install_all(self) -> None:
        """Start every installed app. One that may not run is told of, and stops nobody else."""
        for component in program.installed(self._means.monitor):
            self.replace(component)

    def replace(self, component: bytes) -> bool:
        """Run what is now installed for `component`, in the place of what ran before.

        Whether it will run; a refusal is recorded.
        """
        new = self._load(component)
        old = self.processes.get(component)
        if old is not None and old.is_alive:
            self._next[component] = new
            self.stop(component)
        else:
            self._follow(component, new)
        return new is not None

    def _load(self, component: bytes) -> Program | None:
        """The installed program of `component`; None, and a refusal is recorded, if it may not run."""
        try:
            return program.load(self._means.monitor, component)
        except Fault as fault:
            self._means.journal.say("app {} was not started: {}".format(guid.to_text(component), fault))
            self._means.journal.denied(component, fault)
            return None

    def remove(self, component: bytes) -> None:
        """Stop an app and forget it; its image is the caller's matter. Raises NotFound."""
        if self._find(component).is_alive:
            self._next[component] = None
            self.stop(component)
        else:
            self._follow(component, None)

    def start(self, component: bytes) -> None:
        """Start an app that was stopped. Raises NotFound, OutOfOrder if it is not stopped."""
        process = self._find(component)
        process.happen("start")
        self._begin(process)

    def stop(self, component: bytes) -> None:
        """Ask an app to end; after the grace period it is ended. Raises NotFound."""
        process = self._find(component)
        was = process.state
        process.happen("stop")
        if was == RUNNING:  # nothing tells a real-time app that it is to end
            grace_ms = 0 if process.program.is_real_time else self._config["stop_grace_ms"]
            process.due_us = self._now() + grace_ms * 1000
        self._changed.set()

    def tenants(self) -> frozenset[bytes]:
        """The tenants that installed apps act for."""
        wanted = [process.program.manifest.device_authentication for process in self.processes.values()]
        return frozenset([tenant for tenant in wanted if tenant])

    def manifest_of(self, component: bytes) -> Manifest | None:
        """The manifest of an installed app."""
        process = self.processes.get(component)
        return process.program.manifest if process is not None else None

    def sharers(self) -> int:
        """How many apps may use the network."""
        return len([1 for process in self.processes.values() if process.program.manifest.allowed_connections])

    def all(self) -> list[Process]:
        """Every process, in order of component."""
        return [self.processes[component] for component in sorted(self.processes)]

    # -- the daemon ----------------------------------------------------------------------------------

    def run(self) -> Steps[None]:
        """Tend the processes whenever something is due."""
        while True:
            self._changed.take()
            for process in self.all():
                self.tend(process)
            yield self._changed.until(self._due_us())

    def tend(self, process: Process) -> None:
        """Do what is due for one process."""
        now = self._now()
        if process.state == BACKOFF and now >= process.due_us:
            process.happen("due")
            self._begin(process)
        if not process.is_alive:
            return
        if process.state == STOPPING and now >= process.due_us:
            self._end(process, process.exit_code or 0, 0)
        elif process.exit_code is not None:
            self._end(process, process.exit_code, 0)
        elif process.task is not None:
            state, code, signal = process.task.status()
            if state == ENDED:
                self._end(process, code, signal)
            elif process.state == RUNNING:
                self._judge(process, now)

    def _due_us(self) -> int | None:
        """When something will be due: a back-off, a grace period, or the next look at running apps."""
        dues = []
        for process in self.processes.values():
            if process.state in (BACKOFF, STOPPING):
                dues.append(process.due_us)
            if process.is_alive:
                dues.append(self._now() + self._config["task_poll_ms"] * 1000)
        return min(dues) if dues else None

    # -- one run ------------------------------------------------------------------------------------

    def _begin(self, process: Process) -> None:
        """Start the app in an address space of its own."""
        process.begin()
        process.started_us = self._now()
        try:
            process.task = self._start_real_time(process) if process.program.is_real_time else self._start(process)
            process.happen("started")
        except Fault as fault:
            self._means.journal.say("{} did not start: {}".format(process.program.name, fault))
            if process.program.is_real_time and isinstance(fault, OTHERS_FIRST):
                self._means.journal.denied(process.component, fault)
            else:
                process.report = str(fault)
            self._end(process, 0, 0)

    def _start_real_time(self, process: Process) -> Task:
        return RealTimeTask(process, self._means.monitor, self._means.intercore, self._means.journal, self._now)

    def _start(self, process: Process) -> Task:
        app, gate = process.program, Gate("kernel", "app", Syscalls(process, self._means).table(), self._observe)
        process.gate = gate
        load = b"".join([len(part).to_bytes(4, "little") + part for part in (self._runtime, app.package)])
        memory_kib, cpu_ms = self._config["app_memory_kib"], self._config["app_cpu_ms"]
        return self._hardware.tasks.start(app.name, load, memory_kib, cpu_ms, gate)

    def _end(self, process: Process, code: int, signal: int) -> None:
        """The run is over: take back everything it held, then decide what comes next."""
        if process.task is not None:
            process.task.end()  # first, so that nobody is left who could use a handle
        process.wait = None
        for fault in process.handles.close_all():
            self._means.journal.say("{} left something behind: {}".format(process.program.name, fault))
        was_stopping = process.state == STOPPING
        process.happen("ended")
        has_crashed = bool(code or signal or process.report)
        if has_crashed and not was_stopping:
            self._record_crash(process, code, signal)
        if process.state == STOPPED:
            self._settle(process.component)
        elif not (has_crashed and self._revert(process)):
            self._back_off(process)
        self._changed.set()

    def _back_off(self, process: Process) -> None:
        config = self._config
        is_fresh = self._now() - process.started_us >= config["healthy_ms"] * 1000
        process.backoff_ms = next_backoff(0 if is_fresh else process.backoff_ms, config)
        process.due_us = self._now() + process.backoff_ms * 1000
        self._means.journal.say("{} starts again in {} ms".format(process.program.name, process.backoff_ms))

    def _record_crash(self, process: Process, code: int, signal: int) -> None:
        report = process.report.strip()
        words = report.split("\n")[-1] if report else "exit code {}, signal {}".format(code, signal)
        last = process.reason or words
        kind, cut = ("post_mortem", report) if process.reason else ("traceback", report[-2000:])
        self._means.journal.say("{} crashed: {}".format(process.program.name, last))
        self._means.journal.record(
            "crash", process.component,
            {
                "reason": last, "exit_code": code, "signal": signal, kind: cut,
                "image": process.program.image.hex(), "version": process.program.version,
            },
        )  # fmt: skip

    # -- probation -----------------------------------------------------------------------------------

    def _judge(self, process: Process, now: int) -> None:
        """Confirm the image once its probation is over."""
        if process.is_proven or now - process.started_us < self._config["probation_ms"] * 1000:
            return
        process.is_proven = True
        try:
            self._means.monitor.confirm_application(process.component)
            self.failed.discard(process.program.image)
        except Fault as fault:
            self._means.journal.say("{} was not confirmed: {}".format(process.program.name, fault))

    def _revert(self, process: Process) -> bool:
        """Whether a previous image took the place of one that crashed on probation."""
        monitor, component = self._means.monitor, process.component
        if process.is_proven or not [
            1 for one in monitor.list_images() if one.component == component and one.state == PREVIOUS
        ]:
            return False
        try:
            needs_restart = monitor.revert_application(component)
        except Fault:
            return False  # it was confirmed in an earlier life
        name, image = process.program.name, process.program.image
        self._means.journal.say("{}: back to the previous image".format(name))
        self._means.journal.record(
            "update", component, {"result": "reverted", "image": image.hex(), "reason": "crashed on probation"}
        )
        is_kept = self.failed.add(image)
        if not needs_restart:
            return self.replace(component)
        self._wait_for_restart(component, name, is_kept)
        return True

    def _wait_for_restart(self, component: bytes, name: str, may_restart: bool) -> None:
        """The image that is installed now claims other pins or blocks than its core has: it stands still until the
        restart. That is asked for only if the image that failed is remembered beyond it: else it might be fetched
        again, and the device restart for it without end."""
        new = self._load(component)
        if new is None:
            self._follow(component, None)
            return
        self.processes[component] = self._process(new)
        if may_restart:
            self._restart.want("{} went back to an image with another claim".format(name))
        else:
            self._means.journal.say("{} waits for the next restart of the device".format(name))

    # -- succession ----------------------------------------------------------------------------------

    def _settle(self, component: bytes) -> None:
        """A process has stopped: let its successor follow, if one waits."""
        if component in self._next:
            self._follow(component, self._next.pop(component))

    def _follow(self, component: bytes, new: Program | None) -> None:
        if new is None:
            self.processes.pop(component, None)
            self._means.intercore.removed(component)
            return
        self.processes[component] = self._process(new)
        self.start(component)

    def _process(self, new: Program) -> Process:
        """Where `new` will run: stopped."""
        journal = self._means.journal
        return Process(new, Capabilities(new.manifest, lambda fault: journal.denied(new.component, fault)))

    def _find(self, component: bytes) -> Process:
        if component not in self.processes:
            raise NotFound("no app of component " + component.hex())
        return self.processes[component]

    def _now(self) -> int:
        return self._hardware.clock.uptime_us()


def next_backoff(last_ms: int, config: dict[str, int]) -> int:
    """The pause after the one of `last_ms`: twice it, within the two bounds of `config`."""
    return min(max(2 * last_ms, config["backoff_least_ms"]), config["backoff_most_ms"])
