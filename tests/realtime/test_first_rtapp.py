"""The page of the first ten minutes, done as a reader would do it: its files written, its commands run, its outputs compared."""

from __future__ import annotations

import pathlib

import pytest

from tests.realtime.reading import ROOT, Reader, blocks, commands, plain

PAGE = (ROOT / "docs" / "first-rtapp.md").read_text()


@pytest.fixture
def reader(tmp_path):
    """Somebody who has written the page's files."""
    for name, kind in (("lamp/main.c", "c"), ("lamp/app_manifest.json", "json"), ("test_lamp.py", "python")):
        assert f"`{pathlib.Path(name).name}`" in PAGE
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(blocks(PAGE, kind)[0])
    made = Reader(tmp_path)
    yield made
    made("armillary device down desk")


@pytest.mark.slow  # a device in real time
def test_the_first_ten_minutes_go_as_the_page_says(reader):
    assert len(commands(PAGE)) > 10
    for command, promised in commands(PAGE):
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
