"""The Cortex-M4 build takes the same way for every secret: the same instructions, on the same addresses.

Each path is run in the emulator for several secrets; the addresses of all instructions executed, and of all reads
and writes with their sizes, are hashed. The core has no cache and no branch predictor to speak of: what is
equal here takes equal time, but for flash wait states, which depend on the same addresses.
"""

import pytest

from tests.native.emulator import m4
from tests.native.timing.conftest import HERE, HONEST, LEAKY, PATHS, SECRETS


@pytest.fixture(scope="module", params=["-O2", pytest.param("-Os", marks=pytest.mark.slow),
                                        pytest.param("-O3", marks=pytest.mark.slow)])  # fmt: skip
def machine(request, tmp_path_factory):
    """The engine and the paths on an emulated processor; -O2 is how the product is built."""
    folder = tmp_path_factory.mktemp("m4")
    program = m4.engine(folder, [m4.HERE / "idle.c", *PATHS], [f"-I{HERE}", request.param])
    made = m4.Machine(m4.shim(folder), program)
    yield made
    made.close()


def traces(machine, name):
    """What is seen of a path for each secret."""
    (symbol,) = (
        one for one in machine.program.functions.values() if one.name == name and one.file.startswith("paths_")
    )
    seen = []
    for secret in SECRETS:
        machine.reset()
        seen.append(machine.call(symbol, secret))
    return seen


@pytest.mark.parametrize("name", HONEST)
def test_every_secret_takes_the_same_way(machine, name):
    seen = traces(machine, name)
    assert seen[0].instructions > 20
    assert len({one.instructions for one in seen}) == 1, "how many instructions"
    assert len({one.path for one in seen}) == 1, "which instructions"
    assert len({one.data for one in seen}) == 1, "which addresses"


@pytest.mark.parametrize("name", LEAKY)
def test_every_leak_is_seen(machine, name):
    seen = traces(machine, name)
    assert len({(one.path, one.data) for one in seen}) > 1
