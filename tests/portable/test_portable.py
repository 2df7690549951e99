"""Every script beside this file prints the same under CPython and under MicroPython.

`get_micropython.sh` puts MicroPython at .build/micropython; where continuous integration runs, its absence
is a failure and not an excuse.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from armillary.boards import apps, images
from armillary.boards.keys import Vendor
from armillary.boards.lms import LmsKey, LmsSigner
from armillary.boards.sim import device, facts
from armillary.native import sha256
from armillary.native.plain import lms
from armillary.pluton import bootheader
from armillary.testing.makings import NOBODY, Makings, SeededKey
from armillary.wire import asxipfs

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SHIMS = ROOT / "hal" / "m4" / "lib"
SCRIPTS = sorted(path for path in HERE.glob("*.py") if not path.name.startswith(("test_", "conftest")))
FOUND = [path for path in (ROOT / ".build" / "micropython", shutil.which("micropython")) if path and os.path.exists(path)]
HEAP = "heapsize=64m"
LONGEST_S = 300
RINGS = ("wire", "pluton", "monitor", "kernel", "apps", "native/plain")
SINGLE = (
    "native/__init__.py", "native/board.py", "native/errors.py", "native/standard.py", "hal/abi.py", "hal/port.py", "hal/interface.py",
    "boards/sim/facts.py", "boards/sim/linked.py",
)  # fmt: skip
HOST_ONLY = {"wire/describe.py", "wire/hardware.py"}


@pytest.fixture(scope="session")
def micropython():
    """The command that begins MicroPython."""
    return begin_micropython(FOUND, os.environ)


def begin_micropython(found, environment):
    if not found:
        words = "no MicroPython: run tests/portable/get_micropython.sh"
        if environment.get("CI", "") not in ("", "0", "false"):
            pytest.fail(words)
        pytest.skip(words)
    return [str(found[0]), "-X", HEAP]


def test_continuous_integration_without_micropython_fails():
    with pytest.raises(pytest.fail.Exception):
        begin_micropython([], {"CI": "true"})


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory):
    """The file of a provisioned device, with small images: what they hold is not run when rings are linked."""
    folder = tmp_path_factory.mktemp("portable")
    makings = Makings()
    silicon = provisioned(makings, makings.vendor, ("blink", "crash", "overreach"))
    (folder / "device.bin").write_bytes(packed(silicon))
    hybrid = Vendor({name: SeededKey(name) for name in Vendor.NAMES})
    for name in Vendor.NAMES:
        getattr(hybrid, name).lms = LmsSigner(LmsKey(lms.Shape(10, 7), bytes(16), sha256(name.encode())[:24]))
    (folder / "hybrid.bin").write_bytes(packed(provisioned(makings, hybrid, ("blink",))))
    (folder / "plain.bin").write_bytes(plain_monitor(hybrid))
    return folder / "device.bin"


def plain_monitor(vendor):
    """A monitor without an LMS signature, as long as one that has it: its body makes up for it."""
    body = small_bodies()["monitor"]
    length = len(images.os_image(vendor, "monitor", body=body))
    key, kept = vendor.os, vendor.os.lms
    key.lms = None
    try:
        lacking = length - len(images.os_image(vendor, "monitor", body=body))
        return images.os_image(vendor, "monitor", body=body + bytes(lacking))
    finally:
        key.lms = kept


def small_bodies():
    return {name: asxipfs.pack([("entry", name.encode(), False)]) for name in images.OS_IMAGES}


def provisioned(makings, vendor, samples):
    """The chip of a device that this vendor made."""
    small = small_bodies()
    packages = [images.key_store(vendor)]
    packages += [images.os_image(vendor, name, body=small[name]) for name in ("pluton", "monitor", "kernel", "runtime")]
    packages.append(images.certificate_store(vendor, {"root": NOBODY}))
    root_lms = device.lms_of(vendor)
    boot = bootheader.build(vendor.root.public, images.os_image(vendor, "1bl", body=small["1bl"]), root_lms)
    packed_apps = [apps.pack_app(apps.SAMPLES / name, vendor.app, 1) for name in samples]
    silicon = makings.silicon(7)
    device.manufacture(silicon, vendor.root.public, b"portable", root_lms, vendor.is_hybrid)
    device.provision(silicon, SimpleNamespace(boot_partition=boot, images=packages), packed_apps)
    device.leave_factory(silicon.fuses)
    return silicon


def packed(silicon):
    """Fuses, then each sector that is not blank, with its number before it."""
    size = facts.FLASH_SECTOR
    out = bytearray(silicon.fuses.snapshot())
    for number in range(facts.FLASH_SIZE // size):
        sector = silicon.flash.read(number * size, size)
        if sector != b"\xff" * size:
            out += number.to_bytes(4, "little") + sector
    return bytes(out)


@pytest.fixture(scope="session")
def built_in():
    """The command that begins a MicroPython with our C engine in it (`build_micropython.sh`)."""
    return begin_micropython([path for path in [ROOT / ".build" / "micropython-native"] if path.exists()], os.environ)


def said(command, script, snapshot, **variables):
    """What a script prints. Fails if it does not end well."""
    environment = {**os.environ, **variables}
    run = subprocess.run(
        [*command, str(script), str(snapshot)], env=environment, capture_output=True, text=True, timeout=LONGEST_S
    )
    assert run.returncode == 0, run.stderr + run.stdout[-3000:]
    return run.stdout


def by_cpython(script, snapshot):
    return said([sys.executable, "-W", "error"], script, snapshot, PYTHONPATH=str(ROOT), PYTHONHASHSEED="1")


def by_micropython(command, script, snapshot):
    return said(command, script, snapshot, MICROPYPATH=os.pathsep.join((str(ROOT), str(SHIMS))))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_both_interpreters_print_the_same(script, micropython, snapshot):
    expected = by_cpython(script, snapshot)
    assert len(expected) > 100, "a script that says nothing proves nothing"
    assert by_micropython(micropython, script, snapshot) == expected


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_with_the_engine_built_in_it_prints_the_same(script, built_in, snapshot):
    assert by_micropython(built_in, script, snapshot) == by_cpython(script, snapshot)


WHICH = "import armillary.native as native\nnative.prepare()\nprint(native.ENGINE, '|', native.warning())\n"


def test_a_micropython_without_the_engine_says_so_and_one_with_it_does_not(tmp_path, micropython, built_in, snapshot):
    script = tmp_path / "which.py"
    script.write_text(WHICH)
    assert "not constant time" in by_micropython(micropython, script, snapshot)
    assert by_micropython(built_in, script, snapshot).strip() == "built-in C |"


def test_the_device_does_what_its_script_is_for(snapshot):
    text = by_cpython(HERE / "linked_device.py", snapshot)
    assert text.count("[kernel] up") == 2 and text.count("stage=kernel") == 2
    assert "pin (500000, 8, 0)" in text and "manifest.gpio" in text and "KeyError" in text


def test_the_hybrid_device_does_what_its_script_is_for(snapshot):
    text = by_cpython(HERE / "hybrid_device.py", snapshot)
    assert text.count("it boots; a policy: True") == 1 and text.count("[kernel] up") == 1
    assert "signed by ECDSA alone" in text and "fuse row 9: two signatures are required" in text
    assert text.count("no trusted key signed this") >= 2, "a spoiled LMS part is another image to ECDSA"
    assert text.endswith("no LMS part: None\n")


def test_a_difference_is_found(tmp_path, micropython, snapshot):
    script = tmp_path / "differs.py"
    script.write_text("import sys\nprint(sys.implementation.name)\n")
    assert by_cpython(script, snapshot) != by_micropython(micropython, script, snapshot)


def portable_files():
    found = [ROOT / name for name in SINGLE]
    for folder in RINGS:
        found.extend(sorted((ROOT / folder).rglob("*.py")))
    return [path for path in found if str(path.relative_to(ROOT)) not in HOST_ONLY and "__pycache__" not in path.parts]


COMPILE = """
import sys
for path in sys.argv[1:]:
    with open(path) as file:
        source = file.read()
    try:
        compile(source, path, "exec")
    except SyntaxError as error:
        print(path, error)
"""


def test_micropython_compiles_every_portable_file(tmp_path, micropython):
    script, planted = tmp_path / "compile.py", tmp_path / "planted.py"
    script.write_text(COMPILE)
    planted.write_text("match 1:\n    case 1: pass\n")
    files = portable_files()
    assert len(files) > 100
    command = [*micropython, str(script), *[str(path) for path in files], str(planted)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S)
    assert run.returncode == 0, run.stderr
    lines = run.stdout.splitlines()
    assert [line.split()[0] for line in lines] == [str(planted)], run.stdout


def test_every_portable_module_is_valid_python_here_too():
    for path in portable_files():
        ast.parse(path.read_text(), str(path))
