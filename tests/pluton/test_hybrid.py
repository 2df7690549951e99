"""Hybrid signatures: ECDSA and LMS must both hold, where the fuses say so and wherever both are there.

The attacker of most of these tests has broken ECDSA: he signs with the vendor's own P-256 keys. What he has
not is the vendor's LMS keys. Without the policy he gets in, so that we know that it is the policy that stops him.
"""
from __future__ import annotations

import hashlib

import pytest

from armillary import native
from armillary.boards.lms import LmsKey, LmsSigner
from armillary.boards.sim import facts
from armillary.native.plain import lms
from armillary.pluton import bootheader, fusemap, signers
from armillary.wire import image, partition
from armillary.wire.fault import Denied, Failed, Invalid, Untrusted
from tests.pluton.hybrids import (
    KINDS,
    STRANGER,
    device,
    evil_boots,
    made,
    part_of,
    plain,
    put,
    refusal,
    searcher,
    with_part,
)


def test_a_device_boots_what_is_signed_by_both(hybrid):
    hybrid.boot()
    assert "stage=monitor" in hybrid.uart.text


def test_a_device_without_the_policy_takes_both_kinds(lax):
    lax.boot()
    for image_type in KINDS:
        assert evil_boots(lax, image_type, plain(lax, image_type))


def test_a_device_that_knows_no_lms_boots_plain_packages_as_ever(world):
    assert fusemap.read_lms_root_hash(world.fuses) == b"" and not fusemap.is_hybrid_required(world.fuses)
    world.boot()


# Dropping one of the two.


@pytest.mark.parametrize("image_type", KINDS)
def test_an_image_without_the_lms_part_is_refused_where_the_fuse_says_so(hybrid, image_type):
    said = refusal(hybrid, image_type, plain(hybrid, image_type))
    assert "signed by ECDSA alone" in said and "signer.hybrid" in said
    assert "fuse row 9" in said and "sign it with the LMS key too" in said


@pytest.mark.parametrize("image_type", KINDS)
def test_with_the_policy_taken_out_who_breaks_ecdsa_gets_in(hybrid, monkeypatch, image_type):
    """The flaw: to believe that what was accepted before is enough."""
    monkeypatch.setattr(signers.Signers, "_second", lambda self, key, part, verdict: verdict)
    assert evil_boots(hybrid, image_type, plain(hybrid, image_type))


@pytest.mark.parametrize("image_type", KINDS)
def test_a_good_lms_signature_does_not_make_up_for_ecdsa(hybrid, image_type):
    """The other half broken: whoever breaks LMS alone has nothing."""
    good = bytearray(hybrid.keystore() if image_type == image.TRUSTED_KEYSTORE else hybrid.package(image_type, getattr(hybrid, KINDS[image_type])))
    good[-1] ^= 1
    assert "no trusted key signed this" in refusal(hybrid, image_type, bytes(good))


def test_with_ecdsa_believed_unseen_the_lms_part_alone_would_pass(hybrid, monkeypatch):
    good = bytearray(hybrid.package(image.SECURITY_MONITOR, hybrid.os))
    good[-1] ^= 1
    monkeypatch.setattr(signers, "is_signed", lambda public, digest, signature: True)
    hybrid.entries = [entry for entry in hybrid.entries if entry.image_type != image.SECURITY_MONITOR]
    hybrid.place(bytes(good))
    hybrid.write_tables()
    pluton = hybrid.boot_pluton()
    pluton._signers._keys = [each for each in pluton._signers._keys if each[0].public == hybrid.os.public]
    pluton.boot_monitor()
    assert hybrid.cores.started


# Swapping one of the two.


@pytest.mark.parametrize("policy", [True, False])
@pytest.mark.parametrize("image_type", KINDS)
def test_the_lms_part_of_another_image_is_refused(blank, image_type, policy):
    world = device(blank, policy)
    key = getattr(world, KINDS[image_type])
    other = world.package(image_type, key, name="another", body=b"another".ljust(64))
    said = refusal(world, image_type, with_part(world, plain(world, image_type), key, part_of(other)))
    assert "the LMS signature does not match" in said and "signer.lms" in said and "sign it anew with both keys" in said


