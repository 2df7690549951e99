"""`armillary report`: what devices and the service say went wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .base import Group, Problem
from .claim import id_of
from .link import operator, service_options
from .output import date, is_json, short, show_record, show_rows
from .places import Places

KINDS = ("denial", "crash", "update", "boot", "attestation")


@click.group(cls=Group)
def report() -> None:
    """Reports: what devices and the service say went wrong."""


@report.command("list")
@click.option("--device", metavar="NAME", help="Only of this device (name or id).")
@click.option("--kind", type=click.Choice(KINDS), help="Only of this kind.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="At most so many, the latest first.")
@service_options
@click.pass_obj
def list_reports(
    places: Places, device: str | None, kind: str | None, limit: int, service: str | None, root: Path | None
) -> None:
    """List the reports, the latest first."""
    with operator(places, service, root) as client:
        rows = client.reports(id_of(places, device) if device else None, kind, None, limit)["reports"]
    show_rows(rows, [
        ("time", lambda row: date(row["time"] / 1000)), ("device", lambda row: short(row["device"])), ("kind", "kind"), ("what", _what),
    ], "no reports")  # fmt: skip


@report.command("show")
@click.option("--device", metavar="NAME", help="Of this device (name or id).")
@click.option("--kind", type=click.Choice(KINDS), help="Of this kind.")
@service_options
@click.pass_obj
def show_report(places: Places, device: str | None, kind: str | None, service: str | None, root: Path | None) -> None:
    """Show the latest report whole: a traceback, or the post-mortem of a real-time app."""
    with operator(places, service, root) as client:
        rows = client.reports(id_of(places, device) if device else None, kind, None, 1)["reports"]
    if not rows:
        raise Problem("there is no such report", "see all with 'armillary report list'")
    shown = {**rows[0], "time": date(rows[0]["time"] / 1000), **rows[0]["detail"]}
    first = [(name, name) for name in ("time", "device", "component", "kind")]
    show_record(rows[0] if is_json() else shown, [*first, *((name, name) for name in rows[0]["detail"])])


def _what(row: dict[str, Any]) -> str:
    """A report in a line or two: the words first, then by whom and under which rule."""
    detail = row["detail"]
    rest = [f"{key} {value}" for key, value in detail.items() if key not in ("result", "reason")]
    words = str(detail.get("reason") or ", ".join(rest))
    decided = [str(detail[key]) for key in ("ring", "rule") if detail.get(key)]
    by = f" [{' '.join(decided)}]" if decided and decided[-1] not in words else ""
    return f"{detail['result']}: {words}{by}" if detail.get("result") else words + by
