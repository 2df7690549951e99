"""The command as a whole: help that answers at once, forms of output, errors in words."""

from __future__ import annotations

import json
import subprocess
import sys

import click
import pytest

import armillary as package
from armillary.cli import base
from armillary.cli.main import COMMANDS, cli

HEAVY = ("rich", "cryptography", "sqlalchemy", "uvicorn", "starlette", "msgspec", "cffi", "asyncio", "armillary.boards", "armillary.wire",
         "armillary.hal", "armillary.native", "armillary.service")  # fmt: skip


def imported_by(*words):
    script = (
        "import sys\nfrom armillary.cli.main import cli\n"
        f"try:\n    cli({list(words)!r})\nexcept SystemExit:\n    pass\n"
        "print('\\n'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return done.stdout, set(done.stderr.split())


@pytest.mark.parametrize("words", [["--help"], ["device", "--help"], ["image", "--help"], ["devise"], ["device", "list", "--bad"]])
def test_help_and_mistakes_import_nothing_heavy(words):
    _, modules = imported_by(*words)
    assert not {name for name in modules if name.startswith(HEAVY) and name.partition(".")[0] != "richly"}


def test_help_imports_no_module_of_a_noun():
    out, modules = imported_by("--help")
    ours = {name.removeprefix("armillary.cli.") for name in modules if name.startswith("armillary.cli.")}
    assert ours == {"main", "base", "places"}
    assert all(name in out for name in COMMANDS)


def test_what_the_import_test_looks_for_is_there_when_it_is_used(workshop):
    _, modules = imported_by("version")
    assert "armillary.native" in modules


def every_command(group=cli, path=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        if isinstance(found, click.Group):
            yield from every_command(found, (*path, name))
        else:
            yield (*path, name), found


@pytest.mark.parametrize("path, command", [pytest.param(*each, id=" ".join(each[0])) for each in every_command()])
def test_every_command_has_help_and_takes_an_output_form(armillary, path, command):
    text = armillary.good(*path, "--help")
    assert "--output" in text and command.help and len(text.split("\n")) > 5


@pytest.mark.parametrize("path, command", [pytest.param(*each, id=" ".join(each[0])) for each in every_command()])
def test_an_unknown_option_is_a_usage_error(armillary, path, command):
    result = armillary(*path, "--no-such-option")
    assert result.exit_code == 2 and "Usage:" in result.stderr and not result.stdout


def test_the_table_of_nouns_names_what_is_there():
    assert {path[0] for path, _ in every_command()} == set(COMMANDS)


@pytest.mark.parametrize("words", [["--output", "json", "version"], ["version", "--output", "json"], ["--output", "table", "version", "--output", "json"]])
def test_the_output_form_may_stand_anywhere_and_the_innermost_counts(armillary, words):
    assert json.loads(armillary.good(*words))["armillary"] == package.__version__


def test_the_output_form_may_stand_between_noun_and_verb(workshop):
    assert isinstance(json.loads(workshop.good("key", "--output", "json", "list")), list)


def test_an_unknown_noun_is_a_usage_error_that_suggests_the_nearest(armillary):
    result = armillary("devise")
    assert result.exit_code == 2 and "'device'" in result.stderr


def test_an_unknown_verb_is_a_usage_error_that_suggests_the_nearest(armillary):
    result = armillary("device", "creat")
    assert result.exit_code == 2 and "'create'" in result.stderr


def test_version_says_what_runs_the_crypto(armillary):
    from armillary import native

    assert native.ENGINE in armillary.good("version")


def test_a_defect_is_told_in_two_lines_without_a_traceback(armillary, monkeypatch):
    monkeypatch.setattr("armillary.cli.version.show_record", lambda *_: {}["no such key"])
    result = armillary("version")
    assert result.exit_code == 1 and "a defect of armillary: KeyError" in result.stderr
    assert "Traceback" not in result.stderr and len(result.stderr.strip().split("\n")) == 2


def test_a_defect_is_told_whole_when_asked(armillary, monkeypatch):
    monkeypatch.setattr("armillary.cli.version.show_record", lambda *_: {}["no such key"])
    assert "Traceback" in armillary("version", ARMILLARY_DEBUG="1").stderr


def test_ctrl_c_ends_with_the_shells_status_and_no_words(armillary, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("armillary.cli.version.show_record", interrupt)
    result = armillary("version")
    assert result.exit_code == base.INTERRUPTED and "Traceback" not in result.stderr


def test_every_class_whose_words_are_known_exists():
    import importlib

    for path in base.WORDS:
        module, _, name = path.rpartition(".")
        module = module if module in ("builtins", "ssl", "socket") else "armillary." + module
        assert issubclass(getattr(importlib.import_module(module), name), Exception), path


def test_an_error_cannot_steer_the_terminal(capsys):
    base.Problem("bad \x1b[2Jname", "try \x07").show()
    said = capsys.readouterr().err
    assert "\x1b" not in said and "\x07" not in said and "\\x1b[2J" in said


@pytest.mark.parametrize("text, reason, remedy", [
    ("no device in /a: make one with 'x'", "no device in /a", "make one with 'x'"),
    ("board: said: nothing useful", "board: said: nothing useful", ""),
    ("plain", "plain", ""),
])  # fmt: skip
def test_advice_after_a_colon_becomes_the_second_line(text, reason, remedy):
    from armillary.boards.keys import KeyProblem

    found = base.translate(KeyProblem(text))
    assert (found.message, found.remedy) == (reason, remedy)


def test_the_module_runs_as_a_program():
    done = subprocess.run([sys.executable, "-m", "armillary.cli.main", "version"], capture_output=True, text=True)
    assert done.returncode == 0 and package.__version__ in done.stdout


def test_a_reader_that_goes_away_is_met_with_silence():
    words = [sys.executable, "-m", "armillary.cli.main", "version"]
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    running.stdout.close()
    assert b"Traceback" not in running.stderr.read() and running.wait(30) in (0, 1)
    running.stderr.close()
