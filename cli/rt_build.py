"""`armillary rt build`: a program of a real-time core from C."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .base import Command, Problem
from .files import write_file
from .image import EXTENSION
from .key import load
from .output import show_result
from .places import Places

if TYPE_CHECKING:
    from armillary.boards.images import Signer


@click.command(cls=Command)
@click.argument("program", metavar="FOLDER|FILE.c|NAME")
@click.option("-o", "output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Where to write it; a name that ends in .imagepackage makes a signed package (default: NAME.elf here).")  # fmt: skip
@click.option("--key", "key_name", default="app", show_default=True, metavar="NAME", help="The key that signs a package.")
@click.option("--version", type=click.IntRange(0, 255), default=1, show_default=True, help="Security version of a package.")
@click.pass_obj
def build(places: Places, program: str, output: Path | None, key_name: str, version: int) -> None:
    """Build the program in FOLDER, of FILE.c, or the one called NAME that comes with Armillary, for a real-time core.

    Needs arm-none-eabi-gcc. The C files are linked with Armillary's vector table, reset handler and
    register headers; `app.ld` in it replaces the linker script, which puts all into TCM.
    """
    from armillary.boards.apps import AppProblem
    from armillary.boards.mt3620 import build as builder

    try:
        source = builder.source_of(program)
        target = output or Path(source.resolve().stem + ".elf")
        with tempfile.TemporaryDirectory() as scratch:
            elf = Path(scratch) / "app"
            builder.build(source, elf)
            data = elf.read_bytes()
            if target.suffix == EXTENSION:
                folder = source if source.is_dir() else source.parent
                data = builder.pack(folder, elf, _signer(places, key_name), version)
    except (builder.BuildProblem, AppProblem) as problem:
        raise Problem(str(problem)) from None
    write_file(target, data)
    show_result({"file": str(target), "bytes": len(data)}, f"wrote {target}: {len(data)} bytes")


def _signer(places: Places, name: str) -> Signer:
    """A key by name; what is the vendor's own is made if need be."""
    from armillary.boards.keys import Vendor

    if name in Vendor.NAMES:
        Vendor.open(places.keys)
    return load(places.keys, name)
