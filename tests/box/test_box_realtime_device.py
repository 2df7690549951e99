"""A boxed device with real-time apps: every ring, every app and the cores in processes of their own."""

import os
import signal

import pytest

from armillary.boards import apps
from armillary.boards.mt3620 import build
from tests.realtime.packages import Builder
from tests.realtime.pairs import Author


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return Builder(tmp_path_factory.mktemp("programs"))


def packed(bench, built, name):
    """The package of a program that comes with Armillary, signed as an app."""
    folder = build.folder_of(name)
    return build.pack(folder, built.path(name), bench.vendor.app, 1)


def test_a_real_time_app_runs_at_boot_and_moves_its_pins(bench, built):
    board = bench.start(bench.provision(packages=[packed(bench, built, "blink")]))
    board.wait_uart("[IO0] blinking")
    board.wait_pin(8, 3)
    assert "real-time" in board.do("status")["boxes"]
    bench.stop(board)


def test_when_its_process_dies_the_app_starts_again_and_nothing_is_reset(bench, built, look_at):
    _, until = look_at
    board = bench.start(bench.provision(packages=[packed(bench, built, "blink")]))
    board.wait_uart("[IO0] blinking")
    pid = board.do("status")["boxes"]["real-time"]
    os.kill(pid, signal.SIGKILL)
    board.wait_uart_times("[IO0] blinking", 2, 20)
    assert board.do("status")["resets"] == [] and board.do("status")["boxes"]["real-time"] != pid
    bench.stop(board)


def own(bench, folder, scratch):
    """The package of a program that a test wrote."""
    elf = scratch / (folder.name + ".elf")
    build.build(folder, elf)
    return build.pack(folder, elf, bench.vendor.app, 1)


def test_an_app_and_a_real_time_app_talk(bench, tmp_path):
    author = Author(tmp_path)
    talker = apps.pack_app(author.asker(), bench.vendor.app, 1)
    board = bench.start(bench.provision(packages=[own(bench, author.echo(), tmp_path), talker]))
    for number in ("1", "2", "3"):
        board.wait_uart(f"talker: {number}", 20)
    assert board.do("status")["resets"] == []
    bench.stop(board)


HARM = """
#define WORD(address) (*(volatile uint32_t *)(address))
int main(void) {
    WORD(0x2101000C) = 0x200; /* 197.6 MHz */
    WORD(0x21050018) = 0xFF;
    for (uint32_t round = 0;; round++) {
        WORD(0x21050014) = 0xFF;           /* every doorbell */
        WORD(0x21050044) = round;
        WORD(0x21050040) = round;          /* the FIFO, full */
        (void)WORD(0x21050050);
        for (uint32_t at = 0; at < 64; at += 4) {
            WORD(0x80000000 + at) = round * 2654435761u; /* nonsense in the rings */
        }
    }
}
"""


def test_a_real_time_app_that_floods_keeps_neither_the_kernel_nor_other_apps_from_anything(bench, tmp_path):
    author = Author(tmp_path)
    talker = apps.pack_app(author.asker(), bench.vendor.app, 1)
    board = bench.start(bench.provision(packages=[own(bench, author.program(HARM), tmp_path), talker, bench.blink()]))
    board.wait_uart("talker: error", 30)  # the rings are nonsense: the connection ends
    begin = len(board.do("pin_history", pin=8)["changes"])
    board.wait_pin(8, begin + 20, 30)
    assert board.do("status")["resets"] == []
    bench.stop(board)
