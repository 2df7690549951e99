"""Threads that interrupts cut at any time work out what they do undisturbed, here and on QEMU."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cortexm import judge

ASPEN, LSPEN, RARELY = 1 << 31, 1 << 30, 0xFF_FFFF
QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
STORM = {
    "reload": st.integers(900, 6000), "seed": st.integers(0, 2**32 - 1), "rounds": st.integers(1, 25),
    "control": st.sampled_from([ASPEN, ASPEN | LSPEN]),
}  # fmt: skip


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return judge.build(tmp_path_factory.mktemp("storm"), "storm")


def compare(program, reload, seed, rounds, control):
    arguments = judge.words(reload, seed, rounds, control)
    stormy = judge.on_machine(program, arguments)
    assert stormy == judge.on_machine(program, judge.words(RARELY, seed, rounds, control))
    assert stormy == judge.on_qemu(program, arguments)


@given(**STORM)
@settings(QUIET, max_examples=10)
def test_threads_come_to_what_they_come_to_undisturbed(program, reload, seed, rounds, control):
    compare(program, reload, seed, rounds, control)


@pytest.mark.slow
@given(**STORM)
@settings(QUIET, max_examples=150)
def test_threads_come_to_what_they_come_to_undisturbed_for_long(program, reload, seed, rounds, control):
    compare(program, reload, seed, rounds, control)


def test_what_nobody_stacks_is_lost_and_seen_to_be(program):
    """Without ASPEN no frame has floating-point registers: the thread that has its work in them goes wrong."""
    results = [judge.on_machine(program, judge.words(reload, 7, 20, 0)).splitlines() for reload in (1000, RARELY)]
    assert results[0][0] == results[1][0]
    assert results[0][1] != results[1][1]
