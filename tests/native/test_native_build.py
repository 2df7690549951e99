"""The build: every package is listed, no link is followed, and no compiler is no obstacle."""

import os
import pathlib
import runpy
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
SETUP = runpy.run_path(str(ROOT / "setup.py"), run_name="setup")
DECLARED = (ROOT / "native/declarations/confinement.h").read_text()


def test_every_directory_with_python_is_a_package():
    listed = set(SETUP["packages"]().values())
    for ring in SETUP["RINGS"]:
        for path in (ROOT / ring).rglob("*.py"):
            assert path.parent.relative_to(ROOT).as_posix() in listed


def test_every_link_names_a_ring_and_every_ring_has_its_link():
    links = {path.name: os.readlink(path) for path in (ROOT / "armillary").iterdir() if path.is_symlink()}
    assert links == {ring: "../" + ring for ring in SETUP["RINGS"]}


def test_no_package_lies_behind_a_link():
    for name, folder in SETUP["packages"]().items():
        assert (ROOT / folder).resolve() == ROOT / folder
        assert (
            name == "armillary" if folder == "armillary" else name == "armillary." + folder.replace("/", ".")
        )


def test_the_version_is_the_packages():
    import armillary

    assert SETUP["version"]() == armillary.__version__


def test_every_c_file_is_in_the_recipe():
    listed = set(runpy.run_path(str(ROOT / "native/build_native.py"))["SOURCES"])
    assert listed == {path.relative_to(ROOT).as_posix() for path in (ROOT / "native/src").rglob("*.c")}


def test_the_constants_of_confinement_are_all_declared():
    header = (ROOT / "native/src/confinement/confine.h").read_text()
    names = [line.split()[1] for line in header.splitlines() if line.startswith("#define CONFINE_")]
    assert len(names) == 13
    for name in names:
        assert "#define " + name + " ..." in DECLARED


def test_the_steps_in_python_are_the_steps_in_c():
    from armillary.native import confine
    from armillary.native._native import lib

    for at, step in enumerate(confine.STEPS):
        assert getattr(lib, "CONFINE_" + step.upper()) == 1 << at
    assert lib.CONFINE_FAILED_SHIFT == confine.FAILED_SHIFT


BINDING = """
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include "binding/install.h"
int (*use)(void) = binding_install;
"""


@pytest.mark.parametrize("level", ["-O0", "-O3"])
def test_the_binding_compiles_without_a_warning(tmp_path, level):
    """All of it, as strictly as the engine, and within the stable interface of CPython 3.11."""
    unit = tmp_path / "unit.c"
    unit.write_text(BINDING)
    command = ["cc", "-std=c11", level, "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", "-c", str(unit),
               "-o", str(tmp_path / "unit.o"), "-isystem", sysconfig.get_path("include"), "-I", str(ROOT / "native"),
               "-I", str(ROOT / "native/src")]  # fmt: skip
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr


@pytest.fixture
def checkout(tmp_path):
    """A copy of what the build reads."""
    for name in ("setup.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("native", "hal", "armillary"):
        shutil.copytree(
            ROOT / name, tmp_path / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "*.so")
        )
    return tmp_path


def build(checkout, **environment):
    command = [sys.executable, "setup.py", "build_ext", "--inplace"]
    return subprocess.run(
        command, cwd=checkout, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def libraries(checkout):
    return [path.name for path in (checkout / "native").glob("*.so")]


def test_the_documented_command_builds_one_library_for_every_python(checkout):
    assert build(checkout).returncode == 0
    assert libraries(checkout) == ["_native.abi3.so"]
    assert not list((checkout / "armillary").glob("*.so"))


def test_without_a_compiler_the_build_goes_on(checkout):
    built = build(checkout, CC="no-such-compiler")
    assert built.returncode == 0, built.stderr
    assert libraries(checkout) == []
    assert "C engine was not built" in built.stderr and "apt-get install gcc" in built.stderr


WITHOUT = """
import armillary.native as n
private = n.sha256(b"private")
n.p256_verify(n.p256_public(private), private, n.p256_sign(private, private))
assert n.aes_gcm_open(private, bytes(12), b"", n.aes_gcm_seal(private, bytes(12), b"", b"text")) == b"text"
print(n.warning())
"""


def test_what_was_built_without_a_compiler_works_and_says_what_it_lacks(checkout):
    built = build(checkout, CC="no-such-compiler")
    assert built.returncode == 0
    used = subprocess.run([sys.executable, "-c", WITHOUT], cwd=checkout, capture_output=True, text=True, check=False)
    assert used.returncode == 0, used.stderr
    assert "C engine is not built" in used.stdout


SMOKE = """
import armillary.native as n
from armillary.native import confine
from armillary.pluton import selftest

assert n.warning() == "" and "site-packages" in n.__file__
n.prepare()
selftest.run()
assert confine.features() is not None
print(n.describe())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this source tree, built as `pip wheel` does."""
    place = tmp_path_factory.mktemp("wheel")
    left_out = shutil.ignore_patterns("__pycache__", "*.so", ".git", ".venv", ".build", "build", "*.egg-info")
    shutil.copytree(ROOT, place / "source", symlinks=True, ignore=left_out)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation",
               "--disable-pip-version-check", "--wheel-dir", str(place), str(place / "source")]  # fmt: skip
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    [found] = place.glob("*.whl")
    return found


@pytest.mark.slow
def test_one_wheel_serves_every_later_python(wheel):
    assert "-cp311-abi3-" in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "armillary/native/_native.abi3.so" in names
    assert not [name for name in names if name.startswith("tests/") or name.endswith(".pyc")]


@pytest.mark.slow
def test_the_wheel_works_where_nothing_else_of_ours_is(wheel, tmp_path):
    venv.create(tmp_path / "venv", with_pip=True, symlinks=True)
    python = tmp_path / "venv/bin/python"
    ours = sysconfig.get_path("purelib")  # what it depends on comes from here: no network
    [site] = (tmp_path / "venv/lib").glob("python*/site-packages")
    (site / "dependencies.pth").write_text(ours + "\n")
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", str(wheel)]
    assert subprocess.run(install, capture_output=True, text=True, check=False).returncode == 0
    used = subprocess.run([str(python), "-c", SMOKE], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert used.returncode == 0, used.stderr
    assert "own C engine" in used.stdout
