"""Programs that do anything to what they share with the main core: the device goes on, and says so."""

import pytest

from tests.realtime.pairs import Author
from tests.realtime.test_integration import SENDS

ANYTHING = """
static struct message message;
static uint32_t state = SEED;
static uint32_t random_word(void) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}
static void act(void) {
    uint32_t word = random_word(), kind = random_word() % 16u;
    if (kind < 4u) {
        *(volatile uint32_t *)(0x80000000u + random_word() % 0x2000u / 4u * 4u) = kind < 2u ? word : word % 260u * 16u;
    } else if (kind < 6u) {
        *(volatile uint32_t *)(0x80000000u + random_word() % 2u * 4u) = word % 252u * 16u;
    } else if (kind < 8u) {
        MBOX_SOFTWARE_SEND = word & 0xFFu;
    } else if (kind < 10u) {
        REGISTER(MBOX_A7_BASE + random_word() % 26u * 4u) = word;
    } else if (kind < 11u) {
        (void)MBOX_POP_COMMAND;
    } else if (kind < 13u) {
        if (rings_receive(&message) > 0) { (void)rings_send(&message); }
    } else {
        for (volatile uint32_t pause = 0; pause < word % 3000u; pause++) { }
    }
}
int main(void) {
    rings_open();
    disable_interrupts();
    for (;;) { act(); }
}
"""


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 9))
def test_a_program_that_does_anything_hurts_nobody_but_itself(service, device, tmp_path, seed):
    author = Author(tmp_path)
    device.install(author.app(SENDS))
    device.install(author.program(ANYTHING.replace("SEED", f"{seed * 0x9E3779B1 & 0xFFFFFFFF:#x}u")))
    device.install("blink")
    device.power_on()
    device.run(6)
    assert device.board.pin(8).half_period_ms == 500
    assert "fell over" not in device.log and device.log.count("[kernel] up\n") == 1
    assert device.lines("talker") in ([], ["104"]) and not [crash for crash in device.crashes if crash.app == "talker"]
    rules = {row["detail"]["rule"] for row in service.reports("denial")}
    assert rules <= {"intercore.position", "intercore.block", "intercore.flood", "intercore.unread", "firewall.real_time"}
    assert device.lines("talker") == [] or rules or device.crashes
