"""Where the sources disagree or say nothing: what this model does, and why. The one place for guesses.

No datasheet is public. What is known comes from drivers written by several vendors; none of it was checked on
silicon by us. Code that follows a decision names its key: `DECISIONS["eint-polarity"]`.
"""

from __future__ import annotations

from typing import NamedTuple


class Decision(NamedTuple):
    """A question, what the sources say, what the model does, and the reason."""

    question: str
    sources: str
    decision: str
    reason: str


DECISIONS: dict[str, Decision] = {
    "mailbox-interrupt-bits": Decision(
        "Order of the four mailbox interrupts in INT_EN and INT_STS",
        "Codethink: RD0 NF1 WR2 NE3; MediaTek: NE0 WR1 NF2 RD3; Linux on the A7 side: WR0 RD1 NE2 NF3",
        "MediaTek's",
        "its demonstrations wait for the WR interrupt and were shipped as working; Codethink's sample never uses the bits",
    ),
    "eint-polarity": Decision(
        "Meaning of the polarity bit of an external interrupt",
        "Codethink and MediaTek's header: 1 is positive; MediaTek's OS_HAL programs 1 for falling or low",
        "1 is falling or low",
        "OS_HAL is the code that was shipped as working",
    ),
    "eint-enable": Decision(
        "Whether bit 9 of DBNC_CON enables the interrupt or its debounce",
        "Codethink sets it first of all; MediaTek sets it in a separate call that is optional",
        "the debounce",
        "an interrupt registered without that call works; the NVIC is the gate",
    ),
    "gpt-one-shot": Decision(
        "Whether a one-shot GPT0 or GPT1 clears its enable bit when it expires",
        "inferred: drivers refuse to start a timer that reads enabled, and start one-shots again",
        "it does",
        "otherwise their second start would fail",
    ),
    "gpt3-interrupt": Decision(
        "What kind of interrupt GPT3 gives, and what EXPIRE is after reset",
        "Codethink never clears it in its handler; a busy-waiting sample never writes EXPIRE and counts to a million",
        "a pulse; EXPIRE is all ones, and the count goes on past it",
        "both work only so",
    ),
    "wdt-reset": Decision(
        "What a watchdog reset resets",
        "no source says",
        "the core and its private peripherals; memory stays",
        "the other core and the operating system belong to others, and every driver begins as after power-on",
    ),
    "mailbox-reset": Decision(
        "What bit 1 of GEN_CTRL resets",
        "MediaTek sets it when it opens the channel, at which time the A7 may have pushed its handshake already",
        "what this side pushed and its interrupts; what waits for this side stays",
        "otherwise such a program would wait for ever for the handshake",
    ),
    "dma-restart": Decision(
        "What starting a virtual FIFO does to its hardware pointer",
        "inferred: Codethink writes from index 0 after every restart",
        "it becomes 0",
        "otherwise the second transfer would begin where the first ended",
    ),
}
