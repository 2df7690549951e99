"""The attestation client: proves to the service what booted, and keeps the certificates it earns fresh.

    key -> nonce -> evidence -> certificates -> commit the key

The certificates are used only once the key they certify is the one in use. They are renewed after
two thirds of their life, and at once when an app for another tenant was installed.
"""

from __future__ import annotations

from ..wire.certificate import parse
from ..wire.fault import Fault, Untrusted
from .service import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..monitor.port import MonitorPort
    from .credentials import Credentials
    from .daemon import Signal, Steps
    from .hardware import Hardware
    from .journal import Journal
    from .service import Granted, Service

MOST_TENANTS = 8  # that one evidence can name


class Attestation:
    """The daemon. `tenants()` are those that installed apps act for; set `again` when they changed.

    `listeners` are signals to set when the device gets certificates.
    """

    def __init__(
        self, hardware: Hardware, monitor: MonitorPort, service: Service, credentials: Credentials,
        journal: Journal, tenants: Callable[[], frozenset[bytes]], again: Signal,
    ) -> None:  # fmt: skip
        self._clock = hardware.clock
        self._config = hardware.config
        self._monitor = monitor
        self._service = service
        self._credentials = credentials
        self._journal = journal
        self._tenants = tenants
        self.again = again
        self.listeners: list[Signal] = []
        self._failures = 0
        self.last_error = ""

    @property
    def is_ready(self) -> bool:
        """Whether the device has a certificate in force."""
        return self._credentials.is_ready(self._clock.unix_ms())

    def run(self) -> Steps[None]:
        """Attest once the apps have had their start, wait, attest again."""
        yield self.again.until(self._clock.uptime_us() + self._config["attest_after_ms"] * 1000)
        while True:
            self.again.take()
            delay_ms = yield from self._attempt()
            yield self.again.until(self._clock.uptime_us() + delay_ms * 1000)

    def _attempt(self) -> Steps[int]:
        """Attest once; the pause (ms) until the next time."""
        try:
            granted = yield from self._attest()
        except Fault as fault:
            self._failures += 1
            pause = retry_ms(self._failures, retry_after(fault), self._config)
            self._tell(str(fault))
            return pause
        self._failures = 0
        self.last_error = ""
        self._journal.say("attested: certificates for {} tenants".format(len(granted.tenants)))
        for signal in self.listeners:
            signal.set()
        return renew_ms(granted.not_after_ms - self._clock.unix_ms())

    def _attest(self) -> Steps[Granted]:
        tenants = frozenset(sorted(self._tenants())[:MOST_TENANTS])
        public = self._monitor.generate_client_auth_key()
        device = self._monitor.get_security_state()[2]
        nonce = yield from self._service.nonce(device)
        evidence = self._monitor.process_attestation(nonce, b"".join(sorted(tenants)))
        granted = yield from self._service.attest(evidence)
        if parse(granted.chain[0]).public != public:
            raise Untrusted("the certificate is for another key", "kernel", "attestation.key")
        self._monitor.commit_client_auth_key()
        self._credentials.replace(
            granted.chain, granted.not_after_ms, tenants,
            {tenant: pem for tenant, pem in granted.tenants.items() if tenant in tenants},
        )  # fmt: skip
        return granted

    def notice_apps(self) -> None:
        """Apps were installed: attest again if one acts for a tenant that was not asked for."""
        if self._tenants() - self._credentials.tenants:
            self.again.set()

    def _tell(self, words: str) -> None:
        if words != self.last_error:  # the same trouble again is no news
            self._journal.say("not attested: " + words)
        self.last_error = words


def retry_after(fault: Fault) -> int | None:
    """The pause in seconds that the service asked for, if it did."""
    return fault.retry_after_s if isinstance(fault, Refused) else None


def retry_ms(failures: int, wish_s: int | None, config: dict[str, int]) -> int:
    """The pause after the `failures`-th failure in a row: doubling, or longer if the service wishes, but
    never beyond the bound: a service in error cannot silence a device for good."""
    pause = config["attest_retry_s"] << min(failures - 1, 20)
    return min(max(pause, wish_s or 0), config["attest_retry_most_s"]) * 1000


def renew_ms(life_ms: int) -> int:
    """When to renew a certificate that lives for `life_ms` more: after two thirds, but not at once for ever."""
    return max(life_ms * 2 // 3, 60_000)
