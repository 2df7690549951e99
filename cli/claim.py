"""`armillary device claim|unclaim|revoke|status`: what the service knows of a device."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .base import Command
from .device import read_made
from .fleet import find_group
from .link import operator, service_options
from .output import date, short, show_record, show_result, warn
from .places import Places

if TYPE_CHECKING:
    from armillary.service.client import OperatorClient

DEVICE_ID = re.compile(r"[0-9a-f]{128}")


def id_of(places: Places, name: str | None) -> str:
    """The id of a device given by name or by its id. Raises Problem."""
    from armillary.boards.sim.device import device_id

    if name is not None and DEVICE_ID.fullmatch(name.lower()):
        return name.lower()
    return device_id(places.device(name))


@click.command(cls=Command)
@click.argument("name", required=False)
@click.option("--group", metavar="GROUP", help="The group: id, name or PRODUCT/NAME (default: the only one, or 'default').")
@service_options
@click.pass_obj
def claim(places: Places, name: str | None, group: str | None, service: str | None, root: Path | None) -> None:
    """Claim a device for a group. NAME may also be a device id (128 hex digits) of a device elsewhere.

    A device that is in a group already is moved.
    """
    device = id_of(places, name)
    with operator(places, service, root) as client:
        target = find_group(client, group)
        mine = [row for row in client.devices() if row["id"] == device]
        row = client.change_device(device, group=target) if mine else client.claim(device, target)
        known = None if name is not None and DEVICE_ID.fullmatch(name.lower()) else _release_of(client, places.device(name))
    show_result(row, f"device {short(device, 16)}… is {'now' if not mine else 'moved'} in group {target}")
    if known == "":
        warn("its operating system is of no release that the service knows, so it will not be attested: "
             "'armillary release create NAME --from-device NAME' trusts it")  # fmt: skip


def _release_of(client: OperatorClient, folder: Path) -> str:
    """The release whose images are exactly the device's; "" if there is none."""
    wanted = {(part["type"], part["sha256"]) for part in read_made(folder)["components"]}
    for release in client.releases():
        if {(part["type"], part["sha256"]) for part in release["components"]} == wanted:
            return str(release["name"])
    return ""


@click.command(cls=Command)
@click.argument("name", required=False)
@service_options
@click.pass_obj
def unclaim(places: Places, name: str | None, service: str | None, root: Path | None) -> None:
    """Give a claimed device up: its certificates open nothing from now on."""
    device = id_of(places, name)
    with operator(places, service, root) as client:
        client.unclaim(device)
    show_result({"device": device, "state": "unclaimed"}, f"device {short(device, 16)}… belongs to nobody")


@click.command(cls=Command)
@click.argument("name", required=False)
@click.option("--undo", is_flag=True, help="Take it back again; also out of quarantine.")
@service_options
@click.pass_obj
def revoke(places: Places, name: str | None, undo: bool, service: str | None, root: Path | None) -> None:
    """Have the service refuse a device, its certificates with it, until that is undone."""
    device = id_of(places, name)
    with operator(places, service, root) as client:
        row = client.change_device(device, state="active" if undo else "revoked")
    show_result(row, f"device {short(device, 16)}… is {row['state']}")


@click.command(cls=Command)
@click.argument("name", required=False)
@service_options
@click.pass_obj
def status(places: Places, name: str | None, service: str | None, root: Path | None) -> None:
    """Show what the service knows of a device: group, last attestation, certificates, reports."""
    device = id_of(places, name)
    with operator(places, service, root) as client:
        row = client.device(device)
        groups = {each["id"]: each["name"] for each in client.groups()}
        certificates = client.certificates(device)
    show_record({**row, "certificates": certificates}, [
        ("device", "id"), ("state", "state"), ("group", lambda row: f"{groups.get(row['group'], '?')} {row['group']}"),
        ("claimed", lambda row: date(row["claimed"])), ("attestation", lambda row: _verdict(row["attestation"])),
        ("certificate until", lambda row: date(row["certificate_not_after"])),
        ("certificates", lambda row: len(row["certificates"])), ("reports", "reports"), ("strangers in its name", "strangers"),
    ])  # fmt: skip


def _verdict(verdict: dict[str, Any] | None) -> str:
    if verdict is None:
        return "never"
    if verdict["is_accepted"]:
        return f"accepted {date(verdict['time'])}, release {verdict['release']}"
    return f"refused {date(verdict['time'])}: {verdict['reason']} ({verdict['error']})"
