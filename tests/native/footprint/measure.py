"""What the engine costs on a Cortex-M4: instructions, bytes of code, bytes of stack.

    python -m tests.native.footprint.measure [show]

writes the table `native/m4/footprint.json`, which a test compares with what it measures; or only shows it. Everything is for the
one recipe of `native/m4/build.py`. Instructions are counted in an emulator, and exactly: one whose condition fails
counts as one, too. Inputs are fixed, so a figure that differs has a cause in the code or the compiler.
"""

from __future__ import annotations

import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

from armillary.native.m4 import build
from tests.native.emulator import m4
from tests.native.sweep import cases

ROOT = pathlib.Path(__file__).resolve().parents[3]
TABLE = ROOT / "native/m4/footprint.json"
DATA = random.Random(3).randbytes(4096)
DRBG, AES, GCM_KEY = 96, 768, 2048  # room for struct drbg, struct aes, struct gcm_key
KEY = b"\x11" * 32


class Engine:
    """The engine on an emulated processor."""

    def __init__(self, folder: pathlib.Path):
        program = m4.engine(folder, [m4.HERE / "idle.c"])
        self.machine = m4.Machine(m4.shim(folder), program)

    def call(self, function: str, *arguments: int | bytes) -> m4.Seen:
        """Call it, in memory as it is."""
        return self.machine.call(function, *arguments)

    def room(self, size: int) -> int:
        """Fresh memory of zeros."""
        return self.machine.place(bytes(size))

    def fresh(self) -> None:
        """Forget all arguments."""
        self.machine.reset()


def ctr(engine: Engine, size: int, length: int) -> m4.Seen:
    """Counter mode, the key being there."""
    aes, out = engine.room(AES), engine.room(length)
    engine.call("aes_begin", aes, DATA[:size], size)
    return engine.call("aes_ctr", aes, DATA[:16], DATA[:length], out, length)


def gcm(engine: Engine, size: int, length: int) -> m4.Seen:
    """Sealing, the key being there, a nonce of 12 bytes, nothing additional."""
    key, out = engine.room(GCM_KEY), engine.room(length)
    engine.call("gcm_begin", key, DATA[:size], size)
    tag = engine.room(16)
    return engine.call("gcm_seal", key, DATA[:12], 12, 0, 0, DATA[:length], length, out, tag)


def drbg(engine: Engine) -> m4.Seen:
    """Thirty-two bytes from a generator that was seeded."""
    state, out = engine.room(DRBG), engine.room(32)
    engine.call("drbg_begin", state, DATA[:48], 48, DATA[48:64], 16, 0, 0)
    return engine.call("drbg_generate", state, out, 32, 0, 0)


def lms(engine: Engine, one_time: int, chains: int) -> m4.Seen:
    """A signature of height 10 of the right shape: whether it is good, nobody knows before the end."""
    head = (6).to_bytes(4, "big") + one_time.to_bytes(4, "big")
    signature = (5).to_bytes(4, "big") + head[4:] + DATA[: 32 * (1 + chains)] + head[:4] + DATA[: 32 * 10]
    return engine.call("lms_verify_sealed", head + DATA[:48], 56, DATA[:32], 32, signature, len(signature))


MEASURED = {
    "SHA-256, 64 B": lambda e: e.call("sha256_hash", DATA[:64], 64, e.room(32)),
    "SHA-256, 1 KiB": lambda e: e.call("sha256_hash", DATA[:1024], 1024, e.room(32)),
    "HMAC, 64 B": lambda e: e.call("hmac_sha256", KEY, 32, DATA[:64], 64, e.room(32)),
    "HKDF, 32 B": lambda e: e.call("hkdf_sha256", DATA[:16], 16, KEY, 32, DATA[:8], 8, e.room(32), 32),
    "HMAC-DRBG, 32 B": drbg,
    "AES-128 key": lambda e: e.call("aes_begin", e.room(AES), KEY, 16),
    "AES-256 key": lambda e: e.call("aes_begin", e.room(AES), KEY, 32),
    "AES-128-CTR, 1 KiB": lambda e: ctr(e, 16, 1024),
    "AES-128-CTR, 4 KiB": lambda e: ctr(e, 16, 4096),
    "AES-256-CTR, 1 KiB": lambda e: ctr(e, 32, 1024),
    "AES-128-GCM seal, 1 KiB": lambda e: gcm(e, 16, 1024),
    "AES-256-GCM seal, 1 KiB": lambda e: gcm(e, 32, 1024),
    "AES-128-CMAC, 64 B": lambda e: e.call("cmac_aes", KEY, 16, DATA[:64], 64, e.room(16)),
    "AES-256 key wrap, 32 B": lambda e: e.call("keywrap", KEY, 32, DATA[:32], 32, e.room(40)),
    "P-256 verify": lambda e: e.call("p256_verify_sealed", cases.PUBLIC, cases.IMAGE, cases.GOOD, cases.not_sum),
    "P-256 sign": lambda e: e.call("p256_sign", KEY, cases.IMAGE, e.room(64)),
    "P-256 public key": lambda e: e.call("p256_public", KEY, e.room(64)),
    "P-256 ECDH": lambda e: e.call("p256_ecdh", KEY, cases.PUBLIC, e.room(32)),
    "LMS verify, M32 H10 W4": lambda e: lms(e, 3, 67),
    "LMS verify, M32 H10 W8": lambda e: lms(e, 4, 34),
}
PER_BYTE = {
    "SHA-256, 1 KiB": 1024, "AES-128-CTR, 1 KiB": 1024, "AES-128-CTR, 4 KiB": 4096, "AES-256-CTR, 1 KiB": 1024,
    "AES-128-GCM seal, 1 KiB": 1024, "AES-256-GCM seal, 1 KiB": 1024,
}  # fmt: skip


