"""The plugin's fixtures, as a user's tests meet them."""

from __future__ import annotations


def test_blink_blinks(device, board):
    device.install("blink", arguments=["100"])
    device.power_on()
    device.run(seconds=2)
    assert board.pin(8).toggles == 20 and abs(board.pin(8).half_period_ms - 100) < 1
    assert device.lines("blink") == ["blink: pin 8 every 100 ms"] and not device.crashes and not device.denials


def test_a_crash_is_seen_with_its_traceback(device):
    device.install("crash", arguments=["100"])
    device.power_on()
    assert device.run_until(lambda: len(device.crashes) == 2)
    assert device.crashes[0].app == "crash" and "KeyError" in device.crashes[0].traceback


def test_what_is_refused_is_seen_with_its_rule(device, board):
    device.install("overreach")
    device.power_on()
    device.run(seconds=1)
    assert {"manifest.gpio", "package.path", "manifest.allowed_connections"} <= {each.rule for each in device.denials}
    assert board.pin(9).toggles == 0


def test_an_app_can_be_installed_while_the_device_runs(device, board):
    device.power_on()
    first = device.install("blink", arguments=["100"])
    device.run(seconds=1)
    assert device.is_installed(first) and board.pin(8).toggles > 8
    second = device.install("blink", version=2, arguments=["50"])
    device.run(seconds=1)
    assert device.is_installed(second) and abs(board.pin(8).half_period_ms - 50) < 1
