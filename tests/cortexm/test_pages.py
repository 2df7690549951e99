"""The pages say what is so: the example prints what stands below it, and the counts are those of the tests."""

from __future__ import annotations

import contextlib
import io
import pathlib
import re

from tests.cortexm.test_judge import PROGRAMS

DOCS = pathlib.Path(__file__).parents[2] / "docs"


def test_the_example_prints_what_the_page_says():
    text = (DOCS / "exceptions.md").read_text()
    example, printed = re.search(r"```python\n(.*?)```\n\nprints\n\n```text\n(.*?)```", text, re.DOTALL).groups()
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(example, "exceptions.md", "exec"), {})
    assert out.getvalue() == printed


def test_the_page_counts_the_lines_that_are_compared():
    text = (DOCS / "cortex-m.md").read_text()
    counts = [int(count) for count in re.findall(r"^\| .* \| (\d+) \|$", text, re.MULTILINE)]
    assert sorted(counts) == sorted(PROGRAMS.values())
