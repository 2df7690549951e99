"""LMS signing keys as files, and the count of what each has signed.

An LMS key signs as many messages as its tree has leaves, each with a number of its own; **a number used
for two messages gives the key away**. So the number is the secret's better half, and it is kept twice:

    NAME.lms.json   the key (readable by its owner only)
    NAME.lms.next   the next unused number, beside the key
    NAME.lms.tree   the tree's nodes, which are public: only there to be quick
    ID.used         in the *ledger*, another folder: each number used, and SHA-256 of its message

To sign is to reserve and then to sign. Under a lock, the number beside the key moves on and is on the
disk; then the ledger says what the number is for, and is on the disk; only then does a signature exist.
A cut between any two steps loses a number and never uses one twice. A key brought back from a backup is
behind its ledger, and refused; keep the ledger where backups of the keys do not reach. Whoever restores
both to the same day can make it sign twice: this cannot be seen from here.

The same message asked for again gets the same signature, with its old number: builds can be repeated.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from armillary import native
from armillary.native.plain import lms

# LMS_SHA256_M24_H10 with LMOTS_SHA256_N24_W4: 1024 signatures of 1500 bytes; a key is made in a moment.
TREE, ONE_TIME = 11, 7
FORMAT = 1
LINE = 65  # after the number: a space less, the digest in hexadecimal, the end of the line


class LmsProblem(ValueError):
    """An LMS key cannot be used; the text says why and what to do."""


def sha256(data: bytes) -> bytes:
    """The SHA-256 by which keys are made and messages signed."""
    return hashlib.sha256(data).digest()


class LmsKey:
    """An LMS private key in memory. It signs with any number it is told: an `LmsSigner` keeps count."""

    def __init__(self, shape: lms.Shape, identity: bytes, seed: bytes, nodes: bytes | None = None) -> None:
        self.shape = shape
        self.identity = identity
        self.nodes = nodes or lms.grow(sha256, shape, identity, leaves(shape, identity, seed))
        self.public = lms.public_key(shape, identity, self.nodes)
        self._seed = seed

    @classmethod
    def generate(cls, tree: int = TREE, one_time: int = ONE_TIME) -> LmsKey:
        """A new key."""
        shape = lms.Shape(tree, one_time)
        return cls(shape, os.urandom(lms.IDENTITY), os.urandom(shape.size))

    @property
    def most(self) -> int:
        """How many messages it can sign."""
        return 1 << self.shape.height

    def sign(self, number: int, message: bytes) -> bytes:
        """The signature of `message` by one-time key `number`, verified. Raises LmsProblem if it does not hold."""
        signature = lms.sign(sha256, self.shape, self.identity, self._seed, self.nodes, number, message)
        try:
            native.lms_verify(self.public, message, signature)
        except native.BadSignature:
            raise LmsProblem("the LMS key or its tree is damaged: what it signs does not verify") from None
        return signature

    def dumps(self) -> str:
        """The text of NAME.lms.json. Secret."""
        shape = self.shape
        fields = {"format": FORMAT, "tree": shape.tree, "one_time": shape.one_time, "identity": self.identity.hex(),
                  "seed": self._seed.hex(), "public": self.public.hex()}  # fmt: skip
        return json.dumps(fields, indent=2) + "\n"

    @classmethod
    def loads(cls, text: str, nodes: bytes | None = None) -> LmsKey:
        """The key in `text`; `nodes` is its tree, believed if it belongs to the key. Raises LmsProblem."""
        try:
            fields = json.loads(text)
            shape = lms.Shape(fields["tree"], fields["one_time"])
            identity, seed, public = (bytes.fromhex(fields[name]) for name in ("identity", "seed", "public"))
        except (ValueError, TypeError, KeyError):
            raise LmsProblem("not an LMS key") from None
        if fields.get("format") != FORMAT or len(identity) != lms.IDENTITY or len(seed) != shape.size:
            raise LmsProblem("not an LMS key of a kind that is known")
        half = shape.size << shape.height
        if nodes is not None and (len(nodes) != 2 * half or lms.grow(sha256, shape, identity, nodes[half:]) != nodes):
            nodes = None
        elif nodes is not None and lms.leaves(sha256, shape, identity, seed, 0, 1) != nodes[half : half + shape.size]:
            nodes = None
        key = cls(shape, identity, seed, nodes)
        if key.public != public:
            key = cls(shape, identity, seed)  # perhaps the tree is another key's
        if key.public != public:
            raise LmsProblem("an LMS key whose halves do not belong together")
        return key


def public_in(folder: Path, name: str) -> bytes | None:
    """The public key of LMS key `name` in `folder`, None if there is none. Raises LmsProblem."""
    key_file = _files(folder, name)[0]
    try:
        return bytes.fromhex(json.loads(key_file.read_text())["public"])
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError):
        raise LmsProblem(f"{key_file}: not an LMS key") from None


def leaves(shape: lms.Shape, identity: bytes, seed: bytes) -> bytes:
    """The leaves of a tree, by C where it is built."""
    count = 1 << shape.height
    try:
        from armillary.native._native import ffi, lib
    except ImportError:
        return lms.leaves(sha256, shape, identity, seed, 0, count)
    made = ffi.new("uint8_t[]", shape.size * count)
    lib.lms_leaves(shape.one_time, shape.height, identity, seed, 0, count, made)
    return ffi.buffer(made)[:]


class LmsSigner:
    """An LMS key that keeps count: no number is for two messages. `public` is its public key.

    This one counts in memory, so it is for keys that are in memory only, and never outlive it.
    """

    def __init__(self, key: LmsKey) -> None:
        self._key = key
        self._used: dict[bytes, int] = {}
        self.public = key.public

    @property
    def wire(self) -> tuple[bytes, int, Callable[[bytes], bytes]]:
        """What `wire.image.build` wants of it."""
        return sha256(self.public), self._key.shape.signature, self.sign

    @property
    def left(self) -> int:
        """How many messages it can still sign."""
        return self._key.most - len(self._used)

    def sign(self, message: bytes) -> bytes:
        """The signature of `message`, by a number that is used for nothing else. Raises LmsProblem."""
        return self._key.sign(self.reserve(sha256(message)), message)

    def reserve(self, digest: bytes) -> int:
        """The number for the message with this SHA-256: its own if it was signed before, else a new one."""
        if digest not in self._used:
            self._require(len(self._used))
            self._used[digest] = len(self._used)
        return self._used[digest]

    def _require(self, number: int) -> None:
        if number >= self._key.most:
            raise LmsProblem(f"all {self._key.most} signatures of this LMS key are used up: make a new key and issue a key store with it")


class LmsFileSigner(LmsSigner):
    """An LMS key that keeps count in files (see the module)."""

    def __init__(self, key: LmsKey, next_file: Path, ledger_file: Path) -> None:
        super().__init__(key)
        self._next = next_file
        self._ledger = ledger_file

    @classmethod
    def open(cls, folder: Path, name: str, ledger: Path) -> LmsFileSigner:
        """The key `name` in `folder`. Raises LmsProblem, FileNotFoundError."""
        key_file, next_file, tree_file = _files(folder, name)
        nodes = tree_file.read_bytes() if tree_file.exists() else None
        try:
            key = LmsKey.loads(key_file.read_text(), nodes)
        except LmsProblem as problem:
            raise LmsProblem(f"{key_file}: {problem}") from None
        if nodes != key.nodes:
            _replace(tree_file, key.nodes)
        return cls(key, next_file, _ledger_file(ledger, key))

    @classmethod
    def create(cls, folder: Path, name: str, ledger: Path, key: LmsKey | None = None) -> LmsFileSigner:
        """A new key, on the disk. Raises LmsProblem if there is one of that name.

        The key's own file comes last: without it there is no key, and what was written before is nobody's.
        """
        key_file, next_file, tree_file = _files(folder, name)
        if key_file.exists():
            raise LmsProblem(f"{key_file} exists: choose another name, or move it away first")
        key = key or LmsKey.generate()
        for place in (folder, ledger):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        _replace(_ledger_file(ledger, key), b"")
        _replace(next_file, b"0\n")
        _replace(tree_file, key.nodes)
        _replace(key_file, key.dumps().encode())
        return cls(key, next_file, _ledger_file(ledger, key))

    @property
    def left(self) -> int:
        """How many messages it can still sign."""
        return self._key.most - self._read_next()

    def reserve(self, digest: bytes) -> int:
        """The number for the message with this SHA-256: its own if it was signed before, else a new one.

        When this returns the number is on the disk as used. Raises LmsProblem.
        """
        with self._locked() as ledger:
            number, used = self._read_next(), self._read_ledger(ledger)
            highest = max(used.values(), default=-1)
            if number <= highest:
                raise LmsProblem(
                    f"{self._next} says {number}, but number {highest} was used already ({self._ledger}): the key came back from a "
                    "backup. Throw this copy away and make a new key; to sign with an old number would give the key away"
                )
            if digest in used:
                return used[digest]
            self._require(number)
            _replace(self._next, b"%d\n" % (number + 1))
            _append(ledger, b"%d %s\n" % (number, digest.hex().encode()))
            return number

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The ledger's file, open and locked: every copy of the key has the same ledger."""
        try:
            descriptor = os.open(self._ledger, os.O_RDWR | os.O_APPEND)
        except FileNotFoundError:
            raise LmsProblem(
                f"there is no {self._ledger}, which says what this LMS key has signed: bring the ledger back, or make a new key"
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)

    def _read_next(self) -> int:
        try:
            text = self._next.read_text()
        except FileNotFoundError:
            raise LmsProblem(f"there is no {self._next}, the count of this LMS key's signatures: make a new key") from None
        if not text.endswith("\n") or not text[:-1].isdecimal():
            raise LmsProblem(f"{self._next} is damaged: make a new key")
        return int(text)

    def _read_ledger(self, descriptor: int) -> dict[bytes, int]:
        """SHA-256 of each message: its number. A line that a power cut tore is passed over: nothing was signed by it."""
        used: dict[bytes, int] = {}
        seen: set[int] = set()
        whole = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        for line in whole.split(b"\n"):
            number, _, digest = line.partition(b" ")
            if len(digest) == LINE - 1 and number.isdigit() and not set(digest) - set(b"0123456789abcdef"):
                if int(number) in seen:
                    raise LmsProblem(f"{self._ledger} has number {int(number)} twice: make a new key")
                seen.add(int(number))
                used[bytes.fromhex(digest.decode())] = int(number)
        return used


def _files(folder: Path, name: str) -> tuple[Path, Path, Path]:
    return folder / f"{name}.lms.json", folder / f"{name}.lms.next", folder / f"{name}.lms.tree"


def _ledger_file(ledger: Path, key: LmsKey) -> Path:
    return ledger / (sha256(key.public).hex()[:32] + ".used")


def _replace(path: Path, data: bytes) -> None:
    """Put `data` into a file of its owner's, whole or not at all, and on the disk when this returns."""
    making = path.with_name(f".{path.name}.{os.getpid()}.new")
    with suppress(FileNotFoundError):
        os.unlink(making)
    descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        _write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(making, path)
    _sync_folder(path.parent)


def _append(descriptor: int, line: bytes) -> None:
    """Add a line to the ledger, after an end of line if a cut tore the last one. On the disk when this returns."""
    size = os.fstat(descriptor).st_size
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        line = b"\n" + line
    _write(descriptor, line)
    os.fsync(descriptor)


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
