"""The ten steps of the demo. Each acts, then looks from outside the ring it speaks of."""

from __future__ import annotations

import hashlib
import json
import warnings
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from armillary.boards.sim import device, facts
from armillary.hal.sim.folder import DeviceFolder
from armillary.service.server import LOOPBACK
from armillary.wire import image, partition

from .bench import CONFIG, LED, Workbench, expect, wait_for

Detail = dict[str, Any]


def manufacture(bench: Workbench) -> Detail:
    """A device is manufactured: keys in Pluton, fuses blown, flash laid out with signed images"""
    root = bench.make_service()
    bench.system = device.System(bench.vendor, {"service": root}, CONFIG)
    bench.device_id = device.create(bench.device_folder, bench.vendor, bench.system)
    with DeviceFolder(bench.device_folder) as folder:
        blown = sum(bin(byte).count("1") for row in range(facts.FUSE_ROWS) for byte in folder.fuses.read(row))
        fused = folder.fuses.read(0)
        tables = partition.read_tables(folder.flash, facts.FLASH_LAYOUT)
    expect(fused == hashlib.sha256(bench.vendor.root.public).digest(), "fuse row 0 is not the root key's hash")
    expect(len(tables) == 2, "the locator table is not there twice")
    expect(is_point(bench.device_id), "the device id is not a point of P-256")
    sizes = {image.parse(package).name: len(package) for package in [bench.release.loader, *bench.release.images]}
    return {"device": bench.device_id, "fuses_blown": blown, "images": sizes, "entries": len(tables[0][1])}


def start_service(bench: Workbench) -> Detail:
    """The security service starts on loopback, over TLS, with an embedded database"""
    host, port = bench.start_service()
    expect(bench.clerk.health(), "the service does not say it is well")
    bench.catalog = catalog = bench.clerk.create_catalog("demo")["id"]
    product = bench.clerk.create_product("lamp", catalog)["id"]
    bench.group = bench.clerk.create_group("field", product)["id"]
    bench.clerk.add_key(bench.vendor.app.public.hex(), bench.vendor.app.thumbprint.hex(), catalog)
    bench.clerk.create_release("1.0", bench.release.components())
    bench.clerk.claim(bench.device_id, bench.group)
    device.set_host(bench.device_folder, *device.SERVICE_NAME, LOOPBACK, port)
    database = (bench.folder / "service" / "service.db").stat().st_size
    expect(host == LOOPBACK, "the service listens beyond loopback")
    return {"address": f"https://{host}:{port}", "database_bytes": database}


def power_on(bench: Workbench) -> Detail:
    """The device powers on, boxed, every stage verified and measured before it runs"""
    board = bench.start_board()
    board.do("power_on")
    board.wait_uart("[kernel] up")
    stages = bench.stages()
    packages = [bench.release.loader, *bench.release.images]
    wanted = {hashlib.sha256(package[:-64]).hexdigest() for package in packages}
    expect({each["sha256"] for each in stages} == wanted, "what was measured is not what was packed")
    boxes = board.do("status")["boxes"]
    expect(set(boxes) == {"pluton", "monitor", "kernel"}, f"the boxes are {sorted(boxes)}")
    return {"timeline": stages, "boxes": boxes}


def attest(bench: Workbench) -> Detail:
    """It attests, and receives an X.509 certificate for 24 hours whose subject is the device id"""
    row = wait_for(lambda: issued(bench), "certificate")
    verdict = bench.clerk.device(bench.device_id)["attestation"]
    expect(verdict["is_accepted"], f"the verdict is {verdict}")
    certificate = x509.load_pem_x509_certificate(row["pem"].encode())
    hours = (certificate.not_valid_after_utc.timestamp() - verdict["time"]) / 3600
    with warnings.catch_warnings():  # X.520 allows 64 characters, Azure Sphere's subject has 128
        warnings.simplefilter("ignore", UserWarning)
        subject = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
    expect(subject == bench.device_id, "the certificate's subject is not the device id")
    expect(abs(hours - 24) < 0.1, f"the certificate is valid {hours:.1f} hours")
    return {"subject": subject, "serial": row["serial"], "hours": round(hours, 2), "release": verdict["release"]}


