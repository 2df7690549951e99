"""Makes the devices of one test, as its marker says, and ends them with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .device import Device, LinkedDevice
from .makings import COMPLETE, QUICK, Makings, Recipe
from .plugin import marked


class Maker:
    """`make` is what the fixture `make_device` gives to a test."""

    def __init__(self, request: pytest.FixtureRequest, makings: Makings, folder: Path) -> None:
        self._request = request
        self._makings = makings
        self._folder = folder
        self._beside = request.path.parent
        self._devices: list[Device] = []

    def make(self, **given: Any) -> Device:
        """A device that is off. Raises UsageError, ValueError."""
        chosen = marked(self._request, given)
        made = self._makings.make(self._recipe(chosen))
        if chosen["mode"] == "linked":
            device: Device = LinkedDevice(self._makings, made, self._beside, bool(chosen.get("trace")))
        elif chosen.get("trace"):
            raise pytest.UsageError("armillary: only a linked device keeps its trace; a boxed one shows it while it runs")
        else:
            from .boxed import BoxedDevice

            device = BoxedDevice(self._makings, made, self._beside, self._folder / f"device-{len(self._devices)}")
        self._devices.append(device)
        return device

    def close(self) -> None:
        """End every device."""
        for device in self._devices:
            device.close()

    def _recipe(self, chosen: dict[str, Any]) -> Recipe:
        config, root = dict(chosen.get("config", {})), None
        if "service" in self._request.fixturenames:
            from .service import root_of

            root = root_of(self._request, chosen["mode"])
            config = {**QUICK, **config}
        return Recipe.of(chosen.get("seed", 0), chosen.get("lifecycle", COMPLETE), config, root)
