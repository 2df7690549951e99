"""A display of 240 x 320 points on SPI: what commands and data of its interface make of its picture."""

import png
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.cli.rt_parts import Parts, parse_display
from armillary.hal.sim.gpio import PUSH_PULL
from armillary.hal.sim.ili9341 import Ili9341
from armillary.hal.sim.realtime.chip import Chip

RED, GREEN, BLUE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (0, 0, 0)
COLUMNS, PAGES, WRITE, GO_ON, ORDER, FORMAT = 0x2A, 0x2B, 0x2C, 0x3C, 0x36, 0x3A
UPRIGHT, LANDSCAPE = 0x48, 0x28
F800, F07E0, F001F = (0xF8, 0x00), (0x07, 0xE0), (0x00, 0x1F)


class Panel:
    """A display and the D/C line that leads to it."""

    def __init__(self):
        self.is_data = False
        self.display = Ili9341(lambda: self.is_data)

    def say(self, code, *data, burst=True):
        """A command and its data; without `burst` the display is selected anew for each byte."""
        for number, byte in enumerate((code, *data)):
            self.is_data = number > 0
            self.data(byte) if not burst or number < 2 else self.display.exchange(byte)
        self.is_data = True

    def data(self, *data):
        self.display.select()
        for byte in data:
            assert self.display.exchange(byte) == 0xFF
        self.display.deselect()

    def window(self, left, top, right, bottom):
        self.say(COLUMNS, left >> 8, left & 255, right >> 8, right & 255, burst=False)
        self.say(PAGES, top >> 8, top & 255, bottom >> 8, bottom & 255, burst=False)

    def lit(self):
        """{(x, y): colour} of the points that are not black."""
        points = self.display.points()
        assert len(points) == 3 * 240 * 320
        return {(at // 3 % 240, at // 720): tuple(points[at : at + 3]) for at in range(0, len(points), 3) if any(points[at : at + 3])}


@pytest.fixture
def panel():
    """A display that is awake, on, and takes words of 16 bits, upright."""
    panel = Panel()
    for words in ((0x11,), (0x29,), (FORMAT, 0x55), (ORDER, UPRIGHT)):
        panel.say(*words)
    return panel


def test_points_fill_the_window_line_by_line_over_any_pause(panel):
    panel.window(10, 300, 11, 301)
    panel.say(WRITE, *F800, *F07E0, 0x00)
    panel.data(0x1F)  # the half of a point that is still to come
    panel.data(*F800)
    assert panel.lit() == {(10, 300): RED, (11, 300): GREEN, (10, 301): BLUE, (11, 301): RED}


def test_a_write_begins_anew_and_another_command_lets_it_go_on(panel):
    panel.window(0, 0, 1, 1)
    panel.say(WRITE, *F800)
    panel.say(GO_ON, *F07E0)
    panel.say(WRITE, *F001F)
    assert panel.lit() == {(0, 0): BLUE, (1, 0): GREEN}


def test_after_the_last_point_of_the_window_comes_the_first(panel):
    panel.window(0, 0, 0, 1)
    panel.say(WRITE, *F800, *F800, *F07E0)
    assert panel.lit() == {(0, 0): GREEN, (0, 1): RED}


@pytest.mark.parametrize("order, place", [
    (0x48, (3, 5)), (0x08, (236, 5)), (0xC8, (3, 314)), (0x88, (236, 314)),
    (0x28, (234, 3)), (0xE8, (5, 316)), (0x68, (5, 3)), (0xA8, (234, 316)),
])  # fmt: skip
def test_the_order_of_the_memory_turns_and_mirrors_what_comes_after(panel, order, place):
    panel.say(ORDER, order)
    panel.window(3, 5, 3, 5)
    panel.say(WRITE, *F800)
    panel.say(ORDER, UPRIGHT)
    assert panel.lit() == {place: RED}


def test_red_and_blue_change_places_unless_told_that_the_glass_has_them_so(panel):
    panel.say(WRITE, *F800)
    panel.say(ORDER, UPRIGHT & ~8)
    assert panel.lit() == {(0, 0): BLUE}


def test_three_bytes_a_point_have_six_bits_each(panel):
    panel.say(FORMAT, 0x66)
    panel.say(WRITE, 0xFC, 0x00, 0x03, 0x00, 0xFC, 0x00)
    assert panel.lit() == {(0, 0): RED, (1, 0): GREEN}


def test_landscape_reaches_to_column_319_and_beyond_is_nothing(panel):
    panel.say(ORDER, LANDSCAPE)
    panel.window(319, 239, 511, 239)
    panel.say(WRITE, *F800, *F07E0, *F001F)
    panel.say(ORDER, UPRIGHT)
    assert panel.lit() == {(0, 319): RED}


@pytest.mark.parametrize("code, shows", [(0x28, False), (0x10, False), (0x01, False), (0x21, True), (0xB1, True)])
def test_it_shows_while_it_is_on_and_awake(panel, code, shows):
    panel.say(WRITE, *F800)
    panel.say(code)
    assert panel.display.is_on is shows and bool(panel.lit()) is shows


def test_inverted_the_picture_is_its_complement_and_back(panel):
    panel.say(WRITE, *F800)
    panel.say(0x21)
    assert panel.display.points()[:6] == bytes((0, 255, 255, 255, 255, 255))
    panel.say(0x20)
    assert panel.lit() == {(0, 0): RED}


CODES = st.one_of(st.sampled_from([1, 0x11, 0x29, COLUMNS, PAGES, WRITE, ORDER, FORMAT]), st.integers(0, 255))


@given(st.lists(st.tuples(st.booleans(), CODES), max_size=60), st.integers(0, 60))
def test_whatever_is_said_it_goes_on_from_what_was_saved(said, when):
    one, two = Panel(), Panel()
    for number, (is_data, byte) in enumerate(said):
        if number == when:
            two.display.restore(two.display.check(one.display.save()))
        for panel in (one, two)[: 1 + (number >= when)]:
            panel.is_data = is_data
            panel.data(byte)
    if when < len(said):
        assert one.display.save() == two.display.save()


def test_on_a_chip_the_pin_says_what_is_data(tmp_path):
    chip = Chip()
    parts = Parts(chip, [parse_display(f"ili9341@isu0:dc3={tmp_path / 'out.png'}")], [])
    bus = chip.shared.isus[0].spi_bus
    for is_data, byte in ((0, 0x11), (0, 0x29), (0, 0x3A), (1, 0x55), (0, 0x36), (1, 0x48), (0, 0x2C), (1, 0xF8), (1, 0)):
        chip.pins.output(3, PUSH_PULL, is_data)
        bus.select(0, True)
        bus.exchange(byte)
        bus.select(0, False)
    with parts.written():
        pass
    width, height, rows, _ = png.Reader(bytes=(tmp_path / "out.png").read_bytes()).asRGB8()
    assert (width, height, (*next(iter(rows))[:6],)) == (240, 320, (255, 0, 0, 0, 0, 0))