def calls(folder: pathlib.Path) -> dict[str, m4.Seen]:
    """What each measured call takes."""
    engine, seen = Engine(folder), {}
    for name, run in MEASURED.items():
        engine.fresh()
        seen[name] = run(engine)
    return seen


def pushed(program: m4.Program) -> dict[str, int]:
    """How much each function lowers sp in all, by its code: of assembly and the library the compiler says nothing."""
    listing = build_output("arm-none-eabi-objdump", "-d", "--no-show-raw-insn", str(program.elf))
    sizes: dict[str, int] = {}
    name = ""
    for line in listing.splitlines():
        if head := re.match(r"[0-9a-f]+ <([^>]+)>:", line):
            name = head[1]
            sizes.setdefault(name, 0)
        elif many := re.search(r"\t(?:v?push|stmdb(?:\.w)?\tsp!,|vpush)\s*\{([^}]*)\}", line):
            sizes[name] += 4 * len(many[1].split(","))
        elif one := re.search(r"\tsub(?:\.w|w)?\tsp, (?:sp, )?#(\d+)|\[sp, #-(\d+)\]!", line):
            sizes[name] += int(one[1] or one[2])
    return sizes


def build_output(*command: str) -> str:
    """What a tool prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Graph:
    """Who calls whom, and with how much stack, as the compiler wrote it down (-fcallgraph-info=su)."""

    NODE = re.compile(r'node: \{ title: "([^"]+)" label: "[^"]*?(\d+) bytes \(([^)]+)\)')
    EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')
    INDIRECT = "__indirect_call"

    def __init__(self, files: list[pathlib.Path]):
        self.stack: dict[str, int] = {}
        self.kinds: set[str] = set()
        self.edges: dict[str, set[str]] = {}
        for path in files:
            text = path.read_text()
            for name, size, kind in self.NODE.findall(text):
                self.stack[name] = int(size)
                self.kinds.add(kind)
            for source, target in self.EDGE.findall(text):
                self.edges.setdefault(source, set()).add(target)

    def let_indirect_calls_reach(self, names: set[str]) -> None:
        """Every call through a pointer may go to any of these."""
        self.edges[self.INDIRECT] = {name for name in self.stack if name.rpartition(":")[2] in names}
        assert len(self.edges[self.INDIRECT]) == len(names), self.edges[self.INDIRECT]

    def add_pushes(self, sizes: dict[str, int]) -> None:
        """Take the larger of the compiler's frames and these."""
        for name in [*self.stack, *self.outside()]:
            self.stack[name] = max(self.stack.get(name, 0), sizes.get(name.rpartition(":")[2], 0))

    def outside(self) -> set[str]:
        """What is called and not ours."""
        called = set().union(*self.edges.values())
        return called - set(self.stack) - {self.INDIRECT}

    def deepest(self, name: str, above: tuple[str, ...] = ()) -> int:
        """The most stack that a call takes. Raises ValueError for a recursion."""
        if name in above:
            raise ValueError(f"recursion: {' -> '.join([*above, name])}")
        below = (self.deepest(each, (*above, name)) for each in sorted(self.edges.get(name, ())))
        return self.stack.get(name, 0) + max(below, default=0)


# The only calls through pointers are to the engine of P-256 for this processor.
THROUGH_POINTERS = {
    "is_point", "base", "multiply", "combine_32", "scalar_multiply", "scalar_inverse",
}  # fmt: skip


def graph(folder: pathlib.Path) -> Graph:
    """Of everything that is compiled for the device."""
    objects = build.compile_all(folder / "graph", build.sources(), ["-fcallgraph-info=su"])
    return Graph([path.with_suffix(".ci") for path in objects])


def code(folder: pathlib.Path) -> dict[str, int]:
    """Bytes of code and constants of each file that has any."""
    sizes = {}
    for path in build.compile_all(folder / "code", build.sources()):
        with path.open("rb") as stream:
            elf = m4.ELFFile(stream)
            sizes[path.stem.replace("-", "/", 1)] = sum(
                section["sh_size"] for section in elf.iter_sections()
                if section["sh_flags"] & 2 and not section.name.startswith(".ARM")
            )  # fmt: skip
    return {name: size for name, size in sizes.items() if size}


def table(folder: pathlib.Path) -> dict[str, dict[str, int]]:
    """Everything."""
    seen, sizes, found = calls(folder), code(folder), graph(folder)
    found.let_indirect_calls_reach(THROUGH_POINTERS)
    public = sorted(name for name in found.stack if ":" not in name)
    found.add_pushes(pushed(m4.load(folder / "engine.elf")))
    return {
        "instructions": {name: one.instructions for name, one in seen.items()},
        "code": {**sizes, "all": sum(sizes.values())},
        "stack measured": {name: one.stack for name, one in seen.items()},
        "stack at most": {name: found.deepest(name) for name in public},
    }


def text(measured: dict[str, dict[str, int]]) -> str:
    """For people."""
    lines = []
    for title, rows in measured.items():
        lines.append(f"\n{title}")
        for name, value in rows.items():
            per_byte = f"{value / PER_BYTE[name]:9.1f} a byte" if title == "instructions" and name in PER_BYTE else ""
            lines.append(f"  {name:<28}{value:>10}{per_byte}")
    return "\n".join(lines)


if __name__ == "__main__":
    if sys.argv[1:] == ["show"]:
        print(text(json.loads(TABLE.read_text())))
        sys.exit()
    with tempfile.TemporaryDirectory() as made:
        now = table(pathlib.Path(made))
    TABLE.write_text(json.dumps(now, indent=2) + "\n")
    print(text(now))
