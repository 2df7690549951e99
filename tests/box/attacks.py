"""Attacks on the host, made from inside a box by whoever took it over. The tests put this text into images.

`run(ring, machine)` tries every attack and tells the console of each: `ATTACK <ring> <name> done`, or
the errno it was refused with. What an attack changes, it changes in a child of its own where it can
have one, so that an open box survives its own attacks and the same list can be run against both.
"""

import ctypes
import errno
import mmap
import os
import socket

LIBC = ctypes.CDLL(None, use_errno=True)
BPF, USERFAULTFD = {"x86_64": (321, 323), "aarch64": (280, 282)}[os.environ.get("ATTACK_MACHINE", "x86_64")]
PIDFD_OPEN, IO_URING_SETUP, CLONE3, PIDFD_GETFD = 434, 425, 435, 438
GIB = 1 << 30


def libc(name, *arguments):
    """Call the C library; raises OSError where it returns -1."""
    result = getattr(LIBC, name)(*arguments)
    if result == -1:
        raise OSError(ctypes.get_errno(), name)
    return result


def aside(attack):
    """Run `attack` in a child if we may have one, else right here."""
    child = LIBC.fork()
    if child == -1:
        return attack()
    if child == 0:
        try:
            attack()
            os._exit(0)
        except MemoryError:
            os._exit(errno.ENOMEM)
        except OSError as problem:
            os._exit(problem.errno or 1)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code:
        raise OSError(abs(code), "in a child")


def folder(name):
    return os.path.join(os.environ["ATTACK_FOLDER"], name).encode()


def victim():
    return int(os.environ["ATTACK_VICTIM"])


def read_a_secret_file():
    os.read(libc("open", folder("fuses.bin"), os.O_RDONLY), 1)


def open_beside_a_folder():
    libc("openat", -100, folder("flash.bin"), os.O_RDWR)


def write_a_file():
    libc("open", folder("made-by-a-box"), os.O_WRONLY | os.O_CREAT, 0o600)


def look_at_a_file():
    os.stat(folder("flash.bin"))


def rename_a_file():
    os.rename(folder("made-by-a-box"), folder("renamed-by-a-box"))


def read_memory_of_itself_as_a_file():
    libc("open", b"/proc/self/mem", os.O_RDWR)


def list_processes():
    os.listdir("/proc")


def reach_the_network():
    with socket.socket() as stream:
        stream.connect(("127.0.0.1", int(os.environ["ATTACK_PORT"])))


def take_over_the_board_by_its_control_socket():
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(os.path.join(os.environ["ATTACK_FOLDER"], "control.sock"))


def reach_an_abstract_socket():
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect("\0" + os.environ["ATTACK_ABSTRACT"])


def send_a_descriptor_to_a_stranger():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as stream:
        stream.connect("\0" + os.environ["ATTACK_ABSTRACT"] + ".descriptors")
        socket.send_fds(stream, [b"x"], [0])


def send_to_an_address():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stream:
        stream.sendto(b"x", ("127.0.0.1", int(os.environ["ATTACK_PORT"])))


def make_a_channel():
    left, right = socket.socketpair()
    left.close()
    right.close()


def fork():
    child = libc("fork")
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def clone3():
    arguments = (ctypes.c_uint64 * 8)()
    arguments[4] = 17  # exit_signal: SIGCHLD
    child = libc("syscall", CLONE3, arguments, ctypes.sizeof(arguments))
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


def execute_a_program():
    aside(lambda: os.execv("/bin/true", ["true"]))


def execute_from_memory():
    descriptor = libc("memfd_create", b"program", 0)
    os.write(descriptor, b"#!/bin/true\n")
    aside(lambda: os.execve(f"/proc/self/fd/{descriptor}", ["true"], {}))
    os.close(descriptor)


def signal_the_board():
    libc("kill", victim(), 0)


def signal_everybody():
    libc("kill", 0, 0)


def signal_a_thread_of_the_board():
    libc("tgkill", victim(), victim(), 0)


def trace_the_board():
    aside(lambda: libc("ptrace", 0x4206, victim(), None, None))  # PTRACE_SEIZE


def read_memory_of_the_board():
    _vector("process_vm_readv")


def write_memory_of_the_board():
    _vector("process_vm_writev")


