"""`armillary bench`: figures of this machine."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import click

from .base import Group, Problem
from .output import is_json, progress, say, show_json

Figure = dict[str, Any]


@click.group(cls=Group)
def bench() -> None:
    """Measure booting, system calls, crypto and the Cortex-M machine on this machine."""


@bench.command()
def boot() -> None:
    """Measure how long a boxed device takes from power-on to a running kernel."""
    _measure("boot")


@bench.command()
def syscall() -> None:
    """Measure what a system call costs, from an app to the kernel and back."""
    _measure("syscall")


@bench.command()
def crypto() -> None:
    """Measure the crypto beside its peers: hashlib, cryptography, imgtool, swtpm."""
    _measure("crypto", "measure_crypto")


@bench.command()
def m4() -> None:
    """Measure the Cortex-M machine beside unicorn without it, and beside QEMU."""
    _measure("m4_speed", "measure_m4")


def _measure(name: str, module: str = "measure") -> None:
    """Run a function of a module that measures; what it reports is printed as it comes."""
    try:
        measure: Callable[[Callable[[Figure], None]], object] = getattr(importlib.import_module("armillary.cli." + module), name)
    except ModuleNotFoundError:
        raise Problem("this installation has no benchmarks", "install armillary from its source tree") from None
    figures: list[Figure] = []

    def report(figure: Figure) -> None:
        figures.append(figure)
        say("  ".join(f"{key} {value}" for key, value in figure.items()))

    with progress(f"measuring {name}"):
        measure(report)
    if is_json():
        show_json({"bench": name, "figures": figures})
