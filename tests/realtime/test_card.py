"""A program that polls an SD card with a time limit at each wait, and one that waits for a card that is not there."""

import pytest

from armillary.hal.sim.media import Memory
from armillary.hal.sim.sdcard import SdCard

IMAGE = bytearray(1 << 20)
IMAGE[3 * 512 : 4 * 512] = bytes((7 + n) & 0xFF for n in range(512))


@pytest.mark.parametrize("is_high", [False, True])
def test_a_program_reads_and_writes_a_card(rtapp, is_high):
    app = rtapp("styles/card.c")
    card = SdCard(Memory(image=bytes(IMAGE)), is_high)
    app.spi(1).attach(1, card)
    app.run_until("done\n", timeout_ms=2000)
    assert app.lines() == [
        "pattern 170", f"by block {int(is_high)}", "csd 0", f"version {int(is_high)}", "read 0", "counting 512", "write 0", "response 5", "late 0", "done",
    ]  # fmt: skip
    assert card.medium.read(5) == bytes(byte ^ 0xFF for byte in IMAGE[3 * 512 : 4 * 512]) and app.log == []


def test_a_wait_with_a_limit_ends_at_its_limit(rtapp):
    app = rtapp("styles/card.c")
    app.run_until("done\n", timeout_ms=500)
    assert app.lines() == ["no card, late 1", "ms 50", "done"]
