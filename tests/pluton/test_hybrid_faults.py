"""Hybrid signatures: what fuses, mailbox and single faults can do about them."""

from __future__ import annotations

import pytest

from armillary import native
from armillary.native.plain import lms
from armillary.pluton import abi, bits, fusemap, signers
from armillary.wire import image
from armillary.wire.fault import Denied, Failed, Internal, Invalid, Locked, Untrusted
from tests.pluton.hybrids import forged, plain, put, searcher

# The mailbox.


def test_the_mailbox_judges_apps_by_both(hybrid):
    port = hybrid.port()
    package = hybrid.package(image.APPLICATIONS, hybrid.app)
    digest, signature = native.sha256(package[:-64]), package[-64:]
    part = image.lms_part(package)
    assert port.verify_hybrid_image(abi.ROLE_APPLICATION, digest, signature, part) == (hybrid.app.signer, 0)
    with pytest.raises(Denied) as refused:
        port.verify_image(abi.ROLE_APPLICATION, digest, signature)
    assert (refused.value.rule, refused.value.ring) == ("signer.hybrid", "pluton")
    assert refused.value.policy == "fuse row 9: two signatures are required" and refused.value.remedy
    for spoiled in (
        image.LmsPart(bytes(32), part.signature, part.digest),
        image.LmsPart(part.key, part.signature[:-1] + b"\0", part.digest),
        image.LmsPart(part.key, part.signature[:-1], part.digest),
        image.LmsPart(part.key, b"", part.digest),
        image.LmsPart(part.key, part.signature, bytes(32)),
    ):
        with pytest.raises(Untrusted):
            port.verify_hybrid_image(abi.ROLE_APPLICATION, digest, signature, spoiled)
    with pytest.raises(Untrusted, match="no trusted key"):
        port.verify_hybrid_image(abi.ROLE_OS, digest, signature, part)


def test_a_capability_file_needs_both_too(hybrid):
    """Else who breaks ECDSA gives himself the right to develop."""
    port = hybrid.port()
    device_id = port.get_security_state()[2]
    good = hybrid.capability_file([abi.CAPABILITY_APP_DEVELOPMENT], device_id)
    assert len(good) > 1024, "larger than any plain one"
    port.install_capabilities(good)
    hybrid.capability.lms = None
    with pytest.raises(Denied, match="ECDSA alone"):
        port.install_capabilities(hybrid.capability_file([abi.CAPABILITY_APP_DEVELOPMENT], device_id))


# Fuses.


def test_manufacture_fuses_key_and_policy(blank):
    blank.sign_hybrid()
    blank.manufacture()
    assert fusemap.read_lms_root_hash(blank.fuses) == native.sha256(blank.root_lms)
    assert fusemap.is_hybrid_required(blank.fuses)
    with pytest.raises(Locked):
        blank.fuses.blow(fusemap.LMS_ROOT_HASH, b"\xff" * 32)


def test_a_policy_without_a_key_is_refused_before_any_fuse(blank):
    blank.is_hybrid_required = True
    with pytest.raises(Invalid, match="no LMS key"):
        blank.manufacture()
    assert blank.rail.count == 0


def test_any_single_bit_of_the_policy_row_is_enough(blank):
    for bit in range(256):
        fresh = type(blank)()
        fresh.fuses.blow(fusemap.SIGNATURE_POLICY, bits.only(bit, 32))
        assert fusemap.is_hybrid_required(fresh.fuses)


@pytest.mark.parametrize("row", [fusemap.SIGNATURE_POLICY, fusemap.LMS_ROOT_HASH])
@pytest.mark.parametrize("kind", ["zeros", "ones"])
@pytest.mark.parametrize("at", range(6))
def test_a_glitched_read_of_the_policy_lets_nothing_in(hybrid, row, kind, at):
    put(hybrid, image.SECURITY_MONITOR, plain(hybrid, image.SECURITY_MONITOR))
    inner, seen = hybrid.fuses.read, []

    def read(number):
        seen.append(number)
        if number == row and seen.count(row) == at + 1:
            return bytes(32) if kind == "zeros" else b"\xff" * 32
        return inner(number)

    hybrid.fuses.read = read
    with pytest.raises((Failed, Locked)):
        hybrid.boot()
    assert not hybrid.cores.started


