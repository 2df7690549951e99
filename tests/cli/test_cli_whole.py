"""The first hour, by the commands that `armillary --help` prints; and the demo."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest

from armillary.boards.apps import SAMPLES
from armillary.boards.mt3620.build import RTAPPS
from armillary.boards.sim import client
from armillary.cli import demonstrate


def wait(look, seconds=30):
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


@pytest.mark.slow
def test_the_first_hour_works_as_the_help_says(house, tmp_path):
    package = tmp_path / "blink.imagepackage"
    house.good("device", "create", "lamp")
    house.good("device", "claim", "lamp")
    house.good("device", "up", "lamp")
    house.good("image", "pack", SAMPLES / "blink", "-o", package)
    house.good("image", "upload", package)
    house.good("deployment", "create", "--group", "default", "blink")
    with client.Board(house.places.devices / "lamp") as board:
        board.wait_pin(8, 2, 30)
    assert house.json("device", "status", "lamp")["attestation"]["is_accepted"]
    installed = wait(lambda: house.json("report", "list", "--kind", "update", "--device", "lamp"))
    assert installed[0]["detail"]["result"] == "installed"
    assert "installed: " in house.good("report", "list")


@pytest.mark.slow
def test_power_cut_in_an_update_leaves_a_device_that_boots_and_finishes_it(house, tmp_path):
    package = tmp_path / "blink.imagepackage"
    house.good("image", "pack", SAMPLES / "blink", "-o", package)
    house.good("image", "upload", package)
    house.good("device", "create", "lamp")
    house.good("device", "claim", "lamp")
    house.good("device", "up", "lamp")
    house.good("device", "power", "cut-after", "3")
    house.good("deployment", "create", "blink")
    with client.Board(house.places.devices / "lamp") as board:
        assert board.wait_state("off", 30)["why"] == "the power failed"
        assert house.json("device", "list")[0]["state"] == "off"
        house.good("device", "power", "on")
        board.wait_pin(8, 2, 30)


@pytest.mark.slow
def test_an_app_that_asks_for_too_much_is_seen_in_trace_log_and_reports(house):
    house.good("device", "create", "lamp", "--app", SAMPLES / "overreach")
    house.good("device", "claim", "lamp")
    house.good("device", "up", "lamp", "--no-power")
    words = [sys.executable, "-m", "armillary.cli.main", "trace", "--ring", "kernel", "--denied", "--count", "2", "--output", "json"]
    environment = {**os.environ, "ARMILLARY_HOME": str(house.places.home)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as tracing:
        time.sleep(1)  # until it listens; what it would miss otherwise is the beginning
        house.good("device", "power", "on")
        lines = [json.loads(line) for line in tracing.communicate(timeout=30)[0].strip().split("\n")]
    assert len(lines) == 2 and all(not line["ok"] and line["caller"] != "?" for line in lines)
    wait(lambda: "every attempt was refused" in house.good("device", "log"))
    denials = wait(lambda: house.json("report", "list", "--kind", "denial"))
    assert {row["detail"]["ring"] for row in denials} == {"kernel"}


@pytest.mark.slow
def test_a_real_time_app_that_dies_is_seen_in_the_report_with_its_post_mortem(house, tmp_path):
    (tmp_path / "app_manifest.json").write_text((RTAPPS / "hello" / "app_manifest.json").read_text())
    (tmp_path / "main.c").write_text("int main(void) { return *(volatile int *)0x50000000u; }\n")
    house.good("device", "create", "lamp", "--app", tmp_path)
    house.good("device", "claim", "lamp")
    house.good("device", "up", "lamp")
    wait(lambda: house.json("report", "list", "--kind", "crash"))
    said = house.good("report", "show", "--kind", "crash", "--device", "lamp")
    assert "the program stands still in a fault handler" in said and "post_mortem:" in said
    assert "CFSR.BFARVALID: the address is in BFAR: 0x50000000" in said and "main.c:1" in said


STEPS = [
    {"name": "power_on", "title": "It powers on", "ok": True, "seconds": 0.5, "detail": {
        "timeline": [{"ring": "1BL", "stage": "1bl", "type": "1", "version": "1", "copy": "primary", "sha256": "a" * 64, "key": "b" * 64,
                      "from": "1000", "to": "3500"}], "boxes": {"pluton": 1234}}},
    {"name": "attest", "title": "It attests", "ok": True, "seconds": 0.5, "detail": {
        "subject": "c" * 128, "serial": "1f", "hours": 24.0, "release": "1.0"}},
    {"name": "update", "title": "It updates", "ok": True, "seconds": 1, "detail": {
        "half_period_ms": 60,
        "tampered": {"ring": "pluton", "rule": "signer.role", "reason": "Untrusted: no key signed this [pluton rule signer.role] (decided by key store); to allow it: sign it"},
        "old": {"ring": "monitor", "rule": "image.version", "reason": "version 1 is below 2", "policy": "counter = 2"}}},
    {"name": "overreach", "title": "It overreaches", "ok": True, "seconds": 1, "detail": {
        "manifest.gpio": {"ring": "kernel", "rule": "manifest.gpio", "reason": "GPIO 9 is not in the manifest \x1b[2J"}}},
    {"name": "unheard_of", "title": "Something new", "ok": True, "seconds": 1, "detail": {"figure": 7, "inner": {"key": [1, 2]}}},
    {"name": "cut_power", "title": "Power is cut", "ok": False, "seconds": 1, "detail": {"problem": "NotSo: it is dark", "where": "steps.py:1"}},
]  # fmt: skip


def staged(results):
    def run(begin, tell, folder=None):
        for result in results:
            begin(result["name"], result["title"])
            tell(result)
        return results

    return run


def test_the_demo_tells_of_each_step_and_fails_if_one_does_not_hold(armillary, monkeypatch):
    monkeypatch.setattr("armillary.cli.demo.run.run", staged(STEPS))
    result = armillary("demo")
    said = result.stdout
    assert result.exit_code == 1 and "5 of 6 steps hold" in said and "✗ does not hold" in said and "NotSo: it is dark" in said
    for wanted in ("1  It powers on", "bbbbbbbbbbbb", "aaaaaaaaaaaaaaaa", "2.5", "pid 1234", "24.0 hours", "signer.role", "key store", "counter = 2",
                   "no key signed this", "a pin", "GPIO 9", "figure"):  # fmt: skip
        assert wanted in said
    assert "\x1b" not in said and "b" * 13 not in said


def test_the_demo_as_json_is_the_steps_alone(armillary, monkeypatch):
    monkeypatch.setattr("armillary.cli.demo.run.run", staged(STEPS))
    result = armillary("demo", "--output", "json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1 and result.stderr == ""
    assert [set(step) for step in found["steps"]] == [{"name", "ok", "seconds", "detail"}] * len(STEPS)


def test_the_demo_succeeds_if_every_step_holds(armillary, monkeypatch):
    monkeypatch.setattr("armillary.cli.demo.run.run", staged(STEPS[:-1]))
    assert "5 of 5 steps hold" in armillary.good("demo")


def test_the_demo_is_kept_only_in_a_new_folder(armillary, tmp_path):
    assert "choose a folder that does not" in armillary.refused("demo", "--keep", tmp_path)


@pytest.mark.slow
def test_the_whole_demo_holds_and_is_kept(armillary, tmp_path):
    found = armillary.json("demo", "--keep", tmp_path / "kept")
    assert [step["name"] for step in found["steps"] if not step["ok"]] == [] and len(found["steps"]) == 10
    assert (tmp_path / "kept" / "device" / "flash.bin").stat().st_size == 16 * 1024 * 1024
    assert (tmp_path / "kept" / "service" / "service.db").exists()


def test_every_view_of_the_demo_is_of_a_step_that_exists():
    from armillary.cli.demo.steps import STEPS as REAL

    assert set(demonstrate.VIEWS) <= {step.__name__ for step in REAL}
