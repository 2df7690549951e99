"""`armillary rt build`: from C to what the chip, or a device, takes."""

import pytest
from click.testing import CliRunner

from armillary.cli.main import cli
from armillary.wire import asxipfs, image, manifest


def invoke(tmp_path, *words):
    result = CliRunner().invoke(cli, ["rt", *map(str, words)], env={"ARMILLARY_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)})
    assert "Traceback" not in result.output and "defect" not in result.output, result.output
    return result


def test_what_was_built_runs(tmp_path):
    assert invoke(tmp_path, "build", "hello", "-o", tmp_path / "hello.elf").exit_code == 0
    assert "hello from" in invoke(tmp_path, "run", tmp_path / "hello.elf", "--until", "hello from").output


def test_a_package_names_its_capabilities_and_runs_as_well(tmp_path):
    made = invoke(tmp_path, "build", "blink", "-o", tmp_path / "blink.imagepackage")
    assert made.exit_code == 0, made.output
    found = manifest.load(asxipfs.FileSystem(image.parse((tmp_path / "blink.imagepackage").read_bytes()).body))
    assert found.application_type == manifest.REAL_TIME and found.name == "blink"
    assert "blinking" in invoke(tmp_path, "run", tmp_path / "blink.imagepackage", "--until", "blinking").output


@pytest.mark.parametrize(("source", "why"), [(None, "no folder"), ("int main(void) { return x; }", "undeclared"), ("", "empty translation unit")])
def test_what_cannot_be_built_is_told_and_nothing_is_written(tmp_path, source, why):
    folder = tmp_path / "app"
    if source is not None:
        folder.mkdir()
        (folder / "main.c").write_text(source)
    result = invoke(tmp_path, "build", folder, "-o", tmp_path / "out.elf")
    assert result.exit_code == 1 and why in result.output and not (tmp_path / "out.elf").exists()


def test_a_folder_without_a_manifest_is_not_packed(tmp_path):
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "main.c").write_text("int main(void) { return 0; }")
    result = invoke(tmp_path, "build", folder, "-o", tmp_path / "out.imagepackage")
    assert result.exit_code == 1 and "app_manifest.json" in result.output


ONE = '#include "uart.h"\nint main(void) { uart_open(DEBUG_UART); uart_print(DEBUG_UART, "one file"); return 0; }\n'


def test_a_single_file_is_built_without_its_neighbours(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.c").write_text(ONE)
    (tmp_path / "other.c").write_text(ONE)  # a second main: both together would not link
    assert "wrote one.elf" in invoke(tmp_path, "build", "one.c").output
    assert "one file" in invoke(tmp_path, "run", "one.elf", "--until", "one file").output


def test_a_file_that_is_no_c_is_refused_in_words(tmp_path):
    (tmp_path / "main.rs").write_text("fn main() {}")
    result = invoke(tmp_path, "build", tmp_path / "main.rs", "-o", tmp_path / "out.elf")
    assert result.exit_code == 1 and "main.rs is not C" in result.output and not (tmp_path / "out.elf").exists()
