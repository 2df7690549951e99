"""The `armillary` command: a table of nouns, each in a module that is imported when it is named."""

from __future__ import annotations

import io
import os
import sys

import click

from .base import Root
from .places import Places

EPILOG = """\b
The first hour:
  armillary service init
  armillary service run &
  armillary device create lamp
  armillary device claim lamp
  armillary device up lamp
  armillary image pack apps/samples/blink -o blink.imagepackage
  armillary image upload blink.imagepackage
  armillary deployment create --group default blink
  armillary device pins lamp --live

Everything is kept under $ARMILLARY_HOME (default: ~/.local/share/armillary)."""

COMMANDS = {
    "demo": ("demonstrate", "demo", "See the whole system in one narrated run."),
    "device": ("device", "device", "Make devices, switch them on, watch and claim them."),
    "image": ("image", "image", "Pack, explain, verify, sign and upload image packages."),
    "key": ("key", "key", "Make and list signing keys."),
    "service": ("service", "service", "Make and run the security service."),
    "catalog": ("fleet", "catalog", "Catalogs: whose devices and images they are."),
    "product": ("fleet", "product", "Products: models of device in a catalog."),
    "group": ("fleet", "group", "Groups: devices of a product that run the same images."),
    "deployment": ("fleet", "deployment", "Deployments: which images a group of devices runs."),
    "release": ("release", "release", "Releases: the operating systems that devices may attest to."),
    "token": ("token", "token", "Tokens: who may ask the service for what."),
    "report": ("report", "report", "Reports: what devices and the service say went wrong."),
    "trace": ("trace", "trace", "Watch every call that crosses a gate of a device."),
    "rt": ("rt", "rt", "Build and run programs of the real-time cores, alone."),
    "bench": ("bench", "bench", "Measure booting, system calls and crypto on this machine."),
    "version": ("version", "version", "Print the version, and what runs the crypto."),
}


@click.group(cls=Root, table=COMMANDS, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def cli(context: click.Context) -> None:
    """Armillary: a secured device, from the root of trust to the apps, on your desk."""
    context.obj = Places.find(os.environ)


def main() -> None:
    """Entry point of the `armillary` command."""
    sys.stdout, sys.stderr = sys.stdout or open(os.devnull, "w"), sys.stderr or open(os.devnull, "w")  # closed by who called
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a sign shows its number instead
            stream.reconfigure(errors="backslashreplace")
    cli(prog_name="armillary")


if __name__ == "__main__":
    main()
