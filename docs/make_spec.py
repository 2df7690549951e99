"""Writes the reference pages of the four gates from the tables that the gates themselves run on.

`python docs/make_spec.py` rewrites docs/spec; `python docs/make_spec.py --check` only says which
pages differ. Every example on a page was packed by the code it documents.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from armillary.hal import abi as bus
from armillary.kernel import abi as syscall
from armillary.monitor import abi as smc
from armillary.pluton import abi as mailbox
from armillary.wire import fault
from armillary.wire.call import BULK, DESCRIBE, INTEGERS, LIMIT, WHY, Call, Field, Gate, Layout, Port

SPEC = Path(__file__).parent / "spec"
Value = int | str | bytes
SHOWN = 40  # bytes of an example before it is cut
MADE = "<!-- Made by docs/make_spec.py from {source}: change that, then run `make docs`. -->\n"


class Page:
    """One gate's page: its number and name, the module of its table, its ring, and what must hold."""

    def __init__(self, number: int, gate: str, source: str, calls: tuple[Call, ...], ring: str, says: str, must: list[str]):
        self.number = number
        self.gate = gate
        self.source = source
        self.calls = calls
        self.ring = ring
        self.says = says
        self.must = must

    @property
    def file(self) -> str:
        """Its name in docs/spec."""
        return f"{self.number:02}-{self.gate}.md"


PAGES = (
    Page(1, "bus", "hal/abi.py", bus.CALLS, "hal", "what the three cores may do with the silicon", [
        "The silicon MUST know the bus master by the channel, and MUST judge every request by the table of `hal/sim/firewall.py`, of which the callers below are the outermost line.",
        "A flash write MUST lie within one partition; a program operation MUST NOT set a bit.",
        "A blown fuse MUST stay blown, and a row locked for writing MUST stay locked, over every reset.",
        "An access of a real-time core to what is shared MUST be refused, as a BusFault, unless its owner of pins, its grant of blocks or its shares give it; it MUST be told by `core_denial`.",
        "After `core_stop` nothing of a real-time core's program MUST be left in a memory, a shared block or at a pin.",
        "`reset` and `core_start` MAY be answered by the caller's end instead of a reply.",
    ]),
    Page(2, "mailbox", "pluton/abi.py", mailbox.CALLS, "pluton", "what the root of trust does for the security monitor", [
        "A private key, the device secret or a seed MUST NOT be part of any reply or refusal.",
        "A counter, the lifecycle and the set of revoked signers MUST only move forward.",
        "A measurement after `close_measurements` MUST be refused until the next reset.",
        "A caller of `verify_image` MUST have computed the digest itself, over the copy that it goes on to use.",
        "While fuse row 9 demands two signatures `verify_image` MUST refuse every image, and `verify_hybrid_image` MUST accept one only if both its signatures hold.",
        "While the noise source fails its tests every call that needs a random number MUST be refused as Unhealthy.",
    ]),
    Page(3, "smc", "monitor/abi.py", smc.CALLS, "monitor", "what the security monitor does for the kernel", [
        "The monitor MUST NOT read a byte of a package's metadata before its signature was checked, over the copy that is used afterwards.",
        "Staging calls MUST come in the order of `monitor/staging.py`'s table `NEXT`; any other is OutOfOrder.",
        "Blocks MUST be written in order and without gaps.",
        "An installation MUST take effect as a whole or not at all, whenever the power fails.",
        "A real-time core MUST have no pin and no block but those that the signed manifest of one app claims, and its code MUST be the image that was verified for this very start.",
        "After the freeze no pin and no block MUST change its core before the next reset, whatever is installed, started, stopped or removed.",
        "The kernel SHOULD call `tend_watchdog` at least twice within the watchdog's time.",
    ]),
    Page(4, "syscall", "kernel/abi.py", syscall.CALLS, "kernel", "what the kernel does for an app", [
        "The kernel MUST judge the opening of a thing by the app's signed manifest, and each use of it by the handle alone.",
        "A handle MUST NOT mean anything to another process.",
        "`wait` is the only call whose reply MAY be put off. An app that sends a second request meanwhile is refused as OutOfOrder.",
        "Bytes that come back from the network are whatever the peer sent: an app MUST authenticate them.",
    ]),
)  # fmt: skip


