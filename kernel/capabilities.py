"""Capabilities: what an app's signed manifest allows, asked once when something is opened.

Deny by default: each method returns if the manifest names the thing, else raises Denied with the
manifest entry that decided and what would have to be written there. Every denial is told to `tell`.
"""

from __future__ import annotations

from ..wire import guid
from ..wire.fault import Denied, NotFound
from ..wire.manifest import REAL_TIME, may_connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..wire.manifest import Manifest

SIGN_AGAIN = " and sign the image again"
LINES = {"i2c_master": "I2cMaster", "spi_master": "SpiMaster", "uart": "Uart", "adc": "Adc", "pwm": "Pwm"}


class Capabilities:
    """The authority of one app. `tell(fault)` hears of every denial."""

    def __init__(self, manifest: Manifest, tell: Callable[[Denied], None]) -> None:
        self.manifest = manifest
        self._tell = tell

    def require_gpio(self, pin: int) -> None:
        """Raises Denied unless Capabilities.Gpio lists `pin`."""
        if pin not in self.manifest.gpio:
            self.refuse("GPIO {}".format(pin), "Gpio", "manifest.gpio", "add {} to Capabilities.Gpio".format(pin))

    def require_block(self, attribute: str, value: str) -> None:
        """Raises Denied unless the line of the manifest kept as `attribute` (see LINES) names peripheral `value`."""
        line = LINES[attribute]
        if value not in getattr(self.manifest, attribute):
            self.refuse(line + " " + value, line, "manifest." + attribute, "add {} to Capabilities.{}".format(repr(value), line))

    def require_host(self, host: str) -> None:
        """Raises Denied unless Capabilities.AllowedConnections lists exactly `host`.

        The comparison is of the text as it is: no case folding, no trailing dot, no pattern, no
        other way of writing an address. What was not signed for is another host.
        """
        if host not in self.manifest.allowed_connections:
            self.refuse(
                "a connection to " + repr(host), "AllowedConnections", "manifest.allowed_connections",
                "add {} to Capabilities.AllowedConnections".format(repr(host)),
            )  # fmt: skip

    def require_storage(self) -> int:
        """The quota in bytes. Raises Denied unless Capabilities.MutableStorage.SizeKB is above zero."""
        kib = self.manifest.mutable_storage_kib
        if not kib:
            self.refuse(
                "a mutable file", "MutableStorage", "manifest.mutable_storage",
                "add Capabilities.MutableStorage with a SizeKB of 1 to 64",
            )  # fmt: skip
        return min(int(kib), 64) * 1024

    def require_tenant(self) -> bytes:
        """The tenant (16 bytes) the app may act for. Raises Denied without Capabilities.DeviceAuthentication."""
        tenant = self.manifest.device_authentication
        if tenant is None:
            self.refuse(
                "device authentication", "DeviceAuthentication", "manifest.device_authentication",
                "add Capabilities.DeviceAuthentication with the tenant's id",
            )  # fmt: skip
        return bytes(tenant or b"")

    def require_application(self, peer: bytes, other: Manifest | None) -> None:
        """Raises Denied unless Capabilities.AllowedApplicationConnections lists `peer`, and that of `other`, the peer's
        manifest, this app; NotFound if no such app is installed."""
        name, line = guid.to_text(peer), "AllowedApplicationConnections"
        if peer not in self.manifest.allowed_application_connections:
            self.refuse(
                "a connection to app " + name, line, "manifest.application_connections",
                "add {} to Capabilities.{}".format(name, line),
            )  # fmt: skip
        if other is None:
            raise NotFound("no app of component {} is installed".format(name), "kernel", "intercore.peer")
        if not may_connect(self.manifest, other):
            me = guid.to_text(self.manifest.component)
            self._deny(
                "a connection to app {}, which does not name this one".format(name), "manifest.application_connections",
                "{}: {}".format(other.name, other.policy_line(line)),
                "add {} to Capabilities.{} of {}".format(me, line, other.name),
            )  # fmt: skip
        if other.application_type != REAL_TIME:
            self._deny(
                "a connection to {}: it is an app of this core".format(other.name), "intercore.type",
                "{}: ApplicationType = {}".format(other.name, other.application_type), "connect to a real-time app",
            )  # fmt: skip

    def refuse(self, what: str, capability: str, rule: str, remedy: str) -> None:
        """Tell and raise the Denied for `what`."""
        self._deny(what + " is not in the app's manifest", rule, self.manifest.policy_line(capability), remedy + SIGN_AGAIN)

    def _deny(self, what: str, rule: str, policy: str, remedy: str) -> None:
        fault = Denied(what, "kernel", rule, policy, remedy)
        self._tell(fault)
        raise fault
