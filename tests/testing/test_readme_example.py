"""The examples of README.md and docs/testing.md are run as a reader would run them: copied into a project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ROOT / "apps" / "samples"
BLOCK = re.compile(r"<!-- example -->\n```python\n(.*?)```", re.DOTALL)
METER = re.compile(r"An app `my_meter`.*?```json\n(.*?)```\n\n```python\n(.*?)```", re.DOTALL)
ALONE = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def examples(name):
    """The blocks of a page that stand after the marker."""
    return BLOCK.findall((ROOT / name).read_text())


def run_pytest(folder, *arguments):
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "armillary.testing.plugin", *arguments]
    return subprocess.run(command, cwd=folder, env=ALONE, capture_output=True, text=True, timeout=120)


@pytest.fixture
def project(tmp_path):
    """Somebody's project: apps of their own, and no test yet."""
    for name in ("my_lamp", "my_other_lamp", "my_meter"):
        shutil.copytree(SAMPLES / "blink", tmp_path / name)
    manifest, app = METER.search((ROOT / "docs" / "testing.md").read_text()).groups()
    (tmp_path / "my_meter" / "app_manifest.json").write_text(manifest)
    (tmp_path / "my_meter" / "bin" / "app.py").write_text(app)
    return tmp_path


@pytest.mark.parametrize("page", ["README.md", "docs/testing.md", "docs/rtapps/pair.md"])
def test_every_example_of_the_page_passes(project, page):
    blocks = examples(page)
    assert blocks, page + " shows no example"
    for number, block in enumerate(blocks):
        (project / f"test_example_{number}.py").write_text(block)
    run = run_pytest(project)
    assert run.returncode == 0 and "passed" in run.stdout, run.stdout + run.stderr


def test_the_example_fails_if_the_lamp_stays_dark(project):
    (project / "my_lamp" / "bin" / "app.py").write_text("async def main(period):\n    pass\n")
    (project / "test_example.py").write_text(examples("README.md")[0])
    run = run_pytest(project)
    assert run.returncode == 1 and "toggles" in run.stdout, run.stdout + run.stderr


def test_the_sensors_example_fails_for_both_kinds_of_app_if_the_sensor_is_elsewhere(project):
    example = next(block for block in examples("docs/testing.md") if "class Thermometer" in block)
    (project / "test_example.py").write_text(example.replace("attach(0x6A", "attach(0x6B"))
    run = run_pytest(project)
    assert run.returncode == 1 and "3 failed, 1 passed" in run.stdout, run.stdout + run.stderr


def test_the_meters_example_fails_without_the_buses_in_the_manifest(project):
    manifest = project / "my_meter" / "app_manifest.json"
    manifest.write_text(manifest.read_text().replace('"SpiMaster": ["ISU1"], ', ""))
    (project / "test_example.py").write_text(next(block for block in examples("docs/testing.md") if "my_meter" in block))
    run = run_pytest(project)
    assert run.returncode == 1 and "1 failed" in run.stdout, run.stdout + run.stderr


def test_a_project_that_does_not_use_the_plugin_pays_nothing_for_it(tmp_path):
    (tmp_path / "test_other.py").write_text(
        "import sys\n\ndef test_nothing_was_loaded():\n"
        "    heavy = ('cryptography', 'sqlalchemy', 'armillary.boards', 'armillary.hal', 'armillary.native')\n"
        "    assert not [name for name in heavy if name in sys.modules]\n"
    )
    run = run_pytest(tmp_path, "--strict-markers")
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("marker, words", [
    ("moed='boxed'", "moed"), ("mode='boxes'", "boxes"), ("'boxed'", "named values"), ("lifecycle='new'", "lifecycle"),
])  # fmt: skip
def test_a_marker_with_a_slip_is_an_error_that_says_so(tmp_path, marker, words):
    (tmp_path / "test_slip.py").write_text(
        f"import pytest\n\n@pytest.mark.armillary({marker})\ndef test_slip(device):\n    pass\n"
    )
    run = run_pytest(tmp_path)
    assert run.returncode == 1 and words in run.stdout, run.stdout + run.stderr
