"""A device under test whose rings and apps are confined processes, with real time and a real network.

Its supervisor is a process too; the test reaches it through the control socket, as a person at the bench.
"""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from armillary.boards.sim import client, facts
from armillary.hal.sim import folder as folders
from armillary.hal.sim.wires import ISUS

from . import parts, records
from .board import Answer, Board, NotPossible
from .device import INSTALL_S, Device
from .makings import Made, Makings

LOOPBACK = "127.0.0.1"
LOOK_S = 0.01
READY_S = 20.0
MOST_READ = 1 << 16


class Server(socketserver.ThreadingTCPServer):
    """A host that answers whatever it is sent, on a free loopback port."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answer: Answer) -> None:
        class Conversation(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                try:
                    while data := self.request.recv(MOST_READ):
                        self.request.sendall(answer(data))
                except OSError:
                    pass  # the device went down in the middle of a sentence

        super().__init__((LOOPBACK, 0), Conversation)
        self._thread = threading.Thread(target=self.serve_forever, args=(LOOK_S,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no more connections."""
        self.shutdown()
        self.server_close()
        self._thread.join()


class BoxedBoard(Board):
    """The board of a device in a folder. Before its supervisor runs there is nothing to see."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hands: client.Board | None = None
        self._servers: list[Server] = []
        self._hosts: dict[str, str] = {}
        self._voltages: dict[int, int] = {}
        self._lines: dict[int, parts.Line] = {}
        self.parts = parts.Parts()

    def begin(self, hands: client.Board) -> None:
        """The supervisor runs."""
        self.hands = hands
        if self._hosts:
            hands.do("hosts", table=self._hosts)
        for channel, microvolts in self._voltages.items():
            hands.do("analog", channel=channel, microvolts=microvolts)
        self.parts.begin(hands)

    def i2c(self, isu: int) -> parts.I2c:
        return parts.I2c(self.parts, checked(isu))

    def spi(self, isu: int) -> parts.Spi:
        return parts.Spi(self.parts, checked(isu))

    @property
    def bank(self) -> None:
        return None

    def serial(self, isu: int) -> parts.Line:
        return self._lines.setdefault(checked(isu), parts.Line(self.parts, isu))

    def analog(self, channel: int, volts: float) -> None:
        self._voltages[channel] = round(volts * 1_000_000)
        if self.hands is not None:
            self.hands.do("analog", channel=channel, microvolts=self._voltages[channel])

    def drive(self, pin: int, level: int | None) -> None:
        self._do("drive", pin=pin, level=level)

    @property
    def uart(self) -> str:
        return "" if self.hands is None else self.hands.uart()

    def host(self, name: str, port: int, answer: Answer) -> None:
        server = Server(answer)
        self._servers.append(server)
        host, real_port = server.server_address[:2]
        self.address(name, port, str(host), real_port)

    def address(self, name: str, port: int, ip: str, real_port: int) -> None:
        """Name an address of the host's loopback network."""
        entry = {f"{name}:{port}": f"{ip}:{real_port}"}
        self._hosts.update(entry)
        if self.hands is not None:
            self.hands.do("hosts", table=entry)

    def read(self, offset: int, length: int) -> bytes:
        return bytes.fromhex(self._do("flash_read", offset=offset, length=length)["data"])

    def flip(self, offset: int, bit: int) -> None:
        self._do("flash_flip", offset=offset, bit=bit)

    @property
    def operations(self) -> int:
        return int(self._do("operations")["count"])

    def cut_power(self, after: int) -> None:
        self._do("fail_after", operations=after)

    def state(self) -> str:
        """"on", "off" or "halted"."""
        return "off" if self.hands is None else str(self.hands.do("status")["state"])

    def close(self) -> None:
        """End the hosts."""
        for server in self._servers:
            server.stop()

    def _level(self, number: int) -> int:
        if self.hands is None:
            return 0
        rows = self.hands.do("pins")["pins"]
        return int(next(row["level"] for row in rows if row["pin"] == number))

    def _changes(self, number: int) -> list[tuple[int, int]]:
        if self.hands is None:
            return []
        return [(time_us, level) for time_us, _, level in self.hands.do("pin_history", pin=number)["changes"]]

    def _do(self, command: str, **arguments: Any) -> dict[str, Any]:
        if self.hands is None:
            raise NotPossible("the boxed device has never been powered on: do that first")
        return self.hands.do(command, **arguments)


