"""`armillary report`: what devices and the service say went wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .base import Group
from .claim import id_of
from .link import operator, service_options
from .output import date, short, show_rows
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


def _what(row: dict[str, Any]) -> str:
    """A report in a line or two: the words first, then by whom and under which rule."""
    detail = row["detail"]
    rest = [f"{key} {value}" for key, value in detail.items() if key not in ("result", "reason")]
    words = str(detail.get("reason") or ", ".join(rest))
    decided = [str(detail[key]) for key in ("ring", "rule") if detail.get(key)]
    by = f" [{' '.join(decided)}]" if decided and decided[-1] not in words else ""
    return f"{detail['result']}: {words}{by}" if detail.get("result") else words + by
