"""The first code in a new box: close every door, then load the program.

Order matters: descriptors are sorted out while the process is still free, then it is confined for
good (`native` confine), and only then does any byte of the load get interpreted.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import traceback
from typing import Any

from ....wire import asxipfs, image
from . import importer
from .confine import confine
from .machine import Machine

FIRST_KEPT = 3  # descriptors from here on are the box's channels
MOST_CHANNELS = 64
ROM = "armillary.boards.sim.boot.rom"  # mask ROM is part of the chip: it is there before any image is
REAL_TIME = "armillary.hal.sim.box.realtime"  # so are the real-time cores
HIGH = 512  # where descriptors wait while they are sorted
LAST = 1 << 20  # beyond any descriptor a host gives out


def preload_silicon() -> None:
    """Load the crypto engine (C where it was built, and the host's library) and ROM: later there is a jail around us."""
    importlib.import_module("armillary.native").prepare()
    importlib.import_module(ROM)


def run(order: dict[str, Any], descriptors: list[int]) -> None:
    """Become a box; never returns.

    `order`: "kind" ("rom" for the mask ROM, "real-time" for those cores, else "load"), "names" (of the channels, in the order of
    `descriptors` after the first), "memory_kib", "cpu_s", "power_on_ns", "confine" (False only in
    tests of what the confinement is worth). The first descriptor is a memory file with the load.
    """
    status = 71
    try:
        load = _read_all(descriptors[0]) if descriptors else b""
        channels = _arrange(order["names"], descriptors[1:])
        machine = Machine(channels, order["power_on_ns"])
        if order["kind"] == "real-time":
            main = importlib.import_module(REAL_TIME).prepare(machine)  # it needs files, and memory to put code into
        if order.get("confine", True):
            confine(order["memory_kib"], order["cpu_s"], FIRST_KEPT + MOST_CHANNELS)
        if order["kind"] == "real-time":
            main()
        else:
            machine.load = split_load(load)
            _programs(machine, order["kind"])
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    except BaseException as problem:
        _last_words(problem)
    finally:
        sys.stderr.flush()
        os._exit(status)


def _last_words(problem: BaseException) -> None:
    """Tell the console what ended this box, in one line first: the traceback may itself fail in here."""
    os.write(2, f"box ended: {type(problem).__name__}: {problem}\n".encode())
    traceback.print_exception(problem, file=sys.stderr)


def _read_all(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    return os.pread(descriptor, size, 0)


def _arrange(names: list[str], descriptors: list[int]) -> dict[str, int]:
    """Put the channels at known numbers and close every other descriptor."""
    for at, descriptor in enumerate(descriptors):
        os.dup2(descriptor, HIGH + at)
    os.closerange(FIRST_KEPT, HIGH)
    channels = {}
    for at, name in enumerate(names):
        number = 2 if name == "console" else FIRST_KEPT + at
        os.dup2(HIGH + at, number)
        channels[name] = number
    os.closerange(FIRST_KEPT + len(names), LAST)
    return channels


def split_load(load: bytes) -> list[bytes]:
    """The packages in a load: each has its length (u32, little-endian) before it."""
    packages, at = [], 0
    while at < len(load):
        end = at + 4 + int.from_bytes(load[at : at + 4], "little")
        if end > len(load):
            raise ValueError(f"load: package at {at} ends beyond the load")
        packages.append(load[at + 4 : end])
        at = end
    return packages


def join_load(packages: list[bytes]) -> bytes:
    """The load that holds `packages`."""
    return b"".join(len(package).to_bytes(4, "little") + package for package in packages)


def _programs(machine: Machine, kind: str) -> None:
    """Run the program, and each program it names to follow it."""
    parse, filesystem = image.parse, asxipfs.FileSystem  # silicon's own; the image's are another copy
    if kind == "rom":
        main = importlib.import_module(ROM).main
    else:
        main = _load(machine, machine.load[0], parse, filesystem)
    while True:
        machine.following = None
        main(machine)
        if machine.following is None:
            return
        package, machine.handoff = machine.following
        main = _load(machine, package, parse, filesystem)


def _load(machine: Machine, package: bytes, parse: Any, filesystem: Any) -> Any:
    parsed = parse(package)
    files = filesystem(parsed.body)
    contents = {path: files.read(path) for path in files.paths()}
    gc.disable()  # what an import makes stays: looking for garbage in it costs a fifth of the time
    machine.forgotten.append(importer.install(contents, parsed.name))
    machine.files = contents
    main = importlib.import_module(contents["entry"].decode().strip()).main
    gc.enable()
    return main
