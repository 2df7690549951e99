"""A whole device whose fuses demand both signatures: it boots, installs what has both, and nothing else."""

from __future__ import annotations

import pytest

from armillary.boards import apps
from armillary.boards.keys import Vendor
from armillary.boards.lms import LmsKey, LmsSigner
from armillary.boards.sim import device
from armillary.boards.sim.linked import LinkedDevice
from armillary.monitor.port import MonitorPort
from armillary.native import sha256
from armillary.native.plain import lms
from armillary.testing.makings import NOBODY, Makings, SeededKey
from armillary.wire import image
from armillary.wire.fault import Denied, Untrusted


@pytest.fixture(scope="module")
def made():
    """(vendor, flash and fuses) of a hybrid device with the blinking app."""
    vendor = Vendor({name: SeededKey(name) for name in Vendor.NAMES})
    for name in Vendor.NAMES:
        getattr(vendor, name).lms = LmsSigner(LmsKey(lms.Shape(10, 7), bytes(16), sha256(name.encode())[:24]))
    silicon = Makings().silicon(3)
    device.manufacture(silicon, vendor.root.public, b"hybrid", device.lms_of(vendor), vendor.is_hybrid)
    device.provision(silicon, device.System(vendor, {"root": NOBODY}), [blink(vendor, 1)])
    device.leave_factory(silicon.fuses)
    return vendor, silicon.snapshot()


@pytest.fixture
def board(made):
    silicon = Makings().silicon(3, made[1])
    linked = LinkedDevice(silicon)
    linked.power_on()
    yield linked
    linked.close()


def blink(vendor, version, is_hybrid=True):
    key = vendor.app
    kept, key.lms = key.lms, key.lms if is_hybrid else None
    try:
        return apps.pack_app(apps.SAMPLES / "blink", key, version)
    finally:
        key.lms = kept


def stage(board, package):
    """Stage a package as the kernel does."""
    port: MonitorPort = board.monitor_port
    handle = port.open_for_staging(len(package))
    for at in range(0, len(package), 3000):
        port.write_block(handle, at, package[at : at + 3000])
    return port.commit_staging(handle)


def test_it_boots_and_its_app_runs(board):
    changes = []
    board.silicon.gpio.observe(lambda pin, level, time_us: changes.append(level))
    board.run(3)
    assert "[kernel] up" in board.uart() and len(changes) > 2


def test_an_update_signed_by_both_is_taken(made, board):
    stage(board, blink(made[0], 2))
    board.monitor_port.install_staged()


def test_an_update_signed_by_ecdsa_alone_is_refused_and_reported(made, board):
    with pytest.raises(Denied) as refused:
        stage(board, blink(made[0], 2, is_hybrid=False))
    fault = refused.value
    assert (fault.ring, fault.rule, fault.policy) == ("pluton", "signer.hybrid", "fuse row 9: two signatures are required")
    assert fault.remedy == "sign it with the LMS key too"


def test_an_update_with_the_lms_part_of_another_version_is_refused(made, board):
    key = made[0].app
    other, parsed = image.parse(blink(made[0], 3)), image.parse(blink(made[0], 2, is_hybrid=False))
    sections = [(image.LM, other.sections[0].data)] + [(each.number, each.data) for each in parsed.sections]
    with pytest.raises(Untrusted, match="the LMS signature does not match"):
        stage(board, image.assemble(parsed.body, sections, key.sign))


def test_a_device_without_the_policy_would_take_it(made):
    vendor = made[0]
    silicon = Makings().silicon(4)
    device.manufacture(silicon, vendor.root.public, b"lax", device.lms_of(vendor), False)
    device.provision(silicon, device.System(vendor, {"root": NOBODY}), [blink(vendor, 1)])
    linked = LinkedDevice(silicon)
    linked.power_on()
    stage(linked, blink(vendor, 2, is_hybrid=False))
    linked.close()
