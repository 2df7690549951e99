"""Which handler runs when: scripts of pending, masking and changing priorities run as they do on QEMU."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cortexm import judge

# Operation, value: see step() in guest/order.c.
STEP = st.tuples(st.integers(0, 15), st.integers(0, 255)).map(lambda step: step[0] | step[1] << 8)
QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return judge.build(tmp_path_factory.mktemp("order"), "order")


def compare(program, script):
    judge.compare(program, judge.words(len(script), *script))


@given(script=st.lists(STEP, min_size=1, max_size=200))
@settings(QUIET, max_examples=12)
def test_handlers_run_in_the_order_in_which_qemu_runs_them(program, script):
    compare(program, script)


@pytest.mark.slow
@given(script=st.lists(STEP, min_size=100, max_size=900))
@settings(QUIET, max_examples=60)
def test_handlers_run_in_the_order_in_which_qemu_runs_them_for_long(program, script):
    compare(program, script)


IRQ, PRIORITY, BASEPRI, PRIMASK, PEND_SV, SVC, GROUPS, FAULTMASK = 0, 5, 7, 8, 9, 13, 14, 15
NAMED = {
    "equal priorities do not nest": [(IRQ, 1), (IRQ, 0), (IRQ, 2)],
    "a higher priority nests": [(PRIORITY, 0x41), (PRIORITY, 0x20), (PRIORITY, 0x62), (IRQ, 2), (IRQ, 1), (IRQ, 0)],
    "a lower one is chained": [(PRIORITY, 0x41), (PRIORITY, 0x20), (IRQ, 0), (IRQ, 1)],
    "those of one group do not nest": [(GROUPS, 6), (PRIORITY, 0x41), (PRIORITY, 0x60), (IRQ, 0), (IRQ, 1), (IRQ, 0)],
    "BASEPRI holds back its own and less": [(PRIORITY, 0x41), (PRIORITY, 0x20), (BASEPRI, 0x40), (IRQ, 1), (IRQ, 0), (BASEPRI, 0)],
    "PRIMASK holds back all": [(PRIMASK, 1), (IRQ, 0), (IRQ, 1), (PEND_SV, 1), (PEND_SV, 2), (PRIMASK, 0)],
    "FAULTMASK is cleared by a return": [(IRQ, 0), (FAULTMASK, 1), (IRQ, 1), (FAULTMASK, 0)],
    "a supervisor call in a handler of its priority": [(SVC, 0), (IRQ, 0), (SVC, 0)],
}


@pytest.mark.parametrize("name", NAMED)
def test_a_named_case_runs_as_on_qemu(program, name):
    compare(program, [operation | value << 8 for operation, value in NAMED[name]])
