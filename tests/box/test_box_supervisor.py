"""The supervisor: whatever ends, hangs or lies in or around a board, it says so and nothing is left behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.boards.sim import client, control, run
from armillary.hal.sim.box.zygote import Zygote
from armillary.hal.sim.folder import DeviceFolder

CYCLES = 50
GROWTH_KIB = 2048  # of the supervisor in that many cycles


def descriptors(pid):
    """How many descriptors of each kind a process holds."""
    held = [os.readlink(f"/proc/{pid}/fd/{number}") for number in os.listdir(f"/proc/{pid}/fd")]
    return Counter(re.sub(r"[\d\[\]]", "", name) for name in held)


def resident_kib(pid):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def is_alive(pid):
    try:
        return re.sub(r"^.*\)", "", Path(f"/proc/{pid}/stat").read_text(), flags=re.S).split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="module")
def blinking(bench):
    """A running board that several tests use and none ends."""
    board = bench.start(bench.provision(packages=[bench.blink()]))
    board.wait_pin(8, 2)
    return board


@pytest.mark.parametrize("ring", ["pluton", "monitor", "kernel"])
def test_a_ring_that_is_killed_resets_the_device(bench, ring):
    board = bench.start(bench.provision(packages=[bench.blink()]))
    board.wait_pin(8, 2)
    os.kill(board.do("status")["boxes"][ring], signal.SIGKILL)
    board.wait_uart(f"[BOARD] the {ring} core stopped by signal 9")
    board.wait_pin(8, 2)
    assert board.do("status")["resets"] == [f"the {ring} core stopped by signal 9"]
    bench.stop(board)


def test_an_app_that_is_killed_resets_nothing(blinking, look_at):
    _, until = look_at
    pid = blinking.do("status")["boxes"]["task 1"]
    os.kill(pid, signal.SIGKILL)
    until(lambda: pid not in blinking.do("status")["boxes"].values(), "end of the app")
    blinking.wait_uart("blink starts again")
    assert blinking.do("status")["resets"] == []


def test_a_device_that_resets_again_and_again_stays_down_until_somebody_comes(bench, look_at):
    _, until = look_at
    board = bench.start(bench.provision())
    for count in range(5):
        boxes = until(lambda: board.do("status")["boxes"], "boxes")
        os.kill(boxes["pluton"], signal.SIGKILL)
        until(lambda: len(board.do("status")["resets"]) == count + 1, "reset")  # noqa: B023
    status = board.do("status")
    assert status["state"] == "halted" and status["boxes"] == {}
    assert status["why"] == "the pluton core stopped by signal 9; halted after 4 resets within 60 s"
    board.do("power_on")
    assert board.do("status")["state"] == "on"
    board.wait_uart("[kernel] up", offset=len(board.uart()))
    bench.stop(board)


@pytest.mark.parametrize("whom", ["zygote", "supervisor"])
def test_where_the_zygote_or_the_supervisor_is_killed_every_box_ends(bench, look_at, processes, whom):
    _, until = look_at
    folder = bench.provision(packages=[bench.blink()])
    board = bench.start(folder)
    board.wait_pin(8, 2)
    pid = board.process.pid
    everyone = processes(pid)
    boxes = set(board.do("status")["boxes"].values())
    (zygote,) = everyone - boxes
    assert len(boxes) == 4
    os.kill(zygote if whom == "zygote" else pid, signal.SIGKILL)
    board.process.wait(10)
    until(lambda: not any(is_alive(each) for each in everyone), "end of every process")
    if whom == "zygote":
        assert (folder / "supervisor.log").read_text().splitlines() == [
            "the process that starts boxes (the zygote) was ended: start the device again"
        ]
    else:
        assert (folder / "control.sock").exists()  # stale: nobody could clear it away
    bench.stop(board)
    again = bench.start(folder)
    again.wait_pin(8, 2)
    bench.stop(again)


def test_a_kernel_that_hangs_is_reset_by_the_watchdog(bench, look_at):
    _, until = look_at
    monitor = (Path(run.__file__).parents[2] / "monitor" / "core.py").read_text()
    assert "WATCHDOG_MS = 10_000" in monitor
    quick = {"armillary/monitor/core.py": monitor.replace("WATCHDOG_MS = 10_000", "WATCHDOG_MS = 300").encode()}
    system = bench.with_ring(bench.system, "monitor", quick)
    system = bench.hostile(system, "kernel", "import time\n\ndef run(ring, machine):\n    time.sleep(60)\n")
    board = bench.start(bench.provision(system))
    until(lambda: board.do("status")["resets"], "reset")
    assert board.do("status")["resets"][0] == "the watchdog expired"
    board.wait_state("halted", 20)
    bench.stop(board)


def test_power_cycles_leave_no_descriptor_no_process_and_no_memory(bench, look_at, processes):
    _, until = look_at
    board = bench.start(bench.provision(packages=[bench.blink()]))
    pid = board.process.pid
    board.wait_pin(8, 2)

    def held():
        """What every process has open; nothing while one comes or goes."""
        try:
            return {each: descriptors(each) for each in processes(pid) | {pid}}
        except OSError:
            return {}

    board.do("power_off")
    until(lambda: len(processes(pid)) == 1, "end of the boxes")
    before = held()
    for cycle in range(CYCLES):
        board.do("power_on")
        if cycle == 5:
            grown_from = resident_kib(pid)
        if cycle % 10 == 0:
            board.wait_pin(8, 1)
        board.do("power_off")
    # A box that was wanted and not yet begun when the power went is begun and ended a moment later.
    until(lambda: held() == before, "return to what was open before")
    assert resident_kib(pid) - grown_from < GROWTH_KIB
    board.do("power_on")
    board.wait_pin(8, 2)
    bench.stop(board)


def test_two_devices_run_side_by_side(bench, blinking):
    other = bench.start(bench.provision(packages=[bench.blink()], name="other"))
    other.wait_pin(8, 2)
    blinking.wait_pin(8, 1)
    assert not set(other.do("status")["boxes"].values()) & set(blinking.do("status")["boxes"].values())
    assert {fields["key"] for _, fields in other.stages()} == {fields["key"] for _, fields in blinking.stages()}
    other.do("power_off")
    assert blinking.do("status")["state"] == "on"
    bench.stop(other)


def test_a_device_in_use_is_refused_by_name_of_who_uses_it(blinking):
    with pytest.raises(client.BoardProblem, match="up already"):
        client.start(blinking.folder)
    command = [sys.executable, "-m", "armillary.boards.sim.run", str(blinking.folder)]
    environment = {**os.environ, "PYTHONPATH": str(Path(run.__file__).parents[2])}
    second = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20)
    assert second.returncode == 1
    assert f"is in use by process {blinking.process.pid}: stop that first" in second.stderr
    assert "Traceback" not in second.stderr
    assert blinking.do("status")["state"] == "on"


def test_a_folder_that_is_no_device_is_refused(tmp_path):
    with pytest.raises(client.BoardProblem, match="no device"):
        client.start(tmp_path / "nothing")
    with pytest.raises(client.BoardProblem, match="did not start"):
        client.start(tmp_path)


def test_a_host_without_linuxs_means_is_told_of_linked_mode(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "lacking", lambda: ["pidfd_open"])
    with pytest.raises(run.NotHere, match=r"needs Linux \(this host has no pidfd_open\).*linked mode"):
        run.run(tmp_path)


def test_tracing_begins_and_ends_while_the_device_runs(blinking, look_at):
    _, until = look_at
    for _ in range(2):
        rings = set()
        with client.Board(blinking.folder) as listener:
            blinking.do("pins")
            for line in listener.trace():
                rings.add(line.split()[1])
                if {"hal", "kernel"} <= rings:
                    break
        until(lambda: not is_traced(blinking), "end of the trace")


def is_off(board):
    return board.do("status")["state"] == "off"


def is_traced(board):
    """Whether the flag that every ring sees is up: the byte in the supervisor's memory file."""
    for number in os.listdir(f"/proc/{board.process.pid}/fd"):
        path = f"/proc/{board.process.pid}/fd/{number}"
        if os.readlink(path).startswith("/memfd:trace"):
            return Path(path).read_bytes() == b"\1"
    raise AssertionError("no trace flag")


