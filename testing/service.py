"""The security service of a test: the real one, in this process.

A linked device reaches it through a TLS peer in memory and shares its virtual clock with it; a boxed device
reaches a real server on the loopback address. Keys and certificates are made once a session.
"""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from armillary.boards.sim.device import SERVICE_NAME
from armillary.hal.sim.clock import EPOCH_MS
from armillary.service import folder as folders
from armillary.service import tls
from armillary.service.client import OperatorClient
from armillary.service.core import Service
from armillary.service.http import Door, Head, Request, Response
from armillary.service.peer import TlsPeer
from armillary.service.routes import make_door
from armillary.service.server import Server
from armillary.wire import image

from .board import NotPossible
from .device import App, Device, LinkedDevice

if TYPE_CHECKING:
    import pytest

HOUR_S = 3600
Row = dict[str, Any]  # JSON


class _Answer:
    """A door's response as `http.client` would give it."""

    def __init__(self, response: Response) -> None:
        self.status = response.status
        self._body = response.body

    def read(self, most: int) -> bytes:
        return self._body[:most]


class _DoorConnection:
    """What `OperatorClient` needs of a connection, with no network below."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def request(self, method: str, path: str, data: bytes | None, headers: dict[str, str]) -> None:
        lower = {name.lower(): value for name, value in headers.items()}
        self._response = self._door.handle(Request(Head(method, path, lower), data or b""))

    def getresponse(self) -> _Answer:
        return _Answer(self._response)

    def close(self) -> None:
        pass


class DoorClient(OperatorClient):
    """An operator who stands at the door itself."""

    def __init__(self, door: Door, token: str) -> None:
        self._connection: Any = _DoorConnection(door)
        self._token = token


class SecurityService:
    """A service with one catalog and one group, in which `device` is claimed.

    `operator` is the administrator's client, for everything that has no method here. `core` is the service
    itself, for tests that break it.
    """

    def __init__(
        self, core: Service, operator: OperatorClient, device: Device, place: Server | Callable[[], TlsPeer]
    ) -> None:
        """`place` is where devices find it: a server, or what makes a peer for each connection."""
        self.core = core
        self.operator = operator
        self.device = device
        self._place = place
        self._is_closed = False
        self._deployed: dict[bytes, str] = {}  # component: image id
        self.catalog = str(operator.create_catalog("test")["id"])
        product = operator.create_product("product", self.catalog)["id"]
        self.group = str(operator.create_group("field", product)["id"])
        key = device.makings.vendor.app
        operator.add_key(key.public.hex(), key.thumbprint.hex(), self.catalog)
        operator.create_release("1.0", device.made.system.components())
        self.claim(device)

    def claim(self, device: Device) -> None:
        """Take one more device into the group, and put the service on its network."""
        self.operator.claim(device.id, self.group)
        device.service = self
        self.join_network(device)

    def join_network(self, device: Device) -> None:
        """Be the host that the device knows as its service (again)."""
        if isinstance(self._place, Server):
            device.board.address(*SERVICE_NAME, *self._place.address)
        else:
            device.board.connect(*SERVICE_NAME, self._peer)

    def upload(self, app: App, version: int = 1, arguments: list[str] | None = None) -> str:
        """Sign an app and upload it; its image id. Raises ServiceError."""
        return str(self.operator.upload(self.device.package(app, version, arguments), self.catalog)["image"])

    def deploy(self, *images: str) -> None:
        """The devices are to have exactly these images. Raises ServiceError."""
        self._deployed = {}
        self.operator.deploy(self.group, images)

    def deploy_also(self, image_id: str, package: bytes) -> None:
        """This image too, in the place of an older one of the same app."""
        self._deployed[image.parse(package).component] = image_id
        self.operator.deploy(self.group, list(self._deployed.values()))

    def reports(self, kind: str | None = None, device: Device | None = None) -> list[Row]:
        """What the device reported, the latest first. Kinds: "denial", "crash", "update", "boot"; those of kind
        "attestation" the service wrote itself."""
        rows: list[Row] = self.operator.reports((device or self.device).id, kind)["reports"]
        return rows

    def certificates(self, device: Device | None = None) -> list[Row]:
        """The device's certificates in force, the newest first."""
        return self.operator.certificates((device or self.device).id)

    def verdict(self, device: Device | None = None) -> Row | None:
        """How the service judged the device's latest evidence; None before there was any."""
        found: Row | None = self.operator.device((device or self.device).id)["attestation"]
        return found

    def close(self) -> None:
        """End it. The devices stay, and find nobody there."""
        self.operator.close()
        self._is_closed = True
        if isinstance(self._place, Server):
            self._place.stop()
        self.core.close()

    def _peer(self) -> TlsPeer | None:
        return None if self._is_closed or isinstance(self._place, Server) else self._place()


def root_of(request: pytest.FixtureRequest, mode: str) -> bytes:
    """The root certificate (PEM) of the services of this session."""
    return (_template(request, mode) / "root.pem").read_bytes()


def serve(request: pytest.FixtureRequest, device: Device, folder: Path) -> SecurityService:
    """A new service for `device`."""
    mode = "linked" if isinstance(device, LinkedDevice) else "boxed"
    if device.made.recipe.root != root_of(request, mode):
        raise NotPossible("the device does not know the service: name the fixture `service` among the test's arguments")
    path = folder / "service"
    shutil.copytree(_template(request, mode), path)
    if isinstance(device, LinkedDevice):
        return _serve_linked(path, device)
    return _serve_boxed(path, device)


def _serve_linked(path: Path, device: LinkedDevice) -> SecurityService:
    clock = device.silicon.clock
    core = Service.open(path, lambda: int(clock.unix_ms() // 1000), secrets.token_bytes)
    door = make_door(core)
    context = tls.server_context(core.keys, owns_clock=False)
    return SecurityService(core, DoorClient(door, _token(path)), device, lambda: TlsPeer(door, context))


def _serve_boxed(path: Path, device: Any) -> SecurityService:
    core = Service.open(path)
    server = Server(core)
    server.start()
    context = tls.client_context((path / "root.pem").read_text())
    operator = OperatorClient(*server.address, _token(path), context)
    return SecurityService(core, operator, device, server)


def _token(path: Path) -> str:
    return (path / "operator.token").read_text().strip()


def _template(request: pytest.FixtureRequest, mode: str) -> Path:
    """The folder of a service whose keys and certificates were made an hour ago, on the clock of `mode`."""
    return request.getfixturevalue("armillary_services")(mode)  # type: ignore[no-any-return]  # pytest's answer is Any


def make_template(path: Path, mode: str) -> Path:
    """A new such folder."""
    now = EPOCH_MS // 1000 if mode == "linked" else int(time.time())
    folders.init(path, (), now - HOUR_S, secrets.token_bytes)
    return path
