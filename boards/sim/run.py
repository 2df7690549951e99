"""Run one boxed device: `python -m armillary.boards.sim.run FOLDER`.

The zygote is forked first, before this process has opened anything of the device.
"""

from __future__ import annotations

import os
import signal
import sys
import zlib
from pathlib import Path
from typing import Any

from armillary.boards.sim import facts
from armillary.hal.sim.box.confine import weaknesses
from armillary.hal.sim.box.zygote import Zygote
from armillary.hal.sim.entropy import Entropy
from armillary.hal.sim.folder import DeviceFolder, FolderError
from armillary.hal.sim.host_clock import HostClock
from armillary.hal.sim.host_network import HostNetwork
from armillary.hal.sim.noise import HostNoise
from armillary.hal.sim.silicon import Silicon

from .control import Control
from .supervisor import Supervisor, bind_control, pin_to_one_cpu


def run(path: Path, preload: tuple[str, ...] = ()) -> None:
    """Supervise the device in `path` until told to shut down. Raises FolderError."""
    pin_to_one_cpu(zlib.crc32(str(path).encode()))
    zygote = Zygote(preload)
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
        supervisor.uart += f"[BOARD] WARNING: {weakness}\n".encode()
    server = bind_control(folder.path)
    control = Control(supervisor, server)
    signal.signal(signal.SIGTERM, lambda number, frame: setattr(control, "is_ending", True))
    try:
        while not control.is_ending:
            supervisor.step()
    finally:
        (folder.path / "control.sock").unlink(missing_ok=True)
        server.close()
        supervisor.close()


def main() -> None:
    """Entry of the supervisor's process."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m armillary.boards.sim.run FOLDER")
    os.chdir("/")
    try:
        run(Path(sys.argv[1]))
    except FolderError as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
