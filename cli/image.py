"""`armillary image`: packages packed, explained, verified, signed, and given to the service."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .base import Command, LazyGroup, Problem
from .files import write_file
from .key import load
from .output import clean, is_json, progress, say, show_json, show_record, show_result, show_rows
from .places import Places

if TYPE_CHECKING:
    from armillary.boards.images import Signer

MOST_BYTES = 64 * 1024 * 1024
EXTENSION = ".imagepackage"
HYBRID = click.option("--hybrid", is_flag=True, help="Sign by LMS too, with the LMS key of the same name.")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
TABLE = {
    "pack": ("image", "pack", "Pack and sign an app's folder."),
    "show": ("image", "show", "Explain a package: parts, files, manifest, permissions."),
    "verify": ("image", "verify", "Check a package's signature."),
    "sign": ("image", "sign", "Sign a package anew with another key."),
    "upload": ("upload", "upload", "Give an app's package to the service."),
    "list": ("upload", "list_images", "List the images that the service has."),
    "delete": ("upload", "delete", "Have the service forget an image."),
}


@click.group(cls=LazyGroup, table=TABLE)
def image() -> None:
    """Pack, explain, verify, sign and upload image packages."""


def read_package(path: Path) -> bytes:
    """A package's bytes. Raises Problem for a file that is too large to be one."""
    if path.stat().st_size > MOST_BYTES:
        raise Problem(f"{path} has more than {MOST_BYTES} bytes: it is not an image package")
    return path.read_bytes()


@click.command(cls=Command)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("-o", "output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Where to write it (default: the app's folder name in the current folder).")  # fmt: skip
@click.option("--key", "key_name", default="app", show_default=True, metavar="NAME", help="The key to sign with.")
@click.option("--version", type=click.IntRange(0, 255), default=1, show_default=True,
              help="Security version: once one has proved itself, devices refuse lower ones.")  # fmt: skip
@click.option("--hardware", type=FILE, help="Hardware definition (JSON) that the manifest's $NAMEs refer to.")
@HYBRID
@click.pass_obj
def pack(
    places: Places, folder: Path, output: Path | None, key_name: str, version: int, hardware: Path | None, hybrid: bool
) -> None:  # fmt: skip
    """Pack and sign the app in FOLDER: its manifest, its entry point and whatever lies beside them."""
    from armillary.boards.apps import pack_app

    target = output or Path(folder.absolute().name + EXTENSION)
    package = pack_app(folder, _signer(places, key_name, hybrid), version, None, hardware)
    write_file(target, package)
    found = _brief(package)
    show_result(
        {"file": str(target), "key": key_name, **found},
        f"wrote {target}: {found['name']}, {found['bytes']} bytes, security version {version}, signed with {key_name}\nimage {found['image']}",
    )


def _signer(places: Places, name: str, hybrid: bool) -> Signer:
    """A key by name, with the LMS key beside it if that is to sign too; what is the vendor's own is made if need be."""
    from armillary.boards.keys import Vendor

    if name in Vendor.NAMES:
        Vendor.open(places.keys)
    found = load(places.keys, name)
    if hybrid:
        found.pair(places.keys, name, places.ledger)
    return found


def _brief(package: bytes) -> dict[str, Any]:
    from armillary.wire import guid
    from armillary.wire import image as packages

    parsed = packages.parse(package)
    return {
        "name": parsed.name, "image": guid.to_text(parsed.image), "component": guid.to_text(parsed.component),
        "security_version": parsed.security_version, "thumbprint": parsed.thumbprint.hex(), "lms_key": parsed.lms_key.hex() or None, "bytes": len(package),
    }  # fmt: skip


@click.command(cls=Command)
@click.argument("file", type=FILE)
def show(file: Path) -> None:
    """Explain an Azure Sphere image package, whoever made it.

    Nothing is proved here ('image verify' does that): what the package says of itself is laid out, and
    what is wrong with it is listed with the byte offset at which it stands.
    """
    from armillary.wire import describe

    from . import image_program

    package = read_package(file)
    if package.startswith(b"\x7fELF"):
        raise Problem(f"{file} is an ELF file, not an image package", "run it alone with 'armillary rt run', or pack the folder that has it as bin/app with 'armillary image pack'")
    found = describe.explain(package)
    found["program"] = image_program.explain(found, package)
    if is_json():
        show_json({"file": str(file), **found, "problems": list(found["problems"])})
        return
    click.echo(f"{file}: {found['size']} bytes; not verified")
    for part in (_show_image, _show_metadata, _show_signature, _show_body, _show_manifest, _show_program, _show_problems):
        part(found)


