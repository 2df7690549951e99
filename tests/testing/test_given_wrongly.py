"""What people give the fixtures by mistake: each is refused in words that say what it was and what to give instead."""

from __future__ import annotations

import shutil

import pytest

from armillary.boards import apps
from armillary.boards.apps import AppProblem
from armillary.boards.keys import Vendor
from armillary.boards.mt3620 import build
from armillary.testing.makings import Makings
from armillary.testing.rtapp import Maker


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """Things that somebody else made: a program, and packages signed by a stranger."""
    folder, stranger = tmp_path_factory.mktemp("elsewhere"), Vendor.generate()
    build.build(build.folder_of("hello"), folder / "hello.elf")
    (folder / "hello.imagepackage").write_bytes(build.pack(build.folder_of("hello"), folder / "hello.elf", stranger.app))
    (folder / "blink.imagepackage").write_bytes(apps.pack_app(apps.SAMPLES / "blink", stranger.app))
    (folder / "cut.imagepackage").write_bytes((folder / "hello.imagepackage").read_bytes()[:-70])
    (folder / "bad").mkdir()
    (folder / "bad" / "app_manifest.json").write_text("{")
    (folder / "empty").mkdir()
    return folder


@pytest.mark.parametrize("name, words", [
    ("nowhere", ("no app nowhere", "not at", "blink", "i2c_sensor")),
    ("hello.elf", ("hello.elf is an ELF file", "app_manifest.json and the ELF as bin/app")),
    ("cut.imagepackage", ("cut.imagepackage is not an image package", "offset 0x")),
    ("bad", ("app_manifest.json: ", "at offset 0x")),
    ("empty", ("empty is not an app", "No such file", "app_manifest.json")),
])  # fmt: skip
def test_what_is_no_app_is_refused_by_name(elsewhere, name, words):
    with pytest.raises(AppProblem) as problem:
        Makings().package(name, elsewhere, 1, None)
    assert all(word in str(problem.value) for word in words), problem.value


def test_a_package_has_its_arguments_inside(elsewhere):
    with pytest.raises(AppProblem, match="signed manifest"):
        Makings().package("blink.imagepackage", elsewhere, 1, ["100"])


def test_a_strangers_package_by_its_path_is_signed_anew_and_runs(device, elsewhere):
    device.install(elsewhere / "blink.imagepackage")
    device.install(elsewhere / "hello.imagepackage")
    device.power_on()
    device.run(seconds=1)
    assert "[IO0] hello from a real-time core" in device.log and device.lines("blink")


def test_a_strangers_package_as_it_is_does_not_run(device, elsewhere):
    device.install((elsewhere / "blink.imagepackage").read_bytes())
    device.power_on()
    device.run(seconds=1)
    assert "signer.role" in device.log and not device.lines("blink")


@pytest.mark.parametrize("name, words", [
    ("nowhere.elf", ("nowhere.elf: no such file: ", " or ")), ("nowhere", ("no program of that name", "blink")),
    ("blink.imagepackage", ("an app of the main core",)), ("cut.imagepackage", ("not an image package",)),
])  # fmt: skip
def test_what_is_no_program_is_refused_by_name(elsewhere, tmp_path, name, words):
    with pytest.raises(ValueError) as problem:
        Maker(tmp_path).load(name, elsewhere)
    assert all(word in str(problem.value) for word in words), problem.value


@pytest.mark.parametrize("number", [-1, 6])
def test_a_serial_unit_that_is_not_there_is_refused_by_both(device, board, rtapp, number):
    alone = rtapp("hello")
    for get in (board.i2c, board.spi, board.serial, alone.i2c, alone.spi):
        with pytest.raises(ValueError, match=f"no ISU {number}: 0 to 5"):
            get(number)


def test_a_folder_of_that_name_without_a_manifest_does_not_hide_the_sample(tmp_path):
    (tmp_path / "blink").mkdir()
    shutil.copy(apps.SAMPLES / "blink" / "README.md", tmp_path / "blink")
    assert Makings().package("blink", tmp_path, 1, None)
