"""The engine and its plain counterparts on the emulated Cortex-M4."""

from __future__ import annotations

import pathlib

import pytest

from tests.native.emulator import m4

HERE = pathlib.Path(__file__).parent


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    """The emulator's C, compiled."""
    return m4.shim(tmp_path_factory.mktemp("shim"))


@pytest.fixture(scope="session")
def objects(tmp_path_factory):
    """Everything compiled: the engine, and the same decisions without hardening."""
    more = [m4.HERE / "idle.c", *sorted(HERE.glob("plain_*.c"))]
    return m4.compiled(tmp_path_factory.mktemp("m4"), more, [f"-I{HERE}"])


@pytest.fixture(scope="session")
def program(tmp_path_factory, objects):
    """It linked."""
    return m4.link(tmp_path_factory.mktemp("m4") / "engine.elf", objects)
