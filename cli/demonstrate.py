"""`armillary demo`: tells of each step as it goes, and shows what it found in a shape for reading."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from .base import Command, Problem
from .output import clean, is_json, make_table, show_json, show_table

Detail = dict[str, Any]
ASKED = {
    "manifest.gpio": "a pin", "manifest.allowed_connections": "a host", "manifest.mutable_storage": "a mutable file",
    "package.path": "a file outside its package",
}  # fmt: skip
DECIDED = re.compile(r" \(decided by (.*?)\)(?:; to allow it: |$)")


@click.command(cls=Command)
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
              help="Leave the device and the service, as they are at the end, in this new folder.")  # fmt: skip
@click.pass_context
def demo(context: click.Context, keep: Path | None) -> None:
    """See the whole system in one narrated run: from blank silicon to power cuts.

    Everything is real: confined processes, TLS, signatures, flash. It takes about fifteen seconds,
    needs no network and leaves nothing behind. The exit status is 1 if any step does not hold.
    """
    if keep is not None and keep.exists():
        raise Problem(f"{keep} exists", "choose a folder that does not")
    results = _run(keep)
    if is_json():
        show_json({"steps": [{key: value for key, value in each.items() if key != "title"} for each in results]})
    else:
        _summarize(results)
    context.exit(0 if all(each["ok"] for each in results) else 1)


def _run(keep: Path | None) -> list[Detail]:
    from .demo.run import run

    teller = _Teller(is_json())
    if keep is not None:
        keep.mkdir(mode=0o700, parents=True)
    return run(teller.begin, teller.tell, keep)


class _Teller:
    """Prints a step's title when it begins, and its end and findings when it has ended."""

    def __init__(self, is_silent: bool) -> None:
        self.is_silent = is_silent
        self.number = 0

    def begin(self, name: str, title: str) -> None:
        """A step begins."""
        self.number += 1
        if not self.is_silent:
            click.echo(click.style(f"\n{self.number:2}  {clean(title)}", bold=True))

    def tell(self, result: Detail) -> None:
        """A step has ended."""
        if self.is_silent:
            return
        mark = click.style("✓ holds", fg="green") if result["ok"] else click.style("✗ does not hold", fg="red")
        detail = result["detail"]
        if result["ok"]:
            VIEWS.get(result["name"], show_fields)(detail)
        else:
            show_fields(detail)
        click.echo(f"    {mark} ({result['seconds']:.2f} s)")


def _summarize(results: list[Detail]) -> None:
    held = sum(each["ok"] for each in results)
    total = sum(each["seconds"] for each in results)
    text = f"\n{held} of {len(results)} steps hold, {total:.1f} s"
    click.echo(click.style(text, fg="green" if held == len(results) else "red", bold=True))
    for each in results:
        if not each["ok"]:
            click.echo(f"  {each['name']}: {clean(each['detail'].get('problem', '?'))}")


def show_fields(detail: Detail, width: int = 24) -> None:
    """Each finding in a line of its own; identifiers cut."""
    for name, value in detail.items():
        if isinstance(value, dict):
            click.echo(f"    {name.replace('_', ' ')}:")
            for key, each in value.items():
                click.echo(f"      {clean(key):{width - 2}}{_brief(each)}")
        else:
            click.echo(f"    {name.replace('_', ' '):{width}}{_brief(value)}")


def _brief(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "; ".join(_brief(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {_brief(each)}" for key, each in value.items())
    text = clean(value)
    is_identifier = len(text) >= 40 and " " not in text and "/" not in text
    return text[:16] + "…" if is_identifier else text


def _boot(detail: Detail) -> None:
    titles = ("ring", "stage", "copy", "version", "verified with", "measured", "at ms", "took ms")
    rows = []
    for each in detail["timeline"]:
        start, end = int(each["from"]), int(each["to"])
        rows.append((
            "    " + each["ring"], each["stage"], each["copy"], each["version"], each["key"][:12], each["sha256"][:16],
            round(start / 1000, 1), round((end - start) / 1000, 1),
        ))  # fmt: skip
    show_table(make_table(["    " + titles[0], *titles[1:]], rows))
    click.echo("    one confined process each: " + ", ".join(f"{ring} (pid {pid})" for ring, pid in detail["boxes"].items()))


def _certificate(detail: Detail) -> None:
    click.echo(f"    subject   {_brief(detail['subject'])} (the device id, a public key made in Pluton)")
    click.echo(f"    serial    {_brief(detail['serial'])}")
    click.echo(f"    valid     {detail['hours']} hours; what booted is release {clean(detail['release'])}")


def _blink(detail: Detail) -> None:
    click.echo(f"    pin {detail['pin']} changed {detail['changes']} times, every {detail['half_period_ms']} ms")


def _update(detail: Detail) -> None:
    click.echo(f"    version 2 blinks every {detail['half_period_ms']} ms")
    refusals = [("    version 3, tampered", detail["tampered"]), ("    version 1, old", detail["old"])]
    _refusals("    update", refusals)


def _overreach(detail: Detail) -> None:
    _refusals("    asked for", [("    " + ASKED.get(rule, rule), found) for rule, found in detail.items()])


def _refusals(title: str, rows: list[tuple[str, Detail]]) -> None:
    """Who refused what, under which rule, why, and which line of policy decided."""
    show_table(make_table(
        [title, "refused by", "rule", "why", "decided by"],
        [(what, row.get("ring"), row.get("rule"), *_why(row)) for what, row in rows],
    ))  # fmt: skip


def _why(row: Detail) -> tuple[str, str]:
    """(reason, policy) of a refusal, which may come as one line (see `wire.fault.explain`) or in parts."""
    reason = str(row.get("reason", ""))
    decided = DECIDED.search(reason)
    return reason.partition(" [")[0], str(row.get("policy") or (decided[1] if decided else ""))


def _crash(detail: Detail) -> None:
    text = detail.get("traceback") or detail.get("reason") or ""
    rest = {key: value for key, value in detail.items() if key not in ("traceback",)}
    show_fields(rest)
    for line in str(text).strip().splitlines()[-4:]:
        click.echo("      | " + clean(line))


def _flip(detail: Detail) -> None:
    click.echo(f"    bit 3 of flash byte {detail['flipped_at']} flipped; the {detail['copy']} kernel booted")
    for line in detail["said"]:
        click.echo("      | " + clean(line))


def _cut(detail: Detail) -> None:
    before, after = detail["came_up_with_half_period_ms"], detail["then_half_period_ms"]
    click.echo(f"    power failed in flash operation {detail['cut_in_operation']} of the update")
    click.echo(f"    came up with pin changes every {before} ms (60: old, 40: new), and runs at {after} ms in the end")


VIEWS: dict[str, Callable[[Detail], None]] = {
    "power_on": _boot, "attest": _certificate, "deploy_blink": _blink, "update": _update, "overreach": _overreach,
    "crash": _crash, "flip_kernel": _flip, "cut_power": _cut,
}  # fmt: skip
