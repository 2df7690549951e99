"""App manifests: what an app is, and everything it may touch, in the JSON its maker signed.

Every key has one type, and a key nobody knows is refused: a capability that is not understood must
not be signed for. A refusal carries the number Azure Sphere gives it (category 2, AppManifest).
What several apps may not do together is checked by the functions at the end.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from . import asxipfs, guid, jsonstrict, permissions, utf8
from .fault import Invalid, NotFound
from .permissions import TABLE, refuse

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .asxipfs import FileSystem
    from .image import Package

FILE = "app_manifest.json"
MOST_BYTES = 16384
MOST_NAME = 128
MOST_ARGUMENTS = 64
MOST_ARGUMENT = 1024
DEFAULT, REAL_TIME = "Default", "RealTimeCapable"
APPLICATION_RUNTIME = 3  # the ABI type that an app depends on

APP_MANAGER_PINS = (1, 25)  # (category, number) of errors between apps
LIFETIME_MANAGER_PORTS = (3, 20)


class Manifest:
    """One app's manifest. `component`, `device_authentication` and connected apps are 16-byte ids (see `guid`).

    A capability that was not asked for is empty, False, 0 (`mutable_storage_kib`) or None.
    """

    name: str
    component: bytes
    entry_point: str
    arguments: tuple[str, ...]
    application_type: str
    target_runtime_version: int | None
    target_beta_apis: str | None
    malloc_version: int | None
    real_time_core: int | None
    allowed_connections: tuple[str, ...]
    allowed_tcp_server_ports: tuple[int, ...]
    allowed_udp_server_ports: tuple[int, ...]
    allowed_application_connections: tuple[bytes, ...]
    gpio: tuple[int, ...]
    uart: tuple[str, ...]
    i2c_master: tuple[str, ...]
    spi_master: tuple[str, ...]
    pwm: tuple[str, ...]
    adc: tuple[str, ...]
    i2s_subordinate: tuple[str, ...]
    external_interrupt: tuple[str, ...]
    mutable_storage_kib: int
    device_authentication: bytes | None
    wifi_config: bool
    enterprise_wifi_config: bool
    network_config: bool
    read_network_proxy_config: bool
    system_time: bool
    time_sync_config: bool
    dhcp_service: bool
    sntp_service: bool
    hardware_address_config: bool
    cert_store: bool
    system_event_notifications: bool
    software_update_deferral: bool
    power_controls: tuple[str, ...]
    reset_memory_watermarks: bool
    heap_mem_stats: bool

    def __init__(self, top: dict[str, Any]) -> None:
        for key in top:
            if key not in KEYS:
                raise _unknown(key)
        for key, attribute, reader in FIELDS:
            setattr(self, attribute, reader(top.get(key), key in top))
        self.granted = _object(top)  # the capabilities as the manifest has them
        for key in self.granted:
            if key not in [row[0] for row in TABLE]:
                raise refuse(7, repr(key[:50]), "is not a capability an app can have")
        for row in TABLE:
            key, attribute, read, nothing = row
            setattr(self, attribute, read(key, self.granted[key]) if key in self.granted else nothing)
        self._check_pins()
        self._check_core()
        if self.component in self.allowed_application_connections:
            raise refuse(43, "AllowedApplicationConnections", "names the app itself")

    def policy_line(self, capability: str) -> str:
        """The line of the manifest that decides about `capability`, such as `Capabilities.Gpio = [8, 9]`."""
        if capability not in self.granted:
            return "Capabilities." + capability + " is absent"
        return "Capabilities." + capability + " = " + json.dumps(self.granted[capability])

    def pins(self) -> list[tuple[int, str]]:
        """Every pin the app claims and the capability that claims it, blocks of pins included."""
        claims = [(pin, "Gpio " + str(pin)) for pin in self.gpio]
        for names in (self.uart, self.i2c_master, self.spi_master, self.pwm, self.adc, self.i2s_subordinate):
            for name in names:
                claims.extend([(pin, name) for pin in permissions.BLOCKS[name]])
        taken = [pin for pin, _ in claims]
        for name in self.external_interrupt:
            pin = permissions.INTERRUPTS.index(name)  # EINTn watches pin n, which may be used as well
            if pin not in taken:
                claims.append((pin, name))
        return claims

    def _check_pins(self) -> None:
        seen: dict[int, str] = {}
        for pin, claim in self.pins():
            if pin in seen:
                raise refuse(35, claim, "takes pin " + str(pin) + ", which " + seen[pin] + " has")
            seen[pin] = claim

    def _check_core(self) -> None:
        """What goes with the kind of core the app runs on: a real-time core has no system calls."""
        if self.application_type != REAL_TIME:
            if self.real_time_core is not None:
                raise refuse(1, "RealTimeCore", "is for an app of ApplicationType " + REAL_TIME + " only")
            return
        for key, attribute, _, nothing in TABLE:
            if getattr(self, attribute) != nothing and key not in permissions.OF_REAL_TIME:
                raise refuse(7, repr(key), "is not a capability an app of ApplicationType " + REAL_TIME + " can have")


def parse(data: bytes) -> Manifest:
    """The manifest in `data`. Raises Invalid, whose policy is the AppManifestError."""
    if len(data) > MOST_BYTES:
        raise refuse(1, FILE, "has " + str(len(data)) + " bytes, more than " + str(MOST_BYTES))
    try:
        top = jsonstrict.loads(data)
    except Invalid as fault:
        wrong = refuse(1, FILE, "is malformed: " + fault.reason)
        wrong.offset = fault.offset
        raise wrong
    if not isinstance(top, dict):
        raise refuse(1, FILE, "is not an object")
    return Manifest(top)


def load(files: FileSystem) -> Manifest:
    """The manifest of the app in `files`, whose entry point is a file there. Raises Invalid."""
    try:
        found = parse(files.read(FILE))
    except NotFound:
        raise refuse(25, FILE, "is not in the package")
    if files.is_directory(found.entry_point):
        raise refuse(23, "EntryPoint", found.entry_point + " is a directory")
    if found.entry_point[1:] not in files.paths():
        raise refuse(22, "EntryPoint", found.entry_point + " is not in the package")
    return found


def check_package(manifest: Manifest, package: Package) -> None:
    """Raise Invalid unless the package's metadata says of the app what the manifest says."""
    if manifest.component != package.component:
        other = guid.to_text(package.component)
        raise Invalid("the manifest's ComponentId is not that of the package, " + other, "", "manifest.identity")
    version = manifest.target_runtime_version
    if version is not None and (version, APPLICATION_RUNTIME) not in package.depends:
        raise Invalid("the package does not depend on application runtime " + str(version), "", "manifest.runtime")


