"""The parts of boxed mode by themselves: importer, loads, lines, and what is said of a weak host."""

import importlib.util
import subprocess
import sys
import types
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.boards import images
from armillary.boards.sim import lines
from armillary.hal.sim.box import bootstrap, confine, importer
from armillary.native.confine import STEPS, Features

SOURCES = {
    "armillary/__init__.py": b"", "armillary/thing/__init__.py": b"from . import part\n",
    "armillary/thing/part.py": b"'''Doc.'''\nWHERE = __file__ if '__file__' in globals() else None\nvalue = 42\n",
}  # fmt: skip


def files_of(sources, magic=None):
    packed = importer.pack_modules(sources)
    if magic is not None:
        packed = magic + packed[4:]
    return {"modules.bin": packed, "source.zip": images.zip_sources(sources)}


def load(found, name):
    spec = found.find_spec(name)
    module = types.ModuleType(name)
    module.__spec__ = spec
    found.exec_module(module)
    return module


@pytest.mark.parametrize("magic", [None, b"\0\0\r\n"])
def test_modules_come_compiled_or_from_source_where_another_interpreter_compiled_them(magic):
    found = importer.ImageImporter(files_of(SOURCES, magic), "test")
    module = load(found, "armillary.thing.part")
    assert module.value == 42
    assert (module.__doc__ is None) == (magic is None)  # docstrings stay in the source archive
    assert found.find_spec("armillary.thing").submodule_search_locations is not None


def test_the_source_is_there_for_a_traceback():
    found = importer.ImageImporter(files_of(SOURCES), "test")
    assert "value = 42" in found.get_source("armillary.thing.part")
    assert found.get_source("armillary.other") is None


def test_a_module_that_the_image_lacks_is_not_found():
    found = importer.ImageImporter(files_of(SOURCES), "test")
    for name in ("armillary.other", "os", "armillary.thing.part.deeper", "..armillary"):
        assert found.find_spec(name) is None


INSTALL = """
import sys
sys.path.insert(0, {root!r})
from armillary.hal.sim.box import importer
from armillary.boards import images
sources = {sources!r}
files = {{"modules.bin": importer.pack_modules(sources), "source.zip": images.zip_sources(sources)}}
importer.install(files, "test")
assert not sys.path and not sys.path_hooks and not sys.path_importer_cache
assert [finder.__name__ if isinstance(finder, type) else type(finder).__name__ for finder in sys.meta_path] == [
    "BuiltinImporter", "FrozenImporter", "ImageImporter"]
import armillary.thing.part
assert armillary.thing.part.value == 42
for name in ("armillary.wire.call", "armillary.kernel.core", "sqlite3", "http.server"):
    try:
        __import__(name)
    except ModuleNotFoundError:
        continue
    raise SystemExit(name + " could be loaded")
"""


def test_once_installed_the_image_is_the_only_way_to_code():
    code = INSTALL.format(root=str(images.ROOT.parent), sources=SOURCES)
    ended = subprocess.run([sys.executable, "-c", code], cwd="/", capture_output=True, text=True)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@given(st.lists(st.binary(max_size=200), max_size=6))
def test_a_load_is_split_into_what_it_was_joined_from(packages):
    assert bootstrap.split_load(bootstrap.join_load(packages)) == packages


@given(st.binary(max_size=100))
def test_a_load_that_is_cut_short_is_refused_and_never_read_beyond(data):
    try:
        packages = bootstrap.split_load(data)
    except ValueError:
        return
    assert bootstrap.join_load(packages) == data


def test_the_weaknesses_of_a_host_are_said_in_words():
    assert confine.weaknesses(Features(7, True)) == []
    assert len(confine.weaknesses(Features(3, True))) == 2
    none = confine.weaknesses(Features(0, False))
    assert len(none) == 4 and "any system call" in none[-1]
    assert set(confine.WEAKER) == set(STEPS)


def test_a_host_without_the_c_part_is_said_to_confine_nothing(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(confine.native, "warning", lambda: "crypto is slower")
    assert confine.weaknesses(Features(0, False)) == ["the C part was not built: boxes are not confined at all", "crypto is slower"]


def test_boxed_mode_names_what_a_host_lacks():
    assert confine.lacking() == []
    assert confine.lacking(types.SimpleNamespace(eventfd=1, memfd_create=1)) == ["pidfd_open", "sched_setaffinity"]


# -- lines ----------------------------------------------------------------------------------------------------


def stage(ring, name, number):
    return f"[{ring}] stage={name} type={number} version=1 copy=primary sha256=aa key=bb from=1 to=2\n".encode()


def test_each_masters_lines_are_put_together_apart():
    uart = lines.DebugUart()
    whole = stage("PLUTON", "monitor", 4)
    uart.said("pluton", whole[:20])
    uart.said("kernel", stage("monitor", "kernel", 7) + whole[20:])
    assert not uart.stages
    uart.said("pluton", whole[20:])
    assert [(ring, fields["stage"]) for ring, fields in uart.stages] == [("PLUTON", "monitor")]
    assert [master for master, _ in uart.forged] == ["kernel"]


def test_the_first_loader_begins_a_boot_and_a_cut_line_is_forgotten():
    uart = lines.DebugUart()
    uart.said("pluton", stage("1BL", "1bl", 1) + stage("PLUTON", "monitor", 4))
    uart.said("pluton", b"[1BL] sta")
    uart.power_off()
    uart.said("pluton", stage("1BL", "1bl", 1))
    assert [fields["stage"] for _, fields in uart.stages] == ["1bl"]


@given(st.lists(st.binary(max_size=50), max_size=20), st.integers(0, 600))
def test_what_is_kept_is_the_end_of_what_was_said(parts, offset):
    uart, before = lines.DebugUart(), lines.UART_KEPT
    try:
        lines.UART_KEPT = 100
        for part in parts:
            uart.said("kernel", part)
    finally:
        lines.UART_KEPT = before
    whole = b"".join(parts)
    start, said = uart.read(offset)
    assert said == whole[start:]
    assert start == min(max(offset, len(whole) - 100), len(whole)) if len(whole) > 100 else start == min(offset, len(whole))


def test_no_flood_of_a_box_fills_the_disk_or_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(lines, "CONSOLE_KEPT", 10_000)
    file = lines.ConsoleFile(tmp_path / "console.log")
    for _ in range(1000):
        file.write("kernel", b"x" * 9000)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 40_000
    uart = lines.DebugUart()
    for _ in range(100):
        uart.said("kernel", b"y" * 50_000)
    assert len(uart.read(0)[1]) == lines.UART_KEPT
    assert all(len(part) <= lines.LONGEST_LINE for part in uart._partial.values())


def test_no_test_tool_is_part_of_the_product():
    for path in (*(images.ROOT.parent / "boards").rglob("*.py"), *(images.ROOT.parent / "hal").rglob("*.py")):
        assert "ATTACK_" not in Path(path).read_text()
