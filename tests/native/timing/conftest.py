"""The secrets that are tried, and the programs that watch what is done with them."""

from __future__ import annotations

import pathlib
import random
import re
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
SOURCE = HERE.parent.parent.parent / "native/src"
FILES = sorted(path for path in SOURCE.glob("*/*.c") if path.parent.name != "confinement")
PATHS = sorted(HERE.glob("paths*.c"))
# The first and the second 32 bytes are private keys: 1, nearly the order, and ordinary ones. One begins as what
# it is compared with does.
SECRETS = [
    (b"\x01\x02\x03" + bytes(29)) * 2 + bytes(192),
    bytes(31) + b"\x01" + bytes(31) + b"\x01" + bytes(192),
    (b"\xff\xff\xff\xfe" + b"\xff" * 28) * 2 + b"\xff" * 192,
    random.Random(5).randbytes(256),
    random.Random(6).randbytes(256),
]


def named(file):
    """The names of the paths in a file of this folder."""
    return re.findall(r'\{"(\w+)", \w+\}', (HERE / file).read_text())


LEAKY = named("paths_leaky.c")
HONEST = [name for path in PATHS if path.name != "paths_leaky.c" for name in named(path.name)]


def compiled(made, main, compiler="cc", flags=("-O3",)):
    """The program `made` of `main`, all paths and the engine."""
    command = [compiler, "-std=gnu11", "-gdwarf-4", "-Wall", "-Wextra", "-Werror", *flags, f"-I{SOURCE}", f"-I{HERE}"]
    done = subprocess.run(
        [*command, *map(str, [*main, *PATHS, *FILES]), "-o", str(made)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """For what is compiled."""
    return tmp_path_factory.mktemp("timing")
