"""The failure reporter: has what the journal gathers kept over a reset, and sends it to the service, in batches."""

from __future__ import annotations

from ..wire.fault import Fault
from .daemon import Until
from .service import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .attestation import Attestation
    from .daemon import Signal, Steps
    from .hardware import Hardware
    from .journal import Journal
    from .kept import KeptEvents
    from .service import Service

MOST_AT_ONCE = 16
FOR_NOW = (401, 403, 408, 429)  # refusals that may be over by the next time


class Reports:
    """The daemon. An event waits in the journal until the service has taken it."""

    def __init__(
        self, hardware: Hardware, service: Service, attestation: Attestation, journal: Journal, kept: KeptEvents,
        due: Signal,
    ) -> None:  # fmt: skip
        self._clock = hardware.clock
        self._config = hardware.config
        self._service = service
        self._attestation = attestation
        self._journal = journal
        self._kept = kept
        self._due = due
        attestation.listeners.append(due)

    def run(self) -> Steps[None]:
        """Keep what is new as soon as the apps have had their start; send when there is something, at most once every
        `report_every_s`."""
        yield Until(self._clock.uptime_us() + self._config["keep_after_ms"] * 1000)
        self._kept.restore()
        next_us = 0
        while True:
            self._due.take()
            self._kept.keep()
            may_send = bool(self._journal.events) and self._attestation.is_ready
            if may_send and self._clock.uptime_us() >= next_us:
                yield from self._send()
                next_us = self._clock.uptime_us() + self._config["report_every_s"] * 1_000_000
            else:
                yield self._due.until(next_us if may_send else None)

    def _send(self) -> Steps[None]:
        """One batch. What the service did not take for want of reaching it waits again; what it refused
        would be refused again, so it is dropped and said so."""
        batch = self._journal.take(MOST_AT_ONCE)
        try:
            yield from self._service.report(batch)
            self._kept.sent()
        except Refused as fault:
            if fault.status in FOR_NOW:
                self._journal.give_back(batch)
            else:
                self._journal.say("{} reports were refused: {}".format(len(batch), fault))
                self._kept.sent()
        except Fault:
            self._journal.give_back(batch)
