"""What `armillary bench crypto` measures of a device: an image verified as at boot, and evidence made in a box."""

from __future__ import annotations

import copy
import os
import statistics
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from armillary import native
from armillary.boards import images
from armillary.boards.keys import Vendor
from armillary.boards.sim import client, device
from armillary.boards.sim.verifier import verifier
from armillary.wire import image

from .peers import Tpm, TpmFailed

Act = Callable[[], object]
MONITOR = 2  # its place in System.images
MAIN = "armillary/boards/sim/boot/monitor.py"
ROUNDS, CALLS = 15, 60
# A monitor that boots nothing: it closes the measurements and asks for evidence, as the service would have it do.
ASKING = '''
"""Asks Pluton for evidence, again and again, and tells how long it took."""

import time

from armillary.hal import port
from armillary.pluton.port import PlutonPort
from armillary.wire.call import Port


def main(machine):
    uart, pluton = port.UartPort(Port(machine.link("bus"))), PlutonPort(machine.link("mailbox"))
    pluton.close_measurements()
    for at in range(%d):
        nonces = [bytes((at & 255, each)) * 16 for each in range(%d)]
        start = time.perf_counter()
        for nonce in nonces:
            pluton.process_attestation(nonce, b"")
        uart.write(b"evidence us %%.3f\\n" %% ((time.perf_counter() - start) / len(nonces) * 1e6))
        time.sleep(0.02)
    machine.serve({}, lambda: None)
'''


def pluton_verifies(size: int) -> Act:
    """Pluton's own verifying and measuring of one package with a body of `size` bytes."""
    private = native.sha256(b"bench")
    public = native.p256_public(private)
    package = image.build(
        os.urandom(size), image.KERNEL, bytes(16), bytes(16), "bench", 0, bytes(20),
        lambda digest: native.p256_sign(private, digest), 1,
    )  # fmt: skip
    verify = verifier(public)
    return lambda: verify(package)


def imgtool_verifies(size: int) -> Act | None:
    """MCUboot's imgtool verifying an image of `size` bytes signed with P-256; None if it is not installed."""
    try:
        from imgtool import keys, version  # type: ignore[import-not-found,unused-ignore]  # not part of this product
        from imgtool.image import Image, VerifyResult  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return None
    signed = f"/proc/self/fd/{os.memfd_create('imgtool')}"  # it takes names of files only
    key = keys.ECDSA256P1.generate()
    made = Image(version=version.decode_version("1.0.0"), header_size=32, pad_header=True, slot_size=4 * size, align=8)
    with tempfile.NamedTemporaryFile(suffix=".bin") as plain:
        plain.write(os.urandom(size))
        plain.flush()
        made.load(plain.name)
    made.create(key, "hash", None)
    made.save(signed)

    def verify() -> None:
        if Image.verify(signed, key)[0] is not VerifyResult.OK:
            raise RuntimeError("imgtool does not verify what it signed")

    return verify


def evidence(rounds: int = ROUNDS) -> dict[str, Any]:
    """Evidence made by Pluton in its box and fetched through the mailbox, beside a software TPM's quote."""
    from .measure_crypto import figure

    what, goal, peer = "attestation evidence, through the boxed mailbox", 5.0, "swtpm quote"
    with tempfile.TemporaryDirectory(prefix="armillary-bench-") as folder:
        try:
            tpm = Tpm(Path(folder) / "tpm")
        except TpmFailed:
            return {"what": what, "goal": goal, "peer": peer, "missing": "apt-get install swtpm"}
        try:
            return figure(what, goal, peer, _evidence_rounds(Path(folder) / "device", tpm, rounds))
        finally:
            tpm.close()


def _evidence_rounds(place: Path, tpm: Tpm, rounds: int) -> list[tuple[float, float]]:
    """(microseconds for evidence, for a quote) of each round, both sides on one CPU."""
    vendor = Vendor.generate()
    system = copy.copy(device.System(vendor, {}))
    asking = {MAIN: (ASKING % (rounds, CALLS)).encode()}
    system.images = list(system.images)
    system.images[MONITOR] = images.os_image(vendor, "monitor", body=images.os_body("monitor", asking))
    device.create(place, vendor, system, [])
    with _one_cpu():
        theirs = [_quotes(tpm) for _ in range(rounds)]  # by turns they would disturb each other
        board = client.start(place)
        try:
            said = board.wait_uart_times("evidence us", rounds, 60.0)
        finally:
            board.close()
            client.stop(place)
        theirs += [_quotes(tpm) for _ in range(rounds)]
    ours = [float(line.split()[-1]) for line in said.splitlines() if "evidence us" in line]
    middle = statistics.median(ours)
    return [(middle, quote) for quote in theirs]


def _quotes(tpm: Tpm) -> float:
    nonces = [struct.pack("<I", each) * 8 for each in range(CALLS)]
    start = time.perf_counter()
    for nonce in nonces:
        tpm.quote(nonce)
    return (time.perf_counter() - start) / CALLS * 1e6


@contextmanager
def _one_cpu() -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
