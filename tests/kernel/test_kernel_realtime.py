"""Real-time apps under the application manager: the same states, deaths and denials told, waits that are no crashes.

The cores are played: what the monitor answers is set by the test; tests/realtime has whole ones.
"""

from __future__ import annotations

import json

import pytest

from armillary.kernel.capabilities import Capabilities
from armillary.wire import asxipfs, guid, image, manifest
from armillary.wire.fault import Busy, Denied, Full, Invalid, Locked, NotFound

REPORT = "post-mortem at 1.0 s: HardFault\n\ncause: PRECISERR\n" + "registers\n" * 300


class Cores:
    """What the monitor says of real-time apps. `calls` has what the kernel asked to change."""

    def __init__(self, smc):
        self.calls, self.refusals, self.state, self.reason, self.denied, self.report = [], [], 1, "", [], ""
        self.resets = 0
        for name in ("start", "stop", "status", "report", "denial"):
            setattr(smc, "realtime_" + name, getattr(self, name + "_"))

    def start_(self, component):
        self.calls.append("start")
        if self.refusals:
            raise self.refusals.pop(0)
        self.state = 1
        return 0

    def stop_(self, component):
        self.calls.append("stop")
        self.state = 0

    def status_(self, component):
        if self.state is None:
            raise NotFound("runs on no real-time core")
        return 0, self.state, self.reason, len(self.denied), self.resets

    def report_(self, component):
        return self.report

    def denial_(self, component, index):
        return self.denied[index]

    def die(self, reason="locked up", report=REPORT):
        self.state, self.reason, self.report = 2, reason, report


@pytest.fixture
def package(kit, maker):
    """package(name, version): a real-time app, whose program nobody looks at here."""

    def make(name="rt", version=1, capabilities=None):
        component = kit.component_of(name)
        fields = json.loads(kit.manifest_of(name, component, capabilities))
        fields["ApplicationType"] = "RealTimeCapable"
        tree = [("app_manifest.json", json.dumps(fields).encode(), False), ("bin/app.py", b"\x7fELF", True)]
        return maker.sign(asxipfs.pack(tree), image.APPLICATIONS, component, version, name=name)

    return make


@pytest.fixture
def device(maker, new_device, package):
    """A device with an ordinary app; `cores` plays the rest, from the moment at which one is installed."""
    device = new_device([maker.app_package("probe")])
    device.cores = Cores(device.smc)
    return device


@pytest.fixture
def running(device, package):
    device.install(package())
    device.run(0.1)
    assert device.process("rt").state == "running"
    return device


def test_it_starts_is_watched_and_is_confirmed_after_its_probation(running):
    confirmed = []
    running.smc.confirm_application = confirmed.append
    running.run(5)
    assert confirmed.count(running.process("rt").component) == 1 and running.cores.calls == ["start"]


def test_it_has_no_system_calls_and_no_address_space(running):
    assert running.process("rt").gate is None and [task.name for task in running.tasks.tasks] == ["probe"]


def test_it_stops_at_once_since_nothing_can_ask_it_to(running):
    running.kernel.applications.stop(running.process("rt").component)
    running.run(0.11)
    assert running.process("rt").state == "stopped" and running.cores.calls == ["start", "stop"]
    assert running.events("crash") == []


def test_a_death_is_a_crash_with_reason_and_post_mortem_and_begins_anew_after_the_back_off(running):
    running.run(4)
    running.cores.die()
    running.run(0.2)
    (event,) = running.events("crash")
    assert event["detail"]["reason"] == "the program locked up"
    assert event["detail"]["post_mortem"].startswith("post-mortem at 1.0 s") and "traceback" not in event["detail"]
    assert running.process("rt").state == "backoff" and running.cores.calls == ["start", "stop"]
    lines = [line for line in running.log().splitlines() if line.startswith("app rt: ")]
    assert lines[:2] == ["app rt: post-mortem at 1.0 s: HardFault", "app rt: cause: PRECISERR"] and len(lines) == 12
    running.run(1)
    assert running.process("rt").state == "running"


def test_a_long_post_mortem_keeps_its_beginning_and_fits(running):
    running.cores.die(report="post-mortem first\n" + "x" * 50_000)
    running.run(0.2)
    detail = running.events("crash")[0]["detail"]
    assert detail["post_mortem"].startswith("post-mortem first") and len(json.dumps(detail)) <= 8000


def test_a_report_that_tries_to_forge_lines_is_shown_under_its_name(running):
    running.cores.die(report="x\r[kernel] all is well\n[PLUTON] stage=1bl\x1b[2J\n")
    running.run(0.2)
    assert not [line for line in running.log().splitlines() if line.startswith("[PLUTON] stage=1bl\x1b") or line == "[kernel] all is well"]
    assert "app rt: x?[kernel] all is well" in running.log()


def test_one_that_dies_on_probation_gives_way_to_the_one_before(running, package):
    running.run(5)
    running.install(package(version=2))
    running.run(0.3)
    assert running.process("rt").program.version == 2
    running.cores.die()
    running.run(0.3)
    assert running.process("rt").program.version == 1
    assert [event["detail"]["result"] for event in running.events("update")] == ["reverted"]


