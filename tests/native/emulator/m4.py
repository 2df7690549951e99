"""The Cortex-M4 build of the engine in an emulator: its functions called from Python, counted and traced.

`machine.c` and `sweep.c` are compiled here against the Unicorn that the Python package brings, and are
called through ctypes.
"""

from __future__ import annotations

import ctypes
import pathlib
import subprocess
from typing import NamedTuple

import unicorn
from elftools.elf.elffile import ELFFile

from armillary.native.m4 import build

HERE = pathlib.Path(__file__).resolve().parent
UNICORN = pathlib.Path(unicorn.__file__).parent
CODE_SIZE, MEMORY_SIZE = 0x20000, 0x8000
MEMORY, STACK = 0x20000000, 0x20008000
ROOM = 0x20000400  # where arguments are put; the engine's own variables, if any, lie below
RETURNED = 0


class Symbol(NamedTuple):
    """A function: where it is, how long, which C file it is of ("" if it is the library's)."""

    name: str
    address: int
    size: int
    file: str


class Program(NamedTuple):
    """A linked engine: what is in its two memories, and its functions by name.

    A function that another file has under the same name, as its own, stands there as `name@file`.
    """

    elf: pathlib.Path
    code: bytes
    memory: bytes
    functions: dict[str, Symbol]


class Seen(NamedTuple):
    """What was seen of a call: `path` and `data` are hashes of all addresses executed, and read or written."""

    result: int
    instructions: int
    path: int
    data: int
    stack: int


def shim(folder: pathlib.Path) -> ctypes.CDLL:
    """The C of this folder and of `sweep/`, compiled into `folder`."""
    made = folder / "libm4.so"
    sources = [HERE / "machine.c", *(HERE.parent / "sweep" / name for name in ("record.c", "sweep.c"))]
    library = next((UNICORN / "lib").glob("libunicorn.so*"))
    flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", f"-I{HERE.parent}", f"-I{HERE}"]
    include = ["-isystem", str(UNICORN / "include")]
    link = [str(library), f"-Wl,-rpath,{library.parent}"]
    subprocess.run(["cc", *flags, *include, *map(str, sources), *link, "-o", str(made)], check=True)
    library = ctypes.CDLL(str(made))
    library.machine_new.restype = ctypes.POINTER(MachineRecord)
    library.machine_memory.restype = ctypes.POINTER(ctypes.c_uint8)
    return library


class MachineRecord(ctypes.Structure):
    """struct machine, of machine.h."""

    _fields_ = [
        ("uc", ctypes.c_void_p), ("fresh", ctypes.c_void_p), ("code", ctypes.c_void_p), ("memory", ctypes.c_void_p),
        ("limit", ctypes.c_uint64), ("instructions", ctypes.c_uint64), ("path", ctypes.c_uint64),
        ("data", ctypes.c_uint64), ("lowest", ctypes.c_uint32), ("result", ctypes.c_uint32),
        ("it_begin", ctypes.c_uint32), ("it_end", ctypes.c_uint32),
    ]  # fmt: skip


def link(elf: pathlib.Path, objects: list[pathlib.Path]) -> Program:
    """Link everything, used or not, behind the vector table and the start-up code."""
    support = build.compile_all(elf.parent / "support", [build.HERE / "start.c", build.HERE / "semihosting.c"])
    build.run(build.COMPILER, *build.LINK, "-Wl,--no-gc-sections", *support, *objects, "-o", elf)
    program = load(elf)
    for path in objects:
        with path.open("rb") as stream:
            for symbol in _functions(ELFFile(stream)):
                if not symbol.file:
                    known = program.functions[symbol.name]
                    program.functions[symbol.name] = known._replace(file=path.stem.rpartition("-")[2] + ".c")
    return program


def compiled(folder: pathlib.Path, more: list[pathlib.Path], flags: list[str] | None = None) -> list[pathlib.Path]:
    """The objects of the engine and the C files `more`, one of which has main(), by the one recipe and then `flags`."""
    return build.compile_all(folder / "objects", [*build.sources(), *more], flags or [])


