"""Boot stages: handed on as bytes, printed as lines nobody can forge with a name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.wire.fault import Invalid
from armillary.wire.stage import Stage, pack_stages, parse_line, unpack_stages

DIGEST = st.binary(min_size=32, max_size=32)
WORD, LONG = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
NAMES = st.text(max_size=32).filter(lambda name: len(name.encode()) <= 32)
STAGES = st.builds(Stage, WORD, DIGEST, WORD, DIGEST, st.integers(0, 1), LONG, LONG, NAMES)


@given(st.lists(STAGES, max_size=4))
def test_what_is_packed_is_read_back(stages):
    assert [stage.values() for stage in unpack_stages(pack_stages(stages))] == [stage.values() for stage in stages]


@given(st.binary(max_size=300))
def test_noise_raises_nothing_but_invalid(data):
    try:
        assert pack_stages(unpack_stages(data)) == data
    except Invalid:
        pass


@given(st.lists(STAGES, min_size=1, max_size=3), st.data())
def test_bytes_cut_short_are_refused_or_are_whole_stages(stages, data):
    whole = pack_stages(stages)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    try:
        assert [one.values() for one in unpack_stages(cut)] == [one.values() for one in stages][: len(unpack_stages(cut))]
    except Invalid:
        pass


def test_a_length_past_the_end_is_refused():
    with pytest.raises(Invalid):
        unpack_stages(b"\xff" + bytes(100))


@given(STAGES)
def test_a_line_is_one_line_and_read_back(stage):
    line = stage.line("pluton")
    assert line.endswith("\n") and len(line.splitlines()) == 1 and line.isascii()
    ring, fields = parse_line(line.rstrip("\n"))
    assert ring == "pluton"
    assert (fields["type"], fields["version"]) == (str(stage.image_type), str(stage.version))
    assert (fields["sha256"], fields["key"]) == (stage.digest.hex(), stage.signer.hex())
    assert fields["copy"] == ("primary", "backup")[stage.replica]
    assert (fields["from"], fields["to"]) == (str(stage.started_us), str(stage.ended_us))
    assert len(fields) == 8


def test_a_name_cannot_forge_a_field_or_a_line():
    name = "x sha256=00\n[rom] stage=y"
    line = Stage(1, bytes(32), 1, bytes(32), 0, 0, 0, name).line("pluton")
    assert parse_line(line)[1]["stage"] == "x_sha256=00_[rom]_stage=y"
    assert parse_line(line)[1]["sha256"] == "00" * 32


@pytest.mark.parametrize("line", ["", "hello", "[rom] hello", "stage=x", "[rom stage=x"])
def test_another_line_is_none(line):
    assert parse_line(line) is None