def checked(isu: int) -> int:
    """`isu`, if the board has it. Raises ValueError."""
    if not 0 <= isu < ISUS:
        raise ValueError(f"the board has isu0 to isu{ISUS - 1}")
    return isu


class BoxedDevice(Device):
    """A device in a folder of its own, and its supervisor, from the first power-on to `close`."""

    board: BoxedBoard

    def __init__(self, makings: Makings, made: Made, beside: Path, folder: Path) -> None:
        super().__init__(makings, made, beside)
        self.folder = folder
        self.board = BoxedBoard(folder)
        self._watcher: threading.Thread | None = None
        with folders.DeviceFolder.create(folder, folders.Board.of(facts, folder.name)) as opened:
            _restore(opened, made.saved)

    @property
    def is_on(self) -> bool:
        return self.board.state() == "on"

    def power_on(self) -> None:
        if self.board.hands is None:
            self._start()
        offset = len(self.log)
        self._hands.do("power_on")
        self.run_until(lambda: "[kernel] up" in self.log[offset:] or not self.is_on, READY_S)

    def power_off(self) -> None:
        self._hands.do("power_off")

    def run(self, seconds: float) -> None:
        time.sleep(seconds)
        self.board.parts.check()

    def run_until(self, is_there: Callable[[], object], timeout: float = INSTALL_S) -> bool:
        end = time.monotonic() + timeout
        while not (found := is_there()) and time.monotonic() < end:
            self.board.parts.check()
            time.sleep(LOOK_S)
        self.board.parts.check()
        return bool(found)

    def close(self) -> None:
        self.board.parts.close()
        if self.board.hands is not None:
            self.board.hands.close()
            client.stop(self.folder)
            if self.board.hands.process is not None:
                self.board.hands.process.wait()
        if self._watcher is not None:
            self._watcher.join()
        self.board.close()
        self.board.parts.check()

    @property
    def _hands(self) -> client.Board:
        if self.board.hands is None:
            raise NotPossible("the boxed device has never been powered on: do that first")
        return self.board.hands

    def _start(self) -> None:
        self._has_run = True
        hands = client.start(self.folder, power=False)
        self.board.begin(hands)
        watching = client.Board(self.folder)
        lines = watching.trace()
        is_begun = threading.Event()
        self._watcher = threading.Thread(target=self._watch, args=(watching, lines, is_begun), daemon=True)
        self._watcher.start()
        is_begun.wait(READY_S)

    def _watch(self, watching: client.Board, lines: Any, is_begun: threading.Event) -> None:
        """Read the trace until the supervisor ends, and keep the refusals in it."""
        try:
            is_begun.set()
            for line in lines:
                found = records.traced(line)
                if found is not None:
                    self._denials.append(found)
        except (client.BoardProblem, OSError):
            pass  # it ended while we read
        finally:
            watching.close()

    def _provision(self, packages: list[bytes]) -> None:
        with folders.DeviceFolder(self.folder) as opened:
            _restore(opened, self.makings.provision(self.made, packages))

    def _stage(self, package: bytes) -> None:
        raise NotPossible("a boxed device that runs takes apps from its service only: add the fixture `service` to the test")


def _restore(opened: folders.DeviceFolder, saved: tuple[Any, bytes]) -> None:
    """Write a snapshot of a chip in memory into a device's folder."""
    (sectors, _), fuses = saved
    size = opened.flash.sector
    blank = b"\xff" * size
    for number, sector in enumerate(sectors):
        if sector != blank or opened.flash.read(number * size, size) != blank:
            opened.flash.erase(number * size)
            opened.flash.program(number * size, sector)
    opened.fuses.restore(fuses)
