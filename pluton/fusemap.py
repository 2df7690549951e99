"""Fuses by name: which row holds what, how it is coded, and how a torn blow is mended.

| row | holds | locks |
|---|---|---|
| 0 | SHA-256 of the root public key (64 bytes, X||Y) | written: for ever, in the factory |
| 1 | lifecycle, three 64-bit codes, each added in turn | - |
| 2, 3 | revoked signers: eight times the first 4 bytes of SHA-256 of the key, and their complement | - |
| 4, 5, 6 | lowest version of first loader, key store, runtime: as many bits as the version | - |
| 7 | SHA-256 of the root's LMS public key; empty on a device that knows none | written: for ever, in the factory, if given |
| 8 | marks: which of the secret rows is the device secret | written: for ever, in the factory |
| 9 | signature policy: empty, one signature is enough; anything else, two are needed | - |
| 16-31 | storage updates begun, one bit each | - |
| 32-47 | storage updates finished, one bit each | - |
| 56-63 | device secret: the first one that went in whole is used | written: for ever; read: by ROM, each boot |

Every row is read twice and a difference is a fault. No value is lawful by default: an empty row,
a full one, or one that is between two codes reads as the most restrictive thing it could be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import native
from ..wire.fault import Failed, Full, Locked, OutOfOrder
from . import abi, bits

if TYPE_CHECKING:
    from ..hal.interface import Fuses

ROW = 32  # bytes in a row
ROW_BITS = ROW * 8
ROOT_KEY_HASH, LIFECYCLE = 0, 1
REVOKED = (2, 3)
LOADER_VERSION, KEYSTORE_VERSION, RUNTIME_VERSION = 4, 5, 6
LMS_ROOT_HASH, SIGNATURE_POLICY = 7, 9
SECRET_MARKS = 8
BEGUN, FINISHED = 16, 32  # the first of UPDATE_ROWS rows each
UPDATE_ROWS = 16
MOST_UPDATES = UPDATE_ROWS * ROW_BITS
SECRETS = (56, 57, 58, 59, 60, 61, 62, 63)

EMPTY = bytes(ROW)
HYBRID = b"\x96\x69\xa5\x5a" * 8  # what is blown into the policy row: any bit of it is enough
MARK = b"\x5a\xc3\xa5\x3c"  # four bytes for each of the secret rows
REVOKED_SIZE = 4
# Half of the bits of each code are set, and any two differ in half of theirs: nothing that pulls a
# row to zeros or to ones, and no single bit, makes one state out of another.
_BLANK = b"\x3c\xa5\x96\x0f\xc3\x5a\x69\xf0"
_MODULE = b"\x69\x0f\xc3\xa5\x96\xf0\x3c\x5a"
_DEVICE = b"\xa5\x3c\x0f\x69\x5a\xc3\xf0\x96"
CODES = (
    (abi.BLANK, _BLANK + bytes(24)),
    (abi.MODULE_COMPLETE, _BLANK + _MODULE + bytes(16)),
    (abi.DEVICE_COMPLETE, _BLANK + _MODULE + _DEVICE + bytes(8)),
)
FORWARD = (
    (abi.BLANK, abi.MODULE_COMPLETE),
    (abi.BLANK, abi.DEVICE_COMPLETE),
    (abi.MODULE_COMPLETE, abi.DEVICE_COMPLETE),
)


def read(fuses: Fuses, row: int) -> bytes:
    """The 32 bytes of `row`, read twice. Raises Failed if the two differ: somebody disturbs the chip."""
    value, again = fuses.read(row), fuses.read(row)
    if len(value) != ROW or native.decision_equal(value, again) != native.ACCEPT or value != again:
        raise Failed("fuse row " + str(row) + " does not read the same twice", "pluton", "fuse.steady", "fuse row " + str(row), "reset")
    return bytes(value)


def blow(fuses: Fuses, row: int, wanted: bytes) -> None:
    """Blow what is missing of `wanted`, and check it. Raises Failed if the row does not take it."""
    lacking = bits.missing(read(fuses, row), wanted)
    if bits.is_empty(lacking):
        return
    fuses.blow(row, lacking)
    if not bits.is_empty(bits.missing(read(fuses, row), wanted)):
        raise Failed("fuse row " + str(row) + " did not take what was blown", "pluton", "fuse.check", "fuse row " + str(row), "")


def read_root_key_hash(fuses: Fuses) -> bytes:
    """SHA-256 of the root key. Raises Locked while the row is blank or zeroised (all ones)."""
    value = read(fuses, ROOT_KEY_HASH)
    if native.compare(value, EMPTY) or native.compare(value, b"\xff" * ROW):
        raise Locked(
            "the root key hash is blank, and a blank hash is nobody's", "pluton", "fuse.root_key",
            "fuse row 0 is empty or full", "manufacture the device",
        )  # fmt: skip
    return value


def read_lms_root_hash(fuses: Fuses) -> bytes:
    """SHA-256 of the root's LMS public key; nothing (b"") if none was fused. Raises Locked if it is zeroised."""
    value = read(fuses, LMS_ROOT_HASH)
    if native.compare(value, b"\xff" * ROW):
        raise Locked("the hash of the LMS root key was zeroised", "pluton", "fuse.lms_root", "fuse row 7 is full", "take another chip")
    return b"" if native.compare(value, EMPTY) else value


