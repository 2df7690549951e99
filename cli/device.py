"""`armillary device`: simulated devices, from manufacture to the scrap heap."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .base import Command, LazyGroup, Problem
from .link import Address, parse_url, read_address, read_root
from .output import is_json, progress, say, short, show_json, show_record, show_result, show_rows, warn
from .places import Places
from .system import make_system

if TYPE_CHECKING:
    from armillary.boards.sim.client import Board

MADE = "made.json"  # what it was made with: the service it knows, the images it measures
BOOTED = "[kernel] up"
BOOT_S = 30.0
TABLE = {
    "create": ("device", "create", "Manufacture a device: keys, fuses, flash, signed system."),
    "list": ("device", "list_devices", "List the devices and whether they are up."),
    "show": ("device", "show", "Show one device: identity, state, what is in flash."),
    "up": ("device", "up", "Start a device in the background, power on."),
    "down": ("device", "down", "Switch a device off and end its processes."),
    "delete": ("device", "delete", "Remove a device that is down, with its keys."),
    "power": ("board", "power", "Switch the power of a device that is up; or cut it."),
    "log": ("board", "log", "Print what the debug UART said."),
    "timeline": ("board", "timeline", "Show the latest boot: what ran, verified by which key."),
    "pins": ("pins", "pins", "Show the pins, live or once; drive them from outside."),
    "wire": ("wires", "wire", "Wire parts, voltages, levels to a device; take them off."),
    "serial": ("wires", "serial", "Speak on a serial line of a device, and hear it."),
    "claim": ("claim", "claim", "Claim a device for a group of a catalog."),
    "unclaim": ("claim", "unclaim", "Give a claimed device up."),
    "revoke": ("claim", "revoke", "Have the service refuse a device until that is undone."),
    "status": ("claim", "status", "Show what the service knows of a device."),
}


@click.group(cls=LazyGroup, table=TABLE)
def device() -> None:
    """Make devices, switch them on, watch and claim them.

    NAME may be left out where there is only one device.
    """


@click.command(cls=Command)
@click.argument("name")
@click.option("--app", "apps", multiple=True, type=click.Path(exists=True, path_type=Path), metavar="FOLDER|PACKAGE",
              help="An app to install: its folder (packed and signed with the key 'app'; C is built first) or a signed package. Repeatable.")  # fmt: skip
@click.option("--service", metavar="URL|FOLDER", help="The service that the device will know (default: the local one).")
@click.option("--root", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="PEM",
              help="Root certificate of a service given as a URL.")  # fmt: skip
@click.option("--hybrid", is_flag=True, help="Sign all by ECDSA and by LMS, and fuse that the device takes nothing less.")
@click.pass_obj
def create(places: Places, name: str, apps: tuple[Path, ...], service: str | None, root: Path | None, hybrid: bool) -> None:
    """Manufacture a device: keys in Pluton, fuses, flash with the signed system.

    The vendor's keys are made on first use. The device trusts the root certificate of one service, and
    asks it for updates every few seconds (one in the field: once a day). With --hybrid a quantum computer
    that breaks ECDSA does not suffice to have anything run on it; there is no way back.
    """
    folder = places.new_device(name)
    with progress("loading") as tell:
        made, roots = _service_of(places, service, root)
        device_id = _create(places, folder, {**made, "hybrid": hybrid}, roots, apps, tell)
    result = {"name": name, "device": device_id, "folder": str(folder), "service": made["service"], "hybrid": hybrid}
    show_result(result, f"made {name}, device {short(device_id, 16)}…\nnext: armillary device up {name}")
    if not roots:
        warn("there is no service: the device will never be attested (make one with 'armillary service init' first)")


def _service_of(places: Places, service: str | None, root: Path | None) -> tuple[dict[str, Any], dict[str, bytes]]:
    """(what to remember of the service, roots for the certificate store)."""
    if service and "://" in service:
        address = parse_url(service)
        return {"service": {"url": address.url}}, {"service": read_root(places, root).encode()}
    folder = Path(service).absolute() if service else places.service
    if not (folder / "root.pem").exists():
        if service:
            raise Problem(f"{folder} is not a service's folder", "make one with 'armillary service init', or give https://HOST:PORT")
        return {"service": None}, {}
    return {"service": {"folder": str(folder)}}, {"service": (folder / "root.pem").read_bytes()}


def _create(
    places: Places, folder: Path, made: dict[str, Any], roots: dict[str, bytes], apps: tuple[Path, ...], tell: Callable[[str], None]
) -> str:
    from armillary.boards.keys import Vendor
    from armillary.boards.sim import device as maker

    vendor = Vendor.open(places.keys, places.ledger if made["hybrid"] else None)
    tell("packing apps")
    packages = [_package(path, vendor) for path in apps]
    _check_apart(apps, packages)
    tell("packing and signing the operating system")
    system = make_system(vendor, roots)
    device_id = maker.create(folder, vendor, system, packages, tell)
    (folder / MADE).write_text(json.dumps({**made, "components": system.components()}, indent=2) + "\n")
    _name_service(folder)
    return device_id


def _package(path: Path, vendor: Any) -> bytes:
    from armillary.boards.apps import pack_app, read_package
    from armillary.boards.mt3620 import build
    from armillary.wire import image

    if path.is_dir() and build.is_program(path):
        return build.build_package(path, vendor.app, 1)
    if path.is_dir():
        return pack_app(path, vendor.app, 1)
    package = read_package(path)
    if image.parse(package).thumbprint != vendor.app.thumbprint:
        warn(f"{path} is signed by somebody whom this device does not know, so it will not run: 'armillary image sign {path} --key app'")
    return package


def _check_apart(paths: tuple[Path, ...], packages: list[bytes]) -> None:
    """Raise Problem if two apps claim to be the same."""
    from armillary.wire import guid, image

    known: dict[bytes, Path] = {}
    for path, package in zip(paths, packages, strict=True):
        component = image.parse(package).component
        if component in known:
            raise Problem(f"{known[component]} and {path} have the same ComponentId {guid.to_text(component)}", "give each app one of its own")
        known[component] = path


def read_made(folder: Path) -> dict[str, Any]:
    """What a device was made with. Raises Problem."""
    try:
        made: dict[str, Any] = json.loads((folder / MADE).read_text())
    except (OSError, ValueError):
        raise Problem(f"{folder / MADE} cannot be read", "make the device again") from None
    return made


def _name_service(folder: Path) -> Address | None:
    """Bring the device's network table up to date (it must be down); where its service is."""
    from socket import gethostbyname

    from armillary.boards.sim import device as maker

    service = read_made(folder)["service"]
    if service is None:
        return None
    address = parse_url(service["url"]) if "url" in service else read_address(Path(service["folder"]))
    maker.set_host(folder, *maker.SERVICE_NAME, gethostbyname(address.host), address.port)
    return address