@pytest.mark.parametrize("image_type", KINDS)
def test_with_the_lms_part_not_bound_to_the_image_a_swap_works(blank, monkeypatch, image_type):
    """The flaw: an LMS signature over something that images share, and not over the image."""
    monkeypatch.setattr(image, "lms_message", lambda digest: b"the same for all")
    made(blank, True)
    key = getattr(blank, KINDS[image_type])
    other = blank.package(image_type, key, name="another", body=b"another".ljust(64))
    assert evil_boots(blank, image_type, with_part(blank, plain(blank, image_type), key, part_of(other)))


def test_the_ecdsa_part_of_another_image_is_refused(hybrid):
    one, two = (hybrid.package(image.SECURITY_MONITOR, hybrid.os, name=name) for name in ("one", "two"))
    assert "no trusted key signed this" in refusal(hybrid, image.SECURITY_MONITOR, one[:-64] + two[-64:])


def test_ecdsa_covers_the_lms_part(hybrid):
    """An LMS part replaced by another good one of the same image is another image to ECDSA."""
    package = hybrid.package(image.SECURITY_MONITOR, hybrid.os)
    parsed = image.parse(package)
    key = lms_of(hybrid.os)
    digest = image.lms_part(package).digest
    other = key.sign(31, image.lms_message(digest))
    at = parsed.sections[0].offset + image.LMS_KEY
    swapped = package[:at] + other + package[at + len(other) :]
    assert image.lms_part(swapped).digest == digest and swapped != package
    assert "no trusted key signed this" in refusal(hybrid, image.SECURITY_MONITOR, swapped)


def lms_of(key):
    return key.lms._key


@pytest.mark.parametrize("policy", [True, False])
@pytest.mark.parametrize("image_type", KINDS)
def test_an_lms_key_of_the_attackers_own_is_refused(blank, image_type, policy):
    world = device(blank, policy)
    key = getattr(world, KINDS[image_type])
    mine, key.lms = key.lms, LmsSigner(STRANGER)
    package = world.keystore() if image_type == image.TRUSTED_KEYSTORE else world.package(image_type, key)
    key.lms = mine
    said = refusal(world, image_type, package)
    assert "another LMS key" in said and "signer.lms_key" in said


def test_an_lms_key_of_the_attackers_own_that_calls_itself_the_right_one_is_refused(hybrid):
    key = hybrid.os
    right = native.sha256(key.lms.public)
    package = hybrid.package(image.SECURITY_MONITOR, key, name="evil")
    size = len(part_of(package)) - image.LMS_KEY
    parsed = image.parse(package)
    sections = [(each.number, each.data) for each in parsed.sections if each.number != image.LM]
    forged = image.assemble(parsed.body, sections, key.sign, (right, size, LmsSigner(STRANGER).sign))
    assert "the LMS signature does not match" in refusal(hybrid, image.SECURITY_MONITOR, forged)


@pytest.mark.parametrize("role", ["root", "app", "development", "capability"])
def test_the_lms_key_of_another_role_is_refused(hybrid, role):
    """Each LMS key counts beside its own ECDSA key only."""
    mine, hybrid.os.lms = hybrid.os.lms, getattr(hybrid, role).lms
    package = hybrid.package(image.SECURITY_MONITOR, hybrid.os)
    hybrid.os.lms = mine
    assert "another LMS key" in refusal(hybrid, image.SECURITY_MONITOR, package)


def test_an_lms_key_that_was_replaced_signs_nothing_more(hybrid):
    old = hybrid.package(image.SECURITY_MONITOR, hybrid.os)
    hybrid.os.lms = LmsSigner(LmsKey(lms.Shape(10, 7), b"next year's key.", bytes(24)))
    for image_type, package in (
        (image.TRUSTED_KEYSTORE, hybrid.keystore(version=2)),
        (image.PLUTON_RUNTIME, hybrid.package(image.PLUTON_RUNTIME, hybrid.os, 2)),
        (image.SECURITY_MONITOR, hybrid.package(image.SECURITY_MONITOR, hybrid.os, 2)),
    ):
        put(hybrid, image_type, package)
    hybrid.boot()
    assert "another LMS key" in refusal(hybrid, image.SECURITY_MONITOR, old)


