"""The plugin's fixtures, as a user's tests meet them."""

from __future__ import annotations

import pytest

from armillary.testing.board import NotPossible
from armillary.wire.fault import Untrusted


@pytest.fixture(params=["linked", pytest.param("boxed", marks=pytest.mark.slow)])
def device(request, make_device):
    return make_device(mode=request.param)


def test_blink_blinks(device, board):
    device.install("blink", arguments=["100"])
    device.power_on()
    assert device.run_until(lambda: board.pin(8).toggles >= 16)
    assert device.run_until(lambda: abs(board.pin(8).half_period_ms - 100) < 20)
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


def test_an_app_can_be_installed_while_the_device_runs(device, board, service):
    device.power_on()
    first = device.install("blink", arguments=["100"])
    assert device.run_until(lambda: board.pin(8).toggles > 8)
    assert device.is_installed(first)
    second = device.install("blink", version=2, arguments=["50"])
    assert device.run_until(lambda: abs(board.pin(8).half_period_ms - 50) < 10)
    assert device.is_installed(second) and not device.is_installed(first)


def test_a_linked_device_without_a_service_takes_apps_through_the_monitor(make_device):
    device = make_device(mode="linked")
    device.power_on()
    device.install("blink", arguments=["50"])
    device.run(1)
    assert abs(device.board.pin(8).half_period_ms - 50) < 1
    with pytest.raises(Untrusted):
        device.install(device.package("blink", version=2)[:-1] + b"?")
    device.power_off()
    with pytest.raises(NotPossible, match="power it on"):
        device.install("blink", version=2)


def test_the_world_can_drive_a_pin_and_the_app_sees_it(device, board, write_app):
    source = (
        "from applibs import eventloop, gpio, log\n"
        "async def main():\n"
        "    button = gpio.open_as_input(12)\n"
        "    await eventloop.next_event([button])\n"
        "    log.debug('pressed: %d', button.get_value())\n"
        "    await eventloop.sleep(1000)\n"
    )
    device.install(write_app("button", source, {"Gpio": [12]}))
    device.power_on()
    device.run(0.2)
    board.drive(12, 1)
    assert device.run_until(lambda: device.lines("button") == ["pressed: 1"], 5)
    assert board.pin(12).level == 1


def test_an_app_talks_to_a_host_that_the_test_plays(device, board, write_app):
    source = (
        "from applibs import eventloop, log, networking\n"
        "async def main():\n"
        "    stream = await networking.connect('api.example', 7)\n"
        "    await stream.send_all(b'hello')\n"
        "    log.debug('answered: %s', (await stream.receive_some()).decode())\n"
        "    await eventloop.sleep(1000)\n"
    )
    board.host("api.example", 7, bytes.upper)
    device.install(write_app("caller", source, {"AllowedConnections": ["api.example"]}))
    device.power_on()
    assert device.run_until(lambda: device.lines("caller") == ["answered: HELLO"], 5)


@pytest.mark.slow
def test_a_boxed_device_that_runs_takes_apps_from_a_service_only(make_device):
    device = make_device(mode="boxed")
    device.power_on()
    with pytest.raises(NotPossible, match="service"):
        device.install("blink")


def test_power_cut_in_an_operation_leaves_the_device_off_until_it_is_powered_on(device, board, service):
    device.power_on()
    device.run_until(service.certificates)
    service.deploy(service.upload("blink"))
    before = board.operations
    board.cut_power(after=3)
    assert device.run_until(lambda: not device.is_on)
    assert board.operations == before + 3
    device.power_on()
    assert device.is_on


@pytest.mark.armillary(lifecycle="blank")
def test_the_marker_chooses_the_lifecycle(make_device):
    blank, complete = make_device(), make_device(lifecycle="complete")
    assert blank.made.recipe.lifecycle == "blank" and blank.made.saved[1] != complete.made.saved[1]


@pytest.mark.armillary(config={"backoff_least_ms": 250})
def test_the_marker_sets_the_kernel_up(device):
    device.install("crash", arguments=["50"])
    device.power_on()
    assert device.run_until(lambda: "crash starts again in 250 ms" in device.log, 5)
