"""Random sequences of instructions leave registers, flags and memory as QEMU does."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.cortexm import judge, sequences

# A batch that differs names its sequence: making it smaller would take QEMU's time for nothing.
QUIET = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=5, phases=[Phase.generate])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("sequence")


@pytest.fixture(scope="module")
def program(place):
    return judge.build(place, "sequence")


@given(batch=st.lists(sequences.SEQUENCE, min_size=8, max_size=12))
@QUIET
def test_sequences_end_as_on_qemu(program, place, batch):
    assert sequences.difference(program, place, batch) == ""


@pytest.mark.slow
@given(batch=st.lists(sequences.SEQUENCE, min_size=20, max_size=30))
@settings(QUIET, max_examples=100)
def test_thousands_of_sequences_end_as_on_qemu(program, place, batch):
    assert sequences.difference(program, place, batch) == ""


def test_a_difference_is_seen(program, place):
    """The digest is of everything: one register, one flag, one byte of memory that differs makes it another."""
    texts = [["movs r0, #2"], ["movw r0, #1"], ["movs r0, #1", "eor.w r1, r1, #1"], ["movs r0, #1", "vneg.f32 s31, s31"]]
    texts.append(["movs r0, #1", "ldrb.w r2, [r10, #1]", "eor.w r2, r2, #4", "strb.w r2, [r10, #1]", "movs r2, #0"])
    plain = [["movs r0, #1"]] * 4 + [["movs r0, #1", "movs r2, #0"]]
    lines, others = (judge.on_machine(program, sequences.assemble(place, batch)).splitlines() for batch in (plain, texts))
    assert len(lines) == len(texts) + 1
    assert not set(lines[:-1]) & set(others[:-1])
