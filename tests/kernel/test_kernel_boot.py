"""The kernel comes up, starts what may run, and tells the monitor."""

from __future__ import annotations

import pytest

from armillary.pluton.abi import DEVICE_COMPLETE
from armillary.wire import image
from armillary.wire.fault import Denied

BLINK = """
from applibs import eventloop, gpio

async def main():
    with gpio.open_as_output(8) as led:
        while True:
            led.set_value(gpio.HIGH)
            await eventloop.sleep(0.5)
            led.set_value(gpio.LOW)
            await eventloop.sleep(0.5)
"""


def test_an_installed_app_runs_and_drives_its_pin(maker, kit, new_device):
    device = new_device([maker.app_package("blink", BLINK, {"Gpio": [8]})], tasks=kit.LinkedTasks())
    device.run(5)
    changes = [(time, level) for time, pin, level in device.chip.gpio.history if pin == 8]
    assert len(changes) in (10, 11)
    assert all(later[0] - before[0] == 500_000 for before, later in zip(changes, changes[1:]))
    assert device.process("blink").state == "running"


def test_a_device_without_apps_boots_and_confirms(new_device):
    device = new_device()
    assert device.kernel.list_apps() == []
    assert "[kernel] up" in device.log()
    assert "confirmed" not in device.log()


def test_boot_is_reported(new_device):
    device = new_device()
    (event,) = device.events("boot")
    assert event["detail"]["rolled_back"] is False


def test_two_runs_give_the_same_trace(maker, kit, new_device):
    traces = []
    for _ in range(2):
        trace = []
        device = new_device(
            [maker.app_package("blink", BLINK, {"Gpio": [8]})], tasks=kit.LinkedTasks(),
            observe=lambda caller, call, arguments, fault, trace=trace: trace.append((call and call.name, arguments, str(fault))),
        )  # fmt: skip
        device.run(260)
        traces.append((trace, device.log(), list(device.chip.gpio.history)))
    assert len(traces[0][0]) > 1000
    assert traces[0] == traces[1]


def test_the_watchdog_is_tended_for_as_long_as_the_kernel_lives(kit, new_device):
    device = new_device()
    device.run(60)
    device.clock.advance_us(11_000_000)
    with pytest.raises(kit.ChipReset):
        device.chip.watchdog.poll(device.clock.uptime_us())


def test_a_development_image_runs_only_with_the_device_capability(maker, new_device):
    device = new_device([maker.app_package("dev", key=maker.development)])
    assert device.kernel.list_apps() == []
    (event,) = device.events("denial")
    assert event["detail"]["fault"] in ("Untrusted", "Denied")


def test_an_app_that_may_not_run_stops_nobody_else(maker, kit, new_device):
    liar = maker.app_package("liar", capabilities={"Everything": True})
    empty = maker.sign(bytes(4096), image.APPLICATIONS, kit.component_of("empty"))
    device = new_device([liar, empty, maker.app_package("good")])
    assert [app[0] for app in device.kernel.list_apps()] == ["good"]
    assert device.log().count(" was not started: ") == 2
    assert len(device.events("denial")) == 2


def test_pins_work_on_a_device_whose_ownership_is_frozen(maker, kit, new_device):
    device = new_device(
        [maker.app_package("blink", BLINK, {"Gpio": [8]})], lifecycle=DEVICE_COMPLETE, tasks=kit.LinkedTasks()
    )
    device.run(2)
    assert [pin for _, pin, _ in device.chip.gpio.history] == [8] * len(device.chip.gpio.history)
    assert len(device.chip.gpio.history) >= 3


def test_an_unknown_setting_is_refused(kit):
    from armillary.kernel.hardware import Hardware

    with pytest.raises(ValueError, match="no such kernel setting"):
        Hardware(None, None, None, None, None, {"update_pol_s": 1})


def test_a_daemon_that_falls_over_is_told_of_and_begun_anew(new_device, monkeypatch):
    device = new_device()
    fell = []

    def broken():
        fell.append(device.clock.uptime_us())
        raise Denied("no")
        yield

    device.kernel.scheduler.spawn("broken", broken)
    device.run(12)
    assert len(fell) == 3
    assert "broken fell over" in device.log()
    assert [event["detail"]["count"] for event in device.events("crash")] == [3]
