"""Pytest's side of Armillary: fixtures that give a test a secured device and the world around it.

Loading this costs nothing: what makes a device is imported when a test asks for one.
"""

from __future__ import annotations

import pytest

MODES = ("linked", "boxed")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--armillary-mode`."""
    group = parser.getgroup("armillary", "secured devices")
    group.addoption("--armillary-mode", choices=MODES, default="linked", help="how devices run (default: linked)")


def pytest_configure(config: pytest.Config) -> None:
    """The marker `armillary`."""
    config.addinivalue_line("markers", "armillary(mode, seed, config, lifecycle): how the device of this test is made")
