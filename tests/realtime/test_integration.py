"""A device whose real-time cores run apps: installed, started, talked to, confined, and told of when they die."""

import pytest

from tests.realtime.pairs import ECHO, TALKER, Author

OUTSIDE = "int main(void) { uart_open(DEBUG_UART); rings_open(); return (int)REGISTER(0x50000000u); }"
BLINK = """
#include "gpio.h"
#include "gpt.h"
int main(void) { gpio_output(8); for (uint32_t level = 1;; level ^= 1u) { gpio_write(8, level); wait_us(1000); } }
"""


@pytest.fixture
def author(tmp_path):
    return Author(tmp_path)


@pytest.fixture
def installed(device):
    """installed(app, ...): the device, powered on with these apps."""

    def install(*apps):
        for app in apps:
            device.install(app)
        device.power_on()
        return device

    return install


def answers(device, name="talker"):
    return [line for line in device.lines(name) if line.isdigit()]


# -- talking -------------------------------------------------------------------------------------------------


def test_the_sample_and_the_program_talk(installed):
    device = installed("intercore", "intercore_echo")
    device.run(1.05)
    lines = device.lines("intercore")
    assert len(lines) == 11 and lines[0].startswith("answer to question 1 after ") and device.denials == []
    assert lines[-1].split(" after ")[0] == "answer to question 11"


def test_two_runs_are_the_same_to_the_microsecond_and_the_last_crossing(make_device):
    def run():
        device = make_device(trace=True)
        device.install("intercore")
        device.install("intercore_echo")
        device.power_on()
        device.run(0.5)
        return device.log, device.trace

    first, second = run(), run()
    assert first == second and any(name == "app_send" for _, _, _, name, _, _ in first[1])


def test_both_cores_talk_to_one_app(installed, author):
    other = "00000000-0000-4000-8000-00000000000f"
    source = f"""
from applibs import application, log

async def main():
    both = [application.connect(peer) for peer in ("{ECHO}", "{other}")]
    for connection, text in zip(both, (b"one", b"other")):
        connection.send(text)
    for connection in both:
        log.debug("%s", await connection.receive_some())
    while True:
        await both[0].receive_some(1000)
"""
    device = installed(
        author.app(source, peers=(ECHO, other)), author.echo(name="one"),
        author.echo("message.data[0] = '!'", name="other", component=other),
    )  # fmt: skip
    device.run(0.5)
    assert device.lines("talker") == ["b'one'", "b'!ther'"]
    assert {state for _, _, _, state, _ in device.rings.kernel.list_apps()} == {"running"}


def test_messages_of_every_size_come_back_whole(installed, author):
    source = """
from applibs import application, log

async def main():
    connection = application.connect("{}")
    for size in (1, 2, 11, 12, 13, 500, 1023, 1024) * 4:
        data = bytes([size % 251]) * size
        connection.send(data)
        assert await connection.receive_some(5) == data
    log.debug("whole")
    await connection.receive_some(1000)
""".replace("{}", ECHO)
    device = installed(author.app(source), author.echo())
    device.run(3)
    assert device.lines("talker") == ["whole"]


LOOP = """
from applibs import application, eventloop, log

async def main():
    loop, connection, answers = eventloop.EventLoop(), application.connect("{}"), []

    async def came(event):
        answers.append(connection.receive())
        if len(answers) == 3:
            loop.stop()

    loop.register_io(connection, came)
    loop.add_timer(0.1, lambda: connection.send(b"tick"))
    log.debug("%s %s", await loop.run(5), answers)
    connection.close()
    connection.close()
    for action in (connection.receive, lambda: connection.send(b"x")):
        try:
            action()
        except OSError as error:
            log.debug("%d", error.errno)
    with application.connect("{}") as again:
        again.send(b"again")
        log.debug("%s", await again.receive_some(1))
        try:
            await again.receive_some(0.2)
        except OSError as error:
            log.debug("%d", error.errno)
    await eventloop.sleep(1000)
""".replace("{}", ECHO)


