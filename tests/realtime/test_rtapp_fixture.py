"""The fixture `rtapp`: what a failing program tells its test."""

import re

import pytest

from armillary.boards.keys import SigningKey
from armillary.boards.mt3620 import build
from armillary.testing.rtapp import Died, NotSaid

HEAD = """#include "cortex.h"
#include "uart.h"
"""
WILD = HEAD + """
__attribute__((noinline)) static uint32_t peek(volatile uint32_t *at) { return *at + 1; }
int main(void) { uart_open(DEBUG_UART); uart_print(DEBUG_UART, "now\\n"); uart_flush(DEBUG_UART); return (int)peek((volatile uint32_t *)0x50000000u); }
"""
ECHO = HEAD + """
int main(void) { uart_open(DEBUG_UART); for (;;) { if (DEBUG_UART->lsr & UART_DATA) { uart_put(DEBUG_UART, (char)DEBUG_UART->data); } } }
"""
STUCK = HEAD + "int main(void) { uart_open(DEBUG_UART); while (!(DEBUG_UART->lsr & UART_DATA)) { } return 0; }"
ELSEWHERE = HEAD + 'int main(void) { uart_open(ISU_UART(2)); uart_print(ISU_UART(2), "ready\\n"); for (;;) { } }'
STRAY = HEAD + "int main(void) { REGISTER(0xE000E200u) = 2; irq_enable(IRQ_gpt01, 2); for (;;) { } }"


@pytest.fixture
def written(tmp_path):
    """written(source) is the path of a C file."""
    def write(source):
        path = tmp_path / "app.c"
        path.write_text(source)
        return path
    return write


def test_a_program_that_dies_fails_its_test_with_cause_place_and_what_it_said(rtapp, written):
    app = rtapp(written(WILD))
    with pytest.raises(Died) as died:
        app.run_for(ms=50)
    text = str(died.value)
    assert "CFSR.PRECISERR" in text and "0x50000000" in text and "peek" in text and "UART.LSR" in text and "now\n" in text


def test_a_text_that_does_not_come_fails_with_the_register_that_was_waited_on(rtapp, written):
    app = rtapp(written(STUCK))
    with pytest.raises(NotSaid) as late:
        app.run_until("ready", timeout_ms=30)
    text = str(late.value)
    assert "'ready' did not come within 30 ms" in text and re.search(r"the program is at 0x[0-9a-f]+ main", text) and "UART.LSR" in text
    assert app.now_us == 30_000


def test_a_text_that_does_not_come_names_the_uart_that_spoke_instead(rtapp, written):
    app = rtapp(written(ELSEWHERE))
    with pytest.raises(NotSaid) as late:
        app.run_until("ready", timeout_ms=30)
    assert "debug said: ''" in str(late.value) and r"isu2 said: 'ready\n'" in str(late.value) and "isu1" not in str(late.value)


def test_an_interrupt_without_a_handler_is_a_death(rtapp, written):
    app = rtapp(written(STRAY))
    with pytest.raises(Died, match=r"UNDEFINSTR[\s\S]*unexpected|unexpected[\s\S]*UNDEFINSTR"):
        app.run_for(ms=5)


def test_what_is_sent_arrives_in_order_and_each_text_is_waited_for_anew(rtapp, written):
    app = rtapp(written(ECHO))
    app.run_for(ms=1)
    app.send("ab")
    app.run_until("ab")
    with pytest.raises(NotSaid):
        app.run_until("ab", timeout_ms=20)
    app.send("ab")
    app.run_until("ab")
    assert app.uart() == "abab"


def test_a_predicate_is_waited_for(rtapp):
    app = rtapp("blink")
    app.run_until(lambda: app.pin(8).toggles == 4)
    assert app.now_us == pytest.approx(1_500_000, abs=20_000)


def test_a_signed_package_runs_as_its_elf_does(rtapp, tmp_path):
    folder = build.folder_of("hello")
    build.build(folder, tmp_path / "app.elf")
    (tmp_path / "app.imagepackage").write_bytes(build.pack(folder, tmp_path / "app.elf", SigningKey.generate("app")))
    app = rtapp(tmp_path / "app.imagepackage")
    app.run_until("hello from")


@pytest.mark.parametrize(("make", "why"), [
    (lambda folder: folder / "missing.elf", "no such file"),
    (lambda folder: (folder / "bad.elf").write_bytes(b"\x7fELF") and folder / "bad.elf", "cut off"),
    (lambda folder: (folder / "bad.c").write_text("int main(void) { return x; }") and folder / "bad.c", "does not build"),
    (lambda folder: folder, "has no C file"),
])  # fmt: skip
def test_what_is_no_program_is_refused_in_words(rtapp, tmp_path, make, why):
    with pytest.raises(ValueError, match=why):
        rtapp(make(tmp_path))


def test_unknown_names_are_refused(rtapp):
    app = rtapp("hello")
    with pytest.raises(ValueError, match="no UART 'isu9'"):
        app.uart("isu9")
    with pytest.raises(ValueError, match="has no 'NONE'"):
        app.block("NONE")
    with pytest.raises(KeyError):
        app.symbol("nobody")
