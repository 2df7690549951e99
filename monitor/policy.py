"""Which image types the monitor handles, who must have signed them, and where they live.

A type that has no row here is refused at the staging gate, with the reason given in REFUSED if
there is one. The rows are the whole policy: code asks them and decides nothing by itself.
"""

from __future__ import annotations

from ..pluton.abi import ROLE_APPLICATION, ROLE_CAPABILITY, ROLE_DEVELOPMENT, ROLE_OS
from ..wire import image, partition
from ..wire.fault import Denied

MOST_APPLICATION_BYTES = 1024 * 1024  # all installed application packages together
MOST_APPLICATIONS = 32
MOST_TRIALS = 2  # boots that an OS set gets to prove itself


# What becomes of an image once it is installed.
SYSTEM = 1  # tried together with the others over a restart, then confirmed; kept twice
APPLICATION = 2  # tried while the device runs, then confirmed; the previous one is kept till then
GRANT = 3  # a capability file: in force from the next restart on; the one before goes


class Kind:
    """One image type: its name, the key roles that may sign it, its group, the partition it lives in."""

    def __init__(self, name: str, roles: int, group: int, home: int) -> None:
        self.name = name
        self.roles = roles
        self.group = group
        self.home = home


KINDS = {
    image.PLUTON_RUNTIME: Kind("pluton runtime", ROLE_OS, SYSTEM, partition.FIRMWARE),
    image.SECURITY_MONITOR: Kind("security monitor", ROLE_OS, SYSTEM, partition.FIRMWARE),
    image.KERNEL: Kind("kernel", ROLE_OS, SYSTEM, partition.FIRMWARE),
    image.ROOT_FS: Kind("app runtime", ROLE_OS, SYSTEM, partition.FIRMWARE),
    image.UPDATE_CERT_STORE: Kind("certificate store", ROLE_OS, SYSTEM, partition.FIRMWARE),
    image.APPLICATIONS: Kind("application", ROLE_APPLICATION | ROLE_DEVELOPMENT, APPLICATION, partition.APPLICATIONS),
    image.FIRMWARE_CONFIG: Kind("capability file", ROLE_CAPABILITY, GRANT, partition.FIRMWARE),
}

REFUSED = {
    image.ONE_BL: "first loader: the bus firewall closes its partitions to the monitor",
    image.SERVICES: "services: nothing runs them, so none could prove itself",
    image.TRUSTED_KEYSTORE: "trusted keystore: signed by the root key, changed only in manufacture",
}

# Before its type is known a package must at least be signed by a key that may sign some type.
ANY_ROLE = ROLE_OS | ROLE_APPLICATION | ROLE_DEVELOPMENT | ROLE_CAPABILITY

# Images that Pluton has verified before the monitor runs, and those the monitor verifies, in order.
BEFORE_US = (image.PLUTON_RUNTIME, image.SECURITY_MONITOR)
BOOTED = (image.KERNEL, image.ROOT_FS, image.UPDATE_CERT_STORE)


def group(image_type: int) -> int:
    """The group of `image_type`, or 0 if it has no row."""
    return KINDS[image_type].group if image_type in KINDS else 0


def is_system(image_type: int) -> bool:
    """Whether `image_type` belongs to the operating system (the trusted keystore included)."""
    return image_type == image.TRUSTED_KEYSTORE or group(image_type) == SYSTEM


def installable(image_type: int) -> Kind:
    """The row of a type that may be installed through the staging gate. Raises Denied."""
    if image_type not in KINDS:
        why = REFUSED.get(image_type, "no row")
        raise Denied("image type " + str(image_type) + " is not installed through this gate", "monitor",
                     "install.type", "image type " + str(image_type) + " = " + why)  # fmt: skip
    return KINDS[image_type]