def _title(text: str) -> None:
    click.echo("\n" + click.style(text, bold=True))


def _show_image(found: dict[str, Any]) -> None:
    if found["image"] is None:
        return
    _title("identity")
    titles = ("name", "type_name", "component", "image", "built", "security_version", "is_development")
    show_record(found["image"], [("  " + title.replace("_", " "), title) for title in titles])


def _show_metadata(found: dict[str, Any]) -> None:
    metadata = found["metadata"]
    if metadata is None:
        return
    _title(f"metadata, {metadata['length']} bytes at {metadata['offset']:#x}")
    show_rows(metadata["sections"], [
        ("  section", lambda row: "  " + row["name"]), ("offset", lambda row: hex(row["offset"])), ("bytes", "length"),
        ("is", "title"), ("says", lambda row: _fields(row)),
    ])  # fmt: skip


def _fields(row: dict[str, Any]) -> str:
    if not row["fields"]:
        return str(row["data"])[:64] + ("…" if len(row["data"]) > 64 else "")
    return ", ".join(f"{name} {_field(value)}" for name, value in row["fields"].items())


def _field(value: object) -> str:
    if isinstance(value, list):
        return "+".join(f"{each['name']}:{each['version']}" if isinstance(each, dict) else str(each) for each in value) or "none"
    return str(value)


def _show_signature(found: dict[str, Any]) -> None:
    if found["signature"] is None:
        return
    _title(f"signature, {found['signature']['curve']} at {found['signature']['offset']:#x}")
    thumbprint = found["image"]["thumbprint"] if found["image"] else None
    show_record({**found["signature"], "thumbprint": thumbprint}, [
        ("  signer's thumbprint", "thumbprint"), ("  r", "r"), ("  s", "s"), ("  over", "over"), ("  digest", "digest"),
    ])  # fmt: skip


def _show_body(found: dict[str, Any]) -> None:
    body = found["body"]
    if body is None:
        return
    _title(f"body: {body['kind']}, {body['length']} bytes, SHA-256 {body['sha256'][:16]}…")
    if "files" in body:
        show_rows(body["files"], [
            ("  path", lambda row: "  " + row["path"] + ("/" if row["is_directory"] and row["path"] != "/" else "")),
            ("mode", "mode"), ("bytes", "size"), ("offset", lambda row: hex(row["offset"])),
        ])  # fmt: skip
    for name in ("keys", "capabilities"):
        for each in body.get(name, ()):
            text = each if isinstance(each, str) else f"{each['thumbprint']} may sign {', '.join(each['roles'])}"
            click.echo("  " + clean(text))
    if "device_id" in body:
        click.echo("  for device " + clean(body["device_id"]))


def _show_manifest(found: dict[str, Any]) -> None:
    if found["manifest"] is None:
        return
    _title("manifest")
    fields = {name: value for name, value in found["manifest"].items() if name != "Capabilities"}
    capabilities = [f"{name} = {value}" for name, value in found["manifest"]["Capabilities"].items()]
    fields["Capabilities"] = "\n".join(capabilities) or "none"
    show_record(fields, [("  " + name, name) for name in fields])
    _title("permissions")
    for line in found["permissions"]:
        click.echo("  " + clean(line))


def _show_program(found: dict[str, Any]) -> None:
    program = found["program"]
    if program is None:
        return
    _title(f"program: vectors at {program['vectors']:#010x}, reset at {program['reset']:#010x}, stack down from {program['stack']:#010x}")
    show_rows(program["segments"], [
        ("  memory", lambda row: "  " + row["memory"]), ("address", lambda row: f"{row['address']:#010x}"),
        ("bytes", "bytes"), ("in the file", "in_file"), ("of", "of"),
    ])  # fmt: skip


def _show_problems(found: dict[str, Any]) -> None:
    if not found["problems"]:
        click.echo("\nno problems")
        return
    _title(f"{len(found['problems'])} problem{'s' if len(found['problems']) > 1 else ''}")
    for each in found["problems"]:
        where = "    anywhere" if each["offset"] is None else f"{each['offset']:#12x}"
        click.echo(f"{where}  {clean(each['problem'])}")


