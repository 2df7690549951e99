"""Pluton's runtime: the one holder of keys, counters and measurements while the device is up.

It serves one caller, the security monitor, one request at a time. It trusts nothing it is told: every
argument was bounded by the gate, every file is verified here even if the monitor did so already, and
what it gives out are signatures, derived keys and sealed blobs, never a private key or a seed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import native
from ..wire import image, keystore, partition
from ..wire.call import Call, Gate
from ..wire.fault import Denied, Fault, OutOfOrder, Untrusted, explain
from ..wire.stage import Stage
from . import abi, attestation, fusemap, handoff, keys, sealing, selftest
from .capabilities import Capabilities, pack
from .drbg import Random
from .known import KnownKey
from .measurements import Measurements
from .search import Found, Search, refuse_old
from .signers import NO_SIGNER, Signers, is_signed
from .storage import Storage

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .hardware import Hardware

RING = "pluton"
MONITOR_CORE = 1
MONITOR_COUNTER = b"security monitor"  # whatever component id it has, there is one monitor
MOST_CAPABILITY_FILE = 3072  # bytes
REVOKE = b"armillary revoke signer"  # what a revocation order is signed over, before the signer
# Image type that runs from its backup: bit of the boot mode flags.
BACKUP_FLAGS = {image.PLUTON_RUNTIME: 1, image.SECURITY_MONITOR: 2, image.ONE_BL: 4}


class Pluton:
    """The runtime. `given` is the first loader's handoff.

    Raises Internal if a self-test fails, Failed if Pluton's storage is not the one the fuses speak of.
    """

    def __init__(self, hardware: Hardware, given: bytes) -> None:
        state = handoff.unpack(given)
        selftest.run(bool(state.root_lms))
        self._hardware = hardware
        self._keys = keys.Keys(state.seed, state.lifecycle)
        self._lifecycle = fusemap.read_lifecycle(hardware.fuses)
        self._device_id = self._keys.public(keys.IDENTITY)
        self._root_public = state.root_public
        self._attestor = attestation.Attestor(self._keys, state.root_hash)
        self._store = keystore.unpack(state.keys)
        self._measured = Measurements(state.identifier, state.stages)
        self._random = Random(hardware.entropy, self._device_id)
        self._storage = Storage(
            hardware.flash, hardware.fuses, hardware.layout[partition.PLUTON_STORAGE], self._keys.records()
        )  # fmt: skip
        # Component: (fuse row or name of its counter, the version that runs and that it may reach).
        self._running: dict[bytes, tuple[int | bytes, int]] = {}
        for (row, component), stage in zip(state.early, state.stages):
            self._running[component] = (row, stage.version)
        self._generated = 0
        self._postcode = 0
        self._boot_seed = b""
        self._trust()
        self._table = self._calls()

    def boot_monitor(self) -> None:
        """Verify, measure and start the security monitor. Raises Failed if none may run."""
        self._hardware.say("[PLUTON] Logging initialized")
        self._load_capabilities()
        lowest = self._storage.counter(MONITOR_COUNTER)
        found = Search(self._hardware, self._signers, abi.ROLE_OS, lambda parsed: lowest).find(image.SECURITY_MONITOR)
        for reason in found.passed_over:
            self._hardware.say("[PLUTON] Passed over: " + reason)
        if found.stage.replica == partition.BACKUP:
            self._hardware.say("[PLUTON] Booting the backup security monitor")
        self._measured.add(found.stage)
        self._running[found.parsed.component] = (MONITOR_COUNTER, found.stage.version)
        self._hardware.uart.write(found.stage.line("PLUTON").encode())
        self._hardware.say("[PLUTON] Booting HLOS core")
        self._hardware.cores.start(MONITOR_CORE, load(found))

    def gate(self, caller: str, observe: Callable[..., None] | None = None) -> Gate:
        """The mailbox for one caller."""
        return Gate(RING, caller, self._table, observe)

    @property
    def device_id(self) -> bytes:
        """The device's public key, X||Y: 64 bytes."""
        return self._device_id

    def _trust(self) -> None:
        """Whom to believe, as the key store and the revocation fuses say now."""
        self._signers = Signers(self._store, fusemap.read_revoked(self._hardware.fuses), fusemap.is_hybrid_required(self._hardware.fuses))
        self._capabilities = Capabilities(self._signers, self._device_id)

    def _calls(self) -> dict[Call, Callable[..., Any]]:
        return {
            abi.SET_POSTCODE: self._set_postcode,
            abi.GET_BOOT_MODE_FLAGS: self._get_boot_mode_flags,
            abi.MEASURE: self._measure,
            abi.CLOSE_MEASUREMENTS: self._measured.close,
            abi.GET_MEASUREMENTS: self._get_measurements,
            abi.READ_COUNTER: self._read_counter,
            abi.ADVANCE_COUNTER: self._advance_counter,
            abi.DERIVE_KEY: self._keys.storage,
            abi.SEAL: self._seal,
            abi.UNSEAL: self._unseal,
            abi.READ_RNG: self._random.read,
            abi.GET_SECURITY_STATE: self._get_security_state,
            abi.VERIFY_IMAGE: self._verify_image,
            abi.IS_CAPABILITY_ENABLED: self._is_capability_enabled,
            abi.GET_ENABLED_CAPABILITIES: lambda: pack(self._held()),
            abi.GENERATE_CLIENT_AUTH_KEY: self._generate_client_auth_key,
            abi.GET_TENANT_PUBLIC_KEY: lambda tenant: self._keys.public(keys.tenant(tenant)),
            abi.PROCESS_ATTESTATION: self._process_attestation,
            abi.SIGN_WITH_TENANT_KEY: lambda tenant, digest: self._keys.sign(keys.tenant(tenant), digest),
            abi.COMMIT_CLIENT_AUTH_KEY: self._commit_client_auth_key,
            abi.SIGN_WITH_CLIENT_AUTH_KEY: self._sign_with_client_auth_key,
            abi.DEVICE_RESET: self._hardware.chip.reset,
            abi.GET_MANUFACTURING_STATE: self._state,
            abi.SET_MANUFACTURING_STATE: self._set_state,
            abi.DECODE_CAPABILITIES: lambda blob: pack(self._check_capabilities(blob)),
            abi.INSTALL_CAPABILITIES: self._install_capabilities,
            abi.REVOKE_SIGNER: self._revoke_signer,
            abi.VERIFY_HYBRID_IMAGE: lambda roles, digest, signature, lms_digest, lms_key, lms_signature: self._verify_image(
                roles, digest, signature, image.LmsPart(lms_key, lms_signature, lms_digest)
            ),
        }

    def _state(self) -> int:
        """The lifecycle state as the fuses had it at the start or after the last change; nobody else can blow them."""
        return self._lifecycle

    def _set_state(self, state: int) -> None:
        try:
            fusemap.set_lifecycle(self._hardware.fuses, state)
        finally:
            self._lifecycle = fusemap.read_lifecycle(self._hardware.fuses)

    def _held(self) -> list[int]:
        return self._capabilities.in_force(self._state())

    def _set_postcode(self, code: int) -> None:
        self._postcode = code
        self._hardware.say("[PLUTON] POSTCODE " + "{:08x}".format(code))

    def _get_boot_mode_flags(self) -> int:
        flags = 0
        for stage in self._measured.stages:
            if stage.replica == partition.BACKUP:
                flags |= BACKUP_FLAGS.get(stage.image_type, 0)
        return flags

    # Measurements and what is bound to them.

    def _measure(self, image_type: int, digest: bytes, version: int, signer: bytes, name: str) -> None:
        now_us = self._hardware.clock.uptime_us()
        self._measured.add(Stage(image_type, digest, version, signer, partition.PRIMARY, now_us, now_us, name))

    def _get_measurements(self, index: int) -> tuple[int, int, bytes, int, bytes, str]:
        stages = self._measured.stages
        if index >= len(stages):
            return len(stages), 0, bytes(32), 0, bytes(32), ""
        stage = stages[index]
        return len(stages), stage.image_type, stage.digest, stage.version, stage.signer, stage.name

    def _seal(self, mask: int, data: bytes) -> bytes:
        return sealing.seal(self._keys, self._measured, self._random, mask, data)

    def _unseal(self, blob: bytes) -> bytes:
        return sealing.unseal(self._keys, self._measured, blob)

    # Counters.

    def _read_counter(self, component: bytes) -> int:
        place, _ = self._running.get(component, (component, 0))
        if isinstance(place, int):
            return fusemap.read_version(self._hardware.fuses, place)
        return self._storage.counter(place)

    def _advance_counter(self, component: bytes, value: int) -> None:
        place, running = self._running.get(component, (component, value))
        if value > running:
            raise Denied(
                "version " + str(value) + " of this component has not booted", RING, "counter.running",
                "running version " + str(running), "boot version " + str(value) + " first",
            )  # fmt: skip
        refuse_old(value, self._read_counter(component))
        if isinstance(place, int):
            fusemap.advance_version(self._hardware.fuses, place, value)
        else:
            self._storage.advance(place, value)

    # Images and capabilities.

    def _verify_image(
        self, roles: int, digest: bytes, signature: bytes, part: image.LmsPart | None = None
    ) -> tuple[bytes, int]:  # fmt: skip
        may_develop = abi.CAPABILITY_APP_DEVELOPMENT in self._held()
        allowed = roles if may_develop else roles & ~abi.ROLE_DEVELOPMENT
        try:
            key, signer = self._signers.find(allowed, digest, signature, lambda: part)
        except Untrusted as fault:
            if allowed != roles and fault.rule == NO_SIGNER:
                self._explain_development(digest, signature, part)
            raise
        is_development = not key.roles & roles & ~abi.ROLE_DEVELOPMENT
        return signer, 1 if is_development else 0

    def _explain_development(self, digest: bytes, signature: bytes, part: image.LmsPart | None) -> None:
        """Raise Denied if it is the missing capability that makes the difference."""
        self._signers.find(abi.ROLE_DEVELOPMENT, digest, signature, lambda: part)
        raise Denied(
            "signed by a development key, which this device does not accept", RING, "signer.development",
            "capability 11 (application development) is not held", "install a capability file with 11 for this device",
        )  # fmt: skip

    def _is_capability_enabled(self, capability: int) -> int:
        return 1 if capability in self._held() else 0

    def _check_capabilities(self, blob: bytes) -> list[int]:
        granted, parsed = self._capabilities.check(blob)
        if parsed.security_version < self._storage.counter(parsed.component):
            raise Untrusted("the capability file was withdrawn", RING, "capability.version", "counter of the component", "ask for a new one")
        return granted

    def _install_capabilities(self, blob: bytes) -> None:
        self._capabilities.install(self._check_capabilities(blob))

    def _load_capabilities(self) -> None:
        """Put in force the capability file that is installed in flash, if there is one."""
        flash, layout = self._hardware.flash, self._hardware.layout
        for _, entries, _ in partition.read_tables(flash, layout)[:1]:
            for entry in entries:
                if entry.image_type != image.FIRMWARE_CONFIG or entry.state != partition.INSTALLED:
                    continue
                try:
                    if entry.length > MOST_CAPABILITY_FILE or entry.offset + entry.length > flash.size:
                        continue
                    self._install_capabilities(bytes(flash.read(entry.offset, entry.length)))
                except Fault as fault:
                    self._hardware.say("[PLUTON] Capability file refused: " + explain(fault))

    def _revoke_signer(self, signer: bytes, signature: bytes) -> None:
        if not is_signed(KnownKey(self._root_public), native.sha256(REVOKE + signer), signature):
            raise Untrusted("the root key did not sign this order", RING, "revoke.root", "root key hash: fuse row 0", "have the root key sign it")
        if signer == native.sha256(self._root_public):
            raise Denied("the root key cannot be revoked", RING, "revoke.root", "", "")
        fusemap.revoke(self._hardware.fuses, signer)
        self._trust()

    # Identity.

    def _get_security_state(self) -> tuple[int, bytes, bytes]:
        return self._state(), self._keys.public(keys.GENERAL), self._device_id

    def _generate_client_auth_key(self) -> bytes:
        self._generated = self._storage.client + 1
        return self._keys.public(keys.client(self._generated))

    def _commit_client_auth_key(self) -> None:
        if not self._generated:
            raise OutOfOrder("no client authentication key was generated", RING, "client.generated", "", "generate one first")
        self._storage.use_client(self._generated)
        self._generated = 0

    def _sign_with_client_auth_key(self, digest: bytes) -> bytes:
        if not self._storage.client:
            raise OutOfOrder("no client authentication key is in use", RING, "client.committed", "", "attest and commit one first")
        return self._keys.sign(keys.client(self._storage.client), digest)

    def _process_attestation(self, nonce: bytes, tenants: bytes) -> bytes:
        """Evidence over the nonce. Names, and so generates, the next client authentication key."""
        if not self._measured.is_closed:
            raise OutOfOrder("boot is not done", RING, "attest.open", "measurements are open", "close the measurements first")
        wanted = attestation.tenants_of(tenants)
        self._boot_seed = self._boot_seed or self._random.read(32)
        state = self._state()
        signed = self._attestor.attest(
            nonce, state, self._boot_seed, self._measured.stages, self._storage.client + 1, wanted,
            self._capabilities.in_force(state)[:64],
        )  # fmt: skip
        self._generated = self._storage.client + 1
        return signed


def load(found: Found) -> bytes:
    """What a core is started on: the package, its length (u32) before it."""
    return len(found.package).to_bytes(4, "little") + found.package
