"""Programs: an installed application package, verified by the monitor, agreed with its manifest."""

from __future__ import annotations

from ..wire import image, manifest
from ..wire.asxipfs import FileSystem
from ..wire.fault import Denied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..monitor.port import MonitorPort
    from ..wire.manifest import Manifest

APP_DEVELOPMENT = 11  # the device capability under which development images run
INSTALLED = 2


class Program:
    """What a process runs: the very bytes that were verified, and what they say of themselves."""

    def __init__(self, package: bytes, parsed: image.Package, is_development: bool) -> None:
        self.package = package
        self.component = parsed.component
        self.image = parsed.image
        self.version = parsed.security_version
        self.is_development = is_development
        self.files = FileSystem(parsed.body)
        self.manifest: Manifest = manifest.load(self.files)
        self.name = self.manifest.name
        manifest.check_package(self.manifest, parsed)
        self.is_real_time = self.manifest.application_type == manifest.REAL_TIME


def load(monitor: MonitorPort, component: bytes) -> Program:
    """The installed program of `component`, from bytes the monitor has just verified.

    Raises NotFound, Untrusted and Rollback from the monitor, Invalid if package and manifest do not
    agree, Denied if it is not an app or the device must not run what is under development.
    """
    package, held = monitor.read_package(component)
    parsed = image.parse(package)
    if parsed.image_type != image.APPLICATIONS or parsed.component != component:
        raise Denied("the image is not that of this app", "kernel", "program.identity")
    is_development = held.is_development  # the key decides; the package's own mark is only advice
    if is_development and APP_DEVELOPMENT not in monitor.get_enabled_capabilities():
        raise Denied(
            "the image is signed for development", "kernel", "program.development",
            "device capability {} is not held".format(APP_DEVELOPMENT),
            "install an appDevelopment capability, or deploy the image signed for production",
        )  # fmt: skip
    return Program(package, parsed, is_development)


def installed(monitor: MonitorPort) -> list[bytes]:
    """The components of all installed apps, in order."""
    found = [
        listed.component
        for listed in monitor.list_images()
        if listed.image_type == image.APPLICATIONS and listed.state == INSTALLED
    ]
    return sorted(set(found))
