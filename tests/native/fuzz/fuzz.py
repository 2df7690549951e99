"""libFuzzer over the engine: every target for a while, beginning with what the vectors ask.

    python -m tests.native.fuzz.fuzz SECONDS     each target so long, two at a time

What crashes a target is kept under .build/fuzz, and said.
"""

from __future__ import annotations

import os
import pathlib
import struct
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from tests.native.vectors.builds import AGENT, STRICT, agent_sources, engine_sources, made_once, run
from tests.native.vectors.case import Case
from tests.native.vectors.every import suite

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
KEPT = ROOT / ".build" / "fuzz"
TARGETS = sorted(path.stem for path in HERE.glob("*.c"))
FLAGS = ["-g1", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", f"-I{HERE}", f"-I{AGENT}"]
# The longest input: what leads to nothing new further out. Requests are wide, an LMS signature is long.
LONGEST = {"requests": 4096, "lms": 5000}
SEEDS_MOST = {"p256": 30}  # the others 200


def build(folder: pathlib.Path) -> pathlib.Path:
    """Every target, linked with one instrumented engine; returns `folder`."""
    engine = engine_sources()
    agent = [path for path in agent_sources("host") if path.name != "port_host.c"]

    def one(path: pathlib.Path) -> pathlib.Path:
        made = folder / f"{path.parent.name}-{path.stem}.o"
        run(["clang", *STRICT, *FLAGS, "-fsanitize=fuzzer-no-link", "-c", path, "-o", made])
        return made

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        objects = list(pool.map(one, engine))
        served = list(pool.map(one, agent))
        targets = list(pool.map(one, [HERE / f"{name}.c" for name in TARGETS]))
    for name, made in zip(TARGETS, targets, strict=True):
        more = served if name == "requests" else []
        run(["clang", *FLAGS, "-fsanitize=fuzzer", made, *more, *objects, "-o", folder / name])
    return folder


def programs() -> pathlib.Path:
    """The folder of the built targets."""
    texts = [path.read_text() for path in sorted(HERE.glob("*.[ch]"))]
    return made_once("fuzz", build, *FLAGS, *texts)


def seeds(name: str) -> Iterator[bytes]:
    """Inputs to begin with, in the form of the target: cases of the vectors."""
    wanted = {
        "der": "signature_from_der", "lms": "lms_verify", "gcm": "gcm_seal", "keyunwrap": "keyunwrap", "p256": "p256_verify",
        "merkle": "merkle_root",
    }.get(name)  # fmt: skip
    cases = [case for case in suite().cases if wanted in (None, case.operation)]
    for case in cases[:: len(cases) // SEEDS_MOST.get(name, 200) + 1]:
        if len(data := seed(name, case)) <= LONGEST.get(name, 1024):
            yield data


def seed(name: str, case: Case) -> bytes:
    """One case as an input of a target: the first bytes choose, the rest is data."""
    parts = case.arguments
    if name == "der":
        return parts[0]
    if name == "lms":
        return bytes((len(parts[0]) & 255, len(parts[1]) & 255)) + b"".join(parts)
    if name == "gcm":
        kind = (len(parts[0]) == 16) | 2 * (len(parts[1]) == 12)
        nonce = b"" if len(parts[1]) == 12 else bytes((len(parts[1]) - 1 & 255,))
        return bytes((kind,)) + nonce + bytes((len(parts[2]) & 255, 15)) + b"".join(parts)
    if name == "keyunwrap":
        return bytes((len(parts[0]) == 16, 3)) + b"".join(parts)
    if name == "p256":
        return parts[2][:1] + b"".join(parts) + bytes(range(32))
    if name == "merkle":
        return struct.pack("<B", parts[1][0] - 1 & 255) + b"\3\5\0" + parts[0]
    return case.request()


def fuzz(name: str, *limits: str) -> str:
    """Run one target; what libFuzzer said. Raises Broken if it found something."""
    corpus = KEPT / name
    corpus.mkdir(parents=True, exist_ok=True)
    for at, data in enumerate(seeds(name)):
        (corpus / f"seed-{at}").write_bytes(data)
    command = [programs() / name, corpus, f"-max_len={LONGEST.get(name, 1024)}", f"-artifact_prefix={KEPT}/{name}-", "-timeout=60", *limits]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr[-6000:]}")
    return next(line for line in reversed(done.stderr.splitlines()) if line.startswith("Done "))


def main(seconds: str) -> None:
    suite()
    programs()
    with ThreadPoolExecutor(2) as pool:
        said = pool.map(lambda name: f"fuzz: {name}: {fuzz(name, f'-max_total_time={seconds}')}", TARGETS)
        for line in said:
            print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
