"""Programs that talk to apps of the main core, whose side of mailbox and rings the fixture plays."""

import shutil

import pytest

from armillary.boards.mt3620 import build
from armillary.wire.fault import Full, Invalid
from tests.realtime.pairs import Author
from tests.realtime.test_integration_resets import HANGS

APP, OTHER = "1f0c6a10-7d1e-4d52-9a54-6b1d1c0e0005", "00000000-0000-0000-0000-000000000001"
CAPACITY = 4096 - 64


@pytest.fixture
def connected(rtapp):
    app = rtapp("intercore_echo")
    app.run_until("waiting for the main core\n")
    app.run_for(ms=50)
    assert "connected" not in app.uart()
    connection = app.connect(APP)
    app.run_until("connected\n")
    return app, connection


def word(app, at, value):
    """Write into the main core's ring, as the main core alone may."""
    app.main_core.memory[4096 + at : 4096 + at + 4] = value.to_bytes(4, "little")


def test_a_message_comes_back_to_the_app_that_sent_it_and_both_doorbells_ring(connected):
    app, connection = connected
    rung = []
    before = app.core.a7.software
    app.main_core.attend = lambda attend=app.main_core.attend: (rung.append(app.core.a7.software), attend())
    connection.send(b"hello")
    app.run_until("5 bytes\n")
    app.run_for(ms=1)
    assert connection.receive() == b"hello" and connection.receive() is None
    assert before == 0 and {1, 2} <= set(rung) or 3 in rung


def test_messages_of_every_size_go_round_the_ring_many_times(connected):
    app, connection = connected
    for size in (0, 1, 11, 12, 13, 500, 1023, 1024, 1000, 999, 1024, 1024, 7, 1024):
        payload = bytes((size + n) % 251 for n in range(size))
        connection.send(payload)
        app.run_until(f"{size} bytes\n")
        app.run_for(ms=1)
        assert connection.receive() == payload


def test_several_that_wait_are_all_answered(connected):
    app, connection = connected
    for number in range(10):
        connection.send(b"%d" % number)
    app.run_for(ms=50)
    assert [connection.receive() for _ in range(10)] == [b"%d" % number for number in range(10)]


def test_more_than_the_ring_holds_waits_and_arrives_in_order(connected):
    app, connection = connected
    for number in range(19):
        connection.send(bytes([number]) * 1000)
    with pytest.raises(Full, match="16384 bytes wait"):
        connection.send(bytes(1024))
    app.run_for(ms=2000)
    assert [connection.receive() for _ in range(19)] == [bytes([number]) * 1000 for number in range(19)]


def test_two_apps_have_their_own_answers(connected):
    app, connection = connected
    other = app.connect(OTHER)
    connection.send(b"mine")
    other.send(b"theirs")
    app.run_for(ms=50)
    assert connection.receive() == b"mine" and other.receive() == b"theirs"
    assert connection.receive() is None and other.receive() is None


def test_a_conversation_is_the_same_to_the_tick_each_time(rtapp):
    def run():
        app = rtapp("intercore_echo")
        connection = app.connect(APP)
        times = []
        for number in range(5):
            connection.send(bytes(number * 100))
            app.run_until(lambda: connection.received)
            times.append((app.chip.scheduler.now, app.cycles, connection.receive()))
        return times

    assert run() == run()


@pytest.mark.parametrize("written", [CAPACITY, 8, 0xFFFF_FFF0])
def test_a_position_that_cannot_be_is_told_and_nothing_is_read(connected, written):
    app, connection = connected
    word(app, 0, written)
    app.core.a7.write(0x14, 4, 2)
    app.run_until("the ring is damaged\n")
    assert connection.receive() is None


def test_a_message_that_is_longer_than_what_waits_is_told(connected):
    app, connection = connected
    connection.send(b"short")
    word(app, 64, 900)
    app.run_until("the ring is damaged\n")


