"""The portable rings use only what MicroPython has: modules, and syntax it refuses or misreads."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parent.parent
MODULES = {
    "array", "asyncio", "binascii", "collections", "errno", "gc", "hashlib", "heapq", "io", "json", "math", "os",
    "re", "struct", "sys", "time", "__future__", "typing",
}  # fmt: skip
FOLDERS = ("wire", "pluton", "monitor", "kernel", "apps", "native/plain")
SINGLE = ("native/__init__.py", "native/errors.py", "hal/abi.py", "hal/port.py", "hal/interface.py")
HOST_ONLY = {"wire/describe.py", "wire/hardware.py"}


def portable_files():
    found = [ROOT / name for name in SINGLE]
    for folder in FOLDERS:
        found.extend(sorted((ROOT / folder).rglob("*.py")))
    return [path for path in found if str(path.relative_to(ROOT)) not in HOST_ONLY and "__pycache__" not in path.parts]


def is_type_checking(node):
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def running_nodes(tree):
    """Every node that runs on a device: not what stands under `if TYPE_CHECKING`, not annotations."""
    for node in ast.iter_child_nodes(tree):
        if is_type_checking(node):
            continue
        yield node
        yield from running_nodes(node)


def problems(path):
    tree = ast.parse(path.read_text())
    modules = MODULES | {"applibs"} if "samples" in path.parts else MODULES  # what the runtime gives an app
    is_facade = path.name == "__init__.py" and path.parent.name == "native"
    for node in running_nodes(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Import) and not is_facade:
            for alias in node.names:
                if alias.name.split(".")[0] not in modules:
                    yield line, f"import {alias.name}"
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module.split(".")[0] not in modules and not is_facade:
            yield line, f"from {node.module}"
        elif isinstance(node, ast.Match):
            yield line, "match"
        elif isinstance(node, ast.arguments) and node.posonlyargs:
            yield line, "positional-only parameters"
        elif isinstance(node, ast.Dict) and None in node.keys:
            yield line, "{**a}"
        elif isinstance(node, (ast.List, ast.Tuple, ast.Set)) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            if any(isinstance(element, ast.Starred) for element in node.elts):
                yield line, "[*a, b]"
        elif isinstance(node, ast.Slice) and node.step is not None:
            yield line, "a slice with a step"


@pytest.mark.parametrize("path", portable_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_uses_only_what_micropython_has(path):
    found = [f"{path.relative_to(ROOT)}:{line}: {what}" for line, what in problems(path)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("source", ["import dataclasses", "match x:\n    case 1: pass", "y = [*a, 1]", "def f(a, /): pass", "a[::2]"])
def test_a_planted_line_is_found(tmp_path, source):
    planted = tmp_path / "planted.py"
    planted.write_text(source)
    assert list(problems(planted))