def cell(text: str) -> str:
    """`text` as it may stand in a cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell(each) for each in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def bounds(field: Field) -> str:
    """What values a field takes, in words."""
    if field.size:
        return f"exactly {field.size} bytes"
    if field.is_open:
        return f"at most {field.high} bytes" + (" of UTF-8" if field.kind == "text" else "")
    return f"{field.low} to {field.high}" if field.is_bounded else "any"


def fields(layout: Layout) -> str:
    """The table of a layout: offset from the start of the message, name, kind, bounds."""
    if not layout.fields:
        return " nothing.\n"
    rows, at = [], 2
    fixed = True
    for field in layout.fields:
        rows.append((str(at) if fixed else "next", f"`{field.name}`", field.kind, bounds(field)))
        at += field.width
        fixed = fixed and not field.is_open
    return "\n\n" + table(("offset", "name", "kind", "values"), rows)


def sample(field: Field) -> Value:
    """A lawful value of a field, the same every time."""
    if field.kind == "text":
        return ("service.example" if field.high > 64 else "blink")[: field.high]
    if field.size or field.is_open:
        return bytes(range(1, 1 + (field.size or min(field.high, 4))))
    return max(field.low, min(field.high, 8))


def hexadecimal(data: bytes) -> str:
    """`data` in hexadecimal, cut where it is long."""
    shown = data[:SHOWN].hex(" ")
    return f"`{shown}`" if len(data) <= SHOWN else f"`{shown} …` ({len(data)} bytes)"


def request(call: Call, arguments: list[Value]) -> bytes:
    """What a fresh port sends for the call."""
    return Port(lambda sent: b"").request(call, arguments)


def section(call: Call) -> str:
    """One call: what it does, who may, what goes in, what comes back, what it looks like."""
    callers = ", ".join(f"`{name}`" for name in call.callers) or "anyone"
    arguments = [sample(field) for field in call.arguments.fields]
    results = [sample(field) for field in call.result.fields]
    reply = bytes((0, 1)) + call.result.pack(results)
    return "\n".join((
        f"### {call.op} `{call.name}`", "", call.about, "",
        f"Callers: {callers}.", "",
        "Arguments:" + fields(call.arguments),
        "Result:" + fields(call.result),
        f"Example: {hexadecimal(request(call, arguments))} is answered by {hexadecimal(reply)}.", "",
    ))  # fmt: skip


def summary(calls: tuple[Call, ...]) -> str:
    """All calls of a gate at a glance."""
    rows = []
    for call in calls:
        link = f"[`{call.name}`](#{call.op}-{call.name})"
        rows.append((f"{call.op} (0x{call.op:02x})", link, call.arguments.text, call.result.text, ", ".join(call.callers)))
    return table(("number", "call", "arguments", "result", "callers"), rows)


def refusals(page: Page) -> str:
    """Three ways in which this gate's table refuses, each made by a real gate."""
    call = page.calls[0]
    gate = Gate(page.ring, "nobody", {each: lambda *arguments: None for each in page.calls})
    good = request(call, [sample(field) for field in call.arguments.fields])
    open_gate = Gate(page.ring, call.callers[0], {call: lambda *arguments: None})
    unknown = next(op for op in range(1, 256) if op not in [each.op for each in page.calls])
    tried = (
        ("a call that is not in the table", gate, bytes((unknown, 1))),
        ("a caller that the table does not name", gate, good),
        ("one byte too many", open_gate, good + b"\0"),
    )
    rows = []
    for what, against, sent in tried:
        reply = against(sent) or b""
        name = fault.FAULTS[reply[0]].__name__
        rows.append((what, hexadecimal(sent), f"{reply[0]} {name}", WHY.unpack(reply[2:])[0]))
    return table(("what is sent", "request", "status", "reason"), rows)


def gate_page(page: Page) -> str:
    """The whole page of one gate."""
    must = "\n".join(f"* {line}" for line in page.must)
    return "\n".join((
        MADE.format(source=page.source),
        f"# {page.number}. The `{page.gate}` gate: {page.says}", "",
        f"Ring `{page.ring}/`. {len(page.calls)} calls. Messages, kinds of value and refusals are those of [calls](00-calls.md), which",
        "this page presumes. MUST, SHOULD and MAY are those of RFC 2119.", "",
        "## What must hold", "", must, "",
        "## Calls", "", summary(page.calls),
        "## Refusals", "", refusals(page),
        "## Each call", "", "Offsets are from the start of the message. The values in the examples are made up; the layout is not.", "",
        "\n".join(section(call) for call in page.calls).rstrip() + "\n",
    ))  # fmt: skip


