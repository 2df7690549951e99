"""What a display of colours shows: points it is sent, in each order and format, and shapes it draws by itself."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.hal.sim.displays import Ssd1331

RED, GREEN, WHITE = 0xF800, 0x07E0, 0xFFFF


class Screen:
    """A display and its D/C line."""

    def __init__(self):
        self.is_data = False
        self.part = Ssd1331(lambda: self.is_data)
        self.command(0xAF)

    def send(self, data, is_data):
        self.is_data = is_data
        self.part.select()
        for byte in data:
            self.part.exchange(byte)
        self.part.deselect()

    def command(self, *data):
        self.send(data, False)

    def data(self, *data):
        self.send(data, True)

    def at(self, column, line):
        return self.part.memory[line * 96 + column]

    def lit(self):
        return {(n % 96, n // 96) for n, word in enumerate(self.part.memory) if word}


def test_points_go_along_lines_or_down_columns():
    screen = Screen()
    screen.command(0x15, 4, 5)
    screen.command(0x75, 2, 3)
    screen.data(0xF8, 0, 0x07, 0xE0, 0xFF, 0xFF)
    assert [screen.at(4, 2), screen.at(5, 2), screen.at(4, 3)] == [RED, GREEN, WHITE]
    screen.command(0xA0, 0x41)
    screen.command(0x15, 4, 5)
    screen.command(0x75, 2, 3)
    screen.data(0xF8, 0, 0x07, 0xE0, 0xFF, 0xFF)
    assert [screen.at(4, 2), screen.at(4, 3), screen.at(5, 2)] == [RED, GREEN, WHITE]


def test_a_point_may_be_one_byte():
    screen = Screen()
    screen.command(0xA0, 0x00)
    screen.data(0xE0, 0x1C, 0x03, 0xFF)
    assert [screen.at(n, 0) for n in range(4)] == [RED, GREEN, 0x001F, WHITE]


@pytest.mark.parametrize("ends, points", [
    ((1, 1, 4, 1), {(1, 1), (2, 1), (3, 1), (4, 1)}), ((4, 1, 1, 4), {(4, 1), (3, 2), (2, 3), (1, 4)}), ((7, 7, 7, 7), {(7, 7)}),
    ((0, 0, 4, 2), {(0, 0), (1, 1), (2, 1), (3, 2), (4, 2)}), ((95, 63, 95, 61), {(95, 63), (95, 62), (95, 61)}),
])  # fmt: skip
def test_it_draws_lines(ends, points):
    screen = Screen()
    screen.command(0x21, *ends, 0x3E, 0, 0)
    assert screen.lit() == points and {screen.at(*point) for point in points} == {RED}


def test_it_draws_rectangles_and_fills_them_if_told():
    screen = Screen()
    shape = (0x22, 10, 10, 13, 12, 0x3E, 0, 0, 0, 0x3F, 0)
    screen.command(*shape)
    assert len(screen.lit()) == 10 and screen.at(11, 11) == 0 and screen.at(13, 12) == RED
    screen.command(0x26, 1)
    screen.command(*shape)
    assert len(screen.lit()) == 12 and screen.at(11, 11) == GREEN and screen.at(10, 11) == RED


def test_it_copies_and_clears():
    screen = Screen()
    screen.command(0x21, 0, 0, 2, 0, 0x3E, 0, 0)
    screen.command(0x23, 0, 0, 2, 0, 1, 0)  # over itself
    assert screen.lit() == {(0, 0), (1, 0), (2, 0), (3, 0)}
    screen.command(0x26, 0x10)
    screen.command(0x23, 0, 0, 0, 0, 50, 50)
    assert screen.at(50, 50) == RED ^ 0xFFFF
    screen.command(0x25, 0, 0, 95, 63)
    assert not screen.lit()


@pytest.mark.parametrize("code, first, second", [(0xA4, b"\xff\0\0", bytes(3)), (0xA5, b"\xff" * 3, b"\xff" * 3), (0xA6, bytes(3), bytes(3)),
                                                 (0xA7, b"\0\xff\xff", b"\xff" * 3)])  # fmt: skip
def test_all_on_all_off_and_inverse_leave_what_it_keeps(code, first, second):
    screen = Screen()
    screen.data(0xF8, 0)
    screen.command(code)
    assert screen.part.points()[:6] == first + second and screen.at(0, 0) == RED


def test_on_and_dim_is_on():
    screen = Screen()
    screen.data(0xF8, 0)
    screen.command(0xAE)
    assert screen.part.points()[:3] == bytes(3)
    screen.command(0xAC)
    assert screen.part.points()[:3] == b"\xff\0\0"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=40)), max_size=12), st.binary(max_size=40))
def test_a_restored_display_goes_on_as_the_saved_one_whatever_it_is_sent(before, after):
    screen, other = Screen(), Screen()
    for is_data, data in before:
        screen.send(data, is_data)
    other.part.restore(other.part.check(screen.part.save()))
    for one in (screen, other):
        one.data(*after)
    assert other.part.save() == screen.part.save() and len(screen.part.memory) == 96 * 64
