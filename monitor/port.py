"""The kernel's side of the `smc` gate: one method for each call of `monitor.abi`.

Every method raises the Fault that the monitor answered with. Methods that move more than one
message's worth of bytes say so; the others are one call each.
"""

from __future__ import annotations

from ..wire.call import BULK, Port
from ..wire.fault import Failed, NotFound
from . import abi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Held:
    """A verified image that the monitor holds for us: handle, length in bytes, security version,
    and whether a development key signed it."""

    def __init__(self, handle: int, length: int, version: int, is_development: int) -> None:
        self.handle = handle
        self.length = length
        self.version = version
        self.is_development = bool(is_development)


class Listed:
    """One image in the monitor's store; `state` and `replica` as in `wire.partition`."""

    def __init__(
        self, component: bytes, image: bytes, image_type: int, state: int, version: int, length: int, replica: int
    ) -> None:
        self.component = component
        self.image = image
        self.image_type = image_type
        self.state = state
        self.version = version
        self.length = length
        self.replica = replica


class MonitorPort(Port):
    """Calls to the security monitor over `link` (request bytes to reply bytes)."""

    def _ask(self, call: Any, *arguments: Any) -> Any:  # Any: the call's layout fixes the types
        return self.call(call, *arguments)

    # -- the device -------------------------------------------------------------------------

    def get_version(self) -> int:
        """Security version of the running monitor."""
        return int(self._ask(abi.GET_VERSION))

    def reset(self, reason: int) -> None:
        """Reset the device."""
        self._ask(abi.RESET, reason)

    def tend_watchdog(self) -> None:
        """Say that the kernel is alive."""
        self._ask(abi.TEND_WATCHDOG)

    def get_rollback_info(self) -> tuple[bool, int, str]:
        """(fell back to previous images, backups used, why) of this boot."""
        rolled_back, backup_used, reason = self._ask(abi.GET_ROLLBACK_INFO)
        return bool(rolled_back), backup_used, reason

    def confirm_boot(self) -> None:
        """Say that this set of OS images works."""
        self._ask(abi.CONFIRM_BOOT)

    # -- the log that survives a reset --------------------------------------------------------

    def write_log(self, data: bytes) -> None:
        """Append one record of at most 1024 bytes."""
        self._ask(abi.WRITE_LOG, data)

    def get_log_size(self) -> int:
        """Bytes in the log."""
        return int(self._ask(abi.GET_LOG_SIZE))

    def get_log_data(self, offset: int, length: int) -> bytes:
        """At most `length` (1..4000) bytes of the log from `offset`."""
        return bytes(self._ask(abi.GET_LOG_DATA, offset, length))

    def read_log(self) -> bytes:
        """The whole log, in as many calls as it takes."""
        out = bytearray()
        size = self.get_log_size()
        while len(out) < size:
            part = self.get_log_data(len(out), min(BULK, size - len(out)))
            if not part:
                break  # it was cut while we read
            out.extend(part)
        return bytes(out)

    # -- events that wait to be reported --------------------------------------------------------

    def record_telemetry(self, data: bytes) -> int:
        """Keep an event over a reset: its number. Raises Full if it is too long."""
        at = 0
        while len(data) - at > BULK:
            self._ask(abi.RECORD_TELEMETRY, data[at : at + BULK], 0)
            at += BULK
        return int(self._ask(abi.RECORD_TELEMETRY, data[at:], 1))

    def get_telemetry(self, after: int) -> tuple[int, bytes]:
        """(number, bytes) of the oldest event kept whose number is above `after`; (0, nothing) if there is none."""
        number, size, data = self._ask(abi.GET_TELEMETRY, after, 0)
        out = bytearray(data)
        while len(out) < size:
            again, _, data = self._ask(abi.GET_TELEMETRY, after, len(out))
            if again != number or not data:
                raise Failed("an event changed while it was read")
            out.extend(data)
        return int(number), bytes(out)

    def reset_telemetry(self, number: int) -> None:
        """All events up to `number` are done with."""
        self._ask(abi.RESET_TELEMETRY, number)

    # -- images ---------------------------------------------------------------------------------

    def list_images(self) -> list[Listed]:
        """Every image in the store, one call each."""
        found: list[Listed] = []
        count = 1
        while len(found) < count:
            try:
                row = self._ask(abi.LIST_IMAGES, len(found))
            except NotFound:
                break  # there are none, or one was removed while we read
            count = row[0]
            found.append(Listed(*row[1:]))
        return found

    def invalidate_image(self, component: bytes) -> None:
        """Remove an application's images."""
        self._ask(abi.INVALIDATE_IMAGE, component)

    def open_for_staging(self, length: int) -> int:
        """A staging handle with room for `length` bytes."""
        return int(self._ask(abi.OPEN_FOR_STAGING, length))

    def write_block(self, handle: int, offset: int, data: bytes) -> None:
        """Write the next at most 4000 bytes of the staged package."""
        self._ask(abi.WRITE_BLOCK, handle, offset, data)

    def commit_staging(self, handle: int) -> tuple[bytes, bytes, int]:
        """(component, image, version) of the package just staged. Raises Untrusted, Rollback, Denied."""
        component, image, version = self._ask(abi.COMMIT_STAGING, handle)
        return component, image, version

    def abort_staging(self, handle: int) -> None:
        """Discard what was written."""
        self._ask(abi.ABORT_STAGING, handle)

    def install_staged(self) -> tuple[int, bool]:
        """(images installed, whether the device must restart)."""
        count, restart = self._ask(abi.INSTALL_STAGED)
        return count, bool(restart)

    def open_image(self, component: bytes) -> Held:
        """Have the component's installed image verified now, and held for reading."""
        return Held(*self._ask(abi.OPEN_IMAGE, component))

    def read_image(self, handle: int, offset: int, length: int) -> bytes:
        """At most `length` (1..4000) bytes of a held image."""
        return bytes(self._ask(abi.READ_IMAGE, handle, offset, length))

    def close_image(self, handle: int) -> None:
        """Let a held image go."""
        self._ask(abi.CLOSE_IMAGE, handle)

    def read_package(self, component: bytes) -> tuple[bytes, Held]:
        """The whole verified package of a component, and what the monitor said of it."""
        held = self.open_image(component)
        try:
            out = bytearray()
            while len(out) < held.length:
                part = self.read_image(held.handle, len(out), min(BULK, held.length - len(out)))
                if not part:
                    raise Failed("a held image ended early")
                out.extend(part)
        finally:
            self.close_image(held.handle)
        return bytes(out), held

    def confirm_application(self, component: bytes) -> None:
        """Say that this application image works."""
        self._ask(abi.CONFIRM_APPLICATION, component)

    def revert_application(self, component: bytes) -> bool:
        """Go back to the previous image of an application. Whether it can run only after a restart of the device."""
        return bool(self._ask(abi.REVERT_APPLICATION, component))

    # -- peripherals --------------------------------------------------------------------------

    def peripheral_acquire(self, kind: int, index: int) -> None:
        """Have a peripheral given to the kernel. Kind 1 is GPIO."""
        self._ask(abi.PERIPHERAL_ACQUIRE, kind, index)

    def peripheral_release(self, kind: int, index: int) -> None:
        """Give it back."""
        self._ask(abi.PERIPHERAL_RELEASE, kind, index)

    def peripheral_lock_config(self) -> None:
        """Freeze ownership until the next reset."""
        self._ask(abi.PERIPHERAL_LOCK)

    # -- real-time cores ------------------------------------------------------------------------

    def realtime_start(self, component: bytes) -> int:
        """Start an installed real-time app; returns its core, 0 or 1. Raises Locked if a restart is due."""
        return int(self._ask(abi.REALTIME_START, component))

    def realtime_stop(self, component: bytes) -> None:
        """Stop it. Raises NotFound if it does not run."""
        self._ask(abi.REALTIME_STOP, component)

    def realtime_status(self, component: bytes) -> tuple[int, int, str, int, int]:
        """(core or 255, state, why, refused accesses, resets of the core since its start): state 0 stopped, 1 running,
        2 dead. Raises NotFound."""
        core, state, reason, denials, resets = self._ask(abi.REALTIME_STATUS, component)
        return core, state, reason, denials, resets

    def realtime_report(self, component: bytes) -> str:
        """The whole report on its death, in as many calls as it takes; empty while it lives."""
        out = bytearray()
        size = 1
        while len(out) < size:
            size, data = self._ask(abi.REALTIME_REPORT, component, len(out))
            if not data:
                break
            out.extend(data)
        return bytes(out).decode()

    def realtime_denial(self, component: bytes, index: int) -> tuple[int, bool, int, int, str, str]:
        """Refused access `index`: (address, is it a write, pc, count, register, policy)."""
        address, is_write, pc, count, register, policy = self._ask(abi.REALTIME_DENIAL, component, index)
        return address, bool(is_write), pc, count, register, policy

    def realtime_share(self, component: bytes) -> tuple[int, int]:
        """(address, length) of the memory for its rings, now open to it. Raises Denied if it may not talk."""
        address, length = self._ask(abi.REALTIME_SHARE, component)
        return address, length

    # -- a component's mutable file ---------------------------------------------------------------

    def derive_key(self, component: bytes, generation: int) -> bytes:
        """The 32-byte storage key of a component."""
        return bytes(self._ask(abi.DERIVE_KEY, component, generation))

    def storage_read(self, component: bytes, offset: int, length: int) -> tuple[int, bytes]:
        """(size of the whole, at most `length` (1..4000) bytes from `offset`). Raises NotFound."""
        size, data = self._ask(abi.STORAGE_READ, component, offset, length)
        return size, data

    def storage_write(self, component: bytes, data: bytes, last: bool) -> None:
        """Write the next part of a new content; with `last` it replaces the old one in one step."""
        self._ask(abi.STORAGE_WRITE, component, data, int(last))

    def storage_delete(self, component: bytes) -> None:
        """Delete the file. Raises NotFound."""
        self._ask(abi.STORAGE_DELETE, component)

    def storage_load(self, component: bytes) -> bytes:
        """The whole file, in as many calls as it takes. Raises NotFound."""
        size, data = self.storage_read(component, 0, BULK)
        out = bytearray(data)
        while len(out) < size:
            size, data = self.storage_read(component, len(out), min(BULK, size - len(out)))
            if not data:
                break
            out.extend(data)
        return bytes(out)

    def storage_replace(self, component: bytes, data: bytes) -> None:
        """Replace the whole file by `data`: after a power cut it is the old one or the new one."""
        at = 0
        while True:
            part = data[at : at + BULK]
            at += len(part)
            self.storage_write(component, part, at >= len(data))
            if at >= len(data):
                return

    # -- passed on to Pluton ------------------------------------------------------------------------

    def read_rng(self, length: int) -> bytes:
        """`length` (1..1024) random bytes."""
        return bytes(self._ask(abi.READ_RNG, length))

    def get_security_state(self) -> tuple[int, bytes, bytes]:
        """(lifecycle state, general public key, attestation public key)."""
        state, general, attestation = self._ask(abi.GET_SECURITY_STATE)
        return state, general, attestation

    def get_enabled_capabilities(self) -> list[int]:
        """The device capabilities held."""
        packed = self._ask(abi.GET_CAPABILITIES)
        return [packed[at] | packed[at + 1] << 8 for at in range(0, len(packed) - 1, 2)]

    def generate_client_auth_key(self) -> bytes:
        """Make the next client authentication key; its public half (64 bytes)."""
        return bytes(self._ask(abi.GENERATE_CLIENT_AUTH_KEY))

    def commit_client_auth_key(self) -> None:
        """Use it from now on."""
        self._ask(abi.COMMIT_CLIENT_AUTH_KEY)

    def process_attestation(self, nonce: bytes, tenants: bytes) -> bytes:
        """Evidence over `nonce` (at most 64 bytes) naming `tenants` (16 bytes each, at most 8)."""
        return bytes(self._ask(abi.ATTEST, nonce, tenants))

    def sign_with_client_auth_key(self, digest: bytes) -> bytes:
        """Raw r||s by this device over a SHA-256 digest."""
        return bytes(self._ask(abi.SIGN_WITH_CLIENT_AUTH_KEY, digest))

    def get_tenant_public_key(self, tenant: bytes) -> bytes:
        """Public half (64 bytes) of a tenant's key."""
        return bytes(self._ask(abi.GET_TENANT_PUBLIC_KEY, tenant))

    def sign_with_tenant_key(self, tenant: bytes, digest: bytes) -> bytes:
        """Raw r||s as a tenant over a SHA-256 digest. Only the kernel vouches for the tenant."""
        return bytes(self._ask(abi.SIGN_WITH_TENANT_KEY, tenant, digest))

    def install_capabilities(self, blob: bytes) -> None:
        """Hand Pluton a capability file. Raises Untrusted, Denied."""
        self._ask(abi.INSTALL_CAPABILITIES, blob)
