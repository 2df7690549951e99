"""Our own program that talks to the main core, whose side of mailbox and rings is played here."""

import pytest

from armillary.boards.mt3620 import build

SHARED, SIZE, HEADER, CAPACITY = 0x8000_0000, 4096, 64, 4096 - 64
APP = bytes(range(16))


class MainCore:
    """The A7: its ring is the second of two in shared memory, the first is the real-time core's."""

    def __init__(self, app):
        self.app, self.side = app, app.core.a7
        self.memory = app.core.machine.map_ram(SHARED, 2 * SIZE)
        self.written = self.read = 0

    def hand_over(self):
        for command, data in ((0xBA5E0001, SHARED | 12), (0xBA5E0002, SHARED + SIZE | 12), (0xBA5E0003, 0)):
            self.side.write(0x44, 4, data)
            self.side.write(0x40, 4, command)

    def _word(self, at, value=None):
        if value is not None:
            self.memory[at : at + 4] = value.to_bytes(4, "little")
        return int.from_bytes(self.memory[at : at + 4], "little")

    def send(self, payload):
        block = (20 + len(payload)).to_bytes(4, "little") + APP + bytes(4) + payload
        for at, byte in enumerate(block):
            self.memory[SIZE + HEADER + (self.written + at) % CAPACITY] = byte
        self.written = (self.written + len(block) + 15 & ~15) % CAPACITY
        self._word(SIZE, self.written)
        self.side.write(0x14, 4, 2)

    def receive(self):
        """The next message, or None."""
        if self.read == self._word(0):
            return None

        def at(offset, count):
            return bytes(self.memory[HEADER + (self.read + offset + n) % CAPACITY] for n in range(count))

        size = int.from_bytes(at(0, 4), "little")
        assert at(4, 16) == APP and at(20, 4) == bytes(4)
        payload = at(24, size - 20)
        self.read = (self.read + 4 + size + 15 & ~15) % CAPACITY
        self._word(SIZE + 4, self.read)
        self.side.write(0x14, 4, 1)
        return payload


@pytest.fixture
def connected(rtapp):
    app = rtapp("intercore_echo")
    main = MainCore(app)
    app.run_until("waiting for the main core\n")
    app.run_for(ms=50)
    assert "connected" not in app.uart()
    main.hand_over()
    app.run_until("connected\n")
    return app, main


def test_a_message_comes_back_to_the_app_that_sent_it_and_both_doorbells_ring(connected):
    app, main = connected
    main.send(b"hello")
    app.run_until("5 bytes\n")
    assert main.side.read(0x1C, 4) == 3
    assert main.receive() == b"hello" and main.receive() is None


def test_messages_of_every_size_go_round_the_ring_many_times(connected):
    app, main = connected
    for size in (0, 1, 11, 12, 13, 500, 1023, 1024, 1000, 999, 1024, 1024, 7, 1024):
        payload = bytes((size + n) % 251 for n in range(size))
        main.send(payload)
        app.run_until(f"{size} bytes\n")
        assert main.receive() == payload


def test_several_that_wait_are_all_answered(connected):
    app, main = connected
    for number in range(10):
        main.send(b"%d" % number)
    app.run_for(ms=50)
    assert [main.receive() for _ in range(10)] == [b"%d" % number for number in range(10)]


@pytest.mark.parametrize("written", [CAPACITY, 8, 0xFFFF_FFF0])
def test_a_position_that_cannot_be_is_told_and_nothing_is_read(connected, written):
    app, main = connected
    main._word(SIZE, written)
    main.side.write(0x14, 4, 2)
    app.run_until("the ring is damaged\n")
    assert main.receive() is None


def test_a_message_that_is_longer_than_what_waits_is_told(connected):
    app, main = connected
    main.send(b"short")
    main._word(SIZE + HEADER, 900)
    app.run_until("the ring is damaged\n")


def test_without_a_partner_it_waits_for_ever_as_on_the_chip(rtapp):
    app = rtapp("intercore_echo")
    MainCore(app)
    app.run_for(ms=1000)
    assert app.lines() == ["waiting for the main core"]


CORES = """
#include "cortex.h"
#include "uart.h"
#define BOX(offset) REGISTER(MBOX_M4_BASE + (offset))
int main(void) {
    uart_open(DEBUG_UART);
    BOX(0x44u) = ME;
    BOX(0x40u) = 7;
    while (!BOX(0x58u)) { }
    uart_decimal(DEBUG_UART, BOX(0x54u));
    uart_decimal(DEBUG_UART, BOX(0x50u));
    uart_print(DEBUG_UART, "\\n");
    return 0;
}
"""


def test_the_two_cores_exchange_pairs(rtapp, tmp_path):
    from armillary.hal.cortexm import elf
    from armillary.hal.sim.realtime import program

    (tmp_path / "cores.c").write_text(CORES)
    app = rtapp(tmp_path / "cores.c", core=0, flags=["-DME=10"])
    build.build_files([tmp_path / "cores.c"], tmp_path / "other.elf", ["-DME=11"])
    other = elf.parse((tmp_path / "other.elf").read_bytes(), program.REGIONS)
    program.load(app.chip.cores[1], other)
    app.chip.cores[1].start(other.entry)
    app.run_until("117\n")
    app.run_for(ms=2)
    assert app.chip.cores[1].console.text() == "107\r\n"
