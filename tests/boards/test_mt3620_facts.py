"""The boards' numbers are those that programs, linker scripts, headers and the model have."""

import json
import pathlib
import re

import pytest

from armillary.boards.mt3620 import build, facts
from armillary.cli.rt import BOARDS
from armillary.hal.sim.realtime import chip, shared
from armillary.hal.sim.realtime.shared import PINS

ROOT = pathlib.Path(__file__).parents[2]
SCRIPTS = sorted(build.SHARED.glob("*.ld"))
HEADER = (build.SHARED / "mt3620.h").read_text()


@pytest.mark.parametrize("kit", facts.KITS.values(), ids=lambda kit: kit.name)
def test_a_board_has_pins_that_the_chip_has_each_once(kit):
    used = [*kit.leds.values(), *kit.buttons.values()]
    on_headers = [gpio for pins in kit.headers.values() for gpio in pins.values()]
    assert set(used) | set(on_headers) <= set(PINS)
    assert len(set(used)) == len(used) and len(set(on_headers)) == len(on_headers)
    assert set(kit.names()) == set(used) | set(on_headers)


def test_every_board_can_be_asked_for():
    assert tuple(sorted(facts.KITS)) == BOARDS


def test_headers_lead_out_what_they_are_said_to():
    """On the RDB the engines of ISU0, 1, 2 and 3 are at one header each."""
    rdb = facts.KITS["rdb"].headers
    at = {header: set(pins.values()) for header, pins in rdb.items()}
    assert set(shared.ISU_PINS[0]) <= at["h2"] and set(shared.ISU_PINS[1]) | set(shared.ISU_PINS[2]) == at["h4"] and set(shared.ISU_PINS[3]) == at["h3"]


WIRED = {  # page: the wires that it tells of, to an RDB
    "i2c_sensor": {"SCL": facts.gpio_of(2, "SCL"), "SDA": facts.gpio_of(2, "SDA")},
    "spi_display": {"D0": facts.gpio_of(1, "SCLK"), "D1": facts.gpio_of(1, "MOSI"), "CS": facts.gpio_of(1, "CSA"), "D/C": 5},
    "uart_echo": {"receive": facts.gpio_of(0, "RXD"), "transmit": facts.gpio_of(0, "TXD")},
    "adc_pwm": {"ADC0": 41, "PWM0": 0},
}


@pytest.mark.parametrize("page", WIRED)
def test_pages_name_the_header_pins_at_which_signals_are(page):
    text = " ".join((ROOT / "docs/rtapps" / f"{page}.md").read_text().split())
    for signal, gpio in WIRED[page].items():
        assert f"{signal} at {facts.KITS['rdb'].place(gpio)}" in text, signal


@pytest.mark.parametrize("ask", [lambda: facts.gpio_of(0, "MCLK"), lambda: facts.KITS["rdb"].place(16)])
def test_what_is_not_there_is_told(ask):
    with pytest.raises(KeyError, match="no"):
        ask()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_linker_scripts_have_the_chips_memory(script):
    found = re.findall(r"(\w+) \(\w+\) : ORIGIN = (0x[0-9A-F]+), LENGTH = (\d+)([KM])", script.read_text())
    for name, origin, length, unit in found:
        assert (int(origin, 16), int(length) << (10 if unit == "K" else 20)) == facts.MEMORY[name]
    assert found or script.name == "sections.ld"


def test_the_stack_begins_at_the_end_of_tcm():
    assert int(re.search(r"stack_top = (0x[0-9A-Fa-f]+)", (build.SHARED / "sections.ld").read_text())[1], 16) == facts.STACK_TOP


def test_the_header_has_the_models_addresses():
    wanted = {
        "IRQ_CONFIG": chip.IRQ_CONFIG, "RGU": chip.RGU, "WDT": chip.WDT, "GPT": chip.GPT, "DEBUG_UART": chip.DEBUG_UART,
        "MBOX_A7": chip.A7_BOX, "MBOX_M4": chip.CORE_BOX, "DMA": chip.DMA, "ADC": shared.ADC,
    }  # fmt: skip
    found = {name: int(value, 16) for name, value in re.findall(r"#define (\w+)_BASE (0x[0-9a-f]+)u", HEADER)}
    assert found == wanted
    for name, (address, _) in facts.MEMORY.items():
        assert re.search(rf"{name} = 0x{address:08x},", HEADER)
    assert f"(0x{shared.GROUP:08x}u + 0x10000u * (group))" in HEADER and f"(0x{shared.ISU:08x}u + 0x10000u * (number))" in HEADER


def test_the_vector_table_has_the_models_interrupts():
    machine = chip.Chip().cores[0].machine
    assert facts.VECTORS == 16 + 100 and "IRQ_COUNT == 100" in HEADER
    # The upper bits of a priority are kept, the others read as zero (DDI0403E, B3.4.9).
    machine.write_system(0xE000_E400, 0xFF)
    assert machine.read_system(0xE000_E400) & 0xFF == 0xFF << 8 - facts.PRIORITY_BITS & 0xFF


def test_programs_use_leds_and_parts_that_boards_have():
    blink = (build.folder_of("blink") / "main.c").read_text()
    assert int(re.search(r"LED = (\d+)", blink)[1]) == facts.KITS["rdb"].leds["led1_red"] == facts.KITS["sk2"].leds["user_red"]
    sensor = json.loads((build.folder_of("i2c_sensor") / "app_manifest.json").read_text())
    assert sensor["Capabilities"]["I2cMaster"] == ["ISU2"] and facts.KITS["sk2"].parts == {"isu2:0x6a": "lsm6dso"}
