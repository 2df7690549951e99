"""Drivers of all styles behind the firewall, each with the manifest that its author would have written and no more."""

import json
from pathlib import Path

import pytest

from armillary.boards.mt3620 import build
from armillary.hal.sim.realtime.life import RUNNING
from armillary.wire import blocks, manifest
from tests.realtime.test_honest_programs import behind_the_firewall

STYLES = Path(__file__).parent / "styles"


def isus(*numbers):
    return [f"ISU{number}" for number in numbers]


MANIFESTS = {
    "fields_adc": {"Adc": ["ADC-CONTROLLER-0"]},
    "fields_i2c": {"I2cMaster": isus(0, 1, 2, 3, 4)},
    "fields_i2s": {"I2sSubordinate": ["I2S0", "I2S1"]},
    "fields_spi": {"SpiMaster": isus(0, 1, 2, 3, 4), "Gpio": [17]},
    "fields_timers": {"Gpio": [8, 9, 10, 11]},
    "fields_uart": {"Uart": isus(0, 1, 2, 3, 4)},
    "kernel": {},
    "layered": {"Uart": isus(0), "Gpio": [8, 9, 10]},
    "layers_adc": {"Adc": ["ADC-CONTROLLER-0"]},
    "layers_copy": {},
    "layers_counter": {"Gpio": [*range(24)]},
    "layers_i2c": {"I2cMaster": isus(0, 1, 2)},
    "layers_pwm": {"Pwm": ["PWM-CONTROLLER-0", "PWM-CONTROLLER-1", "PWM-CONTROLLER-2"]},
    "layers_sleep": {},
    "layers_sound": {"I2sSubordinate": ["I2S0", "I2S1"]},
    "layers_spi": {"SpiMaster": isus(0, 1, 2, 3, 4)},
    "layers_timers": {"Gpio": [4, 5, 6]},
    "layers_uart": {"Uart": isus(0)},
    "polled": {},
    "queued": {},
    "streamed": {"Adc": ["ADC-CONTROLLER-0"]},
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_what_the_manifest_says_is_enough(tmp_path, name):
    found = manifest.parse(json.dumps({
        "SchemaVersion": 1, "Name": name, "ComponentId": "1f0c6a10-7d1e-4d52-9a54-6b1d1c0fffff", "EntryPoint": "/bin/app", "CmdArgs": [],
        "Capabilities": MANIFESTS[name], "ApplicationType": "RealTimeCapable",
    }).encode())  # fmt: skip
    build.build_files([STYLES / (name + ".c")], tmp_path / "app.elf")
    pins = [pin for pin, _ in found.pins()]
    _, state, refused = behind_the_firewall((tmp_path / "app.elf").read_bytes(), pins, blocks.of(found), 0.3)
    assert (state, refused) == (RUNNING, [])
