"""The plugin, for a checkout that is not installed; where it is, pytest has loaded it by its entry point."""

from __future__ import annotations

from armillary.testing import plugin


def pytest_addoption(parser, pluginmanager):
    if not pluginmanager.is_registered(plugin):
        pluginmanager.register(plugin, "armillary")
