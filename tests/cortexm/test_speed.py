"""What `armillary bench m4` compares is the same work on each."""

from __future__ import annotations

import pytest

from armillary.cli import measure_m4


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return measure_m4.build(tmp_path_factory.mktemp("m4"))


def test_the_program_is_the_same_to_the_instruction(program):
    code = program[1]
    assert measure_m4.ours(code, 20, 0)[0] == measure_m4.ours(code, 20, 0)[0]
    assert measure_m4.ours(code, 20, 100)[0] > measure_m4.ours(code, 20, 0)[0] > 20 * measure_m4.ours(code, 1, 0)[0] * 0.8


def test_all_three_come_to_the_end(program, tmp_path):
    elf, code = program
    assert measure_m4.ours(code, 2, 1000)[1] > 0
    assert measure_m4.bare(code, 2) > 0
    assert measure_m4.qemu(elf, 2, tmp_path) > 0
