"""What tests of whole devices share, and the plugin for a checkout that is not installed; where it is, pytest has loaded it by its entry point."""

from __future__ import annotations

import json
import uuid

import pytest
from hypothesis import HealthCheck, settings

from armillary.testing import plugin

# Machines differ in speed, and are busy: a test fails for what was computed, never for how long it took.
settings.register_profile("armillary", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("armillary")


def pytest_addoption(parser, pluginmanager):
    if not pluginmanager.is_registered(plugin):
        pluginmanager.register(plugin, "armillary")


@pytest.fixture
def write_app(tmp_path):
    """A function that writes an app of one file into a folder of its own."""
    def write(name, source, capabilities=None):
        folder = tmp_path / name
        (folder / "bin").mkdir(parents=True)
        manifest = {
            "SchemaVersion": 1, "Name": name, "ComponentId": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)),
            "EntryPoint": "/bin/app.py", "CmdArgs": [], "Capabilities": capabilities or {}, "ApplicationType": "Default",
        }  # fmt: skip
        (folder / "app_manifest.json").write_text(json.dumps(manifest))
        (folder / "bin" / "app.py").write_text(source)
        return folder

    return write
