"""The control socket: the outside world's hands on a boxed board.

One JSON object a line each way. A request is {"do": NAME, ...}; its answer is {"ok": true, ...} or
{"ok": false, "error": TEXT}. After {"do": "trace"} every crossing is sent as {"trace": LINE} until the
connection closes. The socket is its owner's only; whoever can open it could as well open the folder.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

from armillary.wire.fault import Fault

from .supervisor import Supervisor

LONGEST_LINE = 1 << 20


class Control:
    """Serves control connections of one supervisor."""

    def __init__(self, supervisor: Supervisor, server: socket.socket):
        self.supervisor = supervisor
        self.is_ending = False
        self._server = server
        self._connections: dict[int, Connection] = {}
        supervisor.watch(server.fileno(), self._accept)
        board = Commands(supervisor)
        self._table: dict[str, Callable[..., Any]] = {
            name: getattr(board, name) for name in dir(board) if not name.startswith("_")
        }

    def _accept(self) -> None:
        connection, _ = self._server.accept()
        connection.setblocking(False)
        self._connections[connection.fileno()] = Connection(self, connection)

    def ended(self, descriptor: int) -> None:
        """A connection closed."""
        self._connections.pop(descriptor, None)

    def perform(self, connection: Connection, request: Any) -> dict[str, Any]:
        """Do what a request says and return the answer."""
        if not isinstance(request, dict) or not isinstance(request.get("do"), str):
            return {"ok": False, "error": "a request is an object with 'do'"}
        name = request.pop("do")
        if name == "trace":
            connection.trace()
            return {"ok": True}
        if name == "shut_down":
            self.is_ending = True
            return {"ok": True}
        if name not in self._table:
            return {"ok": False, "error": f"no command {name!r}; there are: " + ", ".join(sorted(self._table))}
        try:
            return {"ok": True, **(self._table[name](**request) or {})}
        except (Fault, TypeError, ValueError) as problem:
            return {"ok": False, "error": f"{name}: {problem}"}


class Connection:
    """One client of the control socket."""

    def __init__(self, control: Control, stream: socket.socket):
        self._control = control
        self._stream = stream
        self._received = b""
        control.supervisor.watch(stream.fileno(), self._read)

    def trace(self) -> None:
        """Send every crossing from now on."""
        self._control.supervisor.trace_listeners.append(self._traced)
        self._control.supervisor.set_tracing(True)

    def _read(self) -> None:
        try:
            data = self._stream.recv(65536)
        except OSError:
            data = b""
        self._received += data
        if not data or len(self._received) > LONGEST_LINE:
            self._close()
            return
        *lines, self._received = self._received.split(b"\n")
        for line in lines:
            try:
                request = json.loads(line)
            except ValueError:
                request = None
            self._send(self._control.perform(self, request))

    def _traced(self, line: str) -> None:
        self._send({"trace": line})

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._stream.setblocking(True)
            self._stream.settimeout(2)
            self._stream.sendall(json.dumps(message).encode() + b"\n")
        except OSError:  # a client that does not read loses its connection, not the board its time
            self._close()

    def _close(self) -> None:
        supervisor = self._control.supervisor
        if self._traced in supervisor.trace_listeners:
            supervisor.trace_listeners.remove(self._traced)
            supervisor.set_tracing(bool(supervisor.trace_listeners))
        if self._stream.fileno() >= 0:
            supervisor.forget(self._stream.fileno())
            self._control.ended(self._stream.fileno())
            self._stream.close()


class Commands:
    """What the outside world can do to a board; each method is one command."""

    def __init__(self, supervisor: Supervisor):
        self._board = supervisor

    def status(self) -> dict[str, Any]:
        """Power state, why it is so, uptime and the processes of the boxes."""
        board = self._board
        uptime = board.silicon.clock.uptime_us() if board.state == "on" else 0
        return {"state": board.state, "why": board.why, "uptime_us": uptime, "boxes": board.boxes.pids}

    def power_on(self) -> None:
        """Press the power button of a board that is off."""
        self._board.power_on()

    def power_off(self) -> None:
        """Cut the power."""
        self._board.power_off()

    def fail_after(self, operations: int) -> None:
        """Cut the power in the n-th flash or fuse operation from now."""
        self._board.silicon.rail.fail_after(operations)

    def operations(self) -> dict[str, Any]:
        """How many flash and fuse operations there were, and the latest."""
        rail = self._board.silicon.rail
        return {"count": rail.count, "latest": [list(entry) for entry in rail.log]}

    def uart(self, offset: int = 0) -> dict[str, Any]:
        """What the debug UART said, from `offset` on."""
        text = bytes(self._board.uart[offset:])
        return {"text": text.decode(errors="replace"), "next": offset + len(text)}

    def pins(self) -> dict[str, Any]:
        """Every pin: number, mode, owner, level."""
        silicon = self._board.silicon
        rows = []
        for pin in silicon.gpio.pins():
            owner = silicon.firewall.owner(pin)
            rows.append({"pin": pin, "mode": silicon.gpio.mode(pin), "owner": owner, "level": silicon.gpio.read(pin)})
        return {"pins": rows}

    def pin_history(self, pin: int | None = None) -> dict[str, Any]:
        """The latest level changes as [time_us, pin, level]."""
        changes = [list(entry) for entry in self._board.silicon.gpio.history if pin is None or entry[1] == pin]
        return {"changes": changes}

    def drive(self, pin: int, level: int | None) -> None:
        """Drive a pin from outside, or let it go with null."""
        self._board.silicon.gpio.drive(pin, level)

    def flash_read(self, offset: int, length: int) -> dict[str, Any]:
        """Bytes of flash, in hexadecimal, read with a probe at the chip's pins."""
        return {"data": self._board.silicon.flash.probe(offset, length).hex()}

    def flash_flip(self, offset: int, bit: int) -> None:
        """Flip one bit of flash."""
        self._board.silicon.flash.flip_bit(offset, bit)

    def hosts(self, table: dict[str, str]) -> None:
        """Add to the network's name table: "name:port" to "address:port"."""
        for (host, port), (ip, real_port) in parse_hosts(table).items():
            self._board.network.name(host, port, ip, real_port)

    def denials(self) -> dict[str, Any]:
        """What the bus firewall refused: [master, call, why]."""
        return {"denials": [list(entry) for entry in self._board.silicon.denials]}


def parse_hosts(table: dict[str, str]) -> dict[tuple[str, int], tuple[str, int]]:
    """A name table from its text form. Raises ValueError naming the entry that is wrong."""
    parsed = {}
    for name, address in table.items():
        try:
            host, _, port = name.rpartition(":")
            real, _, real_port = address.rpartition(":")
            parsed[(host, int(port))] = (real, int(real_port))
        except ValueError:
            raise ValueError(f"host entry {name!r}: {address!r} is not 'name:port': 'address:port'") from None
    return parsed
