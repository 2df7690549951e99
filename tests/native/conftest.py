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
from armillary.native._native import ffi, lib
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


ACCEPT = 0x5A3C96C5  # common/verdict.h


class CAes:
    """The C of native/src/aes with the code that `allowed` features of the processor leave.

    Which code it is is decided when a key is made. Buffers are as long as they must be, `skew` bytes
    off an aligned address.
    """

    def __init__(self, allowed):
        self.allowed = allowed

    def key(self, kind, begin, key):
        made = ffi.new(kind)
        lib.cpu_restrict(self.allowed)
        try:
            begin(made, key, len(key))
        finally:
            lib.cpu_restrict(0xFFFFFFFF)
        return made

    def aes(self, key):
        return self.key("struct aes *", lib.aes_begin, key)

    def gcm(self, key):
        return self.key("struct gcm_key *", lib.gcm_begin, key)

    def encrypt(self, key, block):
        out = ffi.new("uint8_t[16]", block)
        lib.aes_encrypt(self.aes(key), out, out)
        return bytes(out)

    def decrypt(self, key, block):
        out = ffi.new("uint8_t[16]", block)
        lib.aes_decrypt(self.aes(key), out, out)
        return bytes(out)

    def ctr(self, key, counter, data, function=lib.aes_ctr):
        """What becomes of `data`, and of the counter."""
        out, at = ffi.new("uint8_t[]", len(data)), ffi.new("uint8_t[16]", counter)
        function(self.aes(key), at, data, out, len(data))
        return bytes(out), bytes(at)

    def seal(self, key, nonce, aad, text, skew=0, in_place=False):
        """The ciphertext and its tag."""
        room, tag_room = ffi.new("uint8_t[]", len(text) + 64), ffi.new("uint8_t[]", 16 + skew)
        out, tag = room + skew, tag_room + skew
        ffi.memmove(out, text, len(text))
        source = out if in_place else text
        lib.gcm_seal(self.gcm(key), nonce, len(nonce), aad, len(aad), source, len(text), out, tag)
        assert bytes(ffi.buffer(room, skew)) == bytes(skew)
        assert not any(bytes(ffi.buffer(out + len(text), 64 - skew)))
        return bytes(ffi.buffer(out, len(text))) + bytes(ffi.buffer(tag, 16))

    def open(self, key, nonce, aad, sealed, skew=0, in_place=False):
        """The text, or None; what is refused leaves zeros."""
        length = len(sealed) - 16
        room = ffi.new("uint8_t[]", b"\xee" * (length + 64))
        out = room + skew
        ffi.memmove(out, sealed, length)
        source = out if in_place else sealed
        verdict = lib.gcm_open(
            self.gcm(key), nonce, len(nonce), aad, len(aad), source, length, sealed[length:], out
        )
        assert bytes(ffi.buffer(room, skew)) == b"\xee" * skew
        assert bytes(ffi.buffer(out + length, 64 - skew)) == b"\xee" * (64 - skew)
        text = bytes(ffi.buffer(out, length))
        if verdict == ACCEPT:
            return text
        assert text == bytes(length)
        return None

    def stream(self, key, nonce, aads, texts, take):
        """The pieces' results joined, and the tag; `take` is gcm_encrypt or gcm_decrypt."""
        made, gcm, tag, out = self.gcm(key), ffi.new("struct gcm *"), ffi.new("uint8_t[16]"), b""
        lib.gcm_start(gcm, made, nonce, len(nonce))
        for piece in aads:
            lib.gcm_additional(gcm, piece, len(piece))
        for piece in texts:
            result = ffi.new("uint8_t[]", piece)
            take(gcm, result, result, len(piece))
            out += bytes(ffi.buffer(result, len(piece)))
        lib.gcm_tag(gcm, tag)
        assert not any(bytes(ffi.buffer(gcm)))
        return out + bytes(tag)

    def cmac(self, key, pieces):
        mac, tag = self.key("struct cmac *", lib.cmac_begin, key), ffi.new("uint8_t[16]")
        for piece in pieces:
            lib.cmac_update(mac, piece, len(piece))
        lib.cmac_end(mac, tag)
        assert not any(bytes(ffi.buffer(mac)))
        return bytes(tag)

    def _wrapping(self, function, kek, data, more):
        """The verdict and the result, which lies over the data."""
        room = ffi.new("uint8_t[]", data + bytes(8))
        lib.cpu_restrict(self.allowed)
        try:
            verdict = function(kek, len(kek), room, len(data), room)
        finally:
            lib.cpu_restrict(0xFFFFFFFF)
        return verdict, bytes(ffi.buffer(room, len(data) + more))

    def wrap(self, kek, data):
        """What wraps `data`, or None if it is not to be wrapped."""
        verdict, wrapped = self._wrapping(lib.keywrap, kek, data, 8)
        if verdict == ACCEPT:
            return wrapped
        assert wrapped == data + bytes(8)
        return None

    def unwrap(self, kek, wrapped):
        """What was wrapped, or None; what is refused leaves zeros."""
        verdict, data = self._wrapping(lib.keyunwrap, kek, wrapped, -8)
        if verdict == ACCEPT:
            return data
        assert not any(data)
        return None


AES_CODE = {"portable": 0, "128-bit": lib.CPU_AES, "512-bit": lib.CPU_AES | lib.CPU_VAES}


@pytest.fixture(
    scope="session", params=[name for name, needs in AES_CODE.items() if lib.cpu_offers() & needs == needs]
)
def c_aes(request):
    """The C of native/src/aes by each code this processor can run."""
    return CAes(AES_CODE[request.param])


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
