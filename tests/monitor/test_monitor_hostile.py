"""A hostile kernel at the gate: it may waste its own time, and that is all it gets."""

import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.monitor import abi
from armillary.wire import image
from armillary.wire.call import LIMIT, Port
from armillary.wire.fault import Closed, Denied, Failed, Fault, Full, Invalid, NotFound, OutOfOrder, Untrusted
from armillary.wire.partition import BOOTLOADER_ONE, BOOTLOADER_ONE_BACKUP, PLUTON_STORAGE

APP = bytes.fromhex("a1") * 16
OTHER = bytes.fromhex("a2") * 16
LOOSE = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def app(device, version, **rest):
    return device.maker.package(image.APPLICATIONS, version, **rest)


def protected(device):
    """A hash of everything the kernel must never change without a signed image."""
    seen = hashlib.sha256()
    for number in (1, 2, 7, 8, 9, 10):
        offset, size = device.facts.FLASH_LAYOUT[number]
        seen.update(device.flash.read(offset, size))
    return seen.hexdigest()


def test_every_call_of_the_abi_is_served(booted):
    version, numbers = booted.kernel.describe()
    assert version == 1
    assert set(numbers) == {0} | {call.op for call in abi.CALLS}


@pytest.mark.parametrize("caller", ("app", "pluton", "monitor", ""))
def test_only_the_kernel_may_call(booted, caller):
    port = Port(booted.monitor.gate(caller))
    for call in abi.CALLS:
        arguments = [b"\x01" * field.size if field.size else field.low if not field.is_open else b"" for field in call.arguments.fields]
        with pytest.raises(Denied, match="is not for " + caller):
            port.call(call, *arguments)


@LOOSE
@given(frame=st.binary(max_size=120))
def test_random_frames_never_break_the_gate_or_touch_an_image(booted, frame):
    before = protected(booted)
    if frame and frame[0] in (abi.RESET.op, abi.CONFIRM_BOOT.op):
        frame = b"\xff" + frame[1:]
    reply = booted.gate(frame)
    assert len(reply) >= 2 and len(reply) <= LIMIT
    assert protected(booted) == before


def values_of(field):
    """Any value that fits a field, the extremes likely."""
    if field.size:
        return st.binary(min_size=field.size, max_size=field.size) | st.just(APP[: field.size].ljust(field.size, b"\0"))
    if field.is_open:
        return st.binary(max_size=min(field.high, 64)) | st.just(bytes(field.high))
    return st.sampled_from((field.low, field.high)) | st.integers(field.low, field.high) | st.integers(field.low, min(field.high, field.low + 9))


SAFE = [call for call in abi.CALLS if call not in (abi.RESET, abi.CONFIRM_BOOT, abi.INVALIDATE_IMAGE)]
REQUESTS = st.sampled_from(SAFE).flatmap(
    lambda call: st.tuples(st.just(call), st.tuples(*[values_of(field) for field in call.arguments.fields]))
)  # fmt: skip


@LOOSE
@given(requests=st.lists(REQUESTS, min_size=1, max_size=12))
def test_no_words_without_a_signed_package_change_an_image(booted, requests):
    before = protected(booted)
    port = Port(booted.gate)
    for call, arguments in requests:
        try:
            port.call(call, *arguments)
        except Fault as fault:
            assert fault.ring in ("monitor", "pluton", "hal", "")
    assert protected(booted) == before


def test_messages_too_short_or_too_long_are_refused(booted):
    for frame in (b"", b"\x01", bytes(LIMIT + 1), b"\x14\x00" + bytes(LIMIT)):
        assert booted.gate(frame)[0] == Invalid.code


@pytest.mark.parametrize("size", (1, 3, 255, 256, 257, 3999, 4000))
def test_any_block_size_gives_the_same_image(booted, size):
    """M16: what is judged is what was read back whole, however it was cut."""
    package = app(booted, 2, size=9000)
    booted.stage(package, size)
    booted.kernel.install_staged()
    assert booted.run() == package


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_split_of_a_package_gives_the_same_verdict(booted, data):
    package = app(booted, 2, note="split")
    cuts = sorted(data.draw(st.sets(st.integers(1, len(package) - 1), max_size=12)) | {0, len(package)})
    handle = booted.kernel.open_for_staging(len(package))
    for start, end in zip(cuts, cuts[1:]):
        booted.kernel.write_block(handle, start, package[start:end])
    assert booted.kernel.commit_staging(handle)[2] == 2
    booted.kernel.invalidate_image(APP)


def test_every_split_of_the_metadata_is_judged_alike(booted):
    """M16: the version that is checked is the version that is installed, wherever a block ends."""
    old, new = app(booted, 1, note="old"), app(booted, 5)
    booted.install(new)
    booted.run()
    booted.kernel.confirm_application(APP)
    for cut in range(len(old) - 220, len(old)):
        handle = booted.kernel.open_for_staging(len(old))
        booted.kernel.write_block(handle, 0, old[:cut])
        booted.kernel.write_block(handle, cut, old[cut:])
        with pytest.raises(Fault, match="below 5"):
            booted.kernel.commit_staging(handle)


