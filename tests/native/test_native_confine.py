"""Confinement: what a boxed process can still do, and what nothing in it can do any more.

Every attack is run twice in a real child: left open, where it succeeds, and confined, where it is refused.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import pathlib
import signal
import socket
import struct
import tempfile

import pytest

from armillary.native import confine

LIBC = ctypes.CDLL(None, use_errno=True)
SUCCEEDED, REFUSED, FAILED = 42, 43, 44  # how an attacker leaves
REFUSALS = (1, 13)  # EPERM, EACCES
PAGE = mmap.PAGESIZE


def as_nobody():
    """Change identity and nothing else, so that only confinement makes the difference."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(confine.NOBODY, confine.NOBODY, confine.NOBODY)
        os.setresuid(confine.NOBODY, confine.NOBODY, confine.NOBODY)
        LIBC.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: let equals look


class Surroundings:
    """What an attacker finds when it is confined: descriptors, a listener, and another process."""

    def __init__(self, folder) -> None:
        self.file = folder / "present"
        self.file.write_bytes(b"present")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.reader, self.writer = os.pipe()
        self.shared = os.memfd_create("shared")
        os.ftruncate(self.shared, PAGE)
        self.page = mmap.mmap(-1, PAGE)
        self.secret = ctypes.create_string_buffer(b"the victim's secret")
        self.victim = 0

    def start_victim(self):
        """A process of the user the attacker becomes, which lives until the attacker is gone."""
        hold_reader, self.hold = os.pipe()
        ready_reader, ready = os.pipe()
        self.victim = os.fork()
        if self.victim == 0:
            os.close(self.hold)
            as_nobody()
            os.write(ready, b"x")
            os.read(hold_reader, 1)
            os._exit(0)
        os.read(ready_reader, 1)

    def close(self):
        for each in (self.listener, self.udp, self.tcp, self.unix, self.page):
            each.close()
        for each in (self.reader, self.writer, self.shared):
            os.close(each)


@pytest.fixture
def around():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)  # pytest's own folders are closed to other users
        made = Surroundings(pathlib.Path(folder))
        yield made
        made.close()


def pointer(object_):
    """The address of the bytes of `object_`."""
    return ctypes.addressof(ctypes.c_char.from_buffer(object_))


def sockaddr(address):
    host, port = address
    return struct.pack("<H", socket.AF_INET) + struct.pack(">H", port) + socket.inet_aton(host) + bytes(8)


def read_victim(around):
    into = ctypes.create_string_buffer(32)
    local = (ctypes.c_size_t * 2)(ctypes.addressof(into), 16)
    remote = (ctypes.c_size_t * 2)(ctypes.addressof(around.secret), 16)
    return LIBC.process_vm_readv(around.victim, local, 1, remote, 1, 0)


def run_program(around):
    arguments = (ctypes.c_char_p * 4)(b"sh", b"-c", b"exit %d" % SUCCEEDED, None)
    return LIBC.execve(b"/bin/sh", arguments, None)


def fork(around):
    child = LIBC.fork()
    if child == 0:
        os._exit(0)
    return child


def raw_mmap(protection, flags, descriptor=-1):
    LIBC.mmap.restype = ctypes.c_ssize_t
    return LIBC.mmap(None, ctypes.c_size_t(PAGE), protection, flags, descriptor, ctypes.c_size_t(0))


def connect(around):
    return LIBC.connect(around.tcp.fileno(), sockaddr(around.address), 16)


def send_elsewhere(around):
    return LIBC.sendto(around.udp.fileno(), b"leak", 4, 0, sockaddr(around.address), 16)


