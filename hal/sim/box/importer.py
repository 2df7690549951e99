"""The only way to code inside a box: modules out of a verified image package.

The importer knows the files of one package and nothing else; there is no search path behind it. An
image holds its modules twice, under the one signature: compiled (`modules.bin`), used when this very
interpreter made them, and as source (`source.zip`), for tracebacks and for every other interpreter.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import io
import marshal
import sys
import zipfile
from types import CodeType, ModuleType
from typing import Any, cast

NAMESPACE = "armillary"
SILICON = "armillary.native"  # the crypto engine is part of the chip: preloaded, kept, and in no image
ENGINE = SILICON + "._native"


REPRODUCIBLE = 2  # marshal's last version whose output does not depend on how often an object is referred to
MODULES, SOURCES = "modules.bin", "source.zip"


class ImageImporter:
    """A finder and loader over the two archives of modules in an image's `files`."""

    def __init__(self, files: dict[str, bytes], image: str):
        self.image = image
        self._archive = files[SOURCES]
        self._code = unpack_modules(files[MODULES])
        self._sources: dict[str, bytes] = {}
        if self._code is None:
            self._open_sources()
        self._known = self._code if self._code is not None else self._sources

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """The spec of module `name` if this image holds it."""
        stem = name.replace(".", "/")
        for file, is_package in ((stem + "/__init__.py", True), (stem + ".py", False)):
            if file in self._known:
                spec = importlib.machinery.ModuleSpec(name, cast(Any, self), origin=file, is_package=is_package)
                spec.has_location = True
                return spec
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """The default module will do."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code in its own namespace."""
        assert module.__spec__ is not None and module.__spec__.origin is not None
        exec(self._module_code(module.__spec__.origin), module.__dict__)

    def get_source(self, name: str) -> str | None:
        """The source of `name`, for tracebacks."""
        spec = self.find_spec(name)
        if spec is None or spec.origin is None:
            return None
        self._open_sources()
        return self._sources[spec.origin].decode()

    def _module_code(self, file: str) -> CodeType:
        if self._code is not None:
            return cast(CodeType, marshal.loads(self._code[file]))
        return compile(self._sources[file], file, "exec", dont_inherit=True)

    def _open_sources(self) -> None:
        if not self._sources:
            with zipfile.ZipFile(io.BytesIO(self._archive)) as archive:
                self._sources = {name: archive.read(name) for name in archive.namelist()}


def pack_modules(sources: dict[str, bytes]) -> bytes:
    """The compiled form of `sources` (path to source): the interpreter's magic number, then the code.

    Docstrings stay behind (they are in the source archive): every byte is read and hashed at each boot.
    The same sources give the same bytes, whatever else the packing process has imported.
    """
    code = {
        path: marshal.dumps(compile(source, path, "exec", dont_inherit=True, optimize=2), REPRODUCIBLE)
        for path, source in sorted(sources.items())
    }
    return importlib.util.MAGIC_NUMBER + marshal.dumps(code, REPRODUCIBLE)


def unpack_modules(packed: bytes) -> dict[str, bytes] | None:
    """Path to marshalled code; None if another interpreter compiled it."""
    if packed[:4] != importlib.util.MAGIC_NUMBER:
        return None
    return cast("dict[str, bytes]", marshal.loads(memoryview(packed)[4:]))


def is_silicon(name: str) -> bool:
    """Whether module `name` is part of the chip."""
    return name == SILICON or name.startswith(SILICON + ".")


def install(files: dict[str, bytes], image: str) -> list[Any]:
    """Make the modules in `files` the only ones there are, and forget every module of ours known so far.

    Returns what was forgotten, so that the caller may put off taking it apart. Modules of the standard library that are already loaded stay (they are the interpreter's); no
    further one can be loaded, because nothing that reads a file system is left in the import system.
    """
    ours = [name for name in sys.modules if (name == NAMESPACE or name.startswith(NAMESPACE + ".")) and not is_silicon(name)]
    forgotten: list[Any] = [sys.modules.pop(name) for name in ours]
    sys.path[:] = []
    sys.path_hooks[:] = []
    forgotten.append(dict(sys.path_importer_cache))
    sys.path_importer_cache.clear()
    keep = (importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter)
    sys.meta_path[:] = [*keep, cast(Any, ImageImporter(files, image))]
    return forgotten
