"""The application libraries do what Applibs documents, on a real device."""

from __future__ import annotations

import pytest

from tests.apps.sources import EACCES, EBADF, EBUSY, EINVAL, ENODEV, ENOENT, HEAD, app

# -- gpio -------------------------------------------------------------------------------------------


def test_an_output_is_driven_and_given_back(run_app):
    device, _ = run_app(app("""
with gpio.open_as_output(8, gpio.PUSH_PULL, gpio.HIGH) as led:
    log.debug("%d", led.get_value())
    await eventloop.sleep(0.1)
    led.set_value(gpio.LOW)
    await eventloop.sleep(0.1)
await eventloop.sleep(100)
"""), {"Gpio": [8]})  # fmt: skip
    assert [(time, level) for time, _, level in device.chip.gpio.history] == [(0, 1), (100_000, 0)]
    assert device.chip.gpio.mode(8) == 0


@pytest.mark.parametrize("call, code", [
    ("gpio.open_as_output(9)", EACCES), ("gpio.open_as_input(9)", EACCES), ("gpio.open_as_input(40)", ENODEV),
    ("gpio.open_as_output(8)", EBUSY), ("gpio.open_as_output(7, 3)", EINVAL), ("gpio.open_as_output(7, 0, 2)", EINVAL),
    ("pin.set_value(2)", EINVAL), ("closed.set_value(1)", EBADF), ("closed.get_value()", EBADF),
    ("storage.open_mutable_file()", EACCES), ("storage.delete_mutable_file()", EACCES),
    ("storage.open_file_in_image_package('/bin/app.py')", EINVAL),
    ("storage.open_file_in_image_package('../x')", EINVAL), ("storage.open_file_in_image_package('x')", ENOENT),
    ("application.is_device_auth_ready()", EACCES), ("deviceauth.certificate_chain()", EACCES),
    ("deviceauth.sign(bytes(32))", EACCES), ("deviceauth.sign(b'short')", EINVAL),
    ("application.connect('1f0c6a10-7d1e-4d52-9a54-6b1d1c0f000b')", EACCES), ("application.connect('')", EINVAL),
    ("application.Connection(77).send(b'x')", EBADF), ("application.Connection(77).receive()", EBADF),
    ("application.Connection(77).send(bytes(1025))", 90), ("application.Connection(77).send(b'')", EINVAL),
    ("application.Connection(pin.handle).send(b'x')", EINVAL),
])  # fmt: skip
def test_a_refusal_is_an_oserror_with_the_documented_errno(run_app, call, code):
    _, lines = run_app(app("""
pin = gpio.open_as_output(8)
closed = gpio.open_as_input(6)
closed.close()
closed.close()
try:
    %s
except OSError as error:
    log.debug("%%d", error.errno)
await eventloop.sleep(100)
""" % call), {"Gpio": [6, 7, 8, 40]})  # fmt: skip
    assert lines[0].split()[0] == str(code)


def test_a_refusal_says_what_would_allow_it(run_app):
    _, lines = run_app(app("""
try:
    gpio.open_as_output(9)
except OSError as error:
    log.debug("%s", error)
"""), {"Gpio": [8]})  # fmt: skip
    assert "Capabilities.Gpio = [8]" in lines[0] and "add 9 to Capabilities.Gpio and sign the image again" in lines[0]


# -- storage ------------------------------------------------------------------------------------------


def test_a_file_is_read_and_written_like_a_file(run_app):
    device, lines = run_app(app("""
with storage.open_mutable_file() as file:
    file.write(bytes(range(256)) * 40)
    log.debug("%d", file.tell())
    file.seek(-2, storage.SEEK_END)
    log.debug("%s", file.read().hex())
    file.seek(10_000)
    file.write(b"!")
    file.seek(9_999)
    log.debug("%s", file.read(3).hex())
    file.truncate(3)
    file.seek(0)
    log.debug("%s", file.read())
    file.seek(1)
    log.debug("%s", file.read(1))
with storage.open_mutable_file() as file:
    log.debug("%s", file.read())
    try:
        file.seek(-1)
    except OSError as error:
        log.debug("%d", error.errno)
    try:
        file.write(bytes(20_000))
    except OSError as error:
        log.debug("%d %d", error.errno, file.tell())
storage.delete_mutable_file()
try:
    storage.delete_mutable_file()
except OSError as error:
    log.debug("%d", error.errno)
"""), {"MutableStorage": {"SizeKB": 16}})  # fmt: skip
    assert lines == ["10240", "feff", "0f2111", "b'\\x00\\x01\\x02'", "b'\\x01'", "b'\\x00\\x01\\x02'",
                     str(EINVAL), "28 16003", str(ENOENT)]  # fmt: skip


def test_a_file_of_the_package_is_read_in_whole(run_app):
    noise = bytes(range(256)) * 50
    _, lines = run_app(app("""
with storage.open_file_in_image_package("assets/noise.bin") as file:
    data = file.read()
    log.debug("%d %s", len(data), data == bytes(range(256)) * 50)
    try:
        file.write(b"x")
    except OSError as error:
        log.debug("%d", error.errno)
"""), files=[("assets/noise.bin", noise, False)])  # fmt: skip
    assert lines == ["12800 True", str(EACCES)]


def test_what_is_stored_outlives_a_restart(run_app, kit):
    source = app("""
with storage.open_mutable_file() as file:
    count = int(file.read() or b"0") + 1
    file.seek(0)
    file.write(str(count).encode())
log.debug("start %d", count)
await eventloop.sleep(1000)
""")
    device, lines = run_app(source, {"MutableStorage": {"SizeKB": 1}})
    for task in device.tasks.tasks:
        task.end()
    device.boot(kit.LinkedTasks())
    device.run(1)
    assert "app probe: start 2" in device.log()


