"""Every build of the engine that the vectors run against: how it is compiled, and how it is run.

An agent is compiled once for a state of the sources and kept under .build/vectors.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from armillary.native.m4 import build as m4

ROOT = pathlib.Path(__file__).parents[3]
SOURCE = ROOT / "native" / "src"
AGENT = ROOT / "tests" / "native" / "agent"
KEPT = ROOT / ".build" / "vectors"
EDGES = ROOT / "tests" / "native" / "vectors" / "edges.c"
WRAPPED = ["-Wl,--wrap=drbg_generate", "-Wl,--wrap=p256_best"]
LONGEST_S = 600

WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wpedantic", "-Wconversion", "-Wshadow"]
STRICT = ["-std=c11", *WARNINGS, f"-I{SOURCE}"]
SANITISE = ["-g1", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]

SHA, AES, VAES, ADX, IFMA, ALL = 1, 2, 4, 8, 16, 0xFFFFFFFF  # common/cpu.h
PATHS = {
    "portable": 0, "SHA": SHA, "AES": AES, "VAES": AES | VAES, "ADX": ADX, "IFMA": ADX | IFMA, "all": ALL,
    "SHA and VAES": SHA | AES | VAES,
}  # fmt: skip


NAMES = {SHA: "SHA", AES: "AES", VAES: "VAES", ADX: "ADX", IFMA: "AVX-512 IFMA"}
# What a build for the host runs on: itself, or where it lacks instructions an emulator that has them.
HOSTS: tuple[tuple[str, ...], ...] = ((), ("qemu-x86_64", "-cpu", "max"))
REMEDY = "Run the vectors on a processor that has them, or install a newer qemu-user."


class Lacking(Exception):
    """Neither this processor nor an emulator has what the build is to use: that is a failure, no reason to skip."""


class Broken(Exception):
    """The agent could not be built, or did not end well."""


def run(command: Sequence[str | pathlib.Path], data: bytes = b"") -> bytes:
    """What a command writes. Raises Broken unless it ends well and says nothing on the side."""
    done = subprocess.run([str(word) for word in command], input=data, capture_output=True, timeout=LONGEST_S, check=False)
    if done.returncode or done.stderr:
        raise Broken(f"{command[0]}: {done.returncode}: {done.stderr.decode(errors='replace')[-4000:]}")
    return done.stdout


def engine_sources() -> list[pathlib.Path]:
    return m4.sources()


def agent_sources(port: str) -> list[pathlib.Path]:
    return [path for path in sorted(AGENT.glob("*.c")) if not path.name.startswith("port_")] + [AGENT / f"port_{port}.c"]


def state_of_sources(*more: str) -> str:
    """A name for exactly these sources, this recipe and these words."""
    digest = hashlib.sha256(repr(more).encode())
    found = [EDGES, *(path for folder in (SOURCE, AGENT, ROOT / "native" / "m4") for path in folder.rglob("*.[chl]*"))]
    for path in sorted(found):
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


@contextlib.contextmanager
def alone(name: str) -> Iterator[None]:
    """Nobody else builds `name` meanwhile."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with open(KEPT / (name + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def made_once(name: str, make: Callable[[pathlib.Path], pathlib.Path], *words: str) -> pathlib.Path:
    """What `make` makes in a folder of its own, unless it is there for this state of the sources."""
    folder, stamp = KEPT / name, state_of_sources(name, *words)
    with alone(name):
        if (folder / "stamp").exists() and (folder / "stamp").read_text().split("\n")[0] == stamp:
            return pathlib.Path((folder / "stamp").read_text().split("\n")[1])
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        made = make(folder)
        (folder / "stamp").write_text(f"{stamp}\n{made}")
        return made


def compile_host(folder: pathlib.Path, compiler: str, flags: Sequence[str]) -> pathlib.Path:
    """The agent as a program of the host, and beside it `edges`; each file is compiled by itself."""
    files = [*engine_sources(), *agent_sources("host"), EDGES]

    def one(path: pathlib.Path) -> pathlib.Path:
        made = folder / f"{path.parent.name}-{path.stem}.o"
        run([compiler, *STRICT, *flags, "-c", path, "-o", made])
        return made

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        objects = dict(zip(files, pool.map(one, files), strict=True))
    agent = [made for path, made in objects.items() if path != EDGES]
    edges = [made for path, made in objects.items() if path.parent != AGENT]
    run([compiler, *flags, *agent, "-o", folder / "agent"])
    run([compiler, *flags, *edges, *WRAPPED, "-o", folder / "edges"])
    return folder / "agent"


def offered(emulator: Sequence[str], agent: pathlib.Path) -> int:
    """What the agent finds of the instructions that it may use."""
    return int(run([*emulator, agent]))


