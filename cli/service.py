"""`armillary service`: the security service, made, run and filled with what the first device needs."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .base import Group, Problem
from .fleet import DEFAULT
from .link import DEFAULT_PORT, Address, hold_address, operator, read_address, service_options
from .output import is_json, progress, show_json, show_line, show_record, show_result, warn
from .places import Places
from .release import components_now

if TYPE_CHECKING:
    from armillary.service.client import OperatorClient

ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # listening everywhere: where this machine's own clients go
folder_option = click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), help="The service's folder (default: $ARMILLARY_HOME/service)."
)


@click.group(cls=Group)
def service() -> None:
    """Make and run the security service: it attests devices, and gives them certificates and apps."""


@service.command()
@click.option("--host", "hosts", multiple=True, metavar="NAME", help="Another name or address that its certificate is for. Repeatable.")
@folder_option
@click.pass_obj
def init(places: Places, hosts: tuple[str, ...], folder: Path | None) -> None:
    """Make a service: its authorities, its certificate, an empty database and the operator's token."""
    import secrets

    from armillary.service import folder as maker

    target = folder or places.service
    if target.is_dir() and any(target.iterdir()):
        raise Problem(f"{target} is not empty: there is a service in it, or something else", "run it with 'armillary service run', or use --folder for another")
    with progress("making the service's authorities"):
        maker.init(target, hosts, int(time.time()), secrets.token_bytes)
    result = {"folder": str(target), "root": str(target / "root.pem"), "token": str(target / "operator.token")}
    show_result(result, f"made a service in {target}\nnext: armillary service run &")


@service.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="Port; 0 takes a free one.")
@click.option("--no-seed", is_flag=True, help="Leave a new service empty.")
@folder_option
@click.pass_obj
def run(places: Places, host: str, port: int, no_seed: bool, folder: Path | None) -> None:
    """Run the service until Ctrl-C or SIGTERM.

    A service without a catalog is seeded first, as by 'service seed'.
    """
    target = folder or places.service
    address = read_address(target)
    if address.is_running:
        raise Problem(f"the service runs already, at {address.url} (process {address.pid})", "stop it first, or use --folder for another")
    if not (target / "format").exists():
        raise Problem(f"there is no service in {target}", "make one with 'armillary service init'")
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    _serve(places, target, host, port, no_seed)


def _serve(places: Places, folder: Path, host: str, port: int, no_seed: bool) -> None:
    from armillary.service.core import Service
    from armillary.service.server import Server

    ending = threading.Event()
    opened = Service.open(folder)
    try:
        server = _bind(Server, opened, host, port)
        server.start()
        heard, bound = server.address
        held = hold_address(folder, Address(ANY.get(heard, heard), bound))
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ending.set())
        try:
            _begin(places, folder, no_seed)
            ending.wait()
        finally:
            server.stop()
            (folder / "address").unlink(missing_ok=True)
            os.close(held)
    finally:
        opened.close()


def _bind(server: Any, opened: Any, host: str, port: int) -> Any:
    try:
        return server(opened, host, port)
    except OSError as error:
        raise Problem(f"cannot listen on {host} port {port}: {error.strerror}", "choose another with --port (0 takes a free one)") from None


def _begin(places: Places, folder: Path, no_seed: bool) -> None:
    """Seed what is empty, and say where the service is."""
    here = Places(places.home)
    here.service = folder
    address = read_address(folder)
    with operator(here, None, None) as client:
        if not no_seed and not client.catalogs():
            fill(here, client, folder / "root.pem")
    if is_json():
        show_line({"url": address.url, "folder": str(folder)})
    else:
        click.echo(f"the service listens at {address.url}; Ctrl-C ends it")
        sys.stdout.flush()


@service.command()
@service_options
@click.pass_obj
def seed(places: Places, service: str | None, root: Path | None) -> None:
    """Have the service know what the first device needs; what is there already stays as it is.

    A catalog, a product and a group named "default"; the key 'app', so that apps signed with it are
    taken; and a release of the operating system that 'device create' packs now, so that it is attested.
    """
    with operator(places, service, root) as client:
        made = fill(places, client, root)
    show_result(made, "\n".join(f"{name}: {what}" for name, what in made.items()))


def fill(places: Places, client: OperatorClient, root: Path | None) -> dict[str, str]:
    """Make what is missing; what there is of each kind afterwards, and whether it was made now."""
    import armillary
    from armillary.boards.keys import Vendor

    vendor = Vendor.open(places.keys)
    components = components_now(places, root)
    made: dict[str, str] = {}
    catalog = _ensure(made, "catalog", client.catalogs(), lambda: client.create_catalog(DEFAULT))
    product = _ensure(made, "product", _of(client.products(), "catalog", catalog), lambda: client.create_product(DEFAULT, catalog))
    _ensure(made, "group", _of(client.groups(), "product", product), lambda: client.create_group(DEFAULT, product))
    made["key"] = "app, there"
    if vendor.app.public.hex() not in [row["public"] for row in _of(client.keys(), "catalog", catalog)]:
        client.add_key(vendor.app.public.hex(), vendor.app.thumbprint.hex(), catalog)
        made["key"] = "app, made"
    parts = {(part["type"], part["sha256"]) for part in components}
    same = [row["name"] for row in client.releases() if {(each["type"], each["sha256"]) for each in row["components"]} == parts]
    if not same:
        digest = components[-2]["sha256"]
        client.create_release(f"{armillary.__version__}-{digest[:12]}", components)
    made["release"] = f"{same[0]}, there" if same else f"{armillary.__version__}-{digest[:12]}, made"
    return made


def _of(rows: list[dict[str, Any]], key: str, value: str) -> list[dict[str, Any]]:
    return [row for row in rows if row[key] == value]


def _ensure(made: dict[str, str], what: str, rows: list[dict[str, Any]], make: Any) -> str:
    """The id of the row named "default", made now if there is none."""
    found = [row for row in rows if row["name"] == DEFAULT]
    row = found[0] if found else make()
    made[what] = f"{DEFAULT} {row['id']}, {'there' if found else 'made'}"
    return str(row["id"])


@service.command()
@folder_option
@click.pass_obj
def show(places: Places, folder: Path | None) -> None:
    """Show where the service is, what it proves itself with, and how much it keeps."""
    from armillary.service.folder import open_folder

    target = folder or places.service
    keys = open_folder(target)
    address = read_address(target)
    found: dict[str, Any] = {
        "folder": str(target), "url": address.url, "is_running": address.is_running, "pid": address.pid if address.is_running else None,
        "root": str(target / "root.pem"), "root_subject": keys.root.subject.rfc4514_string(), "root_until": keys.root.not_valid_after_utc.isoformat(),
    }  # fmt: skip
    if address.is_running:
        here = Places(places.home)
        here.service = target
        with operator(here, None, None) as client:
            found["counts"] = {
                "catalogs": len(client.catalogs()), "groups": len(client.groups()), "devices": len(client.devices()),
                "images": len(client.images()), "releases": len(client.releases()),
            }  # fmt: skip
    if is_json():
        show_json(found)
        return
    show_record(found, [
        ("folder", "folder"), ("address", lambda row: row["url"] + ("" if row["is_running"] else " (not running)")), ("process", "pid"),
        ("root certificate", "root"), ("root subject", "root_subject"), ("root until", "root_until"),
        ("keeps", lambda row: [f"{count} {name}" for name, count in row.get("counts", {}).items()]),
    ])  # fmt: skip
    if not address.is_running:
        warn("the service is not running: start it with 'armillary service run'")
