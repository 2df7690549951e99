"""PWM of an app, on a device whose rings are in one process, and on one whose rings are boxes."""

import pytest

APP = """
from applibs import eventloop, pwm


async def main():
    with pwm.open(pwm.CONTROLLER_0) as controller:
        controller.apply(1, period_ns=20_000_000, duty_ns=5_000_000)
        await eventloop.sleep(1000)
"""
MANIFEST = """{"SchemaVersion": 1, "Name": "dimmer", "ComponentId": "5a1d6b1e-7a35-4f63-9a34-0d4a35a9d101", "EntryPoint": "/bin/app.py",
"CmdArgs": [], "Capabilities": {"Pwm": ["PWM-CONTROLLER-0"]}, "ApplicationType": "Default"}"""


@pytest.fixture
def dimmer(tmp_path):
    folder = tmp_path / "dimmer"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "app.py").write_text(APP)
    (folder / "app_manifest.json").write_text(MANIFEST)
    return folder


@pytest.mark.parametrize("mode", ["linked", "boxed"])
def test_an_apps_pulses_are_at_the_pin(make_device, dimmer, mode):
    device = make_device(mode=mode)
    device.install(dimmer)
    device.power_on()
    assert device.run_until(lambda: device.board.pin(1).toggles >= 20, 10)
    history = device.board.pin(1).history
    assert [level for _, level in history[:6]] == [1, 0, 1, 0, 1, 0]
    if mode == "linked":  # a box sees its edges when the host lets it
        assert {later - time for (time, level), (later, _) in zip(history, history[1:], strict=False) if level} == {5000}
