"""On the host, instruction by instruction: the same instructions, on the same addresses, for every secret.

This covers what valgrind does not execute: the SHA instructions and AVX-512 (VAES, IFMA). Gathers, whose addresses
are in a vector, are not followed: a path that uses one fails.
"""

import subprocess

import pytest

from tests.native.timing.conftest import HERE, HONEST, LEAKY, SECRETS, compiled

EVERYTHING = 0xFFFFFFFF
LONG = {"make_public", "sign", "sign_hedged", "agree", "generate"}


@pytest.fixture(scope="module")
def program(folder):
    """The stepping program, as the product is compiled."""
    return compiled(folder / "step", [HERE / "step.c", HERE / "operand.c"], flags=["-O3"])


def steps(program, name):
    """The lines of a path, one for each secret; of long paths, two."""
    secrets = SECRETS[1:3] if name in LONG else SECRETS
    command = [str(program), f"{EVERYTHING:x}", name, *(secret.hex() for secret in secrets)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.returncode, done.stderr)
    lines = done.stdout.splitlines()
    assert len(lines) == len(secrets) and all(int(line.split()[0]) > 20 for line in lines)
    return lines


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in HONEST]
)
def test_every_secret_takes_the_same_way(program, name):
    assert len(set(steps(program, name))) == 1


@pytest.mark.parametrize("name", LEAKY)
def test_every_leak_is_seen(program, name):
    assert len(set(steps(program, name))) > 1
