"""The device's secrets: in Pluton's box, and nowhere else a box, a file or a line could show them."""

import os
import re
from pathlib import Path

import pytest

from armillary.boards.sim import client
from armillary.hal.sim.folder import DeviceFolder
from armillary.pluton import abi, fusemap, keys


def memory(pid):
    """Every readable byte of a process. The reader is root, or the boxes are open and our descendants."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
        for row in Path(f"/proc/{pid}/maps").read_text().splitlines():
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) r(?!.*\[v)", row)
            if found:
                start, end = (int(number, 16) for number in found.groups())
                try:
                    file.seek(start)
                    yield file.read(end - start)
                except OSError:
                    continue  # a map of nothing


def holds(pid, needle):
    return any(needle in part for part in memory(pid))


@pytest.fixture(scope="module")
def device(bench):
    """(board that ran for a while, its secrets by name)."""
    folder = bench.provision(packages=[bench.blink()])
    with DeviceFolder(folder) as opened:
        secret = fusemap.read_secret(opened.fuses)
    seed = keys.device_seed(secret)
    private = keys.Keys(seed, abi.DEVICE_COMPLETE)._private(keys.IDENTITY)
    secrets = {"secret": bytes(secret), "seed": bytes(seed), "identity": bytes(private)}
    board = bench.start(folder, "confined" if os.geteuid() == 0 else "open")
    with client.Board(folder) as listener:
        lines = listener.trace()
        traced = [next(lines) for _ in range(50)]
    board.wait_pin(8, 4)
    return board, secrets, traced


@pytest.mark.parametrize("name", ["secret", "seed", "identity"])
@pytest.mark.parametrize("box", ["monitor", "kernel", "task 1"])
def test_no_box_but_plutons_holds_a_secret(device, box, name):
    board, secrets, _ = device
    pid = board.do("status")["boxes"][box]
    assert holds(pid, b"armillary")  # it is its memory that we read
    assert not holds(pid, secrets[name])


def test_the_search_finds_a_secret_where_there_is_one(device):
    board, secrets, _ = device
    assert holds(board.do("status")["boxes"]["pluton"], secrets["seed"])


def test_the_zygote_holds_no_secret(device, processes):
    board, secrets, _ = device
    (zygote,) = processes(board.process.pid) - set(board.do("status")["boxes"].values())
    assert holds(zygote, b"armillary")
    assert not any(holds(zygote, secret) for secret in secrets.values())


def test_nothing_that_comes_out_of_the_device_shows_a_secret(device):
    board, secrets, traced = device
    size = 16 * 1024 * 1024
    flash = b"".join(
        bytes.fromhex(board.do("flash_read", offset=at, length=1 << 20)["data"]) for at in range(0, size, 1 << 20)
    )
    files = [path.read_bytes() for path in board.folder.iterdir() if path.is_file() and path.name not in ("fuses.bin", "flash.bin")]
    said = [flash, board.uart().encode(), *files, "\n".join(traced).encode()]
    for secret in secrets.values():
        for text in said:
            assert secret not in text and secret.hex().encode() not in text
