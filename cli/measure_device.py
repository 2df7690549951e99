"""What `armillary bench crypto` measures of a device: an image verified as at boot, and evidence made in a box."""

from __future__ import annotations

import copy
import os
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
ROUNDS, CALLS = 9, 400
# A monitor that boots nothing: it closes the measurements and asks for evidence, as the service would have it do.
ASKING = '''
"""Asks Pluton for evidence, again and again, and tells when."""

import time

from armillary.hal import port
from armillary.pluton.port import PlutonPort
from armillary.wire.call import Port


def main(machine):
    uart, pluton = port.UartPort(Port(machine.link("bus"))), PlutonPort(machine.link("mailbox"))
    pluton.close_measurements()
    for at in range(64):
        pluton.process_attestation(bytes((at,)) * 32, b"")
    for at in range(%d):
        nonces = [bytes((at, each & 255)) * 16 for each in range(%d)]
        uart.write(b"evidence ready %%d\\n" %% at)
        time.sleep(0.2)
        start = time.monotonic_ns()
        for nonce in nonces:
            pluton.process_attestation(nonce, b"")
        uart.write(b"evidence done %%d %%d\\n" %% (at, start))
    time.sleep(3600)
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
    """(microseconds for evidence, for a quote) of each round: the processor time of every process involved."""
    vendor = Vendor.generate()
    system = copy.copy(device.System(vendor, {}))
    asking = {MAIN: (ASKING % (rounds, CALLS)).encode()}
    system.images = list(system.images)
    system.images[MONITOR] = images.os_image(vendor, "monitor", body=images.os_body("monitor", asking))
    device.create(place, vendor, system, [])
    with _one_cpu():
        board = client.start(place)
        assert board.process is not None
        try:
            taken = [(_evidence_round(board, board.process.pid, at), _quotes(tpm)) for at in range(rounds)]
        finally:
            board.close()
            client.stop(place)
            board.process.wait(10)
    return [(ours, theirs) for ours, theirs in taken if ours is not None]


def _evidence_round(board: client.Board, supervisor: int, at: int) -> float | None:
    """Microseconds for one piece of evidence in round `at`; None if we looked too late."""
    board.wait_uart(f"evidence ready {at}\n", 60.0)
    before, looked = _processor_ns(supervisor), time.monotonic_ns()
    time.sleep(0.3)  # the device's turn; looking at its UART would cost it time
    said = board.wait_uart(f"evidence done {at} ", 60.0)
    after = _processor_ns(supervisor)
    start = int(said.split(f"evidence done {at} ")[1].split()[0])
    return (after - before) / CALLS / 1000 if looked < start else None


def _processor_ns(top: int) -> int:
    """Nanoseconds of processor time that process `top` and all below it have taken."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it has just ended
    wanted, found = [top], 0
    while wanted:
        process = wanted.pop()
        found += int(Path(f"/proc/{process}/schedstat").read_text().split()[0])
        wanted.extend(child for child, parent in parents.items() if parent == process)
    return found


def _quotes(tpm: Tpm) -> float:
    """Microseconds for one quote: of the TPM's process and of ours."""
    nonces = [struct.pack("<I", each) * 8 for each in range(CALLS)]
    before, start = _processor_ns(tpm.pid), time.thread_time_ns()
    for nonce in nonces:
        tpm.quote(nonce)
    return (_processor_ns(tpm.pid) - before + time.thread_time_ns() - start) / CALLS / 1000


@contextmanager
def _one_cpu() -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
