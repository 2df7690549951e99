"""`armillary key`: signing keys, each two files in $ARMILLARY_HOME/keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .base import Group, Problem
from .link import operator, service_options
from .output import progress, show_record, show_result, show_rows
from .places import Places

if TYPE_CHECKING:
    from armillary.boards.keys import SigningKey

ROLES = {
    "root": "what the fuses name: signs first loader and key store", "os": "signs the operating system",
    "app": "signs applications", "development": "signs packages for devices in development", "capability": "signs capability files",
}  # fmt: skip
SUFFIX = ".key.pem"


@click.group(cls=Group)
def key() -> None:
    """Make and list signing keys.

    The vendor's own (root, os, app, development, capability) are made when the first device is.
    """


@key.command()
@click.argument("name")
@click.option("--hybrid", is_flag=True, help="Make an LMS key beside it, for signatures that outlive ECDSA.")
@click.pass_obj
def create(places: Places, name: str, hybrid: bool) -> None:
    """Make a P-256 key and the self-signed certificate that names it.

    An LMS key signs 1024 different messages, and must never sign two with one number: what it signed is
    kept in the ledger ($ARMILLARY_LEDGER), and a key that came back from a backup is refused by it.
    """
    from armillary.boards.keys import SigningKey

    with progress("making a key"):
        places.keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = SigningKey.generate(name)
        made.save(places.keys, name)
        if hybrid:
            made.pair(places.keys, name, places.ledger)
    show_result(_row(places.keys, name, made), f"made key {name}, thumbprint {made.thumbprint.hex()}")


@key.command("list")
@click.pass_obj
def list_keys(places: Places) -> None:
    """List the keys."""
    rows = [_row(places.keys, name, load(places.keys, name)) for name in names_in(places.keys)]
    show_rows(rows, [("name", "name"), ("thumbprint", "thumbprint"), ("role", "role")], "no keys: make one with 'armillary key create NAME'")


@key.command()
@click.argument("name")
@click.pass_obj
def show(places: Places, name: str) -> None:
    """Show a key: public half, thumbprint, certificate. The private half is never shown."""
    from armillary.boards.lms import LmsFileSigner, public_in

    found = load(places.keys, name)
    certificate = found.certificate
    row = _row(places.keys, name, found) | {
        "subject": certificate.subject.rfc4514_string(),
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "certificate": str(places.keys / (name + ".cert.pem")),
    }
    paired = public_in(places.keys, name)
    if paired is not None:
        row |= {"lms": paired.hex(), "lms_left": LmsFileSigner.open(places.keys, name, places.ledger).left}
    titles = ["name", "role", "public", "thumbprint", "subject", "not_before", "not_after", "certificate"]
    titles += [] if paired is None else ["lms", "lms_left"]
    show_record(row, [(title.replace("_", " "), title) for title in titles])


@key.command()
@click.argument("name")
@click.option("--catalog", metavar="CATALOG", help="The catalog, by name or id.")
@service_options
@click.pass_obj
def register(places: Places, name: str, catalog: str | None, service: str | None, root: Path | None) -> None:
    """Have the service take images signed with this key into a catalog.

    Devices trust what their own key store names, whatever the service takes.
    """
    from .fleet import find

    found = load(places.keys, name)
    with operator(places, service, root) as client:
        row = client.add_key(found.public.hex(), found.thumbprint.hex(), find("catalog", client.catalogs(), catalog))
    show_result(row, f"the service takes images signed with {name}")


def load(folder: Path, name: str) -> SigningKey:
    """A key by name. Raises Problem."""
    from armillary.boards.keys import KeyProblem, SigningKey

    try:
        return SigningKey.load(folder, name)
    except KeyProblem as problem:
        known = ", ".join(names_in(folder))
        if "no key" not in str(problem):
            raise
        remedy = f"make it with 'armillary key create {name}'"
        raise Problem(f"there is no key {name!r} in {folder}", f"use one of {known}, or {remedy}" if known else remedy) from None


def names_in(folder: Path) -> list[str]:
    """The names of the keys in a folder, in order."""
    return sorted(path.name.removesuffix(SUFFIX) for path in folder.glob("*" + SUFFIX)) if folder.is_dir() else []


def public_of(folder: Path, name: str) -> bytes:
    """X||Y of a key. Raises Problem."""
    return load(folder, name).public


def _row(folder: Path, name: str, found: SigningKey) -> dict[str, Any]:
    return {"name": name, "public": found.public.hex(), "thumbprint": found.thumbprint.hex(), "role": ROLES.get(name, "your own")}
