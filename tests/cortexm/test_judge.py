"""Exceptions, faults, memory protection and registers are as QEMU has them, line by line."""

from __future__ import annotations

import pytest

from tests.cortexm import judge

PROGRAMS = {"entry": 85, "faults": 304, "protection": 514, "registers": 129, "bitband": 44, "escalation": 385, "nesting": 97, "returns": 185, "stacking": 247, "privilege": 352, "pending": 49}


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("guest")


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_what_it_prints_on_qemu(place, name, record_property):
    count = judge.compare(judge.build(place, name))
    record_property("compared lines", count)
    assert count >= PROGRAMS[name]
