"""The types of the machine in C, as `build_cortexm.py` declares it."""

from typing import Any

ffi: Any  # cffi has no types of its own
lib: Any
