"""Where the sources disagree or say nothing: what this model does, and why. The one place for guesses.

No datasheet is public. What is known comes from drivers written by several vendors; none of it was checked on
silicon by us. Code that follows a decision names its key: `DECISIONS["eint-polarity"]`.
"""

from __future__ import annotations

from typing import NamedTuple


class Decision(NamedTuple):
    """A question, what the sources say, what the model does, and the reason.

    `where` are the registers concerned, as `BLOCK.REGISTER` with `*` for any part, one after a blank; none if the
    question is not about registers.
    """

    question: str
    sources: str
    decision: str
    reason: str
    where: str = ""


DECISIONS: dict[str, Decision] = {
    "mailbox-interrupt-bits": Decision(
        "Order of the four mailbox interrupts in INT_EN and INT_STS",
        "Codethink: RD0 NF1 WR2 NE3; MediaTek: NE0 WR1 NF2 RD3; Linux on the A7 side: WR0 RD1 NE2 NF3",
        "MediaTek's",
        "its demonstrations wait for the WR interrupt and were shipped as working; Codethink's sample never uses the bits",
        "MBOX.INT_EN MBOX.INT_STS",
    ),
    "eint-polarity": Decision(
        "Meaning of the polarity bit of an external interrupt",
        "Codethink and MediaTek's header: 1 is positive; MediaTek's OS_HAL programs 1 for falling or low",
        "1 is falling or low",
        "OS_HAL is the code that was shipped as working",
        "IRQCFG.DBNC_CON*",
    ),
    "eint-enable": Decision(
        "Whether bit 9 of DBNC_CON enables the interrupt or its debounce",
        "Codethink sets it first of all; MediaTek sets it in a separate call that is optional",
        "the debounce",
        "an interrupt registered without that call works; the NVIC is the gate",
        "IRQCFG.DBNC_CON*",
    ),
    "eint-level": Decision(
        "What the sense bit of an external interrupt does",
        "MediaTek sets it for its level modes and clears it for edges; Codethink and Microsoft never touch it",
        "level: the interrupt stays while the pin is at the level of its polarity; edge, which it is after reset: one for each",
        "only so does a handler run that is registered while the pin is low already",
        "IRQCFG.IRQ_SENS*",
    ),
    "gpt-one-shot": Decision(
        "Whether a one-shot GPT0 or GPT1 clears its enable bit when it expires",
        "inferred: drivers refuse to start a timer that reads enabled, and start one-shots again",
        "it does",
        "otherwise their second start would fail",
        "GPT.GPT0_CTRL GPT.GPT1_CTRL",
    ),
    "gpt3-interrupt": Decision(
        "What kind of interrupt GPT3 gives, what EXPIRE is after reset, and what becomes of the timer when it is reached",
        "Codethink sets ICLR as it starts and leaves it, waits in one sample until enable falls, and refuses to start while it is set; "
        "MediaTek lets go of ICLR, and begins again in its handler only what is still enabled; a busy-waiting sample of Microsoft's "
        "never writes EXPIRE and counts to a million",
        "a pulse; EXPIRE is all ones; when it is reached with ICLR set, enable falls and the count stays, else both go on",
        "all of them work only so",
        "GPT.GPT3_EXPIRE GPT.GPT3_CTRL",
    ),
    "wdt-reset": Decision(
        "What a watchdog reset resets",
        "no source says",
        "the core and its private peripherals; memory stays",
        "the other core and the operating system belong to others, and every driver begins as after power-on",
        "WDT.MODE WDT.SWRST",
    ),
    "mailbox-reset": Decision(
        "What GEN_CTRL resets",
        "MediaTek sets bit 1 when it opens the channel, at which time the A7 may have pushed its handshake already; an "
        "example of Codethink's sets bit 0 after messages and goes on to wait for the doorbell, which it enabled once",
        "what this side pushed (bit 0: either side), thresholds, what is pending, and the semaphore if the side holds it; "
        "what waits for this side stays, unless bit 0 is set; enables of interrupts stay",
        "otherwise the one would wait for ever for the handshake, and the other for the doorbell",
        "MBOX.GEN_CTRL",
    ),
    "dma-restart": Decision(
        "What starting a virtual FIFO does to its hardware pointer",
        "inferred: Codethink writes from index 0 after every restart",
        "it becomes 0",
        "otherwise the second transfer would begin where the first ended",
        "DMA.*_START DMA.*_HWPTR",
    ),
    "dma-threshold": Decision(
        "Whether a virtual FIFO that sends interrupts before anything was sent",
        "Codethink starts I2S with an empty ring and fills it in the interrupt; MediaTek's demonstration expects one interrupt at the start",
        "it does, when it is started with no more than its threshold in the ring",
        "otherwise neither would ever send",
        "DMA.*_COUNT DMA.*_INTSTA",
    ),
    "dma-time-out": Decision(
        "Unit of TO, and when a virtual FIFO times out",
        "MediaTek names the register and its interrupt; no source gives the unit",
        "clocks of 26 MHz after the latest item, once, if there is anything in the ring",
        "the crystal clocks the peripherals that such rings serve",
        "DMA.*_TO DMA.*_CON",
    ),
    "dma-reload": Decision(
        "What the reload bit of COUNT does",
        "MediaTek sets it for half-size channels; no source says more",
        "at its end the channel begins again with the same count at the same address, and interrupts each time",
        "the name, and the vendor's older controllers",
        "DMA.*_COUNT",
    ),
    "dma-reset": Decision(
        "Which level of CH_RST and GLO_CON resets, and what ACKINT reads as",
        "Codethink: 0 and then 1; MediaTek: clears and sets the bit, from 0 after reset; one of its functions acknowledges what it reads",
        "any change of the bit resets; ACKINT reads as INTSTA",
        "whichever level is meant, a pulse resets, and no channel stays in reset",
        "DMA.CH_RST DMA.GLO_CON DMA.*_ACKINT",
    ),
    "gpio-aliases": Decision(
        "What the SET and RESET registers of GPIO read as",
        "Codethink writes plain masks; MediaTek reads, changes and writes back",
        "zero",
        "a RESET that read back the value would clear the neighbours of a pin with every change",
        "*GPIO.*_SET *GPIO.*_RESET",
    ),
    "gpio-i2s-input": Decision(
        "Where the input register of the pins of I2S stands",
        "Codethink: first; MediaTek means that too, but its code adds the block's offset first and reads at +4",
        "at both",
        "nothing else is known to be at +4",
        "I2S*GPIO.DIN I2S*GPIO.DIN_AGAIN",
    ),
    "pwm-polarity": Decision(
        "Level of a PWM pin during its on time",
        "the polarity bit is 1 after reset; Codethink leaves it and means a high level by on; MediaTek's demonstration clears it",
        "high, where the bit is 1; low, where it is 0",
        "the driver that leaves the value after reset would otherwise invert every duty cycle",
        "PWM.*_CTRL",
    ),
    "pwm-kick": Decision(
        "What a kick does while the channel has no clock",
        "Codethink enables the clock first; MediaTek's normal mode kicks first",
        "it is taken over when the clock comes, with the settings of that time",
        "otherwise MediaTek's would never start",
        "PWM*.PWM*_CTRL",
    ),
    "pwm-repeats": Decision(
        "What a channel does after the last repeat of its states",
        "Codethink programs one repeat of S0 without replay and expects a waveform without end",
        "a single state goes on for ever; of two states the second goes on for ever, and with replay both begin anew",
        "only so does a program of one state keep its waveform",
        "PWM.*_CTRL PWM.*_PARAM_S1",
    ),
    "adc-reference": Decision(
        "What full scale is, and what bit 31 of CTL3 changes about it",
        "the pin VREF_ADC takes the reference from outside; Codethink sets the bit where the caller says that this is about 1.8 V and clears it for 2.5 V; "
        "MediaTek sets it and computes with 2.5 V, and in an older release with 2.5 V after leaving it clear",
        "what the board puts on the pin, 2.5 V unless told; the bit is kept",
        "a voltage from outside does not change with a bit; all of their demonstrations say what is at the pins only so",
        "ADC.CTL3",
    ),
    "adc-one-shot": Decision(
        "Whether the enable bit falls after a scan that is not periodic",
        "no source says; drivers set it again for the next scan, by reading, changing and writing",
        "it falls",
        "otherwise a second start could not be told from no change",
        "ADC.CTL0",
    ),
    "adc-timing": Decision(
        "How long a scan takes",
        "t_init and t_ch are counted in clocks of 2 MHz; what a conversion takes beyond its sampling is not said",
        "t_init, then for each channel (t_ch + 13) clocks for each value averaged",
        "thirteen clocks are usual for twelve bits",
        "ADC.CTL0",
    ),
    "adc-time-out": Decision(
        "Unit of RTOCNT, and when the receive time-out begins",
        "no source says",
        "clocks of 2 MHz, from the end of the latest scan",
        "2 MHz is the converter's only clock",
        "ADC.RTOCNT",
    ),
    "i2c-clock": Decision(
        "Clocks in a bit of I2C",
        "Codethink: the sum of four phases at 26 MHz; MediaTek: computes them for 40 MHz, each less 1, less what the filter takes",
        "the sum of the phases at 26 MHz",
        "Codethink's reading yields the frequency that its user asked for; time is all that differs",
        "I2C.PHL I2C.PHH",
    ),
    "i2c-data-nack": Decision(
        "Which bit of ACK_VAL a byte sets that was not acknowledged",
        "bits 7:0 are for data; MediaTek looks at as many of them as bytes were sent, at most eight",
        "bit n for byte n of its packet, the last bit for all beyond",
        "any of them is an error to MediaTek's driver; Codethink's does not look",
        "I2C.ACK_VAL",
    ),
    "i2c-dma-end": Decision(
        "When the last byte of a read reaches memory by DMA",
        "MediaTek begins its next transfer when DMA has interrupted, and fails unless the engine is ready by then",
        "with the stop, just before the engine's own interrupt",
        "otherwise such a driver could be too fast for its own engine",
    ),
    "i2c-last-nack": Decision(
        "Whether the last byte of a packet, not acknowledged, ends the transfer",
        "no source says; the bus standard lets a slave refuse any byte",
        "it sets its bit, and the next packet follows; an earlier byte ends the transfer",
        "after the last byte there is nothing left to break off",
        "I2C.ACK_VAL",
    ),
    "i2c-fifo-pointers": Decision(
        "Modulus of the FIFO pointers",
        "four bits each for eight bytes; MediaTek counts eight bytes as a difference of eight, and clears before each transfer",
        "sixteen",
        "with eight, a full FIFO would count as empty to its driver",
        "I2C.*FIFO_PTR",
    ),
    "spi-full-duplex-data": Decision(
        "Where full-duplex data stands when it was read",
        "Codethink: from SDIR0; MediaTek: from SDIR4",
        "at both",
        "such a transfer has sixteen bytes at most, which is half of the registers",
        "SPIM.SDIR*",
    ),
    "spi-status": Decision(
        "Bits 1 and 2 of SCSR",
        "Codethink and Linux: 1 wrote, 2 read; MediaTek names them the other way round",
        "1 wrote, 2 read",
        "two against one, and no driver acts on them",
        "SPIM.SCSR",
    ),
    "spi-plain": Decision(
        "What is sent without the buffered mode",
        "no driver leaves it",
        "the opcode (lowest byte of SOAR), its address from the highest byte down, then SDOR; counts in STCSR are bytes",
        "as in the vendor's older flash controllers, whose registers these are",
        "SPIM.SMMR SPIM.STCSR SPIM.SOAR",
    ),
    "i2s-rates": Decision(
        "Rates of I2S whose codes the sources leave out, and what an external clock has",
        "codes 0, 2, 4, 6, 8, 10 are 8, 12, 16, 24, 32 and 48 kHz",
        "1, 5 and 9 are 11.025, 22.05 and 44.1 kHz; a clock from outside has the rate of the code",
        "the vendor's other codecs number them so; Codethink programs the rate even as a slave of the codec",
        "I2S.DL_CONTROL I2S.UL_CONTROL",
    ),
    "i2s-enables": Decision(
        "What has to be set for I2S to run",
        "Codethink sets the FIFO bits of GLOBAL and DMA_IF as well; MediaTek sets neither",
        "bit 0 of GLOBAL and of the direction's control register",
        "with more, MediaTek's demonstration would not start",
        "I2S*.GLOBAL I2S*.DL_CONTROL I2S*.UL_CONTROL I2S*.DMA_IF",
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
        "ISUGPIO.GLOBAL_CTRL",
    ),
    "counter-edges": Decision(
        "Codes of edges and modes of the GPIO counters",
        "MediaTek's driver passes on 0, 1, 2 for edges, and 0, 1, 2 for direction, up/down and quadrature",
        "edges: 0 rising, 1 falling, 2 both; pin 0 counts and pin 1 directs, or pin 0 counts up and pin 1 down, or both turn",
        "the order in which its interface names them",
        "COUNTER.STATIC3",
    ),
    "counter-limits": Decision(
        "When the GPIO counters interrupt for their limits, and what saturation does",
        "MediaTek names no, the lower, the upper or both limits to interrupt for, and none, low, high, reset at low, reset at high to saturate",
        "0 to 3 and 0 to 4 in this order, on counting to or beyond a limit; there the count stays, or is RESET_VALUE again",
        "the order in which its interface names them; what a limit beyond which the count began does is not said",
        "COUNTER.LOW COUNTER.HIGH COUNTER.STATIC3 COUNTER.INT_STS",
    ),
    "gpio-inputs": Decision(
        "What DIN shows of a pin whose input is disabled (IES), or that the chip itself drives",
        "Codethink disables the input of a pin that it makes an output; whether DIN is still right then is not said",
        "the level at the pin, whoever drives it",
        "a program that reads back its output gets what it wrote; one that must not is not known",
        "*GPIO.DIN *GPIO.IES",
    ),
    "isu-clocks": Decision(
        "Whether the engines of an ISU have their clocks after reset",
        "MediaTek switches them on at start; Codethink never does, and its samples were published as working",
        "all are on, whatever the bits say",
        "Codethink's drivers would wait for ever without",
        "ISUGPIO.GLOBAL_CTRL TOPCFG.*_CLOCK",
    ),
    "irq-senses": Decision(
        "What IRQ_SENS does to a line",
        "MediaTek sets it at every installation of a handler; Codethink and Microsoft's samples never do",
        "makes external interrupts levels, and nothing else: every other line of the model is level or pulse by its nature",
        "both kinds of program must find the interrupts of the same device",
        "IRQCFG.IRQ_SENS*",
    ),
    "eint-debounce": Decision(
        "How long a level must hold with a debounce count of n, and what is judged then",
        "a count of four bits and a rate; no source says whether 0 is one period or none",
        "n + 1 periods of the rate, from the latest change; the edge is that from the level that held before",
        "a debounce that is enabled and waits for nothing would be none",
        "IRQCFG.DBNC_CON*",
    ),
    "mailbox-not-full": Decision(
        "When NF is pending in a FIFO that was never full",
        "the register is a threshold of free entries; no driver says what an idle mailbox does",
        "while something is under way and more than NF_THRS entries are free",
        "an idle mailbox would otherwise interrupt as soon as NF is enabled",
        "MBOX.NF_THRS",
    ),
    "mailbox-full": Decision(
        "What becomes of a pair that is pushed into a full FIFO",
        "no source says; drivers look at PUSH_CNT before",
        "it is lost, and the log says so",
        "the weakest reading",
        "MBOX.CMD_PUSH",
    ),
    "uart-time-out": Decision(
        "When the receive time-out interrupts",
        "no source says; drivers wait for it to fetch what is below the trigger",
        "four characters' time after the latest, or as many as SW_RTO_LIMIT says when it is on",
        "as the 16550 does, of which this is a kind",
        "UART.SW_RTO_LIMIT UART.VFIFO_EN",
    ),
    "uart-empty": Decision(
        "What takes the transmitter-empty interrupt back",
        "Codethink's handler loops until IIR reads none; the 16550 takes it back when IIR is read",
        "reading IIR, or filling the FIFO above its trigger",
        "as the 16550 does",
        "UART.IIR_FCR",
    ),
    "gpt-load": Decision(
        "How soon a timer takes over its start value, and how many counts GPT0 and GPT1 take from n to their expiry",
        "Codethink reads no GPT2_CNT for three periods of 32.768 kHz after writing it, waits for a change of GPT0_CNT, and writes "
        "n - 1 for n counts; the others write n",
        "at once; the first count takes a whole period; n counts, at least one",
        "a driver that waits finds what it waits for; two against one",
        "GPT.GPT?_ICNT GPT.GPT2_CNT",
    ),
    "wdt-numbers": Decision(
        "LENGTH and INTERVAL after reset, and how soon a new LENGTH counts",
        "no source says; MediaTek restarts the counter after writing LENGTH",
        "all ones; with the next RESTART, or when it is enabled",
        "the longest time does least harm to a program that sets none",
        "WDT.LENGTH WDT.INTERVAL",
    ),
    "dma-enable": Decision(
        "Whether a channel runs that CH_EN leaves out",
        "Codethink sets the bit when it sets up virtual FIFOs; what a channel does without is not said",
        "it runs; clearing the bit stops it",
        "a driver that leaves the bit alone must have found it set",
        "DMA.CH_EN*",
    ),
    "dma-copy-time": Decision(
        "How long channel 12 takes for an item",
        "no source says",
        "two cycles of 26 MHz, and all items arrive together at the end",
        "one to read and one to write; that it is not nothing is what a driver needs that sleeps till the interrupt",
        "DMA.CH12_START",
    ),
    "i2s-interrupts": Decision(
        "Bits of the I2S interrupt registers",
        "no source uses them: frames go by DMA",
        "0 nothing was there to play, 1 no room to record",
        "something to look at when sound stutters; a program cannot know other bits",
        "I2S.IRQ_*",
    ),
    "core-start": Decision(
        "CPACR, VTOR, TCM and unnamed memory when a program starts",
        "samples use floating point without opening CPACR, and one relies on cleared .bss; VTOR is written first by all",
        "floating point is on, VTOR is the program's table, memory is zero but for what is loaded",
        "those samples were published as working",
    ),
    "fullness": Decision(
        "How deep the FIFOs of UART, ADC and I2S are",
        "UART 16; ADC five bits of pointer, equal when empty; I2S not said",
        "16, 31 and 8",
        "what the pointers can count; eight frames are usual",
        "UART.*_OFFSET ADC.POINTERS I2S.*_FIFO_STATUS",
    ),
    "low-memory": Decision(
        "What is at address 0",
        "MediaTek's memory map names a region for the first jump; its FreeRTOS programs read there before the kernel has made its lists",
        "4 KB that read 0 and forget what is written, and tell of it; `armillary rt run --null-faults`: nothing, a BusFault",
        "with MediaTek's start-up SysTick comes before the scheduler begins, and its handler follows null pointers; its GPIO counters' set-up also writes through one: all of these programs run on the board",
    ),
}
