"""The control socket: the outside world's hands on a boxed board.

One JSON object a line each way. A request is {"do": NAME, ...}; its answer is {"ok": true, ...} or
{"ok": false, "error": TEXT}. After {"do": "trace"} every crossing is sent as {"trace": LINE} until the
connection closes; what a client may bring along and is asked for is in `visiting`. The socket is its owner's only; whoever can open it could as well open the folder.
Even so nothing sent here may end the board, and nobody who does not read may stop it.
"""

from __future__ import annotations

import json
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Any

from armillary.hal.sim.power import PowerLost
from armillary.wire.fault import Fault

from .commands import TABLE, Commands
from .supervisor import Supervisor
from .visiting import COMMANDS, Visitor

LONGEST_LINE = 1 << 20
MOST_UNREAD = 8 << 20  # bytes waiting for a client that does not read, before it is let go
MOST_CONNECTIONS = 64


class Control:
    """Serves control connections of one supervisor on the listening socket `server` (not blocking).

    `keep(words)` is called when other wires than before are to be there at the next start.
    """

    def __init__(self, supervisor: Supervisor, server: socket.socket, keep: Callable[[list[str]], None] = lambda words: None):
        self.supervisor = supervisor
        self.is_ending = False
        self._server = server
        self._connections: dict[int, Connection] = {}
        self._commands = Commands(supervisor, keep)
        supervisor.watch(server.fileno(), self._accept)

    def _accept(self) -> None:
        try:
            stream, _ = self._server.accept()
        except OSError:
            return  # it went away again, or there is no descriptor left for it
        stream.setblocking(False)
        if len(self._connections) >= MOST_CONNECTIONS:
            stream.close()
            return
        self._connections[stream.fileno()] = Connection(self, stream)

    def ended(self, descriptor: int) -> None:
        """A connection closed."""
        self._connections.pop(descriptor, None)

    def close(self) -> None:
        """Close every connection, with what could be sent of the last answers."""
        for connection in list(self._connections.values()):
            connection.close()

    def perform(self, connection: Connection, line: bytes) -> dict[str, Any] | None:
        """Do what a request says and return the answer; None where there is none."""
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            request = None
        if not isinstance(request, dict) or not isinstance(request.get("do"), str):
            return refusal("a request is an object with 'do'")
        name = request.pop("do")
        if name == "trace":
            connection.trace()
        elif name == "shut_down":
            self.is_ending = True
        elif name in TABLE:
            return self._perform(self._commands, name, request)
        elif name in COMMANDS:
            return self._perform(connection.visitor, name, request)
        elif name == "said":
            found = self._perform(connection.visitor, name, request)
            return None if found["ok"] else found
        else:
            return refusal(f"no command {name[:64]!r}; there are: " + ", ".join(sorted((*TABLE, *COMMANDS))))
        return {"ok": True}

    def _perform(self, who: Commands | Visitor, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            return {"ok": True, **(getattr(who, name)(**arguments) or {})}
        except (Fault, TypeError, ValueError) as problem:
            return refusal(f"{name}: {problem}")
        except PowerLost:
            self.supervisor.power_failed()
            return refusal(f"{name}: the power failed")
        except Exception as problem:  # the boundary: the board outlives whatever it is asked for
            traceback.print_exc(file=sys.stderr)
            return refusal(f"{name}: {type(problem).__name__}: {problem}")


def refusal(text: str) -> dict[str, Any]:
    """The answer that says why not."""
    return {"ok": False, "error": text}


class Connection:
    """One client of the control socket."""

    def __init__(self, control: Control, stream: socket.socket):
        self._control = control
        self._stream = stream
        self._received = b""
        self._unsent = bytearray()
        self.visitor = Visitor(control.supervisor, self._send, self.close)
        control.supervisor.watch(stream.fileno(), self._ready)

    def trace(self) -> None:
        """Send every crossing from now on."""
        listeners = self._control.supervisor.trace_listeners
        if self._traced not in listeners:
            listeners.append(self._traced)
        self._control.supervisor.set_tracing(True)

    def close(self) -> None:
        """Let the client go."""
        supervisor = self._control.supervisor
        if self._traced in supervisor.trace_listeners:
            supervisor.trace_listeners.remove(self._traced)
            supervisor.set_tracing(bool(supervisor.trace_listeners))
        if self._stream.fileno() >= 0:
            supervisor.forget(self._stream.fileno())
            self._control.ended(self._stream.fileno())
            self._stream.close()
            self.visitor.close()

    def _ready(self) -> None:
        if self._unsent:
            self._flush()
        try:
            data = self._stream.recv(65536)
        except BlockingIOError:
            return
        except OSError:  # closed by ourselves just now, or by the client
            data = b""
        self._received += data
        if not data:
            self.close()
            return
        *lines, self._received = self._received.split(b"\n")
        for line in lines:
            if self._stream.fileno() < 0:
                return  # what it brings along now nobody would take away again
            answer = self._control.perform(self, line)
            if answer is not None:
                self._send(answer)
        if len(self._received) > LONGEST_LINE:
            self._send(refusal(f"a request has at most {LONGEST_LINE} bytes"))
            self.close()

    def _traced(self, line: str) -> None:
        self._send({"trace": line})

    def _send(self, message: dict[str, Any]) -> None:
        if self._stream.fileno() < 0:
            return
        self._unsent += json.dumps(message).encode() + b"\n"
        self._flush()

    def _flush(self) -> None:
        """Send what the client takes. One that does not read loses its connection, not the board its time."""
        try:
            sent = self._stream.send(self._unsent)
            del self._unsent[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        if len(self._unsent) > MOST_UNREAD:
            self.close()
            return
        self._control.supervisor.watch_writable(self._stream.fileno(), bool(self._unsent))
