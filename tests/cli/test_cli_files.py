"""Files that commands write: nothing is lost, and a full disk is told with the file's name."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from armillary.cli import files


def test_a_file_that_cannot_be_written_whole_stays_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "state"
    path.write_bytes(b"before")
    monkeypatch.setattr(files.os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError) as problem:
        files.write_file(path, b"after")
    assert problem.value.filename == str(path) and path.read_bytes() == b"before" and os.listdir(tmp_path) == ["state"]


def write_stream(path, opened, data):
    with opened(path) as stream:
        stream.write(data)


@pytest.mark.parametrize("write", [
    lambda path: files.write_file(path, b"data"), lambda path: write_stream(path, files.create, b"data"),
    lambda path: write_stream(path, files.create_text, "data"),
])  # fmt: skip
def test_a_full_disk_is_told_with_the_name_of_the_file(tmp_path, write):
    full = tmp_path / "out"
    full.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as problem:
        write(full)
    assert problem.value.filename == str(full)


def test_a_device_is_written_and_not_replaced(tmp_path):
    reader, writer = os.pipe()
    files.write_file(Path(f"/dev/fd/{writer}"), b"data")
    os.close(writer)
    assert os.read(reader, 10) == b"data"
    os.close(reader)


def test_what_the_encoding_lacks_becomes_a_question_mark(tmp_path):
    with files.create_text(tmp_path / "out", "ascii") as stream:
        stream.write("25 °C\n")
    assert (tmp_path / "out").read_bytes() == b"25 ?C\n"


def test_a_closed_standard_output_is_no_defect():
    done = subprocess.run(["sh", "-c", '"$0" -m armillary.cli.main version >&-', sys.executable], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
