"""The workbench of the demo: a vendor, a service, a board, and eyes outside every ring."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from armillary.boards import apps
from armillary.boards.keys import Vendor
from armillary.boards.sim import client, device, facts
from armillary.service import folder as service_folder
from armillary.service import tls
from armillary.service.client import OperatorClient
from armillary.service.core import Service
from armillary.service.server import Server
from armillary.wire import partition

LED = 8
T = TypeVar("T")
# The kernel asks for updates once a day; nobody would watch that long. Signed with the kernel's image.
CONFIG = {"update_poll_s": 1, "update_retry_s": 1, "attest_retry_s": 1, "report_every_s": 1, "probation_ms": 500}


class NotSo(Exception):
    """A step did not hold: what was expected and what was seen."""


def expect(holds: object, what: str) -> None:
    """Raise NotSo unless `holds`."""
    if not holds:
        raise NotSo(what)


class Workbench:
    """Everything the steps share. `close` ends what was started; the folder is the caller's."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.device_folder = folder / "device"
        self.vendor = Vendor.generate()
        self.device_id = ""
        self.catalog = ""
        self.group = ""
        self.system: device.System | None = None
        self.board: client.Board | None = None
        self.server: Server | None = None
        self.service: Service | None = None
        self.operator: OperatorClient | None = None
        self.versions: dict[str, str] = {}  # label: image id

    def make_service(self) -> bytes:
        """Make the service's folder; its root certificate, PEM."""
        service_folder.init(self.folder / "service", [], int(time.time()), secrets.token_bytes)
        return (self.folder / "service" / "root.pem").read_bytes()

    def start_service(self) -> tuple[str, int]:
        """Serve on a free loopback port, and connect as the operator."""
        self.service = Service.open(self.folder / "service")
        self.server = Server(self.service)
        self.server.start()
        host, port = self.server.address
        token = (self.folder / "service" / "operator.token").read_text().strip()
        context = tls.client_context((self.folder / "service" / "root.pem").read_text())
        self.operator = OperatorClient(host, port, token, context)
        return host, port

    def start_board(self) -> client.Board:
        """Start the supervisor, power off."""
        self.board = client.start(self.device_folder, power=False)
        return self.board

    def close(self) -> None:
        """End what was started."""
        if self.board is not None:
            self.board.close()
            client.stop(self.device_folder)
            if self.board.process is not None:
                self.board.process.wait(10)
        if self.operator is not None:
            self.operator.close()
        if self.server is not None:
            self.server.stop()
        if self.service is not None:
            self.service.close()

    # What the steps need of what is certainly there by then.

    @property
    def hands(self) -> client.Board:
        """The running board. Raises NotSo."""
        if self.board is None:
            raise NotSo("the board is not running: an earlier step failed")
        return self.board

    @property
    def clerk(self) -> OperatorClient:
        """The operator's connection. Raises NotSo."""
        if self.operator is None:
            raise NotSo("the service is not running: an earlier step failed")
        return self.operator

    @property
    def release(self) -> device.System:
        """The operating system in use. Raises NotSo."""
        if self.system is None:
            raise NotSo("no system was packed: an earlier step failed")
        return self.system

    def pack(self, label: str, sample: str, version: int, arguments: list[str] | None = None) -> str:
        """Pack, sign and upload a sample; its image id, also kept under `label`."""
        package = apps.pack_app(apps.SAMPLES / sample, self.vendor.app, version, arguments)
        self.versions[label] = self.clerk.upload(package, self.catalog)["image"]
        return self.versions[label]

    def deploy(self, *labels: str) -> None:
        """Make these images the group's."""
        self.clerk.deploy(self.group, [self.versions[label] for label in labels])

    def reports(self, kind: str) -> list[dict[str, Any]]:
        """The service's reports of one kind, latest first."""
        rows: list[dict[str, Any]] = self.clerk.reports(device=self.device_id, kind=kind)["reports"]
        return rows

    def half_period_us(self) -> int:
        """How long the LED last stayed as it was, seen at the pin; 0 if it has not changed twice."""
        changes = self.hands.do("pin_history", pin=LED)["changes"]
        return int(changes[-1][0] - changes[-2][0]) if len(changes) > 1 else 0

    def blinks_every(self, milliseconds: int) -> bool:
        """Whether the LED's latest two changes lie that far apart (within a third)."""
        return abs(self.half_period_us() / 1000 - milliseconds) < milliseconds / 3

    def locator(self) -> list[partition.Entry]:
        """What the flash says is where, read at the chip's pins."""
        tables = partition.read_tables(self, facts.FLASH_LAYOUT)
        return list(tables[0][1]) if tables else []

    def read(self, offset: int, length: int) -> bytes:
        """Flash bytes, read at the chip's pins."""
        return bytes.fromhex(self.hands.do("flash_read", offset=offset, length=length)["data"])

    def stages(self) -> list[dict[str, str]]:
        """The boot stages of the latest power-on, each told by the ring whose it was to tell."""
        return [{"ring": ring, **fields} for ring, fields in self.hands.stages()]


def wait_for(look: Callable[[], T | None], what: str, timeout_s: float = 15.0) -> T:
    """The first true answer of `look`. Raises NotSo after `timeout_s`."""
    end = time.monotonic() + timeout_s
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise NotSo(f"no {what} within {timeout_s:.0f} s")
        time.sleep(0.02)
