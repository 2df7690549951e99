"""A device made by command with an app and a real-time app in C: built, signed, run in boxes, talking."""

from __future__ import annotations

import time

import pytest

from armillary.boards.apps import SAMPLES
from armillary.boards.mt3620 import build
from armillary.boards.sim import client

pytestmark = pytest.mark.filterwarnings("ignore:subprocess [0-9]+ is still running:ResourceWarning")
PATIENCE_S = 60


def until(workshop, name, words):
    end = time.monotonic() + PATIENCE_S
    while words not in (log := workshop.good("device", "log", name)):
        assert time.monotonic() < end, log
        time.sleep(0.2)
    return log


def test_a_folder_of_c_is_built_and_the_pair_talks(workshop):
    workshop.good("device", "create", "pair", "--app", SAMPLES / "intercore", "--app", build.RTAPPS / "intercore_echo")
    try:
        workshop.good("device", "up", "pair")
        log = until(workshop, "pair", "answer to question 3")
        assert "real-time core 0: intercore_echo" in log
    finally:
        if client.is_up(workshop.places.devices / "pair"):
            workshop.good("device", "down", "pair")
        workshop.good("device", "delete", "pair", "--yes")


def test_a_program_that_does_not_build_is_refused_in_the_compilers_words_and_no_device_is_left(workshop, tmp_path):
    (tmp_path / "app_manifest.json").write_text((build.RTAPPS / "hello" / "app_manifest.json").read_text())
    (tmp_path / "main.c").write_text("int main(void) { return x; }")
    result = workshop("device", "create", "broken", "--app", tmp_path)
    assert result.exit_code == 1 and "'x' undeclared" in result.stderr and "Traceback" not in result.stderr
    assert not (workshop.places.devices / "broken").exists()
