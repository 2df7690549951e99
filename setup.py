"""Packaging: the directories at the top of the repository, mapped to `armillary.<name>`.

The links under `armillary/` are for running from a checkout; they are never followed here.
"""

from __future__ import annotations

import pathlib
import re
import runpy
import sys

from setuptools import Extension, setup  # type: ignore[import-untyped]  # setuptools ships no types
from setuptools.command.build_ext import build_ext  # type: ignore[import-untyped]

ROOT = pathlib.Path(__file__).parent
RINGS = [
    "wire", "native", "hal", "pluton", "monitor", "kernel", "apps", "service", "boards", "cli", "testing",
]  # fmt: skip
DATA = [
    "*.json", "*.md", "*.h", "*.c", "*.ld", "*.pyi", "py.typed", "*.toml", "*.html", "*.css", "*.js", "*.svg", "*.txt",
    "*.mk", "*.cmake",
]  # fmt: skip

REQUIRES = [
    "cryptography>=43", "cffi>=1.16", "click>=8.1", "rich>=13", "starlette", "uvicorn>=0.30", "h11",
    "msgspec", "sqlalchemy>=2", "cbor2>=5.6", "unicorn>=2.1.4,<3", "pyelftools>=0.30",
]  # fmt: skip
TEST = ["pytest", "hypothesis", "pytest-xdist", "mypy", "ruff", "cryptography-vectors", "hsslms", "pyhsslms", "pyvcd", "pypng"]


def packages() -> dict[str, str]:
    """{package name: directory} of every directory of a ring that holds Python files or data."""
    found = {"armillary": "armillary"}
    for ring in RINGS:
        for directory in [ROOT / ring, *sorted((ROOT / ring).rglob("*/"))]:
            path = directory.relative_to(ROOT)
            if all(part.isidentifier() and part != "__pycache__" for part in path.parts):
                found["armillary." + ".".join(path.parts)] = path.as_posix()
    return found


def version() -> str:
    """`__version__` of `armillary/__init__.py`."""
    found = re.search(r'^__version__ = "([^"]+)"', (ROOT / "armillary/__init__.py").read_text(), re.MULTILINE)
    if found is None:
        raise ValueError("armillary/__init__.py has no __version__")
    return found[1]


RECIPES = ["native/build_native.py", "hal/cortexm/build_cortexm.py"]


def library(recipe: str) -> Extension:
    """A C library as an extension that may fail to build; its glue is written under build/."""
    ffi = runpy.run_path(str(ROOT / recipe))["ffi"]
    (ROOT / "build/native").mkdir(parents=True, exist_ok=True)
    return ffi.distutils_extension("build/native")


NOT_BUILT = """
*** Armillary's C engine was not built: there is no C compiler here, or no header files of Python's. ***
    Everything works without it, more slowly, and says so at every start; boxes are not confined.
    To have it:  apt-get install gcc python3-dev   and install Armillary again.
"""


class Build(build_ext):  # type: ignore[misc]  # untyped
    """As setuptools builds, and tells plainly what it means if a library could not be built."""

    def build_extensions(self) -> None:
        """Build; what is optional may be missing afterwards."""
        super().build_extensions()
        if not all(pathlib.Path(self.get_ext_fullpath(each.name)).exists() for each in self.extensions):
            print(NOT_BUILT, file=sys.stderr)


if __name__ == "__main__":
    FOUND = packages()
    setup(
        name="armillary",
        version=version(),
        description="An open, runnable reference of a secured device, from the root of trust to the apps",
        python_requires=">=3.11",
        packages=list(FOUND),
        package_dir=FOUND,
        package_data=dict.fromkeys(FOUND, DATA),
        cmdclass={"build_ext": Build},
        ext_modules=[library(recipe) for recipe in RECIPES],
        install_requires=REQUIRES,
        extras_require={"test": TEST, "bench": ["imgtool"]},
        entry_points={
            "console_scripts": ["armillary = armillary.cli.main:main"],
            "pytest11": ["armillary = armillary.testing.plugin"],
        },
        # Metadata stays out of the checkout: found there, its pytest plug-in would load uninstalled.
        options={"bdist_wheel": {"py_limited_api": "cp311"}, "egg_info": {"egg_base": "build"}},
        zip_safe=False,
    )
