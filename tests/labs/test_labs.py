"""Every lab does what its page says, to the letter."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
LABS = ROOT / "labs"
PAGE = (LABS / "README.md").read_text()
SCRIPTS = re.findall(r"^## Lab \d+: .*\(`(\w+\.py)`\)", PAGE, re.MULTILINE)


def promised(script):
    """The output that the page shows for a script: the block after its heading."""
    return re.search(re.escape("(`" + script + "`)") + r".*?```\n(.*?)```", PAGE, re.DOTALL)[1]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_lab_says_what_its_page_promises(script):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-W", "error", script], cwd=LABS, env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == promised(script)


def test_every_script_has_its_part_of_the_page():
    assert sorted(SCRIPTS) == sorted({path.name for path in LABS.glob("*.py")} - {"bench.py"})


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_lab_shows_both_sides(script):
    text = promised(script)
    assert "REFUSED by" in text and ": worked" in text
