"""Finding the security service: its address, the root it proves itself with, and the operator's token.

The local service lies in $ARMILLARY_HOME/service; while it runs, its `address` file says where. Any
other is named with `--service URL`, `--root PEM` and the environment variable ARMILLARY_TOKEN.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

import click

from .base import Problem
from .places import Places

if TYPE_CHECKING:
    from armillary.service.client import OperatorClient

DEFAULT_PORT = 8443
TOKEN = "ARMILLARY_TOKEN"
ADDRESS = "address"
F = TypeVar("F", bound=Callable[..., Any])


class Address(NamedTuple):
    """Where a service is. `is_running` is False where this is only where it would be."""

    host: str
    port: int
    is_running: bool = True
    pid: int = 0

    @property
    def url(self) -> str:
        """The address as a URL."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}:{self.port}"


def service_options(function: F) -> F:
    """`--service` and `--root` for a command that asks the service."""
    function = click.option(
        "--root", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="PEM",
        help="Root certificate of the service (default: that of the local one).",
    )(function)  # fmt: skip
    return click.option("--service", metavar="URL", help="Address of the service (default: the local one).")(function)


def parse_url(url: str) -> Address:
    """The address in "https://host:port". Raises Problem."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme != "https" or not host or parts.path.strip("/") or parts.query or parts.username:
        raise Problem(f"{url!r} is not the address of a service", "give it as https://HOST:PORT")
    return Address(host, port or 443)


def hold_address(folder: Path, address: Address) -> int:
    """Say in the service's folder where it listens, for its owner only; true as long as the returned
    descriptor is open."""
    making = folder / ("." + ADDRESS + ".new")
    descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    os.write(descriptor, json.dumps({"host": address.host, "port": address.port, "pid": os.getpid()}).encode())
    os.replace(making, folder / ADDRESS)
    return descriptor


def read_address(folder: Path) -> Address:
    """Where the service of `folder` listens, or would by default."""
    try:
        with (folder / ADDRESS).open() as file:
            said = json.load(file)
            return Address(str(said["host"]), int(said["port"]), _is_held(file.fileno()), int(said["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Address("127.0.0.1", DEFAULT_PORT, False)


def _is_held(descriptor: int) -> bool:
    """Whether the process that wrote the file still has it open: its number alone may be another's by now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def read_root(places: Places, root: Path | None) -> str:
    """PEM of the root that proves who the service is. Raises Problem."""
    path = root or places.service / "root.pem"
    try:
        return path.read_text()
    except FileNotFoundError:
        raise Problem(f"no root certificate in {path}", "name it with --root, or make a service with 'armillary service init'") from None


def _read_token(places: Places, is_local: bool) -> str:
    token = os.environ.get(TOKEN, "").strip()
    if token:
        return token
    path = places.service / "operator.token"
    if not is_local:
        raise Problem("no token for this service", f"set {TOKEN} to a token that it gave out")
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        raise Problem(f"no token in {path}", f"set {TOKEN}, or make a service with 'armillary service init'") from None


@contextmanager
def operator(places: Places, url: str | None, root: Path | None) -> Iterator[OperatorClient]:
    """A connection to the service as its operator. Raises Problem, and whatever the client raises."""
    if url is None and not (places.service / "format").exists():
        raise Problem(f"there is no service in {places.service}", "make one with 'armillary service init', or name one with --service")
    address = parse_url(url) if url else read_address(places.service)
    if url is None and not address.is_running:
        raise Problem("the service is not running", "start it with 'armillary service run'")
    import ssl

    from armillary.service.client import OperatorClient
    from armillary.service.tls import client_context

    try:
        context = client_context(read_root(places, root))
    except ssl.SSLError:
        raise Problem(f"{root or places.service / 'root.pem'} is not a certificate in PEM form", "name it with --root") from None
    with OperatorClient(address.host, address.port, _read_token(places, url is None), context) as client:
        yield client
