"""Signers that are revoked, and capability files: what they grant, to which device, for how long."""

import pytest

from armillary import native
from armillary.pluton import abi, core
from armillary.wire import capability, image
from armillary.wire.fault import (
    Denied,
    Failed,
    Invalid,
    Untrusted,
)

DIGEST = native.sha256(b"digest")


# Revocation.


def revoke(world, port, key, root=None):
    order = (root or world.root).sign(native.sha256(core.REVOKE + key.signer))
    port.revoke_signer(key.signer, order)


def test_a_revoked_signer_signs_nothing_more_at_once_and_for_ever(world):
    port = world.port()
    revoke(world, port, world.app)
    for one in (port, world.port()):
        with pytest.raises(Denied, match="revoked"):
            one.verify_image(abi.ROLE_APPLICATION, DIGEST, world.app.sign(DIGEST))
        assert one.verify_image(abi.ROLE_OS, DIGEST, world.os.sign(DIGEST))


def test_a_revoked_os_key_does_not_boot(world):
    revoke(world, world.port(), world.os)
    with pytest.raises(Failed, match="type 2"):
        world.boot()


@pytest.mark.parametrize("name", ["os", "app", "stranger"])
def test_only_the_root_key_revokes(world, name):
    with pytest.raises(Untrusted):
        revoke(world, world.port(), world.app, getattr(world, name))


def test_the_root_key_is_not_revoked(world):
    with pytest.raises(Denied):
        revoke(world, world.port(), world.root)


def test_an_order_for_one_signer_revokes_no_other(world):
    order = world.root.sign(native.sha256(core.REVOKE + world.app.signer))
    with pytest.raises(Untrusted):
        world.port().revoke_signer(world.os.signer, order)


# Capabilities.


def test_a_blank_device_holds_rf_test_only(world):
    port = world.port()
    assert port.get_enabled_capabilities() == b"\x0c\x00"
    port.set_manufacturing_state(abi.MODULE_COMPLETE)
    assert port.get_enabled_capabilities() == b""


def test_decode_says_what_a_file_grants_and_grants_nothing(world):
    port = world.port()
    assert port.decode_capabilities(world.capability_file([11, 13], world.device_id)) == b"\x0b\x00\x0d\x00"
    assert not port.is_capability_enabled(11)


def test_installed_capabilities_last_until_reset(world):
    port = world.port()
    port.install_capabilities(world.capability_file([13, 11], world.device_id))
    assert port.get_enabled_capabilities() == b"\x0b\x00\x0c\x00\x0d\x00"
    assert port.is_capability_enabled(13)
    assert not world.port().is_capability_enabled(13)


def files_that_grant_nothing(world):
    good = world.capability_file([11], world.device_id)
    other = type(world)(2).manufacture()
    yield Denied, world.capability_file([11], other)
    yield Denied, world.capability_file([11], bytes(64))
    yield Denied, world.capability_file([11], b"\xff" * 64)
    for name in ("os", "app", "development", "root", "stranger"):
        yield Untrusted, world.capability_file([11], world.device_id, getattr(world, name))
    yield Untrusted, world.package(image.APPLICATIONS, world.capability, body=image.parse(good).body)
    yield Invalid, world.package(image.FIRMWARE_CONFIG, world.capability)
    yield Invalid, b""
    yield Untrusted, b"\x00" * 392
    for at in range(0, len(good) * 8, 53):
        changed = bytearray(good)
        changed[at // 8] ^= 1 << at % 8
        yield Untrusted, bytes(changed)


def test_a_file_that_is_not_for_this_device_from_its_maker_grants_nothing(world):
    port = world.port()
    for fault, blob in files_that_grant_nothing(world):
        for call in (port.decode_capabilities, port.install_capabilities):
            with pytest.raises(fault):
                call(blob)
        assert port.get_enabled_capabilities() == b"\x0c\x00"


def test_without_the_device_check_any_file_would_do(world, monkeypatch):
    """The flaw: a capability file that is not bound to a device."""
    other = type(world)(2).manufacture()
    port = world.port()
    monkeypatch.setattr(capability, "unpack", lambda body: (world.device_id, [11]))
    port.install_capabilities(world.capability_file([11], other))
    assert port.is_capability_enabled(11)


def test_a_withdrawn_capability_file_is_refused(world):
    port = world.port()
    port.advance_counter(bytes((image.FIRMWARE_CONFIG,)) * 16, 2)
    with pytest.raises(Untrusted, match="withdrawn"):
        port.install_capabilities(world.capability_file([11], world.device_id))
    port.install_capabilities(world.capability_file([11], world.device_id, version=2))
    assert port.is_capability_enabled(11)


def test_a_capability_file_in_flash_is_in_force_from_boot(world):
    world.place(world.capability_file([11], world.device_id))
    world.write_tables()
    assert world.port().is_capability_enabled(11)


def test_a_bad_capability_file_in_flash_is_said_and_survived(world):
    world.place(world.capability_file([11], b"\x01" * 64))
    world.write_tables()
    assert not world.port().is_capability_enabled(11)
    assert "Capability file refused" in world.uart.text
