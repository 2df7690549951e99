"""A rig for tests of blocks."""

import pytest

from tests.realtime.packages import Builder
from tests.realtime.rig import Rig


@pytest.fixture
def rig():
    """Shared blocks, at time 0."""
    return Rig()


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """A function from a program's name, or its C text, to its ELF file."""
    return Builder(tmp_path_factory.mktemp("programs"))
