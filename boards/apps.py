"""An app's folder as a signed image package: manifest, entry point, and whatever else lies beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from armillary.hal.cortexm import elf
from armillary.hal.sim.realtime.package import REGIONS
from armillary.wire import asxipfs, image, jsonstrict, manifest
from armillary.wire.fault import Invalid
from armillary.wire.hardware import load, substitute

from .images import Signer, package

MANIFEST = "app_manifest.json"
SAMPLES = Path(__file__).parent.parent / "apps" / "samples"
LEFT_OUT = ("README.md", "__pycache__")
UNDER_DEVELOPMENT = 2  # temporary-image flag that the SDK sets on what it packs


class AppProblem(ValueError):
    """The folder is not an app that could be packed; the text says why."""


def pack_app(
    folder: Path, key: Signer, version: int = 0, arguments: list[str] | None = None, hardware: Path | None = None
) -> bytes:
    """The package of the app in `folder`, signed with `key`.

    `version` is its security version, `arguments` replaces the manifest's CmdArgs, and `hardware` is the
    hardware definition that the manifest's `$NAME`s refer to. Raises AppProblem, Invalid.
    """
    text = _manifest(folder, arguments, hardware)
    parsed = manifest.parse(text)
    files = [(MANIFEST, text, False)]
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name != MANIFEST and not set(path.relative_to(folder).parts) & set(LEFT_OUT):
            files.append((name, path.read_bytes(), "/" + name == parsed.entry_point))
    if not any(is_entry for _, _, is_entry in files):
        raise AppProblem(f"{folder}: EntryPoint {parsed.entry_point} is not a file of the app")
    if parsed.application_type == manifest.REAL_TIME:
        _check_program(folder, parsed.entry_point, next(data for _, data, is_entry in files if is_entry))
    return package(asxipfs.pack(files), image.APPLICATIONS, parsed.component, parsed.name, key, version)


def read_package(path: Path) -> bytes:
    """A package that was made before. Raises AppProblem for what is none, with what to give instead."""
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise AppProblem(f"{path}: {problem.strerror}") from None
    if data[:4] == b"\x7fELF":
        raise AppProblem(f"{path} is an ELF file, which has no manifest: give a folder with its {MANIFEST} and the ELF as bin/app")
    try:
        image.parse(data)
    except Invalid as problem:
        raise AppProblem(f"{path} is not an image package: {problem.reason}") from None
    return data


def _check_program(folder: Path, name: str, program: bytes) -> None:
    """Raise AppProblem unless a real-time core would take `program`."""
    try:
        elf.parse(program, REGIONS)
    except elf.BadElf as problem:
        raise AppProblem(f"{folder}: {name} is no program for a real-time core: {problem}") from None


def _manifest(folder: Path, arguments: list[str] | None, hardware: Path | None) -> bytes:
    try:
        text = (folder / MANIFEST).read_bytes()
    except OSError as problem:
        raise AppProblem(f"{folder} is not an app: {problem.strerror}: {folder / MANIFEST}") from None
    try:
        fields: dict[str, Any] = jsonstrict.loads(text)
    except Invalid as problem:
        raise AppProblem(f"{folder / MANIFEST}: {problem.reason}") from None
    if not isinstance(fields, dict):
        raise Invalid(f"{folder / MANIFEST} is not a JSON object")
    if hardware is not None:
        fields = substitute(fields, load(str(hardware), lambda path: Path(path).read_bytes()))
    if arguments is not None:
        fields["CmdArgs"] = arguments
    return json.dumps(fields, separators=(",", ":")).encode()
