"""Confinement step by step: what each layer does alone, and what is reported."""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import select
import signal
import socket
import threading

import pytest

from armillary.native import confine

LIBC = ctypes.CDLL(None, use_errno=True)
IS_ROOT = os.geteuid() == 0
OFFERED = [step for step in confine.STEPS if IS_ROOT or step != "uid"]
LANDLOCK_CREATE, LANDLOCK_RESTRICT = 444, 446
NUMBERS = {
    "x86_64": {"seccomp": 317, "setresuid": 117, "capset": 126, "setrlimit": 302, "prctl": 157},
    "aarch64": {"seccomp": 277, "setresuid": 147, "capset": 91, "setrlimit": 261, "prctl": 167},
}[platform.machine()]


class Instruction(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_uint16),
        ("jt", ctypes.c_uint8),
        ("jf", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    ]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.POINTER(Instruction))]


def pretend(number, error):
    """From now on system call `number` fails with `error` here: a poorer or a broken host."""
    code = (Instruction * 4)(
        (0x20, 0, 0, 0),  # load the number
        (0x15, 0, 1, number),  # equal?
        (0x06, 0, 0, 0x0005_0000 | error),  # SECCOMP_RET_ERRNO
        (0x06, 0, 0, 0x7FFF_0000),  # SECCOMP_RET_ALLOW
    )
    assert LIBC.prctl(38, 1, 0, 0, 0) == 0  # no_new_privs
    assert LIBC.prctl(22, 2, ctypes.byref(Program(4, code)), 0, 0) == 0


def without_seccomp(**limits):
    """Confine as on a host that has everything but filters."""
    pretend(NUMBERS["seccomp"], errno.ENOSYS)
    return confine.confine(**limits)


def refusal(call):
    """The errno with which `call` is refused, or None."""
    try:
        call()
    except OSError as error:
        return error.errno
    return None


def test_everything_that_is_offered_takes_effect(run_in_child):
    def work(send):
        send(json.dumps(sorted(confine.confine())).encode())

    assert json.loads(run_in_child(work).said) == sorted(OFFERED)


def test_what_did_not_take_effect_is_named_in_order():
    assert confine.missing(frozenset(confine.STEPS)) == []
    assert confine.missing(frozenset({"nnp", "rlimits"})) == [
        "uid", "capabilities", "undumpable", "parent", "landlock_fs", "landlock_net", "landlock_scope", "seccomp",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "number, absent",
    [(NUMBERS["seccomp"], ["seccomp"]), (LANDLOCK_CREATE, ["landlock_fs", "landlock_net", "landlock_scope"])],
)
def test_a_poorer_host_is_reported_not_hidden(run_in_child, number, absent):
    def work(send):
        pretend(number, errno.ENOSYS)
        send(json.dumps([confine.features(), confine.missing(confine.confine())]).encode())

    features, missing = json.loads(run_in_child(work).said)
    assert missing == [step for step in confine.STEPS if step in absent or step not in OFFERED]
    assert (features[1] is False) == ("seccomp" in absent) and (features[0] == 0) == ("seccomp" not in absent)


BREAKABLE = {
    "landlock_fs": LANDLOCK_RESTRICT,
    "capabilities": NUMBERS["capset"],
    "rlimits": NUMBERS["setrlimit"],
}
if IS_ROOT:
    BREAKABLE["uid"] = NUMBERS["setresuid"]


@pytest.mark.parametrize("step", BREAKABLE)
def test_a_step_that_is_offered_and_fails_is_an_error(run_in_child, step):
    def work(send):
        pretend(BREAKABLE[step], errno.EIO)
        try:
            confine.confine()
        except confine.ConfineFailed as failure:
            send((failure.step + " " + errno.errorcode[failure.errno]).encode())

    assert run_in_child(work).said.decode() == step + " EIO"


def test_a_process_with_another_thread_is_refused(run_in_child):
    def work(send):
        end = threading.Event()
        thread = threading.Thread(target=end.wait)
        thread.start()
        try:
            confine.confine()
        except confine.ConfineFailed as failure:
            send((failure.step + " " + errno.errorcode[failure.errno]).encode())
        end.set()
        thread.join()

    assert run_in_child(work).said == b"nnp EBUSY"


def test_root_stays_root_for_nobody(run_in_child):
    def work(send):
        for identity in ({"uid": 0}, {"gid": 0}):
            try:
                confine.confine(**identity)
            except confine.ConfineFailed as failure:
                send(failure.step.encode() + b" ")

    assert run_in_child(work).said == (b"uid uid " if IS_ROOT else b"")


def test_an_unknown_action_is_refused_before_anything_happens(run_in_child):
    def work(send):
        achieved = confine.ffi.new("uint32_t *", 7)
        limits = confine.ffi.new("struct confine_limits *", {"action": 2, "uid": 1, "gid": 1})
        result = confine.lib.confine_process(limits, achieved)
        send(repr((result, achieved[0], LIBC.prctl(39, 0, 0, 0, 0))).encode())

    assert run_in_child(work).said == repr((-errno.EINVAL, 0, 0)).encode()


def status_of(process):
    with open("/proc/" + str(process) + "/status") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


