"""Sealing: opened here, under the same measurements, or not at all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary import native
from armillary.pluton.sealing import WHOLE_BOOT
from armillary.wire import image
from armillary.wire.fault import Invalid, OutOfOrder, Untrusted

ALL_FOUR = 0b1111
MONITOR = 0b1000


def update(world, image_type, version=2):
    """Put another version of one image in the place of the first."""
    key = world.os
    world.entries = [entry for entry in world.entries if entry.image_type != image_type]
    if image_type == image.TRUSTED_KEYSTORE:
        world.place(world.keystore(version=version))
    else:
        world.place(world.package(image_type, key, version))
    world.write_tables()


@pytest.mark.parametrize("mask", [0, 1, MONITOR, ALL_FOUR, WHOLE_BOOT, WHOLE_BOOT | ALL_FOUR])
@pytest.mark.parametrize("length", [0, 1, 2048])
def test_what_was_sealed_opens_after_a_reset(world, mask, length):
    blob = world.port().seal(mask, b"s" * length)
    assert world.port().unseal(blob) == b"s" * length


@pytest.mark.parametrize(
    "mask, image_type, opens",
    [
        (0, image.SECURITY_MONITOR, True),
        (MONITOR, image.SECURITY_MONITOR, False),
        (ALL_FOUR, image.SECURITY_MONITOR, False),
        (ALL_FOUR, image.PLUTON_RUNTIME, False),
        (ALL_FOUR, image.TRUSTED_KEYSTORE, False),
        (MONITOR, image.PLUTON_RUNTIME, True),
        (WHOLE_BOOT, image.PLUTON_RUNTIME, False),
        (WHOLE_BOOT, image.SECURITY_MONITOR, False),
    ],
)
def test_a_changed_stage_opens_only_what_does_not_name_it(world, mask, image_type, opens):
    blob = world.port().seal(mask, b"secret")
    update(world, image_type)
    if opens:
        assert world.port().unseal(blob) == b"secret"
    else:
        with pytest.raises(Untrusted):
            world.port().unseal(blob)


def test_a_stage_measured_after_the_monitor_counts_for_the_whole_boot(world):
    def boot(digest):
        port = world.port(closed=False)
        port.measure(image.KERNEL, digest, 1, bytes(32), "kernel")
        port.close_measurements()
        return port

    blob = boot(b"k" * 32).seal(WHOLE_BOOT, b"secret")
    assert boot(b"k" * 32).unseal(blob) == b"secret"
    with pytest.raises(Untrusted):
        boot(b"l" * 32).unseal(blob)


def test_the_backup_copy_of_the_same_image_measures_the_same(world):
    blob = world.port().seal(WHOLE_BOOT | ALL_FOUR, b"secret")
    world.flash.flip_bit(world.entries[4].offset + 3, 1)
    port = world.port()
    assert port.get_boot_mode_flags() == 2
    assert port.unseal(blob) == b"secret"


def test_another_device_with_the_same_images_opens_nothing(world):
    other = type(world)(2)
    other.manufacture()
    other.provision()
    for mask in (0, ALL_FOUR, WHOLE_BOOT):
        with pytest.raises(Untrusted):
            other.port().unseal(world.port().seal(mask, b"secret"))


@pytest.mark.parametrize("mask", [1 << 4, 1 << 30, (1 << 31) - 1])
def test_a_stage_that_is_not_there_cannot_be_named(world, mask):
    with pytest.raises(Invalid):
        world.port().seal(mask, b"secret")


def test_the_whole_boot_cannot_be_named_before_it_is_over(world):
    with pytest.raises(OutOfOrder):
        world.port(closed=False).seal(WHOLE_BOOT, b"secret")


def test_a_blob_that_names_a_missing_stage_does_not_open(world):
    port = world.port(closed=False)
    port.measure(7, bytes(32), 1, bytes(32), "kernel")
    blob = port.seal(1 << 4, b"secret")
    with pytest.raises(Untrusted):
        world.port().unseal(blob)


def test_every_changed_byte_and_every_cut_is_refused(world):
    port = world.port()
    blob = port.seal(MONITOR, b"secret")
    for at in range(len(blob)):
        changed = blob[:at] + bytes((blob[at] ^ 0x40,)) + blob[at + 1 :]
        with pytest.raises((Untrusted, OutOfOrder)):
            port.unseal(changed)
        with pytest.raises((Untrusted, Invalid)):
            port.unseal(blob[:at])


def test_the_same_data_never_gives_the_same_blob(world):
    port = world.port()
    assert len({port.seal(0, b"secret") for _ in range(50)}) == 50
    assert world.port().seal(0, b"secret")[5:17] != b""


@given(st.binary(max_size=300))
@settings(max_examples=150, deadline=None)
def test_nothing_that_was_not_sealed_opens(sealing_port, data):
    with pytest.raises((Untrusted, Invalid, OutOfOrder)):
        sealing_port.unseal(data)


@pytest.fixture(scope="module")
def sealing_port(_made):
    made, saved, _ = _made
    world = type(made)()
    world.load(saved)
    return world.port()


def test_a_key_not_bound_to_measurements_would_open_anywhere(world, monkeypatch):
    """The flaw: seal to the device alone whatever the mask says."""
    from armillary.pluton import sealing

    monkeypatch.setattr(sealing, "derive", lambda keys, measured, mask: keys.sealing(native.sha256(b"")))
    blob = world.port().seal(MONITOR, b"secret")
    update(world, image.SECURITY_MONITOR)
    assert world.port().unseal(blob) == b"secret"
