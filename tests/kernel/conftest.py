"""Fixtures: a whole linked device: real chip, Pluton and monitor, the kernel on top, apps as coroutines or in our hands."""

from __future__ import annotations

import types

import pytest

from armillary.hal.sim.power import ChipReset
from armillary.kernel.port import KernelPort
from armillary.pluton import abi as pluton_abi
from tests.kernel.cloud import Cloud, TlsServer
from tests.kernel.linked import FACTS, Device, Held, HeldTasks, LinkedTasks, split
from tests.kernel.making import NOW, SERVICE, Authority, Maker, component_of, manifest_of


@pytest.fixture
def cloud(tmp_path, maker):
    made = Cloud(tmp_path / "service", maker)
    yield made
    made.service.close()


@pytest.fixture
def new_connected(cloud, new_device):
    """Like new_device, for a device that the service knows and can be reached by."""

    def make(apps=(), tasks=None, tenants=(), before=lambda: None, **more):
        device = new_device(apps, roots=cloud.root, boot=False, **more)
        cloud.connect(device, tenants)
        before()
        device.boot(tasks)
        return device

    return make


@pytest.fixture(scope="session")
def maker():
    return Maker()


@pytest.fixture(scope="session")
def _blank(maker):
    """A manufactured chip's flash and fuses, without images; and the same with lifecycle complete."""
    found = {}
    for lifecycle in (0, pluton_abi.DEVICE_COMPLETE):
        device = Device(maker).make(lifecycle=lifecycle)
        found[lifecycle] = (device.chip.snapshot(), device.device_id)
    return found


@pytest.fixture
def new_device(maker, _blank):
    """new_device(apps, roots=None, config=None, lifecycle=0, tasks=None, boot=True): a device, booted."""

    made = []

    def make(apps=(), roots=None, config=None, lifecycle=0, tasks=None, boot=True, observe=None):
        device = Device(maker)
        made.append(device)
        saved, device.device_id = _blank[lifecycle]
        device.chip.restore(saved)
        device.chip.power_on()
        device.provision(apps, roots)
        device.config = config or {}
        device.observe = observe
        if boot:
            device.boot(tasks)
        return device

    yield make
    for device in made:
        for task in device.tasks.tasks if device.tasks else ():
            task.end()


@pytest.fixture
def kit():
    """What tests make things with."""
    return types.SimpleNamespace(
        Authority=Authority, Device=Device, Held=Held, HeldTasks=HeldTasks, LinkedTasks=LinkedTasks,
        TlsServer=TlsServer, component_of=component_of, manifest_of=manifest_of, split=split, SERVICE=SERVICE,
        FACTS=FACTS, NOW=NOW, ChipReset=ChipReset, KernelPort=KernelPort,
    )  # fmt: skip