def test_an_event_loop_serves_a_connection_and_what_is_closed_is_closed(installed, author):
    device = installed(author.app(LOOP), author.echo())
    device.run(2)
    assert device.lines("talker") == ["True [b'tick', b'tick', b'tick']", "9", "9", "b'again'", "110"]


# -- who may ---------------------------------------------------------------------------------------------------


CONNECTS = """
from applibs import application, eventloop, log

async def main():
    try:
        application.connect("{}").send(b"hello")
        log.debug("connected")
    except OSError as error:
        log.debug("%d %s", error.errno, error)
    await eventloop.sleep(1000)
"""
NOBODY = "00000000-0000-4000-8000-000000000099"


@pytest.mark.parametrize("peer, mine, theirs, code, words", [
    (ECHO, (), (TALKER,), 13, ("AllowedApplicationConnections is absent", f"add {ECHO}", "sign the image again")),
    (ECHO, (NOBODY,), (TALKER,), 13, (f'AllowedApplicationConnections = ["{NOBODY}"]', f"add {ECHO}")),
    (ECHO, (ECHO,), (NOBODY,), 13, (f'program: Capabilities.AllowedApplicationConnections = ["{NOBODY}"]', f"add {TALKER}", "of program")),
    (ECHO, (ECHO,), (), 13, ("program: Capabilities.AllowedApplicationConnections is absent",)),
    (NOBODY, (NOBODY,), (TALKER,), 2, ("no app of component " + NOBODY,)),
    (TALKER, (ECHO,), (TALKER,), 13, (f"add {TALKER}",)),
    ("nobody", (ECHO,), (TALKER,), 22, ("not a GUID",)),
])  # fmt: skip
def test_whoever_is_not_named_on_both_sides_is_refused_by_the_line_that_decided(installed, author, peer, mine, theirs, code, words):
    device = installed(author.app(CONNECTS.replace("{}", peer), peers=mine), author.echo(peers=theirs))
    device.run(0.2)
    (line,) = device.lines("talker")
    assert line.startswith(f"{code} ") and all(word in line for word in words)
    if code == 13:
        assert [denial.rule for denial in device.denials] == ["manifest.application_connections"]


def test_with_the_other_side_not_asked_the_same_connection_is_made(installed, author, monkeypatch):
    from armillary.kernel import capabilities

    monkeypatch.setattr(capabilities, "may_connect", lambda one, other: True)
    device = installed(author.app(CONNECTS.replace("{}", ECHO)), author.echo(peers=(NOBODY,)))
    device.run(0.2)
    assert device.lines("talker") == ["connected"]


def test_an_app_of_the_main_core_is_no_partner(installed, author):
    other = author.app("async def main():\n    pass\n", component=NOBODY, peers=(TALKER,), name="default")
    device = installed(author.app(CONNECTS.replace("{}", NOBODY), peers=(NOBODY,)), other)
    device.run(0.2)
    assert "it is an app of this core" in device.lines("talker")[0] and "ApplicationType = Default" in device.lines("talker")[0]


# -- confined, and told of -----------------------------------------------------------------------------------------


def test_a_death_is_a_crash_report_with_the_whole_post_mortem_and_the_app_is_told(service, device, author):
    device.install(author.asker())
    device.install(author.program(OUTSIDE))
    device.power_on()
    assert device.run_until(lambda: service.reports("crash"), 10)
    detail = service.reports("crash")[0]["detail"]
    assert "stands still in a fault handler" in detail["reason"] and "HardFault" in detail["reason"]
    report = detail["post_mortem"]
    assert report.startswith("post-mortem at ") and "CFSR.PRECISERR" in report and "0x50000000" in report
    assert "#0 " in report and "main.c:" in report and "accesses to peripherals" in report
    assert any("CFSR.PRECISERR" in line for line in device.lines("program"))
    assert any("Errno 104" in line for line in device.lines("talker"))


