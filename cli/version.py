"""`armillary version`."""

from __future__ import annotations

import click

from .base import Command
from .output import show_record


@click.command(cls=Command)
def version() -> None:
    """Print the version, and what runs the crypto."""
    import platform

    import armillary
    from armillary import native

    found = {"armillary": armillary.__version__, "python": platform.python_version(), "crypto": native.ENGINE}
    show_record(found, [("armillary", "armillary"), ("python", "python"), ("crypto", "crypto")])
