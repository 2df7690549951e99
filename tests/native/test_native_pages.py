"""The pages about the algorithms: their examples give what they say, and every one has its parts."""

import doctest
import pathlib
import re

import pytest

FOLDER = pathlib.Path(__file__).parent.parent.parent / "docs/crypto"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
PARTS = ("**What it is.**", "**What they are.**"), ("**How it works.**", "**How they work.**"), ("**Where it broke.**",), ("**Here.**",)


def examples(page):
    """The REPL sessions of a page, as one text."""
    return "\n".join(re.findall(r"^```pycon\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_examples_of_a_page_give_what_it_says(page):
    said = []
    test = doctest.DocTestParser().get_doctest(examples(page), {}, page.name, str(page), 0)
    runner = doctest.DocTestRunner(verbose=False)
    result = runner.run(test, out=said.append)
    assert result.attempted >= 3
    assert result.failed == 0, "".join(said)


def test_a_wrong_example_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```pycon\n>>> 1 + 1\n3\n```\n")
    test = doctest.DocTestParser().get_doctest(examples(page), {}, "page", None, 0)
    assert doctest.DocTestRunner(verbose=False).run(test, out=lambda text: None).failed == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_has_its_parts(page):
    text = page.read_text()
    for names in PARTS:
        assert any(name in text for name in names), names
    assert "constant time" in text.lower()


def test_every_page_is_in_the_index():
    index = (FOLDER / "README.md").read_text()
    assert [page.name for page in PAGES if f"]({page.name})" not in index] == []
