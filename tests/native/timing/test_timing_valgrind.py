"""No branch and no address depends on a secret: valgrind's memcheck, with the secrets marked undefined.

Memcheck follows undefined bits through every instruction and complains where one decides a jump or an address.
It executes AES-NI, PCLMULQDQ, AVX2, MULX and ADX; SHA and AVX-512 it does not, those are stepped through in
`test_timing_steps.py`.
"""

import subprocess

import pytest

from tests.native.timing.conftest import HERE, HONEST, LEAKY, compiled

CPU_AES, CPU_ADX = 2, 8
BUILDS = {
    "gcc -O3": ("gcc", "-O3"),
    "gcc -O2": ("gcc", "-O2"),
    "gcc -Os": ("gcc", "-Os"),
    "clang -O2": ("clang", "-O2"),
    "clang -O3": ("clang", "-O3"),
}


@pytest.fixture(scope="module", params=[
    "gcc -O3", *(pytest.param(name, marks=pytest.mark.slow) for name in BUILDS if name != "gcc -O3"),
])  # fmt: skip
def program(request, folder):
    """The watching program, by one compiler."""
    compiler, level = BUILDS[request.param]
    made = folder / request.param.replace(" ", "")
    return compiled(made, [HERE / "watch.c"], compiler, [level, "-DARMILLARY_WATCHED"])


@pytest.fixture(scope="module", params=[0, CPU_AES | CPU_ADX], ids=["portable", "accelerated"])
def complaints(request, program):
    """{path: complaints} of one run, and what valgrind said."""
    command = ["valgrind", "-q", "--error-limit=no", "--num-callers=6", str(program), f"{request.param:x}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counts = {name: int(count) for name, count in map(str.split, done.stdout.splitlines())}
    return counts, done.stderr


def test_nothing_depends_on_a_secret(complaints):
    counts, said = complaints
    assert {name: counts[name] for name in HONEST} == dict.fromkeys(HONEST, 0), said


def test_every_leak_is_seen(complaints):
    counts, _ = complaints
    assert all(counts[name] > 0 for name in LEAKY) and len(LEAKY) == 4


def test_every_path_was_watched(complaints):
    assert set(complaints[0]) == {*HONEST, *LEAKY}