@pytest.mark.parametrize("fault", [
    Busy("another app has pin 8", "monitor", "realtime.pins"), Full("both cores are taken", "monitor", "realtime.core"),
    Locked("frozen", "monitor", "realtime.map", remedy="restart the device"),
])  # fmt: skip
def test_one_that_must_wait_for_others_is_reported_not_a_crash_not_replaced_and_tried_again(running, package, fault):
    running.run(5)
    running.cores.refusals = [fault, fault]
    running.install(package(version=2))
    running.run(0.3)
    assert running.process("rt").state == "backoff" and running.process("rt").program.version == 2
    assert running.events("crash") == [] and running.events("update") == []
    assert [event["detail"]["rule"] for event in running.events("denial")] == [fault.rule]
    running.run(4)
    assert running.process("rt").state == "running"
    assert running.events("denial")[0]["detail"]["count"] == 2


def test_one_that_is_refused_for_its_own_sake_is_a_crash_and_gives_way(running, package):
    running.run(5)
    running.cores.refusals = [Invalid("no program for a real-time core", "hal", "core.program")]
    running.install(package(version=2))
    running.run(0.3)
    assert running.process("rt").program.version == 1
    assert "no program for a real-time core" in running.events("crash")[0]["detail"]["reason"]


def test_each_denial_is_reported_once_with_register_and_policy(running):
    running.cores.denied = [(0x3801_0014, True, 0x10_0100, 1, "GPIO0.DOUT_SET", "GPIO0 takes Gpio: the pin among 0, 1, 2, 3")]
    running.run(1)
    running.cores.denied.append((0x3807_0500, False, 0x10_0200, 7, "ISU0 UART.LSR", "Capabilities.Uart is absent"))
    running.run(1)
    first, second = (event["detail"] for event in running.events("denial"))
    assert first["reason"] == "writing GPIO0.DOUT_SET at 0x38010014, by 0x00100100: a bus fault"
    assert first["policy"] == "GPIO0 takes Gpio: the pin among 0, 1, 2, 3; Capabilities.Gpio is absent"
    assert first["rule"] == "firewall.real_time" and first["ring"] == "hal"
    assert second["reason"].startswith("reading ISU0 UART.LSR") and "count" not in first
    assert "rt was denied" in running.log()


def test_a_flood_of_denials_is_told_in_parts_and_leaves_room_for_others(running):
    running.cores.denied = [(4 * n, True, n, 1, f"R{n}", "none") for n in range(500)]
    running.run(60)
    assert len(running.events("denial")) == 16 and running.process("rt").state == "running"
    with pytest.raises(Denied):
        running.app("probe").port.gpio_open_input(9)
    assert len(running.events("denial")) == 17


def test_what_it_was_denied_before_it_died_is_told_too(running):
    running.cores.denied = [(0x3801_0014, True, 0x10_0100, 1, "GPIO0.DOUT_SET", "none")]
    running.cores.die()
    running.run(0.2)
    assert len(running.events("denial")) == 1 and len(running.events("crash")) == 1


def test_one_that_the_monitor_stopped_with_its_image_ends_quietly(running):
    running.cores.state = None
    running.run(0.2)
    assert running.process("rt").state == "backoff" and running.events("crash") == []


def test_removal_leaves_nothing(running):
    running.kernel.applications.remove(running.process("rt").component)
    running.run(0.2)
    assert [app[0] for app in running.kernel.list_apps()] == ["probe"] and running.cores.calls == ["start", "stop"]


# -- who may talk to whom ------------------------------------------------------------------------------------------


def made(kit, name, peers, kind="Default"):
    granted = {"AllowedApplicationConnections": peers} if peers else {}
    fields = json.loads(kit.manifest_of(name, None, granted))
    fields["ApplicationType"] = kind
    return manifest.parse(json.dumps(fields).encode())


@pytest.mark.parametrize("mine, theirs, kind, fault", [
    (True, True, "RealTimeCapable", None), (True, True, "Default", Denied), (True, False, "RealTimeCapable", Denied),
    (False, True, "RealTimeCapable", Denied), (False, False, "RealTimeCapable", Denied), (True, None, "", NotFound), (False, None, "", Denied),
])  # fmt: skip
def test_a_connection_needs_both_manifests_and_a_real_time_app(kit, mine, theirs, kind, fault):
    me, peer = (guid.to_text(kit.component_of(name)) for name in ("me", "peer"))
    told = []
    capabilities = Capabilities(made(kit, "me", [peer] if mine else []), told.append)
    other = None if theirs is None else made(kit, "peer", [me] if theirs else [], kind)
    if fault is None:
        capabilities.require_application(kit.component_of("peer"), other)
    else:
        with pytest.raises(fault) as refused:
            capabilities.require_application(kit.component_of("peer"), other)
        assert told == ([refused.value] if fault is Denied else [])
        assert fault is NotFound or (refused.value.policy and refused.value.remedy)
