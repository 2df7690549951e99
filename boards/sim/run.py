"""Run one boxed device: `python -m armillary.boards.sim.run FOLDER`.

The zygote is forked first, before this process has opened anything of the device.
"""

from __future__ import annotations

import os
import signal
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from armillary.boards.sim import facts
from armillary.hal.sim.box.confine import lacking, weaknesses
from armillary.hal.sim.box.zygote import Zygote, ZygoteGone
from armillary.hal.sim.entropy import Entropy
from armillary.hal.sim.folder import DeviceFolder, FolderError
from armillary.hal.sim.host_clock import HostClock
from armillary.hal.sim.host_network import HostNetwork
from armillary.hal.sim.noise import HostNoise
from armillary.hal.sim.silicon import Silicon
from armillary.wire.fault import Invalid

from .control import Control
from .supervisor import Supervisor, bind_control, pin_to_one_cpu


class NotHere(Exception):
    """This host cannot run boxes; the message says what to use instead."""


def run(path: Path, make_zygote: Callable[[], Zygote] = Zygote) -> None:
    """Supervise the device in `path` until told to shut down. Raises NotHere, FolderError, ZygoteGone.

    `make_zygote` is for tests that put tools of attack into every box.
    """
    missing = lacking()
    if missing:
        raise NotHere(
            "boxed mode needs Linux (this host has no " + ", ".join(missing) + "): "
            "run the device in linked mode, as armillary.testing does by default"
        )
    pin_to_one_cpu(zlib.crc32(str(path).encode()))
    zygote = make_zygote()
    try:
        with DeviceFolder(path) as folder:
            _supervise(folder, zygote)
    finally:
        zygote.close()


def _supervise(folder: DeviceFolder, zygote: Zygote) -> None:
    network = HostNetwork(folder.board.hosts)

    def make(**parts: Any) -> Silicon:
        return Silicon(
            facts, rail=folder.rail, flash=folder.flash, fuses=folder.fuses, entropy=Entropy(HostNoise()),
            clock=HostClock(), network=network, **parts,
        )  # fmt: skip

    supervisor = Supervisor(zygote, make, network, folder.path / "console.log")
    for weakness in weaknesses():
        supervisor.uart.said("board", f"[BOARD] WARNING: {weakness}\n".encode())
    for word in folder.board.wires:
        try:
            supervisor.fittings.wire(word)
        except Invalid as problem:  # a card whose file is gone must not keep the board from starting
            supervisor.uart.said("board", f"[BOARD] {word} is not wired: {problem.reason}\n".encode())
    server = bind_control(folder.path)
    control = Control(supervisor, server, lambda words: _keep(folder, words))
    signal.signal(signal.SIGTERM, lambda number, frame: setattr(control, "is_ending", True))
    try:
        while not control.is_ending:
            supervisor.step()
    finally:
        (folder.path / "control.sock").unlink(missing_ok=True)
        control.close()
        server.close()
        supervisor.close()


def _keep(folder: DeviceFolder, words: list[str]) -> None:
    """Have `words` wired whenever the device starts."""
    folder.board.wires = tuple(words)
    folder.save()


def main() -> None:
    """Entry of the supervisor's process."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m armillary.boards.sim.run FOLDER")
    os.chdir("/")
    try:
        run(Path(sys.argv[1]))
    except (FolderError, NotHere, ZygoteGone) as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
