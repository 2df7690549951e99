"""The linked device of the kernel's tests, with apps run by the real runtime; and what apps need there."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.kernel import conftest as linked

_blank, cloud, kit, maker, new_connected, new_device = (
    linked._blank, linked.cloud, linked.kit, linked.maker, linked.new_connected, linked.new_device,
)  # fmt: skip
SAMPLES = Path(__file__).parent.parent.parent / "apps" / "samples"


@pytest.fixture
def run_app(maker, kit, new_device):
    """run_app(source, capabilities, ...): (device, lines the app logged) after `seconds` of running it."""

    def run(source, capabilities=None, seconds=0.5, arguments=(), files=(), prepare=lambda device: None):
        package = maker.app_package("probe", source, capabilities, arguments, files=files)
        device = new_device([package], boot=False)
        prepare(device)
        device.boot(kit.LinkedTasks())
        device.run(seconds)
        return device, said(device)

    return run


def said(device, name="probe"):
    """The lines an app has logged."""
    start = "app " + name + ": "
    return [line[len(start) :] for line in device.log().split("\n") if line.startswith(start)]


@pytest.fixture
def tools():
    """Functions shared by the tests of apps."""
    return SimpleNamespace(said=said, samples=SAMPLES, sample=sample)


def sample(maker, name, version=1):
    """A sample as its maker would pack it."""
    from armillary.wire import asxipfs, image, manifest

    folder = SAMPLES / name
    files = [(path.relative_to(folder).as_posix(), path.read_bytes(), path.suffix == ".py")
             for path in sorted(folder.rglob("*")) if path.suffix in (".py", ".json")]  # fmt: skip
    found = manifest.parse((folder / "app_manifest.json").read_bytes())
    return maker.sign(asxipfs.pack(files), image.APPLICATIONS, found.component, version, name=name), found
