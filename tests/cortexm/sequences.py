"""Random sequences of Thumb-2 instructions, as text for the assembler and as batches for a program that runs them.

r10 points into a window of memory and r11 is a small index; neither is written. Nothing here is UNPREDICTABLE
(DDI0403E, A7.7): registers of a pair differ, a base that is written back is not loaded.
"""

from __future__ import annotations

import pathlib
import subprocess

from hypothesis import strategies as st

from tests.cortexm import judge

CODE = judge.ARGUMENTS + 0x8000
LIMIT = 0x20000  # bytes of code in a batch

low = st.integers(0, 7).map("r{}".format)
reg = st.sampled_from([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12]).map("r{}".format)
single = st.integers(0, 31).map("s{}".format)
pair = st.lists(reg, min_size=2, max_size=2, unique=True)
shift = st.one_of(
    st.just(""), st.integers(1, 31).map(", lsl #{}".format), st.integers(1, 32).map(", lsr #{}".format),
    st.integers(1, 32).map(", asr #{}".format), st.integers(1, 31).map(", ror #{}".format), st.just(", rrx"),
)  # fmt: skip
byte = st.integers(0, 255)
# A modified immediate (A5.3.2).
constant = st.one_of(
    byte, byte.map(lambda b: b << 16 | b), byte.map(lambda b: (b << 16 | b) << 8), byte.map(lambda b: b * 0x01010101),
    st.tuples(st.integers(128, 255), st.integers(0, 24)).map(lambda pair: pair[0] << pair[1]),
)  # fmt: skip
flags = st.sampled_from(["", "s"])


def form(template: str, **parts: st.SearchStrategy[object]) -> st.SearchStrategy[str]:
    """`template` with its fields filled in."""
    return st.fixed_dictionaries(parts).map(lambda values: template.format(**values))


def of(*names: str) -> st.SearchStrategy[str]:
    return st.sampled_from(names)


