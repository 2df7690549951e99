"""Host network: streams over the host's TCP, to the addresses a board names and no others.

There is no name resolution: a name is what the table says. Unless the board allows it in so many words
only loopback addresses are dialled, so a simulated device cannot reach the world. CPython only.
"""

from __future__ import annotations

import errno
import ipaddress
import select
import socket
from collections.abc import Mapping

from ...wire.fault import Closed, Failed, Invalid
from .network import CLOSED, CONNECTING, FAILED, OPEN, Streams, unknown

Hosts = Mapping[tuple[str, int], tuple[str, int]]
WAITING = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN, errno.EINTR)


class HostNetwork:
    """Satisfies `hal.interface.Network`. `hosts` maps (name, port) to (IP address, real port).

    Raises Invalid for an address that is not an IP address, or not loopback without `allow_remote`.
    """

    def __init__(self, hosts: Hosts, allow_remote: bool = False) -> None:
        self.allow_remote = allow_remote
        self._hosts: dict[tuple[str, int], tuple[str, int]] = {}
        self._streams = Streams()
        for (host, port), (ip, real_port) in hosts.items():
            self.name(host, port, ip, real_port)

    def name(self, host: str, port: int, ip: str, real_port: int) -> None:
        """Add or replace a host. Raises Invalid."""
        try:
            address = ipaddress.ip_address(ip)
        except ValueError:
            raise Invalid(ip + " is not an IP address")
        if not (address.is_loopback or self.allow_remote):
            raise Invalid(ip + " is not a loopback address", "hal", "network.remote", "allow_remote=False",
                          "allow remote addresses for this board")  # fmt: skip
        if not 0 < real_port <= 0xFFFF:
            raise Invalid(str(real_port) + " is not a TCP port")
        self._hosts[(host.lower(), port)] = (str(address), real_port)

    def open(self, host: str, port: int) -> int:
        """Begin a connection. Raises Unreachable if the name is not in the table, Full, Failed."""
        self._streams.require_room()
        address = self._hosts.get((host.lower(), port))
        if address is None:
            raise unknown(host, port)
        try:
            return self._streams.add(_Stream(address))
        except OSError as error:
            raise Failed("the host gave no socket: " + str(error.strerror))

    def status(self, stream: int) -> tuple[int, int]:
        """(state, readable)."""
        return self._find(stream).status()

    def send(self, stream: int, data: bytes) -> int:
        """How many bytes were taken, 0 while connecting or choked. Raises Closed if it failed."""
        return self._find(stream).send(data)

    def receive(self, stream: int, length: int) -> bytes:
        """What has arrived, at most `length` bytes; empty if nothing."""
        if length < 0:
            raise Invalid("a length of " + str(length))
        return self._find(stream).receive(length)

    def close(self, stream: int) -> None:
        """Close; the number is free again."""
        self._find(stream).socket.close()
        self._streams.remove(stream)

    def readers(self) -> list[int]:
        """File descriptors that a board waits on until they can be read."""
        return [each.socket.fileno() for each in self._streams.all() if each.state == OPEN]

    def writers(self) -> list[int]:
        """File descriptors that a board waits on until they can be written: still connecting."""
        return [each.socket.fileno() for each in self._streams.all() if each.state == CONNECTING]

    def reset(self) -> None:
        """What a reset does: every connection breaks off."""
        for stream in self._streams.all():
            stream.socket.close()
        self._streams = Streams()

    def _find(self, stream: int) -> _Stream:
        found: _Stream = self._streams.find(stream)
        return found


class _Stream:
    """One non-blocking socket and its state."""

    def __init__(self, address: tuple[str, int]) -> None:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.state = CONNECTING
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = self.socket.connect_ex(address)
        if code not in WAITING:
            self.state = FAILED if code else OPEN

    def status(self) -> tuple[int, int]:
        if self.state == CONNECTING:
            self._settle()
        if self.state != OPEN:
            return self.state, 0
        seen = self._receive(1, socket.MSG_PEEK)
        return self.state, 1 if seen else 0

    def send(self, data: bytes) -> int:
        if self.state == CONNECTING:
            self._settle()
        if self.state == CONNECTING or not data:
            return 0
        if self.state == FAILED:
            raise Closed("the connection failed")
        try:
            return self.socket.send(data, socket.MSG_NOSIGNAL)
        except OSError as error:
            if error.errno in WAITING:
                return 0
            self.state = FAILED
            raise Closed("the connection broke: " + str(error.strerror))

    def receive(self, length: int) -> bytes:
        if self.state == CONNECTING:
            self._settle()
        return self._receive(length, 0) if self.state == OPEN and length else b""

    def _settle(self) -> None:
        """Learn whether the connection was made; the socket can be written once that is known."""
        poll = select.poll()
        poll.register(self.socket, select.POLLOUT)
        if poll.poll(0):
            failed = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            self.state = FAILED if failed else OPEN

    def _receive(self, length: int, flags: int) -> bytes:
        try:
            data = self.socket.recv(length, flags)
        except OSError as error:
            if error.errno not in WAITING:
                self.state = FAILED
            return b""
        if not data:
            self.state = CLOSED
        return data
