"""The image packages of the operating system, packed from this very source tree.

Each ring becomes one package: its modules, the ground they stand on (`wire`; `native` is part of the chip),
the gate of the ring inside, and the board's code that puts its objects together. The same sources give the same
body, and the image id is derived from the body, so a build can be compared bit for bit.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import armillary
from armillary.hal.sim.box.importer import is_silicon, pack_modules
from armillary.wire import asxipfs, guid, image, keystore

from .keys import Vendor
from .lms import LmsSigner

ROOT = Path(armillary.__file__).parent
SPACE = uuid.UUID("5bdc4f7c-40d4-5a5c-9a5f-6d5b8b6e3c11")  # our own; component ids derive from names
INIT = b'"""Armillary: the layers of a secured device, as one ring carries them."""\n\n__version__ = "%s"\n'
EPOCH = (1980, 1, 1, 0, 0, 0)  # every file's date in the source archive, so that builds compare

# name: (image type, module whose main begins it); what else an image holds follows from its imports
OS_IMAGES = {
    "1bl": (image.ONE_BL, "armillary.boards.sim.boot.loader"),
    "pluton": (image.PLUTON_RUNTIME, "armillary.boards.sim.boot.pluton"),
    "monitor": (image.SECURITY_MONITOR, "armillary.boards.sim.boot.monitor"),
    "kernel": (image.KERNEL, "armillary.boards.sim.boot.kernel"),
    "runtime": (image.ROOT_FS, "armillary.boards.sim.boot.app"),
}


class Signer(Protocol):
    """What signs a package: `keys.SigningKey`, or anything with the same three names."""

    @property
    def thumbprint(self) -> bytes: ...
    @property
    def lms(self) -> LmsSigner | None: ...
    def sign(self, digest: bytes, /) -> bytes: ...


def component_id(name: str) -> bytes:
    """The component id (16 bytes, package layout) of OS image `name`."""
    return guid.to_bytes(str(uuid.uuid5(SPACE, name)))


def content_id(body: bytes) -> bytes:
    """The image id of a body: the same bytes always have the same one."""
    return guid.to_bytes(str(uuid.UUID(bytes=hashlib.sha256(body).digest()[:16], version=5)))


def closure(entry: str) -> dict[str, bytes]:
    """The sources of `entry` and of every module of ours that it can import: path to source."""
    found: dict[str, bytes] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        path = None if is_silicon(name) else module_path(name)
        if path is None or path in found:
            continue
        found[path] = (ROOT.parent / path).read_bytes() if path != "armillary/__init__.py" else INIT % armillary.__version__.encode()
        waiting.extend(imported(path, found[path]))
    return found


def module_path(name: str) -> str | None:
    """The file of module or package `name`; None if it is not a Python file (the crypto engine)."""
    stem = name.replace(".", "/")
    for path in (stem + "/__init__.py", stem + ".py"):
        if (ROOT.parent / path).is_file():
            return path
    return None


def imported(path: str, source: bytes) -> list[str]:
    """Names of our modules that the file may import when it runs, packages on the way included."""
    package = path.removesuffix("/__init__.py").removesuffix(".py").split("/")
    if not path.endswith("/__init__.py"):
        package = package[:-1]
    names = {".".join(package)}
    for node in running_nodes(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            stem = ".".join([*base, *filter(None, [node.module])])
            names.add(stem)
            names.update(f"{stem}.{alias.name}" for alias in node.names)
    parents = {name.rpartition(".")[0] for name in names} | {"armillary"}
    return sorted(name for name in names | parents if name.partition(".")[0] == "armillary")


def running_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node of a module but those that only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        yield node
        yield from running_nodes(node)


def os_body(name: str, extra: dict[str, bytes] | None = None, config: dict[str, Any] | None = None) -> bytes:
    """The file system of OS image `name`.

    `extra` replaces or adds source files (tests use it); `config` becomes the ring's `config.json`.
    """
    entry = OS_IMAGES[name][1]
    sources = {**closure(entry), **(extra or {})}
    files = [
        ("entry", entry.encode(), False),
        ("modules.bin", pack_modules(sources), False),
        ("source.zip", zip_sources(sources), False),
    ]
    if config:
        files.append(("config.json", json.dumps(config, sort_keys=True).encode(), False))
    return asxipfs.pack(files)


def zip_sources(sources: dict[str, bytes]) -> bytes:
    """The sources as an archive: for people, for tracebacks, and for another interpreter."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, source in sorted(sources.items()):
            archive.writestr(zipfile.ZipInfo(path, EPOCH), source, zipfile.ZIP_DEFLATED)
    return data.getvalue()


def os_image(vendor: Vendor, name: str, version: int = 1, built_unix: int = 0, body: bytes | None = None) -> bytes:
    """OS image `name` as a signed package of security version `version`."""
    key = vendor.root if name == "1bl" else vendor.os
    return package(body or os_body(name), OS_IMAGES[name][0], component_id(name), name, key, version, built_unix)


def package(body: bytes, image_type: int, component: bytes, name: str, key: Signer, version: int, built_unix: int = 0) -> bytes:
    """A package around any body, signed with `key`, and with its LMS key if it has one."""
    return image.build(
        body, image_type, component, content_id(body + version.to_bytes(4, "little")), name, built_unix, key.thumbprint, key.sign,
        security_version=version, lms=key.lms.wire if key.lms else None,
    )  # fmt: skip


def key_store(vendor: Vendor, version: int = 1) -> bytes:
    """The trusted key store: which keys may sign what. The root key signs it."""
    from armillary.pluton import abi

    roles = ((vendor.os, abi.ROLE_OS), (vendor.app, abi.ROLE_APPLICATION),
             (vendor.development, abi.ROLE_DEVELOPMENT), (vendor.capability, abi.ROLE_CAPABILITY))  # fmt: skip
    keys = [keystore.Key(key.public, key.thumbprint, role, key.lms.public if key.lms else b"") for key, role in roles]
    body = keystore.pack(keys)
    return package(body, image.TRUSTED_KEYSTORE, component_id("keystore"), "keystore", vendor.root, version)


def certificate_store(vendor: Vendor, roots: dict[str, bytes], version: int = 1) -> bytes:
    """The roots that the device checks servers against: `roots` maps a name to a PEM certificate."""
    body = asxipfs.pack([(f"certs/{name}.pem", pem, False) for name, pem in sorted(roots.items())])
    return package(body, image.UPDATE_CERT_STORE, component_id("certs"), "certs", vendor.os, version)
