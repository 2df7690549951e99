"""Lab 2: the security monitor no longer checks signatures. Who notices that a foreign kernel runs?

The flaw is of a kind that was found in real monitors: image validation that can be talked out of the
signature check (TALOS-2021-1342). The attacker has the kernel, and wants his own one installed.
"""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path
from unittest.mock import patch

from bench import Bench, attempt

from armillary.boards import images
from armillary.boards.keys import Vendor
from armillary.boards.sim import facts
from armillary.boards.sim.device import SERVICE_NAME
from armillary.hal.sim.clock import EPOCH_MS
from armillary.pluton.port import PlutonPort
from armillary.service import catalogs, devices, folder, releases, tls
from armillary.service.core import Operator, Service
from armillary.service.peer import TlsPeer
from armillary.service.routes import make_door
from armillary.wire import image, partition
from armillary.wire.call import BULK

ADMINISTRATOR = Operator(None)


def verify_nothing(port: PlutonPort, roles: int, digest: bytes, signature: bytes) -> tuple[bytes, int]:
    """The flaw: every signature is somebody's."""
    return bytes(32), 0


def attack(path: Path, is_blind: bool) -> None:
    """Install a kernel that a stranger signed, boot it, and see what becomes of the device's certificate."""
    print("with a monitor that checks nothing:" if is_blind else "with the monitor as it is:")
    folder.init(path, (), EPOCH_MS // 1000 - 3600, secrets.token_bytes)
    bench = Bench((path / "root.pem").read_bytes())
    service = serve(bench, path)
    foreign = images.os_image(Vendor.generate(), "kernel", body=images.os_body("kernel", config={"update_poll_s": 5}))
    bench.rings.power_on()
    bench.rings.run(2)
    print("  before: " + verdict(service, bench))
    check = PlutonPort.verify_image
    with patch.object(PlutonPort, "verify_image", verify_nothing if is_blind else check):
        if attempt("install a kernel that a stranger signed", lambda: install(bench, foreign)):
            bench.power_cycle()
    print("  the installed kernel is " + ("the stranger's" if is_installed(bench, foreign) else "the vendor's"))
    print("  after: " + verdict(service, bench))
    bench.rings.power_off()
    service.close()


def serve(bench: Bench, path: Path) -> Service:
    """The security service, in this process, with the device claimed and its release known."""
    clock = bench.chip.clock
    service = Service.open(path, lambda: clock.unix_ms() // 1000)
    door, context = make_door(service), tls.server_context(service.keys, owns_clock=False)
    bench.network.name(*SERVICE_NAME, lambda: TlsPeer(door, context))
    catalog = str(catalogs.create_catalog(service, ADMINISTRATOR, "lab")["id"])
    product = str(catalogs.create_product(service, ADMINISTRATOR, "lamp", catalog)["id"])
    group = str(catalogs.create_group(service, ADMINISTRATOR, "field", product, False)["id"])
    devices.claim(service, ADMINISTRATOR, bench.device_id, group)
    known = [(part["type"], part["sha256"], part["version"]) for part in bench.system.components()]
    releases.create(service, ADMINISTRATOR, "1.0", known)
    return service


def install(bench: Bench, package: bytes) -> None:
    """What a kernel does to update the system, by its own port to the monitor. Raises what it is refused with."""
    monitor = bench.rings.monitor_port
    handle = monitor.open_for_staging(len(package))
    for at in range(0, len(package), BULK):
        monitor.write_block(handle, at, package[at : at + BULK])
    monitor.commit_staging(handle)
    monitor.install_staged()


def is_installed(bench: Bench, package: bytes) -> bool:
    """Whether this very package is the installed kernel, read from flash with a probe."""
    entries = partition.read_tables(bench.chip.flash, facts.FLASH_LAYOUT)[0][1]
    found = [e for e in entries if e.image_type == image.KERNEL and e.state == partition.INSTALLED and not e.replica]
    return bytes(bench.chip.flash.read(found[0].offset, found[0].length)) == package


def verdict(service: Service, bench: Bench) -> str:
    """What the service thought of the device's latest evidence, and how many certificates it has given it."""
    last = devices.verdicts(service, ADMINISTRATOR, bench.device_id)[0]
    given = len(devices.certificates_of(service, ADMINISTRATOR, bench.device_id))
    return ("accepted" if last["is_accepted"] else "refused as " + str(last["error"])) + ", certificates: " + str(given)


if __name__ == "__main__":
    for blind in (False, True):
        with tempfile.TemporaryDirectory() as place:
            attack(Path(place) / "service", blind)
