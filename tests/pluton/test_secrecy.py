"""No secret comes out: not in a reply, not in a fault, not on the UART, not in flash."""

import pytest

from armillary import native
from armillary.hal.sim.power import PowerLost
from armillary.pluton import abi, fusemap, handoff, keys, loader, rom, selftest
from armillary.pluton.core import Pluton
from armillary.wire import partition
from armillary.wire.fault import Fault, Internal, Locked, explain

ANSWERS = (
    "sha256", "hmac_sha256", "hkdf_extract", "hkdf_expand", "p256_public", "p256_sign", "aes_gcm_seal", "compare",
)  # fmt: skip


def forms(secret):
    """A secret as it could show: raw, backwards, hexadecimal, halves."""
    yield from (secret, secret[::-1], secret.hex().encode(), secret.hex().upper().encode(), secret[:16], secret[16:])


@pytest.fixture
def watched(world):
    """A device with everything that it says written down, and what it must never say."""
    world.reset()
    secrets = [fusemap.read_secret(world.fuses)]
    _, given = rom.boot(world.hardware)
    _, given = loader.boot(world.hardware, given)
    state = handoff.unpack(given)
    secrets += [state.seed, state.identifier]
    made = keys.Keys(state.seed, state.lifecycle)
    secrets += [bytes(made._private(p)) for p in (keys.IDENTITY, keys.GENERAL, keys.client(1), keys.tenant(b"t" * 16))]
    secrets += [made.records(), made.sealing(b"")]
    return world, secrets


def everything_said(world):
    port = world.port(closed=False)
    said = []
    inner = port._link

    def link(request):
        reply = inner(request)
        said.append(bytes(reply))
        return reply

    port._link = link
    exercise(world, port)
    flash = b"".join(world.flash.read(at, 4096) for at in range(0, world.next_offset, 4096))
    return b"\n".join(said) + world.uart.text.encode() + flash


def exercise(world, port):
    port.measure(7, bytes(32), 1, bytes(32), "kernel")
    port.close_measurements()
    port.derive_key(b"c" * 16, 1)
    port.generate_client_auth_key()
    port.commit_client_auth_key()
    port.sign_with_client_auth_key(bytes(32))
    port.sign_with_tenant_attestation_key(b"t" * 16, bytes(32))
    port.process_attestation(b"n" * 32, b"t" * 16)
    port.unseal(port.seal(15, b"data"))
    port.read_rng(1024)
    port.get_security_state()
    port.advance_counter(b"c" * 16, 3)
    port.install_capabilities(world.capability_file([11], world.device_id))
    for call in abi.CALLS:
        if call not in (abi.DEVICE_RESET, abi.SET_MANUFACTURING_STATE):
            for rest in (b"", bytes(call.arguments.size), b"\xff" * call.arguments.size):
                port._link(bytes((call.op, 1)) + rest)


def test_no_secret_is_in_anything_pluton_says_or_stores(watched):
    world, secrets = watched
    said = everything_said(world)
    assert len(said) > 1_000_000
    for secret in secrets:
        for form in forms(secret):
            assert form not in said


def test_the_scan_finds_a_secret_that_does_come_out(watched, monkeypatch):
    """The flaw: a storage key that is the device seed."""
    world, secrets = watched
    monkeypatch.setattr(keys.Keys, "storage", lambda self, component, generation: self._seed)
    assert secrets[1] in everything_said(world)


def test_no_secret_is_in_the_text_of_a_fault_of_boot(watched):
    world, secrets = watched
    texts = []
    for spoil in ("boot", "monitor", "storage", "fuse"):
        saved = world.save()
        if spoil == "boot":
            world.write_loader(b"nothing")
        elif spoil == "monitor":
            world.entries = [entry for entry in world.entries if entry.image_type != 4]
            world.write_tables()
        elif spoil == "storage":
            world.port().advance_counter(b"c" * 16, 1)
            offset, size = world.hardware.layout[partition.PLUTON_STORAGE]
            for at in range(offset, offset + size, 4096):
                world.flash.erase(at)
        else:
            world.fuses.glitch_read(fusemap.SECRETS[0], "ones")
        with pytest.raises(Fault) as refused:
            world.boot()
        texts.append(explain(refused.value) + repr(refused.value.args))
        world.load(saved)
    said = "\n".join(texts).encode()
    assert len(texts) == 4
    for secret in secrets:
        for form in forms(secret):
            assert form not in said


def test_the_secret_rows_are_hidden_from_everything_after_rom(world):
    world.boot()
    for row in fusemap.SECRETS:
        with pytest.raises(Locked):
            world.hardware.fuses.read(row)


def test_private_keys_are_cleared_after_use(monkeypatch):
    cleared = []
    inner = native.clear

    def clear(data):
        cleared.append(data)
        inner(data)

    monkeypatch.setattr(native, "clear", clear)
    made = keys.Keys(b"s" * 32, 1)
    made.public(keys.IDENTITY)
    made.sign(keys.IDENTITY, bytes(32))
    assert len(cleared) == 2 and not any(any(data) for data in cleared)


def test_private_keys_are_cleared_even_if_signing_fails(monkeypatch):
    cleared = []
    inner = native.clear
    monkeypatch.setattr(native, "clear", lambda data: (cleared.append(data), inner(data)))

    def broken(private, digest):
        raise PowerLost

    monkeypatch.setattr(native, "p256_sign", broken)
    with pytest.raises(PowerLost):
        keys.Keys(b"s" * 32, 1).sign(keys.IDENTITY, bytes(32))
    assert cleared and not any(cleared[0])


@pytest.mark.parametrize("name", ANSWERS)
def test_a_broken_primitive_stops_pluton_before_it_serves(world, monkeypatch, name):
    inner = getattr(native, name)

    def broken(*arguments):
        value = inner(*arguments)
        return not value if isinstance(value, bool) else bytes((value[0] ^ 1,)) + value[1:]

    monkeypatch.setattr(native, name, broken)
    with pytest.raises(Internal, match="self-test"):
        selftest.run()


@pytest.mark.parametrize("name", ["p256_verify", "aes_gcm_open"])
@pytest.mark.parametrize("is_lax", [True, False])
def test_a_check_that_takes_or_refuses_everything_stops_pluton(monkeypatch, name, is_lax):
    def broken(*arguments):
        if not is_lax:
            raise native.BadSignature if name == "p256_verify" else native.BadTag
        return bytes(16)

    monkeypatch.setattr(native, name, broken)
    with pytest.raises(Internal, match="self-test"):
        selftest.run()


@pytest.mark.parametrize("is_lax", [True, False])
def test_lms_that_takes_or_refuses_everything_stops_a_pluton_that_has_a_key_for_it(monkeypatch, hybrid, is_lax):
    def broken(*arguments):
        if not is_lax:
            raise native.BadSignature

    _, given = rom.boot(hybrid.hardware)
    _, given = loader.boot(hybrid.hardware, given)
    monkeypatch.setattr(native, "lms_verify", broken)
    selftest.run()
    with pytest.raises(Internal, match="self-test of LMS"):
        Pluton(hybrid.hardware, given)


def test_the_self_test_passes_on_a_sound_chip():
    assert selftest.run() is None
    assert selftest.run(True) is None