DATA = of("add", "sub", "rsb", "adc", "sbc", "and", "orr", "orn", "eor", "bic")
PARALLEL = of(*(kind + name for kind in ("s", "q", "sh", "u", "uq", "uh") for name in ("add8", "add16", "sub8", "sub16", "asx", "sax")))
INTEGER = st.one_of(
    form("{op}{s}.w {d}, {n}, {m}{sh}", op=DATA, s=flags, d=reg, n=reg, m=reg, sh=shift),
    form("{op}{s}.w {d}, {n}, #{i}", op=DATA, s=flags, d=reg, n=reg, i=constant),
    form("{op}.w {n}, {m}{sh}", op=of("cmp", "cmn", "tst", "teq"), n=reg, m=reg, sh=shift),
    form("{op}.w {n}, #{i}", op=of("cmp", "cmn", "tst", "teq"), n=reg, i=constant),
    form("{op}s {d}, {m}", op=of("adc", "sbc", "and", "orr", "eor", "bic", "mul", "mvn", "lsl", "lsr", "asr", "ror"), d=low, m=low),
    form("adds {d}, {n}, {m}", d=low, n=low, m=low), form("subs {d}, #{i}", d=low, i=byte),
    form("{op}{s}.w {d}, {n}, {m}", op=of("lsl", "lsr", "asr", "ror"), s=flags, d=reg, n=reg, m=reg),
    form("mov{s} {d}, {m}{sh}", s=flags, d=reg, m=reg, sh=shift), form("mvn{s}.w {d}, #{i}", s=flags, d=reg, i=constant),
    form("{op} {d}, #{i}", op=of("movw", "movt"), d=reg, i=st.integers(0, 65535)),
    form("{op} {d}, {n}, #{i}", op=of("addw", "subw"), d=reg, n=reg, i=st.integers(0, 4095)),
)  # fmt: skip
MULTIPLY = st.one_of(
    form("{op} {d}, {n}, {m}, {a}", op=of("mla", "mls", "smlabb", "smlabt", "smlatb", "smlatt", "smlawb", "smlawt", "smlad", "smladx",
         "smlsd", "smlsdx", "smmla", "smmlar", "smmls", "smmlsr", "usada8"), d=reg, n=reg, m=reg, a=reg),
    form("{op} {d}, {n}, {m}", op=of("mul", "smulbb", "smultt", "smulwb", "smulwt", "smuad", "smuadx", "smusd", "smusdx", "smmul", "smmulr",
         "usad8", "sdiv", "udiv", "qadd", "qsub", "qdadd", "qdsub", "sel"), d=reg, n=reg, m=reg),
    form("{op} {p[0]}, {p[1]}, {n}, {m}", op=of("umull", "smull", "umlal", "smlal", "umaal", "smlalbb", "smlaltt", "smlald", "smlaldx",
         "smlsld", "smlsldx"), p=pair, n=reg, m=reg),
    form("{op} {d}, {n}, {m}", op=PARALLEL, d=reg, n=reg, m=reg),
)  # fmt: skip
FIELD = st.integers(0, 31).flatmap(lambda at: st.tuples(st.just(at), st.integers(1, 32 - at)))
BITS = st.one_of(
    form("{op} {d}, {n}, #{f[0]}, #{f[1]}", op=of("ubfx", "sbfx", "bfi"), d=reg, n=reg, f=FIELD), form("bfc {d}, #{f[0]}, #{f[1]}", d=reg, f=FIELD),
    form("{op} {d}, {m}", op=of("clz", "rbit", "rev.w", "rev16.w", "revsh.w", "sxtb.w", "sxth.w", "uxtb.w", "uxth.w", "sxtb16", "uxtb16"), d=reg, m=reg),
    form("{op} {d}, {n}, {m}, ror #{r}", op=of("sxtab", "sxtah", "uxtab", "uxtah", "sxtab16", "uxtab16"), d=reg, n=reg, m=reg, r=of("8", "16", "24")),
    form("pkhbt {d}, {n}, {m}, lsl #{i}", d=reg, n=reg, m=reg, i=st.integers(1, 31)), form("pkhtb {d}, {n}, {m}, asr #{i}", d=reg, n=reg, m=reg, i=st.integers(1, 32)),
    form("ssat {d}, #{i}, {n}, lsl #{k}", d=reg, n=reg, i=st.integers(1, 32), k=st.integers(1, 31)),
    form("usat {d}, #{i}, {n}, asr #{k}", d=reg, n=reg, i=st.integers(0, 31), k=st.integers(1, 31)),
    form("{op} {d}, #{i}, {n}", op=of("ssat16", "usat16"), d=reg, n=reg, i=st.integers(1, 15)),
    form("mrs {d}, apsr", d=reg), form("msr apsr_nzcvqg, {n}", n=reg),
)  # fmt: skip
MEMORY = st.one_of(
    form("{op}.w {d}, [r10, #{i}]", op=of("ldr", "ldrb", "ldrh", "ldrsb", "ldrsh", "str", "strb", "strh"), d=reg, i=st.integers(-255, 1000)),
    form("{op}.w {d}, [r10, r11, lsl #{k}]", op=of("ldr", "ldrb", "ldrh", "ldrsb", "ldrsh", "str", "strb", "strh"), d=reg, k=st.integers(0, 3)),
    form("{op} {p[0]}, {p[1]}, [r10, #{i}]", op=of("ldrd", "strd"), p=pair, i=st.integers(-200, 200).map(lambda i: 4 * i)),
    form("mov r12, r10\n {op} {d}, [r12], #{i}\n mov r12, #0", op=of("ldr", "strh", "ldrsb"), d=low, i=st.integers(-255, 255)),
    form("mov r9, r10\n {op} {d}, [r9, #{i}]!\n subs.w r9, r9, r10", op=of("ldrh", "str", "strb"), d=low, i=st.integers(-255, 255)),
    form("mov r8, r10\n {op} r8!, {{r1, r3, r5}}\n sub.w r8, r8, r10", op=of("ldmia", "ldmdb", "stmia", "stmdb")),
    form("push {{{p[0]}}}\n pop {{{p[1]}}}", p=pair),
    form("ldrex {p[0]}, [r10]\n strex {p[1]}, {p[0]}, [r10]", p=pair),
)  # fmt: skip
FLOAT = st.one_of(
    form("v{op}.f32 {d}, {n}, {m}", op=of("add", "sub", "mul", "nmul", "div", "mla", "mls", "nmla", "nmls", "fma", "fms", "fnma", "fnms"), d=single, n=single, m=single),
    form("v{op}.f32 {d}, {m}", op=of("abs", "neg", "sqrt", "mov", "cmp", "cmpe"), d=single, m=single),
    form("vcmp.f32 {d}, #0.0\n vmrs apsr_nzcv, fpscr", d=single),
    form("vcvt{r}.{t}.f32 {d}, {m}", r=of("", "r"), t=of("s32", "u32"), d=single, m=single), form("vcvt.f32.{t} {d}, {m}", t=of("s32", "u32"), d=single, m=single),
    # From fixed point the rounding is always to nearest (A7.7.228); unicorn takes FPSCR's, so that is nearest here.
    form("mov r12, #0\n vmsr fpscr, r12\n vcvt.f32.{t} {d}, {d}, #{i}", t=of("s32", "u32"), d=single, i=st.integers(1, 32)), form("vcvt.u32.f32 {d}, {d}, #{i}", d=single, i=st.integers(1, 32)),
    form("vcvt{h}.{t} {d}, {m}", h=of("t", "b"), t=of("f16.f32", "f32.f16"), d=single, m=single),
    form("vmov {d}, {r}", d=single, r=reg), form("vmov {r}, {d}", d=single, r=reg), form("vmov.f32 {d}, #{i}", d=single, i=of("1.0", "-0.5", "31.0", "0.125")),
    form("v{op} {d}, [r10, #{i}]", op=of("ldr", "str"), d=single, i=st.integers(-200, 200).map(lambda i: 4 * i)),
    form("mov r8, r10\n v{op} r8!, {{s4-s9}}\n sub.w r8, r8, r10", op=of("ldmia", "ldmdb", "stmia", "stmdb")),
    form("and {r}, {r}, #0x00c00000\n vmsr fpscr, {r}", r=low),
)  # fmt: skip
CONDITIONS = ["eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le"]
OPPOSITE = {one: CONDITIONS[index ^ 1] for index, one in enumerate(CONDITIONS)}
BLOCK = st.tuples(
    st.sampled_from(CONDITIONS), st.lists(st.booleans(), min_size=1, max_size=4), st.lists(st.tuples(reg, reg, byte), min_size=4, max_size=4),
)  # fmt: skip


