"""Hostile code inside every ring and an app: each attack succeeds in an open box and is refused in a real one."""

import errno
import os
import re
import runpy
import socket
import uuid
from pathlib import Path

import pytest

RINGS = ("pluton", "monitor", "kernel", "app")
ATTACKS = [attack.__name__ for attack in runpy.run_path(str(Path(__file__).parent / "attacks.py"))["ATTACKS"]]
REFUSALS = {str(errno.EPERM), str(errno.EACCES)}
BOUNDED = {"fill_the_memory": {str(errno.ENOMEM)}}
# What a host may lack altogether (io_uring, BPF and user namespaces are often switched off): an attack that
# cannot be made on the bare host either.
MAY_LACK = {
    "load_a_filter_of_its_own", "ask_for_asynchronous_input_and_output", "handle_page_faults", "enter_a_namespace",
    "clone3",
}  # fmt: skip
if os.geteuid():  # Yama may bar an ordinary user's process from its ancestors
    MAY_LACK |= {
        "trace_the_board", "read_memory_of_the_board", "write_memory_of_the_board", "steal_a_descriptor_of_the_board",
    }  # fmt: skip
LACKING = {str(errno.ENOSYS), str(errno.EPERM), str(errno.EINVAL), str(errno.ENOSPC)}


class Listeners:
    """Whom an attacker might reach on this host."""

    def __init__(self):
        self.name = "armillary-attack-" + uuid.uuid4().hex
        self.tcp = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.abstract = socket.socket(socket.AF_UNIX)
        self.abstract.bind("\0" + self.name)
        self.abstract.listen(64)
        self.datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.datagrams.bind("\0" + self.name + ".descriptors")
        self.told = {"ATTACK_PORT": str(self.tcp.getsockname()[1]), "ATTACK_ABSTRACT": self.name}

    def close(self):
        for each in (self.tcp, self.abstract, self.datagrams):
            each.close()


@pytest.fixture(scope="module")
def attacked(bench, attack_text, hostile_app, look_at):
    """mode: (results by ring and attack, descriptors by ring, whether the other app still blinks)."""
    console, until = look_at
    system = bench.system
    for ring in ("pluton", "monitor", "kernel"):
        system = bench.hostile(system, ring, attack_text)
    apps = [bench.blink(), bench.app("hostile", hostile_app(attack_text))]
    listeners = Listeners()
    found = {}
    try:
        for mode in ("open", "confined"):
            board = bench.start(bench.provision(system, apps), mode, **listeners.told)
            until(lambda: "ATTACKED app" in console(board), f"end of the attacks in {mode} boxes", 30)  # noqa: B023
            text = console(board)
            changes = len(board.do("pin_history", pin=8)["changes"])
            board.wait_pin(8, changes + 4)
            made = (board.folder / "made-by-a-box").exists() or (board.folder / "renamed-by-a-box").exists()
            found[mode] = (results(text), descriptors(text), made, board.do("status"))
            bench.stop(board)
    finally:
        listeners.close()
    return found


def results(text):
    return {(ring, name): verdict for ring, name, verdict in re.findall(r"ATTACK (\w+) (\w+) (\w+)", text)}


def descriptors(text):
    return {ring: {int(number) for number in row.split(",")} for ring, row in re.findall(r"DESCRIPTORS (\w+) ([\d,]+)", text)}


@pytest.mark.parametrize("ring", RINGS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_confined_box_is_refused(attacked, ring, attack):
    verdict = attacked["confined"][0][(ring, attack)]
    assert verdict in BOUNDED.get(attack, REFUSALS), f"{attack} in {ring}: {verdict}"


@pytest.mark.parametrize("ring", RINGS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_an_open_box_succeeds(attacked, ring, attack):
    verdict = attacked["open"][0][(ring, attack)]
    lawful = {"done"} | (LACKING if attack in MAY_LACK else set())
    assert verdict in lawful, f"{attack} in an open {ring}: {verdict}: the attack proves nothing"


@pytest.mark.parametrize("ring", RINGS)
def test_a_box_holds_its_own_descriptors_and_no_other(attacked, ring):
    # nothing (0, 1), console (2), channels from 3 on, and what the machine made of them: an epoll, and
    # where there are a DMA window and a trace flag, their maps.
    channels = {"pluton": 5, "monitor": 6, "kernel": 7, "app": 1}[ring]
    maps = 0 if ring == "app" else 2
    held = attacked["confined"][1][ring]
    assert {0, 1, 2} <= held
    assert len(held) == 3 + channels + 1 + maps, held


def test_a_confined_box_leaves_nothing_in_the_folder(attacked):
    assert attacked["open"][2]
    assert not attacked["confined"][2]


def test_the_device_goes_on_under_attack(attacked):
    status = attacked["confined"][3]
    assert status["state"] == "on" and status["resets"] == []
    assert len(status["boxes"]) == 5


def test_a_board_knows_nothing_of_the_environment_it_was_started_from(bench, monkeypatch):
    monkeypatch.setenv("ARMILLARY_TOKEN", "a secret of the user's shell")
    board = bench.start(bench.provision(), power=False)
    known = Path(f"/proc/{board.process.pid}/environ").read_bytes()
    assert b"PYTHONPATH=" in known
    assert b"secret" not in known
    bench.stop(board)
