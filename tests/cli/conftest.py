"""A home of one's own for each test, the command in process, and a service that really listens."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from armillary.cli.link import Address, hold_address
from armillary.cli.main import cli
from armillary.cli.places import Places


class Armillary:
    """The command, in this process. Calling it gives click's result: exit_code, stdout, stderr."""

    def __init__(self, home):
        self.places = Places(home)

    def __call__(self, *words, **environment):
        variables = {"ARMILLARY_HOME": str(self.places.home), "ARMILLARY_TOKEN": None, "NO_COLOR": "1", **environment}
        return CliRunner().invoke(cli, [str(word) for word in words], env=variables)

    def good(self, *words, **environment):
        """Standard output of a command that must succeed."""
        result = self(*words, **environment)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *words, **environment):
        """What a command that must succeed prints as JSON."""
        return json.loads(self.good(*words, "--output", "json", **environment))

    def refused(self, *words, **environment):
        """The words of a command that must be refused: one or two lines, exit status 1, nothing on standard output."""
        result = self(*words, **environment)
        assert result.exit_code == 1, result.output
        assert result.stdout == ""
        lines = result.stderr.strip().split("\n")
        assert lines[0].startswith("armillary: ") and len(lines) <= 2
        assert "Traceback" not in result.stderr and "defect" not in result.stderr
        return result.stderr


class Program(Armillary):
    """The command as people run it: a process for each call. Calling it gives the same as `Armillary`."""

    def __call__(self, *words, **environment):
        variables = {**os.environ, "ARMILLARY_HOME": str(self.places.home), **environment}
        command = [sys.executable, "-m", "armillary.cli.main", *[str(word) for word in words]]
        done = subprocess.run(command, capture_output=True, text=True, env=variables, timeout=60)
        return Done(done.returncode, done.stdout, done.stderr, done.stdout + done.stderr)


class Done(NamedTuple):
    """How a program ended."""

    exit_code: int
    stdout: str
    stderr: str
    output: str


@pytest.fixture
def armillary(tmp_path):
    """The command in an empty home."""
    return Armillary(tmp_path / "home")


@pytest.fixture(scope="session")
def workshop(tmp_path_factory):
    """The command in a home with keys, one device named lamp (down), and a service that has been seeded.

    Tests that use it leave the device down and change nothing of it.
    """
    made = Armillary(tmp_path_factory.mktemp("workshop") / "home")
    made.good("service", "init")
    made.good("device", "create", "lamp")
    yield from _serving(made)


def _serving(made):
    from armillary.service.core import Service
    from armillary.service.server import Server

    service = Service.open(made.places.service)
    server = Server(service)
    server.start()
    held = hold_address(made.places.service, Address(*server.address))
    made.good("service", "seed")
    yield made
    server.stop()
    os.close(held)
    service.close()


@pytest.fixture
def house(tmp_path):
    """The command as a program, in a home with a service that runs as another; all ends with the test."""
    made = Program(tmp_path / "house")
    made.good("service", "init")
    words = [sys.executable, "-m", "armillary.cli.main", "service", "run", "--port", "0"]
    environment = {**os.environ, "ARMILLARY_HOME": str(made.places.home)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as running:
        assert "listens at https://" in running.stdout.readline()
        yield made
        for row in made.json("device", "list"):
            if row["state"] != "down":
                made.good("device", "down", row["name"])
        running.send_signal(signal.SIGINT)
        assert running.wait(20) == 0


@pytest.fixture
def blink(workshop, tmp_path):
    """A package of the blink sample, signed with the workshop's app key."""
    from armillary.boards.apps import SAMPLES

    path = tmp_path / "blink.imagepackage"
    workshop.good("image", "pack", SAMPLES / "blink", "-o", path)
    return path


@pytest.fixture
def empty_service(tmp_path):
    """A command whose home has a service that does not run."""
    from armillary.service import folder

    made = Armillary(tmp_path / "quiet")
    folder.init(made.places.service, [], int(time.time()), secrets.token_bytes)
    return made


@pytest.fixture
def lamp(workshop):
    """The workshop's device, up for one test."""
    workshop.good("device", "up", "lamp")
    yield workshop
    if "down" not in workshop.good("device", "list"):
        workshop.good("device", "down", "lamp")
