"""Writes docs/mt3620-registers.md from the tables that the model of the chip itself runs on.

`python docs/make_registers.py` rewrites the page; with `--check` it only says whether the page differs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from armillary.hal.sim.realtime import chip as chips
from armillary.hal.sim.realtime import dma, irqconfig, package, shared, uart
from armillary.hal.sim.realtime.chip import Chip
from armillary.hal.sim.realtime.conflicts import DECISIONS
from armillary.hal.sim.realtime.registers import READ, WRITE, Block, Register

PAGE = Path(__file__).parent / "mt3620-registers.md"
MADE = "<!-- Made by docs/make_registers.py from hal/sim/realtime: change that, then run `make docs`. -->\n"
INTRODUCTION = """# The MT3620's real-time cores, register by register

What a Cortex-M4F of the MT3620 finds at its addresses, as this model has it. The tables are those that the model runs on. No
data sheet is public: what is here was learnt from drivers that several vendors published, and nothing of it was tried on
silicon by us. How sure each statement is, stands beside it:

| | a value after reset is |
|---|---|
| known | read by a driver and checked, or named in one |
| inferred | what published drivers need to work |
| guessed | ours; most are zero because nothing says otherwise |

*Access*: r is read only and ignores writes; w is written only and reads as its value after reset; w1c is read, and a bit written
as 1 becomes 0. A register that is *kept* holds what is written, and nothing follows from it; in *what it does* stands what it is
for. *Decided* names the question in [what is guessed](#what-is-guessed) that the register's behaviour rests on.

A register that is not in these tables is logged once with its address, keeps what is written, and is not in the way. Outside the
blocks there is nothing: an access is a bus fault.
"""
MISSING = (
    ("SPI slave (ISU + 0x400, interrupt 46 + 4n)", "its place is known; no source names a register of it. Words are kept and logged"),
    ("cache and its protection (0x20080000, 0x20090000), core configuration (0x20000000), bus monitor (0x21070000)",
     "known by name only; words are kept and logged. Interrupt 5 never comes"),
    ("firewall (0x30000000)", "no register is known. Which blocks a core reaches is decided by the operating system; programs do not set it"),
    ("watchdog, flash controller, clock (but for a strap) and fuses of the main core (0x30050000, 0x30070000, 0x30090000, 0x300E0000)", "not for programs of these cores: a bus fault"),
    ("Wi-Fi (0x60000000), flash as the main core sees it (0x90000000)", "a bus fault"),
    ("the boot region at 0x0", "its contents are not known: 4 KB read 0 and forget what is written, and each address is told of once; code there is a bus fault"),
    ("pin multiplexer", "mode numbers are not known: a pin works for whichever block uses it"),
    ("sleep", "WFI sleeps and time goes on; no memory loses power in deep sleep, the wake-up controller never wakes (interrupts 0, 18, 19)"),
    ("wait states", "TCM, SYSRAM and flash are equally fast, one cycle an instruction; the cache has nothing to do"),
    ("UART", "parity and framing errors, break, modem lines, flow control, detection of the rate"),
    ("I2C", "arbitration between masters, clock stretching by parts, filters"),
    ("SPI", "clock polarity and phase: bytes arrive whole; prefetch"),
    ("I2S", "word lengths, TDM, swaps and mono: a frame is a word; MCLK on its pin"),
    ("PWM", "data paths of GLO_CTRL 15:8; of a pattern with periods below 20 microseconds the first four after a kick are shown, then longer ones of the same duty stand for many"),
    ("GPIO", "slew, strength and delays are analog; short pulses pass the counters' filters"),
    ("DMA", "bursts, byte-to-word packing, limiters; who goes first among channels"),
    ("ADC", "noise, settling, dither and the amplifier; time stamps"),
    ("WDT", "the interrupt at other cores (MODE 4), the length of the reset pulse"),
    ("debug access by SWD", "GDB attaches to the model instead"),
)  # fmt: skip


def cell(text: str) -> str:
    """`text` as it may stand in a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell(each) for each in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def kind(block: Block) -> str:
    """The name of a block's kind, which blocks of the same registers share."""
    return block.NAME or block.name


def decided(block: str, register: str) -> list[str]:
    """The keys of the decisions about a register."""
    place = block + "." + register
    return [key for key, decision in DECISIONS.items() if any(fnmatch(place.replace(" ", ""), each) for each in decision.where.split())]


def row(block: str, register: Register) -> tuple[str, ...]:
    """A register's row."""
    keys = ", ".join(decided(block, register.name))
    return (
        f"{register.offset:#05x}", f"`{register.name}`", register.access, f"{register.reset:#x}", register.source,
        "kept" if register.is_kept else "acts", register.note, keys,
    )  # fmt: skip


HEAD = ("offset", "register", "access", "reset", "reset is", "", "what it does", "decided")


def dma_rows() -> list[tuple[str, ...]]:
    """A channel's registers once, for all thirty."""
    channel = [row("DMA", each._replace(name="CHn_" + each.name)) for each in dma.CHANNEL]
    return [("0x100*n + " + first, *rest) for first, *rest in channel] + [
        row("DMA", each._replace(offset=dma.GLOBALS + each.offset)) for each in dma.GLOBAL
    ]


def rows(block: Block) -> list[tuple[str, ...]]:
    """The table of a block, in the order of addresses."""
    if isinstance(block, dma.Dma):
        return dma_rows()
    return [row(kind(block), register) for register in sorted(block.REGISTERS, key=lambda each: each.offset)]


def places(blocks: Sequence[Block]) -> str:
    """Where the blocks of a kind are."""
    return ", ".join(f"{block.name.removeprefix('IO0 ')} {block.base:#010x}" for block in blocks)


def kinds() -> Iterator[tuple[str, list[Block]]]:
    """Blocks by kind, private ones first, in the order of addresses."""
    chip = Chip(cores=1)
    found: dict[str, list[Block]] = {}
    for block in [*sorted(chip.cores[0].blocks, key=lambda block: block.base), *sorted(chip.blocks, key=lambda block: block.base)]:
        if block.REGISTERS:
            found.setdefault(kind(block), []).append(block)
    yield from found.items()


def section(name: str, blocks: list[Block]) -> str:
    """A kind of block."""
    says = (type(blocks[0]).__module__.rpartition(".")[2] + ".py").removeprefix("armillary.")
    text = f"### {name}\n\n{places(blocks)}. `hal/sim/realtime/{says}`\n\n" + table(HEAD, rows(blocks[0]))
    if isinstance(blocks[0], uart.Uart):
        views = ", ".join(f"`{each}` at {offset:#04x}" for offset, each in uart.ENHANCED_NAMES.items())
        text += f"\nWith LCR.7 the divisor stands at 0x00 and 0x04; with LCR 0xBF, moreover, {views}: eight bits each, kept.\n"
    return text


def memory() -> str:
    """Memory and the blocks in it."""
    chip = Chip(cores=1)
    rows = [
        (f"{chips.TCM:#010x}", f"{chips.TCM_SIZE // 1024} KiB", "TCM: each core its own; not for DMA"),
        (f"{package.FLASH:#010x}", f"{package.FLASH_SIZE // 1024} KiB", "flash of the program itself, read only, executed in place"),
        (f"{chips.SYSRAM:#010x}", f"{chips.SYSRAM_SIZE // 1024} KiB", "SYSRAM: each core its own; for DMA"),
    ]
    spans = [(block.base, chips.DMA_SIZE if isinstance(block, dma.Dma) else chips.BLOCK, block.name.removeprefix("IO0 ") + ", of each core") for block in chip.cores[0].blocks]
    spans += [(windows.base, windows.size, ", ".join(f"{block.name} +{start:#x}" for start, block in windows.windows)) for windows in chip.shared.windows]
    return table(("address", "size", "what"), rows + [(f"{base:#010x}", f"{size // 1024} KiB", what) for base, size, what in sorted(spans)])


def interrupts() -> str:
    """Who raises which interrupt."""
    boxes = ("what was pushed here was taken", "there is room to push", "something was pushed for this core", "something waits", "any of these four", "software")
    rows = [
        ("0", "wake-up controller", "never comes"), (str(chips.GPT01_IRQ), "GPT0 and GPT1", "level, while enabled in IER and not cleared in ISR"),
        (str(chips.GPT3_IRQ), "GPT3", "pulse when it expires"), (str(chips.WDT_IRQ), "WDT", "level, until RESTART or SWINT"),
        (str(chips.DEBUG_UART_IRQ), "UART", "level, while IIR has a cause"), ("5", "bus monitor", "never comes"),
        *((str(first + n), f"{name}: {what}", "level") for first, name in ((chips.A7_BOX_IRQ, "MBOX_A7"), (chips.CORE_BOX_IRQ, "MBOX_M4")) for n, what in enumerate(boxes)),
        ("18, 19", "the main core, the other core wakes this one", "never come"),
        (f"{irqconfig.FIRST_IRQ} to {irqconfig.FIRST_IRQ + irqconfig.LINES - 1}", "external interrupts 0 to 23: GPIO 0 to 23", "pulse at an edge, or level by IRQ_SENS"),
        *((f"{shared.ISU_IRQ + n} + 4n", f"ISUn {what}", "level" if what != "SPI slave" else "never comes") for n, what in enumerate(("I2C", "SPIM", "SPI slave", "UART"))),
        (f"{shared.I2S_IRQ}, {shared.I2S_IRQ + 1}", "I2S0, I2S1", "level"), (str(shared.ADC_IRQ), "ADC", "level, while IIR has a cause"),
        (f"{shared.COUNTER_IRQ} to {shared.COUNTER_IRQ + 5}", "COUNTER0 to COUNTER5", "level, while enabled in INT_EN and not cleared"),
        (str(chips.DMA_IRQ), "DMA, all channels", "level, while any INTSTA is not zero"), ("78, 79", "power of the debugger", "never come"),
    ]  # fmt: skip
    return "An interrupt of a shared block reaches both cores; which of them hears it is for its NVIC and, on a device, for the firewall.\n\n" + table(("number", "who", "how"), rows)


def modelled(found: Sequence[tuple[str, list[Block]]]) -> str:
    """How many registers of each kind act, are kept, or rest on a decision."""
    lines = []
    for name, blocks in found:
        registers = [*dma.CHANNEL, *dma.GLOBAL] if isinstance(blocks[0], dma.Dma) else list(blocks[0].REGISTERS)
        acting = [register for register in registers if not register.is_kept]
        asked = sum(bool(decided(name, ("CHn_" if register in dma.CHANNEL else "") + register.name)) for register in registers)
        readable = sum(register.access == READ for register in acting), sum(register.access == WRITE for register in acting)
        lines.append((name, str(len(blocks)), str(len(registers)), str(len(acting)), "{} / {}".format(*readable), str(len(registers) - len(acting)), str(asked)))
    return table(("block", "of them", "registers each", "act", "only read / only written", "kept", "rest on a decision"), lines)


def guesses() -> str:
    """Every decision."""
    return table(("", "question", "what the sources say", "here", "because"), [
        (f"`{key}`", each.question, each.sources, each.decision, each.reason) for key, each in DECISIONS.items()
    ])  # fmt: skip


def page() -> str:
    """The whole page."""
    found = list(kinds())
    return "\n".join([
        MADE + INTRODUCTION, "## Addresses", "", memory(),
        "## Interrupts", "", interrupts(), "## What is modelled", "", modelled(found), "## What is guessed", "", guesses(),
        "## What is missing", "", table(("what", "how it is instead"), MISSING), "## Registers", "",
        "\n".join(section(name, blocks) for name, blocks in found),
    ])  # fmt: skip


def main(arguments: list[str]) -> int:
    """Write the page, or with --check say whether it differs; 1 if it does."""
    text = page()
    is_changed = not PAGE.exists() or PAGE.read_text() != text
    if is_changed:
        print(PAGE.name)
        if "--check" not in arguments:
            PAGE.write_text(text)
    return int(is_changed and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
