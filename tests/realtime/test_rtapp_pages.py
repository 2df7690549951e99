"""The page of each program shows what it prints, to the line."""

from __future__ import annotations

import pytest

from armillary.boards.mt3620 import build
from tests.realtime.reading import ROOT, Reader, commands, plain


@pytest.mark.parametrize("program", build.names())
def test_a_programs_page_shows_what_it_says(tmp_path, program):
    found = commands((ROOT / "docs" / "rtapps" / f"{program}.md").read_text())
    assert any(command.startswith(f"armillary rt run {program}.elf") and promised for command, promised in found)
    reader = Reader(tmp_path)
    for command, promised in found:
        status, said = reader(command)
        assert (status, plain(said)) == (0, plain(promised)), command