@click.command(cls=Command)
@click.argument("file", type=FILE)
@click.option("--key", "key_name", metavar="NAME", help="One of your keys.")
@click.option("--cert", type=FILE, metavar="PEM", help="The signer's certificate.")
@click.option("--public", metavar="HEX", help="The signer's public key, X||Y: 128 hex digits.")
@click.pass_obj
def verify(places: Places, file: Path, key_name: str | None, cert: Path | None, public: str | None) -> None:
    """Check that FILE is signed by one key, and names it. Exit status 1 if not.

    With --key or --cert the package must also name that certificate's thumbprint, by which devices
    find the key. With --key an LMS signature, if there is one, must be by the LMS key of the same name.
    """
    if [key_name, cert, public].count(None) != 2:
        raise click.UsageError("give one of --key, --cert and --public")
    point, thumbprint = _public(places, key_name, cert, public)
    package = read_package(file)
    _check(file, package, point, thumbprint)
    found = _brief(package)
    second = _check_lms(places, file, package, key_name)
    words = {None: "", True: ", and by its LMS key", False: "; its LMS signature was not checked (that takes --key)"}[second]
    show_result(
        {"file": str(file), "verified": True, "lms_verified": second, **found},
        f"{file}: signed by {key_name or cert or public}{words}: {found['name']} {found['image']}",
    )


def _check_lms(places: Places, file: Path, package: bytes, key_name: str | None) -> bool | None:
    """Whether the LMS signature was checked, None if there is none. Raises Problem if it does not hold."""
    from armillary import native
    from armillary.boards.lms import public_in
    from armillary.wire import image as packages

    part = packages.lms_part(package)
    if part is None or key_name is None:
        return None if part is None else False
    paired = public_in(places.keys, key_name)
    if paired is None:
        raise Problem(f"{file} is signed by an LMS key too, and there is none beside {key_name}", "verify it with --cert, or make the key hybrid")
    try:
        native.lms_verify(paired, packages.lms_message(part.digest), part.signature)
    except native.BadSignature:
        raise Problem(f"{file} is signed by {key_name}, but its LMS signature is not by the LMS key of that name", "sign it anew with 'armillary image sign --hybrid'") from None
    return True


def _public(places: Places, key_name: str | None, cert: Path | None, public: str | None) -> tuple[bytes, bytes | None]:
    """(X||Y, thumbprint or None). Raises Problem."""
    if key_name is not None:
        found = load(places.keys, key_name)
        return found.public, found.thumbprint
    if cert is not None:
        return _public_of_certificate(cert)
    from armillary import native

    try:
        point = bytes.fromhex(public or "")
        native.p256_check(point)
    except ValueError:  # not hex, not 64 bytes, not on the curve
        raise Problem("--public is not a P-256 key", "give X and Y of a point, 128 hex digits") from None
    return point, None


def _public_of_certificate(path: Path) -> tuple[bytes, bytes]:
    import hashlib

    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError:
        raise Problem(f"{path} is not a certificate in PEM form") from None
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise Problem(f"{path} certifies no P-256 key")
    numbers = key.public_numbers()
    der = certificate.public_bytes(serialization.Encoding.DER)
    point = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
    return point, hashlib.sha1(der, usedforsecurity=False).digest()


def _check(file: Path, package: bytes, point: bytes, thumbprint: bytes | None) -> None:
    """Raise Problem unless `package` is signed by `point` and names `thumbprint`; Invalid if it cannot be read."""
    from armillary import native
    from armillary.wire import image as packages

    signed, signature = packages.split(package)
    try:
        native.p256_verify(point, native.sha256(signed), signature)
    except native.BadSignature:
        raise Problem(f"{file} does not verify: this key did not sign what it holds now", "see 'armillary image show' for whom it names as signer") from None
    named = packages.parse(package).thumbprint
    if thumbprint is not None and named != thumbprint:
        raise Problem(
            f"{file} is signed by this key, but names another signer, {named.hex()}: devices would not find the key",
            "sign it with 'armillary image sign'",
        )


@click.command(cls=Command)
@click.argument("file", type=FILE)
@click.option("--key", "key_name", required=True, metavar="NAME", help="The key to sign with.")
@click.option("-o", "output", type=click.Path(dir_okay=False, path_type=Path), metavar="OUT", help="Where to write it (default: FILE itself).")
@HYBRID
@click.pass_obj
def sign(places: Places, file: Path, key_name: str, output: Path | None, hybrid: bool) -> None:
    """Sign FILE anew: only signer, mark of a temporary image and signatures change.

    The old signature is not checked: you vouch for what is in the package.
    """
    from armillary.wire import image as packages

    signer = _signer(places, key_name, hybrid)
    with progress("signing"):
        package = packages.resign(read_package(file), signer.thumbprint, signer.sign, signer.lms.wire if signer.lms else None)
        write_file(output or file, package)
    show_result({"file": str(output or file), "key": key_name, **_brief(package)}, f"wrote {output or file}, signed with {key_name}")
    say("thumbprint " + signer.thumbprint.hex())
