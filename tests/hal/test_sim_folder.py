"""The device folder: a device that outlives its process, whatever ends it."""

import faulthandler
import json
import os
import signal
import subprocess
import sys

import pytest

from armillary.boards.sim import facts
from armillary.hal.sim import folder as folders
from armillary.hal.sim.folder import (
    Board,
    Damaged,
    DeviceFolder,
    Exposed,
    FolderError,
    InUse,
    Missing,
    Newer,
)
from armillary.hal.sim.silicon import Silicon
from armillary.wire.fault import Locked


@pytest.fixture
def path(tmp_path):
    return tmp_path / "device"


@pytest.fixture
def made(path):
    """The path of a device that exists and that nobody has open."""
    DeviceFolder.create(path, Board.of(facts, "kit")).close()
    return path


def test_a_new_device_is_blank(path):
    with DeviceFolder.create(path, Board.of(facts, "kit")) as device:
        assert device.flash.read(0, facts.FLASH_SIZE) == b"\xff" * facts.FLASH_SIZE
        assert device.fuses.read(0) == bytes(32)
        assert (device.board.name, device.board.pins) == ("kit", facts.PINS)


def test_a_blank_device_takes_little_room(made):
    assert os.stat(made / "flash.bin").st_size == facts.FLASH_SIZE
    assert os.stat(made / "flash.bin").st_blocks * 512 < 65536


@pytest.fixture
def full_disk(monkeypatch):
    """A disk without a free block: writing to a sparse map on it ends a process by SIGBUS."""
    statvfs = os.statvfs
    with monkeypatch.context() as patch:
        patch.setattr(folders.os, "statvfs", lambda name: os.statvfs_result((*statvfs(name)[:3], 0, 0, *statvfs(name)[5:])))
        yield patch


def test_on_a_full_disk_no_device_is_made_and_nothing_is_left(path, full_disk):
    with pytest.raises(FolderError, match="full: its flash may need [0-9]+ bytes more than are free: make room"):
        DeviceFolder.create(path, Board.of(facts, "kit"))
    assert os.listdir(path.parent) == []


def test_on_a_full_disk_a_device_is_not_opened_and_stays_as_it_is(made, full_disk):
    with pytest.raises(folders.Crowded):
        DeviceFolder(made)
    full_disk.undo()
    DeviceFolder(made).close()


def test_everything_is_there_after_reopening(made):
    with DeviceFolder(made) as device:
        device.flash.program(4000, b"hello" * 100)
        device.fuses.blow(3, b"\x0f" * 32)
        device.fuses.lock_write(3)
        device.board.hosts[("service.test", 443)] = ("127.0.0.1", 8443)
        device.board.name = "renamed"
        device.save()
    with DeviceFolder(made) as device:
        assert device.flash.read(3999, 502) == b"\xff" + b"hello" * 100 + b"\xff"
        assert device.fuses.read(3) == b"\x0f" * 32
        with pytest.raises(Locked):
            device.fuses.blow(3, b"\xff" * 32)
        assert device.board.hosts == {("service.test", 443): ("127.0.0.1", 8443)}
        assert device.board.name == "renamed"


def test_flash_in_a_file_is_nor_flash_too(made):
    with DeviceFolder(made) as device:
        device.flash.program(0, b"\x0f")
        saved = device.flash.snapshot()
        device.flash.flip_bit(0, 0)
        assert device.flash.read(0, 1) == b"\x0e"
        device.flash.erase(0)
        assert device.flash.read(0, 1) == b"\xff"
        device.flash.restore(saved)
        assert device.flash.read(0, 1) == b"\x0f"


def test_a_chip_runs_on_a_folder(made):
    with DeviceFolder(made) as device:
        chip = Silicon(facts, flash=device.flash, fuses=device.fuses, rail=device.rail)
        chip.rail.fail_after(1)
        with pytest.raises(BaseException, match="power is off"):
            chip.flash.erase(0)
        assert not device.rail.is_on


KILLED = """
import os, signal, sys
from armillary.hal.sim.folder import DeviceFolder
device = DeviceFolder(sys.argv[1])
device.flash.program(0, b"written before the end")
device.fuses.blow(1, b"\\x55" * 32)
os.kill(os.getpid(), signal.SIGKILL)
"""

HOLDING = """
import sys
from armillary.hal.sim.folder import DeviceFolder
device = DeviceFolder(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
"""


def run(program, path, **options):
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    return subprocess.Popen([sys.executable, "-c", program, str(path)], env=environment, **options)


def test_a_killed_process_loses_nothing_and_holds_nothing(made):
    with run(KILLED, made) as process:
        assert process.wait(30) == -signal.SIGKILL
    with DeviceFolder(made) as device:
        assert device.flash.read(0, 22) == b"written before the end"
        assert device.fuses.read(1) == b"\x55" * 32