@pytest.mark.parametrize("offset", (1, 99, 101, 4096, 2**31, 2**32 - 1, 2**32 - 100))
def test_blocks_come_in_order_and_nowhere_else(booted, offset):
    handle = booted.kernel.open_for_staging(5000)
    booted.kernel.write_block(handle, 0, bytes(100))
    with pytest.raises(OutOfOrder, match="next is 100"):
        booted.kernel.write_block(handle, offset, bytes(50))


def test_a_block_may_not_repeat_or_overlap(booted):
    handle = booted.kernel.open_for_staging(5000)
    booted.kernel.write_block(handle, 0, b"a" * 100)
    for offset in (0, 50):
        with pytest.raises(OutOfOrder):
            booted.kernel.write_block(handle, offset, b"b" * 100)


def test_a_block_stays_within_the_reserved_length(booted):
    handle = booted.kernel.open_for_staging(100)
    for size in (0, 101, 4000):
        with pytest.raises(Invalid):
            booted.kernel.write_block(handle, 0, bytes(size))
    booted.kernel.write_block(handle, 0, bytes(100))
    with pytest.raises(Invalid):
        booted.kernel.write_block(handle, 100, b"x")


def test_a_block_too_large_for_a_message_is_refused_by_the_layout(booted):
    raw = bytes((abi.WRITE_BLOCK.op, 0)) + bytes(6) + (4001).to_bytes(2, "little") + bytes(4001)
    assert booted.gate(raw)[0] == Invalid.code
    lying = bytes((abi.WRITE_BLOCK.op, 0)) + bytes(6) + (4000).to_bytes(2, "little") + bytes(10)
    assert booted.gate(lying)[0] == Invalid.code


def test_a_commit_is_not_done_twice(booted):
    package = app(booted, 2)
    handle = booted.kernel.open_for_staging(len(package))
    booted.kernel.write_block(handle, 0, package)
    booted.kernel.commit_staging(handle)
    for call in (booted.kernel.commit_staging, booted.kernel.abort_staging):
        with pytest.raises(OutOfOrder):
            call(handle)


def test_a_commit_after_an_abort_is_refused(booted):
    package = app(booted, 2)
    handle = booted.kernel.open_for_staging(len(package))
    booted.kernel.write_block(handle, 0, package)
    booted.kernel.abort_staging(handle)
    with pytest.raises(OutOfOrder):
        booted.kernel.commit_staging(handle)


def test_flash_that_changes_after_the_commit_is_noticed_when_the_image_is_opened(booted):
    """M22, B09: swapped between commit and use."""
    booted.install(app(booted, 2))
    entry = booted.entry(APP)
    booted.flash.erase(entry.offset)
    booted.flash.program(entry.offset, app(booted, 3))
    with pytest.raises((Untrusted, Invalid)):
        booted.run()


def test_another_rightly_signed_image_in_the_place_of_one_is_refused(booted):
    entry = booted.entry(APP)
    other = app(booted, 1, component=OTHER)
    booted.flash.erase(entry.offset)
    booted.flash.program(entry.offset, other)
    entry.length = len(other)
    with pytest.raises(Untrusted, match="another component or another build"):
        booted.run()


def test_a_read_that_differs_once_does_not_get_in(booted):
    """A flash that shows the verifier other bytes than it keeps: the copy that is verified is the one used."""
    package = app(booted, 2)
    handle = booted.kernel.open_for_staging(len(package))
    booted.kernel.write_block(handle, 0, package)
    offset = booted.monitor.store.slot[0]
    booted.flash.glitch_read(offset + 5, 0)
    with pytest.raises(Untrusted):
        booted.kernel.commit_staging(handle)


def test_a_held_image_does_not_change_with_the_flash(booted):
    held = booted.kernel.open_image(APP)
    booted.flash.erase(booted.entry(APP).offset)
    assert booted.kernel.read_image(held.handle, 0, 4000) == app(booted, 1)


def test_image_handles_are_bounded_and_come_back(booted):
    handles = [booted.kernel.open_image(APP).handle for _ in range(8)]
    with pytest.raises(Full, match="all image handles"):
        booted.kernel.open_image(APP)
    booted.kernel.close_image(handles[3])
    assert booted.kernel.open_image(APP).handle not in handles
    with pytest.raises(Closed):
        booted.kernel.read_image(handles[3], 0, 10)


def test_failed_opens_take_no_handle(booted):
    booted.flash.flip_bit(booted.entry(APP).offset, 0)
    for _ in range(20):
        with pytest.raises(Untrusted):
            booted.kernel.open_image(APP)


def test_held_bytes_are_bounded(new_device, maker, board_facts):
    package = maker.package(image.APPLICATIONS, size=800_000)
    device = new_device(board_facts).make(maker.images(apps=[package]))
    device.boot()
    device.kernel.open_image(APP)
    device.kernel.open_image(APP)
    with pytest.raises(Full, match="too many bytes held"):
        device.kernel.open_image(APP)


