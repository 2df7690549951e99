"""The only way to code inside a box: modules out of a verified image package.

The importer knows the files of one package and nothing else; there is no search path behind it. A
module's compiled form (`.pyc`: the interpreter's magic number, then the marshalled code) is used
when it was made by this interpreter, its source otherwise: both were under the one signature.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import marshal
import sys
from types import CodeType, ModuleType
from typing import Any, cast

NAMESPACE = "armillary"
ENGINE = "armillary.native._native"  # the crypto engine is silicon: compiled C, preloaded, kept


class ImageImporter:
    """A finder and loader over `files`, a map of path in the image to bytes."""

    def __init__(self, files: dict[str, bytes], image: str):
        self.files = files
        self.image = image

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """The spec of module `name` if this image holds it."""
        stem = name.replace(".", "/")
        for base, is_package in ((stem + "/__init__", True), (stem, False)):
            if base + ".pyc" in self.files or base + ".py" in self.files:
                spec = importlib.machinery.ModuleSpec(name, cast(Any, self), origin=base + ".py", is_package=is_package)
                spec.loader_state = base
                spec.has_location = True
                return spec
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> None:
        """The default module will do."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code in its own namespace."""
        spec = module.__spec__
        assert spec is not None
        exec(self._code(spec.loader_state), module.__dict__)

    def get_source(self, name: str) -> str | None:
        """The source of `name`, for tracebacks."""
        spec = self.find_spec(name)
        body = self.files.get(spec.loader_state + ".py") if spec else None
        return body.decode() if body is not None else None

    def _code(self, base: str) -> CodeType:
        compiled = self.files.get(base + ".pyc")
        if compiled is not None and compiled[:4] == importlib.util.MAGIC_NUMBER:
            return cast(CodeType, marshal.loads(compiled[4:]))
        return compile(self.files[base + ".py"], base + ".py", "exec", dont_inherit=True)


def compile_module(path: str, source: bytes) -> bytes:
    """The compiled form of a module, as the importer takes it."""
    return importlib.util.MAGIC_NUMBER + marshal.dumps(compile(source, path, "exec", dont_inherit=True))


def install(files: dict[str, bytes], image: str) -> None:
    """Make `files` the only source of modules, and forget every module of ours known so far.

    Modules of the standard library that are already loaded stay (they are the interpreter's); no
    further one can be loaded, because nothing that reads a file system is left in the import system.
    """
    engine = sys.modules.get(ENGINE)
    for name in [name for name in sys.modules if name == NAMESPACE or name.startswith(NAMESPACE + ".")]:
        del sys.modules[name]
    if engine is not None:
        sys.modules[ENGINE] = engine
    sys.path[:] = []
    sys.path_hooks[:] = []
    sys.path_importer_cache.clear()
    keep = (importlib.machinery.BuiltinImporter, importlib.machinery.FrozenImporter)
    sys.meta_path[:] = [*keep, cast(Any, ImageImporter(files, image))]
