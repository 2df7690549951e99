"""`armillary rt run --wire`: what hangs on the chip."""

import pytest
from click import BadParameter
from click.testing import CliRunner

from armillary.cli.main import cli
from armillary.cli.rt_run import parse_time
from armillary.cli.rt_wiring import arrange, fit, parse
from armillary.hal.sim.realtime.chip import Chip
from armillary.hal.sim.realtime.time import MILLISECOND
from tests.hal.sdhost import BLOCK, Host


def wired(*words):
    """A chip with all that, as it is at time 0."""
    chip = Chip(cores=2)
    wires = parse(words, parse_time)
    fit(wires, chip)
    arrange(wires, chip)
    return chip


def test_the_buttons_of_a_board_are_up():
    chip = wired()
    assert [chip.pins.read(pin) for pin in (11, 12, 13, 14)] == [0, 1, 1, 0]


def test_a_button_is_pressed_and_let_go_of():
    chip = wired("gpio12@1ms=0", "gpio12@3ms=z")
    levels = []
    for _ in range(4):
        levels.append(chip.pins.read(12))
        chip.scheduler.run(chip.scheduler.now + MILLISECOND)
    assert levels == [1, 0, 0, 1]


def test_a_board_may_have_other_resistors_and_voltages():
    chip = wired("gpio12=down", "gpio4=up", "gpio5=1", "adc3=1.25", "adc3@2ms=0.5")
    assert [chip.pins.read(pin) for pin in (12, 4, 5)] == [0, 1, 1]
    assert chip.shared.inputs.microvolts(3, 0) == 1_250_000
    chip.scheduler.run(3 * MILLISECOND)
    assert chip.shared.inputs.microvolts(3, 0) == 500_000


def test_a_board_may_give_the_converter_another_reference():
    assert wired("vref=1.8").shared.adc.reference == 1_800_000
    assert wired().shared.adc.reference == 2_500_000


def test_parts_hang_on_buses():
    chip = wired("isu2:0x6a=lsm6ds3", "isu2:0x10=registers,0xff=0x43", "isu1:cs1=lsm6ds3", "isu3:gpio5=lsm6ds3", "isu0:cs0=loop")
    bus = chip.shared.isus[2].i2c_bus
    assert bus.start(0x6A, False) and bus.write(0x0F) and bus.start(0x6A, True) and bus.read() == 0x69
    assert bus.start(0x10, False) and bus.write(0xFF) and bus.start(0x10, True) and bus.read() == 0x43
    spi = chip.shared.isus[1].spi_bus
    spi.select(1, True)
    assert [spi.exchange(0x8F), spi.exchange(0)] == [0, 0x69]
    spi = chip.shared.isus[3].spi_bus  # pin 5 is low
    assert [spi.exchange(0x8F), spi.exchange(0)] == [0, 0x69]
    spi = chip.shared.isus[0].spi_bus
    spi.select(0, True)
    assert spi.exchange(0x5A) == 0x5A


