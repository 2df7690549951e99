"""Devices whose maker signs by ECDSA and by LMS, and what one who broke ECDSA can make of their images."""

from __future__ import annotations

import pytest

from armillary.boards.lms import LmsKey
from armillary.native.plain import lms
from armillary.pluton import abi
from armillary.wire import image, partition
from armillary.wire.fault import Failed

KINDS = {image.ONE_BL: "root", image.TRUSTED_KEYSTORE: "root", image.PLUTON_RUNTIME: "os", image.SECURITY_MONITOR: "os"}
STRANGER = LmsKey(lms.Shape(10, 7), b"a stranger's key", b"a seed of 24 bytes, also")


def made(world, is_required):
    world.sign_hybrid(is_required)
    world.manufacture()
    world.provision()
    return world.save()


_saved: dict[bool, object] = {}


def device(blank, is_required):
    if is_required not in _saved:
        _saved[is_required] = made(type(blank)(), is_required)
    blank.sign_hybrid(is_required)
    blank.load(_saved[is_required])
    return blank


def plain(world, image_type, key=None):
    """A package of this type signed by ECDSA alone: what who broke ECDSA can make."""
    signer = key or getattr(world, KINDS[image_type])
    kept, signer.lms = signer.lms, None
    try:
        if image_type == image.TRUSTED_KEYSTORE:
            return world.keystore()
        return world.package(image_type, signer, name="evil")
    finally:
        signer.lms = kept


def with_part(world, package, key, part):
    """`package` with these bytes as its LM section, signed again by ECDSA."""
    parsed = image.parse(package)
    sections = [(each.number, each.data) for each in parsed.sections if each.number != image.LM]
    return image.assemble(parsed.body, [(image.LM, part)] + sections, key.sign)


def part_of(package):
    found = image.parse(package).sections[0]
    assert found.number == image.LM
    return found.data


def put(world, image_type, package):
    """Everywhere where the device looks for this type."""
    if image_type == image.ONE_BL:
        world.write_loader(package)
        return
    world.entries = [entry for entry in world.entries if entry.image_type != image_type]
    world.place(package)
    world.place(package, replica=partition.BACKUP)
    world.write_tables()


def evil_boots(world, image_type, package):
    """Whether `package` runs or is believed."""
    put(world, image_type, package)
    world.boot()
    return True


def refusal(world, image_type, package):
    """Why the device does not boot it."""
    put(world, image_type, package)
    with pytest.raises(Failed) as refused:
        world.boot()
    assert not world.cores.started
    return refused.value.policy


def searcher(world, pluton):
    from armillary.pluton.search import Search

    return Search(world.hardware, pluton._signers, abi.ROLE_OS, lambda parsed: 0)


def forged(world, forgery):
    package = plain(world, image.SECURITY_MONITOR)
    if forgery == "dropped":
        return package
    return with_part(world, package, world.os, part_of(world.package(image.SECURITY_MONITOR, world.os, name="another")))
