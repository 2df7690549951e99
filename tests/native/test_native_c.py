"""The C sources: no warnings, no undefined behaviour. What depends on secrets: see `timing/`."""

import pathlib
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
CHECKED = [str(path) for path in SOURCE.glob("*/*.c") if path.parent.name in ("common", "hash")]  # the vectors check all


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


def test_the_sanitisers_find_nothing(compile_c):
    check = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"]
    outcome = run(compile_c("-O1", *check, str(HERE / "check.c"), *CHECKED))
    assert (outcome.returncode, outcome.stdout) == (0, "ok\n"), outcome.stderr
