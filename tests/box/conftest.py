"""Boxed devices for tests: honest ones, and ones whose signed images carry hostile code."""

import copy
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from armillary.boards import apps, images
from armillary.boards.keys import Vendor
from armillary.boards.sim import client, device

HERE = Path(__file__).parent
BOOT = "armillary/boards/sim/boot/"
PLACES = {"pluton": 1, "monitor": 2, "kernel": 3, "runtime": 4}  # in System.images
LED, OTHER_LED = 8, 9


class Bench:
    """Makes devices and boards, and clears them away."""

    def __init__(self, root, vendor, system):
        self.root = root
        self.vendor = vendor
        self.system = system
        self._boards = []
        self._count = 0

    def app(self, name, source, pins=(), arguments=(), key=None):
        """A signed app package with `source` as its entry point."""
        folder = self.root / f"app-{name}-{self._count}"
        self._count += 1
        (folder / "bin").mkdir(parents=True)
        (folder / "bin" / "app.py").write_text(source)
        serial = sum(name.encode()) & 0xFFFF
        (folder / "app_manifest.json").write_text(json.dumps({
            "SchemaVersion": 1, "Name": name, "ComponentId": f"1f0c6a10-7d1e-4d52-9a54-{serial:012x}",
            "EntryPoint": "/bin/app.py", "CmdArgs": list(arguments), "Capabilities": {"Gpio": list(pins)},
            "ApplicationType": "Default",
        }))  # fmt: skip
        return apps.pack_app(folder, key or self.vendor.app, 1)

    def blink(self, period_ms=50):
        """The sample."""
        return apps.pack_app(apps.SAMPLES / "blink", self.vendor.app, 1, [str(period_ms)])

    def with_ring(self, system, ring, extra, config=None):
        """`system` with the image of `ring` made anew, `extra` sources in it."""
        changed = copy.copy(system)
        changed.images = list(system.images)
        body = images.os_body(ring, extra, config)
        changed.images[PLACES[ring]] = images.os_image(self.vendor, ring, 1, body=body)
        return changed

    def hostile(self, system, ring, program, config=None):
        """`system` with a ring whose `program` (a module with `run(ring, machine)`) goes first."""
        honest = (images.ROOT.parent / f"{BOOT}{ring}.py").read_text()
        head = "def main(machine: Any) -> None:"
        assert head in honest
        hostile = honest.replace(head, "def honest(machine: Any) -> None:") + (
            "\n\ndef main(machine):\n"
            "    from armillary.boards.sim.boot import hostile\n\n"
            f"    if hostile.run({ring!r}, machine) != 'stay':\n        honest(machine)\n"
        )
        extra = {f"{BOOT}{ring}.py": hostile.encode(), f"{BOOT}hostile.py": program.encode()}
        return self.with_ring(system, ring, extra, config)

    def provision(self, system=None, packages=(), name="device"):
        """A new device's folder."""
        folder = self.root / f"{name}-{self._count}"
        self._count += 1
        device.create(folder, self.vendor, system or self.system, list(packages))
        return folder

    def start(self, folder, mode=None, power=True, **told):
        """Its board, running: the product's, or with `mode` "open" or "confined" the one with tools of
        attack, whose boxes find `told` in their environment."""
        if mode is None:
            board = client.start(folder, power=False)
        else:
            script = [sys.executable, str(HERE / "hostile_board.py"), str(folder), mode]
            process = client.launch(folder, script + [f"{name}={value}" for name, value in told.items()])
            board = client.Board(folder)
            board.process = process
        self._boards.append(board)
        if power:
            board.do("power_on")
        return board

    def stop(self, board):
        """End a board's supervisor and collect it."""
        board.close()
        if board in self._boards:
            self._boards.remove(board)
        if board.process.poll() is None:
            try:
                client.stop(board.folder)
            except client.BoardProblem:
                board.process.kill()
        try:
            board.process.wait(10)
        except subprocess.TimeoutExpired:
            board.process.kill()
            board.process.wait()

    def close(self):
        for board in list(self._boards):
            self.stop(board)


def console(board):
    """What the boxes of a board told."""
    path = board.folder / "console.log"
    return path.read_text(errors="replace") if path.exists() else ""


def until(look, what, timeout_s=15.0):
    """The first true answer of `look`: for what happens in another process."""
    end = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < end, f"no {what} within {timeout_s:.0f} s"
        time.sleep(0.01)
    return found


@pytest.fixture(scope="session")
def vendor():
    return Vendor.generate()


@pytest.fixture(scope="session")
def system(vendor):
    return device.System(vendor, {})


@pytest.fixture(scope="module")
def bench(tmp_path_factory, vendor, system):
    made = Bench(tmp_path_factory.mktemp("bench"), vendor, system)
    yield made
    made.close()


@pytest.fixture(scope="session")
def look_at():
    """(console, until): shared helpers."""
    return console, until


@pytest.fixture(scope="session")
def attack_text():
    return (HERE / "attacks.py").read_text()


@pytest.fixture(scope="session")
def hostile_app():
    """The source of an app that breaks out of its restricted names, then runs a program like a ring's."""

    def make(program, after="while True:\n        await eventloop.sleep(1)"):
        return (
            "from applibs import eventloop, gpio, log\n\n"
            f"PROGRAM = {program!r}\n\n\n"
            "async def main():\n"
            "    real = log.debug.__globals__['__builtins__']\n"
            "    real = real if isinstance(real, dict) else vars(real)\n"
            "    names = {'__builtins__': real, '__name__': 'hostile', 'gpio': gpio}\n"
            "    real['exec'](real['compile'](PROGRAM, 'hostile.py', 'exec'), names)\n"
            "    names['run']('app')\n"
            f"    {after}\n"
        )

    return make


@pytest.fixture(scope="session")
def processes():
    """Process ids of every live process whose parent is, at some remove, `root`."""

    def descendants(root):
        parents = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    text = Path(f"/proc/{name}/stat").read_text()
                except OSError:
                    continue
                fields = re.sub(r"^.*\)", "", text, flags=re.S).split()
                if fields[0] != "Z":
                    parents[int(name)] = int(fields[1])
        found = {root}
        while more := {pid for pid, parent in parents.items() if parent in found} - found:
            found |= more
        return found - {root}

    return descendants
