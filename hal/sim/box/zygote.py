"""The zygote: a process with no secrets that forks the boxes.

Starting an interpreter costs 8 ms and more, forking one costs about one. The zygote is forked before
the board opens any device, so neither keys nor flash were ever in its memory. It preloads what
every ring may use of the standard library and the crypto engine, forks on request, and tells how
each box ended. Requests and events are JSON in single packets; descriptors travel beside them.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import socket
from typing import Any

from . import bootstrap

# What code in a box may import besides its image: no further module can be loaded there.
PRELOADED = (
    "array", "asyncio", "binascii", "collections", "errno", "gc", "hashlib", "heapq", "io", "json",
    "encodings.cp437", "linecache", "math", "os", "re", "struct", "sys", "time", "traceback", "typing", "__future__",
)  # fmt: skip
MOST_DESCRIPTORS = 16


class ZygoteGone(ConnectionError):
    """The zygote ended: no box runs any more and none can be started."""

    def __init__(self) -> None:
        super().__init__("the process that starts boxes (the zygote) was ended: start the device again")


class Zygote:
    """The board's handle on the fork server. `preload` names further modules (tests use it)."""

    def __init__(self, preload: tuple[str, ...] = ()):
        self.socket, inner = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            self.socket.close()
            _run(inner, preload)
        inner.close()

    def spawn(self, box: int, order: dict[str, Any], descriptors: list[int]) -> None:
        """Fork box number `box`. `order` is what `bootstrap.run` takes; `descriptors` go with it.

        Raises ZygoteGone.
        """
        message = json.dumps({"box": box, **order}).encode()
        try:
            socket.send_fds(self.socket, [message], descriptors)
        except (BrokenPipeError, ConnectionResetError):
            raise ZygoteGone from None

    def kill(self, box: int) -> None:
        """End a box at once. Where the zygote is gone, its boxes are too."""
        try:
            self.socket.send(json.dumps({"box": box, "kill": True}).encode())
        except (BrokenPipeError, ConnectionResetError):
            pass

    def event(self) -> dict[str, Any]:
        """The next event: {"box", "pid"} after a fork, {"box", "code", "signal"} after an end. Raises ZygoteGone."""
        try:
            data = self.socket.recv(4096)
        except ConnectionResetError:
            data = b""
        if not data:
            raise ZygoteGone
        return dict(json.loads(data))

    def close(self) -> None:
        """End the zygote and every box."""
        self.socket.close()
        os.waitpid(self.pid, 0)


def _run(server: socket.socket, preload: tuple[str, ...]) -> None:
    status = 1
    try:
        _detach()
        for name in (*PRELOADED, *preload):
            importlib.import_module(name)
        bootstrap.preload_silicon()
        gc.freeze()
        _serve(server)
        status = 0
    finally:
        os._exit(status)


def _detach() -> None:
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(null, descriptor)


def _serve(server: socket.socket) -> None:
    poll = select.poll()
    poll.register(server, select.POLLIN)
    boxes: dict[int, tuple[int, int]] = {}  # pidfd: (box, pid)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor != server.fileno():
                _report_end(server, poll, boxes, descriptor)
                continue
            message, descriptors, _, _ = socket.recv_fds(server, 65536, MOST_DESCRIPTORS)
            if not message:  # the board is gone: its boxes die with their parent
                for _, pid in boxes.values():
                    os.kill(pid, signal.SIGKILL)
                return
            order = json.loads(message)
            if order.get("kill"):
                _kill(boxes, order["box"])
                continue
            pid = _fork(server, order, descriptors)
            boxes[pidfd := os.pidfd_open(pid)] = (order["box"], pid)
            poll.register(pidfd, select.POLLIN)
            server.send(json.dumps({"box": order["box"], "pid": pid}).encode())


def _fork(server: socket.socket, order: dict[str, Any], descriptors: list[int]) -> int:
    pid = os.fork()
    if pid == 0:
        try:
            server.close()
            bootstrap.run(order, descriptors)
        finally:
            os._exit(70)  # EX_SOFTWARE: run never returns
    for descriptor in descriptors:
        os.close(descriptor)
    return pid


def _kill(boxes: dict[int, tuple[int, int]], box: int) -> None:
    for number, pid in boxes.values():
        if number == box:
            os.kill(pid, signal.SIGKILL)


def _report_end(server: socket.socket, poll: select.poll, boxes: dict[int, tuple[int, int]], pidfd: int) -> None:
    box, pid = boxes.pop(pidfd)
    poll.unregister(pidfd)
    os.close(pidfd)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    event = {"box": box, "code": max(code, 0), "signal": max(-code, 0)}
    server.send(json.dumps(event).encode())