def test_two_processes_never_have_one_device(made):
    with run(HOLDING, made, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"open\n"
        with pytest.raises(InUse, match=f"in use by process {process.pid}") as caught:
            DeviceFolder(made)
        assert caught.value.pid == process.pid
        process.communicate(b"\n", 30)
    DeviceFolder(made).close()


def test_one_process_does_not_open_a_device_twice_either(made):
    with DeviceFolder(made), pytest.raises(InUse, match=str(os.getpid())):
        DeviceFolder(made)
    DeviceFolder(made).close()


def test_the_lock_names_who_holds_it_not_who_did(made):
    (made / "lock").write_text("9" * 20)
    with DeviceFolder(made), pytest.raises(InUse) as caught:
        DeviceFolder(made)
    assert caught.value.pid == os.getpid()


def test_a_forked_child_holds_neither_the_lock_nor_the_memory(made):
    device = DeviceFolder(made)
    ready, go = os.pipe()
    child = os.fork()
    if not child:
        try:
            faulthandler.disable()
            os.close(go)
            os.read(ready, 1)
            device.flash.read(0, 1)  # the mapping is not there: the kernel ends us
        finally:
            os._exit(0)
    os.close(ready)
    device.close()
    DeviceFolder(made).close()
    os.close(go)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGSEGV, signal.SIGBUS)


def test_closing_twice_is_closing_once(made):
    device = DeviceFolder(made)
    device.close()
    device.close()


def test_no_device_is_said_so(path):
    with pytest.raises(Missing, match="create one first"):
        DeviceFolder(path)


def test_nothing_is_overwritten(made, tmp_path):
    with DeviceFolder(made) as device:
        device.flash.program(0, b"keep")
    for target in (made, tmp_path / "link"):
        if target != made:
            target.symlink_to(tmp_path / "nowhere")
        with pytest.raises(FolderError, match="exists already"):
            DeviceFolder.create(target, Board.of(facts, "kit"))
    with DeviceFolder(made) as device:
        assert device.flash.read(0, 4) == b"keep"


@pytest.mark.parametrize("name", ["flash.bin", "fuses.bin", "board.json", "lock"])
def test_a_creation_that_breaks_off_leaves_nothing(path, monkeypatch, name):
    write = folders._write

    def fail(target, *rest):
        if target.name == name:
            raise OSError("disk full")
        write(target, *rest)

    monkeypatch.setattr(folders, "_write", fail)
    with pytest.raises(OSError, match="disk full"):
        DeviceFolder.create(path, Board.of(facts, "kit"))
    assert list(path.parent.iterdir()) == []


def test_a_save_that_breaks_off_leaves_the_old_description(made, monkeypatch):
    with DeviceFolder(made) as device:
        device.board.name = "renamed"
        monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("cut")))
        with pytest.raises(OSError, match="cut"):
            device.save()
        monkeypatch.undo()
    with DeviceFolder(made) as device:
        assert device.board.name == "kit"
        device.save()


@pytest.mark.parametrize("name", ["flash.bin", "fuses.bin", "board.json", "lock"])
def test_a_missing_file_is_named(made, name):
    (made / name).unlink()
    with pytest.raises(Damaged, match=name):
        DeviceFolder(made)


@pytest.mark.parametrize("name", ["flash.bin", "fuses.bin"])
@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_of_the_wrong_size_is_named_and_the_lock_let_go(made, name, change):
    size = os.stat(made / name).st_size
    os.truncate(made / name, size + change)
    with pytest.raises(Damaged, match=f"{name} has {size + change} bytes, not {size}"):
        DeviceFolder(made)
    os.truncate(made / name, size)
    DeviceFolder(made).close()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
@pytest.mark.parametrize("name", ["flash.bin", "fuses.bin"])
def test_secrets_that_others_can_reach_are_refused(made, name, mode):
    assert os.stat(made).st_mode & 0o077 == 0
    os.chmod(made / name, mode)
    with pytest.raises(Exposed, match="chmod 600"):
        DeviceFolder(made)


def test_a_link_in_place_of_a_file_is_refused(made, tmp_path):
    (made / "fuses.bin").rename(tmp_path / "elsewhere")
    (made / "fuses.bin").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Damaged, match="fuses.bin cannot be opened"):
        DeviceFolder(made)


def test_a_newer_format_is_refused_without_guessing(made):
    (made / "board.json").write_text('{"format": 2, "shape": "unknown"}')
    with pytest.raises(Newer, match="use the newer program"):
        DeviceFolder(made)


BENT = [
    ("flash", [16, 16]), ("flash", [1024, 256, -1]), ("flash", [16 << 20, 4096, 1000]), ("flash", [16 << 20, 3 << 20, 256]), ("flash", "abc"), ("fuses", [64, True]), ("fuses", None),
    ("pins", [1, "2"]), ("pins", [96]), ("pins", [-1]), ("hosts", [["a", 65536, "127.0.0.1", 1]]), ("pins", 5), ("hosts", [["a", 1, "127.0.0.1"]]), ("hosts", [["a", "1", "127.0.0.1", 1]]),
]  # fmt: skip


@pytest.mark.parametrize("key, value", BENT)
def test_a_bent_description_is_refused(made, key, value):
    fields = json.loads((made / "board.json").read_text())
    (made / "board.json").write_text(json.dumps({**fields, key: value}))
    with pytest.raises(Damaged, match="board.json"):
        DeviceFolder(made)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"3", b"{}", b"\xff\xfe", b'{"format": 1}'])
def test_a_file_that_is_no_description_is_refused(made, data):
    (made / "board.json").write_bytes(data)
    with pytest.raises(Damaged, match="board.json"):
        DeviceFolder(made)
