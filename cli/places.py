"""Where things lie: everything of one user under $ARMILLARY_HOME.

    devices/NAME   one simulated device each
    keys           signing keys, two files each
    ledger         what each LMS key has signed; better on another disk: $ARMILLARY_LEDGER
    service        the security service's folder; `address` in it while the service runs
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from .base import Problem

HOME = "ARMILLARY_HOME"
LEDGER = "ARMILLARY_LEDGER"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
RESERVED = ("on", "off", "cut-after")  # words of `device power`, where a name may stand too


class Places:
    """The folders under one home."""

    def __init__(self, home: Path, ledger: Path | None = None) -> None:
        self.home = home
        self.devices = home / "devices"
        self.keys = home / "keys"
        self.ledger = ledger or home / "ledger"
        self.service = home / "service"

    @classmethod
    def find(cls, environment: Mapping[str, str]) -> Places:
        """$ARMILLARY_HOME, or `armillary` where this user's data lies (XDG base directories)."""
        ledger = Path(environment[LEDGER]).absolute() if environment.get(LEDGER) else None
        if environment.get(HOME):
            return cls(Path(environment[HOME]).absolute(), ledger)
        data = environment.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
        return cls(Path(data) / "armillary", ledger)

    def device_names(self) -> list[str]:
        """The devices there are, in order."""
        if not self.devices.is_dir():
            return []
        return sorted(path.name for path in self.devices.iterdir() if path.is_dir() and NAME.fullmatch(path.name))

    def new_device(self, name: str) -> Path:
        """Where device `name` is to be made. Raises Problem."""
        if not NAME.fullmatch(name) or name in RESERVED:
            raise Problem(
                f"{name!r} cannot name a device",
                "use letters, digits, '-', '_' and '.', at most 63 of them, and not " + ", ".join(RESERVED),
            )
        if (self.devices / name).exists():
            raise Problem(f"there is a device {name} already", f"choose another name, or 'armillary device delete {name}' first")
        self.devices.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.devices / name

    def device(self, name: str | None) -> Path:
        """The folder of device `name`, or of the only one there is. Raises Problem."""
        names = self.device_names()
        if name is None and len(names) == 1:
            return self.devices / names[0]
        if name in names:
            return self.devices / str(name)
        if not names:
            raise Problem(f"there is no device{'' if name is None else ' ' + name}", "make one with 'armillary device create NAME'")
        known = ", ".join(names)
        if name is None:
            raise Problem("which device is not said", "name one of " + known)
        raise Problem(f"there is no device {name}", "name one of " + known + ", or make it with 'armillary device create'")
