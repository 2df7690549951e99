"""Which image types the monitor handles, who must have signed them, and where they live.

A type that has no row here is refused at the staging gate, with the reason given in REFUSED if
there is one. The rows are the whole policy: code asks them and decides nothing by itself.
"""

from __future__ import annotations

from ..pluton.abi import ROLE_APPLICATION, ROLE_DEVELOPMENT, ROLE_OS
from ..wire import image, partition
from ..wire.fault import Denied

MOST_APPLICATION_BYTES = 1024 * 1024  # all installed application packages together
MOST_APPLICATIONS = 32
MOST_TRIALS = 2  # boots that an OS set gets to prove itself


class Kind:
    """One image type: its name, the key roles that may sign it, the partition it lives in."""

    def __init__(self, name: str, roles: int, home: int) -> None:
        self.name = name
        self.roles = roles
        self.home = home

    @property
    def is_system(self) -> bool:
        """Whether it is part of the operating system, so that installing it needs a restart."""
        return self.home == partition.FIRMWARE


KINDS = {
    image.PLUTON_RUNTIME: Kind("pluton runtime", ROLE_OS, partition.FIRMWARE),
    image.SECURITY_MONITOR: Kind("security monitor", ROLE_OS, partition.FIRMWARE),
    image.KERNEL: Kind("kernel", ROLE_OS, partition.FIRMWARE),
    image.ROOT_FS: Kind("app runtime", ROLE_OS, partition.FIRMWARE),
    image.UPDATE_CERT_STORE: Kind("certificate store", ROLE_OS, partition.FIRMWARE),
    image.APPLICATIONS: Kind("application", ROLE_APPLICATION | ROLE_DEVELOPMENT, partition.APPLICATIONS),
}

REFUSED = {
    image.ONE_BL: "first loader: the bus firewall closes its partitions to the monitor",
    image.SERVICES: "services: nothing runs them, so none could prove itself",
    image.FIRMWARE_CONFIG: "capability file: install_capabilities takes it",
    image.TRUSTED_KEYSTORE: "trusted keystore: signed by the root key, changed only in manufacture",
}

# Before its type is known a package must at least be signed by a key that may sign some type.
ANY_ROLE = ROLE_OS | ROLE_APPLICATION | ROLE_DEVELOPMENT

# Images that Pluton has verified before the monitor runs, and those the monitor verifies, in order.
BEFORE_US = (image.PLUTON_RUNTIME, image.SECURITY_MONITOR)
BOOTED = (image.KERNEL, image.ROOT_FS, image.UPDATE_CERT_STORE)


def is_system(image_type: int) -> bool:
    """Whether `image_type` belongs to the operating system (the trusted keystore included)."""
    return image_type == image.TRUSTED_KEYSTORE or (image_type in KINDS and KINDS[image_type].is_system)


def installable(image_type: int) -> Kind:
    """The row of a type that may be installed through the staging gate. Raises Denied."""
    if image_type not in KINDS:
        why = REFUSED.get(image_type, "no row")
        raise Denied("image type " + str(image_type) + " is not installed through this gate", "monitor",
                     "install.type", "image type " + str(image_type) + " = " + why)  # fmt: skip
    return KINDS[image_type]
