"""What runs in a box is what was verified in flash: not what lies on the host's disk, and not a changed bit."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from armillary.boards import images
from armillary.boards.sim import client, facts
from armillary.wire import image, partition

SOURCE = images.ROOT.parent
LOADED = """
import sys
import armillary.boards.sim.run
from armillary.hal.sim.box import bootstrap
bootstrap.preload_silicon()
print(*[module.__file__ for name, module in sys.modules.items() if name.startswith("armillary.") and getattr(module, "__file__", None)], sep="\\n")
"""
POISON = "\nraise RuntimeError('this came from the disk')\n"
STAGES = {"1bl": 1, "pluton": 2, "monitor": 4, "kernel": 7, "runtime": 8, "keystore": 19, "certificates": 22}


@pytest.fixture
def installed(tmp_path):
    """A copy of the installed package, as links and folders."""
    shutil.copytree(SOURCE / "armillary", tmp_path / "armillary", symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    for link in (SOURCE / "armillary").iterdir():
        if link.is_symlink() and link.name not in ("cli", "testing", "service"):
            shutil.copytree(SOURCE / link.name, tmp_path / link.name, ignore=shutil.ignore_patterns("__pycache__", "build"))
    return tmp_path


def measured(board):
    return [(ring, fields["stage"], fields["sha256"]) for ring, fields in board.stages()]


def test_code_on_the_disk_has_no_part_in_a_boot(bench, installed, monkeypatch):
    folder = bench.provision(packages=[bench.blink()])
    board = bench.start(folder)
    board.wait_pin(8, 4)
    expected = measured(board)
    bench.stop(board)

    monkeypatch.setenv("PYTHONPATH", str(installed))
    listed = subprocess.run([sys.executable, "-c", LOADED], cwd="/", capture_output=True, text=True, check=True).stdout
    silicon = {Path(line).resolve() for line in listed.splitlines()}
    assert all(path.is_relative_to(installed) for path in silicon)
    poisoned = 0
    for ring in ("pluton", "monitor", "kernel", "apps", "wire", "boards/sim/boot"):
        for path in (installed / ring).rglob("*.py"):
            if path.resolve() not in silicon:
                path.write_text(path.read_text() + POISON)
                poisoned += 1
    assert poisoned > 60
    for name in ("kernel.core", "monitor.core", "pluton.core", "apps.runtime.app", "wire.tls"):
        tried = subprocess.run([sys.executable, "-c", f"import armillary.{name}"], cwd="/", capture_output=True, text=True)
        assert "this came from the disk" in tried.stderr

    monkeypatch.setattr(client.armillary, "__file__", str(installed / "armillary" / "__init__.py"))
    board = bench.start(folder)
    board.wait_pin(8, 4)
    assert measured(board) == expected
    bench.stop(board)


def places(board, image_type):
    """Offset and length of each copy of an image in flash, primary first."""
    if image_type == image.ONE_BL:
        return [facts.FLASH_LAYOUT[number] for number in (partition.BOOTLOADER_ONE, partition.BOOTLOADER_ONE_BACKUP)]

    class Probe:
        def read(self, offset, length):
            return bytes.fromhex(board.do("flash_read", offset=offset, length=length)["data"])

    entries = partition.read_tables(Probe(), facts.FLASH_LAYOUT)[0][1]
    found = sorted((entry.replica, entry.offset, entry.length) for entry in entries if entry.image_type == image_type)
    return [(offset, length) for _, offset, length in found]


def flip(board, place):
    board.do("flash_flip", offset=place[0] + 2000 if place[1] > 4000 else place[0] + place[1] // 2, bit=3)


@pytest.mark.parametrize("name", STAGES)
def test_one_changed_bit_makes_the_backup_boot(bench, name):
    board = bench.start(bench.provision(packages=[bench.blink()]), power=False)
    copies = places(board, STAGES[name])
    assert len(copies) == 2
    flip(board, copies[0])
    board.do("power_on")
    board.wait_pin(8, 2)
    used = {int(fields["type"]): fields["copy"] for _, fields in board.stages()}
    assert used.pop(STAGES[name]) == "backup"
    assert set(used.values()) == {"primary"}
    bench.stop(board)


@pytest.mark.parametrize("name", ["1bl", "keystore", "pluton", "monitor", "kernel", "runtime"])
def test_a_changed_bit_in_both_copies_boots_nothing(bench, look_at, name):
    _, until = look_at
    board = bench.start(bench.provision(packages=[bench.blink()]), power=False)
    for place in places(board, STAGES[name]):
        flip(board, place)
    board.do("power_on")
    until(lambda: board.do("status")["state"] == "halted", "halt", 20)
    assert STAGES[name] not in {int(fields["type"]) for _, fields in board.stages()}
    assert board.do("pin_history")["changes"] == []
    bench.stop(board)


def test_a_changed_bit_in_an_app_keeps_that_app_from_running(bench):
    apps = [bench.blink(), bench.app("other", "async def main():\n    print('other runs')\n")]
    board = bench.start(bench.provision(packages=apps), power=False)
    (first, second) = places(board, image.APPLICATIONS)
    flip(board, second)
    board.do("power_on")
    board.wait_pin(8, 2)
    assert "other runs" not in board.uart()
    bench.stop(board)
