"""Real-time apps that come, change and go: upgrades, the way back, removal, restarts of the device."""

import pytest

from armillary.wire import guid
from tests.realtime.pairs import ECHO, Author

NEWER = "message.data[0] = 'n'"
MORTAL = "int main(void) { return (int)REGISTER(0x50000000u); }"
ALONE = "int main(void) { for (;;) { wait_for_interrupt(); } }"


@pytest.fixture
def author(tmp_path):
    return Author(tmp_path)


@pytest.fixture
def talking(service, device, author):
    """A device whose app and real-time app (version 1) talk, known to its service."""
    device.install(author.asker())
    device.install(author.echo())
    device.power_on()
    assert device.run_until(lambda: device.lines("talker")[3:], 5)
    return device


def later(device, seconds):
    """What the app says from now on."""
    before = len(device.lines("talker"))
    device.run(seconds)
    return device.lines("talker")[before:]


def running(device):
    return {name: state for name, _, _, state, _ in device.rings.kernel.list_apps()}


def counter(device, component=ECHO):
    """The security version of the image that runs."""
    found = [version for _, key, _, _, version in device.rings.kernel.list_apps() if key == guid.to_bytes(component)]
    return found[0]


def test_an_upgrade_takes_the_place_of_the_old_and_the_app_connects_anew(service, talking, author):
    talking.install(author.echo(NEWER), version=2)
    lines = later(talking, 3)
    assert any("Errno 104" in line for line in lines) and any(line.startswith("n") for line in lines)
    assert counter(talking) == 2 and running(talking)["program"] == "running"
    assert [row["detail"]["result"] for row in service.reports("update")] == ["installed"]


def test_one_that_lived_through_its_probation_cannot_be_followed_by_an_older_one(service, talking, author):
    talking.install(author.echo(NEWER), version=2)
    talking.run(5)
    older = service.upload(author.echo(), version=1)
    service.deploy(older)
    talking.run(3)
    assert any(row["detail"]["fault"] == "Rollback" for row in service.reports("update") if row["detail"]["result"] == "refused")
    assert counter(talking) == 2


def test_one_that_dies_on_probation_gives_way_to_the_one_before(service, talking, author):
    talking.install(author.program(MORTAL), version=2)
    lines = later(talking, 4)
    assert [row["detail"]["result"] for row in service.reports("update")] == ["reverted", "installed"]
    assert "post_mortem" in service.reports("crash")[0]["detail"]
    assert counter(talking) == 1 and lines[-1].isdigit()


def test_a_death_after_the_probation_brings_nothing_back(service, talking, author):
    talking.install(author.echo("if (message.data[0] == '9') { (void)REGISTER(0x50000000u); }"), version=2)
    assert talking.run_until(lambda: service.reports("crash"), 10)
    assert any(line.isdigit() for line in later(talking, 3)) and counter(talking) == 2
    assert [row["detail"]["result"] for row in service.reports("update")] == ["installed"]


def test_removal_stops_the_core_and_ends_the_connection(talking):
    kernel = talking.rings.kernel
    assert talking.silicon.realtime.is_running
    kernel.applications.remove(guid.to_bytes(ECHO))
    talking.rings.monitor_port.invalidate_image(guid.to_bytes(ECHO))
    lines = later(talking, 2)
    assert "Errno 104" in lines[0] and "no app of component" in lines[-1]
    assert "program" not in running(talking) and not talking.silicon.realtime.is_running


def test_stopping_and_starting_it_by_hand_begins_anew(talking):
    applications = talking.rings.kernel.applications
    applications.stop(guid.to_bytes(ECHO))
    assert "Errno 104" in later(talking, 0.3)[0]
    assert running(talking)["program"] == "stopped" and not talking.silicon.realtime.is_running
    assert talking.crashes == []
    applications.start(guid.to_bytes(ECHO))
    assert later(talking, 1)[-1].isdigit()


def test_when_the_app_restarts_the_program_goes_on_and_hears_the_new_run(device, author):
    device.install(author.app(ONCE))
    device.install(author.echo())
    device.power_on()
    device.run(6)
    assert device.lines("talker").count("b'hello'") == 3
    assert running(device)["program"] == "running" and "program starts again" not in device.log


ONCE = """
from applibs import application, log

async def main():
    with application.connect("%s") as connection:
        connection.send(b"hello")
        log.debug("%%s", await connection.receive_some(2))
""" % ECHO


def test_after_a_power_cut_both_are_there_again(talking):
    talking.power_off()
    talking.power_on()
    assert later(talking, 1)[-1].isdigit()


def test_one_that_claims_something_new_waits_for_the_restart_that_the_install_asks_for(service, talking, author):
    talking.install(author.echo(capabilities={"Gpio": [8]}), version=2)
    assert talking.run_until(lambda: "restarting into the update" in talking.log, 5)
    assert later(talking, 4)[-1].isdigit() and counter(talking) == 2
    assert service.reports("crash") == []


def test_the_way_back_to_another_claim_restarts_the_device_once_and_all_is_as_before(service, talking, author):
    talking.install(author.program(MORTAL, capabilities={"Gpio": [8]}), version=2)
    assert talking.run_until(lambda: "went back to an image with another claim" in talking.log, 10)
    assert later(talking, 4)[-1].isdigit() and counter(talking) == 1 and running(talking)["program"] == "running"
    assert [row["detail"]["result"] for row in service.reports("update")] == ["reverted", "installed"]  # over two resets
    assert len(service.reports("crash")) == 1
    for _ in range(3):
        talking.rings.kernel.update.now.set()  # the service still wants the one that failed
        talking.run(2)
    assert talking.log.count("[kernel] restarting") == 2  # into the update, and back
    assert later(talking, 1)[-1].isdigit() and counter(talking) == 1


def test_one_that_fails_both_ways_leaves_the_device_up(service, device, author):
    dies_later = "int main(void) { wait_us(4000000u); return (int)REGISTER(0x50000000u); }"
    device.install(author.asker())
    device.install(author.program('#include "gpt.h"\n' + dies_later))
    device.power_on()
    assert device.run_until(lambda: "program starts again" in device.log, 10)
    device.install(author.program(MORTAL, capabilities={"Gpio": [8]}), version=2)
    assert device.run_until(lambda: "went back to an image with another claim" in device.log, 20)
    device.run(60)
    assert device.log.count("[kernel] restarting") == 2 and running(device)["program"] in ("backoff", "running")
    assert counter(device) == 1 and running(device)["talker"] == "running"


def test_a_third_one_is_refused_with_a_reason_is_no_crash_and_starts_when_a_core_is_free(device, author):
    names = ("first", "second", "third")
    components = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(1, 4)]
    for name, component in zip(names, components, strict=True):
        device.install(author.program(ALONE, name=name, component=component, peers=()))
    device.power_on()
    device.run(3)
    states = running(device)
    assert sorted(states.values()) == ["backoff", "running", "running"] and device.crashes == []
    waiting = next(name for name, state in states.items() if state == "backoff")
    refused = [denial for denial in device.denials if denial.ring == "monitor"]
    assert refused and refused[0].remedy
    free = next(component for name, component in zip(names, components, strict=True) if name != waiting)
    device.rings.kernel.applications.remove(guid.to_bytes(free))
    device.rings.monitor_port.invalidate_image(guid.to_bytes(free))
    device.run(10)
    assert running(device)[waiting] == "running"
