"""The documentation says what is there: generated pages, links, paths, names of tests, examples."""

import ast
import functools
import pathlib
import re
import runpy
import sys

import pytest

ROOT = pathlib.Path(__file__).parent.parent
LEFT_OUT = {".git", ".venv", ".build", "build", "armillary", "node_modules"}
PAGES = sorted(path for path in ROOT.rglob("*.md") if not LEFT_OUT & set(path.relative_to(ROOT).parts))
CODE_BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
PLACE = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|c|h|md|json|svg))(?:::?([\w.]+))?`")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def name(page):
    return str(page.relative_to(ROOT))


def prose(page):
    """A page's text without its blocks of code."""
    return CODE_BLOCK.sub("", page.read_text())


def anchors(page):
    """The anchors that a page's headings have on a forge."""
    headings = re.findall(r"^#+ +(.+?)\s*$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@functools.cache
def symbols(path):
    """Every function, class and class.method in a Python file."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found.update(f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef))
    return found


def dead_links(page):
    """The relative links of a page that lead nowhere."""
    dead = []
    for groups in LINK.findall(prose(page)):
        target = groups[0] or groups[1]
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        if not found.exists() or anchor and found.suffix == ".md" and anchor not in anchors(found):
            dead.append(target)
    return dead


def dead_places(text):
    """The paths and names of code in `text` that do not exist."""
    dead = []
    for path, symbol in PLACE.findall(text):
        found = ROOT / path
        if not found.exists() or symbol and found.suffix == ".py" and symbol not in symbols(found):
            dead.append(f"{path}:{symbol}")
    return dead


def generated():
    return runpy.run_path(str(ROOT / "docs/make_spec.py"))["pages"]()


def test_the_pages_of_the_gates_are_those_their_tables_make():
    for page, text in generated().items():
        assert (ROOT / "docs/spec" / page).read_text() == text, f"{page} is stale: run `make docs`"


def test_every_generated_page_is_numbered_below_the_written_ones():
    written = {path.name for path in (ROOT / "docs/spec").glob("*.md")} - set(generated())
    assert written and all(int(page[:2]) >= 10 for page in written)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_relative_link_is_dead(page):
    assert dead_links(page) == []


@pytest.mark.parametrize("page", [page for page in PAGES if page.is_relative_to(ROOT / "docs") or page.parent in (ROOT, ROOT / "labs")], ids=name)
def test_every_piece_of_code_that_is_named_exists(page):
    assert dead_places(page.read_text()) == []


def test_the_tour_follows_every_step_of_the_demo():
    text = (ROOT / "docs/tour.md").read_text()
    steps = ast.parse((ROOT / "cli/demo/steps.py").read_text())
    listed = next(node.value for node in steps.body if isinstance(node, ast.Assign) and node.targets[0].id == "STEPS")
    wanted = [f"cli/demo/steps.py:{element.id}" for element in listed.elts]
    assert re.findall(r"^## \d+\. .*\(`(.+)`\)", text, re.MULTILINE) == wanted


def test_the_tour_names_enough_to_be_checked():
    assert len(PLACE.findall((ROOT / "docs/tour.md").read_text())) > 50


def test_every_decision_is_in_the_index():
    index = (ROOT / "docs/README.md").read_text()
    for page in [*(ROOT / "docs/adr").glob("*.md"), *(ROOT / "docs/spec").glob("*.md")]:
        assert f"]({page.parent.name}/{page.name})" in index, f"docs/README.md does not name {page.name}"


@pytest.mark.parametrize("page", sorted((ROOT / "docs/adr").glob("*.md")), ids=name)
def test_a_decision_has_its_four_parts(page):
    assert re.findall(r"^\*\*(\w+)\.\*\*", page.read_text(), re.MULTILINE) == ["Context", "Options", "Outcome", "Cost"]


def test_every_ring_says_what_it_protects_from_whom_and_what_it_trusts():
    for ring in ("wire", "native", "hal", "pluton", "monitor", "kernel", "apps", "service", "boards", "cli", "testing"):
        text = (ROOT / ring / "README.md").read_text()
        assert re.search(r"^\| \*\*Protects\*\* \|.+\n\| \*\*From\*\* \|.+\n\| \*\*Trusts\*\* \|", text, re.MULTILINE), ring


def test_threats_names_tests_that_exist():
    named = TEST.findall((ROOT / "docs/threats.md").read_text())
    assert len(named) > 60
    assert [f"{path}::{test}" for path, test in named if test not in symbols(ROOT / path)] == []


def imported():
    """Every package from elsewhere that our code imports."""
    found = set()
    for ring in ("wire", "native", "hal", "pluton", "monitor", "kernel", "apps", "service", "boards", "cli", "testing"):
        for path in (ROOT / ring).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    found.update(alias.name.partition(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                    found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"armillary", "_armillary_native", "applibs", "pytest"}


def test_every_dependency_has_its_reason():
    listed = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE))
    assert listed == imported()


def example(page):
    return re.search(r"<!-- example -->\s*(```python\n.*?```)", (ROOT / page).read_text(), re.DOTALL)[1]


def test_the_readme_shows_the_example_that_is_tested():
    assert example("README.md") == example("docs/testing.md")


@pytest.mark.parametrize("text, dead", [
    ("see `pluton/rom.py:boot`", []),
    ("see `pluton/rom.py:bot`", ["pluton/rom.py:bot"]),
    ("see `pluton/room.py`", ["pluton/room.py:"]),
    ("see `monitor/system.py:System.choose` and `native/src/confinement/confine.c`", []),
])  # fmt: skip
def test_a_planted_place_is_judged_rightly(text, dead):
    assert dead_places(text) == dead


@pytest.mark.parametrize("link, is_dead", [
    ("architecture.md", False), ("architecture.md#boot", False), ("architecture.md#boots", True),
    ("architectur.md", True), ("https://example.invalid/x", False), ("../tests", False),
])  # fmt: skip
def test_a_planted_link_is_judged_rightly(monkeypatch, link, is_dead):
    monkeypatch.setitem(globals(), "prose", lambda page: f"[x]({link})" if page.name == "tour.md" else CODE_BLOCK.sub("", page.read_text()))
    assert bool(dead_links(ROOT / "docs/tour.md")) is is_dead
