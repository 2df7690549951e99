"""Engines, published vectors, and children that may be confined."""

from __future__ import annotations

import faulthandler
import os
import pathlib
import signal
import types
from typing import NamedTuple

import cryptography_vectors
import pytest

from armillary import native
from armillary.native import compiled, host, standard
from armillary.native._native import lib
from armillary.native.plain import memory, suite

VECTORS = pathlib.Path(cryptography_vectors.__file__).parent


def _portable_c(data):
    lib.cpu_restrict(0)
    try:
        return compiled.sha256(data)
    finally:
        lib.cpu_restrict(0xFFFFFFFF)


HASHES = {
    "facade": native.sha256,
    "compiled": compiled.sha256,
    "portable C": _portable_c,
    "standard": standard.sha256,
    "plain": suite.sha256,
}
STREAMS = {
    "facade": native.Sha256,
    "compiled": compiled.Sha256,
    "standard": standard.Sha256,
    "plain": suite.Sha256,
}


@pytest.fixture(params=HASHES)
def sha256(request):
    """One-shot SHA-256 of every engine."""
    return HASHES[request.param]


@pytest.fixture(params=STREAMS)
def stream(request):
    """The class Sha256 of every engine."""
    return STREAMS[request.param]


@pytest.fixture(params=[native, compiled, standard, memory], ids=lambda module: module.__name__)
def care(request):
    """`compare` and `clear` of every engine."""
    return request.param


@pytest.fixture(params=[native, suite], ids=lambda module: module.__name__)
def keyed(request):
    """HMAC and HKDF of every engine."""
    return request.param


@pytest.fixture(params=[native, host, suite], ids=lambda module: module.__name__)
def engine(request):
    """P-256 and AES-GCM of every engine; `share(list, n)` leaves the slow one every n-th element."""
    module = request.param
    is_slow = module is suite
    names = {name: getattr(module, name) for name in dir(module) if name.startswith(("p256", "aes"))}
    return types.SimpleNamespace(**names, share=lambda whole, n: whole[::n] if is_slow else whole)


def _records(name):
    """The records of a CAVP response file: dictionaries of its fields and of the section's."""
    section, record, found, is_heading = {}, {}, [], False
    for line in [*(VECTORS / name).read_text().splitlines(), ""]:
        line = line.strip()
        if line.startswith("["):
            key, _, value = line.strip("[]").partition("=")
            if value:
                section = {**section, key.strip(): value.strip()}
            else:  # a curve, a hash, a method; several in a row belong together
                section = {"of": section["of"] + " " + key if is_heading else key}
            is_heading = not value
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            record[key.strip()] = value.strip()
            is_heading = False
        elif not line and record:
            found.append({**section, **record})
            record = {}
    return found


@pytest.fixture
def records():
    """Reads a file of `cryptography_vectors` (NIST CAVP form) into a list of dictionaries."""
    return _records


class Outcome(NamedTuple):
    """How a child ended: exit code or None, signal or None, and what it sent."""

    code: int | None
    signal: int | None
    said: bytes


def _run_in_child(work):
    """Fork; `work(send)` runs in the child, which then leaves with what it returns (None: 0)."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 99
        faulthandler.disable()  # some children are meant to crash
        try:
            os.close(reader)
            code = work(lambda data: os.write(writer, data)) or 0
        except BaseException as error:
            os.write(writer, repr(error).encode())
        finally:
            os._exit(code)
    os.close(writer)
    said = b""
    while piece := os.read(reader, 65536):
        said += piece
    os.close(reader)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return Outcome(None, signal.Signals(os.WTERMSIG(status)), said)
    return Outcome(os.WEXITSTATUS(status), None, said)


@pytest.fixture
def run_in_child():
    """Runs a function in a forked child and returns the Outcome."""
    return _run_in_child
