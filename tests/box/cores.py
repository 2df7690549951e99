"""What the tests of the real-time cores' process share: a supervisor whose rings are the test."""

import os
import select
import time

from armillary.boards.sim import facts
from armillary.boards.sim.supervisor import Supervisor
from armillary.hal.port import CoresPort, IntercorePort, PinOwnershipPort
from armillary.hal.sim.box.zygote import Zygote
from armillary.hal.sim.host_clock import HostClock
from armillary.hal.sim.host_network import HostNetwork
from armillary.hal.sim.silicon import Silicon
from armillary.wire.call import Port
from tests.realtime.packages import load_of, pack

IO0, IO1 = 3, 4
STOPPED, RUNNING, DEAD = 0, 1, 2
SW_TX, SW_EN, SW_STS, CMD_PUSH, DATA_PUSH, POP_CNT = 0x14, 0x18, 0x1C, 0x40, 0x44, 0x58
PATIENCE_S = 20.0


class Bench:
    """A supervisor whose rings are us: `monitor` and `kernel` are ports over real channels, and time is stepped here."""

    def __init__(self, scratch):
        self.zygote = Zygote()
        self.longest = 0.0  # that one step of the supervisor took, in seconds of its own processor time
        self.supervisor = Supervisor(self.zygote, self._make, HostNetwork({}), scratch / "console.log")
        self.silicon = self.supervisor.silicon
        self.silicon.power_on()
        boxes = self.supervisor.boxes
        boxes.power_on_ns = time.monotonic_ns() - self.silicon.clock.uptime_us() * 1000
        boxes.interrupt = os.eventfd(0, os.EFD_NONBLOCK)
        boxes.is_powered = True
        self._ends, windows = {}, []
        for ring in ("monitor", "kernel"):
            self._ends[ring], window = self.supervisor._make_bus(ring)
            windows.append(window)
        for window in windows:
            os.close(window)
        self.cores = CoresPort(self._port("monitor"))
        self.owners = PinOwnershipPort(self._port("monitor"))
        self.main = IntercorePort(self._port("kernel"))

    def _make(self, **parts):
        return Silicon(facts, clock=HostClock(), **parts)

    def _port(self, ring):
        return Port(lambda request: self._cross(self._ends[ring], request))

    def _cross(self, end, request):
        os.write(end, request)
        self.until(lambda: select.select([end], [], [], 0)[0])
        return os.read(end, 4097)

    def step(self):
        before = time.process_time()
        self.supervisor.step(0.005)
        self.longest = max(self.longest, time.process_time() - before)

    def until(self, look):
        end = time.monotonic() + PATIENCE_S
        while not (found := look()):
            assert time.monotonic() < end, "it did not come"
            self.step()
        return found

    def live(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.step()

    def start(self, core, elf):
        self.cores.start(core, load_of(pack(elf)))

    @property
    def said(self):
        return self.supervisor.uart.read(0)[1]

    @property
    def pid(self):
        return self.until(lambda: self.supervisor.boxes.pids.get("real-time"))

    def close(self):
        self.silicon.realtime.reset()
        for channel in list(self.supervisor._gates):
            self.supervisor.forget(channel)
            os.close(channel)
        self.supervisor._gates.clear()
        for end in self._ends.values():
            os.close(end)
        os.close(self.supervisor.boxes.interrupt)
        self.supervisor.boxes.is_powered = False
        for descriptor in list(self.supervisor._lines):
            self.supervisor._close_line(descriptor)
        while self.supervisor._windows:
            self.supervisor._windows.pop().close()
        os.close(self.supervisor._trace_flag)
        os.close(self.supervisor._trace_reader)
        self.supervisor._poll.close()
        self.zygote.close()
