"""What `armillary bench` measures: boot and system calls, each beside a named peer in the same run.

Absolute times are this machine's; the ratio to the peer is what travels. Each figure is the median of
its rounds, rings and peers pinned to one CPU, taken in turn.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from armillary.boards import apps
from armillary.boards.keys import Vendor
from armillary.boards.sim import client, device, facts
from armillary.boards.sim.linked import LinkedDevice
from armillary.hal.sim.network import LinkedNetwork
from armillary.hal.sim.silicon import Silicon
from armillary.wire import stage

Report = Callable[[dict[str, Any]], None]
ROUNDS = 15
LED = 8
BARE = [sys.executable, "-I", "-S", "-E", "-c", "pass"]
RINGS = 4  # processes that a boot starts: three rings and the app
BUDGET_MS = {"linked": 5.0, "boxed": 40.0}
CALLS = 20_000
PEER_CALLS = 50_000
SYSCALL_APP = '''
"""Times system calls from inside the app."""

import time

from applibs import eventloop, gpio, log


def timed(action, calls):
    for _ in range(200):
        action()
    start = time.perf_counter()
    for _ in range(calls):
        action()
    return (time.perf_counter() - start) / calls * 1e6


async def main(calls):
    with gpio.open_as_output(8) as led:
        for _ in range(3):
            log.debug("measured get %.3f set %.3f", timed(eventloop.now, int(calls)), timed(lambda: led.set_value(1), int(calls)))
            await eventloop.sleep(0.01)
    while True:
        await eventloop.sleep(3600)
'''


def boot(report: Report, rounds: int = ROUNDS) -> None:
    """Power-on to the app's first instruction, every signature checked: linked and boxed, and each stage."""
    vendor = Vendor.generate()
    system = device.System(vendor, {"root": _root(vendor)})
    blink = apps.pack_app(apps.SAMPLES / "blink", vendor.app)
    linked = [_linked_boot(silicon) for silicon in [_chip(vendor, system, blink)] for _ in range(rounds)]
    with tempfile.TemporaryDirectory(prefix="armillary-bench-") as folder:
        place = Path(folder) / "device"
        device.create(place, vendor, system, [blink])
        boxed, stages, peer = _boxed_boots(place, rounds)
    bare = statistics.median(peer)
    for name, times, against in (("linked", linked, bare), ("boxed", boxed, RINGS * bare)):
        took = statistics.median(times)
        report({
            "what": f"boot {name}", "ms": round(took, 2), "budget_ms": BUDGET_MS[name], "peer": f"{against / bare:.0f} x CPython -I -S -E",
            "peer_ms": round(against, 2), "ratio": round(took / against, 2),
        })  # fmt: skip
    for name, begin, end in stages:
        report({"what": f"stage {name}", "verified_from_us": begin, "to_us": end})


def syscall(report: Report, calls: int = CALLS) -> None:
    """A boxed app's system calls, beside a bare pipe round trip between two Python processes."""
    vendor = Vendor.generate()
    system = device.System(vendor, {"root": _root(vendor)})
    with tempfile.TemporaryDirectory(prefix="armillary-bench-") as folder:
        source = Path(folder) / "app"
        (source / "bin").mkdir(parents=True)
        (source / "app_manifest.json").write_bytes((apps.SAMPLES / "blink" / "app_manifest.json").read_bytes())
        (source / "bin" / "app.py").write_text(SYSCALL_APP)
        package = apps.pack_app(source, vendor.app, arguments=[str(calls)])
        place = Path(folder) / "device"
        device.create(place, vendor, system, [package])
        board = client.start(place)
        try:
            said = board.wait_uart_times("measured get", 3, 60.0)
            pipe = pipe_round_trip(PEER_CALLS)
        finally:
            board.close()
            client.stop(place)
    lines = [line.split() for line in said.splitlines() if "measured get" in line]
    for name, column in (("clock (app to kernel)", -3), ("gpio_set (app to kernel to bus)", -1)):
        took = statistics.median([float(line[column]) for line in lines])
        report({
            "what": f"syscall {name}", "us": round(took, 2), "peer": "bare Python pipe round trip", "peer_us": round(pipe, 2),
            "ratio": round(took / pipe, 2),
        })  # fmt: skip


def pipe_round_trip(calls: int) -> float:
    """Microseconds for one byte there and back between two Python processes on one CPU."""
    there, back = os.pipe(), os.pipe()
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    pid = os.fork()
    if pid == 0:
        _echo(there, back)
    os.close(there[0])
    os.close(back[1])
    start = time.perf_counter()
    for _ in range(calls):
        os.write(there[1], b"x")
        os.read(back[0], 64)
    took = (time.perf_counter() - start) / calls * 1e6
    for descriptor in (there[1], back[0]):
        os.close(descriptor)
    os.waitpid(pid, 0)
    os.sched_setaffinity(0, before)
    return took


def _echo(there: tuple[int, int], back: tuple[int, int]) -> None:
    try:
        os.close(there[1])
        os.close(back[0])
        while data := os.read(there[0], 64):
            os.write(back[1], data)
    finally:
        os._exit(0)


def _root(vendor: Vendor) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return vendor.root.certificate.public_bytes(Encoding.PEM)


def _chip(vendor: Vendor, system: device.System, app: bytes) -> Silicon:
    silicon = Silicon(facts, seed=1, network=LinkedNetwork({}))
    device.manufacture(silicon, vendor.root.public, b"bench")
    device.provision(silicon, system, [app])
    return silicon


def _linked_boot(silicon: Silicon) -> float:
    """Milliseconds of real time until the app's first instruction has run (it drives the LED)."""
    silicon.gpio.history.clear()
    linked = LinkedDevice(silicon)
    start = time.perf_counter()
    linked.power_on()
    if not linked.run_until(lambda: bool(silicon.gpio.history), 1):
        raise RuntimeError("the app did not run: " + linked.uart()[-400:])
    took = (time.perf_counter() - start) * 1e3
    linked.power_off()
    return took


def _boxed_boots(place: Path, rounds: int) -> tuple[list[float], list[tuple[str, int, int]], list[float]]:
    """(milliseconds to the app's first change of its pin, the last boot's stages, the peer's milliseconds)."""
    boxed, peer = [], []
    board = client.start(place)
    try:
        board.wait_pin(LED, 1)  # the first boot also settles what the factory left to do
        for _ in range(rounds):
            board.do("power_off")
            peer.append(_bare_python())
            said = len(board.uart())
            board.do("power_on")
            boxed.append(board.wait_pin(LED, 1)[0][0] / 1000)
        parsed = [stage.parse_line(line) for line in board.uart()[said:].splitlines()]
        stages = [(each[1]["stage"], int(each[1]["from"]), int(each[1]["to"])) for each in parsed if each]
    finally:
        board.close()
        client.stop(place)
    return boxed, stages, peer


def _bare_python() -> float:
    start = time.perf_counter()
    subprocess.run(BARE, check=True)
    return (time.perf_counter() - start) * 1e3