def engine(folder: pathlib.Path, more: list[pathlib.Path], flags: list[str] | None = None) -> Program:
    """They linked."""
    return link(folder / "engine.elf", compiled(folder, more, flags))


def load(path: pathlib.Path) -> Program:
    """What an ELF file puts where."""
    code, memory = bytearray(), bytearray(MEMORY_SIZE)
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        for segment in elf.iter_segments("PT_LOAD"):
            data, start = segment.data(), segment["p_vaddr"]
            if start < CODE_SIZE:
                code[start : start + len(data)] = data
            elif data:
                memory[start - MEMORY : start - MEMORY + len(data)] = data
        functions: dict[str, Symbol] = {}
        for symbol in _functions(elf):
            functions[symbol.name if symbol.name not in functions else f"{symbol.name}@{symbol.file}"] = symbol
    assert len(code) <= CODE_SIZE and len(memory) == MEMORY_SIZE
    return Program(path, bytes(code), bytes(memory), functions)


def _functions(elf):
    file = ""
    for symbol in elf.get_section_by_name(".symtab").iter_symbols():
        kind = symbol["st_info"]["type"]
        if kind == "STT_FILE":
            file = symbol.name
        elif kind == "STT_FUNC" and symbol["st_shndx"] != "SHN_UNDEF":
            local = symbol["st_info"]["bind"] == "STB_LOCAL"
            yield Symbol(symbol.name, symbol["st_value"] & ~1, symbol["st_size"], file if local else "")


class Machine:
    """One emulated processor with a program in it. Arguments are integers, or bytes, which are put into memory."""

    def __init__(self, library, program: Program, *, with_data: bool = True, limit: int = 1 << 32):
        self.library, self.program = library, program
        self.record = library.machine_new(program.code, ctypes.c_size_t(len(program.code)), int(with_data))
        assert self.record, "no machine"
        self.record.contents.limit = limit
        self.memory = (ctypes.c_uint8 * MEMORY_SIZE).from_address(self.record.contents.memory)
        self.reset()

    def close(self) -> None:
        """Free it."""
        self.library.machine_free(self.record)

    def reset(self) -> None:
        """Memory as the program begins with it; nothing placed."""
        ctypes.memmove(self.memory, self.program.memory, MEMORY_SIZE)
        self.next = ROOM

    def place(self, data: bytes, align: int = 64) -> int:
        """Put bytes into free memory. Returns their address."""
        at = -(-self.next // align) * align
        self.next = at + max(len(data), 1)
        assert self.next < STACK - 0x3000, "no room"
        self.memory[at - MEMORY : at - MEMORY + len(data)] = list(data)
        return at

    def read(self, address: int, length: int) -> bytes:
        """Bytes of memory."""
        return bytes(self.memory[address - MEMORY : address - MEMORY + length])

    def words(self, arguments) -> list[int]:
        """The arguments as words: bytes are placed, and their address taken; a function is given the words before it."""
        made: list[int] = []
        for one in arguments:
            if isinstance(one, bytes | bytearray):
                one = self.place(one)
            made.append(one(made) if callable(one) else one)
        return made

    def call(self, function: str | Symbol, *arguments: int | bytes) -> Seen:
        """Call a function. Raises RuntimeError if it does not return."""
        symbol = self.program.functions[function] if isinstance(function, str) else function
        words = self.words(arguments)
        record = self.record.contents
        how = self.library.machine_call(
            self.record, symbol.address, STACK,
            (ctypes.c_uint32 * 12)(*words), ctypes.c_size_t(len(words)),
        )  # fmt: skip
        if how != RETURNED:
            raise RuntimeError(f"{symbol.name} {('', 'crashed', 'hung')[how]}")
        return Seen(record.result, record.instructions, record.path, record.data, STACK - record.lowest)