def test_a_program_that_its_watchdog_has_reset_is_told_of_its_rings_again(rtapp, tmp_path):
    author = Author(tmp_path)
    app = rtapp(author.program(HANGS))
    connection = app.connect(APP)
    for run in range(3):
        for number in range(5):
            connection.send(b"%d" % number)
            app.run_until(lambda: connection.received)
            assert connection.receive() == b"%d" % number
        app.run_until("bitten\n" * (run + 1)) if run == 0 else app.run_for(ms=600)
    assert app.lines() == ["begun", "bitten", "bitten", "bitten"]


def test_without_a_partner_it_waits_for_ever_as_on_the_chip(rtapp):
    app = rtapp("intercore_echo")
    app.run_for(ms=1000)
    assert app.lines() == ["waiting for the main core"]
    with pytest.raises(ValueError, match="nobody has connected"):
        _ = app.main_core


PEER = """
#include "cortex.h"
#include "mailbox.h"
#include "uart.h"
#define RING ((volatile uint32_t *)0x80000000u)
static volatile uint32_t data;
static uint32_t pairs(void) {
    uint32_t count = 0, command;
    do {
        while (!MBOX_POP_COUNT) { }
        data = MBOX_POP_DATA;
        command = MBOX_POP_COMMAND;
        count++;
    } while (command != 0xBA5E0003u);
    return count;
}
int main(void) {
    uart_open(DEBUG_UART);
    for (volatile uint32_t wait = 0; wait < 100000u; wait++) { }
    BEFORE;
    uart_decimal(DEBUG_UART, pairs());
    uart_print(DEBUG_UART, " pairs\\n");
    AFTER;
    for (;;) { wait_for_interrupt(); }
}
"""


@pytest.fixture
def peer(rtapp, tmp_path):
    """peer(before, after): a program that does something before it reads the handshake, and something after."""

    def load(before, after="(void)0"):
        (tmp_path / "peer.c").write_text(PEER.replace("BEFORE", before).replace("AFTER", after))
        return rtapp(tmp_path / "peer.c")

    return load


RESET_OWN, RESET_BOTH = "REGISTER(0x21050004u) = 2u", "REGISTER(0x21050004u) = 1u"


@pytest.mark.parametrize("reset", ["(void)0", RESET_OWN, RESET_BOTH])
def test_a_program_that_resets_the_mailbox_as_it_opens_it_learns_of_the_rings_all_the_same(peer, reset):
    app = peer(reset)
    app.run_for(ms=1)
    app.connect(APP)  # what is told now waits in the mailbox when the program resets it
    app.run_until("3 pairs\n")


DRIVER = """
#include "cortex.h"
#include "mailbox.h"
#include "rings.h"
#include "uart.h"
#define BOX(offset) REGISTER(MBOX_A7_BASE + (offset))
static volatile uint32_t is_written, is_rung;
static struct message message;
void irq_a7_written(void) {
    uint32_t status = BOX(0x3Cu);
    BOX(0x3Cu) = status;
    is_written = 1;
}
void irq_a7_software(void) {
    BOX(0x1Cu) = 0xFFu;
    is_rung = 1;
}
static uint32_t take(uint32_t *data) {
    while (!BOX(0x58u)) {
        while (!is_written) { wait_for_interrupt(); }
        is_written = 0;
    }
    *data = BOX(0x54u);
    return BOX(0x50u);
}
int main(void) {
    uint32_t data, command, sizes[2] = {0, 0};
    uart_open(DEBUG_UART);
    BOX(0x04u) = 2u;
    BOX(0x38u) = 2u;
    irq_enable(IRQ_a7_written, 2);
    while ((command = take(&data)) != 0xBA5E0003u) {
        sizes[command & 1u] = data & 31u;
    }
    BOX(0x18u) = 2u;
    irq_enable(IRQ_a7_software, 2);
    uart_print(DEBUG_UART, sizes[0] == sizes[1] ? "both rings are alike\\n" : "they differ\\n");
    rings_use(0x80000000u, 0x80001000u);
    for (;;) {
        while (rings_receive(&message) > 0) { (void)rings_send(&message); }
        while (!is_rung) { wait_for_interrupt(); }
        is_rung = 0;
    }
}
"""