def is_hybrid_required(fuses: Fuses) -> bool:
    """Whether every image must be signed by ECDSA and by LMS. One bit of the row is enough for yes."""
    return not native.compare(read(fuses, SIGNATURE_POLICY), EMPTY) or any(read(fuses, SIGNATURE_POLICY))


def require_hybrid(fuses: Fuses) -> None:
    """From the next boot on, and for ever, every image must be signed by ECDSA and by LMS."""
    blow(fuses, SIGNATURE_POLICY, HYBRID)


def read_lifecycle(fuses: Fuses) -> int:
    """The lifecycle state; TERMINATED for every row that is not exactly one of the codes."""
    return _state(read(fuses, LIFECYCLE))


def _state(row: bytes) -> int:
    found = abi.TERMINATED
    for state, code in CODES:
        if native.decision_equal(row, code) == native.ACCEPT and row == code:
            found = state
    return found


def settle_lifecycle(fuses: Fuses) -> int:
    """Finish a change of lifecycle that a power cut tore, then return the state.

    Only a row between two lawful codes is moved, and only forward: to the less permissive state.
    """
    row = read(fuses, LIFECYCLE)
    if _state(row) == abi.TERMINATED and bits.is_within(CODES[0][1], row):
        for _, code in CODES[1:]:
            if bits.is_within(row, code):
                blow(fuses, LIFECYCLE, code)
                break
    return read_lifecycle(fuses)


def set_lifecycle(fuses: Fuses, state: int) -> None:
    """Move the lifecycle forward; the state it has already is no move. Raises OutOfOrder."""
    now = read_lifecycle(fuses)
    if now == state:
        return
    if (now, state) not in FORWARD:
        raise OutOfOrder(
            "the lifecycle does not go from " + str(now) + " to " + str(state), "pluton",
            "fuse.lifecycle", "lifecycle fuse: " + str(now), "nothing: fuses do not come back",
        )  # fmt: skip
    blow(fuses, LIFECYCLE, dict(CODES)[state])


def read_version(fuses: Fuses, row: int) -> int:
    """The lowest version allowed by a version row (0..256). A torn blow reads as what it reached."""
    return bits.highest(read(fuses, row))


def advance_version(fuses: Fuses, row: int, version: int) -> None:
    """Raise a version row to `version`. Raises Full above 256."""
    if version > ROW_BITS:
        raise Full("a version row counts to " + str(ROW_BITS), "pluton", "fuse.version", "fuse row " + str(row), "")
    blow(fuses, row, bits.first(version, ROW))


def read_revoked(fuses: Fuses) -> tuple[bytes, ...]:
    """The first 4 bytes of SHA-256 of each revoked signer key. A torn word revokes nothing yet."""
    words = [word for _, _, word in _revoked_words(fuses)]
    return tuple([word[:REVOKED_SIZE] for word in words if word == _revoked_word(word)])


