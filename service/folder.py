"""The service's folder: its keys, certificates, database and blobs, and who may read them.

`init` makes one, `open_folder` gives what is in it. Secrets have mode 0600 in a folder of mode 0700;
a service whose secrets others can read does not start. `root.key` is needed only to make another
server certificate or authority: keep it elsewhere.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from . import certificates
from .certificates import Issuer, Random
from .database import TOKENS, Database

HOST_NAME = "service.armillary.test"
ALWAYS = (HOST_NAME, "localhost", "127.0.0.1")
FORMAT = "armillary service folder 1\n"
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
TOKEN_PREFIX = "armillary_"  # lets a scanner for leaked secrets know ours


class BadFolder(ValueError):
    """Not a service folder, or one that is not safe to use."""


@dataclass(frozen=True)
class Keys:
    """The authorities of one service. Catalog authorities are made and found by catalog id."""

    folder: Path
    root: x509.Certificate
    devices: Issuer
    catalogs: Issuer
    nonce_key: bytes

    def make_catalog(self, catalog: str, now: int, random: Random) -> Issuer:
        """A new authority for a catalog, kept in the folder."""
        issuer = certificates.make_authority(self.catalogs, "Catalog " + catalog, 0, now, random)
        _write_issuer(self.folder / "catalogs" / _checked(catalog), issuer)
        return issuer

    def catalog(self, catalog: str) -> Issuer:
        return _read_issuer(self.folder / "catalogs" / _checked(catalog), (self.catalogs.certificate,))


def init(folder: Path, host_names: Sequence[str], now: int, random: Random) -> str:
    """Make a service in `folder`, which must be empty or absent; the administrator's token.

    `host_names` (names or IP addresses) are added to ALWAYS. The token is also in `operator.token`.
    Raises BadFolder.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    if any(folder.iterdir()):
        raise BadFolder(str(folder) + " is not empty")
    (folder / "catalogs").mkdir(mode=0o700)
    root = certificates.make_root(now, random)
    _write_issuer(folder / "root", root)
    _write_issuer(folder / "devices", certificates.make_authority(root, "Armillary devices", 0, now, random))
    _write_issuer(
        folder / "catalogs-ca", certificates.make_authority(root, "Armillary catalogs", 1, now, random)
    )
    renew_server(folder, host_names, now, random)
    _write(folder / "nonce.key", random(32))
    token, row = make_token(None, "administrator", now, random)
    database = Database(folder / "service.db")
    try:
        with database.write() as tx:
            tx.execute(TOKENS.insert().values(row))
    finally:
        database.close()
    _write(folder / "operator.token", token.encode() + b"\n")
    _write(folder / "format", FORMAT.encode())  # last: a folder half made is not one
    return token


def renew_server(folder: Path, host_names: Sequence[str], now: int, random: Random) -> None:
    """Give the server a new key and a year's certificate. Needs `root.key`."""
    root = _read_issuer(folder / "root", ())
    names, addresses = _sort_hosts((*ALWAYS, *host_names))
    key, certificate = certificates.make_server(root, names, addresses, now, random)
    _write(folder / "server.key", certificates.key_to_pem(key))
    _write(folder / "server.pem", certificates.to_pem((certificate,)).encode())


def open_folder(folder: Path) -> Keys:
    """The authorities in a folder that is safe to use. Raises BadFolder."""
    try:
        if (folder / "format").read_text() != FORMAT:
            raise BadFolder(str(folder) + " has another format")
        check_permissions(folder)
        return Keys(
            folder=folder,
            root=x509.load_pem_x509_certificate((folder / "root.pem").read_bytes()),
            devices=_read_issuer(folder / "devices", ()),
            catalogs=_read_issuer(folder / "catalogs-ca", ()),
            nonce_key=(folder / "nonce.key").read_bytes(),
        )
    except FileNotFoundError as error:
        raise BadFolder("no " + str(error.filename) + ": make a service folder first") from None


def check_permissions(folder: Path) -> None:
    """Raise BadFolder if anyone but the owner can reach a secret in `folder`."""
    for path in (folder, folder / "catalogs", *sorted(folder.rglob("*"))):
        mode = path.lstat()
        if mode.st_uid != os.geteuid() or stat.S_IMODE(mode.st_mode) & 0o077 or stat.S_ISLNK(mode.st_mode):
            raise BadFolder(str(path) + " is open to others: make it yours alone (chmod go= on it)")


def make_token(catalog: str | None, name: str, now: int, random: Random) -> tuple[str, dict[str, object]]:
    """A new token and its row, which holds only the hash."""
    token = TOKEN_PREFIX + base64.urlsafe_b64encode(random(32)).decode().rstrip("=")
    identity = base64.b16encode(random(8)).decode().lower()
    row: dict[str, object] = {
        "id": identity,
        "hash": token_hash(token),
        "catalog": catalog,
        "name": name,
        "created": now,
    }
    return token, row


def token_hash(token: str) -> str:
    # The token is 256 random bits, so a fast hash hides it as well as a slow one.
    return hashlib.sha256(token.encode()).hexdigest()


def _sort_hosts(hosts: Sequence[str]) -> tuple[list[str], list[str]]:
    names, addresses = [], []
    for host in dict.fromkeys(hosts):
        try:
            addresses.append(str(ipaddress.ip_address(host)))
        except ValueError:
            names.append(host)
    return names, addresses


def _checked(catalog: str) -> str:
    if not GUID.fullmatch(catalog):
        raise ValueError("not a catalog id")  # it becomes a file name
    return catalog


def _write_issuer(path: Path, issuer: Issuer) -> None:
    _write(path.with_name(path.name + ".key"), certificates.key_to_pem(issuer.key))
    _write(path.with_name(path.name + ".pem"), certificates.to_pem((issuer.certificate,)).encode())


def _read_issuer(path: Path, above: tuple[x509.Certificate, ...]) -> Issuer:
    key = serialization.load_pem_private_key(path.with_name(path.name + ".key").read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise BadFolder(str(path) + ".key is not a P-256 key")
    certificate = x509.load_pem_x509_certificate(path.with_name(path.name + ".pem").read_bytes())
    return Issuer(key, certificate, above)


def _write(path: Path, data: bytes) -> None:
    """Replace `path` whole, readable by the owner alone from its first moment."""
    temporary = path.with_name("." + path.name + ".new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