def test_what_was_done_before_a_state_is_not_done_again():
    words = ("gpio12@1ms=0", "gpio12@2ms=z", "gpio12@4ms=0")
    chip, other = wired(*words), Chip(cores=2)
    chip.run(3 * MILLISECOND)
    wires = parse(words, parse_time)
    fit(wires, other)
    other.restore(chip.save())
    changes = []
    other.pins.observe(lambda pin, level, _: changes.append((pin, level, other.scheduler.now // MILLISECOND)))
    arrange(wires, other)
    other.run(5 * MILLISECOND)
    assert changes == [(12, 0, 4)]


def test_i2c_lines_of_two_units_are_one_bus():
    chip = wired("isu1:0x50=eeprom", "isu1:i2c=isu2", "isu2:0x6a=lsm6ds3", "isu3:i2c=isu1")
    isus = chip.shared.isus
    assert isus[1].i2c_bus is isus[2].i2c_bus is isus[3].i2c_bus
    assert [address for address, _ in isus[1].i2c_bus.devices()] == [0x50, 0x6A]
    isus[2].i2c.write(0xC8, 4, 0x20)
    isus[2].i2c.write(0xC4, 4, 1 << 15)
    isus[1].i2c.write(0x60, 4, 0x20)
    isus[1].i2c.write(0x70, 4, 1 << 15 | 1)
    chip.scheduler.run(MILLISECOND)
    assert isus[1].i2c_bus.log == ["0x20 W"] and isus[2].i2c.words[0xCC] == 0x20


def test_a_slave_moves_with_its_lines():
    chip = wired()
    isus = chip.shared.isus
    isus[2].i2c.write(0xC8, 4, 0x20)
    isus[2].i2c.write(0xC4, 4, 1 << 15)
    isus[2].join_i2c(isus[1])
    assert isus[1].i2c_bus.is_taken(0x20)
    isus[2].join_i2c(isus[1])
    assert isus[1].i2c_bus.is_taken(0x20)


def test_parts_of_a_bus_that_is_joined_are_saved_once_and_restored():
    wires = ("isu1:0x50=eeprom", "isu1:i2c=isu2")
    chip, other = wired(*wires), wired(*wires)
    bus = chip.shared.isus[2].i2c_bus
    for byte in (0x50, 0, 0x10, 0x77):
        assert bus.start(0x50, False) if byte == 0x50 else bus.write(byte)
    bus.stop()
    other.restore(chip.save())
    assert dict(other.shared.isus[1].i2c_bus.devices())[0x50].data[0x10] == 0x77
    assert other.save() == chip.save()


def test_two_parts_at_one_address_of_lines_led_together_are_refused():
    with pytest.raises(BadParameter, match="0x50 is taken"):
        wired("isu1:0x50=eeprom", "isu2:0x50=eeprom", "isu1:i2c=isu2")


@pytest.mark.parametrize(("word", "why"), [
    ("isu1:i2c=loop", "led to another one's: isu0, isu2"), ("isu1:i2c=isu1", "another one's"), ("isu1:i2c=isu6", "another one's"),
    ("gpio12", "is not like"), ("gpio12=2", "0, 1 or z"), ("gpio94=1", "gpio0 to gpio93"), ("gpio12@soon=1", "soon is no time"),
    ("adc8=1", "adc0 to adc7"), ("adc0=-1", "from 0 to 5"), ("adc0=5.1", "from 0 to 5"), ("gpio5:cs0=1", "only an ISU"), ("vref=high", "from 0 to 5"),
    ("isu6=loop", "isu0 to isu5"), ("isu0@1s=loop", "from the start"), ("isu0=lsm6ds3", "needs a place"),
    ("isu0:0x80=eeprom", "is not like"), ("isu0:cs0=eeprom", "lsm6dso, loop, sdcard, sdhc"), ("isu0:cs0=sdcard,no.img", "No such file"), ("isu0:0x10=sdcard", "goes there"), ("isu0:0x50=loop", "lsm6dso, eeprom"),
    ("isu0:gpio94=loop", "gpio0 to gpio93"), ("isu0:0x50=eeprom,0x00=0x01", "no settings"), ("isu0:0x10=registers,5", "like 0xff=0x43"),
])  # fmt: skip
def test_a_wire_that_makes_no_sense_is_refused_with_the_word(tmp_path, word, why):
    (tmp_path / "app.elf").write_bytes(b"")
    done = CliRunner().invoke(cli, ["rt", "run", str(tmp_path / "app.elf"), "--wire", word])
    assert done.exit_code == 2 and why in done.output and word in done.output


@pytest.mark.parametrize(("kind", "bit"), [("sdcard", 0), ("sdhc", 1)])
def test_a_card_is_the_file_it_was_given(tmp_path, kind, bit):
    path = tmp_path / "a,b.img"
    path.write_bytes(bytes(1 << 20))
    bus = wired(f"isu1:cs0={kind},{path}").shared.isus[1].spi_bus
    bus.select(0, True)
    host = Host(bus)
    assert host.begin() >> 30 & 1 == bit
    host.command(24, 0)
    host.give(b"w" * BLOCK)
    assert path.read_bytes()[:BLOCK] == b"w" * BLOCK


def test_a_card_without_a_file_is_empty_each_time():
    for _ in range(2):
        bus = wired("isu1:gpio5=sdcard").shared.isus[1].spi_bus  # pin 5 is low
        host = Host(bus)
        host.begin()
        assert host.command(17, 0) == 0 and host.data()[1] == bytes(BLOCK)
        assert host.command(24, 0) == 0 and host.give(b"w" * BLOCK) == 5


def test_an_image_of_no_card_is_refused(tmp_path):
    path = tmp_path / "card.img"
    path.write_bytes(bytes(1 << 18))
    with pytest.raises(BadParameter, match="truncate -s"):
        parse([f"isu1:cs0=sdcard,{path}"], parse_time)


def run(file, *words):
    return CliRunner().invoke(cli, ["rt", "run", str(file), *words])


def test_two_parts_at_one_place_are_refused(built):
    done = run(built.path("i2c_sensor"), "--wire", "isu0:0x50=eeprom", "--wire", "isu0:0x50=eeprom")
    assert done.exit_code == 2 and "0x50 is taken" in done.output


def test_a_program_finds_the_sensor_that_hangs_on_its_bus(built):
    words = [built.path("i2c_sensor"), "--until", "25.00 degrees", "--limit", "1s"]
    assert run(*words, "--wire", "isu2:0x6a=lsm6dso").exit_code == 0
    assert "no LSM6DSO" in run(*words, "--wire", "isu3:0x6a=lsm6dso").output


LOOPED = """
#include "isu.h"
#include "uart.h"

int main(void) {
    uart_open(DEBUG_UART);
    isu_open(0, ISU_UART_CLOCKS);
    uart_open(ISU_UART(0));
    uart_print(ISU_UART(0), "!");
    while (!(ISU_UART(0)->lsr & UART_DATA)) {
    }
    uart_print(DEBUG_UART, ISU_UART(0)->data == '!' ? "heard" : "heard something else");
    return 0;
}
"""


def test_a_uart_hears_itself_only_if_led_back(built):
    words = [built.path(LOOPED), "--until", "heard", "--limit", "10ms"]
    assert run(*words, "--wire", "isu0=loop").exit_code == 0
    assert run(*words).exit_code == 4


def test_what_is_wired_is_recorded_and_replayed(built, tmp_path):
    words = [built.path(LOOPED), "--until", "20ms", "--wire", "isu0=loop", "--wire", "gpio4=up", "--wire", "gpio12@1ms=0"]
    assert run(*words, "--record", str(tmp_path / "record")).exit_code == 0
    record = (tmp_path / "record").read_text()
    assert "pin 12 0" in record and record.count("! uart isu0 21") == 1
    done = run(*words, "--replay", str(tmp_path / "record"))
    assert done.exit_code == 0, done.output


QUIET = """
#include "cortex.h"
#include "uart.h"

void irq_eint12(void) {
    uart_print(DEBUG_UART, "pressed");
}

int main(void) {
    uart_open(DEBUG_UART);
    irq_enable(IRQ_eint12, 2);
    for (;;) {
        wait_for_interrupt();
    }
}
"""


def test_the_board_is_there_before_the_program_begins(built):
    words = [built.path(QUIET), "--until", "pressed", "--limit", "10ms"]
    assert run(*words).exit_code == 4
    assert run(*words, "--wire", "gpio12@1ms=0", "--wire", "gpio12@2ms=z").exit_code == 0