@pytest.mark.parametrize("opens_ms", [0, 20])
def test_a_driver_that_opens_with_a_reset_and_waits_for_the_written_interrupt_is_served(rtapp, tmp_path, opens_ms):
    for name in ("rings.c", "rings.h"):
        (tmp_path / name).write_text((build.RTAPPS / "intercore_echo" / name).read_text())
    with (tmp_path / "rings.h").open("a") as header:
        header.write("void rings_use(uint32_t write, uint32_t read);\n")
    with (tmp_path / "rings.c").open("a") as code:
        code.write("void rings_use(uint32_t write, uint32_t read) { ours = take(write | 12u); theirs = take(read | 12u); }\n")
    (tmp_path / "main.c").write_text(DRIVER)
    app = rtapp(tmp_path)
    app.run_for(ms=opens_ms)
    connection = app.connect(APP)
    connection.send(b"hello")
    app.run_until("both rings are alike\n")
    app.run_until(lambda: connection.received)
    assert connection.receive() == b"hello"


FORGETFUL = """
#include "cortex.h"
#include "mailbox.h"
#include "rings.h"
#include "uart.h"
static volatile uint32_t is_rung;
static struct message message;
void irq_a7_software(void) {
    MBOX_SOFTWARE_STATUS = 0xFF;
    is_rung = 1;
}
int main(void) {
    uart_open(DEBUG_UART);
    rings_open();
    for (;;) {
        while (!is_rung) { wait_for_interrupt(); }
        is_rung = 0;
        if (MBOX_POP_COUNT != 0) {
            uart_decimal(DEBUG_UART, MBOX_POP_COUNT);
            rings_open();
            uart_print(DEBUG_UART, " pairs again\\n");
        }
        while (rings_receive(&message) > 0) {
            (void)rings_send(&message);
            REGISTER(MBOX_A7_BASE + 4u) = 1u; /* both sides of the mailbox */
        }
    }
}
"""


def test_a_program_that_resets_both_sides_after_each_message_loses_none_and_is_told_of_the_rings_again(rtapp, tmp_path):
    for name in ("rings.c", "rings.h"):
        shutil.copy(build.RTAPPS / "intercore_echo" / name, tmp_path)
    (tmp_path / "main.c").write_text(FORGETFUL)
    app = rtapp(tmp_path)
    connection = app.connect(APP)
    for payload in (b"one", b"two", b"three"):
        connection.send(payload)
        app.run_for(ms=50)
        assert connection.receive() == payload
    assert app.lines() == ["3 pairs again"] * 2


@pytest.mark.parametrize("lie, why", [
    ("RING[0] = 4032u", "a write position of 4032"),
    ("RING[0] = 8u", "a write position of 8"),
    ("RING[16] = 1045u; RING[0] = 2000u", "a block of 1045 bytes"),
    ("RING[16] = 19u; RING[0] = 32u", "a block of 19 bytes"),
    ("RING[16] = 100u; RING[0] = 32u", "a block of 100 bytes"),
])  # fmt: skip
def test_a_program_that_breaks_the_rings_is_told_of_and_is_believed_no_more(peer, lie, why):
    app = peer("(void)0", lie + "; MBOX_SOFTWARE_SEND = 1u")
    connection = app.connect(APP)
    app.run_until("3 pairs\n")
    app.run_for(ms=5)
    with pytest.raises(Invalid, match="broke the rings: " + why):
        connection.send(b"x")
    with pytest.raises(Invalid, match="broke the rings"):
        connection.receive()
    assert any("broke the rings" in line for line in app.log)
    assert app.core.a7.fifo[-1][0] == 0xBA5E_0004


def test_a_message_for_somebody_else_is_dropped_and_told_once(peer):
    app = peer("(void)0", "RING[16] = 20u; RING[0] = 32u; MBOX_SOFTWARE_SEND = 1u")
    connection = app.connect(APP)
    app.run_until("3 pairs\n")
    app.run_for(ms=5)
    assert connection.receive() is None
    assert [line for line in app.log if "which is not connected" in line] == [
        "A7 MBOX0: a message for 00000000-0000-0000-0000-000000000000, which is not connected"
    ]


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
