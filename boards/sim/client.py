"""A client's view of a running boxed board: what a person at the bench could do to it."""

from __future__ import annotations

import fcntl
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import armillary

T = TypeVar("T")
READY_S = 20.0
ANSWER_S = 30.0
KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "PYTHONHOME", "VIRTUAL_ENV")


class BoardProblem(RuntimeError):
    """The board is not there or refused; the text says what to do."""


class Board:
    """A board that runs in another process, reached through its folder's control socket."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None  # the supervisor, if we started it: ours to wait for
        self._stream = connect(folder)
        self._lines = self._stream.makefile("rb")
        self._turn = threading.Lock()  # a part that asks for a pin does so beside the test

    def do(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Perform one command of `control.Commands`. Raises BoardProblem."""
        try:
            with self._turn:
                self._stream.sendall(json.dumps({"do": command, **arguments}).encode() + b"\n")
                line = self._lines.readline()
        except OSError as problem:
            raise BoardProblem(f"the board in {self.folder} does not answer: {problem}") from None
        if not line:
            raise BoardProblem(f"the board in {self.folder} went down")
        return checked(json.loads(line))

    def trace(self) -> Iterator[str]:
        """Every gate crossing as it happens; this connection does nothing else from then on."""
        self.do("trace")
        self._stream.settimeout(None)
        for line in self._lines:
            yield json.loads(line)["trace"]

    def uart(self) -> str:
        """All the debug UART said (of very much, the latest)."""
        return str(self.do("uart")["text"])

    def stages(self) -> list[tuple[str, dict[str, str]]]:
        """The stages of the latest boot as (ring, fields), each told by the ring whose it was to tell."""
        return [(ring, fields) for ring, fields in self.do("stages")["stages"]]

    def wait_uart(self, text: str, timeout_s: float = 10.0, offset: int = 0) -> str:
        """The UART's output once it has `text` after `offset`. Raises BoardProblem on time-out."""
        return self._wait(self.uart, lambda said: text in said[offset:], f"{text!r} on the UART", timeout_s)

    def wait_uart_times(self, text: str, times: int, timeout_s: float = 10.0) -> str:
        """The UART's output once it has `text` that many times. Raises BoardProblem on time-out."""
        return self._wait(self.uart, lambda said: said.count(text) >= times, f"{times} x {text!r} on the UART", timeout_s)

    def wait_pin(self, pin: int, changes: int, timeout_s: float = 10.0) -> list[list[int]]:
        """The level changes of `pin` once there are that many. Raises BoardProblem on time-out."""
        return self._wait(
            lambda: list(self.do("pin_history", pin=pin)["changes"]),
            lambda found: len(found) >= changes,
            f"{changes} changes of pin {pin}",
            timeout_s,
        )

    def wait_state(self, state: str, timeout_s: float = 10.0) -> dict[str, Any]:
        """The status once the board is "on", "off" or "halted"."""
        return self._wait(lambda: self.do("status"), lambda found: found["state"] == state, f"state {state}", timeout_s)

    def close(self) -> None:
        """Let go of the connection; the board goes on."""
        self._lines.close()
        self._stream.close()

    def __enter__(self) -> Board:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def _wait(self, look: Callable[[], T], is_there: Callable[[T], bool], what: str, timeout_s: float) -> T:
        end = time.monotonic() + timeout_s
        while not is_there(found := look()):
            if time.monotonic() > end:
                raise BoardProblem(f"no {what} within {timeout_s:.0f} s; see 'armillary device log'")
            time.sleep(0.01)
        return found


def checked(answer: dict[str, Any]) -> dict[str, Any]:
    """What an answer says. Raises BoardProblem if it is a refusal."""
    if not answer.pop("ok"):
        raise BoardProblem(answer["error"])
    return answer


def connect(folder: Path) -> socket.socket:
    """A connection to the board in `folder`. Raises BoardProblem."""
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        directory = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    except OSError:
        stream.close()
        raise BoardProblem(f"no device in {folder}: make one with 'armillary device create'") from None
    try:
        stream.settimeout(ANSWER_S)
        stream.connect(f"/proc/self/fd/{directory}/control.sock")
    except OSError:
        stream.close()
        raise BoardProblem(f"the device in {folder} is not up: start it with 'armillary device up'") from None
    finally:
        os.close(directory)
    return stream


def is_up(folder: Path) -> bool:
    """Whether a supervisor runs this device."""
    try:
        connect(folder).close()
    except BoardProblem:
        return False
    return True


def start(folder: Path, power: bool = True) -> Board:
    """Start the supervisor of the device in `folder` (its own process) and connect. Raises BoardProblem."""
    process = launch(folder, [sys.executable, "-m", "armillary.boards.sim.run", str(folder)])
    board = Board(folder)
    board.process = process
    if power:
        board.do("power_on")
    return board


def launch(folder: Path, command: list[str]) -> subprocess.Popen[bytes]:
    """Run `command`, which supervises the device in `folder`, and wait until it answers. Raises BoardProblem."""
    if is_up(folder):
        raise BoardProblem(f"the device in {folder} is up already: stop it first with 'armillary device down'")
    log = folder / "supervisor.log"
    try:
        output = log.open("wb")
    except OSError as problem:
        raise BoardProblem(f"no device in {folder} that could be started: {problem.strerror}") from None
    with output:
        process = subprocess.Popen(
            command, env=_environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    end = time.monotonic() + READY_S
    while not is_up(folder) or process.poll() is not None:
        if process.poll() is not None:
            raise BoardProblem("the board did not start: " + log.read_text(errors="replace").strip()[-2000:])
        if time.monotonic() > end:
            process.kill()
            process.wait()
            raise BoardProblem(f"the board did not start within {READY_S:.0f} s")
        time.sleep(0.005)
    return process


def _environment() -> dict[str, str]:
    """What a board may know of ours: how to find code. A hostile box reads it all, so no token is in it.

    This very package comes first on the path: a board runs the code that started it.
    """
    path = [str(Path(armillary.__file__).parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(path)}


def stop(folder: Path, timeout_s: float = 10.0) -> None:
    """End the supervisor of the device in `folder`."""
    with Board(folder) as board:
        board.do("shut_down")
    end = time.monotonic() + timeout_s
    while is_up(folder) or is_held(folder):
        if time.monotonic() > end:
            raise BoardProblem(f"the board in {folder} does not stop")
        time.sleep(0.01)


def is_held(folder: Path) -> bool:
    """Whether a process still has the device open: its last act is to let go of the lock."""
    with (folder / "lock").open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        fcntl.flock(file, fcntl.LOCK_UN)
    return False