@click.command("list", cls=Command)
@click.pass_obj
def list_devices(places: Places) -> None:
    """List the devices and whether they are up."""
    rows = [_row(places.devices / name) for name in places.device_names()]
    columns: list[Any] = [
        ("name", "name"), ("state", "state"), ("uptime", lambda row: seconds(row["uptime_us"])), ("device", lambda row: short(row["device"], 16)),
    ]  # fmt: skip
    show_rows(rows, columns, "no devices: make one with 'armillary device create NAME'")


def _row(folder: Path) -> dict[str, Any]:
    from armillary.boards.sim import device as maker

    state = status_of(folder)
    try:
        device_id: str | None = maker.device_id(folder)
    except OSError:
        device_id = None
    return {"name": folder.name, "state": state["state"], "uptime_us": state.get("uptime_us", 0), "device": device_id}


def seconds(microseconds: int) -> str:
    """A duration for reading; "-" for none."""
    return f"{microseconds / 1e6:.1f} s" if microseconds else "-"


def status_of(folder: Path) -> dict[str, Any]:
    """The board's status; {"state": "down"} where nobody runs it."""
    from armillary.boards.sim import client

    if not client.is_up(folder):
        return {"state": "down"}
    with client.Board(folder) as board:
        return board.do("status")


@click.command(cls=Command)
@click.argument("name", required=False)
@click.pass_obj
def show(places: Places, name: str | None) -> None:
    """Show one device: identity, state, processes, and what is in flash."""
    from armillary.boards.sim import device as maker

    folder = places.device(name)
    state = status_of(folder)
    found = {
        "name": folder.name, "device": maker.device_id(folder), "folder": str(folder), "service": read_made(folder)["service"],
        **state, "images": images_in(folder, state["state"] != "down"),
    }  # fmt: skip
    if is_json():
        show_json(found)
        return
    show_record(found, [
        ("name", "name"), ("device", "device"), ("state", lambda row: row["state"] + (f" ({row['why']})" if row.get("why") else "")),
        ("uptime", lambda row: seconds(row.get("uptime_us", 0))),
        ("processes", lambda row: [f"{ring} {pid}" for ring, pid in row.get("boxes", {}).items()]),
        ("service", lambda row: ", ".join((row["service"] or {}).values())), ("folder", "folder"),
    ])  # fmt: skip
    click.echo()
    show_rows(found["images"], [
        ("type", "type_name"), ("image", "image"), ("version", "version"), ("state", "state"), ("copy", "copy"),
        ("confirmed", "confirmed"), ("offset", lambda row: hex(row["offset"])), ("bytes", "length"),
    ], "no images in flash: its locator table is damaged")  # fmt: skip