def _unknown(key: str) -> Invalid:
    if key.startswith("Policy"):
        return refuse(20 if key == "PolicyGroups" else 21, repr(key[:50]), "is not for customers")
    return refuse(1, repr(key[:50]), "is not a key of a manifest")


def _schema(value: Any, is_there: bool) -> int:
    if not is_there:
        raise refuse(4, "SchemaVersion", "is missing")
    if type(value) is not int or value != 1:
        raise refuse(17, "SchemaVersion", "is not 1")
    return 1


def _name(value: Any, is_there: bool) -> str:
    if not isinstance(value, str) or not 0 < len(value.encode()) <= MOST_NAME or not utf8.is_plain(value):
        raise refuse(1, "Name", "is not a name of 1 to " + str(MOST_NAME) + " bytes")
    return value


def _component(value: Any, is_there: bool) -> bytes:
    found = permissions.identifier(value)
    if found is None:
        raise refuse(1, "ComponentId", "is not a GUID")
    return found


def _entry_point(value: Any, is_there: bool) -> str:
    if not is_there:
        raise refuse(3, "EntryPoint", "is missing")
    if not isinstance(value, str) or not value.startswith("/") or len(value) > asxipfs.MOST_PATH:
        raise refuse(16, "EntryPoint", "is not an absolute path")
    for name in value[1:].encode().split(b"/"):
        if asxipfs.name_fault(name):
            raise refuse(16, "EntryPoint", "has a name " + asxipfs.name_fault(name))
    return value


def _arguments(value: Any, is_there: bool) -> tuple[str, ...]:
    if not is_there:
        return ()
    if not isinstance(value, list) or len(value) > MOST_ARGUMENTS:
        raise refuse(5, "CmdArgs", "is not an array of at most " + str(MOST_ARGUMENTS))
    for text in value:
        if not isinstance(text, str) or "\0" in text or len(text.encode()) > MOST_ARGUMENT:
            raise refuse(5, "CmdArgs", "has something other than short strings")
    return tuple(value)


def _application_type(value: Any, is_there: bool) -> str:
    if not is_there:
        return DEFAULT
    if not isinstance(value, str):
        raise refuse(27, "ApplicationType", "is not a string")
    if value not in (DEFAULT, REAL_TIME):
        raise refuse(26, "ApplicationType", "is neither " + DEFAULT + " nor " + REAL_TIME)
    return value


