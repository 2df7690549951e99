"""Armillary: the layers of a secured device, from the root of trust to the apps."""

import sys

__version__ = "0.1.0"

if sys.implementation.name == "cpython":
    from pathlib import Path

    _here = Path(__file__).parent
    if not (_here / "kernel").is_dir():  # a checkout made without symbolic links
        __path__.append(str(_here.parent))