def revoke(fuses: Fuses, signer: bytes) -> None:
    """Revoke the key whose SHA-256 is `signer`, or finish what a power cut tore. Raises Full after eight."""
    if signer[:REVOKED_SIZE] in read_revoked(fuses):
        return
    wanted = _revoked_word(signer)
    for row, at, word in _revoked_words(fuses):
        # A whole word has exactly half of its bits set, so it lies within no other whole word.
        if bits.is_within(word, wanted):
            blow(fuses, row, bytes(at) + wanted + bytes(ROW - at - len(wanted)))
            return
    raise Full("eight signers are revoked already", "pluton", "fuse.revoked", "fuse rows 2 and 3", "issue a new key store")


def _revoked_word(signer: bytes) -> bytes:
    """Four bytes of the digest and their complement."""
    return signer[:REVOKED_SIZE] + bytes([byte ^ 0xFF for byte in signer[:REVOKED_SIZE]])


def _revoked_words(fuses: Fuses) -> list[tuple[int, int, bytes]]:
    """(row, offset, word) of each of the eight words."""
    size = 2 * REVOKED_SIZE
    rows = [(row, read(fuses, row)) for row in REVOKED]
    return [(row, at, value[at : at + size]) for row, value in rows for at in range(0, ROW, size)]


def read_secret(fuses: Fuses) -> bytes:
    """The device secret. Raises Locked if none was put in, or once ROM has hidden it."""
    marks, chosen = read(fuses, SECRET_MARKS), -1
    for at in range(len(SECRETS)):
        mark = marks[at * len(MARK) : (at + 1) * len(MARK)]
        if mark == MARK and chosen < 0:
            chosen = at
        elif any(mark):
            chosen = len(SECRETS)  # two marks, or half of one: no lawful chip
    if not 0 <= chosen < len(SECRETS):
        raise Locked("the device secret is not marked", "pluton", "fuse.secret", "fuse row 8", "manufacture the device")
    secret = read(fuses, SECRETS[chosen])
    if native.compare(secret, EMPTY) or native.compare(secret, b"\xff" * ROW):
        raise Locked("the device secret is blank", "pluton", "fuse.secret", "fuse row " + str(SECRETS[chosen]), "manufacture the device")
    return secret


def hide_secret(fuses: Fuses) -> None:
    """Lock every secret row against reading until the next reset."""
    for row in SECRETS:
        fuses.lock_read(row)


def read_begun(fuses: Fuses) -> int:
    """How many storage updates were begun. Raises Failed if the bits are not in order."""
    return _counted(fuses, BEGUN)


def read_finished(fuses: Fuses, begun: int) -> int:
    """The number (1..) of the last storage update that was finished, 0 if none was.

    Raises Failed if one is finished that was never begun.
    """
    for row in range(FINISHED + UPDATE_ROWS - 1, FINISHED - 1, -1):
        last = bits.highest(read(fuses, row))
        if last:
            last += (row - FINISHED) * ROW_BITS
            if last > begun:
                raise Failed("a storage update finished before it began", "pluton", "fuse.updates", "fuse rows 16-47", "")
            return last
    return 0


def _counted(fuses: Fuses, start: int) -> int:
    """How many bits are set from the first bit of row `start` on; they must be without a gap."""
    count, is_over = 0, False
    for row in range(start, start + UPDATE_ROWS):
        value = read(fuses, row)
        here = bits.highest(value)
        if (is_over and here) or value != bits.first(here, ROW):
            raise Failed("storage updates are not counted in order", "pluton", "fuse.updates", "fuse row " + str(row), "")
        is_over = is_over or here < ROW_BITS
        count += here
    return count


def mark_begun(fuses: Fuses, update: int) -> None:
    """Blow the bit that says storage update `update` (1..MOST_UPDATES) begins."""
    _mark(fuses, BEGUN, update)


def mark_finished(fuses: Fuses, update: int) -> None:
    """Blow the bit that makes storage update `update` the one in force."""
    _mark(fuses, FINISHED, update)


def _mark(fuses: Fuses, start: int, update: int) -> None:
    if not 1 <= update <= MOST_UPDATES:
        raise Full("all " + str(MOST_UPDATES) + " storage updates are used up", "pluton", "fuse.updates", "fuse rows 16-47", "")
    row, index = divmod(update - 1, ROW_BITS)
    blow(fuses, start + row, bits.only(index, ROW))
