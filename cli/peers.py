"""Peers of `armillary bench crypto` that are programs: a software TPM that quotes.

Commands are TPM 2.0's (part 3 of its specification): one packet out, one in, over swtpm's socket.
"""

from __future__ import annotations

import shutil
import socket
import struct
import subprocess
import time
from pathlib import Path

SESSIONS = 0x8002  # tag of a command with an authorization area
CREATE_PRIMARY, QUOTE = 0x131, 0x158
OWNER = 0x40000001
PASSWORD = struct.pack(">IIHBH", 9, 0x40000009, 0, 0, 0)  # an authorization area: the empty password
SIGN_RESTRICTED = 0x00050072  # fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, restricted, sign
SHA256, ECDSA, ECC, NIST_P256, NOTHING = 0x000B, 0x0018, 0x0023, 0x0003, 0x0010
EIGHT_REGISTERS = struct.pack(">IHB", 1, SHA256, 3) + b"\xff\0\0"
AGAIN = bytes(6) + b"\0\0\x09\x22"  # TPM_RC_RETRY: it has just tested itself
PATIENCE_S = 5.0


class TpmFailed(RuntimeError):
    """The TPM does not start, or refuses a command."""


class Tpm:
    """A fresh swtpm with an ECDSA P-256 key for quotes; its state lives in `folder`. Raises TpmFailed."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("swtpm")
        if program is None:
            raise TpmFailed("swtpm is not installed")
        folder.mkdir()
        path = folder / "socket"
        self._process = subprocess.Popen(
            [program, "socket", "--tpm2", "--tpmstate", f"dir={folder}", "--server", f"type=unixio,path={path}",
             "--flags", "not-need-init,startup-clear"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            self._socket = _connect(path)
            self._key = self._make_key()
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise

    def quote(self, nonce: bytes) -> bytes:
        """The signed statement of eight registers over `nonce`, as the TPM packs it."""
        data = struct.pack(">H", len(nonce)) + nonce + struct.pack(">H", NOTHING) + EIGHT_REGISTERS
        return self._command(QUOTE, self._key, data)[10:]

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def close(self) -> None:
        """End it."""
        self._socket.close()
        self._process.kill()
        self._process.wait()

    def _make_key(self) -> bytes:
        public = struct.pack(">HHIH", ECC, SHA256, SIGN_RESTRICTED, 0)
        public += struct.pack(">HHHHHHH", NOTHING, ECDSA, SHA256, NIST_P256, NOTHING, 0, 0)
        data = struct.pack(">HHH", 4, 0, 0) + struct.pack(">H", len(public)) + public + struct.pack(">HI", 0, 0)
        return self._command(CREATE_PRIMARY, struct.pack(">I", OWNER), data)[10:14]

    def _command(self, code: int, handle: bytes, parameters: bytes) -> bytes:
        body = handle + PASSWORD + parameters
        reply = AGAIN
        while reply[6:10] == AGAIN[6:]:
            self._socket.sendall(struct.pack(">HII", SESSIONS, 10 + len(body), code) + body)
            reply = self._socket.recv(4096)
        if len(reply) < 10 or reply[6:10] != bytes(4):
            raise TpmFailed("command " + hex(code) + " was refused: " + reply[6:10].hex())
        return reply


def _connect(path: Path) -> socket.socket:
    """A connection to the TPM that has just been started."""
    connection, end = socket.socket(socket.AF_UNIX), time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.connect(str(path))
            return connection
        except OSError:
            if time.monotonic() > end:
                connection.close()
                raise TpmFailed("swtpm does not answer") from None
            time.sleep(0.01)