@pytest.mark.slow
def test_power_lost_twice_in_manufacture_leaves_a_chip_that_requires_both(blank):
    blank.sign_hybrid()
    cuts = blank.cut_everywhere(blank.manufacture, blank.manufacture)
    assert cuts > 50
    assert fusemap.is_hybrid_required(blank.fuses) and fusemap.read_lms_root_hash(blank.fuses)


def test_no_cut_in_manufacture_leaves_a_device_that_boots_without_the_policy(blank):
    blank.sign_hybrid()
    blank.provision()
    for at in range(1, 200):
        fresh = type(blank)()
        fresh.sign_hybrid()
        fresh.rail.fail_after(at)
        try:
            fresh.manufacture()
            fresh.rail.fail_after(0)
            break
        except BaseException as cut:  # a power cut is no Exception
            assert type(cut).__name__ == "PowerLost"
        fresh.rail.fail_after(0)
        fresh.rail.power_on()
        fresh.fuses.reset()
        if fusemap.read_lifecycle(fresh.fuses) != abi.TERMINATED:
            assert fusemap.is_hybrid_required(fresh.fuses)
    else:
        pytest.fail("manufacture never ended")


# One fault.


def faulty_boots(world, monkeypatch, name):
    """How many of the boots, one for each call of `native.<name>` that is left out, run the evil monitor."""
    inner, calls = getattr(native, name), []
    with monkeypatch.context() as patch:
        patch.setattr(native, name, lambda *arguments: (calls.append(1), inner(*arguments))[1])
        with pytest.raises(Failed):
            world.boot()
    booted = 0
    for skipped in range(len(calls) + 2):
        seen = []

        def faulty(*arguments, seen=seen, skipped=skipped):
            seen.append(1)
            return True if len(seen) - 1 == skipped else inner(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(native, name, faulty)
            try:
                world.boot()
            except (Failed, Locked, Untrusted, Denied, Internal):
                continue
        booted += bool(world.cores.started)
    assert calls
    return booted


@pytest.mark.parametrize("name", ["lms_verify", "compare"])
@pytest.mark.parametrize("forgery", ["dropped", "swapped"])
def test_no_single_skipped_check_lets_a_forgery_in(hybrid, monkeypatch, name, forgery):
    put(hybrid, image.SECURITY_MONITOR, forged(hybrid, forgery))
    assert faulty_boots(hybrid, monkeypatch, name) == 0


def test_with_a_single_verdict_one_skipped_check_lets_a_forgery_in(hybrid, monkeypatch):
    put(hybrid, image.SECURITY_MONITOR, forged(hybrid, "swapped"))
    inner = signers.Signers._second
    monkeypatch.setattr(signers.Signers, "_second", lambda self, key, part, verdict: inner(self, key, part, verdict) and signers.VERDICT)
    assert faulty_boots(hybrid, monkeypatch, "lms_verify") > 0


# A hash that fails (CVE-2025-49600 in kind).


class Broken(Exception):
    """The accelerator gave up."""


@pytest.mark.parametrize("failure", ["raises", "zeros", "stale"])
def test_a_hash_backend_that_fails_at_any_call_boots_no_forgery(hybrid, monkeypatch, failure):
    forgery = forged(hybrid, "swapped")
    pluton = hybrid.boot_pluton()
    search = searcher(hybrid, pluton)
    inner, state = native.sha256, {"calls": 0, "failing": 0, "last": bytes(32)}

    def failing(data):
        state["calls"] += 1
        if state["calls"] == state["failing"]:
            if failure == "raises":
                raise Broken
            return bytes(32) if failure == "zeros" else state["last"]
        state["last"] = inner(data)
        return state["last"]

    def plain_verify(public, message, signature):
        lms.verify(failing, public, message, signature)

    monkeypatch.setattr(native, "sha256", failing)
    monkeypatch.setattr(native, "lms_verify", plain_verify)
    with pytest.raises(Untrusted):
        search.verify(forgery, 0, 0)
    total = state["calls"]
    assert total > 300
    for number in range(1, total + 1):
        state["calls"], state["failing"] = 0, number
        with pytest.raises((Untrusted, Denied, Internal, Broken)):
            search.verify(forgery, 0, 0)