def _runtime_version(value: Any, is_there: bool) -> int | None:
    if is_there and (type(value) is not int or not 0 < value <= 0xFFFF_FFFF):
        raise refuse(1, "TargetApplicationRuntimeVersion", "is not a version")
    return int(value) if is_there else None


def _beta_apis(value: Any, is_there: bool) -> str | None:
    if is_there and (not isinstance(value, str) or not 0 < len(value) <= 32 or not utf8.is_plain(value)):
        raise refuse(1, "TargetBetaApis", "is not a short string")
    return str(value) if is_there else None


def _malloc_version(value: Any, is_there: bool) -> int | None:
    if is_there and (type(value) is not int or value not in (1, 2)):
        raise refuse(59, "MallocVersion", "is neither 1 nor 2")
    return int(value) if is_there else None


def _real_time_core(value: Any, is_there: bool) -> int | None:
    if is_there and (type(value) is not int or value not in (0, 1)):
        raise refuse(1, "RealTimeCore", "is neither 0 nor 1")
    return int(value) if is_there else None


def _object(top: dict[str, Any]) -> dict[str, Any]:
    granted = top.get("Capabilities")
    if not isinstance(granted, dict):
        raise refuse(6, "Capabilities", "is not an object, or missing")
    return granted


FIELDS = (
    ("SchemaVersion", "schema_version", _schema),
    ("Name", "name", _name),
    ("ComponentId", "component", _component),
    ("EntryPoint", "entry_point", _entry_point),
    ("CmdArgs", "arguments", _arguments),
    ("ApplicationType", "application_type", _application_type),
    ("TargetApplicationRuntimeVersion", "target_runtime_version", _runtime_version),
    ("TargetBetaApis", "target_beta_apis", _beta_apis),
    ("MallocVersion", "malloc_version", _malloc_version),
    ("RealTimeCore", "real_time_core", _real_time_core),
)
KEYS = tuple([field[0] for field in FIELDS]) + ("Capabilities",)


def check_together(manifests: Sequence[Manifest]) -> None:
    """Raise Invalid if these apps cannot be installed on one device at once."""
    check_components(manifests)
    check_ports(manifests)
    check_pins(manifests)
    check_connections(manifests)


def check_components(manifests: Sequence[Manifest]) -> None:
    """Raise Invalid if two apps have the same component id."""
    seen: dict[bytes, str] = {}
    for app in manifests:
        if app.component in seen:
            raise Invalid(app.name + " has the ComponentId of " + seen[app.component], "", "manifest.component")
        seen[app.component] = app.name


def check_ports(manifests: Sequence[Manifest]) -> None:
    """Raise Invalid if two apps listen on the same port of the same protocol."""
    seen: dict[tuple[str, int], str] = {}
    for app in manifests:
        claims = [("TCP", port) for port in app.allowed_tcp_server_ports]
        claims += [("UDP", port) for port in app.allowed_udp_server_ports]
        for claim in claims:
            if claim in seen:
                reason = app.name + " listens on " + claim[0] + " port " + str(claim[1]) + ", which is " + seen[claim] + "'s"
                raise permissions.between_apps(LIFETIME_MANAGER_PORTS, reason, "manifest.ports")
            seen[claim] = app.name


def check_pins(manifests: Sequence[Manifest]) -> None:
    """Raise Invalid if two apps claim a pin, be it by itself or within a block."""
    seen: dict[int, Manifest] = {}
    for app in manifests:
        for pin, claim in app.pins():
            owner = seen.get(pin, app)
            if owner is not app:
                reason = app.name + " takes pin " + str(pin) + " with " + claim + ", which is " + owner.name + "'s"
                raise permissions.between_apps(APP_MANAGER_PINS, reason, "manifest.pins")
            seen[pin] = app


def may_connect(one: Manifest, other: Manifest) -> bool:
    """Whether the two apps may talk to each other: each must name the other."""
    return (
        other.component in one.allowed_application_connections
        and one.component in other.allowed_application_connections
    )  # fmt: skip


def check_connections(manifests: Sequence[Manifest]) -> None:
    """Raise Invalid if an app names another, present here, that does not name it."""
    for one in manifests:
        for other in manifests:
            if other.component in one.allowed_application_connections and not may_connect(one, other):
                raise Invalid(
                    one.name + " names " + other.name + ", which does not name it",
                    "", "manifest.connections", one.policy_line("AllowedApplicationConnections"),
                    "let both manifests name the other in Capabilities.AllowedApplicationConnections",
                )  # fmt: skip
