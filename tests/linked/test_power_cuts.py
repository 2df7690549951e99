"""Power lost in any flash or fuse operation of an update leaves a device that boots a whole version.

The update is the whole one: from power-on over attestation, fetching, staging and installing to the
confirmation that moves the version counter. The second cut falls into the boot that recovers from the first.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager

import pytest

from armillary.testing.records import crashes
from armillary.wire import image

OLD, NEW = 2, 4
pytestmark = pytest.mark.armillary(mode="linked")
DRAWER_US = 180_000_000  # the service takes so many attestations an hour
PERIODS = {OLD: 60, NEW: 40}


class Updating:
    """A device that runs OLD, confirmed, and whose service wants it to run NEW."""

    def __init__(self, device, service):
        self.device, self.board, self.service = device, device.board, service
        self.packages = {version: device.package("blink", version, [str(PERIODS[version])]) for version in PERIODS}
        device.power_on()
        device.install(self.packages[OLD])
        assert device.run_until(lambda: self.confirmed() == [OLD], 20)
        device.run(2)
        device.power_off()
        service.deploy(service.upload(self.packages[NEW]))
        self.saved = device.silicon.snapshot()

    def confirmed(self):
        return [entry.version for entry in self.board.images() if entry.confirmed]

    def rewind(self, saved):
        """The flash and fuses of then; to the service that would be a clone, so it is told to forget."""
        self.device.power_off()
        self.device.silicon.restore(saved)
        self.device.silicon.clock.advance_us(DRAWER_US)
        self.service.operator.change_device(self.device.id, state="revoked")
        self.service.operator.change_device(self.device.id, state="active")

    def power_on(self, cut=0):
        """Power on; if `cut`, the power fails in that operation, which may come as early as in ROM."""
        silicon = self.device.silicon
        plain = silicon.power_on

        def power_on():
            plain()
            silicon.rail.fail_after(cut)

        silicon.power_on = power_on
        try:
            self.before = len(self.device.log)
            self.device.power_on()
        finally:
            silicon.power_on = plain

    def update(self, cut=0):
        """Power on and let the update happen, or begin; the number of operations that took."""
        first = self.board.operations
        self.power_on(cut)
        self.device.run_until(lambda: not self.device.is_on or self.confirmed() == [NEW], 20)
        return self.board.operations - first

    def boot_alone(self, cut=0):
        """Power on with nobody on the network; the number of operations until the device is quiet."""
        with self.no_service():
            first = self.board.operations
            self.power_on(cut)
            self.device.run(1.2)  # past probation
        return self.board.operations - first

    @contextmanager
    def no_service(self):
        place = ("service.armillary.test", 443)
        self.board.connect(*place, lambda: None)
        try:
            yield
        finally:
            self.service.join_network(self.device)

    def check_whole(self):
        """The device is up and runs OLD or NEW, byte for byte; which of the two."""
        said = self.device.log[self.before :]
        assert self.device.is_on and "[kernel] up" in said and not crashes(said), said
        installed = [entry for entry in self.board.images() if entry.image_type == image.APPLICATIONS]
        assert len(installed) == 1, installed
        entry = installed[0]
        package = self.board.read(entry.offset, entry.length)
        assert hashlib.sha256(package).digest() == hashlib.sha256(self.packages[entry.version]).digest()
        self.device.run(0.3)
        assert abs(self.board.pin(8).half_period_ms - PERIODS[entry.version]) < 5
        return entry.version


@pytest.fixture
def updating(device, service):
    return Updating(device, service)


@pytest.fixture
def operations(updating):
    """How many operations the whole update takes."""
    count = updating.update()
    assert updating.confirmed() == [NEW] and count > 20
    return count


def cut_once(updating, cut):
    updating.rewind(updating.saved)
    updating.update(cut)
    assert not updating.device.is_on, "the power was to fail in operation " + str(cut)
    torn = updating.device.silicon.snapshot()
    updating.boot_alone()
    return torn, updating.check_whole()


def recover(updating):
    """With its service back the device does the update after all."""
    assert updating.device.run_until(lambda: updating.confirmed() == [NEW], 150)
    assert updating.check_whole() == NEW


def test_power_lost_in_some_operations_of_an_update(updating, operations):
    versions = set()
    for cut in range(1, operations + 1, max(1, operations // 8)):
        versions.add(cut_once(updating, cut)[1])
        recover(updating)
    assert OLD in versions


@pytest.mark.slow
def test_power_lost_in_every_operation_of_an_update(updating, operations):
    versions = []
    for cut in range(1, operations + 1):
        versions.append(cut_once(updating, cut)[1])
        recover(updating)
    assert set(versions) == {OLD, NEW}
    assert versions == sorted(versions), "an update once installed was undone by a later cut"


@pytest.mark.slow
def test_power_lost_again_in_the_boot_that_recovers(updating, operations):
    """In every other operation of it, the odd ones and the even ones in turn from cut to cut."""
    seconds = 0
    for cut in range(1, operations + 1):
        torn, version = cut_once(updating, cut)
        updating.rewind(torn)
        again = updating.boot_alone()
        for second in range(1 + cut % 2, again + 1, 2):
            updating.rewind(torn)
            updating.boot_alone(second)
            assert not updating.device.is_on
            updating.boot_alone()
            assert updating.check_whole() == version
            seconds += 1
    assert seconds > operations // 4, "the recovery hardly writes: the second cut was not tried"