def issued(bench: Workbench) -> Detail | None:
    """The newest certificate of the device, as the service keeps it."""
    rows = bench.clerk.certificates(bench.device_id)
    return rows[0] if rows else None


def deploy_blink(bench: Workbench) -> Detail:
    """Blink is uploaded and deployed; the device fetches it, the monitor installs it, the LED toggles"""
    bench.pack("blink 1", "blink", 1, ["100"])
    bench.deploy("blink 1")
    changes = bench.hands.wait_pin(LED, 6, 15)
    wait_for(lambda: bench.blinks_every(100), "blinking every 100 ms")
    installed = [entry for entry in bench.locator() if entry.image_type == image.APPLICATIONS]
    expect(len(installed) == 1, f"{len(installed)} applications are in flash")
    expect(is_signed(bench, installed[0]), "the package in flash does not verify")
    return {"pin": LED, "changes": len(changes), "half_period_ms": round(bench.half_period_us() / 1000)}


def update(bench: Workbench) -> Detail:
    """Version 2 runs; a tampered version 3 and the old version 1 are refused, and told why"""
    bench.pack("blink 2", "blink", 2, ["60"])
    bench.deploy("blink 2")
    wait_for(lambda: bench.blinks_every(60), "blinking every 60 ms")
    wait_for(lambda: "confirmed" in states(bench), "confirmation of version 2")
    tampered = bench.pack("blink 3", "blink", 3, ["30"])
    corrupt_blob(bench, tampered)
    bench.deploy("blink 3")
    untrusted = wait_for(lambda: refusal(bench, bench.versions["blink 3"]), "refusal of the tampered version 3")
    bench.deploy("blink 1")
    rollback = wait_for(lambda: refusal(bench, bench.versions["blink 1"]), "refusal of the old version 1")
    wait_for(lambda: bench.blinks_every(60), "version 2 still blinking")
    for name, found in (("tampered", untrusted), ("old", rollback)):
        expect(all(found.get(key) for key in ("ring", "rule", "reason")), f"the refusal of the {name} one is {found}")
    expect("rollback" in rollback["rule"] or rollback["fault"] == "Rollback", f"the old one was refused by {rollback}")
    return {"half_period_ms": round(bench.half_period_us() / 1000), "tampered": untrusted, "old": rollback}


def overreach(bench: Workbench) -> Detail:
    """An app that opens a pin, a host and a file outside its manifest is refused, told why, and reported"""
    bench.pack("overreach", "overreach", 1)
    bench.deploy("blink 2", "overreach")
    bench.hands.wait_uart("overreach: every attempt was refused", 15)
    found: dict[str, Any] = {}
    for rule in ("manifest.gpio", "manifest.allowed_connections", "manifest.mutable_storage"):
        found[rule] = wait_for(lambda: denial(bench, rule), f"report of {rule} at the service")  # noqa: B023
    row = next(pin for pin in bench.hands.do("pins")["pins"] if pin["pin"] == 9)
    touched = bench.hands.do("pin_history", pin=9)["changes"]
    expect(row["mode"] == 0 and not touched, f"pin 9 was touched: {row}")
    return found


def crash(bench: Workbench) -> Detail:
    """An app that crashes is restarted with back-off, and its failure report reaches the service"""
    bench.pack("crash", "crash", 1, ["200"])
    bench.deploy("blink 2", "crash")
    bench.hands.wait_uart("crash starts again in 1000 ms", 15)
    report = wait_for(lambda: next(iter(bench.reports("crash")), None), "failure report")
    text = json.dumps(report)
    expect("KeyError" in text and "/bin/app.py" in text, "the report has no traceback")
    expect(report["device"] == bench.device_id, "the report names another device")
    bench.hands.wait_uart("crash starts again in 2000 ms", 15)
    return {"device": report["device"], "component": report["component"], **report["detail"]}


