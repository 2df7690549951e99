"""The update client: asks what the group shall have, fetches what is missing, has it installed.

Blocks go straight from the channel into the monitor's staging; nothing is kept here, and nothing that
came over the network is parsed here: the monitor verifies the package from its own copy. A package
that the monitor refused is not fetched again before the next boot, one that failed its probation never.
"""

from __future__ import annotations

from .. import native
from ..wire.call import BULK
from ..wire.fault import Fault, Untrusted, explain
from ..wire.guid import to_text
from .restart import RESET_UPDATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..monitor.port import MonitorPort
    from .applications import Applications
    from .attestation import Attestation
    from .daemon import Signal, Steps
    from .hardware import Hardware
    from .journal import Journal
    from .restart import Restart
    from .service import Service, Wanted

RANGE = 16 * BULK  # bytes asked for at once
MOST_REFUSED = 32  # images remembered
STAGED, INSTALLED = 1, 2  # states of an image, `wire.partition`


class Update:
    """The daemon. Set `now` to have it ask at once; `last_result` says how the last round ended."""

    def __init__(
        self, hardware: Hardware, monitor: MonitorPort, service: Service, attestation: Attestation,
        applications: Applications, journal: Journal, restart: Restart, now: Signal,
    ) -> None:  # fmt: skip
        self._clock = hardware.clock
        self._config = hardware.config
        self._monitor = monitor
        self._service = service
        self._attestation = attestation
        self._applications = applications
        self._journal = journal
        self._restart = restart
        self.now = now
        attestation.listeners.append(now)
        self.last_result = "never asked"
        self._refused: list[bytes] = []

    def run(self) -> Steps[None]:
        """Ask, install, wait."""
        while True:
            pause_s = self._config["update_retry_s"]
            self.now.take()
            if self._attestation.is_ready:
                is_done = yield from self._round()
                pause_s = self._config["update_poll_s"] if is_done else pause_s
            yield self.now.until(self._clock.uptime_us() + pause_s * 1_000_000)

    def _round(self) -> Steps[bool]:
        """Whether the service could be asked and everything it wants was dealt with."""
        try:
            wanted = yield from self._service.wanted()
        except Fault as fault:
            self._end("could not ask: " + explain(fault))
            return False
        staged = self._in_state(wanted, STAGED)  # left by a round that a reset cut short
        missing = self._missing(wanted)
        tried, has_all = len(staged) + len(missing), True
        for image in missing:
            try:
                yield from self._fetch(image)
                staged.append(image)
            except Fault as fault:
                has_all = False
                self._refuse(image, fault)
        if not self._install(staged):
            has_all = False
        self._end("{} of {} images installed".format(len(staged), tried) if tried else "up to date")
        return has_all

    def _in_state(self, wanted: list[Wanted], state: int) -> list[Wanted]:
        have = [one.image for one in self._monitor.list_images() if one.state == state]
        return [image for image in wanted if image.image in have]

    def _missing(self, wanted: list[Wanted]) -> list[Wanted]:
        have = self._in_state(wanted, STAGED) + self._in_state(wanted, INSTALLED)
        done = self._refused + self._applications.failed.images()
        return [image for image in wanted if image not in have and image.image not in done]

    def _fetch(self, image: Wanted) -> Steps[None]:
        """Fetch one package into staging and have it committed. Raises the fault that stopped it."""
        handle = self._monitor.open_for_staging(image.length)
        try:
            yield from self._copy(image, handle)
        except Fault:
            self._monitor.abort_staging(handle)
            raise
        try:
            component, identity, _ = self._monitor.commit_staging(handle)
        except Fault:
            self._remember(image)  # the monitor's word is final for this image
            raise
        if (component, identity) != (image.component, image.image):
            self._remember(image)
            self._drop(component)
            raise Untrusted("the package is another than was announced", "kernel", "update.identity")

    def _drop(self, component: bytes) -> None:
        """Have a staged image removed that nobody asked for. The monitor removes whole components, so one
        that is installed is left alone: its staged image is signed and newer, only misannounced."""
        known = [one for one in self._monitor.list_images() if one.component == component]
        if not [one for one in known if one.state != STAGED]:
            self._monitor.invalidate_image(component)

    def _copy(self, image: Wanted, handle: int) -> Steps[None]:
        digest = native.Sha256()
        for start in range(0, image.length, RANGE):
            part = yield from self._service.blob(image.image, start, min(start + RANGE, image.length))
            digest.update(part)
            for at in range(0, len(part), BULK):
                self._monitor.write_block(handle, start + at, part[at : at + BULK])
        if digest.digest() != image.sha256:
            raise Untrusted("the package is not the one that was announced", "kernel", "update.digest")

    def _install(self, staged: list[Wanted]) -> bool:
        """Whether everything staged is now installed; the apps among it run."""
        if not staged:
            return True
        try:
            _, needs_restart = self._monitor.install_staged()
        except Fault as fault:
            for image in staged:
                self._refuse(image, fault)
            return False
        for image in staged:
            self._record(image, "installed", "", {})
        if needs_restart:
            self._restart.now(RESET_UPDATE, "restarting into the update")
        for image in staged:
            self._applications.replace(image.component)
        self._attestation.notice_apps()
        return True

    def _remember(self, image: Wanted) -> None:
        self._refused = (self._refused + [image.image])[-MOST_REFUSED:]

    def _refuse(self, image: Wanted, fault: Fault) -> None:
        self._journal.say("update of {}: {}".format(image.name, fault))
        self._record(
            image, "refused", explain(fault),
            {"fault": type(fault).__name__, "ring": fault.ring, "rule": fault.rule, "policy": fault.policy},
        )  # fmt: skip

    def _record(self, image: Wanted, result: str, reason: str, more: dict[str, str]) -> None:
        detail: dict[str, object] = {
            "result": result, "image": to_text(image.image), "version": image.version, "reason": reason,
        }  # fmt: skip
        detail.update(more)
        self._journal.record("update", image.component, detail)

    def _end(self, result: str) -> None:
        if result != self.last_result:
            self._journal.say("update: " + result)
        self.last_result = result
