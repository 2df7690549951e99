"""Where a fault cannot be taken the processor locks up, after what QEMU does before it gives up too."""

from __future__ import annotations

import pytest

from armillary.hal.cortexm import machine as m4
from tests.cortexm import judge

CASES = {
    "a fault in HardFault": (0, True), "a fault in NMI": (1, True), "a call in NMI": (2, True),
    "an undefined instruction where one is handled": (3, False), "a fault under FAULTMASK": (4, True),
    "a call under PRIMASK": (5, False), "a call in its own handler": (6, True), "no stack": (7, True), "no vectors": (8, True),
    "an undefined instruction in NMI": (9, True), "a return from HardFault without a frame": (10, True),
    "a return from NMI without a frame": (11, True), "a HardFault that the MPU denies its memory": (12, True),
    "one for which the MPU is off": (13, False),
}  # fmt: skip


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return judge.build(tmp_path_factory.mktemp("lockup"), "lockup")


@pytest.mark.parametrize("name", CASES)
def test_a_processor_locks_up_where_qemu_gives_up(program, name):
    number, is_lockup = CASES[name]
    judge.compare(program, judge.words(number))
    assert judge.on_machine(program, judge.words(number)).endswith("lockup\n") == is_lockup


def test_a_machine_that_is_locked_up_stays_so(program):
    made, _ = judge.machine(program, judge.words(0))
    first = made.run(1_000_000)
    assert (first.reason, made.run(2_000_000)) == (m4.LOCKUP, first)
