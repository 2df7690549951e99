"""Hybrid signatures in boxes: a device made so boots from confined processes, and nothing else boots on it."""

from __future__ import annotations

import pytest

from armillary.boards.keys import Vendor
from armillary.boards.sim import device


@pytest.fixture(scope="module")
def hybrid_bench(tmp_path_factory, bench):
    """A bench whose vendor signs by both."""
    vendor = Vendor.generate(is_hybrid=True)
    made = type(bench)(tmp_path_factory.mktemp("hybrid"), vendor, device.System(vendor, {}))
    yield made
    made.close()


def test_a_hybrid_device_boots(hybrid_bench):
    board = hybrid_bench.start(hybrid_bench.provision())
    board.wait_uart("[kernel] up", 20)


def test_a_hybrid_device_boots_no_system_that_ecdsa_alone_signed(hybrid_bench, look_at):
    """The same P-256 keys, all of them; of the LMS keys only the root's."""
    console, until = look_at
    vendor = hybrid_bench.vendor
    kept = {name: getattr(vendor, name).lms for name in Vendor.NAMES}
    for name in Vendor.NAMES[1:]:
        getattr(vendor, name).lms = None
    try:
        stripped = device.System(vendor, {})
    finally:
        for name, one in kept.items():
            getattr(vendor, name).lms = one
    board = hybrid_bench.start(hybrid_bench.provision(stripped), power=False)
    board.do("power_on")
    until(lambda: board.do("status")["state"] == "halted", "halt", 20)
    assert "signed by ECDSA alone" in console(board) and "fuse row 9" in console(board)
    assert {int(fields["type"]) for _, fields in board.stages()} == {1, 19}, "first loader and key store, which have both"
