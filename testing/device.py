"""A device under test: what its owner can do with it, and what it says of itself.

`Device` has what both modes share; `LinkedDevice` runs in this process, in virtual time. `boxed` has the
one whose rings are confined processes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from armillary import native
from armillary.boards.sim import linked
from armillary.hal.sim.network import LinkedNetwork
from armillary.hal.sim.power import PowerLost
from armillary.wire import guid, image
from armillary.wire.call import BULK
from armillary.wire.fault import Fault

from . import records
from .board import Board, LinkedBoard, NotPossible
from .makings import Made, Makings, component

if TYPE_CHECKING:
    from .service import SecurityService

App = str | Path | bytes
INSTALL_S = 30.0


class Device(ABC):
    """One secured device on its `board`. `id` is its public key, as 128 hex digits."""

    board: Board

    def __init__(self, makings: Makings, made: Made, beside: Path) -> None:
        """`beside` is the folder in which apps are looked for first."""
        self.id = made.device_id.hex()
        self.made = made
        self.service: SecurityService | None = None  # set by the service that claims the device
        self.makings = makings
        self._beside = beside
        self._packages: dict[bytes, bytes] = {}  # component: package
        self._has_run = False
        self._denials: list[records.Denial] = []

    def install(self, app: App, version: int = 1, arguments: list[str] | None = None) -> str:
        """Install an app: a folder's name or path, or a signed package. Returns its image id.

        Before the first power-on this happens in the factory. A device that runs gets it the lawful way:
        from its service if the test has one, else (linked) through the monitor's staging. Raises what the
        device refused it with (Fault), AppProblem, NotPossible.
        """
        package = self.makings.package(app, self._beside, version, arguments)
        if not self._has_run:
            self._packages[component(package)] = package
            self._provision(list(self._packages.values()))
        elif not self.is_on:
            raise NotPossible("the device is off: power it on, then install")
        elif self.service is not None:
            self._install_by_service(self.service, package)
        else:
            self._stage(package)
        return guid.to_text(image.parse(package).image)

    def package(self, app: App, version: int = 1, arguments: list[str] | None = None) -> bytes:
        """The signed package that `install` would install."""
        return self.makings.package(app, self._beside, version, arguments)

    @property
    @abstractmethod
    def is_on(self) -> bool:
        """Whether the device has power and has not given up."""

    @abstractmethod
    def power_on(self) -> None:
        """Apply power and let the device boot. One that cannot boot is off again; `log` says why."""

    @abstractmethod
    def power_off(self) -> None:
        """Cut the power."""

    @abstractmethod
    def run(self, seconds: float) -> None:
        """Let `seconds` pass: of virtual time if linked, of the test's own life if boxed."""

    @abstractmethod
    def run_until(self, is_there: Callable[[], object], timeout: float = INSTALL_S) -> bool:
        """Let time pass until `is_there()` is true; False if it was not within `timeout` seconds."""

    @abstractmethod
    def close(self) -> None:
        """Power off and let everything go."""

    @property
    def log(self) -> str:
        """All that the debug UART said: boot stages, the kernel's lines, the apps' lines."""
        return self.board.uart

    def lines(self, app: str) -> list[str]:
        """The lines that the app of this name wrote."""
        return records.app_lines(self.log, app)

    @property
    def crashes(self) -> list[records.Crash]:
        """Every crash of an app, in order."""
        return records.crashes(self.log)

    @property
    def denials(self) -> list[records.Denial]:
        """What a rule refused: requests of apps in order, then apps and updates that the kernel turned away."""
        return self._denials + records.refusals(self.log)

    def is_installed(self, image_id: str) -> bool:
        """Whether the flash's table names this image as an installed one."""
        return guid.to_bytes(image_id) in [entry.image for entry in self.board.images()]

    def _install_by_service(self, service: SecurityService, package: bytes) -> None:
        image_id = service.upload(package)
        service.deploy_also(image_id, package)
        if not self.run_until(lambda: self.is_installed(image_id)):
            raise NotPossible(f"image {image_id} was not installed within {INSTALL_S:.0f} s; the device said: {self.log[-500:]}")

    @abstractmethod
    def _provision(self, packages: list[bytes]) -> None: ...

    @abstractmethod
    def _stage(self, package: bytes) -> None: ...


class LinkedDevice(Device):
    """All rings in this process. `silicon` is the chip; `trace` keeps every crossing as (µs of uptime, ring,
    caller, call, arguments, refusal or ""), if asked for."""

    board: LinkedBoard

    def __init__(self, makings: Makings, made: Made, beside: Path, trace: bool = False) -> None:
        super().__init__(makings, made, beside)
        network = LinkedNetwork({})
        self.silicon = makings.silicon(made.recipe.seed, made.saved, network)
        self.board = LinkedBoard(self.silicon, network)
        self.trace: list[tuple[int, str, str, str, tuple[Any, ...], str]] | None = [] if trace else None
        config = makings.config(made.recipe)
        self.rings = linked.LinkedDevice(self.silicon, config, self._crossed)

    @property
    def is_on(self) -> bool:
        return self.rings.is_on

    def power_on(self) -> None:
        self._has_run = True
        self.board.begin()
        if native.warning():
            self.silicon.uarts[0].write(f"[BOARD] WARNING: {native.warning()}\n".encode())
        self._live(self.rings.power_on)

    def power_off(self) -> None:
        self.rings.power_off()

    def run(self, seconds: float) -> None:
        self._live(lambda: self.rings.run(seconds))

    def run_until(self, is_there: Callable[[], object], timeout: float = INSTALL_S) -> bool:
        self._live(lambda: self.rings.run_until(lambda: bool(is_there()), timeout))
        return bool(is_there())

    def close(self) -> None:
        self.rings.close()

    def _live(self, action: Callable[[], object]) -> None:
        """Let the device do something. What ends it is not the test's failure: it is off, and says why."""
        try:
            action()
        except PowerLost:
            pass
        except Fault as fault:
            self.silicon.uarts[0].write(f"[board] the device stays off: {fault}\n".encode())

    def _provision(self, packages: list[bytes]) -> None:
        self.silicon.restore(self.makings.provision(self.made, packages))

    def _stage(self, package: bytes) -> None:
        monitor, kernel = self.rings.monitor_port, self.rings.kernel
        handle = monitor.open_for_staging(len(package))
        for at in range(0, len(package), BULK):
            monitor.write_block(handle, at, package[at : at + BULK])
        identity, _, _ = monitor.commit_staging(handle)
        monitor.install_staged()
        kernel.applications.replace(identity)

    def _crossed(self, ring: str, caller: str, call: Any, arguments: tuple[Any, ...], fault: Any) -> None:
        if self.trace is not None:
            name = call.name if call is not None else "?"
            now = self.silicon.clock.uptime_us()
            self.trace.append((now, ring, caller, name, tuple(arguments), str(fault or "")))
        if fault is not None and fault.rule and ring == "kernel":
            self._denials.append(records.of(fault))
