"""The security monitor: boots the kernel on verified images and keeps what the kernel may not touch.

The kernel is hostile. Each call of the gate is checked here or by Pluton, on our own copies, and no
call gives the kernel more than the words beside it in `abi.py` say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire import image
from ..wire.call import Gate
from ..wire.fault import Failed, Fault
from ..wire.stage import Stage
from . import abi
from .images import HeldImages
from .log import MOST_RECORD, Log
from .ownership import Ownership
from .policy import BOOTED, KINDS
from .realtime import RealTime
from .staging import CONFIRM, REMOVE, Staging
from .storage import Storage
from .store import Store
from .system import System
from .telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from ..pluton.port import PlutonPort
    from ..wire.call import Call
    from .hardware import Hardware
    from .verify import Verified

    Observer = Callable[[str, Call | None, tuple[Any, ...], Fault | None], None]

RING = "monitor"
KERNEL_CORE = 2
WATCHDOG_MS = 10_000
RESET_FALLBACK = 0x40  # reason of the reset that ends the trial of a set that does not verify

# Boot progress codes given to Pluton.
OPENED, CHOSEN, STARTED = 0x4D01, 0x4D02, 0x4D03


class Monitor:
    """Ring 2. Make it, `boot` it, and serve `gate("kernel")`."""

    def __init__(self, hardware: Hardware, pluton: PlutonPort) -> None:
        self._hardware = hardware
        self._pluton = pluton
        self.log = Log(hardware.flash, hardware.layout)
        self.telemetry = Telemetry(hardware.flash, hardware.layout)
        self.store = Store(hardware.flash, hardware.layout, pluton)
        self.ownership = Ownership(hardware.pins, hardware.pin_numbers)
        self.realtime = RealTime(hardware.cores, self.store, self.ownership, self._print, self._tell)
        self.staging = Staging(self.store, self.realtime.is_restart_due)
        self.images = HeldImages(self.store)
        self.storage = Storage(hardware.flash, hardware.layout)
        self.system = System(self.store, pluton, self._tell, self._fall_back)

    def boot(self) -> None:
        """Open the store, verify and measure what comes next, and start the kernel's core on it.

        Raises Failed, with everything that was tried, if there is no usable set of images.
        """
        self._hardware.watchdog.start(WATCHDOG_MS)
        self._open()
        self._pluton.set_postcode(OPENED)
        load = self._load()
        self._pluton.set_postcode(CHOSEN)
        self._divide()
        self._pluton.close_measurements()
        self._pluton.set_postcode(STARTED)
        self._hardware.cores.start(KERNEL_CORE, load)

    def gate(self, caller: str, observe: Observer | None = None) -> Gate:
        """The smc gate for one caller; `observe` sees every crossing."""
        table: dict[Call, Any] = {}  # Any: a method of any of the calls' layouts
        for part in (self._own_calls(), self._store_calls(), self._realtime_calls(), self._relayed_calls()):
            table.update(part)
        return Gate(RING, caller, table, observe)

    def _own_calls(self) -> dict[Call, Any]:
        return {
            abi.GET_VERSION: lambda: self.system.version(image.SECURITY_MONITOR),
            abi.RESET: self._hardware.chip.reset,
            abi.WRITE_LOG: self.log.append,
            abi.GET_LOG_SIZE: self.log.size,
            abi.GET_LOG_DATA: self.log.read,
            abi.GET_ROLLBACK_INFO: self._rollback_info,
            abi.RECORD_TELEMETRY: self.telemetry.record,
            abi.GET_TELEMETRY: self.telemetry.get,
            abi.RESET_TELEMETRY: self.telemetry.forget,
            abi.PERIPHERAL_ACQUIRE: self.ownership.acquire,
            abi.PERIPHERAL_RELEASE: self.ownership.release,
            abi.PERIPHERAL_LOCK: self.ownership.lock,
            abi.TEND_WATCHDOG: self._hardware.watchdog.tend,
            abi.STORAGE_READ: self.storage.read,
            abi.STORAGE_WRITE: self.storage.write,
            abi.STORAGE_DELETE: self.storage.delete,
        }

    def _store_calls(self) -> dict[Call, Any]:
        return {
            abi.LIST_IMAGES: self.store.listing,
            abi.INVALIDATE_IMAGE: self._invalidate,
            abi.OPEN_FOR_STAGING: self.staging.open,
            abi.WRITE_BLOCK: self.staging.write,
            abi.COMMIT_STAGING: self.staging.commit,
            abi.ABORT_STAGING: self.staging.abort,
            abi.INSTALL_STAGED: self.staging.install,
            abi.OPEN_IMAGE: self.images.open,
            abi.READ_IMAGE: self.images.read,
            abi.CLOSE_IMAGE: self.images.close,
            abi.CONFIRM_BOOT: self._confirm_boot,
            abi.CONFIRM_APPLICATION: self.store.confirm_application,
            abi.REVERT_APPLICATION: self._revert_application,
        }

    def _realtime_calls(self) -> dict[Call, Any]:
        return {
            abi.REALTIME_START: self.realtime.start,
            abi.REALTIME_STOP: self.realtime.stop,
            abi.REALTIME_STATUS: self.realtime.status,
            abi.REALTIME_REPORT: self.realtime.report,
            abi.REALTIME_DENIAL: self.realtime.denial,
            abi.REALTIME_SHARE: self.realtime.share,
        }

    def _relayed_calls(self) -> dict[Call, Any]:
        """Calls that Pluton answers; the gate has checked the caller and the layout, Pluton the rest."""
        pluton = self._pluton
        return {
            abi.DERIVE_KEY: pluton.derive_key,
            abi.READ_RNG: pluton.read_rng,
            abi.GET_SECURITY_STATE: pluton.get_security_state,
            abi.GET_CAPABILITIES: pluton.get_enabled_capabilities,
            abi.GENERATE_CLIENT_AUTH_KEY: pluton.generate_client_auth_key,
            abi.COMMIT_CLIENT_AUTH_KEY: pluton.commit_client_auth_key,
            abi.ATTEST: pluton.process_attestation,
            abi.SIGN_WITH_CLIENT_AUTH_KEY: pluton.sign_with_client_auth_key,
            abi.GET_TENANT_PUBLIC_KEY: pluton.get_tenant_public_key,
            abi.SIGN_WITH_TENANT_KEY: pluton.sign_with_tenant_attestation_key,
            abi.INSTALL_CAPABILITIES: pluton.install_capabilities,
        }

    def _open(self) -> None:
        try:
            self.store.locator.open()
        except Failed as fault:
            self._print(str(fault))
            raise
        self.log.open()
        self.storage.open()
        self.staging.resume()

    def _divide(self) -> None:
        """Who has which pin: on a device that is frozen, now and till the reset."""
        if self.ownership.is_frozen_by(self._pluton):
            self.realtime.divide()
            self.ownership.freeze()

    def _load(self) -> bytes:
        """The load for the kernel's core: each package with its length before it. Measures each."""
        started = self._hardware.clock.uptime_us()
        try:
            chosen = self.system.choose()
        except Failed as fault:
            self._print(str(fault))
            raise
        load = []
        for image_type, verified in zip(BOOTED, chosen):
            self._measure(image_type, verified, started)
            started = self._hardware.clock.uptime_us()
            load.append(len(verified.data).to_bytes(4, "little"))
            load.append(verified.data)
        return b"".join(load)

    def _measure(self, image_type: int, verified: Verified, started: int) -> None:
        package = verified.package
        name = KINDS[image_type].name
        self._pluton.measure(image_type, verified.digest, package.security_version, verified.signer, name)
        stage = Stage(image_type, verified.digest, package.security_version, verified.signer,
                      self.system.stand_ins[image_type], started, self._hardware.clock.uptime_us(),
                      name.replace(" ", "-"))  # fmt: skip
        self._hardware.uart.write(stage.line(RING).encode())

    def _rollback_info(self) -> tuple[int, int, str]:
        reason = self.system.rolled_back
        return int(bool(reason)), self.system.backup_used, reason[:256]

    def _invalidate(self, component: bytes) -> None:
        self.staging.require(REMOVE)
        self.store.invalidate(component)
        self.staging.settle()
        self.realtime.lost(component)

    def _revert_application(self, component: bytes) -> int:
        self.store.revert_application(component)
        self.realtime.lost(component)
        return int(self.realtime.is_restart_due([component]))

    def _confirm_boot(self) -> None:
        self.staging.require(CONFIRM)
        self.system.confirm()

    def _fall_back(self) -> None:
        self._hardware.chip.reset(RESET_FALLBACK)

    def _tell(self, words: str) -> None:
        """Say something to whoever watches the debug UART, and keep it in the log."""
        self._print(words)
        try:
            self.log.append(("[monitor] " + words + "\n").encode()[:MOST_RECORD])
        except Failed:
            self._print("the log cannot be written")  # no reason not to boot

    def _print(self, words: str) -> None:
        self._hardware.uart.write(("[monitor] " + words + "\n").encode())
