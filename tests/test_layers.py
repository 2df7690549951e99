"""Imports point inward: which rings each ring may name, wherever in a file the import stands."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parent.parent
PACKAGE = "armillary"
GATE_OF = {"pluton": ("pluton.abi", "pluton.port"), "monitor": ("monitor.abi", "monitor.port"), "kernel": ("kernel.abi", "kernel.port")}
# wire and native are the ground that every ring stands on; of a ring only the gate may be named.
MAY_IMPORT = {
    "wire": (),
    "native": (),
    "hal": ("wire", "native"),
    "pluton": ("wire", "native", "hal.interface"),
    "monitor": ("wire", "native", "hal.interface", *GATE_OF["pluton"]),
    "kernel": ("wire", "native", "hal.interface", *GATE_OF["monitor"]),
    "apps": ("wire", "native", *GATE_OF["kernel"]),
    "service": ("wire", "native"),
    "boards": ("wire", "native", "hal", "pluton", "monitor", "kernel", "apps"),
    "testing": ("wire", "native", "hal", "boards", "service", "cli"),
    "cli": ("wire", "native", "hal", "boards", "service", "pluton.abi", "monitor.abi", "kernel.abi", "testing"),
}


def imports(path):
    """The line and the dotted name, less the package, of every import of ours in a file."""
    relative = path.relative_to(ROOT)
    package = list(relative.parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= len(package) + 1, f"{path}:{node.lineno}: relative import leaves the package"
            base = [PACKAGE, *package][: len(package) + 2 - node.level]
            names = [".".join([*base, *filter(None, [node.module]), alias.name]) for alias in node.names]
        else:
            continue
        for name in names:
            first, _, rest = name.partition(".")
            assert first not in MAY_IMPORT, f"{path}:{node.lineno}: write {PACKAGE}.{first}"
            if first == PACKAGE and rest:
                yield node.lineno, rest


def files(ring):
    return [path for path in sorted((ROOT / ring).rglob("*.py")) if "samples" not in path.parts]


@pytest.mark.parametrize("ring", MAY_IMPORT)
def test_imports_point_inward(ring):
    allowed = tuple(f"{name}." for name in (*MAY_IMPORT[ring], ring))
    for path in files(ring):
        for line, name in imports(path):
            assert f"{name}.".startswith(allowed), f"{path}:{line}: {ring} must not import {name}"


@pytest.mark.parametrize("ring", [ring for ring in MAY_IMPORT if ring != "hal"])
def test_the_rule_has_something_to_check(ring):
    assert files(ring), f"{ring} has no modules: the rule above would hold of nothing"


@pytest.mark.parametrize("planted, lawful", [
    ("from armillary.kernel.core import Kernel", False),
    ("from ..kernel import core", False),
    ("def f():\n    import armillary.pluton.keys", False),
    ("from ..pluton.port import PlutonPort", True),
    ("from ..wire.call import Call", True),
    ("from ..pluton import keys", False),
])  # fmt: skip
def test_a_planted_import_is_judged_rightly(tmp_path, monkeypatch, planted, lawful):
    (tmp_path / "monitor").mkdir()
    planted_file = tmp_path / "monitor" / "core.py"
    planted_file.write_text(planted)
    monkeypatch.setattr("sys.modules", {**__import__("sys").modules})
    globals_root = globals()
    monkeypatch.setitem(globals_root, "ROOT", tmp_path)
    allowed = tuple(f"{name}." for name in (*MAY_IMPORT["monitor"], "monitor"))
    verdicts = [f"{name}.".startswith(allowed) for _, name in imports(planted_file)]
    assert verdicts and all(verdicts) is lawful


@pytest.mark.parametrize("ring", MAY_IMPORT)
def test_every_ring_is_linked_into_the_namespace(ring):
    link = ROOT / PACKAGE / ring
    assert link.is_symlink() and link.resolve() == ROOT / ring