def test_a_revoked_signer_is_revoked_with_its_lms_key(hybrid):
    port = hybrid.port()
    port.revoke_signer(hybrid.os.signer, hybrid.root.sign(native.sha256(b"armillary revoke signer" + hybrid.os.signer)))
    with pytest.raises(Failed) as refused:
        hybrid.boot()
    assert "revoked" in refused.value.policy


# Spoiling the LMS part.


@pytest.mark.parametrize("policy", [True, False])
def test_every_byte_of_the_lms_section_flipped_is_refused(blank, policy):
    """Signed again by ECDSA each time: a device that takes plain packages does not take a spoiled hybrid one."""
    world = device(blank, policy)
    pluton = world.boot_pluton()
    package = world.package(image.SECURITY_MONITOR, world.os)
    search = searcher(world, pluton)
    assert search.verify(package, 0, 0)
    at = image.parse(package).sections[0].offset - 4
    for place in range(at, at + 4 + len(part_of(package))):
        changed = bytearray(package[:-64])
        changed[place] ^= 1 << place % 8
        signed = bytes(changed) + world.os.sign(hashlib.sha256(changed).digest())
        if place < at + 2 and not policy:
            assert search.verify(signed, 0, 0), "a section by another name is no LMS part: that is to drop it"
            continue
        with pytest.raises((Untrusted, Denied, Invalid)):
            search.verify(signed, 0, 0)
        with pytest.raises((Untrusted, Denied)):
            search.verify(bytes(changed) + package[-64:], 0, 0)


def test_an_lms_section_elsewhere_than_first_is_refused(lax):
    """Else it would not be found, and not be checked."""
    package = lax.package(image.SECURITY_MONITOR, lax.os)
    parsed = image.parse(package)
    sections = [(each.number, each.data) for each in parsed.sections]
    monkey = sections[1:] + sections[:1]
    with pytest.raises(Invalid, match="LM is not the first section"):
        image.assemble(parsed.body, monkey, lax.os.sign)


# The root.


def test_another_lms_key_in_the_boot_header_is_refused(hybrid):
    package = hybrid.package(image.ONE_BL, hybrid.root, name="1bl")
    for number in (partition.BOOTLOADER_ONE, partition.BOOTLOADER_ONE_BACKUP):
        hybrid.write(facts.FLASH_LAYOUT[number][0], bootheader.build(hybrid.root.public, package, STRANGER.public))
    with pytest.raises(Failed) as refused:
        hybrid.boot()
    assert "rom.root_lms" in refused.value.policy and "fuse row 7" in refused.value.policy


@pytest.mark.parametrize("policy", [True, False])
def test_a_boot_header_without_the_lms_key_takes_no_hybrid_loader(blank, policy):
    world = device(blank, policy)
    package = world.package(image.ONE_BL, world.root, name="1bl")
    for number in (partition.BOOTLOADER_ONE, partition.BOOTLOADER_ONE_BACKUP):
        world.write(facts.FLASH_LAYOUT[number][0], bootheader.build(world.root.public, package))
    with pytest.raises(Failed) as refused:
        world.boot()
    assert "knows no LMS key" in refused.value.policy


def test_an_lms_key_that_is_not_fused_counts_for_nothing(world):
    """A device made before: it boots plain packages, and does not believe an LMS key because it is there."""
    world.sign_hybrid()
    package = world.package(image.ONE_BL, world.root, name="1bl")
    world.write_loader(package)
    with pytest.raises(Failed) as refused:
        world.boot()
    assert "knows no LMS key" in refused.value.policy


@pytest.mark.parametrize("spoil", [lambda b: b[:72] + b"\x2f" + b[73:], lambda b: b[:76] + bytes(56) + b[132:], lambda b: b[:131] + b"\x01" + b[132:]])
def test_a_spoiled_lms_key_in_the_boot_header_is_refused(hybrid, spoil):
    partitions = (partition.BOOTLOADER_ONE, partition.BOOTLOADER_ONE_BACKUP)
    package = hybrid.package(image.ONE_BL, hybrid.root, name="1bl")
    for number in partitions:
        hybrid.write(facts.FLASH_LAYOUT[number][0], spoil(bootheader.build(hybrid.root.public, package, hybrid.root_lms)))
    with pytest.raises(Failed):
        hybrid.boot()
