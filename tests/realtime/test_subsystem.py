"""The real-time cores behind the bus: started on a package, run on the board's clock, stopped, dead."""

import pytest

from armillary.boards.sim import facts
from armillary.hal.port import CoresPort
from armillary.hal.sim.silicon import Silicon
from tests.realtime.packages import load_of, pack

IO0, IO1 = 3, 4
STOPPED, RUNNING, DEAD = 0, 1, 2


@pytest.fixture
def silicon():
    return Silicon(facts, seed=1)


def test_a_program_runs_on_the_clock_of_the_board(silicon, built):
    said = bytearray()
    silicon.realtime.said = lambda core, byte: said.append(byte)
    cores = CoresPort(silicon.port("monitor"))
    cores.start(IO0, load_of(pack(built("hello"))))
    assert cores.status(IO0)[:2] == (RUNNING, "")
    assert silicon.realtime.run(1_000_000) == 1_000_000
    assert b"hello" in said.lower()
