"""The C sources: no warnings, no undefined behaviour, and no path that depends on a secret."""

import pathlib
import random
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
SOURCE = HERE.parent.parent / "native/src"
FLAGS = [
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wpedantic",
    "-Wconversion",
    "-Wshadow",
    "-I",
    str(SOURCE),
]
FILES = [str(path) for path in SOURCE.glob("*/*.c") if path.parent.name != "confinement"]
SECRETS = [bytes(64), b"\xff" * 64, bytes((1, 2, 3)) + bytes(61), random.Random(5).randbytes(64)]


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def compile_c(tmp_path_factory):
    """Compiles with our flags and the given ones; gives the program's path."""
    compiler = shutil.which("cc") or "cc"

    def build(*arguments):
        program = tmp_path_factory.mktemp("c") / "program"
        built = run(compiler, *FLAGS, *arguments, "-o", str(program))
        assert built.returncode == 0, built.stderr
        return str(program)

    return build


@pytest.mark.parametrize("level", ["-O0", "-O2", "-O3", "-Os"])
@pytest.mark.parametrize("path", sorted(SOURCE.glob("*/*.c")), ids=lambda path: path.name)
def test_it_compiles_without_a_warning(compile_c, path, level):
    compile_c(level, "-c", str(path))


def test_every_header_stands_alone(compile_c, tmp_path):
    for header in SOURCE.glob("*/*.h"):
        unit = tmp_path / "unit.c"
        unit.write_text('#include "' + header.relative_to(SOURCE).as_posix() + '"\nint unit;\n')
        compile_c("-Wno-unused-const-variable", "-Wno-unused-variable", "-c", str(unit))


@pytest.mark.parametrize("level", ["-O1", "-O3"])
def test_the_sanitisers_find_nothing(compile_c, level):
    check = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
    outcome = run(compile_c(level, *check, str(HERE / "check.c"), *FILES))
    assert (outcome.returncode, outcome.stdout) == (0, "ok\n"), outcome.stderr


@pytest.fixture(
    scope="module",
    params=["-O3", pytest.param("-O0", marks=pytest.mark.slow), pytest.param("-O2", marks=pytest.mark.slow)],
)
def trace(request, compile_c):
    """Runs a function on every secret under the tracer; gives the set of traces."""
    program = compile_c(request.param, "-Wno-pedantic", str(HERE / "trace.c"), *FILES)

    def follow(function):
        lines = run(program, function, *(secret.hex() for secret in SECRETS)).stdout.splitlines()
        assert len(lines) == len(SECRETS)
        assert all(int(line.split()[0]) > 20 for line in lines)
        return set(lines)

    return follow


@pytest.mark.parametrize(
    "function", ["equal", "hash", "clear", pytest.param("hash_portable", marks=pytest.mark.slow)]
)
def test_every_secret_takes_the_same_path(trace, function):
    assert len(trace(function)) == 1


def test_a_hasty_comparison_is_found_out(trace):
    assert len(trace("hasty")) > 1
