"""A rig for tests of blocks."""

import pytest

from tests.realtime.rig import Rig


@pytest.fixture
def rig():
    """Shared blocks, at time 0."""
    return Rig()
