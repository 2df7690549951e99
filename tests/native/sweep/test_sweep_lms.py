"""Faults in LMS verification on the emulated Cortex-M4, with forgeries that are one step from being good.

The signature of the second kind is made by who has the private key, and is what the best of attackers could have: for a
message that was never signed, every value right but one, which is one step too far along its chain. One hash
left out makes the roots equal; nobody who computes roots and compares them can tell.
"""

from __future__ import annotations

import hashlib

import pytest

from armillary.native.plain import lms
from tests.native.emulator.m4 import Machine
from tests.native.sweep import counts
from tests.native.sweep.cases import SEALED
from tests.native.sweep.faults import ACCEPT, Sweep

SHAPE = lms.Shape(10, 6)  # 192 bits, height 5, two bits a digit: the most chains that take more than a step
IDENTITY, SEED = bytes(range(16)), bytes(range(50, 74))
MESSAGE = b"an image"


def sha256(data):
    return hashlib.sha256(data).digest()


@pytest.fixture(scope="module")
def key():
    """(nodes, public key)."""
    nodes = lms.grow(sha256, SHAPE, IDENTITY, lms.leaves(sha256, SHAPE, IDENTITY, SEED, 0, 32))
    return nodes, lms.public_key(SHAPE, IDENTITY, nodes)


def good(nodes):
    return lms.sign(sha256, SHAPE, IDENTITY, SEED, nodes, 5, MESSAGE)


def one_too_far(signature, digit):
    """(signature with the value of the first message chain at `digit` one step further, that chain)."""
    place = IDENTITY + signature[:4]
    digits = SHAPE.digits(sha256(place + lms.MESSAGE + signature[8:32] + MESSAGE)[:24])
    number = digits.index(digit)
    at = 8 + 24 * (1 + number)
    value = lms.chain(sha256, SHAPE, place, number, digit, digit + 1, signature[at : at + 24])
    return signature[:at] + value + signature[at + 24 :], number


def arguments(public, message, signature):
    return public, len(public), message, len(message), signature, len(signature)


def plain_arguments(public, message, signature):
    return public, SHAPE.height, message, len(message), signature


FORGERIES = {
    "another message": lambda nodes: (b"a forgery", good(nodes)),
    "first step left out": lambda nodes: (MESSAGE, one_too_far(good(nodes), 0)[0]),
    "last step left out": lambda nodes: (MESSAGE, one_too_far(good(nodes), 2)[0]),
}

@pytest.fixture
def swept(shim, program, key, capsys):
    """A call with a forgery, and what to do with it; the counts are printed."""
    opened = []

    def begin(title, function, forgery, make):
        message, signature = FORGERIES[forgery](key[0])
        wanted = ACCEPT if function.startswith("plain") else SEALED
        sweep = Sweep(shim, program, function, *make(key[1], message, signature), wanted=wanted)
        assert sweep.result != wanted
        sweep.count_in(sweep.executed())
        opened.append((title, sweep))
        return sweep

    yield begin
    for title, sweep in opened:
        with capsys.disabled():
            print("\n" + counts.keep(title, sweep.counts()))
        sweep.close()


def spread(steps, count):
    """`count` of the steps, evenly."""
    return steps[:: max(1, len(steps) // count)]


def test_the_good_signature_is_accepted_by_both(shim, program, key):
    machine = Machine(shim, program)
    seen = machine.call("lms_verify_sealed", *arguments(key[1], MESSAGE, good(key[0])))
    assert seen.result & 0xFFFFFFFF == SEALED and seen.stack <= 4096
    machine.reset()
    assert machine.call("plain_lms_verify", *plain_arguments(key[1], MESSAGE, good(key[0]))).result & 0xFFFFFFFF == ACCEPT
    machine.close()


@pytest.mark.slow
@pytest.mark.parametrize("forgery", FORGERIES)
def test_no_single_fault_accepts_a_forgery(swept, forgery):
    sweep = swept(f"lms, {forgery}", "lms_verify_sealed", forgery, arguments)
    own = sweep.steps_in([name for name in sweep.executed() if name.startswith("lm")])
    sweep.some(sweep.skips(range(sweep.steps), 1, 1))  # every instruction of everything, the hash too
    sweep.some(sweep.skips(own, 4, 2))
    sweep.all_at(spread(own, 4))
    sweep.all_at(own[-40:])  # what follows the last hash: the decision is swept whole elsewhere
    sweep.some(sweep.flips(list(range(sweep.steps)), 500, 3))
    assert sweep.accepted() == []


@pytest.mark.slow
@pytest.mark.parametrize("forgery", ["first step left out", "last step left out"])
def test_no_single_fault_in_the_chain_that_was_tampered_with_accepts(swept, key, forgery):
    """Where one hash left out makes the roots equal: each instruction skipped each time, many bits flipped."""
    sweep = swept(f"lms, the chain, {forgery}", "lms_verify_sealed", forgery, arguments)
    entries = [step for step, pc in enumerate(sweep.trace) if pc == sweep.program.functions["lmots_chain"].address]
    chain = one_too_far(good(key[0]), {"first step left out": 0, "last step left out": 2}[forgery])[1]
    inside = range(entries[chain] - 40, entries[chain + 1])
    own = sorted({*sweep.steps_in(["lms_verify_sealed", "lmots_chain", "lmots_digit", "sha256_hash"])} & {*inside})
    sweep.some([(step, 0, 0, 0) for step in own])
    sweep.some(sweep.flips(own, 3000, 4))
    assert sweep.accepted() == []


@pytest.mark.slow
def test_verification_that_does_not_count_falls(swept):
    sweep = swept("plain lms, a step left out", "plain_lms_verify", "last step left out", plain_arguments)
    sweep.some(sweep.skips(sweep.steps_in([name for name in sweep.executed() if name.partition("@")[0] in ("chain", "plain_lms_verify")]), 200, 1))
    assert sweep.accepted()