@pytest.mark.parametrize("offset", (2**31, 2**32 - 1))
def test_reading_past_the_end_of_an_image_is_refused(booted, offset):
    held = booted.kernel.open_image(APP)
    assert booted.kernel.read_image(held.handle, held.length, 10) == b""
    for wrong in (held.length + 1, offset):
        with pytest.raises(Invalid):
            booted.kernel.read_image(held.handle, wrong, 4000)


def test_a_block_of_somebody_elses_memory_cannot_be_named(booted):
    """M05: a block is bytes in the message; no argument of any call is an address."""
    for call in abi.CALLS:
        assert not [field.name for field in call.arguments.fields if "address" in field.name or "pointer" in field.name]


def test_the_firewall_stops_even_the_monitor_at_the_boot_partitions(booted):
    """M07: a wrong flash offset inside the monitor would still not reach loader or Pluton's records."""
    hardware = booted.monitor_hardware()
    for number in (BOOTLOADER_ONE, BOOTLOADER_ONE_BACKUP, PLUTON_STORAGE):
        offset, size = booted.facts.FLASH_LAYOUT[number]
        for at in (offset, offset + size - booted.flash.sector):
            with pytest.raises(Denied):
                hardware.flash.erase(at)
            with pytest.raises(Denied):
                hardware.flash.program(at, b"\0")


def test_listing_images_ends_with_not_found(booted):
    count = len(booted.kernel.list_images())
    for index in (count, 0xFFFF):
        with pytest.raises(NotFound):
            booted.kernel.call(abi.LIST_IMAGES, index)


def test_unknown_components_are_not_found(booted):
    for call in (booted.kernel.open_image, booted.kernel.invalidate_image, booted.kernel.confirm_application, booted.kernel.revert_application):
        with pytest.raises(NotFound):
            call(OTHER)


@pytest.mark.parametrize("name", ("confirm_application", "revert_application"))
def test_os_components_are_not_handled_as_apps(booted, name):
    with pytest.raises(Denied, match="not an application"):
        getattr(booted.kernel, name)(booted.maker.component(image.KERNEL))


def test_the_relayed_calls_give_what_pluton_gives(booted):
    kernel = booted.kernel
    state, _, identity = kernel.get_security_state()
    assert (state, identity) == (1, booted.device_id)
    assert len(kernel.read_rng(1024)) == 1024
    assert kernel.derive_key(APP, 0) != kernel.derive_key(OTHER, 0)
    public = kernel.generate_client_auth_key()
    kernel.commit_client_auth_key()
    digest = hashlib.sha256(b"words").digest()
    from armillary import native

    native.p256_verify(public, digest, kernel.sign_with_client_auth_key(digest))
    native.p256_verify(kernel.get_tenant_public_key(APP), digest, kernel.sign_with_tenant_key(APP, digest))
    assert kernel.process_attestation(bytes(32), APP)


def test_a_fault_of_pluton_reaches_the_kernel_as_plutons(booted):
    with pytest.raises(Fault) as refusal:
        booted.kernel.sign_with_client_auth_key(bytes(32))
    assert refusal.value.ring == "pluton"


def test_a_flash_that_fails_to_program_is_reported_and_nothing_is_installed(booted):
    package = app(booted, 2)
    handle = booted.kernel.open_for_staging(len(package))
    plain = booted.flash.program

    def program(offset, data):
        raise Failed("worn out")

    booted.flash.program = program
    with pytest.raises(Failed, match="worn out"):
        booted.kernel.write_block(handle, 0, package)
    booted.flash.program = plain
    booted.kernel.abort_staging(handle)
    assert booted.run() == app(booted, 1)


def test_with_the_role_left_out_of_the_check_an_app_key_installs_a_kernel(booted, monkeypatch):
    """The flaw put in: asking for any role only, as the first look does. The second look is what stops it."""
    from armillary.monitor import staging

    package = booted.maker.package(image.KERNEL, 2, booted.maker.app)
    with pytest.raises(Untrusted):
        booted.stage(package)
    monkeypatch.setattr(staging, "authenticate", lambda pluton, data, roles: (b"", b"", 0))
    assert booted.stage(package)[2] == 2


def test_with_the_type_policy_left_out_a_key_store_gets_in(booted, monkeypatch):
    """M02 from the other side."""
    from armillary.monitor import staging
    from armillary.monitor.policy import KINDS

    package = booted.maker.keystore(2, booted.maker.os)
    with pytest.raises(Denied):
        booted.stage(package)
    monkeypatch.setattr(staging, "installable", lambda image_type: KINDS[image.KERNEL])
    assert booted.stage(package)[2] == 2


def test_parsing_comes_after_authentication(booted, monkeypatch):
    """P08, I12: not one byte of an unsigned package is interpreted."""
    from armillary.monitor import verify

    def parse(data):
        raise AssertionError("parsed before it was authenticated")

    package = app(booted, 2, key=booted.maker.stranger)
    monkeypatch.setattr(verify.image, "parse", parse)
    with pytest.raises(Untrusted):
        booted.stage(package)
