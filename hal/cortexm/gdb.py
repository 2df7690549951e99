"""A server of the GDB remote serial protocol, so that `gdb-multiarch` debugs what runs on the machine.

It listens on the loopback interface only and serves one debugger at a time: whoever connects may read and change
everything on the machine, and nothing else. Appendix E of GDB's manual, "GDB Remote Serial Protocol", is the
standard. Watchpoints stop before their instruction, as GDB expects of ARM. Several processors are threads: GDB takes
their memory for one, so a breakpoint stands at its address in each of them.
"""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING

from . import target as targets
from .machine import BREAKPOINT, BusError
from .target import Group

if TYPE_CHECKING:
    from collections.abc import Callable

    from .machine import Stop
    from .target import Target

MOST_PACKET = 0x4000  # characters
INTERRUPT, ESCAPE = 0x03, 0x7D
TRAP, INTERRUPTED, SEGMENT = 5, 2, 11  # signals, as GDB numbers them
WATCHES = {"0": "x", "1": "x", "2": "w", "3": "r", "4": "rw"}
HIT = {"w": "watch", "r": "rwatch", "rw": "awatch"}
SUPPORTED = (
    f"PacketSize={MOST_PACKET:x};QStartNoAckMode+;vContSupported+;qXfer:features:read+;qXfer:memory-map:read+;hwbreak+;swbreak+"
)


class Ended(Exception):
    """The debugger is gone, or has had enough; `is_kill` if it ended the program too."""

    def __init__(self, is_kill: bool = False) -> None:
        super().__init__("killed" if is_kill else "detached")
        self.is_kill = is_kill


