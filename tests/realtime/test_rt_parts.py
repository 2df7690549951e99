"""Displays and sound of `armillary rt run`: pictures and sound files, read back by readers that are not ours."""

import io
import struct
from pathlib import Path

import png
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from vcd.reader import TokenKind, tokenize

from armillary.boards.mt3620 import build
from armillary.cli.main import cli
from armillary.cli.rt_parts import Parts, parse_display, parse_sound
from armillary.hal.sim import picture
from armillary.hal.sim.displays import Ssd1306
from armillary.hal.sim.gpio import PUSH_PULL
from armillary.hal.sim.realtime.chip import Chip

STYLES = Path(__file__).parent / "styles"
WHITE, BLACK = (255, 255, 255), (0, 0, 0)


def read_png(data):
    """(width, height, {(x, y): (red, green, blue)}) of a PNG."""
    width, height, rows, _ = png.Reader(bytes=data).asRGB8()
    rows = [list(row) for row in rows]
    return width, height, {(x, y): tuple(row[3 * x : 3 * x + 3]) for y, row in enumerate(rows) for x in range(width)}


def read_wav(data):
    """(rate, channels, bits, frames as words) of a RIFF file, chunk by chunk."""
    kind, length, form = struct.unpack_from("<4sI4s", data)
    assert (kind, length, form) == (b"RIFF", len(data) - 8, b"WAVE")
    chunks, at = {}, 12
    while at < len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        chunks[name] = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    code, channels, rate, bytes_a_second, frame, bits = struct.unpack("<HHIIHH", chunks[b"fmt "])
    assert (code, bytes_a_second, frame) == (1, rate * frame, channels * bits // 8)
    return rate, channels, bits, list(struct.unpack(f"<{len(chunks[b'data']) // 4}I", chunks[b"data"]))


def run(*words):
    result = CliRunner().invoke(cli, ["rt", "run", *[str(word) for word in words]])
    assert "Traceback" not in result.output and "defect" not in result.output, result.output
    return result


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """made(name) is the ELF of one of our programs, or of a C file of the styles."""
    folder = tmp_path_factory.mktemp("made")

    def make(name):
        path = folder / f"{name}.elf"
        if (STYLES / f"{name}.c").exists():
            build.build_files([STYLES / f"{name}.c"], path)
        else:
            build.build(build.folder_of(name), path)
        return path

    return make


def test_a_program_that_draws_leaves_its_picture(made, tmp_path):
    result = run(made("spi_display"), "--until", "drawn", "--limit", "1s", "--display", f"ssd1306@isu1:dc5={tmp_path / 'out.png'}")
    assert result.exit_code == 0, result.output
    width, height, points = read_png((tmp_path / "out.png").read_bytes())
    frame = {(x, y) for x in range(128) for y in range(64) if x in (0, 127) or y in (0, 63) or y == x // 2}
    assert (width, height) == (128, 64) and {place for place, colour in points.items() if colour == WHITE} == frame
    assert set(points.values()) == {WHITE, BLACK}


def test_a_display_that_nobody_switched_on_is_black_and_that_is_told(made, tmp_path):
    result = run(made("hello"), "--until", "5ms", "--display", f"ssd1331@isu0:dc3,cs1={tmp_path / 'out.png'}")
    width, height, points = read_png((tmp_path / "out.png").read_bytes())
    assert (width, height, set(points.values())) == (96, 64, {BLACK}) and "is off" in result.stderr


def test_a_program_that_plays_leaves_its_sound(made, tmp_path):
    result = run(made("fields_i2s"), "--limit", "100ms", "--sound", tmp_path / "out.wav")
    assert result.exit_code == 0, result.output
    rate, channels, bits, frames = read_wav((tmp_path / "out.wav").read_bytes())
    played = [frame for frame in frames if frame]
    assert (rate, channels, bits) == (16_000, 2, 16) and len(played) > 1000
    assert played == list(range(1, len(played) + 1))


def test_a_replay_plays_the_parts_itself_and_so_takes_no_display_but_has_the_sound(made, tmp_path):
    record = tmp_path / "record"
    run(made("fields_i2s"), "--limit", "20ms", "--sound", tmp_path / "a.wav", "--record", record)
    assert run(made("fields_i2s"), "--limit", "20ms", "--sound", tmp_path / "b.wav", "--replay", record).exit_code == 0
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes() and (tmp_path / "a.wav").stat().st_size > 1000
    refused = run(made("fields_i2s"), "--display", f"ssd1306@isu0:0x3c={tmp_path / 'c.png'}", "--replay", record)
    assert refused.exit_code == 2 and "leave out --display" in refused.stderr


def test_the_fixture_has_picture_and_sound_as_well(rtapp):
    app = rtapp("spi_display")
    display = Ssd1306(lambda: bool(app.pin(5).level))
    app.spi(1).attach(0, display)
    app.run_until("drawn")
    assert {(x, y) for x in range(128) for y in range(64) if display.lit(x, y)} >= {(0, 0), (127, 63), (64, 32)}
    assert display.points().count(b"\xff") == 3 * sum(display.lit(x, y) for x in range(128) for y in range(64)) and app.sound() == []
    player = rtapp("styles/fields_i2s.c")
    player.run_for(ms=50)
    assert [frame for frame in player.sound(0) if frame][:5] == [1, 2, 3, 4, 5] and player.sound(1) == []


def test_silence_is_a_file_too_and_told(made, tmp_path):
    result = run(made("hello"), "--until", "1ms", "--sound", f"i2s1={tmp_path / 'out.wav'}")
    assert read_wav((tmp_path / "out.wav").read_bytes())[3] == [] and "I2S1 played nothing" in result.stderr


def attached(tmp_path, word):
    """A chip with a display: (chip, what it shows after the run, when called)."""
    chip = Chip()
    parts = Parts(chip, [parse_display(word.format(tmp_path / "out.png"))], [])

    def shown():
        with parts.written():
            pass
        return read_png((tmp_path / "out.png").read_bytes())[2]

    return chip, shown


def test_a_display_on_i2c_has_its_address(tmp_path):
    chip, shown = attached(tmp_path, "ssd1306@isu2:0x3d={}")
    bus = chip.shared.isus[2].i2c_bus
    assert not bus.start(0x3C, False)
    for data in ([0x00, 0xAF, 0xB1, 0x05, 0x10], [0x40, 0x81]):  # on, page 1, column 5; two points of eight
        assert bus.start(0x3D, False)
        for byte in data:
            bus.write(byte)
        bus.stop()
    assert {place for place, colour in shown().items() if colour == WHITE} == {(5, 8), (5, 15)}


@pytest.mark.parametrize("how, select", [("dc3", "line 0"), ("dc3,cs1", "line 1"), ("dc3,gpio7", "pin")])
def test_a_display_on_spi_hears_what_its_pins_say(tmp_path, how, select):
    chip, shown = attached(tmp_path, "ssd1331@isu0:" + how + "={}")
    bus, pins = chip.shared.isus[0].spi_bus, chip.pins

    def say(is_data, *data):
        pins.output(3, PUSH_PULL, is_data)
        pins.output(7, PUSH_PULL, 0) if select == "pin" else bus.select(int(select[-1]), True)
        for byte in data:
            bus.exchange(byte)
        pins.output(7, PUSH_PULL, 1) if select == "pin" else bus.select(int(select[-1]), False)

    pins.output(7, PUSH_PULL, 1)
    say(0, 0xAF, 0x15, 2, 3, 0x75, 1, 1)
    say(1, 0xF8, 0x00, 0x00, 0x1F)
    assert {place: colour for place, colour in shown().items() if colour != BLACK} == {(2, 1): (255, 0, 0), (3, 1): (0, 0, 255)}


@pytest.mark.parametrize("word", [
    "--display=ssd1306@isu1=x.png", "--display=ssd1306@isu6:dc1=x.png", "--display=ssd1331@isu1:0x3c=x.png",
    "--display=ssd1306@isu1:dc94=x.png", "--display=lcd@isu1:dc1=x.png", "--sound=",
])  # fmt: skip
def test_what_is_asked_wrongly_is_refused(made, word):
    assert run(made("hello"), word).exit_code == 2


def test_where_nothing_can_be_written_nothing_is_run(made, tmp_path):
    result = run(made("hello"), "--until", "1s", "--sound", tmp_path / "nowhere" / "out.wav")
    assert result.exit_code == 1 and "cannot be written" in result.stderr and result.stdout == ""


@given(st.integers(1, 40), st.integers(1, 20), st.randoms(use_true_random=False))
def test_a_picture_is_read_back_point_by_point(width, height, random):
    points = random.randbytes(3 * width * height)
    found, lines, read = read_png(picture.png(width, points))
    assert (found, lines) == (width, height)
    assert b"".join(bytes(read[x, y]) for y in range(height) for x in range(width)) == points
    assert list(png.Reader(file=io.BytesIO(picture.png(width, points))).chunks())[-1][0] == b"IEND"


@given(st.lists(st.integers(0, 0xFFFFFFFF), max_size=200), st.sampled_from([8000, 44100, 48000]))
def test_sound_is_read_back_frame_by_frame(frames, rate):
    assert read_wav(picture.wav(rate, frames)) == (rate, 2, 16, frames)


def test_sound_is_asked_for_by_file_or_by_engine():
    assert parse_sound("a.wav") == (0, Path("a.wav")) and parse_sound("i2s1=b=c.wav") == (1, Path("b=c.wav"))


def test_a_waveform_has_the_names_of_a_board(made, tmp_path):
    run(made("hello"), "--until", "1ms", "--pins", tmp_path / "out.vcd", "--board", "rdb")
    names = {token.data.reference for token in tokenize(io.BytesIO((tmp_path / "out.vcd").read_bytes())) if token.kind is TokenKind.VAR}
    assert {"GPIO8_led1_red", "GPIO12_button_a", "GPIO31_h4.7", "GPIO93"} <= names and len(names) == 94
