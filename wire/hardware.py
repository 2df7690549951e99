"""Hardware definitions: names for a board's peripherals, and their place in an app's manifest.

A definition maps its own names to those of the definitions it imports, down to a leaf that says what
to write in a manifest (`AppManifestValue`) and in source code (`MainCoreHeaderValue`). Host side:
the device only ever sees the manifest in which each `$NAME` has been replaced.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from . import jsonstrict
from .fault import Invalid, NotFound

TYPE = "Azure Sphere Hardware Definition"
VERSION = 1
CONSTANT = "int"  # the type of a peripheral that must not appear in a manifest
# Which capability a peripheral of a type may be written in.
CAPABILITY_OF = {
    "Gpio": "Gpio", "Pwm": "Pwm", "Adc": "Adc", "I2cMaster": "I2cMaster", "SpiMaster": "SpiMaster", "Uart": "Uart",
}  # fmt: skip
TYPES = (*CAPABILITY_OF, CONSTANT)
TOP_KEYS = ("Metadata", "Description", "Imports", "Peripherals", "$schema")
KEYS = ("Name", "Type", "Mapping", "AppManifestValue", "MainCoreHeaderValue", "Comment")
MOST_FILES = 32


class Peripheral:
    """One name in a definition: its type, and either the name it maps to or its own two values."""

    def __init__(self, file: str, entry: dict[str, Any]) -> None:
        self.file = file
        self.name: str = entry["Name"]
        self.type: str = entry["Type"]
        self.mapping: str | None = entry.get("Mapping")
        self.manifest_value: int | str | None = entry.get("AppManifestValue")
        self.header_value: int | str | None = entry.get("MainCoreHeaderValue")
        self.comment: str = entry.get("Comment", "")


class Hardware:
    """A definition and everything it imports: `peripherals` by name, the first of a name in order of import."""

    def __init__(self, peripherals: dict[str, Peripheral], own: tuple[str, ...], header: tuple[str, ...]) -> None:
        self.peripherals = peripherals
        self.own = own
        self.header_top = header

    def leaf(self, name: str) -> Peripheral:
        """The leaf that `name` maps to in the end. Raises NotFound, or Invalid for a cycle or a change of type."""
        start = found = self._named(name, "")
        seen = [name]
        while found.mapping is not None:
            if found.mapping in seen:
                raise _wrong(found.file, found.name + ".Mapping", "goes round: " + " -> ".join((*seen, found.mapping)))
            seen.append(found.mapping)
            found = self._named(found.mapping, found.file + ": " + found.name + ".Mapping: ")
            if found.type != start.type:
                raise _wrong(start.file, name + ".Mapping", f"is {start.type}, but {found.name} is {found.type}")
        return found

    def _named(self, name: str, where: str) -> Peripheral:
        if name not in self.peripherals:
            raise NotFound(where + "no peripheral named " + name, "", "hardware")
        return self.peripherals[name]


def load(path: str, read: Callable[[str], bytes]) -> Hardware:
    """The definition at `path` with all it imports, every mapping resolved once to prove that it can be.

    `read(path)` gives a file's content and raises NotFound; an import's path is tried beside the
    file that imports it, then as it stands (for a folder of shared definitions).
    Raises Invalid naming file and key, or NotFound.
    """
    peripherals: dict[str, Peripheral] = {}
    own, header = _Files(read, peripherals).add(path, read(path), ())
    hardware = Hardware(peripherals, own, header)
    for name in peripherals:
        hardware.leaf(name)
    return hardware


class _Files:
    """The files read so far: each is read once, and none while it is itself being read."""

    def __init__(self, read: Callable[[str], bytes], peripherals: dict[str, Peripheral]) -> None:
        self.read = read
        self.peripherals = peripherals
        self.done: set[str] = set()

    def add(self, path: str, data: bytes, above: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Take in the file at `path`, imported by those `above`; its own names, and its header's first lines."""
        top = _top(path, data)
        own: list[str] = []
        for at, entry in enumerate(_list(path, top, "Peripherals")):
            peripheral = _peripheral(path, at, entry)
            if peripheral.name in own:
                raise _wrong(path, peripheral.name, "is defined twice")
            own.append(peripheral.name)
            self.peripherals.setdefault(peripheral.name, peripheral)
        for at, entry in enumerate(_list(path, top, "Imports")):
            self._import(path, f"Imports[{at}]", entry, (*above, path))
        self.done.add(path)
        return tuple(own), _header(path, top)

    def _import(self, path: str, key: str, entry: Any, above: tuple[str, ...]) -> None:
        if not isinstance(entry, dict) or set(entry) != {"Path"} or not isinstance(entry["Path"], str):
            raise _wrong(path, key, "is not a Path")
        found, content = _find(path, entry["Path"], self.read)
        if found in above:
            raise _wrong(path, key, f"imports {found}, which imports this")
        if len(above) > MOST_FILES:
            raise _wrong(path, key, "is nested too deeply")
        if found not in self.done:
            self.add(found, content, above)