# -- log, application ---------------------------------------------------------------------------------


def test_a_long_line_goes_out_in_parts(run_app):
    _, lines = run_app(app("log.debug('x' * 1000 + 'é' * 1500)"))
    assert "".join(lines) == "x" * 1000 + "é" * 1500


def test_a_percent_sign_is_safe_without_arguments(run_app):
    _, lines = run_app(app("log.debug('100%')\nlog.debug('%d%%', 5)\nprint('printed', 3)"))
    assert lines == ["100%", "5%", "printed 3"]


def test_random_bytes_come_in_any_length_and_never_twice(run_app):
    _, lines = run_app(app("""
for length in (0, 1, 1024, 1025, 3000):
    log.debug("%d", len(application.random(length)))
log.debug("%s", application.random(16) == application.random(16))
log.debug("%d", application.unix_time())
log.debug("%d", eventloop.now())
"""))
    assert lines == ["0", "1", "1024", "1025", "3000", "False", "1767225600", "0"]


# -- event loop --------------------------------------------------------------------------------------------


def test_a_sleep_takes_its_time_whatever_else_happens(run_app):
    _, lines = run_app(app("""
button = gpio.open_as_input(8)
before = eventloop.now()
await eventloop.sleep(2.5)
log.debug("%.1f", eventloop.now() - before)
event = await eventloop.next_event([button], 0.5)
log.debug("%s %s", event.kind == eventloop.TIMEOUT, event.source)
"""), {"Gpio": [8]}, 3.5)  # fmt: skip
    assert lines == ["2.5", "True None"]


def test_an_input_that_changes_wakes_the_app(run_app):
    source = app("""
button = gpio.open_as_input(8)
while True:
    event = await eventloop.next_event([button])
    log.debug("%s %d at %.1f", event.source is button, button.get_value(), eventloop.now())
""")
    device, _ = run_app(source, {"Gpio": [8]})
    device.chip.gpio.drive(8, 1)
    device.run(1)
    device.chip.gpio.drive(8, 0)
    device.run(1)
    assert [line for line in device.log().split("\n") if line.startswith("app")] == [
        "app probe: True 1 at 0.5", "app probe: True 0 at 1.5",
    ]  # fmt: skip


def test_timers_and_callbacks_of_a_loop_run_in_time(run_app, tools):
    source = HEAD + """
async def main():
    loop, button, seen = eventloop.EventLoop(), gpio.open_as_input(8), []

    def tick():
        seen.append("tick %.1f" % eventloop.now())
        if len(seen) == 7:
            loop.stop()

    async def slow(event):
        seen.append("button %.1f" % eventloop.now())
        await eventloop.sleep(0.7)
        seen.append("done %.1f" % eventloop.now())

    loop.add_timer(0.5, tick)
    loop.add_timer(0.2, lambda: seen.append("once %.1f" % eventloop.now()), False)
    loop.register_io(button, slow)
    try:
        loop.register_io(button, slow)
    except OSError as error:
        log.debug("%d", error.errno)
    log.debug("%s", await loop.run(10))
    log.debug("%s", ", ".join(seen))
    loop.unregister_io(button)
    log.debug("%s %.1f", await loop.run(0.25), eventloop.now())
"""
    device, _ = run_app(source, {"Gpio": [8]}, 1.1)
    device.chip.gpio.drive(8, 1)
    device.run(2)
    # While the callback slept the turn at 1.5 came late; it moves none of the others.
    assert tools.said(device) == [
        "17", "True", "once 0.2, tick 0.5, tick 1.0, button 1.1, done 1.8, tick 1.8, tick 2.0", "False 2.2",
    ]  # fmt: skip


def test_a_loop_does_not_run_within_itself(run_app):
    _, lines = run_app(HEAD + """
async def main():
    loop = eventloop.EventLoop()

    async def again():
        try:
            await loop.run(1)
        except OSError as error:
            log.debug("%d", error.errno)
        loop.stop()

    loop.add_timer(0.1, again)
    await loop.run()
""")
    assert lines == [str(EBUSY)]


def test_a_busy_source_does_not_hide_the_others(run_app):
    class Chatty:
        is_closed = False

        def feed(self, data):
            pass

        def take(self):
            return b"x"

    _, lines = run_app(HEAD + """
async def main():
    loop, counts = eventloop.EventLoop(), [0, 0]
    streams = [await networking.connect("chatty.example", 80) for _ in range(2)]

    def count(at):
        counts[at] += 1
        if sum(counts) == 100:
            loop.stop()

    loop.register_io(streams[0], lambda event: count(0))
    loop.register_io(streams[1], lambda event: count(1))
    await loop.run()
    log.debug("%s", counts)
""", {"AllowedConnections": ["chatty.example"]},
        prepare=lambda device: device.network.name("chatty.example", 80, Chatty))  # fmt: skip
    assert lines == ["[50, 50]"]


def test_an_app_that_is_stopped_may_tidy_up(run_app):
    device, _ = run_app(app("""
with gpio.open_as_output(8, value=gpio.HIGH):
    try:
        while True:
            try:
                await eventloop.sleep(60)
            except Exception:
                log.debug("swallowed")
    finally:
        log.debug("tidy")
"""), {"Gpio": [8]})  # fmt: skip
    device.kernel.applications.stop(device.process().component)
    device.run(0.2)
    assert device.process().state == "stopped" and "app probe: tidy" in device.log()
    assert "swallowed" not in device.log() and device.events("crash") == []
