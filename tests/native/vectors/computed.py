"""Cases whose answers come from other implementations: `hashlib`, `cryptography` over OpenSSL, and the few lines
of Python below.

They go where published sets do not: every length around a block, every piece, every flipped bit, both ends of
every range, and the primitives for which nobody publishes a set.
"""

from __future__ import annotations

import itertools
import random

from tests.native.vectors.case import ACCEPT, DONE, REFUSED, REJECT, UNFIT, Suite, number
from tests.native.vectors.computed_aes import counting, sealing, tagging, wrapping
from tests.native.vectors.computed_hash import deriving, hashing, trees
from tests.native.vectors.computed_p256 import agreeing, encodings, key_making, points, signing
from tests.native.vectors.computed_random import generating, watching
from tests.native.vectors.peers import SOURCE, flips


def deciding(suite: Suite, source: random.Random) -> None:
    for length in (0, 1, 2, 3, 4, 5, 7, 8, 16, 31, 32, 33, 64):
        data = source.randbytes(length)
        for operation in ("compare", "decision_equal"):
            suite.add(SOURCE, length, operation, data, data)
            suite.add(SOURCE, length, operation, data, data + b"\0", status=UNFIT)
            for bit, changed in flips(data):
                if length <= 32:
                    suite.add(SOURCE, f"flip {bit}", operation, data, changed, status=REFUSED)
        suite.add(SOURCE, length, "clear", data, answer=bytes(length))
    edges = [0, 1, 2, 255, 256, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1]
    edges += [source.randrange(1 << 64) for _ in range(6)]
    for value, floor in itertools.product(edges, edges):
        arguments = value.to_bytes(8, "little"), floor.to_bytes(8, "little")
        suite.add(SOURCE, f"{value} >= {floor}", "decision_at_least", *arguments, status=DONE if value >= floor else REFUSED)
    states = [0, 1, 2, 3, 0x80000000, 0xFFFFFFFF, ACCEPT, REJECT]
    for state, wanted in itertools.product(states, states):
        suite.add(SOURCE, f"{state} is {wanted}", "decision_is", number(state), number(wanted), status=DONE if state == wanted else REFUSED)
        status = DONE if state == wanted == ACCEPT else REFUSED
        suite.add(SOURCE, f"{state} and {wanted}", "decision_both", number(state), number(wanted), status=status)


def load(suite: Suite, seed: int = 1) -> None:
    """The same cases for the same seed."""
    sections = (
        hashing, deriving, trees, counting, sealing, tagging, wrapping, key_making, points, agreeing, signing,
        encodings, generating, watching, deciding,
    )  # fmt: skip
    for each in sections:
        each(suite, random.Random(f"{seed} {each.__name__}"))