@pytest.fixture
def confined():
    """A confined child that waits; gives its process id."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    child = os.fork()
    if child == 0:
        try:
            ours.close()
            confine.confine(
                memory=confine.address_space() + (32 << 20), cpu_seconds=5, files=20, parent=os.getppid()
            )
            theirs.send(b"confined")
            theirs.recv(1)
        finally:
            os._exit(0)
    theirs.close()
    assert ours.recv(100) == b"confined"
    yield child
    ours.close()
    assert os.waitpid(child, 0)[1] == 0


def test_the_kernel_agrees_about_the_process(confined):
    status = status_of(confined)
    assert status["NoNewPrivs"] == "1" and status["Seccomp"] == "2"
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[name], 16) == 0
    if IS_ROOT:
        assert int(status["CapBnd"], 16) == 0
        assert status["Uid"].split() == status["Gid"].split() == [str(confine.NOBODY)] * 4
        assert status["Groups"].split() == []


def test_the_kernel_agrees_about_the_limits(confined):
    with open("/proc/" + str(confined) + "/limits") as file:
        limits = {line[:26].strip(): line[26:].split()[:2] for line in file}
    for name in ("Max processes", "Max file size", "Max core file size", "Max locked memory"):
        assert limits[name] == ["0", "0"]
    assert limits["Max open files"] == ["20", "20"]
    assert limits["Max cpu time"] == ["5", "5"]
    assert "unlimited" not in limits["Max address space"]


def test_nobody_but_root_looks_into_it(confined):
    """Undumpable: its memory and descriptors belong to root in /proc."""
    assert os.stat("/proc/" + str(confined) + "/mem").st_uid == 0
    assert os.stat("/proc/" + str(confined) + "/fd").st_uid == 0


def test_landlock_alone_refuses_files(run_in_child, tmp_path):
    (tmp_path / "file").write_bytes(b"")

    def work(send):
        assert "seccomp" not in without_seccomp()
        refused = [
            refusal(lambda: os.open("/etc/passwd", os.O_RDONLY)),
            refusal(lambda: os.open("/proc/self/status", os.O_RDONLY)),
            refusal(lambda: os.listdir("/")),
            refusal(lambda: os.mkdir("/tmp/of-a-confined-process")),
        ]
        send(repr(refused).encode())

    assert run_in_child(work).said == repr([errno.EACCES] * 4).encode()


def test_landlock_alone_refuses_the_network(run_in_child):
    listener = socket.create_server(("127.0.0.1", 0))
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind("\0armillary-" + str(os.getpid()))
    abstract.listen()

    def work(send):
        without_seccomp()
        tcp, unix = socket.socket(), socket.socket(socket.AF_UNIX)
        refused = [
            refusal(lambda: tcp.connect(listener.getsockname())),
            refusal(lambda: tcp.bind(("127.0.0.1", 0))),
            refusal(lambda: unix.connect(abstract.getsockname())),
        ]
        send(repr(refused).encode())

    assert run_in_child(work).said == repr([errno.EACCES, errno.EACCES, errno.EPERM]).encode()
    listener.close()
    abstract.close()


def test_landlock_alone_refuses_signals(run_in_child):
    """The target is of the same user, so the user is not what protects it."""

    def work(send):
        reader, writer = os.pipe()
        if IS_ROOT:
            os.setresgid(confine.NOBODY, confine.NOBODY, confine.NOBODY)
            os.setresuid(confine.NOBODY, confine.NOBODY, confine.NOBODY)
        target = os.fork()
        if target == 0:
            os.close(writer)
            os.read(reader, 1)
            os._exit(0)
        before = refusal(lambda: os.kill(target, 0))
        without_seccomp()
        send(repr([before, refusal(lambda: os.kill(target, 0))]).encode())

    assert run_in_child(work).said == repr([None, errno.EPERM]).encode()


def test_the_limits_alone_stop_growth(run_in_child, tmp_path):
    def work(send):
        with open(tmp_path / "held", "wb", buffering=0) as held:
            without_seccomp(memory=confine.address_space() + (32 << 20), files=held.fileno() + 2)
            refused = [refusal(lambda: held.write(b"x")), refusal(os.fork), refusal(os.pipe)]
            refused.append(LIBC.mlock(ctypes.create_string_buffer(8), 8) and ctypes.get_errno())
        try:
            bytearray(256 << 20)
        except MemoryError:
            refused.append("memory")
        send(repr(refused).encode())

    expected = [errno.EFBIG, errno.EAGAIN, errno.EMFILE, errno.EPERM, "memory"]
    assert run_in_child(work).said == repr(expected).encode()


def test_too_much_processor_time_ends_it(run_in_child):
    def work(send):
        confine.confine(cpu_seconds=1)
        while True:
            pass

    assert run_in_child(work).signal == signal.SIGKILL


def test_it_dies_with_its_parent():
    """The grandchild holds a pipe's end; when its parent is killed, the pipe closes."""
    reader, writer = os.pipe()
    never_reader, never_writer = os.pipe()
    parent = os.fork()
    if parent == 0:
        try:
            if os.fork() == 0:
                confine.confine(parent=os.getppid())
                os.write(writer, b"x")
                os.read(never_reader, 1)
                os._exit(0)
            os.close(writer)
            os.read(never_reader, 1)
        finally:
            os._exit(0)
    os.close(writer)
    assert os.read(reader, 1) == b"x"
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    waiting = select.poll()
    waiting.register(reader, select.POLLIN | select.POLLHUP)
    assert waiting.poll(10_000), "the confined process outlived its parent"
    assert os.read(reader, 1) == b""
    for end in (reader, never_reader, never_writer):
        os.close(end)


def test_a_parent_that_is_already_gone_is_noticed(run_in_child):
    def work(send):
        try:
            confine.confine(parent=os.getppid() + 1)
        except confine.ConfineFailed as failure:
            send((failure.step + " " + errno.errorcode[failure.errno]).encode())

    assert run_in_child(work).said == b"parent ESRCH"


def test_without_the_library_nothing_is_claimed(monkeypatch):
    monkeypatch.setattr(confine, "lib", None)
    assert confine.features() == (0, False)
    assert confine.confine() == frozenset()
    assert confine.missing(confine.confine()) == list(confine.STEPS)
