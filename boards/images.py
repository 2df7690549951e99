"""The image packages of the operating system, packed from this very source tree.

Each ring becomes one package: its modules, the ground they stand on (`wire`, `native`), the gate of
the ring inside, and the board's code that puts its objects together. The same sources give the same
body, and the image id is derived from the body, so a build can be compared bit for bit.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import armillary
from armillary.hal.sim.box.importer import compile_module
from armillary.wire import asxipfs, guid, image, keystore

from .keys import Vendor

ROOT = Path(armillary.__file__).parent
SPACE = uuid.UUID("5bdc4f7c-40d4-5a5c-9a5f-6d5b8b6e3c11")  # our own; component ids derive from names
BOOT = "boards/sim/boot/"
GROUND = ("wire", "native", "native/plain", "hal/__init__", "hal/abi", "hal/port", "hal/interface", "boards/__init__",
          "boards/sim/__init__", "boards/sim/facts", BOOT + "__init__", BOOT + "clock")  # fmt: skip
HOST_ONLY = ("wire/describe", "wire/hardware", "native/build_native")
INIT = b'"""Armillary: the layers of a secured device, as one ring carries them."""\n\n__version__ = "%s"\n'

# name: (image type, what it holds besides the ground, module whose main begins it)
OS_IMAGES: dict[str, tuple[int, tuple[str, ...], str]] = {
    "1bl": (image.ONE_BL, ("pluton",), BOOT + "loader"),
    "pluton": (image.PLUTON_RUNTIME, ("pluton",), BOOT + "pluton"),
    "monitor": (image.SECURITY_MONITOR, ("monitor", "pluton/__init__", "pluton/abi", "pluton/port"), BOOT + "monitor"),
    "kernel": (
        image.KERNEL,
        ("kernel", "monitor/__init__", "monitor/abi", "monitor/port", "hal/sim/__init__", "hal/sim/box/__init__", "hal/sim/box/tasks"),
        BOOT + "kernel",
    ),
    "runtime": (
        image.ROOT_FS,
        ("apps/__init__", "apps/runtime", "apps/applibs", "kernel/__init__", "kernel/abi", "kernel/port"),
        BOOT + "app",
    ),
}


class Signer(Protocol):
    """What signs a package: `keys.SigningKey`, or anything with the same two names."""

    @property
    def thumbprint(self) -> bytes: ...
    def sign(self, digest: bytes, /) -> bytes: ...


def component_id(name: str) -> bytes:
    """The component id (16 bytes, package layout) of OS image `name`."""
    return guid.to_bytes(str(uuid.uuid5(SPACE, name)))


def content_id(body: bytes) -> bytes:
    """The image id of a body: the same bytes always have the same one."""
    return guid.to_bytes(str(uuid.UUID(bytes=hashlib.sha256(body).digest()[:16], version=5)))


def modules(parts: Iterable[str]) -> list[str]:
    """The paths (less `.py`) of all modules that `parts` (modules or whole folders) name."""
    found = set()
    for part in parts:
        folder = ROOT / part
        if folder.is_dir():
            found.update(f"{part}/{file.stem}" for file in folder.glob("*.py"))
        else:
            found.add(part)
    return sorted(found - set(HOST_ONLY))


def os_body(name: str, extra: dict[str, bytes] | None = None) -> bytes:
    """The file system of OS image `name`; `extra` replaces or adds source files (tests use it)."""
    _, parts, entry = OS_IMAGES[name]
    sources = {f"armillary/{path}.py": (ROOT / f"{path}.py").read_bytes() for path in modules((*GROUND, *parts, entry))}
    sources["armillary/__init__.py"] = INIT % armillary.__version__.encode()
    sources.update(extra or {})
    files = [("entry", ("armillary/" + entry).replace("/", ".").encode(), False)]
    for path, source in sources.items():
        files.append((path, source, False))
        files.append((path[:-3] + ".pyc", compile_module(path, source), False))
    return asxipfs.pack(files)


def os_image(vendor: Vendor, name: str, version: int = 1, built_unix: int = 0, body: bytes | None = None) -> bytes:
    """OS image `name` as a signed package of security version `version`."""
    key = vendor.root if name == "1bl" else vendor.os
    return package(body or os_body(name), OS_IMAGES[name][0], component_id(name), name, key, version, built_unix)


def package(body: bytes, image_type: int, component: bytes, name: str, key: Signer, version: int, built_unix: int = 0) -> bytes:
    """A package around any body, signed with `key`."""
    return image.build(
        body, image_type, component, content_id(body + bytes((version,))), name, built_unix, key.thumbprint, key.sign,
        security_version=version,
    )  # fmt: skip


def key_store(vendor: Vendor, version: int = 1) -> bytes:
    """The trusted key store: which keys may sign what. The root key signs it."""
    from armillary.pluton import abi

    roles = ((vendor.os, abi.ROLE_OS), (vendor.app, abi.ROLE_APPLICATION),
             (vendor.development, abi.ROLE_DEVELOPMENT), (vendor.capability, abi.ROLE_CAPABILITY))  # fmt: skip
    body = keystore.pack([keystore.Key(key.public, key.thumbprint, role) for key, role in roles])
    return package(body, image.TRUSTED_KEYSTORE, component_id("keystore"), "keystore", vendor.root, version)


def certificate_store(vendor: Vendor, roots: dict[str, bytes], version: int = 1) -> bytes:
    """The roots that the device checks servers against: `roots` maps a name to a PEM certificate."""
    body = asxipfs.pack([(f"certs/{name}.pem", pem, False) for name, pem in sorted(roots.items())])
    return package(body, image.UPDATE_CERT_STORE, component_id("certs"), "certs", vendor.os, version)
