"""Pytest's side of Armillary: fixtures that give a test a secured device and the world around it.

    def test_my_lamp_blinks(device, board):
        device.install("my_lamp")
        device.power_on()
        device.run(seconds=2)
        assert board.pin(8).toggles >= 4

A test says how its device is made with `@pytest.mark.armillary(mode="boxed", seed=1, lifecycle="blank",
config={...}, trace=True)`; each is optional. Loading this costs nothing: what makes a device is imported
when a test asks for one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from .board import Board
    from .device import Device
    from .makings import Makings
    from .rtapp import Maker, RtApp
    from .service import SecurityService

MODES = ("linked", "boxed")
CHOICES = ("mode", "seed", "config", "lifecycle", "trace")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--armillary-mode`."""
    group = parser.getgroup("armillary", "secured devices")
    group.addoption("--armillary-mode", choices=MODES, default="linked", help="how devices run (default: linked)")


def pytest_configure(config: pytest.Config) -> None:
    """The marker `armillary`."""
    text = "armillary(mode, seed, config, lifecycle, trace): how the device of this test is made"
    config.addinivalue_line("markers", text)


@pytest.fixture(scope="session")
def armillary_makings() -> Makings:
    """Keys, images and fresh devices of this session."""
    from .makings import Makings

    return Makings()


@pytest.fixture(scope="session")
def armillary_services(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder, by mode, of a service that each test gets a copy of."""
    from functools import cache

    from .service import make_template

    return cache(lambda mode: make_template(tmp_path_factory.mktemp("armillary") / "service", mode))


@pytest.fixture
def make_device(
    request: pytest.FixtureRequest, armillary_makings: Makings, tmp_path: Path
) -> Iterator[Callable[..., Device]]:
    """A function that makes a device. Its arguments are the marker's and override it."""
    from . import making

    maker = making.Maker(request, armillary_makings, tmp_path)
    yield maker.make
    maker.close()


@pytest.fixture
def device(make_device: Callable[..., Device]) -> Device:
    """A provisioned device that is off."""
    return make_device()


@pytest.fixture
def board(device: Device) -> Board:
    """The world around `device`: its pins, its debug UART, its flash, its network, its power."""
    return device.board


@pytest.fixture
def service(request: pytest.FixtureRequest, device: Device, tmp_path: Path) -> Iterator[SecurityService]:
    """A security service that has claimed `device` and knows its system and its vendor's keys."""
    from . import service as services

    found = services.serve(request, device, tmp_path)
    yield found
    found.close()


@pytest.fixture(scope="session")
def armillary_rtapps(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    """Programs of real-time cores that this session has built."""
    from .rtapp import Maker

    return Maker(tmp_path_factory.mktemp("rtapps"))


@pytest.fixture
def rtapp(request: pytest.FixtureRequest, armillary_rtapps: Maker) -> Callable[..., RtApp]:
    """rtapp(program, core=0, flags=()) loads a program of a real-time core: an ELF file, an image package, a C file, a
    folder of C, or the name of one that comes with Armillary."""
    from functools import partial

    return partial(armillary_rtapps.load, beside=request.path.parent)


def marked(request: pytest.FixtureRequest, given: dict[str, Any]) -> dict[str, Any]:
    """What the option, the marker and the caller say, the latter overriding the former. Raises UsageError."""
    chosen: dict[str, Any] = {"mode": request.config.getoption("--armillary-mode")}
    for marker in reversed(list(request.node.iter_markers("armillary"))):
        if marker.args:
            raise pytest.UsageError("the marker armillary takes named values only: " + ", ".join(CHOICES))
        chosen.update(marker.kwargs)
    chosen.update(given)
    wrong = sorted(set(chosen) - set(CHOICES))
    if wrong or chosen["mode"] not in MODES:
        raise pytest.UsageError(f"armillary: {wrong or chosen['mode']!r}: choose of {CHOICES}, mode of {MODES}")
    return chosen
