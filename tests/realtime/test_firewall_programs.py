"""Programs before the bus firewall: what they were not given is a bus fault, and told; what they were given works."""

import re

from armillary.boards.sim import facts
from armillary.hal.port import CoresPort, PinOwnershipPort
from armillary.hal.sim.realtime import guard
from armillary.hal.sim.silicon import Silicon
from tests.realtime.packages import load_of, pack
from tests.realtime.walled import IO0

RUNNING, DEAD = 1, 2

POKE = """
#include <stdint.h>
#include "uart.h"
static volatile uint32_t *const place = (volatile uint32_t *)%s;
int main(void) {
    uart_open(DEBUG_UART);
    uart_print(DEBUG_UART, "before ");
    *place = %s;
    uart_print(DEBUG_UART, "after");
    for (;;) {
    }
}
"""


def run(silicon, elf, core=IO0, milliseconds=20):
    """Start it, let it run; what it said."""
    said = bytearray()
    silicon.realtime.said = lambda number, byte: said.append(byte)
    CoresPort(silicon.port("monitor")).start(core, load_of(pack(elf)))
    silicon.realtime.run(1000 * milliseconds)
    return said.decode()


def test_a_program_that_was_not_given_a_pin_takes_a_bus_fault_and_dies_with_a_report(built):
    silicon = Silicon(facts, seed=1)
    assert run(silicon, built(POKE % ("0x38030014", "1"))) == "before "
    cores = CoresPort(silicon.port("monitor"))
    state, reason, denials, _ = cores.status(IO0)
    assert (state, denials) == (DEAD, 1) and "stands still in a fault handler" in reason
    size, report = cores.report(IO0)
    report += cores.report(IO0, len(report))[1]
    assert size == len(report) > 4000
    assert b"PRECISERR" in report and b"BFAR 0x38030014" in report and b"GPIO2.DOUT_SET" in report and b"main" in report
    address, is_write, pc, count, register, policy = cores.denial(IO0, 0)
    assert (address, is_write, count, register) == (0x3803_0014, 1, 1, "GPIO2.DOUT_SET") and "Gpio" in policy
    found = re.search(rb"when the fault was taken.*? pc ([0-9a-f]{8})", report, re.DOTALL)
    assert found and int(found[1], 16) == pc


def test_the_same_program_with_the_pin_goes_on(built):
    silicon = Silicon(facts, seed=1)
    PinOwnershipPort(silicon.port("monitor")).assign(8, 2)
    assert run(silicon, built(POKE % ("0x38030014", "1"))) == "before after"
    assert CoresPort(silicon.port("monitor")).status(IO0) == (RUNNING, "", 0, 0)


def test_without_the_firewall_the_attack_works(built, monkeypatch):
    """The flaw put in: a guard that lets everything pass. Then a program drives a pin that the kernel owns."""
    monkeypatch.setattr(guard.Guard, "before", lambda self, core, page: core.machine.map_device(page.base, page.size, page, page.name))
    silicon = Silicon(facts, seed=1)
    PinOwnershipPort(silicon.port("monitor")).assign(8, 1)
    silicon.gpio.configure(8, 1)
    assert run(silicon, built(POKE % ("0x38030010", "1; ((volatile uint32_t *)0x38030020)[0] = 1"))) == "before after"
    assert silicon.gpio.read(8) == 1


def test_with_it_a_pin_of_the_kernel_keeps_its_level(built):
    silicon = Silicon(facts, seed=1)
    PinOwnershipPort(silicon.port("monitor")).assign(8, 1)
    silicon.gpio.configure(8, 1)
    assert run(silicon, built(POKE % ("0x38030010", "1; ((volatile uint32_t *)0x38030020)[0] = 1"))) == "before "
    assert silicon.gpio.read(8) == 0


def test_a_pin_that_comes_to_a_core_is_sensed_as_it_is_and_interrupts_with_its_next_change(built):
    silicon = Silicon(facts, seed=1)
    owners = PinOwnershipPort(silicon.port("monitor"))
    silicon.gpio.drive(12, 1)
    counting = """
#include "cortex.h"
#include "mt3620.h"
void irq_eint12(void) { *(volatile uint32_t *)0x22000000 += 1; }
int main(void) { *(volatile uint32_t *)0x21000030 = 0x80; irq_enable(IRQ_eint12, 2); for (;;) { wait_for_interrupt(); } }
"""
    run(silicon, built(counting), IO0, 1)
    count = silicon.realtime.chip.cores[0].sysram
    owners.assign(12, 2)
    silicon.realtime.run(2_000)
    assert count[0] == 0
    for time, level, wanted in ((3_000, 0, 1), (4_000, 1, 2)):
        silicon.gpio.drive(12, level)
        silicon.realtime.run(time)
        assert count[0] == wanted
    owners.assign(12, 1)
    silicon.gpio.drive(12, 0)
    silicon.realtime.run(5_000)
    assert count[0] == 2