HOSTILE = [
    b"", b"null", b"[]", b"{}", b'"status"', b"{", b"\xff\xfe", b"[" * 200_000, b'{"do":1}', b'{"do":"__init__"}', b'{"do":"_board"}',
    b'{"do":"status","self":1}', b'{"do":"hosts","table":[]}', b'{"do":"hosts","table":{"a":1}}', b'{"do":"hosts","table":{"a:b":"c:d"}}',
    b'{"do":"hosts","table":{"a:1":"8.8.8.8:53"}}', b'{"do":"flash_read","offset":-1,"length":1}', b'{"do":"flash_read","offset":0,"length":1e9}',
    b'{"do":"flash_read","offset":0,"length":99999999999}', b'{"do":"flash_read","offset":[],"length":{}}', b'{"do":"flash_flip","offset":0,"bit":8}',
    b'{"do":"flash_flip","offset":16777216,"bit":0}', b'{"do":"drive","pin":999,"level":1}', b'{"do":"drive","pin":8,"level":7}',
    b'{"do":"drive","pin":[],"level":{}}', b'{"do":"fail_after","operations":0}', b'{"do":"fail_after","operations":"x"}', b'{"do":"uart","offset":-5}',
    b'{"do":"uart","offset":NaN}', b'{"do":"drive"}', b'{"do":"' + b"x" * 100_000 + b'"}',
    b'{"do":"attach"}', b'{"do":"attach","part":1,"at":[]}', b'{"do":"attach","part":1,"at":"isu9:0x10"}', b'{"do":"attach","part":1,"at":"isu1:gpio5","active":{}}', b'{"do":"attach","part":[],"at":"isu1:cs0"}', b'{"do":"detach","part":[]}',
    b'{"do":"listen","unit":1e9}', b'{"do":"said"}', b'{"do":"said","ask":{},"answers":1}', b'{"do":"serial","unit":0,"data":"x"}', b'{"do":"serial","unit":-1}',
    b'{"do":"serial","unit":0,"data":1}', b'{"do":"analog","channel":8,"microvolts":0}', b'{"do":"analog","channel":0,"microvolts":-1}', b'{"do":"i2c_log","unit":6}',
]  # fmt: skip