def flip_kernel(bench: Workbench) -> Detail:
    """One byte of the kernel in flash is flipped: the next power-on refuses it and boots the backup"""
    board = bench.hands
    board.do("power_off")
    primary = kernel_copy(bench, partition.PRIMARY)
    place = primary.offset + primary.length // 2
    board.do("flash_flip", offset=place, bit=3)
    since = len(board.uart())
    board.do("power_on")
    said = board.wait_uart("[kernel] up", 15, since)[since:]
    booted = [each for each in bench.stages() if each["type"] == str(image.KERNEL)]
    expect(booted and booted[0]["copy"] == "backup", f"the kernel that booted is {booted}")
    words = [line for line in said.splitlines() if "backup" in line and "stage=" not in line]
    expect(words, "nobody said that the backup was used")
    wait_for(lambda: bench.blinks_every(60), "blink running again")
    return {"flipped_at": hex(place), "copy": booted[0]["copy"], "said": words[:3]}


def cut_power(bench: Workbench) -> Detail:
    """Power is cut in the middle of an update: the device comes up with a whole old or new version"""
    board = bench.hands
    before = board.do("operations")["count"]
    bench.pack("blink 4", "blink", 4, ["40"])
    board.do("fail_after", operations=9)
    bench.deploy("blink 4")
    board.wait_state("off", 15)
    cut_at = board.do("operations")["count"] - before
    board.do("power_on")
    period = wait_for(lambda: next((ms for ms in (60, 40) if bench.blinks_every(ms)), 0), "blink running")
    apps = [e for e in bench.locator() if e.image_type == image.APPLICATIONS and e.state == partition.INSTALLED]
    expect(apps and all(is_signed(bench, entry) for entry in apps), "an application in flash is not whole")
    wait_for(lambda: bench.blinks_every(40), "the update done after all", 20)
    return {"cut_in_operation": cut_at, "came_up_with_half_period_ms": period, "then_half_period_ms": 40}


def is_point(device_id: str) -> bool:
    """Whether 128 hex digits are a point of P-256."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + bytes.fromhex(device_id))
    except ValueError:
        return False
    return True


def is_signed(bench: Workbench, entry: partition.Entry) -> bool:
    """Whether the package in flash verifies, by another library than the device's."""
    package = bench.read(entry.offset, entry.length)
    raw = package[-64:]
    der = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + bench.vendor.app.public)
    try:
        public.verify(der, package[:-64], ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def states(bench: Workbench) -> list[str]:
    """"confirmed" for each confirmed application in flash."""
    return ["confirmed" for e in bench.locator() if e.image_type == image.APPLICATIONS and e.confirmed and e.version == 2]


def corrupt_blob(bench: Workbench, image_id: str) -> None:
    """Change one byte of an image where the service keeps it, and its recorded hash: a bad host of blobs."""
    from sqlalchemy import update as change

    from armillary.service.database import IMAGES

    assert bench.service is not None
    row = next(each for each in bench.clerk.images() if each["image"] == image_id)
    package = bytearray(bench.service.blobs.read(row["sha256"]))
    package[0x1010] ^= 1
    name = bench.service.blobs.put(bytes(package))
    with bench.service.database.write() as tx:
        tx.execute(change(IMAGES).where(IMAGES.c.image == image_id).values(sha256=name))


def refusal(bench: Workbench, image_id: str) -> Detail | None:
    """The device's report that it refused an image."""
    for report in bench.reports("update"):
        detail: Detail = report["detail"]
        if detail.get("result") == "refused" and detail.get("image") == image_id:
            return detail
    return None


def denial(bench: Workbench, rule: str) -> Detail | None:
    """The device's report of a denial under `rule`."""
    for report in bench.reports("denial"):
        if report["detail"].get("rule") == rule:
            return dict(report["detail"])
    return None


def kernel_copy(bench: Workbench, replica: int) -> partition.Entry:
    """Where one copy of the kernel lies. Raises NotSo if there is none."""
    found = [e for e in bench.locator() if e.image_type == image.KERNEL and e.replica == replica]
    expect(found, "no such copy of the kernel in flash")
    return found[0]


STEPS = (manufacture, start_service, power_on, attest, deploy_blink, update, overreach, crash, flip_kernel, cut_power)