def test_one_that_dies_again_and_again_starts_later_and_later(installed, author):
    device = installed(author.program("int main(void) { return (int)REGISTER(0x50000000u); }", peers=()))
    device.run(14)
    assert [line for line in device.log.splitlines() if "program starts again" in line] == [
        f"[kernel] program starts again in {pause} ms" for pause in (1000, 2000, 4000, 8000)
    ]


def test_an_access_outside_of_the_manifest_is_a_bus_fault_a_denial_that_says_why_and_a_report(service, device, author):
    device.install(author.program(BLINK, peers=()))
    device.power_on()
    assert device.run_until(lambda: service.reports("crash") and service.reports("denial"), 10)
    (denial,) = service.reports("denial")
    assert denial["component"] == ECHO
    detail = denial["detail"]
    assert detail["fault"] == "Denied" and "writing GPIO2" in detail["reason"] and "bus fault" in detail["reason"]
    assert detail["rule"] == "firewall.real_time" and "Capabilities" in detail["remedy"]
    assert "takes Gpio" in detail["policy"] and detail["policy"].endswith("; Capabilities.Gpio is absent")
    assert "CFSR.PRECISERR" in service.reports("crash")[0]["detail"]["post_mortem"]
    assert device.board.pin(8).level == 0


def test_with_the_pin_in_the_manifest_the_same_program_drives_it(installed, author):
    device = installed(author.program(BLINK, peers=(), capabilities={"Gpio": [8]}))
    device.run(0.1)
    assert device.board.pin(8).toggles > 50 and device.denials == [] and device.crashes == []


# -- hostile ---------------------------------------------------------------------------------------------------------


STORM = """
int main(void) {
    rings_open();
    disable_interrupts();
    for (;;) {
        MBOX_SOFTWARE_SEND = 3u;
        for (volatile uint32_t pause = 0; pause < 200u; pause++) { }
    }
}
"""
LIAR = """
int main(void) {
    uart_open(DEBUG_UART);
    rings_open();
    *(volatile uint32_t *)0x80000000u = 4032u;
    MBOX_SOFTWARE_SEND = 1u;
    sleep_for_ever();
}
"""
FLOOD = """
static struct message message;
int main(void) {
    rings_open();
    disable_interrupts();
    for (;;) {
        message.size = 0;
        if (!rings_send(&message)) {
            for (volatile uint32_t pause = 0; pause < 2000u; pause++) { }
        }
    }
}
"""
DEAF = """
int main(void) { rings_open(); sleep_for_ever(); }
"""
SENDS = """
from applibs import application, eventloop, log

async def main():
    connection = application.connect("{}")
    try:
        while True:
            try:
                connection.send(bytes(1000))
            except OSError as error:
                if error.errno != 11:
                    raise
            await eventloop.sleep(0.1)
    except OSError as error:
        log.debug("%d", error.errno)
    await eventloop.sleep(1000)
""".replace("{}", ECHO)


@pytest.mark.parametrize("program, rule, within", [
    (STORM, "intercore.flood", 20), (LIAR, "intercore.position", 1), (FLOOD, "intercore.flood", 30), (DEAF, "intercore.unread", 40),
])  # fmt: skip
def test_a_hostile_program_loses_its_connection_with_a_report_and_nobody_else_notices(service, device, author, program, rule, within):
    device.install(author.app(SENDS))
    device.install(author.program(program))
    device.install("blink")
    device.power_on()
    assert device.run_until(lambda: device.lines("talker"), within)
    assert device.lines("talker") == ["104"]
    assert device.run_until(lambda: service.reports("denial"), 5)
    (denial,) = service.reports("denial")
    assert denial["component"] == ECHO and denial["detail"]["rule"] == rule and denial["detail"]["remedy"]
    device.run(2)
    assert device.board.pin(8).half_period_ms == 500
    assert device.crashes == [] and "fell over" not in device.log
