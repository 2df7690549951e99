"""The chain from ROM to the monitor: what is verified is what runs, and one fault is not enough to deceive it."""

import pytest

from armillary import native
from armillary.boards.sim import facts
from armillary.pluton import handoff, loader, rom, search, signers
from armillary.pluton.core import Pluton
from armillary.wire import image, partition
from armillary.wire.fault import Failed, Internal, Invalid, Locked, Untrusted
from tests.pluton.chains import MONITOR, monitor, name_of, replace, started

# What is verified is what is used, and one skipped step is not enough.


class TwoFaced:
    """Flash that shows every byte once, and other bytes from the second reading on."""

    def __init__(self, inner, ranges):
        self.inner, self.ranges, self.reads = inner, ranges, 0
        self.size, self.sector, self.page = inner.size, inner.sector, inner.page
        self.seen = set()

    def read(self, offset, length):
        data = self.inner.read(offset, length)
        for start, size in self.ranges:
            if start <= offset < start + size:
                if (start, offset) in self.seen:
                    return bytes(byte ^ 0xFF for byte in data)
                self.seen.add((start, offset))
        return data

    def program(self, offset, data):
        self.inner.program(offset, data)

    def erase(self, offset):
        self.inner.erase(offset)


def test_every_image_is_read_once_and_what_was_verified_is_what_runs(world):
    boots = [facts.FLASH_LAYOUT[partition.BOOTLOADER_ONE]]
    world.flash = TwoFaced(world.flash, boots + [(entry.offset, entry.length) for entry in world.entries])
    assert world.boot().device_id == world.device_id
    assert name_of(started(world)) == "monitor version 1"


def test_a_second_fetch_would_be_deceived(world):
    """The flaw: verify one copy, run another."""
    [entry] = [e for e in world.entries if e.image_type == MONITOR and e.replica == partition.PRIMARY]
    world.flash = TwoFaced(world.flash, [(entry.offset, entry.length)])
    verified = world.flash.read(entry.offset, entry.length)
    assert world.flash.read(entry.offset, entry.length) != verified


def count_calls(monkeypatch, name, world):
    calls = []
    inner = getattr(native, name)

    def counted(*arguments):
        calls.append(name)
        return inner(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(native, name, counted)
        with pytest.raises(Exception):  # noqa: B017
            world.boot()
    return len(calls)


def forge_monitor(world):
    replace(world, MONITOR, (monitor(world, key=world.stranger, name="forged"), {}))


def forge_loader(world):
    world.write_loader(world.package(image.ONE_BL, world.stranger, name="1bl"))


def forge_root(world):
    world.write_loader(world.package(image.ONE_BL, world.stranger, name="1bl"), world.stranger)


@pytest.mark.parametrize(
    "forge, name",
    [
        (forge_monitor, "p256_verify"), (forge_monitor, "decision_equal"), (forge_monitor, "decision_at_least"),
        (forge_loader, "p256_verify"), (forge_loader, "decision_is"), (forge_root, "decision_equal"),
    ],  # fmt: skip
)
def test_no_single_skipped_check_boots_a_forgery(world, monkeypatch, forge, name):
    forge(world)
    total = count_calls(monkeypatch, name, world)
    assert total > 1
    inner = getattr(native, name)
    for skipped in range(total + 1):
        seen = []

        def faulty(*arguments, seen=seen, skipped=skipped):
            seen.append(1)
            if len(seen) - 1 == skipped:
                return native.ACCEPT
            return inner(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(native, name, faulty)
            with pytest.raises((Failed, Locked, Untrusted, Internal)):
                world.boot()
        assert not world.cores.started


def test_with_a_single_verdict_one_skipped_check_boots_a_forgery(world, monkeypatch):
    """The flaw: believe one verification."""
    forge_monitor(world)

    def once(known, digest, signature):
        try:
            known.verify(digest, signature)
        except native.BadSignature:
            return False
        return True

    monkeypatch.setattr(signers, "is_signed", once)
    total = count_calls(monkeypatch, "p256_verify", world)
    inner, booted = native.p256_verify, 0
    for skipped in range(total):
        seen = []

        def faulty(*arguments, seen=seen, skipped=skipped):
            seen.append(1)
            if len(seen) - 1 != skipped:
                inner(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(native, "p256_verify", faulty)
            try:
                world.boot()
                booted += name_of(started(world)) == "forged version 1"
            except (Failed, Internal):
                continue
    assert booted > 0


def test_nothing_is_parsed_before_it_is_authenticated(world, monkeypatch):
    order = []
    inner_find, inner_parse = signers.Signers.find, image.parse

    def find(self, *arguments):
        found = inner_find(self, *arguments)
        order.append("authentic")
        return found

    def parse(package):
        order.append("parsed")
        return inner_parse(package)

    monkeypatch.setattr(signers.Signers, "find", find)
    monkeypatch.setattr(search.image, "parse", parse)
    world.boot()
    assert order == ["authentic", "parsed"] * 4
    order.clear()
    forge_monitor(world)
    order.clear()
    with pytest.raises(Failed):
        world.boot()
    assert order == ["authentic", "parsed"] * 3


# Handoff.


def test_a_handoff_survives_its_own_bytes(world):
    world.reset()
    _, given = rom.boot(world.hardware)
    _, given = loader.boot(world.hardware, given)
    assert handoff.unpack(given).pack() == given


@pytest.mark.parametrize("spoil", [lambda b: b[:-1], lambda b: b + b"\0", lambda b: b"\x01" + b[1:], lambda b: b[:1] + b"\0" + b[2:], lambda b: b""])
def test_a_spoiled_handoff_is_refused(world, spoil):
    world.reset()
    _, given = rom.boot(world.hardware)
    with pytest.raises(Invalid):
        handoff.unpack(spoil(given))
    with pytest.raises(Invalid):
        Pluton(world.hardware, spoil(given))
