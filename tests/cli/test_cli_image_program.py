"""What `armillary image show` says of a real-time app: its core, and what its program takes of it."""

import pytest

from armillary.wire import asxipfs, image
from tests.monitor.rtapps import FIRST, START, elf, manifest


@pytest.fixture
def pack(workshop, tmp_path):
    """A function that packs a real-time app from the bytes of its program, and returns the package's path."""

    def make(program, core=None, command=workshop.good):
        folder = tmp_path / "app"
        (folder / "bin").mkdir(parents=True)
        (folder / "app_manifest.json").write_bytes(manifest(FIRST, {"Gpio": [8]}, core))
        (folder / "bin" / "app").write_bytes(program)
        said = command("image", "pack", folder, "-o", tmp_path / "app.imagepackage")
        return tmp_path / "app.imagepackage" if command == workshop.good else said

    return make


def test_it_is_shown_which_core_it_asks_for_and_what_its_program_takes(workshop, pack):
    package = pack(elf(), core=1)
    said = workshop.good("image", "show", package)
    assert "RealTimeCapable" in said and "RealTimeCore" in said and "blinker uses pin 8" in said
    assert f"reset at {START:#010x}" in said and "TCM" in said and "no problems" in said
    found = workshop.json("image", "show", package)
    assert found["manifest"]["RealTimeCore"] == 1
    assert found["program"] == {
        "vectors": 0x0010_0000, "stack": 0x0013_0000, "reset": START, "hard_float": True,
        "segments": [{"memory": "TCM", "address": 0x0010_0000, "bytes": 72, "in_file": 72, "of": 0x3_0000}],
    }  # fmt: skip


@pytest.fixture
def broken():
    """A program for another processor."""
    program = bytearray(elf())
    program[18] = 3
    return bytes(program)


def test_a_program_that_no_core_would_take_is_not_packed(workshop, pack, broken):
    said = pack(broken, command=workshop.refused)
    assert "/bin/app is no program for a real-time core: not for ARM" in said and "offset 0x12" in said


def test_in_a_package_from_elsewhere_it_is_a_problem_at_its_offset(workshop, tmp_path, broken):
    body = asxipfs.pack([("app_manifest.json", manifest(FIRST), False), ("bin/app", broken, True)])
    package = tmp_path / "x.imagepackage"
    package.write_bytes(image.build(body, image.APPLICATIONS, FIRST, b"i" * 16, "x", 0, bytes(20), lambda digest: bytes(64), 1))
    found = workshop.json("image", "show", package)
    assert found["program"] is None
    (problem,) = found["problems"]
    start = next(file["offset"] for file in found["body"]["files"] if file["path"] == "/bin/app")
    assert problem["offset"] == start + 18 and "not for ARM" in problem["problem"]
    assert "/bin/app is no program for a real-time core" in workshop.good("image", "show", package)


def test_an_app_of_the_main_core_has_no_such_part(workshop, blink):
    assert workshop.json("image", "show", blink)["program"] is None
