"""The page of the first ten minutes, done as a reader would do it: its files written, its commands run, its outputs compared."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "first-rtapp.md").read_text()
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def plain(text):
    """Without what differs from one compiler, or one machine, to the next."""
    return [re.sub(r"\d+(\.\d+)?", "N", line) for line in text.splitlines()]


@pytest.fixture
def reader(tmp_path):
    """reader(command) is (status, what it said), in a folder with the page's files."""
    for name, kind in (("lamp/main.c", "c"), ("lamp/app_manifest.json", "json"), ("test_lamp.py", "python")):
        assert f"`{pathlib.Path(name).name}`" in PAGE
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(blocks(kind)[0])
    for name, module in (("armillary", "armillary.cli.main"), ("pytest", "pytest -p armillary.testing.plugin")):
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
        path.chmod(0o755)
    environment = {
        **os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "ARMILLARY_HOME": str(tmp_path / "home"),
    }  # fmt: skip

    def run(command):
        done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        return done.returncode, done.stdout

    yield run
    run("armillary device down desk")


@pytest.mark.slow  # a device in real time
def test_the_first_ten_minutes_go_as_the_page_says(reader):
    commands = [found for block in blocks("console") for found in COMMAND.findall(block)]
    assert len(commands) > 10
    for command, promised in commands:
        status, said = reader(command)
        assert status == 0, (command, said)
        if command.startswith("armillary device pins"):
            reader("sleep 1")  # the board's time is this machine's
        if promised:
            assert plain(said) == plain(promised), command


def test_the_second_test_fails_if_the_manifest_lacks_a_pin(reader):
    reader("sed -i 's/8, 12/12/' lamp/app_manifest.json")
    status, said = reader("pytest -q test_lamp.py")
    assert status == 1 and "1 failed, 1 passed" in said, said