def kinds() -> str:
    """The table of the kinds of value."""
    rows: list[tuple[str, ...]] = []
    for name, (_, low, high) in INTEGERS.items():
        width = int(name[1:]) // 8
        rows.append((f"`{name}`", str(width), f"integer from {low} to {high}, little-endian"))
    rows.append(("`bN`", "N", "exactly N bytes"))
    rows.append(("`bytes<=N`", "2 + length", "u16 length, then that many bytes, at most N"))
    rows.append(("`text<=N`", "2 + length", "the same; shortest-form UTF-8 with no surrogates, and N counts bytes"))
    return table(("kind", "bytes", "value"), rows)


def faults() -> str:
    """The table of the faults."""
    rows = []
    for each in fault.ALL:
        about = (each.__doc__ or "").strip().splitlines()[0]
        rows.append((str(each.code), f"`{each.__name__}`", str(each.errno), about))
    return table(("status", "fault", "errno", "meaning"), rows)


CALLS = """# 0. Calls: what crosses every gate

A gate answers requests, one at a time, over a channel that delivers whole messages in order. The same bytes cross in one
process, between processes, and over a serial line. MUST, SHOULD and MAY are those of RFC 2119. The code is `wire/call.py`.

## Messages

| | offset | bytes | what |
|---|---|---|---|
| request | 0 | 1 | number of the call |
| | 1 | 1 | sequence number, chosen by the caller; ours counts from 1 and wraps |
| | 2 | | arguments, laid out as the call's table says |
| reply | 0 | 1 | status: 0 is success, any other a fault |
| | 1 | 1 | the request's sequence number |
| | 2 | | result, or the reason for the refusal |

* A message MUST have at least 2 and at most {limit} bytes. Bulk data in one call is at most {bulk} bytes.
* A reply MUST carry its request's sequence number; a caller MUST take any other reply for a defect, not for its answer.
* A gate MUST decode strictly: a message that is short, long, out of bounds, of an unknown call or from a caller not listed
  MUST be refused before any effect.
* The caller's identity MUST belong to the channel. Nothing in a message says who sent it.
* A gate MUST judge and use its own copy of the request.
* A second request before the first is answered MUST be refused as OutOfOrder.

## Kinds of value

Fields follow one another without padding. `name:kind<=high` and `name:kind=low..high` narrow an integer.

{kinds}
## Refusals

After status and sequence number, a refusal is laid out as `{why}`.

`ring` is who refused, `rule` the rule applied (such as `gate.caller` or `manifest.gpio`), `policy` the line that decided, and
`remedy` what would make the call lawful. A refusal MUST NOT contain a secret. Its numbers:

{faults}
A caller that meets a status it does not know MUST treat it as Internal. `errno` is what an app sees; the numbers are Linux's.

## Call 0: `describe`

Every gate answers it, to anyone: `{describe}`. The second field has one byte for every call the gate knows.
Example: {ask} is answered, by a gate of calls 1 and 2, with {answer}.

## On a serial line

A packet is a message, then its CRC-32 (IEEE, u32 little-endian), both stuffed by COBS, then one zero byte. A damaged packet is
dropped without an answer; after noise the decoder is in step again at the next zero byte. The code is `wire/stream.py`.
Example: the request above is sent as {packet}.
"""


def calls_page() -> str:
    """What all gates share."""
    from armillary.wire import stream

    ask = request(DESCRIBE, [])
    gate = Gate("any", "anyone", {Call(1, "one"): lambda: None, Call(2, "two"): lambda: None})
    text = CALLS.format(
        limit=LIMIT, bulk=BULK, kinds=kinds(), why=WHY.text, faults=faults(), describe=DESCRIBE.result.text,
        ask=hexadecimal(ask), answer=hexadecimal(gate(ask) or b""), packet=hexadecimal(stream.encode(ask)),
    )  # fmt: skip
    return MADE.format(source="wire/call.py and wire/fault.py") + "\n" + text


def pages() -> dict[str, str]:
    """{file name: contents} of every page made here."""
    return {"00-calls.md": calls_page(), **{page.file: gate_page(page) for page in PAGES}}


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check name those that differ; 1 if any does."""
    changed = [name for name, text in pages().items() if not (SPEC / name).exists() or (SPEC / name).read_text() != text]
    for name in changed:
        print(name)
        if "--check" not in arguments:
            (SPEC / name).write_text(pages()[name])
    return int(bool(changed) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
