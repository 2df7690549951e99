"""Programs with start-ups and C libraries of others, built in all the ways that compilers know."""

import subprocess
from pathlib import Path

import pytest

from armillary.boards.mt3620 import build
from armillary.testing.rtapp import Died

STARTS = Path(__file__).parent / "starts"
TCM = {"CODE": "TCM", "DATA": "TCM", "STORED": "TCM", "STACK": "TCM"}
NANO = ["-specs=nano.specs", "-u", "_printf_float"]
OBJECTS = ["-std=c++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"]


@pytest.fixture(scope="session")
def linked(tmp_path_factory):
    """linked(name, *flags, places) is the path of a program, built with its start-up and the C library."""
    scratch = tmp_path_factory.mktemp("starts")

    def link(name, *flags, **places):
        folder = scratch / str(len(list(scratch.iterdir())))
        folder.mkdir()
        aliases = [f'REGION_ALIAS("{alias}", {region})\n' for alias, region in (TCM | places).items()]
        (folder / "places.ld").write_text("".join(aliases))
        common = [build.COMPILER, *build.PROCESSOR, "-Wall", "-Wextra", "-Werror", "-g", f"-I{build.SHARED}", *flags]
        for source in (name, "start.c"):
            kind = OBJECTS if source.endswith(".cc") else ["-fno-lto"] if source == "start.c" else []
            subprocess.run([*common, *kind, "-c", STARTS / source, "-o", folder / (source + ".o")], check=True, timeout=120)
        subprocess.run(
            [*common, "-nostartfiles", *build.LINKED, f"-L{folder}", "-T", STARTS / "start.ld", *folder.glob("*.o"), "-lm", "-o", folder / "app.elf"],
            check=True, timeout=120,
        )  # fmt: skip
        return folder / "app.elf"
    return link


@pytest.mark.parametrize("flags", ["-O0", "-O0 nano", "-Os nano", "-O3", "-O2 -flto", "-Og -ffunction-sections -fdata-sections -Wl,--gc-sections"])
def test_a_c_library_prints_and_no_one_switched_floating_point_on(rtapp, linked, flags):
    app = rtapp(linked("printing.c", *flags.replace("nano", " ".join(NANO)).split()))
    app.run_until("sum 4950\n", timeout_ms=200)
    assert app.lines() == ["-7 +00042 beef z text|left  |", "2.500 2.500000e+10 1.41421", "yes 4000000000", "sum 4950"]


@pytest.mark.parametrize("flags", ["-O0", "-Os", "-O3 -flto"])
@pytest.mark.parametrize("code", ["TCM", "FLASH"])
def test_objects_are_constructed_before_main_and_found_by_their_tables(rtapp, linked, flags, code):
    app = rtapp(linked("objects.cc", *flags.split(), *NANO, CODE=code))
    app.run_until("left", timeout_ms=200)
    app.run_for(ms=2)
    assert app.lines() == ["made 2", "made 4, area 24650", "left 3"]


PLACES = {
    "all in TCM": ({}, "code TCM, constants TCM, data TCM, stack TCM"),
    "in place": ({"CODE": "FLASH"}, "code flash, constants flash, data TCM, stack TCM"),
    "in place, data copied": ({"CODE": "FLASH", "STORED": "FLASH"}, "code flash, constants flash, data TCM, stack TCM"),
    "in place, data and stack in SYSRAM": (
        {"CODE": "FLASH", "DATA": "SYSRAM", "STORED": "FLASH", "STACK": "SYSRAM"}, "code flash, constants flash, data SYSRAM, stack SYSRAM",
    ),
    "all in SYSRAM": (dict.fromkeys(TCM, "SYSRAM"), "code SYSRAM, constants SYSRAM, data SYSRAM, stack SYSRAM"),
    "code in SYSRAM, data in TCM, copied": ({"CODE": "SYSRAM", "STORED": "SYSRAM"}, "code SYSRAM, constants SYSRAM, data TCM, stack TCM"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("flags", ["-O0", "-O2 -DMOVED"])
def test_code_and_data_lie_where_the_linker_put_them(rtapp, linked, name, flags):
    places, words = PLACES[name]
    app = rtapp(linked("places.c", *flags.split(), *NANO, **places))
    app.run_until("fired" if "MOVED" in flags else "0\n", timeout_ms=200)
    assert app.lines()[0] == words + ": 600d 0"


@pytest.mark.parametrize("flags", ["-O0", "-O2"])
def test_code_that_changes_is_run_as_it_is(rtapp, linked, flags):
    app = rtapp(linked("rewritten.c", flags, *NANO))
    app.run_until("brought", timeout_ms=200)
    app.run_for(ms=2)
    # ((3 + 1) * 2)^2 = 64, ((64 + 1) * 2)^2 = 16900
    assert app.lines() == ["near 900", "far 900", "patched near 55", "patched far 55", "brought 900"]


def test_words_may_lie_anywhere_until_the_program_forbids_it(rtapp, linked):
    app = rtapp(linked("unaligned.c", *NANO))
    app.run_for(ms=10)
    assert app.lines() == ["04030201 403 ddccbbaa ddcc"]
    with pytest.raises(Died, match="UNALIGNED"):
        rtapp(linked("unaligned.c", *NANO, "-DTRAPPED")).run_for(ms=50)


def test_who_calls_a_debugger_that_is_not_there_is_told_so(rtapp, linked):
    with pytest.raises(Died, match="DEBUGEVT[^\n]*\n[^\n]*semihosting"):
        rtapp(linked("semihosted.c", "-O1", "-DDEBUGGER", "-specs=rdimon.specs")).run_for(ms=10)
