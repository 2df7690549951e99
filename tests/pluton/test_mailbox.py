"""The mailbox: what the monitor may ask, in which order, and that nothing else gets through."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary import native
from armillary.pluton import abi, fusemap, keys
from armillary.pluton.port import PlutonPort
from armillary.wire import image
from armillary.wire.call import LIMIT, WHY
from armillary.wire.fault import (
    FAULTS,
    Denied,
    Full,
    Internal,
    OutOfOrder,
    Rollback,
    Untrusted,
)

TENANT, OTHER = b"t" * 16, b"u" * 16
COMPONENT = b"c" * 16
DIGEST = native.sha256(b"digest")


def measure(port, number, name="stage"):
    port.measure(number, native.sha256(bytes((number,))), number, bytes(32), name)


# Measurements.


def test_the_monitor_finds_four_stages_measured_and_adds_its_own(world):
    port = world.port(closed=False)
    assert [port.get_measurements(at)[1] for at in range(4)] == [1, 19, 2, 4]
    measure(port, 7)
    assert port.get_measurements(4)[:2] == (5, 7)


def test_an_index_beyond_the_list_says_how_long_it_is(world):
    assert world.port().get_measurements(19) == (4, 0, bytes(32), 0, bytes(32), "")


def test_a_closed_list_takes_nothing_and_is_not_closed_again(world):
    port = world.port()
    with pytest.raises(OutOfOrder):
        measure(port, 7)
    with pytest.raises(OutOfOrder):
        port.close_measurements()
    assert port.get_measurements(0)[0] == 4


def test_only_a_reset_opens_the_list(world):
    world.port()
    assert world.port(closed=False).get_measurements(0)[0] == 4


def test_the_list_holds_twenty(world):
    port = world.port(closed=False)
    for number in range(16):
        measure(port, number)
    with pytest.raises(Full):
        measure(port, 16)


# Counters.


def test_a_counter_moves_forward_and_stays(world):
    port = world.port()
    assert port.read_counter(COMPONENT) == 0
    port.advance_counter(COMPONENT, 5)
    with pytest.raises(Rollback):
        port.advance_counter(COMPONENT, 4)
    assert world.port().read_counter(COMPONENT) == 5


@pytest.mark.parametrize("image_type", [image.ONE_BL, image.TRUSTED_KEYSTORE, image.PLUTON_RUNTIME, image.SECURITY_MONITOR])
def test_the_counter_of_what_runs_goes_to_the_running_version_and_no_further(world, image_type):
    port, component = world.port(), bytes((image_type,)) * 16
    with pytest.raises(Denied, match="has not booted"):
        port.advance_counter(component, 2)
    port.advance_counter(component, 1)
    port = world.port()
    assert port.read_counter(component) == 1
    with pytest.raises(Rollback):
        port.advance_counter(component, 0)


def test_the_counters_of_early_stages_are_fuses(world):
    world.port().advance_counter(bytes((image.PLUTON_RUNTIME,)) * 16, 1)
    assert fusemap.read_version(world.fuses, fusemap.RUNTIME_VERSION) == 1
    assert fusemap.read_begun(world.fuses) == 0


# Keys.


def test_public_keys_are_points_and_all_different(world):
    port = world.port()
    _, general, device = port.get_security_state()
    found = [general, device, port.get_tenant_public_key(TENANT), port.get_tenant_public_key(OTHER), port.generate_client_auth_key()]
    for public in found:
        native.p256_check(public)
    assert len(set(found)) == len(found)
    assert device == world.device_id


def test_a_tenant_signs_with_its_own_key(world):
    port = world.port()
    signature = port.sign_with_tenant_attestation_key(TENANT, DIGEST)
    native.p256_verify(port.get_tenant_public_key(TENANT), DIGEST, signature)
    with pytest.raises(native.BadSignature):
        native.p256_verify(port.get_tenant_public_key(OTHER), DIGEST, signature)


def test_the_client_key_signs_only_after_it_is_committed(world):
    port = world.port()
    for refused in (lambda: port.sign_with_client_auth_key(DIGEST), port.commit_client_auth_key):
        with pytest.raises(OutOfOrder):
            refused()
    public = port.generate_client_auth_key()
    with pytest.raises(OutOfOrder):
        port.sign_with_client_auth_key(DIGEST)
    port.commit_client_auth_key()
    native.p256_verify(public, DIGEST, port.sign_with_client_auth_key(DIGEST))
    with pytest.raises(OutOfOrder):
        port.commit_client_auth_key()


def test_a_restart_keeps_the_committed_key_and_forgets_the_generated_one(world):
    port = world.port()
    first = port.generate_client_auth_key()
    port.commit_client_auth_key()
    second = port.generate_client_auth_key()
    port = world.port()
    native.p256_verify(first, DIGEST, port.sign_with_client_auth_key(DIGEST))
    with pytest.raises(OutOfOrder):
        port.commit_client_auth_key()
    assert port.generate_client_auth_key() == second != first


def test_storage_keys_differ_by_component_generation_lifecycle_and_device(world):
    port = world.port()
    found = [port.derive_key(COMPONENT, 0), port.derive_key(COMPONENT, 1), port.derive_key(TENANT, 0)]
    assert port.derive_key(COMPONENT, 0) == found[0]
    port.set_manufacturing_state(abi.MODULE_COMPLETE)
    assert port.derive_key(COMPONENT, 0) == found[0]  # a key does not change under a running system
    found.append(world.port().derive_key(COMPONENT, 0))
    other = type(world)(2)
    other.manufacture()
    other.provision()
    found.append(other.port().derive_key(COMPONENT, 0))
    assert len(set(found)) == 5


def test_keys_survive_an_update_of_everything(world):
    before = world.port().get_security_state(), world.port().derive_key(COMPONENT, 1)
    world.entries.clear()
    for package in (
        world.keystore(version=2),
        world.package(image.PLUTON_RUNTIME, world.os, 2, name="pluton"),
        world.package(image.SECURITY_MONITOR, world.os, 2, name="monitor"),
    ):
        world.place(package)
    world.write_tables()
    world.write_loader(world.package(image.ONE_BL, world.root, 2, name="1bl"))
    assert (world.port().get_security_state(), world.port().derive_key(COMPONENT, 1)) == before


def test_a_faulty_signature_never_leaves(world, monkeypatch):
    port = world.port()
    inner = native.p256_sign
    monkeypatch.setattr(native, "p256_sign", lambda private, digest: inner(private, digest)[:-1] + b"\x00")
    with pytest.raises(Internal, match="does not verify"):
        port.sign_with_tenant_attestation_key(TENANT, DIGEST)


def test_without_the_check_a_faulty_signature_leaves(world, monkeypatch):
    """The flaw: trust the signer. Two signatures of one digest, one of them faulty, give the key away."""
    port = world.port()
    inner = native.p256_sign
    monkeypatch.setattr(native, "p256_sign", lambda private, digest: inner(private, digest)[:-1] + b"\x00")
    monkeypatch.setattr(native, "p256_verify", lambda public, digest, signature: None)
    assert port.sign_with_tenant_attestation_key(TENANT, DIGEST)[-1] == 0


def test_private_keys_are_in_range_even_if_the_first_candidate_is_not(monkeypatch):
    inner, asked = native.hkdf_expand, []

    def expand(prk, info, length):
        asked.append(info)
        return b"\xff" * 32 if len(asked) == 1 else inner(prk, info, length)

    monkeypatch.setattr(native, "hkdf_expand", expand)
    native.p256_check(keys.Keys(bytes(32), 1).public(keys.IDENTITY))
    assert len(asked) == 2 and asked[0] != asked[1]


# Lifecycle.


def test_the_lifecycle_goes_forward_through_the_mailbox(world):
    port = world.port()
    assert port.get_manufacturing_state() == abi.BLANK
    port.set_manufacturing_state(abi.MODULE_COMPLETE)
    port.set_manufacturing_state(abi.DEVICE_COMPLETE)
    with pytest.raises(OutOfOrder):
        port.set_manufacturing_state(abi.BLANK)
    port = world.port()
    assert port.get_manufacturing_state() == port.get_security_state()[0] == abi.DEVICE_COMPLETE


def test_power_lost_in_a_change_of_lifecycle_leaves_the_old_or_a_later_state(world):
    seen = set()

    def recover():
        seen.add(world.port().get_manufacturing_state())

    world.cut_everywhere(lambda: world.port().set_manufacturing_state(abi.DEVICE_COMPLETE), recover, 2)
    assert seen and seen <= {abi.BLANK, abi.MODULE_COMPLETE, abi.DEVICE_COMPLETE}


# Signatures on images.


@pytest.mark.parametrize(
    "name, role, development",
    [("os", abi.ROLE_OS, 0), ("app", abi.ROLE_APPLICATION, 0), ("app", abi.ROLE_APPLICATION | abi.ROLE_OS, 0)],
)
def test_a_signer_with_the_role_is_named(world, name, role, development):
    key = getattr(world, name)
    assert world.port().verify_image(role, DIGEST, key.sign(DIGEST)) == (key.signer, development)


@pytest.mark.parametrize("name", ["os", "app", "development", "capability", "root", "stranger"])
@pytest.mark.parametrize("role", [abi.ROLE_OS, abi.ROLE_APPLICATION, abi.ROLE_CAPABILITY])
def test_a_signer_without_the_role_is_refused(world, name, role):
    if (name, role) in (("os", 1), ("app", 2), ("capability", 8)):
        return
    with pytest.raises(Untrusted):
        world.port().verify_image(role, DIGEST, getattr(world, name).sign(DIGEST))


def test_every_changed_bit_of_a_signature_is_refused(world):
    port, signature = world.port(), world.os.sign(DIGEST)
    for at in range(0, 512, 7):
        changed = bytearray(signature)
        changed[at // 8] ^= 1 << at % 8
        with pytest.raises(Untrusted):
            port.verify_image(abi.ROLE_OS, DIGEST, bytes(changed))


@pytest.mark.parametrize("signature", [bytes(64), b"\xff" * 64, bytes(63) + b"\x01"])
def test_absurd_signatures_are_refused(world, signature):
    with pytest.raises(Untrusted):
        world.port().verify_image(15, DIGEST, signature)


def test_a_development_key_needs_capability_11(world):
    port, signature = world.port(), world.development.sign(DIGEST)
    role = abi.ROLE_APPLICATION | abi.ROLE_DEVELOPMENT
    with pytest.raises(Denied) as refused:
        port.verify_image(role, DIGEST, signature)
    assert "capability 11" in refused.value.policy and refused.value.rule == "signer.development"
    port.install_capabilities(world.capability_file([11], world.device_id))
    assert port.verify_image(role, DIGEST, signature) == (world.development.signer, 1)
    with pytest.raises(Untrusted):
        port.verify_image(abi.ROLE_APPLICATION, DIGEST, signature)
    with pytest.raises(Denied):
        world.port().verify_image(role, DIGEST, signature)


# The rest.


def test_a_postcode_is_said(world):
    world.port().set_postcode(0x70900000)
    assert "[PLUTON] POSTCODE 70900000" in world.uart.text


def test_a_reset_reaches_the_chip(world):
    world.port().device_reset(3)
    assert world.chip.reasons == [3]


def test_every_call_of_the_table_is_served(world):
    version, calls = world.port().describe()
    assert set(calls) == {0} | {call.op for call in abi.CALLS}
    assert len(calls) == len(abi.CALLS) + 1


@pytest.mark.parametrize("caller", ["kernel", "app", "pluton", ""])
def test_nobody_but_the_monitor_is_served(world, caller):
    gate = world.boot().gate(caller)
    for call in abi.CALLS:
        reply = gate(bytes((call.op, 1)))
        assert FAULTS[reply[0]] is Denied


# Hostile frames.


def frames():
    some = st.sampled_from([0] + [call.op for call in abi.CALLS])
    return st.one_of(
        st.binary(max_size=80),
        st.builds(lambda op, rest: bytes((op, 7)) + rest, some, st.binary(max_size=300)),
        st.builds(lambda op, n: bytes((op, 7)) + bytes(n), some, st.integers(0, 200)),
        st.integers(LIMIT - 3, LIMIT + 3).map(lambda n: b"\x56\x01" + b"\xff" * n),
        st.just(b"\x4d" + bytes(65536)),
    )


@given(st.lists(frames(), max_size=12))
@settings(max_examples=150, deadline=None)
def test_no_frame_raises_or_stops_pluton(shared_port, frames):
    world, gate = shared_port
    for frame in frames:
        if frame[:1] in (b"\x50", b"\x52"):  # reset, lifecycle: lawful here, and they change the device
            continue
        reply = gate(frame)
        assert 2 <= len(reply) <= LIMIT
        if reply[0]:
            assert reply[0] in FAULTS
            assert WHY.unpack(reply[2:])[1] == "pluton"
    assert gate(b"\x51\x01") == b"\x00\x01" + abi.BLANK.to_bytes(4, "little")


@given(st.sampled_from([call for call in abi.CALLS if call.op not in (0x50, 0x52)]), st.data())
@settings(max_examples=300, deadline=None)
def test_lawful_arguments_give_a_result_or_a_fault_of_ours(shared_port, call, data):
    world, gate = shared_port
    arguments = [data.draw(value(field)) for field in call.arguments.fields]
    reply = gate(bytes((call.op, 9)) + call.arguments.pack(arguments))
    if reply[0]:
        assert FAULTS[reply[0]] is not Internal
    else:
        call.result.unpack(reply[2:])


def value(field):
    """A strategy for one argument."""
    if field.size:
        return st.binary(min_size=field.size, max_size=field.size)
    if field.kind == "text":
        return st.text(max_size=8)
    if field.is_open:
        return st.binary(max_size=min(field.high, 200))
    return st.integers(field.low, field.high)


@pytest.fixture(scope="module")
def shared_port(_made):
    made, saved, _ = _made
    world = type(made)()
    world.load(saved)
    gate = world.boot().gate("monitor")
    PlutonPort(gate).close_measurements()
    return world, gate
