"""`armillary rt run --intercore`: a program that talks to apps, alone."""

import json

import pytest
from click.testing import CliRunner

from armillary.boards.mt3620 import build
from armillary.cli.main import cli
from armillary.cli.rt_intercore import NOBODY, Partner

APP = "1f0c6a10-7d1e-4d52-9a54-6b1d1c0e0005"


@pytest.fixture(scope="module")
def echo(tmp_path_factory):
    path = tmp_path_factory.mktemp("echo") / "echo.elf"
    build.build(build.folder_of("intercore_echo"), path)
    return str(path)


def run(*words):
    return CliRunner().invoke(cli, ["rt", "run", *words])


def test_a_program_that_waits_for_a_partner_goes_on_with_one(echo):
    assert run(echo, "--until", "connected", "--limit", "100ms").exit_code == 4
    found = run(echo, "--until", "connected", "--limit", "100ms", "--intercore", "echo")
    assert found.exit_code == 0 and found.stdout == "waiting for the main core\nconnected"


def test_lines_of_a_file_are_sent_in_time_and_answers_are_shown(echo, tmp_path):
    (tmp_path / "said").write_text(f"# a comment\n\n2ms@{APP}=hello\\n\n10ms=x=y\n")
    found = run(echo, "--until", "50ms", "--intercore", str(tmp_path / "said"))
    assert found.stdout.endswith("connected\n6 bytes\n3 bytes\n")
    first, second = found.stderr.splitlines()
    assert first.startswith("0.00") and first.endswith(f" intercore, for {APP}: 'hello\\n'")
    assert second.startswith("0.01") and second.endswith("-000000000001: 'x=y'")


def test_programs_read_what_was_heard(echo, tmp_path):
    (tmp_path / "said").write_text("2ms=\\x00\\xff\n")
    found = json.loads(run("--output", "json", echo, "--until", "20ms", "--intercore", str(tmp_path / "said")).stdout)
    (heard,) = found["intercore"]
    assert heard["hex"] == "00ff" and 0.002 < heard["time_s"] < 0.02


def test_programs_on_both_cores_have_apps_of_their_own(echo, tmp_path):
    (tmp_path / "said").write_text("2ms=hello\n")
    words = ["--until", "20ms", "--other", echo, "--intercore", str(tmp_path / "said")]
    found = run(echo, "--uart", "debug", "--uart", f"other={tmp_path / 'other'}", *words)
    assert found.stdout.endswith("5 bytes\n") and (tmp_path / "other").read_text().endswith("5 bytes\n")
    assert [" of IO0, for" in found.stderr, " of IO1, for" in found.stderr] == [True, True]
    heard = json.loads(run("--output", "json", echo, *words).stdout)["intercore"]
    assert sorted((each["core"], each["hex"]) for each in heard) == [(0, b"hello".hex()), (1, b"hello".hex())]


def test_an_echo_meets_an_echo_and_what_is_under_way_does_not_grow(rtapp):
    app = rtapp("intercore_echo")
    partner = Partner(app.core, None, lambda line: None)
    main = partner._main
    main.connections[NOBODY].send(bytes(1000))
    app.run_for(ms=500)
    assert app.uart().count("1000 bytes\n") > 20
    assert sum(map(len, main.connections[NOBODY].waiting)) <= 1000 and not main.connections[NOBODY].received


@pytest.mark.parametrize("line, why", [
    ("hello", "is not TIME=TEXT"), ("soon=x", "is not TIME=TEXT"), ("1ms@nobody=x", "not a GUID"), ("1ms=\\q\\x", "truncated"),
    ("1ms=" + "x" * 1025, "at most 1024 bytes"), ("1ms=\\u20ac", "latin-1"),
])  # fmt: skip
def test_a_line_that_is_no_message_is_refused_with_its_number(echo, tmp_path, line, why):
    (tmp_path / "said").write_text("# first\n" + line + "\n")
    found = run(echo, "--intercore", str(tmp_path / "said"))
    assert found.exit_code == 2 and "said:2" in found.stderr and why in found.stderr


def test_neither_echo_nor_a_file_is_refused(echo, tmp_path):
    found = run(echo, "--intercore", str(tmp_path / "missing"))
    assert found.exit_code == 2 and "neither 'echo' nor a file" in found.stderr
