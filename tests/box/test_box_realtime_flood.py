"""A process of the real-time cores that was taken over, and tells without end: ring 0 hears the others all the same."""

import os
import signal

import pytest

from armillary.boards.sim.boxes import channel_pair, sealed_memory
from armillary.boards.sim.lines import UART_KEPT
from armillary.hal.sim.box import realtime_calls as calls
from tests.box.cores import IO0, Bench
from tests.realtime.packages import Builder
from tests.realtime.test_subsystem import program

MESSAGES = (
    (calls.SAID, IO0, b"x" * 3999 + b"\n"), (calls.INTERRUPT,), (calls.DRIVE, 8, 1, 1, calls.NONE), (calls.DRIVE, 8, 1, 0, calls.NONE),
    (calls.DENIED, IO0, 0, 0x3000_0000, 1, 0, 1, "FIREWALL+0x0", "nobody"), (calls.REPORT, IO0, 0, b"r" * 4000), (calls.READY,),
)  # fmt: skip


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    yield made
    made.close()


@pytest.fixture
def flooding(bench, monkeypatch):
    """A bench whose process of the real-time cores is one that only floods; its process id."""
    supervisor, pids = bench.supervisor, []

    def spawn():
        requests, events, world = channel_pair(), channel_pair(), channel_pair()
        pids.append(os.fork())
        if pids[-1] == 0:
            packed = [bytes((call.op, 0)) + call.arguments.pack(values) for call, *values in MESSAGES]
            try:
                while True:
                    for message in packed:
                        os.write(events[1], message)
            finally:
                os._exit(0)
        os.close(events[1])
        supervisor.watch_realtime(requests[0], events[0], world[0])
        pids.extend((requests[1], world[1]))  # nobody answers, and nobody asks
        return requests[0], events[0], world[0], sealed_memory("flood", calls.SHARED)

    monkeypatch.setattr(supervisor, "spawn_realtime", spawn)
    yield pids
    if pids:
        os.kill(pids[0], signal.SIGKILL)
        os.waitpid(pids[0], 0)
        for end in pids[1:]:
            os.close(end)


def test_a_process_that_tells_without_end_is_heard_in_turns_and_in_bounds(bench, flooding, tmp_path):
    bench.owners.assign(8, 2)
    bench.start(IO0, Builder(tmp_path)(program("for (;;) { }")))
    bench.until(lambda: bench.silicon.realtime._is_ready)
    bench.longest, steps = 0.0, 0
    for _ in range(200):
        assert bench.main.read(0, 4) == bytes(4)  # the kernel's calls are answered in between
        assert bench.cores.status(IO0)[0] == 1
        bench.step()
        steps += 1
    assert bench.longest < 0.5
    assert len(bench.said) <= UART_KEPT and bench.cores.report(IO0)[0] == 4000
    assert bench.cores.status(IO0)[2] == 1 and len(bench.silicon.gpio.history) <= 4096
    bench.cores.stop(IO0)
    assert bench.cores.status(IO0)[0] == 0
