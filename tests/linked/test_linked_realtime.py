"""Real-time cores in a linked device: one clock for them and for the kernel, one order of all that happens."""

from __future__ import annotations

import pytest

from armillary.boards.mt3620 import build
from armillary.hal.port import CoresPort, PinOwnershipPort
from armillary.hal.sim.parts import Accelerometer
from armillary.hal.sim.power import PowerLost
from tests.realtime.packages import Builder, load_of, pack

pytestmark = pytest.mark.armillary(mode="linked")
IO0, IO1 = 3, 4
STOPPED, RUNNING = 0, 1
SW_RX_EN, SW_RX_STS, SW_TX = 0x18, 0x1C, 0x14
SYSRAM = 0x2200_0000

# Rings the main core's bell every millisecond by GPT0, and counts in SYSRAM how often it was rung back.
PING = """
#include <stdint.h>
#include "cortex.h"
#include "gpt.h"
#include "mailbox.h"
#define WORD(address) (*(volatile uint32_t *)(address))

void irq_gpt01(void) {
    if (gpt_take() & 1u) {
        WORD(0x21050014) = 1;
    }
}

void irq_a7_software(void) {
    WORD(0x2105001C) = WORD(0x2105001C);
    WORD(0x22000000) = WORD(0x22000000) + 1;
}

int main(void) {
    WORD(0x21050018) = 2;
    irq_enable(IRQ_gpt01, 2);
    irq_enable(IRQ_a7_software, 2);
    gpt_repeat(0, 33);
    return 0;
}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return Builder(tmp_path_factory.mktemp("programs"))


class Answering:
    """A kernel's driver in two lines: looks at the mailbox whenever the kernel takes a turn, and rings back."""

    def __init__(self, device):
        self.turns = []
        kernel, clock = device.rings.kernel, device.silicon.clock
        cores, step = device.silicon.realtime, kernel.step

        def turn():
            if cores.mailbox_read(IO0, SW_RX_STS):
                self.turns.append(clock.uptime_us())
                cores.mailbox_write(IO0, SW_RX_STS, 0xFF)
                cores.mailbox_write(IO0, SW_TX, 2)
            return step()

        kernel.step = turn


def begin(device, elf, core=IO0):
    CoresPort(device.silicon.port("monitor")).start(core, load_of(pack(elf)))


def test_the_kernel_is_stepped_as_soon_as_a_core_rings(make_device, built):
    device = make_device(seed=5)
    device.power_on()
    device.run(3)
    answering = Answering(device)
    device.silicon.realtime.mailbox_write(IO0, SW_RX_EN, 1)
    begin(device, built(PING))
    device.run(1)
    assert 970 <= len(answering.turns) <= 1000  # 33 periods of 32.768 kHz
    rounds = int.from_bytes(device.silicon.realtime.chip.cores[0].sysram[:4], "little")
    assert len(answering.turns) - 1 <= rounds <= len(answering.turns)
    gaps = {later - earlier for earlier, later in zip(answering.turns, answering.turns[1:])}
    assert gaps <= {1007, 1008}  # microseconds: nothing else of the device's is mixed into the timing


def lived(make_device, built):
    device = make_device(trace=True, seed=5)
    device.install("blink")
    device.power_on()
    answering = Answering(device)
    device.silicon.realtime.mailbox_write(IO0, SW_RX_EN, 1)
    begin(device, built(PING))
    begin(device, built("switcher"), IO1)
    device.run(2)
    cores = device.silicon.realtime.chip.cores
    return device, answering.turns, [core.machine.save() for core in cores], [core.machine.cycles for core in cores]


def test_two_runs_are_the_same_to_the_bit_and_to_the_last_crossing(make_device, built):
    first, second = lived(make_device, built), lived(make_device, built)
    assert first[1:] == second[1:] and len(first[1]) > 1900
    assert first[0].trace == second[0].trace and first[0].board.pin(8) == second[0].board.pin(8)


def test_an_app_does_not_notice_that_cores_run(make_device, built):
    alone = make_device(seed=5)
    alone.install("blink")
    alone.power_on()
    alone.run(2)
    pin = alone.board.pin(8)
    assert lived(make_device, built)[0].board.pin(8) == pin and len(pin.history) > 1


def status(device):
    return CoresPort(device.silicon.port("monitor")).status(IO0)[0]


def test_power_off_and_on_leaves_the_cores_stopped(make_device, built):
    device = make_device(seed=5)
    device.power_on()
    begin(device, built(PING))
    device.run(0.1)
    assert status(device) == RUNNING
    device.power_off()
    device.power_on()
    device.run(0.1)
    assert status(device) == STOPPED and not any(device.silicon.realtime.chip.cores[0].tcm)


def test_a_reset_leaves_the_cores_stopped(make_device, built):
    device = make_device(seed=5)
    device.power_on()
    begin(device, built(PING))
    device.rings._guarded(lambda: device.silicon.chip.reset(1))
    assert device.is_on and status(device) == STOPPED


def test_a_cut_of_the_power_while_a_core_runs_leaves_it_stopped(make_device, built):
    device = make_device(seed=5)
    device.power_on()
    begin(device, built(PING))
    device.run(0.1)
    device.silicon.rail.fail_after(1)
    with pytest.raises(PowerLost):
        device.silicon.flash.erase(0)
    device.run(1)
    assert not device.is_on
    device.power_on()
    device.run(0.1)
    assert status(device) == STOPPED


def test_a_kernel_that_was_taken_over_moves_no_pin_to_a_core(make_device, built):
    """The lock of pin owners holds against everybody: in a complete device the kernel has the pins from boot on."""
    device = make_device(seed=5)
    device.power_on()
    owners = PinOwnershipPort(device.silicon.port("monitor"))
    with pytest.raises(Exception, match="frozen"):
        owners.assign(8, 2)
    with pytest.raises(Exception, match="not for kernel"):
        PinOwnershipPort(device.silicon.port("kernel")).assign(8, 2)


def test_a_refused_access_is_in_the_trace_at_its_time(make_device, built):
    device = make_device(trace=True, seed=5)
    device.power_on()
    begin(device, built("int main(void) {\n    *(volatile unsigned *)0x38030014 = 1;\n    return 0;\n}\n"))
    now = device.silicon.clock.uptime_us()
    device.run(0.1)
    (found,) = [entry for entry in device.trace if entry[2] == "io0"]
    assert found[1] == "hal" and "GPIO2.DOUT_SET" in found[5] and now <= found[0] <= now + 10_000


class Thermometer(Accelerometer):
    """The one that the program looks for."""

    IDENTITY = 0x6C

    def set_temperature(self, degrees):
        self.registers[0x20:0x22] = (round((degrees - 25) * 256) & 0xFFFF).to_bytes(2, "little")


def test_a_part_on_the_board_serves_an_installed_real_time_app(make_device):
    device, part = make_device(seed=5), Thermometer()
    part.set_temperature(21.5)
    device.board.i2c(2).attach(0x6A, part)
    device.install(build.folder_of("i2c_sensor"))
    device.power_on()
    assert device.run_until(lambda: "[IO0] 21.50 degrees" in device.board.uart)
    part.set_temperature(-3.25)
    device.power_off()
    device.power_on()  # what hangs on the bus hangs there still
    assert device.run_until(lambda: "[IO0] -3.25 degrees" in device.board.uart)
    assert device.board.i2c(2).log[:2] == ["0x6a W 0f", "0x6a R 6c"]
