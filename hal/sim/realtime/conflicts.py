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
    "dma-threshold": Decision(
        "Whether a virtual FIFO that sends interrupts before anything was sent",
        "Codethink starts I2S with an empty ring and fills it in the interrupt; MediaTek's demonstration expects one interrupt at the start",
        "it does, when it is started with no more than its threshold in the ring",
        "otherwise neither would ever send",
    ),
    "dma-time-out": Decision(
        "Unit of TO, and when a virtual FIFO times out",
        "MediaTek names the register and its interrupt; no source gives the unit",
        "clocks of 26 MHz after the latest item, once, if there is anything in the ring",
        "the crystal clocks the peripherals that such rings serve",
    ),
    "dma-reload": Decision(
        "What the reload bit of COUNT does",
        "MediaTek sets it for half-size channels; no source says more",
        "at its end the channel begins again with the same count at the same address, and interrupts each time",
        "the name, and the vendor's older controllers",
    ),
    "dma-reset": Decision(
        "Which level of CH_RST and GLO_CON resets, and what ACKINT reads as",
        "Codethink: 0 and then 1; MediaTek: clears and sets the bit, from 0 after reset; one of its functions acknowledges what it reads",
        "any change of the bit resets; ACKINT reads as INTSTA",
        "whichever level is meant, a pulse resets, and no channel stays in reset",
    ),
    "gpio-aliases": Decision(
        "What the SET and RESET registers of GPIO read as",
        "Codethink writes plain masks; MediaTek reads, changes and writes back",
        "zero",
        "a RESET that read back the value would clear the neighbours of a pin with every change",
    ),
    "pwm-polarity": Decision(
        "Level of a PWM pin during its on time",
        "the polarity bit is 1 after reset; Codethink leaves it and means a high level by on; MediaTek's demonstration clears it",
        "high, where the bit is 1; low, where it is 0",
        "the driver that leaves the value after reset would otherwise invert every duty cycle",
    ),
    "pwm-repeats": Decision(
        "What a channel does after the last repeat of its states",
        "Codethink programs one repeat of S0 without replay and expects a waveform without end",
        "a single state goes on for ever; of two states the second goes on for ever, and with replay both begin anew",
        "only so does a program of one state keep its waveform",
    ),
    "adc-one-shot": Decision(
        "Whether the enable bit falls after a scan that is not periodic",
        "no source says; drivers set it again for the next scan, by reading, changing and writing",
        "it falls",
        "otherwise a second start could not be told from no change",
    ),
    "adc-timing": Decision(
        "How long a scan takes",
        "t_init and t_ch are counted in clocks of 2 MHz; what a conversion takes beyond its sampling is not said",
        "t_init, then for each channel (t_ch + 13) clocks for each value averaged",
        "thirteen clocks are usual for twelve bits",
    ),
    "adc-time-out": Decision(
        "Unit of RTOCNT, and when the receive time-out begins",
        "no source says",
        "clocks of 2 MHz, from the end of the latest scan",
        "2 MHz is the converter's only clock",
    ),
    "i2c-clock": Decision(
        "Clocks in a bit of I2C",
        "Codethink: the sum of four phases at 26 MHz; MediaTek: computes them for 40 MHz, each less 1, less what the filter takes",
        "the sum of the phases at 26 MHz",
        "Codethink's reading yields the frequency that its user asked for; time is all that differs",
    ),
    "i2c-data-nack": Decision(
        "Which bit of ACK_VAL a byte sets that was not acknowledged",
        "bits 7:0 are for data; MediaTek looks at as many of them as bytes were sent, at most eight",
        "bit n for byte n of its packet, the last bit for all beyond",
        "any of them is an error to MediaTek's driver; Codethink's does not look",
    ),
    "i2c-last-nack": Decision(
        "Whether the last byte of a packet, not acknowledged, ends the transfer",
        "no source says; the bus standard lets a slave refuse any byte",
        "it sets its bit, and the next packet follows; an earlier byte ends the transfer",
        "after the last byte there is nothing left to break off",
    ),
    "i2c-fifo-pointers": Decision(
        "Modulus of the FIFO pointers",
        "four bits each for eight bytes; MediaTek counts eight bytes as a difference of eight, and clears before each transfer",
        "sixteen",
        "with eight, a full FIFO would count as empty to its driver",
    ),
    "spi-full-duplex-data": Decision(
        "Where full-duplex data stands when it was read",
        "Codethink: from SDIR0; MediaTek: from SDIR4",
        "at both",
        "such a transfer has sixteen bytes at most, which is half of the registers",
    ),
    "spi-status": Decision(
        "Bits 1 and 2 of SCSR",
        "Codethink and Linux: 1 wrote, 2 read; MediaTek names them the other way round",
        "1 wrote, 2 read",
        "two against one, and no driver acts on them",
    ),
    "spi-plain": Decision(
        "What is sent without the buffered mode",
        "no driver leaves it",
        "the opcode (lowest byte of SOAR), its address from the highest byte down, then SDOR; counts in STCSR are bytes",
        "as in the vendor's older flash controllers, whose registers these are",
    ),
    "i2s-rates": Decision(
        "Rates of I2S whose codes the sources leave out, and what an external clock has",
        "codes 0, 2, 4, 6, 8, 10 are 8, 12, 16, 24, 32 and 48 kHz",
        "1, 5 and 9 are 11.025, 22.05 and 44.1 kHz; a clock from outside has the rate of the code",
        "the vendor's other codecs number them so; Codethink programs the rate even as a slave of the codec",
    ),
    "dma-instances": Decision(
        "Whether the cores share one DMA engine",
        "the same address on both, among the blocks that each core has of its own",
        "one for each core; a peripheral's request reaches both, and the one whose channel runs serves it",
        "all other blocks in that range are private",
    ),
    "isu-mode": Decision(
        "What chooses among the engines of an ISU",
        "no register is known; the operating system sets the pin multiplexer from the manifest",
        "nothing: each engine works when its registers are used",
        "a program that was granted one mode has no use for another",
    ),
    "counter-edges": Decision(
        "Codes of edges and modes of the GPIO counters",
        "MediaTek's driver passes on 0, 1, 2 for edges, and 0, 1, 2 for direction, up/down and quadrature",
        "edges: 0 rising, 1 falling, 2 both; pin 0 counts and pin 1 directs, or pin 0 counts up and pin 1 down, or both turn",
        "the order in which its interface names them",
    ),
    "counter-limits": Decision(
        "When the GPIO counters interrupt for their limits, and what saturation does",
        "the fields have names only",
        "on counting to or beyond a limit; any saturation mode holds the count at the ends of 32 bits",
        "the weakest reading of the names",
    ),
}
