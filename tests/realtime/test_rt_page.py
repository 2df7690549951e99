"""The page of `armillary rt run`, typed by a reader: every command works in the order in which it stands, and says what is shown."""

from __future__ import annotations

import re

import pytest

from tests.realtime.reading import ROOT, Reader, blocks, commands, plain

PAGE = (ROOT / "docs" / "rt.md").read_text()
HELLO = blocks(PAGE, "c")[0]
NAP = 'print("hello\\n");'


@pytest.fixture
def reader(tmp_path):
    """Somebody who has written the page's programs."""
    assert NAP in HELLO
    (tmp_path / "app.ld").write_text(blocks(PAGE, "ld")[0])
    (tmp_path / "hello.c").write_text(HELLO)
    (tmp_path / "echo.c").write_text(HELLO.replace(NAP, blocks(PAGE, "c")[1]))
    (tmp_path / "crash.c").write_text(HELLO.replace(NAP, 'print("now\\n");\n    print((const char *)0x50000000);'))
    return Reader(tmp_path)


def is_said(said, promised):
    """Whether it said this: all of it, or with `...` on the page the lines that stand there, in order."""
    said, promised = (plain(re.sub(r"\b[0-9a-f]{16,}\b", "N", text)) for text in (said, promised))
    if "..." not in promised:
        return "".join(said) == "".join(promised)  # a terminal has its line ended, where this pipe has not
    rest = iter(said)
    return all(any(line == each for each in rest) for line in promised if line and line != "...")


@pytest.mark.slow  # some forty commands
def test_every_command_says_what_the_page_shows(reader):
    found = [each for each in commands(PAGE) if "gdb" not in each[0] and "genhtml" not in each[0] and "lcov" not in each[0]]
    assert len(found) > 20
    for command, promised in found:
        status, said = reader(command)
        assert status in (0, 1, 3, 4, 5) and "Usage:" not in said, (command, said)
        assert is_said(said, promised), (command, said)
