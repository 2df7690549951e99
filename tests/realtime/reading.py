"""Pages read as a person at a terminal reads them: commands typed, and what they say compared with what the page shows."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parent.parent.parent
COMMAND = re.compile(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def blocks(text, kind):
    """The blocks of a page that are of one kind."""
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


def commands(text):
    """(command, what the page says that it prints) in order."""
    return [found for block in blocks(text, "console") for found in COMMAND.findall(block)]


def plain(text):
    """Lines without what differs from one compiler, or one machine, to the next."""
    return [re.sub(r"0x[0-9a-f]+|\d+(\.\d+)?", "N", line) for line in text.splitlines()]


class Reader:
    """Somebody with a terminal in `folder`, where `armillary` and `pytest` are at hand."""

    def __init__(self, folder):
        self.folder = folder
        for name, module in (("armillary", "armillary.cli.main"), ("pytest", "pytest -p armillary.testing.plugin")):
            path = folder / "bin" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m {module} "$@"\n')
            path.chmod(0o755)
        self._environment = {
            **{name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"},
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "ARMILLARY_HOME": str(folder / "home"),
        }  # fmt: skip

    def __call__(self, command):
        """(status, what it said)."""
        done = subprocess.run(["sh", "-c", command], cwd=self.folder, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=120)  # fmt: skip
        return done.returncode, done.stdout