def conditional(block: tuple[str, list[bool], list[tuple[str, str, int]]]) -> str:
    """An IT block: additions, loads and comparisons under a condition or its opposite."""
    condition, same, operands = block
    same[0] = True
    lines = ["i" + "".join("t" if one else "e" for one in same) + " " + condition]
    for number, (one, (to, by, value)) in enumerate(zip(same, operands, strict=False)):
        suffix = condition if one else OPPOSITE[condition]
        lines.append((f"add{suffix}.w {to}, {by}, #{value}", f"ldr{suffix}.w {to}, [r10, #{value}]", f"eor{suffix}.w {to}, {by}, {to}")[(value + number) % 3])
    return "\n ".join(lines)


BRANCH = form("b{c}.n 9f\n mvn.w {d}, {d}\n9:", c=st.sampled_from(CONDITIONS), d=reg)
INSTRUCTION = st.one_of(INTEGER, INTEGER, MULTIPLY, BITS, MEMORY, FLOAT, BLOCK.map(conditional), BRANCH)
SEQUENCE = st.lists(INSTRUCTION, min_size=1, max_size=16)


def assemble(place: pathlib.Path, sequences: list[list[str]]) -> bytes:
    """ARGUMENTS of guest/sequence.c. Raises ValueError with the assembler's words if it refuses something."""
    source, code, raw = place / "batch.s", place / "batch.o", place / "batch.bin"
    bodies = [f".balign 4\nq{number}:\n " + "\n ".join(lines) + "\n bx lr" for number, lines in enumerate(sequences)]
    table = "\n".join(f" .word q{number} + 1 + {CODE:#x}" for number in range(len(sequences)))
    text = f" .syntax unified\n .cpu cortex-m4\n .fpu fpv4-sp-d16\n .thumb\n .text\n{chr(10).join(bodies)}\n .section .table, \"a\"\n{table}\n"
    source.write_text(text)
    done = subprocess.run(["arm-none-eabi-as", source, "-o", code], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr)
    link = ["arm-none-eabi-ld", "-Ttext=0", "--section-start=.table=0x1000000", "-e", "0", code, "-o", place / "batch.elf"]
    subprocess.run(link, check=True)
    parts = []
    for section in (".table", ".text"):
        subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", "-j", section, place / "batch.elf", raw], check=True)
        parts.append(raw.read_bytes())
    head = judge.words(len(sequences)) + parts[0]
    assert len(head) <= CODE - judge.ARGUMENTS and len(parts[1]) <= LIMIT
    return head.ljust(CODE - judge.ARGUMENTS, b"\0") + parts[1]


def difference(program: pathlib.Path, place: pathlib.Path, sequences: list[list[str]]) -> str:
    """What differs in the first sequence that does, "" if none does."""
    arguments = assemble(place, sequences)
    theirs, ours = judge.on_qemu(program, arguments).splitlines(), judge.on_machine(program, arguments).splitlines()
    for number, (want, got) in enumerate(zip(theirs, ours, strict=False)):
        if want != got:
            return f"QEMU{want}\n  we{got}\n" + "\n ".join(["", *sequences[number]])
    return "" if len(ours) == len(theirs) == len(sequences) + 1 else f"{len(ours)} lines, QEMU's {len(theirs)}: {ours[-1:]} {theirs[-1:]}"
