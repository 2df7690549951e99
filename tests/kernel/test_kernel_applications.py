"""Apps are started, watched, restarted later and later, judged, stopped and replaced."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.kernel import process as processes
from armillary.kernel.applications import next_backoff
from armillary.kernel.hardware import CONFIG
from armillary.wire.fault import Failed, NotFound, OutOfOrder


@pytest.fixture
def device(maker, new_device):
    return new_device([maker.app_package("probe", capabilities={"Gpio": [8]}), maker.app_package("other")])


def crash(device, name="probe", code=1, signal=0):
    device.app(name).die(code, signal)
    device.run(0.2)


# -- the state table ---------------------------------------------------------------------------------


def test_the_table_names_every_state_and_leaves_none_for_ever():
    states = {processes.STOPPED, processes.STARTING, processes.RUNNING, processes.STOPPING, processes.BACKOFF}
    assert {state for state, _ in processes.NEXT} == states == set(processes.NEXT.values())
    for start in states:
        reached = {start}
        for _ in states:
            reached |= {after for (state, _), after in processes.NEXT.items() if state in reached}
        assert reached == states


@given(st.lists(st.sampled_from(["start", "started", "ended", "stop", "due"]), max_size=30))
def test_what_is_not_in_the_table_does_not_happen(events):
    from types import SimpleNamespace

    process = processes.Process(SimpleNamespace(component=bytes(16), name="x"), None)
    for event in events:
        before = process.state
        if (before, event) in processes.NEXT:
            process.happen(event)
            assert process.state == processes.NEXT[(before, event)]
        else:
            with pytest.raises(OutOfOrder):
                process.happen(event)
            assert process.state == before


# -- back-off ------------------------------------------------------------------------------------------


def test_the_back_off_doubles_from_one_second_to_five_minutes():
    pauses, pause = [], 0
    for _ in range(12):
        pause = next_backoff(pause, CONFIG)
        pauses.append(pause // 1000)
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]


def test_an_app_that_crashes_again_and_again_starts_later_and_later(device):
    device.run(5)
    starts = []
    original = device.tasks.start

    def start(*arguments):
        starts.append(device.clock.uptime_us())
        return original(*arguments)

    device.tasks.start = start
    device.app().die(1)
    for _ in range(400):
        device.run(0.1)
        device.app().die(1)
    gaps = [round((after - before) / 1e6) for before, after in itertools.pairwise(starts)]
    assert gaps == [2, 4, 8, 16]
    assert device.process("other").state == "running"


def test_ten_healthy_minutes_make_the_back_off_begin_anew(device):
    device.run(5)
    for _ in range(4):
        crash(device)
        device.run(device.process().backoff_ms / 1000 + 1)
    assert device.process().backoff_ms == 8000
    device.run(601)
    crash(device)
    assert device.process().backoff_ms == 1000


def test_an_app_that_ends_well_is_started_again_too_but_is_no_crash(device):
    device.run(5)
    crash(device, code=0)
    assert device.events("crash") == []
    device.run(2)
    assert device.process().state == "running"


@pytest.mark.parametrize("code, signal, words", [(1, 0, "exit code 1"), (0, 11, "signal 11"), (-9, 9, "signal 9")])
def test_a_crash_is_reported_with_what_is_known_of_it(device, code, signal, words):
    device.run(5)
    crash(device, code=code, signal=signal)
    (event,) = device.events("crash")
    assert words in event["detail"]["reason"]
    assert event["detail"]["image"] == device.process().program.image.hex()
    assert "probe crashed" in device.log()


def test_the_first_traceback_is_the_one_that_is_kept(device):
    port = device.app().port
    port.crashed("Traceback\nValueError: true cause")
    port.crashed("Traceback\nKeyError: in a handler")
    crash(device)
    assert device.events("crash")[0]["detail"]["reason"] == "ValueError: true cause"


def test_an_app_that_said_it_ends_is_ended_even_if_it_lingers(device):
    task = device.app()
    task.port.exit(7)
    device.run(0.2)
    assert task.state == 2
    assert device.events("crash")[0]["detail"]["exit_code"] == 7


def test_an_address_space_that_cannot_be_made_is_tried_again(maker, new_device, kit):
    class Poor(kit.HeldTasks):
        tries = 0

        def start(self, *arguments):
            self.tries += 1
            if self.tries < 3:
                raise Failed("no memory")
            return super().start(*arguments)

    device = new_device([maker.app_package("probe")], tasks=Poor())
    assert device.process().state == "backoff"
    device.run(4)
    assert device.process().state == "running"
    assert "no memory" in device.events("crash")[0]["detail"]["reason"]


# -- probation --------------------------------------------------------------------------------------------


def new_version(device, maker, version=2):
    """Install a version, with the old one ending as it is asked to."""
    device.run(5)
    device.install(maker.app_package("probe", capabilities={"Gpio": [8]}, version=version))
    device.app().die()
    device.run(0.5)
    assert device.process().program.version == version


def test_an_image_that_lives_through_its_probation_is_confirmed(device, maker):
    new_version(device, maker)
    device.run(3)
    assert device.process().is_proven
    with pytest.raises(OutOfOrder):
        device.smc.revert_application(device.process().component)
    with pytest.raises(Exception, match="version"):
        device.stage(maker.app_package("probe", version=1, arguments=["older"]))


def test_an_image_that_crashes_on_probation_gives_way_to_the_previous_one(device, maker):
    new_version(device, maker)
    device.run(2)
    crash(device)
    assert device.process().program.version == 1
    assert device.process().state == "running"
    assert [event["detail"]["result"] for event in device.events("update")] == ["reverted"]


def test_an_image_that_crashes_after_its_probation_stays(device, maker):
    new_version(device, maker)
    device.run(4)
    crash(device)
    assert device.process().program.version == 2
    device.run(3)
    assert device.process().state == "running"


def test_a_first_image_that_crashes_is_not_removed(device, maker):
    device.install(maker.app_package("fresh"))
    device.run(0.5)
    crash(device, "fresh")
    assert device.process("fresh").state == "backoff"
    device.run(2)
    assert device.process("fresh").state == "running"


def test_a_trial_that_a_reset_interrupts_goes_on_after_it(device, maker):
    new_version(device, maker)
    device.boot()
    assert device.process().program.version == 2
    crash(device)
    assert device.process().program.version == 1


# -- stopping and replacing -----------------------------------------------------------------------------------


def test_a_stopped_app_stays_stopped_until_it_is_started(device):
    component = device.process().component
    device.kernel.applications.stop(component)
    device.app().die()
    device.run(400)
    assert device.process().state == "stopped"
    assert len([task for task in device.tasks.tasks if task.name == "probe"]) == 1
    device.kernel.applications.start(component)
    assert device.process().state == "running"


def test_an_app_that_will_not_stop_is_ended_after_the_grace_period(device):
    device.kernel.applications.stop(device.process().component)
    device.run(1.9)
    assert device.app().state == 1
    device.run(0.2)
    assert device.app().state == 2 and device.process().state == "stopped"
    assert device.events("crash") == []


def test_an_app_that_waits_to_start_again_can_be_stopped(device):
    crash(device)
    device.kernel.applications.stop(device.process().component)
    device.run(400)
    assert device.process().state == "stopped"


def test_a_running_app_is_not_started_twice(device):
    with pytest.raises(OutOfOrder):
        device.kernel.applications.start(device.process().component)


def test_an_unknown_app_is_not_found(device):
    for action in (device.kernel.applications.start, device.kernel.applications.stop, device.kernel.applications.remove):
        with pytest.raises(NotFound):
            action(bytes(16))


def test_a_removed_app_is_forgotten(device):
    component = device.process().component
    device.kernel.applications.remove(component)
    device.app().die()
    device.run(1)
    assert component not in device.kernel.applications.processes
    assert [app[0] for app in device.kernel.list_apps()] == ["other"]


def test_an_image_that_is_gone_takes_its_process_along(device):
    component = device.process().component
    device.run(5)
    device.smc.invalidate_image(component)
    assert not device.kernel.applications.replace(component)
    device.app().die()
    device.run(1)
    assert [app[0] for app in device.kernel.list_apps()] == ["other"]


def test_a_replacement_that_does_not_verify_does_not_run(device, maker):
    device.run(5)
    (entry,) = [one for one in device.monitor.store.entries if one.component == device.process().component]
    device.chip.flash.flip_bit(entry.offset + 5000, 3)
    assert not device.kernel.applications.replace(device.process().component)
    assert device.events("denial")[-1]["detail"]["fault"] == "Untrusted"


def test_the_bytes_that_run_are_the_bytes_that_were_verified(device, kit):
    _, package = kit.split(device.app().load)
    assert package == device.process().program.package
    (entry,) = [one for one in device.monitor.store.entries if one.component == device.process().component]
    device.chip.flash.flip_bit(entry.offset + 5000, 3)
    crash(device)
    device.run(2)  # it starts again from the copy that was verified, not from flash
    assert kit.split(device.app().load)[1] == package


def test_a_run_inherits_nothing_from_the_run_before(device):
    old = device.app()
    handle = old.port.gpio_open_output(8, 0, 1)
    device.run(5)
    crash(device)
    device.run(3)
    fresh = device.app()
    assert fresh is not old and device.process().handles.numbers() == []
    with pytest.raises(Exception, match="not open"):
        fresh.port.gpio_set(handle, 0)
    with pytest.raises(Exception, match="handles are open"):
        old.port.gpio_open_output(8, 0, 1)  # the dead app's gate opens nothing any more


def test_twenty_apps_run_side_by_side(maker, new_device):
    device = new_device([maker.app_package("app%d" % number) for number in range(20)])
    device.run(5)
    assert [app[3] for app in device.kernel.list_apps()] == ["running"] * 20
    assert device.kernel.list_apps() == sorted(device.kernel.list_apps(), key=lambda app: app[1])