def raw(board):
    stream = client.connect(board.folder)
    stream.settimeout(10)
    return stream, stream.makefile("rb")


@pytest.mark.parametrize("request_line", HOSTILE, ids=lambda line: line[:40].decode(errors="replace"))
def test_a_hostile_request_is_refused_and_ends_nothing(blinking, request_line):
    stream, lines = raw(blinking)
    with stream, lines:
        stream.sendall(request_line + b"\n")
        answer = json.loads(lines.readline())
        assert answer["ok"] is False and answer["error"]
        stream.sendall(b'{"do":"status"}\n')
        assert json.loads(lines.readline())["state"] == "on"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(
    st.binary(max_size=300).filter(lambda data: b"\n" not in data),
    st.builds(
        lambda name, arguments: json.dumps({**arguments, "do": name}).encode(),
        st.sampled_from(["uart", "drive", "flash_read", "flash_flip", "fail_after", "pin_history", "hosts", "denials", "attach", "detach", "listen", "serial", "analog"]),
        st.dictionaries(st.sampled_from(["offset", "length", "pin", "level", "bit", "operations", "table", "at", "part", "unit", "data", "channel", "microvolts"]),
                        st.one_of(st.none(), st.booleans(), st.integers(max_value=-1), st.floats(), st.text(max_size=9), st.lists(st.none()))),
    ),
))  # fmt: skip
def test_no_request_ends_the_board(blinking, request_line):
    stream, lines = raw(blinking)
    with stream, lines:
        stream.sendall(request_line + b'\n{"do":"status"}\n')
        answers = [json.loads(lines.readline()) for _ in range(2)]
    assert isinstance(answers[0]["ok"], bool) and answers[1]["ok"]