class Build(NamedTuple):
    """One build under one restriction of what it may use of the processor."""

    name: str
    compiler: str
    flags: tuple[str, ...]
    mask: int
    emulator: tuple[str, ...] = ()

    def agent(self) -> pathlib.Path:
        """The compiled agent, shared by all masks."""
        name = f"{self.compiler}-{hashlib.sha256(repr(self.flags).encode()).hexdigest()[:8]}"
        return made_once(name, lambda folder: compile_host(folder, self.compiler, self.flags), self.compiler, *self.flags)

    def answers(self, requests: bytes) -> bytes:
        """What the agent answers. Raises Lacking if neither this processor nor an emulator has all that the mask names."""
        return run([*self.processor(), self.agent(), str(self.mask)], requests)

    def edges(self) -> str:
        """What edges.c says. Raises Lacking, as `answers` does."""
        return run([*self.processor(), self.agent().parent / "edges", str(self.mask)]).decode()

    def processor(self) -> tuple[str, ...]:
        """What the agent runs on: this processor (nothing), or the first emulator that has all that the mask names."""
        missing = []
        for emulator in [self.emulator] if self.emulator else HOSTS:
            if emulator and shutil.which(emulator[0]) is None:
                missing.append(f"{emulator[0]} is not installed")
                continue
            lacks = 0 if self.mask == ALL else self.mask & ~offered(emulator, self.agent())
            if not lacks:
                return emulator
            missing.append(f"{' '.join(emulator) or 'this processor'} lacks {', '.join(NAMES[bit] for bit in NAMES if bit & lacks)}")
        raise Lacking(f"{self.name}: nothing here can run it, so it is not tested: {'; '.join(missing)}. {REMEDY}")


class CortexM4(NamedTuple):
    """The bare-metal build, in QEMU's model of an MPS2 board."""

    name: str

    def agent(self) -> pathlib.Path:
        def make(folder: pathlib.Path) -> pathlib.Path:
            return m4.program(folder / "agent.elf", agent_sources("m4"), [f"-I{AGENT}"])

        return made_once("cortex-m4", make)

    def answers(self, requests: bytes) -> bytes:
        return in_files(self.agent(), requests, lambda agent, *files: m4.emulate(agent, files))


class MicroPython(NamedTuple):
    """The module of C in MicroPython's unix port, called from Python."""

    name: str

    def agent(self) -> pathlib.Path:
        with alone("micropython"):
            run(["sh", ROOT / "tests" / "portable" / "build_micropython.sh"])
        return ROOT / ".build" / "micropython-native"

    def answers(self, requests: bytes) -> bytes:
        return in_files(self.agent(), requests, lambda agent, *files: [
            agent, "-X", "heapsize=64m", AGENT / "agent.py", AGENT / "operations.h", *files,
        ])  # fmt: skip


def in_files(
    agent: pathlib.Path, requests: bytes, command: Callable[..., Sequence[str | pathlib.Path]]
) -> bytes:
    """The answers of an agent that reads and writes files: `command` makes its command line of their names."""
    with tempfile.TemporaryDirectory(dir=KEPT) as place:
        given, made = pathlib.Path(place, "requests"), pathlib.Path(place, "answers")
        given.write_bytes(requests)
        run(command(agent, str(given), str(made)))
        return made.read_bytes()


def by_path(name: str, compiler: str, flags: tuple[str, ...], paths: Sequence[str], emulator: tuple[str, ...] = ()) -> list[Build]:
    return [Build(f"{name} {path}", compiler, flags, PATHS[path], emulator) for path in paths]


# What setup.py compiles with, less its warnings, which STRICT surpasses.
RELEASE = ("-O3", "-fvisibility=hidden", "-fstack-protector-strong")
ADDRESS = ("-O1", *SANITISE, "-fsanitize=address,undefined")
MEMORY = ("-O1", *SANITISE, "-fsanitize=memory", "-fsanitize-memory-track-origins")
# Every function once: of one that is inlined into many, each copy would have branches of its own, some never taken.
COVERAGE = ("-O0", "--coverage", "-Dalways_inline=unused")
AARCH64 = ("qemu-aarch64", "-cpu", "max", "-L", "/usr/aarch64-linux-gnu")

ONE_BY_ONE = ["portable", "SHA", "AES", "VAES", "ADX", "IFMA", "all"]
# The arithmetic in 32-bit words, which hosts with 128-bit products do not use by themselves.
WORDS_32 = "-DARMILLARY_WORDS_32"
COVERED_32 = by_path("host gcc coverage, 32-bit words,", "gcc", (*COVERAGE, WORDS_32), ["portable"])
COVERED = by_path("host gcc coverage", "gcc", COVERAGE, ["portable", "AES", "ADX", "all"])
BUILDS: list[Build | CortexM4 | MicroPython] = [
    *by_path("host gcc -O3", "gcc", RELEASE, ONE_BY_ONE),
    *by_path("host gcc -O2", "gcc", ("-O2",), ["portable", "all"]),
    *by_path("host gcc -O2, 32-bit words,", "gcc", ("-O2", WORDS_32), ["portable"]),
    *by_path("host clang -O2", "clang", ("-O2",), ["portable", "all"]),
    *by_path("address and undefined-behaviour sanitisers", "gcc", ADDRESS, ["portable", "all"]),
    *by_path("address and undefined-behaviour sanitisers, 32-bit words,", "gcc", (*ADDRESS, WORDS_32), ["portable"]),
    # It cannot see what assembly writes through a pointer, as the ADX path does; valgrind sees that (tests/native/timing).
    *by_path("memory sanitiser", "clang", MEMORY, ["portable", "SHA and VAES"]),
    *by_path("aarch64", "aarch64-linux-gnu-gcc", ("-O2",), ["portable", "all"], AARCH64),
    CortexM4("Cortex-M4"),
    MicroPython("MicroPython"),
]