# Each returns what the system call returns: negative is failure, and errno says why.
ATTACKS = {
    "open a file": lambda around: LIBC.open(os.fsencode(around.file), os.O_RDONLY),
    "make a file": lambda around: LIBC.open(os.fsencode(around.file) + b"2", os.O_CREAT | os.O_WRONLY, 0o600),
    "remove a file": lambda around: LIBC.unlink(os.fsencode(around.file)),
    "ask whether a file is there": lambda around: LIBC.access(os.fsencode(around.file), 0),
    "change the directory": lambda around: LIBC.chdir(b"/"),
    "make a memory file": lambda around: LIBC.memfd_create(b"code", 0),
    "make a TCP socket": lambda around: LIBC.socket(socket.AF_INET, socket.SOCK_STREAM, 0),
    "make a Unix socket": lambda around: LIBC.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0),
    "make a netlink socket": lambda around: LIBC.socket(16, socket.SOCK_RAW, 0),
    "connect a socket it holds": connect,
    "bind a socket it holds": lambda around: LIBC.bind(around.tcp.fileno(), sockaddr(("127.0.0.1", 0)), 16),
    "listen on a socket it holds": lambda around: LIBC.listen(around.listener.fileno(), 1),
    "send to another address": send_elsewhere,
    "shut down a socket it holds": lambda around: LIBC.shutdown(around.listener.fileno(), 0),
    "signal another process": lambda around: LIBC.kill(around.victim, 0),
    "trace another process": lambda around: LIBC.ptrace(0x4206, around.victim, None, None),
    "read another process": read_victim,
    "fork": fork,
    "run a program": run_program,
    "make memory executable": lambda around: LIBC.mprotect(ctypes.c_void_p(pointer(around.page)), PAGE, 5),
    "map executable memory": lambda around: raw_mmap(7, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS),
    "map a descriptor": lambda around: raw_mmap(3, mmap.MAP_SHARED, around.shared),
    "map shared memory": lambda around: raw_mmap(3, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS),
    "change identity": lambda around: LIBC.setresuid(-1, -1, -1),
    "change a limit": lambda around: LIBC.setrlimit(7, (ctypes.c_ulong * 2)(8, 8)),
    "undo undumpable": lambda around: LIBC.prctl(4, 1, 0, 0, 0),
    "change personality": lambda around: LIBC.personality(0x0400000),
    "leave a namespace": lambda around: LIBC.unshare(0),
    "control a descriptor": lambda around: LIBC.ioctl(around.reader, 0x541B, ctypes.byref(ctypes.c_int())),
    "change a descriptor": lambda around: LIBC.fcntl(around.reader, 4, os.O_NONBLOCK),
    "duplicate a descriptor": lambda around: LIBC.dup(around.reader),
    "make a pipe": lambda around: LIBC.pipe((ctypes.c_int * 2)()),
    "take over a signal": lambda around: LIBC.sigaction(10, None, ctypes.create_string_buffer(256)),
    "learn the host's name": lambda around: LIBC.uname(ctypes.create_string_buffer(1024)),
}


def attack(run_in_child, around, name, prepare):
    """Run `prepare`, then the attack, in a child that leaves by how it went."""

    def work(send):
        around.start_victim()
        prepare()
        ctypes.set_errno(0)
        if ATTACKS[name](around) >= 0:
            return SUCCEEDED
        number = ctypes.get_errno()
        send(os.strerror(number).encode())
        return REFUSED if number in REFUSALS else FAILED

    return run_in_child(work)


@pytest.fixture(autouse=True)
def host_offers_everything():
    """These tests are about a host that has both; they fail, rather than pass idly, on another."""
    found = confine.features()
    assert found.landlock_abi >= 6 and found.seccomp


@pytest.mark.parametrize("name", ATTACKS)
def test_left_open_the_attack_works(run_in_child, around, name):
    outcome = attack(run_in_child, around, name, as_nobody)
    assert outcome.code == SUCCEEDED, outcome


@pytest.mark.parametrize("name", ATTACKS)
def test_confined_the_attack_fails(run_in_child, around, name):
    outcome = attack(run_in_child, around, name, lambda: confine.confine(kill=False))
    assert outcome.code == REFUSED, outcome


@pytest.mark.parametrize("name", ATTACKS)
def test_confined_to_the_death_the_attacker_is_killed(run_in_child, around, name):
    outcome = attack(run_in_child, around, name, lambda: confine.confine(kill=True))
    assert outcome.signal == signal.SIGSYS, outcome
    assert around.file.exists()
