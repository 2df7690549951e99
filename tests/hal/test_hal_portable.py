"""Ring 0 does the same on every interpreter there is here, and on each run.

`./run check` puts MicroPython at .build/micropython first.
"""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
SCRIPT = ROOT / "tests" / "hal" / "on_both.py"
MICROPYTHON = [path for path in (str(ROOT / ".build" / "micropython"), shutil.which("micropython")) if path and os.path.exists(path)]
INTERPRETERS = [[sys.executable, "-W", "error"]] + [[path, "-X", "heapsize=16m"] for path in MICROPYTHON[:1]]


def output(interpreter, seed="0"):
    environment = dict(os.environ, PYTHONHASHSEED=seed)
    command = [*interpreter, str(SCRIPT), str(ROOT / "hal" / "m4" / "lib"), str(ROOT)]
    if interpreter[0] == sys.executable:
        del command[-2]  # the shims are for MicroPython
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def expected():
    return output(INTERPRETERS[0])


@pytest.mark.parametrize("interpreter", INTERPRETERS, ids=lambda command: pathlib.Path(command[0]).name)
def test_the_same_script_prints_the_same(interpreter, expected):
    assert output(interpreter, seed="12345") == expected


def test_the_script_says_something_of_every_part(expected):
    lines = expected.splitlines()
    parts = [line[3:] for line in lines if line.startswith("-- ")]
    assert parts == ["flash_and_cuts", "fuses", "lines", "pins", "cores_and_network"]
    assert sum(line.startswith("denied ") for line in lines) >= 4
    assert sum("PowerLost" in line for line in lines) == 16
