"""The security service: everything its rules work on, in one object, with no HTTP in it.

The rules are plain functions in the modules beside this one (`attestation`, `devices`, `images` and
so on); each takes a Service first, then the caller's authority, then the subject. A service holds
no state of its own: any number of them may share one folder.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .blobs import Blobs
from .certificates import Random
from .database import Database
from .folder import Keys, open_folder


def host_seconds() -> int:
    """The host's time of day in Unix seconds."""
    return int(time.time())


@dataclass(frozen=True)
class Service:
    """What a rule may use. `now` gives Unix seconds, `random` as many random bytes as asked for."""

    database: Database
    blobs: Blobs
    keys: Keys
    now: Callable[[], int]
    random: Random

    @classmethod
    def open(
        cls, folder: Path, now: Callable[[], int] = host_seconds, random: Random = secrets.token_bytes
    ) -> Service:
        """The service kept in `folder`. Raises BadFolder."""
        keys = open_folder(folder)
        return cls(Database(folder / "service.db"), Blobs(folder / "blobs"), keys, now, random)

    def close(self) -> None:
        self.database.close()

    def new_id(self) -> str:
        """A random GUID (RFC 9562, version 4)."""
        raw = bytearray(self.random(16))
        raw[6], raw[8] = raw[6] & 0x0F | 0x40, raw[8] & 0x3F | 0x80
        text = raw.hex()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


@dataclass(frozen=True)
class Operator:
    """The authority of an operator's token: one catalog's, or the administrator's (None)."""

    catalog: str | None

    @property
    def is_administrator(self) -> bool:
        return self.catalog is None