def test_a_request_without_end_is_refused(blinking):
    stream, lines = raw(blinking)
    with stream, lines:
        try:
            for _ in range(20):
                stream.sendall(b"x" * (control.LONGEST_LINE // 10))
        except OSError:
            pass  # cut off while we still sent
        assert lines.readline().startswith(b'{"ok": false, "error": "a request has at most')
    assert blinking.do("status")["state"] == "on"


def test_a_client_that_does_not_read_stops_nobody(blinking):
    stream, lines = raw(blinking)
    with stream, lines:
        stream.settimeout(0.5)
        try:
            for _ in range(400):
                stream.sendall(b'{"do":"flash_read","offset":0,"length":65536}\n')
        except OSError:
            pass
        started = time.monotonic()
        assert blinking.do("status")["state"] == "on"
        assert time.monotonic() - started < 5


def test_more_clients_than_there_is_room_for_are_turned_away(blinking):
    streams = [client.connect(blinking.folder) for _ in range(control.MOST_CONNECTIONS + 5)]
    assert blinking.do("status")["state"] == "on"
    for stream in streams:
        stream.close()
    assert client.is_up(blinking.folder)


def test_the_power_can_fail_while_the_outside_world_looks(bench):
    board = bench.start(bench.provision(), power=False)
    board.do("power_on")
    board.do("fail_after", operations=1)
    board.do("power_off")
    assert board.do("flash_read", offset=0, length=4)["data"]
    bench.stop(board)


STAGING = '''
from armillary.monitor.port import MonitorPort
from armillary.wire import guid
from armillary.monitor import abi
from armillary.wire.call import Port

PACKAGE = {package!r}
NEW = {image!r}

def run(ring, machine):
    smc = Port(machine.link("smc"))
    count = smc.call(abi.LIST_IMAGES, 0)[0]
    rows = [smc.call(abi.LIST_IMAGES, index) for index in range(count)]
    states = [row[4] for row in rows if row[2] == NEW]
    if not states:
        handle = smc.call(abi.OPEN_FOR_STAGING, len(PACKAGE))
        for at in range(0, len(PACKAGE), 4000):
            smc.call(abi.WRITE_BLOCK, handle, at, PACKAGE[at : at + 4000])
        smc.call(abi.COMMIT_STAGING, handle)
    if abi.INSTALLED not in states:
        smc.call(abi.INSTALL_STAGED)
'''


@pytest.mark.slow
def test_the_power_may_fail_in_any_step_of_an_update(bench, look_at):
    """The kernel of this device updates the app at each boot until that is done; the power fails at every third
    operation here, at every one in `tests/linked/test_power_cuts.py`."""
    from armillary.boards import apps
    from armillary.wire import image

    _, until = look_at
    package = apps.pack_app(apps.SAMPLES / "blink", bench.vendor.app, 2, ["25"])
    program = STAGING.format(package=package, image=image.parse(package).image)
    system = bench.hostile(bench.system, "kernel", program)
    cuts = 0
    for operations in range(1, 400, 3):
        board = bench.start(bench.provision(system, [bench.blink()]), power=False)
        board.do("power_on")
        board.do("fail_after", operations=operations)
        until(lambda: is_off(board) or len(board.do("pin_history", pin=8)["changes"]) > 4, "cut or boot")  # noqa: B023
        board.do("fail_after", operations=1 << 30)  # from here on it holds
        was_cut = is_off(board)
        if was_cut:
            cuts += 1
            assert board.do("status")["why"] == "the power failed"
            board.do("power_on")
        board.wait_pin(8, 4)
        changes = board.do("pin_history", pin=8)["changes"]
        assert 15_000 < changes[-1][0] - changes[-2][0] < 45_000  # the new version's period
        assert board.do("status")["resets"] == []
        bench.stop(board)
        if not was_cut:
            break
    assert cuts >= 5, "the update was over before the power failed"


def test_the_zygote_ends_with_its_board():
    zygote = Zygote()
    pid = zygote.pid
    zygote.close()
    assert not is_alive(pid)


def test_the_folder_is_free_once_the_board_stopped(bench):
    folder = bench.provision()
    bench.stop(bench.start(folder))
    with DeviceFolder(folder):
        assert not (folder / "control.sock").exists()