def images_in(folder: Path, is_up: bool) -> list[dict[str, Any]]:
    """What the locator table in flash names, read at the chip's pins."""
    from armillary.boards.sim import client, facts
    from armillary.hal.sim.folder import DeviceFolder
    from armillary.wire import partition

    if is_up:
        with client.Board(folder) as board:
            tables = partition.read_tables(Probe(board), facts.FLASH_LAYOUT)
    else:
        with DeviceFolder(folder) as opened:
            tables = partition.read_tables(opened.flash, facts.FLASH_LAYOUT)
    return [_image(entry) for entry in tables[0][1]] if tables else []


class Probe:
    """The flash of a board that is up, read at the chip's pins."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of flash."""
        return bytes.fromhex(self._board.do("flash_read", offset=offset, length=length)["data"])


def _image(entry: Any) -> dict[str, Any]:
    from armillary.wire import guid, image

    states = {1: "staged", 2: "installed", 3: "previous"}
    return {
        "type": entry.image_type, "type_name": image.TYPE_NAMES.get(entry.image_type, str(entry.image_type)),
        "component": guid.to_text(entry.component), "image": guid.to_text(entry.image), "version": entry.version,
        "state": states.get(entry.state, str(entry.state)), "copy": ("primary", "backup")[entry.replica],
        "confirmed": bool(entry.confirmed), "trial": entry.trial, "offset": entry.offset, "length": entry.length,
    }  # fmt: skip


@click.command(cls=Command)
@click.argument("name", required=False)
@click.option("--no-power", is_flag=True, help="Leave the power off; 'device power on' applies it.")
@click.option("--no-wait", is_flag=True, help="Do not wait until the system has booted.")
@click.pass_obj
def up(places: Places, name: str | None, no_power: bool, no_wait: bool) -> None:
    """Start a device in the background, each ring a confined process of its own."""
    from armillary.boards.sim import client
    from armillary.hal.sim.box.confine import weaknesses

    folder = places.device(name)
    if client.is_up(folder):
        raise Problem(f"{folder.name} is up already", f"'armillary device power {folder.name} on' if its power is off")
    weaker = weaknesses()
    for weakness in weaker:
        warn(weakness)
    address = _name_service(folder)
    if address is not None and not address.is_running:
        warn("the service is not running, so the device cannot attest: start it with 'armillary service run'")
    with progress("starting " + folder.name), client.start(folder, power=not no_power) as board:
        booted_s = None if no_power or no_wait else _wait_boot(folder, board)
    text = f"{folder.name} is up" + (f", booted in {booted_s:.2f} s" if booted_s else ", power off" if no_power else "")
    result = {"name": folder.name, "state": "off" if no_power else "on", "booted_s": booted_s, "weaknesses": weaker}
    show_result(result, text)


def _wait_boot(folder: Path, board: Board) -> float:
    """Wait until the kernel is up; seconds from power-on. Raises Problem with what the UART said last."""
    from armillary.boards.sim.client import BoardProblem

    try:
        board.wait_uart(BOOTED, BOOT_S)
    except BoardProblem:
        said = board.uart().strip().split("\n")[-3:]
        state = board.do("status")
        raise Problem(
            f"{folder.name} did not boot ({state['state']}{': ' + state['why'] if state['why'] else ''}); it said last: " + " / ".join(said),
            f"see 'armillary device log {folder.name}', then 'armillary device down {folder.name}'",
        ) from None
    return int(board.do("status")["uptime_us"]) / 1e6


@click.command(cls=Command)
@click.argument("name", required=False)
@click.pass_obj
def down(places: Places, name: str | None) -> None:
    """Switch a device off and end its processes; flash and fuses stay."""
    from armillary.boards.sim import client

    folder = places.device(name)
    if not client.is_up(folder):
        raise Problem(f"{folder.name} is not up")
    with progress("stopping " + folder.name):
        client.stop(folder)
    show_result({"name": folder.name, "state": "down"}, f"{folder.name} is down")


@click.command(cls=Command)
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(places: Places, name: str, yes: bool) -> None:
    """Remove a device that is down, with its keys: nothing brings it back."""
    from armillary.hal.sim.folder import Damaged, DeviceFolder, Exposed, Newer

    folder = places.device(name)
    if not yes:
        click.confirm(f"Remove {name} for good?", abort=True, err=True)
    try:
        with DeviceFolder(folder):  # nobody else has it open
            shutil.rmtree(folder)
    except (Damaged, Exposed, Newer):
        shutil.rmtree(folder)  # it cannot be opened by anybody
    show_result({"name": name, "state": "deleted"}, f"removed {name}")
    say("if the service still has it, give it up there with 'armillary device unclaim'")
