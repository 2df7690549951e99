"""Words for what hangs on a board: read strictly, fitted, and taken off without a trace."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from armillary.boards.sim.fitting import MOST_WIRES, Fittings
from armillary.hal.sim import places, wiring
from armillary.hal.sim.clock import VirtualClock
from armillary.hal.sim.gpio import FLOATING, GpioBank
from armillary.hal.sim.places import Bench
from armillary.hal.sim.wires import Wires
from armillary.wire.fault import Invalid

PINS = range(16)
DOCUMENTED = {
    "gpio12=up": "gpio12", "gpio12=down": "gpio12", "gpio12=z": "gpio12", "adc0=1.25": "adc0", "isu2:0x6a=lsm6ds3": "isu2:0x6a",
    "isu1:cs0=lsm6ds3": "isu1:cs0", "isu1:gpio5=lsm6ds3": "isu1:gpio5", "isu2:0x10=registers,0xff=0x43": "isu2:0x10",
    "isu1:cs0=sdcard": "isu1:cs0", "isu0=loop": "isu0", "isu1:cs0=loop": "isu1:cs0", "isu1:i2c=isu2": "isu1", "gpio12@1.5s=0": "gpio12",
}  # fmt: skip


def bench():
    wires = Wires()
    return Bench(wires.i2c, wires.spi, wires.analog, GpioBank(PINS, VirtualClock())), wires


@pytest.mark.parametrize("word", DOCUMENTED)
def test_every_word_of_the_table_is_read_and_knows_its_end(word):
    assert word in wiring.__doc__ and wiring.parse(word, PINS).end == DOCUMENTED[word]


@given(st.text(max_size=30) | st.from_regex(wiring.WIRE, fullmatch=True))
def test_any_word_is_a_wire_or_refused(word):
    try:
        wire = wiring.parse(word, PINS)
    except Invalid as fault:
        assert fault.reason
        return
    target, _ = bench()
    if wire.kind not in (wiring.LOOP, wiring.JOIN, wiring.REFERENCE):
        part = wire.fit(target)
        assert (part is not None) == (wire.kind == wiring.PART)


@given(st.text(max_size=20) | st.from_regex(places.PLACE, fullmatch=True))
def test_any_text_is_a_place_that_is_written_back_or_refused(text):
    try:
        place = places.parse(text, PINS)
    except Invalid:
        return
    assert places.parse(str(place), PINS) == place


@pytest.mark.parametrize(("word", "absolute"), [("isu1:cs0=sdcard,card.img", True), ("isu1:cs0=sdcard", False), ("isu2:0x10=registers,0x01=0x02", False), ("adc0=1", False)])
def test_the_file_of_a_card_is_seen_from_anywhere(tmp_path, monkeypatch, word, absolute):
    monkeypatch.chdir(tmp_path)
    assert wiring.absolute(word) == (f"isu1:cs0=sdcard,{tmp_path}/card.img" if absolute else word)


def test_a_board_has_a_bounded_number_of_wires():
    target, wires = bench()
    fittings = Fittings(target, wires.serial)
    words = [f"isu{unit}:{address:#04x}=eeprom" for unit in range(6) for address in range(128)]
    for word in words[:MOST_WIRES]:
        fittings.wire(word)
    with pytest.raises(Invalid, match="are the most"):
        fittings.wire(words[MOST_WIRES])


class Coming(RuleBasedStateMachine):
    """Wires come and go in any order: what is there is what was wired last, and what is gone left nothing."""

    def __init__(self):
        super().__init__()
        self.bench, self.wires = bench()
        self.fittings = Fittings(self.bench, self.wires.serial)
        self.model = {}  # (end, is a resistor): word

    WORDS = ("gpio3=up", "gpio3=down", "gpio3=0", "gpio3=1", "adc1=0.5", "adc1=2", "isu0=loop", "isu2:0x6a=lsm6dso", "isu2:0x6a=eeprom", "isu1:cs0=loop", "isu1:gpio4=loop")
    ENDS = ("gpio3", "adc1", "isu0", "isu2:0x6a", "isu1:cs0", "isu1:gpio4")

    @rule(word=st.sampled_from(WORDS))
    def wire(self, word):
        end, what = word.split("=")
        key = end, what in ("up", "down")
        if end.startswith("isu") and key in self.model:
            with pytest.raises(Invalid):
                self.fittings.wire(word)
        else:
            assert self.fittings.wire(word) == end
            self.model[key] = word

    @rule(end=st.sampled_from(ENDS))
    def unwire(self, end):
        keys = [key for key in self.model if key[0] == end]
        if keys:
            self.fittings.unwire(end)
            for key in keys:
                del self.model[key]
        else:
            with pytest.raises(Invalid, match="nothing was wired"):
                self.fittings.unwire(end)

    @invariant()
    def the_board_is_as_it_was_wired(self):
        assert self.fittings.words() == [self.model[key] for key in sorted(self.model)]
        level = {"gpio3=0": 0, "gpio3=1": 1}.get(self.model.get(("gpio3", False)), FLOATING)
        pull = {"gpio3=up": 1, "gpio3=down": 0}.get(self.model.get(("gpio3", True)), FLOATING)
        assert self.bench.pins.outside(3) == (level, pull)
        volts = self.model.get(("adc1", False), "adc1=0").split("=")[1]
        assert self.bench.analog.microvolts(1, 0) == float(volts) * 1_000_000
        assert self.bench.i2c[2].is_taken(0x6A) == (("isu2:0x6a", False) in self.model)
        assert len(self.bench.spi[1].parts()) == sum((end, False) in self.model for end in ("isu1:cs0", "isu1:gpio4"))
        assert len(self.bench.spi[1].selected()) == (("isu1:gpio4", False) in self.model)  # the pin is low
        self.wires.serial[0].write(b"x")
        is_led_back = ("isu0", False) in self.model
        assert self.wires.serial[0].read(9) == (b"x" if is_led_back else b"") and self.wires.serial[0].take() == (b"" if is_led_back else b"x")


TestWires = Coming.TestCase