def _find(path: str, name: str, read: Callable[[str], bytes]) -> tuple[str, bytes]:
    folder = path.rpartition("/")[0]
    beside = _normal(f"{folder}/{name}" if folder else name)
    for candidate in (beside, name):
        try:
            return candidate, read(candidate)
        except NotFound:
            continue
    raise NotFound(f"{path}: Imports: no file {name}", "", "hardware")


def _normal(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] not in ("", ".."):
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _top(path: str, data: bytes) -> dict[str, Any]:
    try:
        top = jsonstrict.loads(data)
    except Invalid as fault:
        raise _wrong(path, "the file", "is malformed: " + fault.reason)
    if not isinstance(top, dict):
        raise _wrong(path, "the file", "is not an object")
    for key in top:
        if key not in TOP_KEYS:
            raise _wrong(path, repr(key), "is not a key of a hardware definition")
    if top.get("Metadata") != {"Type": TYPE, "Version": VERSION} or top["Metadata"]["Version"] is True:
        raise _wrong(path, "Metadata", f"is not of type {TYPE!r}, version {VERSION}")
    return top


def _list(path: str, top: dict[str, Any], key: str) -> list[Any]:
    value = top.get(key, [])
    if not isinstance(value, list):
        raise _wrong(path, key, "is not an array")
    return value


def _header(path: str, top: dict[str, Any]) -> tuple[str, ...]:
    description = top.get("Description", {})
    lines = description.get("MainCoreHeaderFileTopContent", []) if isinstance(description, dict) else None
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise _wrong(path, "Description", "is not an object with lines of text")
    return tuple(lines)


def _peripheral(path: str, at: int, entry: Any) -> Peripheral:
    key = f"Peripherals[{at}]"
    if not isinstance(entry, dict):
        raise _wrong(path, key, "is not an object")
    for name, value in entry.items():
        if name not in KEYS:
            raise _wrong(path, f"{key}.{name!r}", "is not a key of a peripheral")
        may_be_number = name in ("AppManifestValue", "MainCoreHeaderValue")
        if not isinstance(value, str) and not (may_be_number and type(value) is int):
            raise _wrong(path, f"{key}.{name}", "has the wrong type")
    name = entry.get("Name", "")
    if not name.isascii() or not name.replace("_", "a").isalnum() or name[0].isdigit():
        raise _wrong(path, f"{key}.Name", "is missing or not a name")
    if entry.get("Type") not in TYPES:
        raise _wrong(path, f"{name}.Type", "is missing or unknown")
    is_leaf = "AppManifestValue" in entry or "MainCoreHeaderValue" in entry
    if is_leaf == ("Mapping" in entry):
        raise _wrong(path, name, "has both a Mapping and values of its own, or neither")
    return Peripheral(path, entry)


def _wrong(path: str, key: str, reason: str) -> Invalid:
    return Invalid(f"{path}: {key} {reason}", "", "hardware")


def substitute(manifest: dict[str, Any], hardware: Hardware) -> dict[str, Any]:
    """A copy of the manifest `manifest` (as a dictionary) with every `$NAME` in its capabilities replaced.

    Raises Invalid if a peripheral has no value for a manifest or is of another type than the
    capability it stands in, NotFound if there is none of the name.
    """
    copy: dict[str, Any] = json.loads(json.dumps(manifest))
    capabilities = copy.get("Capabilities")
    if isinstance(capabilities, dict):
        for key, value in capabilities.items():
            if isinstance(value, list):
                capabilities[key] = [_replaced(key, entry, hardware) for entry in value]
    return copy


def _replaced(key: str, entry: Any, hardware: Hardware) -> Any:
    if not isinstance(entry, str) or not entry.startswith("$"):
        return entry
    leaf = hardware.leaf(entry[1:])
    if leaf.type == CONSTANT or leaf.manifest_value is None:
        raise _wrong(leaf.file, leaf.name, "is a constant and has no value for a manifest")
    if CAPABILITY_OF[leaf.type] != key:
        raise _wrong(leaf.file, leaf.name, f"is {leaf.type} and cannot stand in Capabilities.{key}")
    return leaf.manifest_value


def header(hardware: Hardware) -> str:
    """The C header that gives the definition's own names their values. Raises Invalid if one has none."""
    lines = ["#pragma once", *hardware.header_top]
    for name in hardware.own:
        leaf = hardware.leaf(name)
        if leaf.header_value is None:
            raise _wrong(leaf.file, leaf.name, "has no MainCoreHeaderValue")
        comment = " ".join(hardware.peripherals[name].comment.replace("*/", "* /").split())
        if comment:
            lines += ["", f"/* {comment} */"]
        lines.append(f"#define {name} ({leaf.header_value})")
    return "\n".join(lines) + "\n"
