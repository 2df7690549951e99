"""Processes: one app each, and the table of what may happen to it."""

from __future__ import annotations

from ..wire.fault import OutOfOrder
from .handles import Handles
from .journal import BURST, PER_SECOND, Allowance

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..hal.interface import Task
    from ..wire.call import Gate
    from .capabilities import Capabilities
    from .program import Program

STOPPED, STARTING, RUNNING, STOPPING, BACKOFF = "stopped", "starting", "running", "stopping", "backoff"

# (state, what happens): the next state. Anything else is out of order.
NEXT = {
    (STOPPED, "start"): STARTING,
    (STARTING, "started"): RUNNING,
    (STARTING, "ended"): BACKOFF,
    (RUNNING, "ended"): BACKOFF,
    (RUNNING, "stop"): STOPPING,
    (STOPPING, "stop"): STOPPING,
    (STOPPING, "ended"): STOPPED,
    (BACKOFF, "due"): STARTING,
    (BACKOFF, "stop"): STOPPED,
    (STOPPED, "stop"): STOPPED,
}


class Wait:
    """A `wait` call whose reply was put off: which handles, until when, and whether one of them is
    a thing that must be looked at again and again. At `wake_us` there is something to tell for sure."""

    def __init__(self, handles: list[int], due_us: int, is_polled: bool, wake_us: int) -> None:
        self.handles = handles
        self.due_us = due_us
        self.is_polled = is_polled
        self.wake_us = wake_us


class Process:
    """One run after another of one program; `begin` sets what belongs to a run.

    `exit_code` is None until the app has said that it ends; `report` holds its traceback or post-mortem, if any, and
    `reason` the cause in a line where the report's last line is not that.
    `is_proven` once the image has been confirmed to the monitor. `due_us` is when the back-off or the
    grace period ends.
    """

    def __init__(self, program: Program, capabilities: Capabilities) -> None:
        self.program = program
        self.capabilities = capabilities
        self.component = program.component
        self.state = STOPPED
        self.allowance = Allowance(BURST, PER_SECOND)
        self.due_us = 0
        self.backoff_ms = 0
        self.started_us = 0
        self.is_proven = False
        self.begin()

    def happen(self, what: str) -> None:
        """Move to the next state. Raises OutOfOrder if that cannot happen in this state."""
        if (self.state, what) not in NEXT:
            raise OutOfOrder("{} cannot happen to {} while {}".format(what, self.program.name, self.state), "kernel")
        self.state = NEXT[(self.state, what)]

    def begin(self) -> None:
        """A new run: nothing of the last one is left."""
        self.handles = Handles()
        self.gate: Gate | None = None
        self.task: Task | None = None
        self.wait: Wait | None = None
        self.is_stop_told = False
        self.exit_code: int | None = None
        self.report = self.reason = ""

    @property
    def is_alive(self) -> bool:
        """Whether an app is running in it."""
        return self.state in (STARTING, RUNNING, STOPPING)
