"""The system-call filter: CPython lives on under it, and every other call is refused."""

from __future__ import annotations

import array
import ctypes
import errno
import gc
import json
import marshal
import mmap
import os
import platform
import select
import signal
import socket
import struct
import time

import pytest

from armillary import native
from armillary.native import confine

LIBC = ctypes.CDLL(None, use_errno=True)
OFFERED = [step for step in confine.STEPS if os.geteuid() == 0 or step != "uid"]


def python_lives(channel, reader, poller, epoll):
    """What rings and apps do; returns how far it got, which is everything."""
    done = []
    scope = {}
    exec(marshal.loads(marshal.dumps(compile("def f(n): return n and n + f(n - 1)", "image", "exec"))), scope)
    done.append(scope["f"](100))
    junk = [[bytearray(5000)] for _ in range(5000)]
    junk[0].append(junk)
    del junk
    done.append(gc.collect() > 0)
    done.append(json.loads(json.dumps(struct.unpack("<HI", struct.pack("<HI", 7, 8)))))
    time.sleep(0.001)
    done.append(time.time() > 0 and time.monotonic() > 0)
    data, ancillary, _, _ = channel.recvmsg(4096, socket.CMSG_SPACE(4))
    received = array.array("i", ancillary[0][2])
    done.append([data.decode(), os.write(received[0], b"through")])
    epoll.register(received[0], select.EPOLLOUT)
    done.append([len(poller.poll(1000)), len(epoll.poll(1)), os.read(reader, 10).decode()])
    os.close(received[0])
    native.prepare()
    done.append(len(os.urandom(32)))
    try:
        raise ValueError("an exception")
    except ValueError as error:
        done.append(str(error))
    return done


def test_python_lives_on_and_is_not_killed(run_in_child):
    """Under the stricter action: one forbidden system call among all of this would end the child."""
    native.prepare()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    reader, writer = os.pipe()
    passed_reader, passed_writer = os.pipe()

    def work(send):
        poller, epoll = select.poll(), select.epoll()
        poller.register(reader, select.POLLIN)
        assert confine.missing(confine.confine(kill=True)) == confine.missing(frozenset(OFFERED))
        theirs.send(json.dumps(python_lives(theirs, passed_reader, poller, epoll)).encode())
        return 7

    os.write(writer, b"x")
    ours.sendmsg([b"take"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [passed_writer]))])
    outcome = run_in_child(work)
    assert outcome.code == 7, outcome
    expected = [5050, True, [7, 8], True, ["take", 7], [1, 1, "through"], 32, "an exception"]
    assert json.loads(ours.recv(4096)) == expected
    ours.close()
    theirs.close()
    for end in (reader, writer, passed_reader, passed_writer):
        os.close(end)


# Linux passes the calls of its own probes by every filter (6.14 and 6.18); nobody else can use them.
PROBES = {"x86_64": [335, 336], "aarch64": []}[platform.machine()]
ALLOWED = {
    "x86_64": [
        0, 1, 3, 7, 9, 10, 11, 12, 13 + 1, 15, 19, 20, 24, 25, 28, 35, 39, 44, 45, 46, 47, 60, 72, 96, 131, 186,
        202, 219, 228, 230, 231, 232, 233, 271, 281, 318,
    ],
    "aarch64": [
        21, 22, 25, 57, 63, 64, 65, 66, 73, 93, 94, 98, 101, 113, 115, 124, 128, 132, 135, 139, 169, 172, 178, 206,
        207, 211, 212, 214, 215, 216, 222, 226, 233, 278,
    ],
}[platform.machine()]  # fmt: skip


def test_every_other_system_call_is_refused(run_in_child):
    """All numbers there are, those yet to come, and those of the x32 ABI."""
    others = [n for n in range(1024) if n not in ALLOWED + PROBES]
    others += [0x4000_0000 + n for n in range(600)] + [0x7FFF_FFFF]

    def work(send):
        confine.confine(kill=False)
        syscall, wrong = LIBC.syscall, []
        for number in others:
            ctypes.set_errno(0)
            if syscall(number, 0, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() != errno.EPERM:
                wrong.append(number)
        send(repr(wrong).encode())

    assert run_in_child(work).said == b"[]"


@pytest.mark.slow
def test_every_other_system_call_kills(run_in_child):
    def work_of(number):
        def work(send):
            confine.confine(kill=True)
            LIBC.syscall(number, 0, 0, 0, 0, 0, 0)

        return work

    for number in range(480):
        if number not in ALLOWED + PROBES:
            assert run_in_child(work_of(number)).signal == signal.SIGSYS, number


@pytest.mark.parametrize("number", PROBES)
def test_the_kernels_own_probes_do_nothing_here(run_in_child, number):
    def work(send):
        confine.confine(kill=True)
        send(str(LIBC.syscall(number, 0, 0, 0, 0, 0, 0)).encode())

    outcome = run_in_child(work)
    assert outcome.said == b"-1" or outcome.signal in (signal.SIGSYS, signal.SIGILL)


@pytest.mark.parametrize("kill", [False, True])
def test_the_32_bit_entry_is_no_way_around(run_in_child, kill):
    """int 0x80 on x86-64 takes other numbers, which the filter would mistake: it kills at once."""
    code = {"x86_64": "b814000000cd80c3", "aarch64": "d4200000"}[platform.machine()]  # getpid; there: brk
    page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(bytes.fromhex(code))
    enter = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))

    def work(send):
        confine.confine(kill=kill)
        send(str(enter()).encode())

    outcome = run_in_child(work)
    assert outcome.signal in (signal.SIGSYS, signal.SIGSEGV, signal.SIGTRAP) and not outcome.said
