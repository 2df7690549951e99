"""`armillary rt run` with states and records: saved, gone on from, written down, done again."""

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.cli.main import cli
from tests.realtime.whole import elf_of


@pytest.fixture
def program(tmp_path):
    path = tmp_path / "app.elf"
    path.write_bytes(elf_of("uart_echo"))
    return path


def run(*words):
    result = CliRunner().invoke(cli, ["rt", "run", *[str(word) for word in words]])
    assert "Traceback" not in result.output and "defect" not in result.output, result.output
    return result


SENT = ("--send", "isu0@5ms=hello\\nyou\\n")


def test_a_run_that_goes_on_from_a_state_ends_as_one_in_one(program, tmp_path):
    whole = run(program, *SENT, "--uart", "isu0", "--until", "30ms", "--save", tmp_path / "whole")
    first = run(program, *SENT, "--uart", "isu0", "--until", "5.2ms", "--save", tmp_path / "first")
    second = run(program, "--uart", "isu0", "--until", "30ms", "--restore", tmp_path / "first", "--save", tmp_path / "second")
    assert whole.stdout == "hello\nyou\n" == first.stdout + second.stdout and first.stdout != whole.stdout
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "second").read_bytes()


@pytest.mark.parametrize("when", ["4.9ms", "5ms", "5.2ms"])
def test_what_was_brought_before_the_state_is_not_brought_again(program, tmp_path, when):
    whole = run(program, *SENT, "--uart", "isu0", "--until", "30ms")
    first = run(program, *SENT, "--uart", "isu0", "--until", when, "--save", tmp_path / "first")
    second = run(program, *SENT, "--uart", "isu0", "--until", "30ms", "--restore", tmp_path / "first")
    assert first.stdout + second.stdout == whole.stdout


def test_what_is_sent_without_a_time_is_sent_after_the_state(program, tmp_path):
    run(program, "--until", "5ms", "--save", tmp_path / "first")
    assert run(program, "--send", "isu0=me\\n", "--uart", "isu0", "--until", "30ms", "--restore", tmp_path / "first").stdout == "me\n"


def test_a_replay_is_the_run_again(program, tmp_path):
    first = run(program, *SENT, "--uart", "isu0", "--until", "30ms", "--record", tmp_path / "record", "--save", tmp_path / "one")
    again = run(program, "--uart", "isu0", "--until", "30ms", "--replay", tmp_path / "record", "--save", tmp_path / "two")
    assert (first.exit_code, again.exit_code) == (0, 0) and first.stdout == again.stdout
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_replay_that_comes_out_differently_has_its_own_status(program, tmp_path):
    run(program, *SENT, "--until", "30ms", "--record", tmp_path / "record")
    text = (tmp_path / "record").read_text()
    assert "< uart isu0 68" in text
    (tmp_path / "record").write_text(text.replace("< uart isu0 68", "< uart isu0 69"))
    result = run(program, "--until", "30ms", "--replay", tmp_path / "record")
    assert result.exit_code == 5 and "0.005175115384 s: recorded was < uart isu0 69" in result.stderr


def test_a_program_that_is_changed_does_not_pass_for_the_same(tmp_path, program):
    run(program, "--until", "3ms", "--record", tmp_path / "record", "--save", tmp_path / "state")
    other = tmp_path / "other.elf"
    other.write_bytes(elf_of("hello"))
    for words, told in ((("--replay", tmp_path / "record"), "another program"), (("--restore", tmp_path / "state"), "another program")):
        result = run(other, "--until", "5ms", *words)
        assert result.exit_code == 1 and told in result.stderr


@pytest.mark.parametrize("words", [("--send", "debug=x"), ("--intercore", "echo")])
def test_a_replay_brings_all_inputs_itself(program, tmp_path, words):
    run(program, "--until", "3ms", "--record", tmp_path / "record")
    assert run(program, "--replay", tmp_path / "record", *words).exit_code == 2


def test_what_is_played_for_the_main_core_is_no_part_of_a_state(program, tmp_path):
    assert run(program, "--intercore", "echo", "--save", tmp_path / "state").exit_code == 2


@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_refused_in_words(program, tmp_path, data):
    for option in ("--record", "--save"):
        if not (tmp_path / option).exists():
            run(program, "--until", "2ms", option, tmp_path / option)
    option, back = data.draw(st.sampled_from([("--record", "--replay"), ("--save", "--restore")]))
    damaged = bytearray((tmp_path / option).read_bytes())
    damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "damaged").write_bytes(damaged)
    result = run(program, "--until", "2ms", back, tmp_path / "damaged")
    assert result.exit_code in ((0, 1, 5) if option == "--record" else (0, 1))
    assert result.exit_code == 0 or result.stderr.startswith("armillary: ")
