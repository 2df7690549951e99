"""One fault in the verification of a bad signature: it is refused, or the processor crashes; it is never accepted.

`make sweep` puts every fault of the model into every step that decides, and a larger sample into the arithmetic;
the tests by themselves take, where it decides, every skipped instruction and every flag, and the register bits
at every third step (of loops: the first and last time round; of LMS every ninth), and a small sample of the arithmetic.
"""

import os

import pytest

from tests.native.emulator.m4 import Machine
from tests.native.sweep import cases, counts
from tests.native.sweep.faults import ACCEPT, Sweep

IS_WHOLE = os.environ.get("ARMILLARY_SWEEP") == "whole"
PARTS = 8 if IS_WHOLE else 2
MORE_SKIPS, FLIPS = (20, 100_000) if IS_WHOLE else (1, 3_000)
STRIDE = {"p256": 3, "lms": 9}
SEED = 20260

PUBLIC, SIGNATURE = cases.lms_signed(b"the image that was signed")
FORGED = b"the image that was forged"
LMS = ("lms_verify_sealed", (PUBLIC, len(PUBLIC), FORGED, len(FORGED), SIGNATURE, len(SIGNATURE)))
P256 = ("p256_verify_sealed", cases.handed_on(cases.CLAIMS["another image"]))
CALLS = {"p256": P256, "lms": LMS}


@pytest.fixture
def sweep(shim, program, capsys):
    """Makes a Sweep that counts by function; at the end its counts are printed and it is freed."""
    made = []

    def begin(title, function, arguments, wanted=cases.SEALED):
        swept = Sweep(shim, program, function, *arguments, wanted=wanted)
        assert swept.result != wanted
        swept.count_in(swept.executed())
        made.append((title, swept))
        return swept

    yield begin
    for title, swept in made:
        with capsys.disabled():
            print("\n" + counts.keep(title, swept.counts()))
        swept.close()


def deciding(swept):
    """The steps that decide."""
    functions = swept.program.functions
    there = {name for name, one in functions.items() if one.file in cases.DECIDING_FILES or one.name in cases.DECIDING}
    steps = swept.steps_in(there, cases.HELPING & set(functions))
    assert len(steps) > 1000
    return steps


@pytest.mark.parametrize("case", cases.CLAIMS)
def test_without_a_fault_the_claim_is_refused(shim, program, case):
    machine = Machine(shim, program)
    assert machine.call("p256_verify_sealed", *cases.handed_on(cases.CLAIMS[case])).result & 0xFFFFFFFF != cases.SEALED
    machine.close()


def test_without_a_fault_what_is_right_is_accepted(shim, program):
    machine = Machine(shim, program)
    good = cases.Claim(cases.PUBLIC, cases.IMAGE, cases.GOOD)
    assert machine.call("p256_verify_sealed", *cases.handed_on(good)).result & 0xFFFFFFFF == cases.SEALED
    assert machine.call("plain_verify", *good).result & 0xFFFFFFFF == ACCEPT
    message = b"the image that was signed"
    called = machine.call("lms_verify_sealed", PUBLIC, len(PUBLIC), message, len(message), SIGNATURE, len(SIGNATURE))
    assert called.result & 0xFFFFFFFF == cases.SEALED
    machine.close()


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("call", CALLS)
def test_no_fault_where_it_decides_is_accepted(sweep, call, part):
    swept = sweep(f"{call}, deciding, {part + 1} of {PARTS}", *CALLS[call])
    steps = deciding(swept)
    if IS_WHOLE:
        swept.all_at(steps[part::PARTS])
    else:
        swept.some(swept.skips_and_flags(steps[part::PARTS]))
        every = STRIDE[call]
        swept.all_at(swept.without_loops(steps)[every * part :: every * PARTS])
    assert swept.accepted() == []


@pytest.mark.slow
@pytest.mark.parametrize("call", CALLS)
def test_no_fault_in_the_arithmetic_is_accepted(sweep, call):
    swept = sweep(f"{call}, arithmetic", *CALLS[call])
    rest = sorted(set(range(swept.steps)) - set(deciding(swept)))
    swept.some(swept.skips(rest, MORE_SKIPS, SEED))
    swept.some(swept.flips(rest, FLIPS, SEED))
    assert swept.accepted() == []


@pytest.mark.slow
@pytest.mark.parametrize("case", [case for case in cases.CLAIMS if case != "another image"])
def test_no_skip_makes_any_other_claim_good(sweep, case):
    swept = sweep(case, "p256_verify_sealed", cases.handed_on(cases.CLAIMS[case]))
    swept.some(swept.skips(range(swept.steps), MORE_SKIPS, SEED))
    assert swept.accepted() == []


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("case", [case for case in cases.CLAIMS if case.startswith("made for")])
def test_no_signature_made_for_a_fault_is_accepted(sweep, case, part):
    swept = sweep(f"{case}, {part + 1} of {PARTS}", "p256_verify_sealed", cases.handed_on(cases.CLAIMS[case]))
    steps = deciding(swept)
    swept.some(swept.skips_and_flags(steps[part::PARTS]))
    swept.some(swept.flips(list(range(swept.steps)), FLIPS // PARTS, SEED + part))
    if IS_WHOLE:
        swept.all_at(swept.without_loops(steps)[part::PARTS])
    assert swept.accepted() == []


def test_the_plain_verification_falls(sweep):
    swept = sweep("plain verify", "plain_verify", cases.CLAIMS["another image"], ACCEPT)
    last = swept.steps_in(["plain_verify", "memcmp"])[-40:]
    swept.all_at(last)
    assert swept.accepted()