def _vector(name):
    """One byte of None's head: it lies where it lay when the zygote was forked. Written as it was read."""
    byte = ctypes.create_string_buffer(1)
    here = (ctypes.c_void_p * 2)(ctypes.addressof(byte), 1)
    there = (ctypes.c_void_p * 2)(id(type(None)) + 64, 1)
    if name != "process_vm_readv":
        libc("process_vm_readv", victim(), here, 1, there, 1, 0)
    libc(name, victim(), here, 1, there, 1, 0)


def hold_the_board():
    os.close(libc("syscall", PIDFD_OPEN, victim(), 0))


def steal_a_descriptor_of_the_board():
    holder = libc("syscall", PIDFD_OPEN, victim(), 0)
    os.close(libc("syscall", PIDFD_GETFD, holder, 1, 0))
    os.close(holder)


def map_memory_that_executes():
    mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def make_written_memory_execute():
    memory = mmap.mmap(-1, mmap.PAGESIZE)
    memory.write(b"\xc3")
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    libc("mprotect", ctypes.c_void_p(address), mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_EXEC)


def become_another_user():
    aside(lambda: libc("setresuid", os.getuid(), os.getuid(), os.getuid()))


def become_readable():
    aside(lambda: libc("prctl", 4, 1, 0, 0, 0))  # PR_SET_DUMPABLE


def outlive_the_board():
    aside(lambda: libc("prctl", 1, 0, 0, 0, 0))  # PR_SET_PDEATHSIG


def change_its_limits():
    aside(lambda: libc("prlimit", 0, 7, None, (ctypes.c_uint64 * 2)()))


def enter_a_namespace():
    aside(lambda: libc("unshare", 0x10000000))  # CLONE_NEWUSER


def load_a_filter_of_its_own():
    attributes = (ctypes.c_uint32 * 32)(2, 4, 4, 1)  # BPF_MAP_CREATE of an array
    os.close(libc("syscall", BPF, 0, attributes, ctypes.sizeof(attributes)))


def ask_for_asynchronous_input_and_output():
    os.close(libc("syscall", IO_URING_SETUP, 1, (ctypes.c_uint8 * 128)()))


def handle_page_faults():
    os.close(libc("syscall", USERFAULTFD, 0))


def set_a_timer_signal():
    libc("alarm", 0)
    if ctypes.get_errno() == errno.EPERM:
        raise OSError(errno.EPERM, "alarm")


def fill_the_memory():
    aside(lambda: [bytearray(GIB // 64) for _ in range(64)])


def take_every_descriptor():
    taken = []
    try:
        while len(taken) < 900:
            taken.append(os.dup(0))
    finally:
        for descriptor in taken:
            os.close(descriptor)


ATTACKS = (
    read_a_secret_file, open_beside_a_folder, write_a_file, look_at_a_file, rename_a_file,
    read_memory_of_itself_as_a_file, list_processes, reach_the_network, take_over_the_board_by_its_control_socket,
    reach_an_abstract_socket, send_a_descriptor_to_a_stranger, send_to_an_address, make_a_channel, fork, clone3,
    execute_a_program, execute_from_memory, signal_the_board, signal_everybody, signal_a_thread_of_the_board,
    trace_the_board, read_memory_of_the_board, write_memory_of_the_board, hold_the_board,
    steal_a_descriptor_of_the_board, map_memory_that_executes, make_written_memory_execute, become_another_user,
    become_readable, outlive_the_board, change_its_limits, enter_a_namespace, load_a_filter_of_its_own,
    ask_for_asynchronous_input_and_output, handle_page_faults, set_a_timer_signal, fill_the_memory,
    take_every_descriptor,
)  # fmt: skip


def attempt(attack):
    """ "done", or the errno of the refusal."""
    ctypes.set_errno(0)
    try:
        attack()
    except MemoryError:
        return str(errno.ENOMEM)
    except OSError as problem:
        return str(problem.errno)
    except Exception as problem:
        return type(problem).__name__  # neither: the test will say so
    return "done"


def say(text):
    os.write(2, text.encode() + b"\n")


def run(ring, machine=None):
    """Try everything, then tell which descriptors there are, and which of them the machine knows."""
    for attack in ATTACKS:
        say(f"ATTACK {ring} {attack.__name__} {attempt(attack)}")
    found = [number for number in range(1024) if LIBC.fcntl(number, 1) != -1]
    say(f"DESCRIPTORS {ring} " + ",".join(map(str, found)))
    say(f"ATTACKED {ring}")