class Channel:
    """Packets over a connection (section "Overview": framing, checksum, acknowledgement, escapes)."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = bytearray()
        self.is_acknowledging = True

    def receive(self) -> bytes | None:
        """The next packet; None for an interrupt (Ctrl-C). Raises Ended."""
        while True:
            first = self._byte()
            if first == INTERRUPT:
                return None
            if first != ord("$"):
                continue
            body = self._until_sum()
            wanted = bytes((self._byte(), self._byte()))
            is_good = len(body) <= MOST_PACKET and wanted.lower() == b"%02x" % (sum(body) & 0xFF)
            if self.is_acknowledging:
                self._connection.sendall(b"+" if is_good else b"-")
            if is_good:
                return _unescaped(body)

    def send(self, text: str | bytes) -> None:
        """Send a packet."""
        body = _escaped(text.encode() if isinstance(text, str) else text)
        self._connection.sendall(b"$" + body + b"#%02x" % (sum(body) & 0xFF))

    def is_interrupted(self) -> bool:
        """Whether the debugger asked to stop since the last call. Raises Ended."""
        if not self._buffer and select.select([self._connection], [], [], 0)[0]:
            self._fill()
        if self._buffer[:1] != bytes((INTERRUPT,)):
            return False
        del self._buffer[:1]
        return True

    def _until_sum(self) -> bytes:
        body = bytearray()
        while (byte := self._byte()) != ord("#"):
            if byte == ord("$"):  # a new one begins: the last was cut off
                body.clear()
            elif len(body) <= MOST_PACKET:
                body.append(byte)
        return bytes(body)

    def _byte(self) -> int:
        if not self._buffer:
            self._fill()
        return self._buffer.pop(0)

    def _fill(self) -> None:
        try:
            data = self._connection.recv(65536)
        except OSError:
            data = b""
        if not data:
            raise Ended
        self._buffer += data


def _escaped(body: bytes) -> bytes:
    return b"".join(bytes((ESCAPE, byte ^ 0x20)) if byte in b"#$}*" else bytes((byte,)) for byte in body)


def _unescaped(body: bytes) -> bytes:
    found, is_escaped = bytearray(), False
    for byte in body:
        if byte == ESCAPE and not is_escaped:
            is_escaped = True
            continue
        found.append(byte ^ 0x20 if is_escaped else byte)
        is_escaped = False
    return bytes(found)


class Session:
    """One debugger's session with the processors of `group`, or with one alone."""

    def __init__(self, group: Group | Target, channel: Channel) -> None:
        self.group = group if isinstance(group, Group) else Group([group])
        self.channel = channel
        self.watches: dict[tuple[str, int, int], list[int]] = {}  # the number in each machine
        self.thread = 1  # whose registers and memory are meant
        self.stopped = 1  # which stopped last
        self.signal = TRAP
        self.commands: dict[str, Callable[[str], str]] = {
            "?": lambda _: self._stopped(), "g": self._get_all, "G": self._set_all, "p": self._get, "P": self._set, "m": self._read,
            "M": self._write, "c": self._continue, "s": self._step, "Z": self._insert, "z": self._remove, "D": self._detach,
            "k": self._kill, "H": self._choose, "T": self._is_alive, "q": self._query, "Q": self._setting, "v": self._verbose,
        }  # fmt: skip

    @property
    def target(self) -> Target:
        """The processor that is meant."""
        return self.group.find(self.thread)

    def run(self) -> None:
        """Answer until the debugger ends it. Raises Ended, breakpoints taken away."""
        self.group.attend(True)
        try:
            while True:
                packet = self.channel.receive()
                self.channel.send(self._stopped() if packet is None else self.answer(packet))
        finally:
            for numbers in self.watches.values():
                self._unwatch(numbers)
            self.group.attend(False)

    def answer(self, packet: bytes) -> str | bytes:
        """The answer to a packet; "" to one that is unknown, E01 to one that is malformed, E0e where nothing is."""
        try:
            if packet[:1] == b"X":
                return self._write_binary(packet[1:])
            text = packet.decode("ascii")
            command = self.commands.get(text[:1])
            return "" if command is None else command(text[1:])
        except (KeyError, IndexError, OverflowError, UnicodeDecodeError):
            return "E01"
        except BusError:
            return "E0e"
        except ValueError as problem:
            return "E0e" if "nothing" in str(problem) else "E01"

    # --- registers and memory ---

    def _get_all(self, _: str) -> str:
        return "".join(self.target.get(register).hex() for register in targets.REGISTERS)

    def _set_all(self, text: str) -> str:
        data = bytes.fromhex(text)
        for register in targets.REGISTERS:
            size = targets.width(register)
            if len(data) < size:
                break
            self.target.set(register, data[:size])
            data = data[size:]
        return "OK"

    def _get(self, text: str) -> str:
        return self.target.get(targets.REGISTERS[int(text, 16)]).hex()

    def _set(self, text: str) -> str:
        number, _, value = text.partition("=")
        register = targets.REGISTERS[int(number, 16)]
        data = bytes.fromhex(value)
        if len(data) != targets.width(register):
            return "E01"
        self.target.set(register, data)
        return "OK"

    def _read(self, text: str) -> str:
        address, size = (int(word, 16) for word in text.split(","))
        return self.target.read(address, min(size, MOST_PACKET // 2)).hex()

    def _write(self, text: str) -> str:
        place, _, data = text.partition(":")
        return self._put(place, bytes.fromhex(data))

    def _write_binary(self, packet: bytes) -> str:
        place, _, data = packet.partition(b":")
        return self._put(place.decode("ascii"), data)

    def _put(self, place: str, data: bytes) -> str:
        address, size = (int(word, 16) for word in place.split(","))
        if size != len(data):
            return "E01"
        if size:
            self.target.write(address, data)
        return "OK"

    # --- breakpoints ---

    def _insert(self, text: str) -> str:
        kind, address, size = self._place(text)
        numbers: list[int] = []
        if (kind, address, size) not in self.watches:
            try:
                for thread in self.group.threads:
                    numbers.append(thread.machine.watch(kind, address, size))
            except (ValueError, OverflowError):
                self._unwatch(numbers)
                raise
            self.watches[kind, address, size] = numbers
        return "OK"

    def _unwatch(self, numbers: list[int]) -> None:
        for thread, number in zip(self.group.threads, numbers, strict=False):
            thread.machine.unwatch(number)

    def _remove(self, text: str) -> str:
        self._unwatch(self.watches.pop(self._place(text), []))
        return "OK"

    def _place(self, text: str) -> tuple[str, int, int]:
        kind, address, size = text.split(";")[0].split(",")
        return WATCHES[kind], int(address, 16), 2 if WATCHES[kind] == "x" else int(size, 16)

    # --- running ---

    def _continue(self, text: str) -> str:
        self._go_to(text)
        while True:
            if self.channel.is_interrupted():
                self.signal = INTERRUPTED
                return self._stopped()
            found = self.group.resume()
            if found is not None:
                return self._why(*found)

    def _step(self, text: str) -> str:
        self._go_to(text)
        return self._why(*self.group.step(self.thread))

    def _go_to(self, text: str) -> None:
        if text:
            self.target.set("pc", int(text, 16).to_bytes(4, "little"))

    def _why(self, thread: int, stop: Stop) -> str:
        self.thread = self.stopped = thread
        self.signal = SEGMENT if str(stop) in ("lockup", "error") else TRAP
        hit = self.target.machine.watch_hit() if stop.reason == BREAKPOINT else None
        kind, address, _ = next((key for key, numbers in self.watches.items() if hit and numbers[thread - 1] == hit[0]), ("", 0, 0))
        if kind in HIT:
            return f"T{self.signal:02x}{HIT[kind]}:{address:x};thread:{thread:x};"
        return self._stopped()

    def _stopped(self) -> str:
        return f"T{self.signal:02x}thread:{self.stopped:x};"

    # --- threads ---

    def _choose(self, text: str) -> str:
        """Hg and Hc: 0 and -1 are any and all."""
        number = int(text[1:], 16) if text[1:] else 0
        if text[:1] == "g" and number > 0:
            self.group.find(number)
            self.thread = number
        return "OK"

    def _is_alive(self, text: str) -> str:
        self.group.find(int(text, 16))
        return "OK"

    def _threads(self) -> str:
        return "m" + ",".join(f"{number:x}" for number in range(1, len(self.group.threads) + 1))

    def _detach(self, _: str) -> str:
        self.channel.send("OK")
        raise Ended

    def _kill(self, _: str) -> str:
        raise Ended(is_kill=True)

    # --- questions ---

    def _query(self, text: str) -> str:
        name, _, argument = text.partition(":")
        if name == "Xfer":
            return self._transfer(argument)
        if text.startswith("Rcmd,"):
            return self._monitor(bytes.fromhex(text[5:]).decode("ascii").split())
        if text.startswith("ThreadExtraInfo,"):
            return self.group.find(int(text[16:], 16)).name.encode().hex()
        if text == "fThreadInfo":
            return self._threads()
        answers = {"Supported": SUPPORTED, "C": f"QC{self.thread:x}", "sThreadInfo": "l", "Attached": "1", "Symbol": "OK"}
        return answers.get(name, "")

    def _transfer(self, text: str) -> str:
        kind, action, name, place = text.split(":")
        documents = {("features", "target.xml"): targets.description, ("memory-map", ""): self.target.memory_map}
        if action != "read" or (kind, name) not in documents:
            return ""
        document = documents[kind, name]()
        start, size = (int(word, 16) for word in place.split(","))
        size = min(size, MOST_PACKET // 2)
        return ("l" if start + size >= len(document) else "m") + document[start : start + size]

    def _setting(self, text: str) -> str:
        if text != "StartNoAckMode":
            return ""
        self.channel.is_acknowledging = False
        return "OK"

    def _verbose(self, text: str) -> str:
        if text == "Cont?":
            return "vCont;c;C;s;S"
        if text.startswith("Cont;"):
            return self._resume([action.partition(":") for action in text[5:].split(";")])
        if text.startswith("Kill"):
            self.channel.send("OK")
            raise Ended(is_kill=True)
        return ""

    def _resume(self, actions: list[tuple[str, str, str]]) -> str:
        """Step the thread for which that is asked, with the others if they are to continue; or let all run."""
        step = next((thread for action, _, thread in actions if action[:1] in ("s", "S")), None)
        if step is None:
            return self._continue("")
        number = int(step, 16) if step else self.thread
        if number > 0:
            self.group.find(number)
            self.thread = number
        return self._why(*self.group.step(self.thread, is_alone=all(action[:1] in ("s", "S") for action, _, _ in actions)))

    def _monitor(self, words: list[str]) -> str:
        """`monitor` commands of the user: their output in hexadecimal."""
        if words == ["reset"]:
            self.group.reset()
            answer = "reset\n"
        elif words == ["time"]:
            answer = self.group.time() + "\n"
        else:
            answer = "monitor commands: reset (begin again at the vector table), time (virtual time)\n"
        return answer.encode().hex()


class Server:
    """Listens on 127.0.0.1. `port` 0 takes any that is free; `address` tells which. Raises OSError."""

    def __init__(self, port: int = 0) -> None:
        self._listener = socket.create_server(("127.0.0.1", port), backlog=1)
        self.port = int(self._listener.getsockname()[1])

    def serve(self, target: Group | Target) -> bool:
        """Wait for a debugger and serve it until it leaves. Returns whether it killed the program."""
        connection, _ = self._listener.accept()
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                Session(target, Channel(connection)).run()
            except Ended as ended:
                return ended.is_kill
            except OSError:  # it went away while it was told something
                return False
        return False

    def close(self) -> None:
        """Listen no longer."""
        self._listener.close()
