"""The operating system that devices made here run, and that the local service trusts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from armillary.boards.keys import Vendor
    from armillary.boards.sim.device import System

# Signed into the kernel's image. A device in the field asks for updates once a day; on a desk nobody waits so long.
CONFIG = {"update_poll_s": 5, "update_retry_s": 5, "attest_retry_s": 5, "report_every_s": 5}


def make_system(vendor: Vendor, roots: dict[str, bytes]) -> System:
    """Pack and sign it from the sources of this installation; `roots` is what it checks servers against."""
    from armillary.boards.sim.device import System

    return System(vendor, roots, CONFIG)
