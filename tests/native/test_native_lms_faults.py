"""LMS with a hash that fails (CVE-2025-49600 in kind) and a buffer that ends (CVE-2025-49601 in kind)."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import pytest

from armillary.native.errors import BadSignature
from armillary.native.plain import lms
from tests.native.test_native_lms import sha256, signed

HERE = pathlib.Path(__file__).parent
SOURCE = HERE.parent.parent / "native/src"


@pytest.fixture(scope="module")
def harness(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lms")
    names = {"begin": "real_begin", "update": "real_update", "end": "real_end", "hash": "real_hash"}
    flags = ["-std=c11", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-I", str(SOURCE)]
    compiler = shutil.which("cc") or "cc"
    rename = [f"-Dsha256_{name}={real}" for name, real in names.items()]
    objects = []
    for path in (SOURCE / "hash").glob("sha256*.c"):
        objects.append(str(folder / (path.stem + ".o")))
        subprocess.run([compiler, *flags, *rename, "-c", str(path), "-o", objects[-1]], check=True)
    rest = [HERE / "lms_harness.c", *(SOURCE / "lms").glob("*.c"), *(SOURCE / "common").glob("*.c")]
    subprocess.run([compiler, *flags, *map(str, rest), *objects, "-o", str(folder / "harness")], check=True)

    def trial(word, parts):
        file = folder / "parts"
        file.write_bytes(b"".join(len(part).to_bytes(4, "little") + part for part in parts))
        done = subprocess.run([str(folder / "harness"), word, str(file)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return tuple(map(int, done.stdout.split()))

    return trial


@pytest.mark.parametrize(("tree", "one_time"), [(10, 7), (10, 8), (5, 3)])
def test_no_length_reads_beyond_what_was_given(harness, tree, one_time):
    public, message, signature = signed(tree, one_time)
    trials, accepted = harness("lengths", (public, message, signature))
    assert (trials, accepted) == (len(public) + len(signature) + 82, 2)  # the right key, the right signature


def test_no_failing_hash_makes_a_forgery_pass(harness):
    public, _, signature = signed(10, 7)
    trials, accepted = harness("faults", (public, b"a forgery", signature))
    assert trials > 1000 and accepted == 0


def test_no_failing_hash_makes_anything_pass_that_was_computed_wrongly(harness):
    """Even a good signature is refused when a hash on its way failed: a fault is never passed over."""
    trials, accepted = harness("faults", signed(10, 7))
    assert trials > 1000 and accepted == 0


def careless(number, stale):
    """A SHA-256 whose call `number` fails unnoticed and leaves what was on the stack."""
    seen = []

    def hash_with_errors_ignored(data):
        seen.append(data)
        return stale if len(seen) == number else sha256(data)

    return hash_with_errors_ignored, seen


def test_with_errors_of_the_hash_ignored_and_the_root_on_the_stack_a_forgery_passes():
    public, _, signature = signed(10, 7)
    counting, seen = careless(0, b"")
    with pytest.raises(BadSignature):
        lms.verify(counting, public, b"a forgery", signature)
    lms.verify(careless(len(seen), public[24:])[0], public, b"a forgery", signature)  # accepted: no exception


def test_a_hash_that_raises_is_never_taken_for_an_answer():
    public, message, signature = signed(10, 7)
    counting, seen = careless(0, b"")
    lms.verify(counting, public, message, signature)

    class Broken(Exception):
        pass

    def failing(number):
        calls = []

        def broken(data):
            calls.append(data)
            if len(calls) == number:
                raise Broken
            return sha256(data)

        return broken

    for number in range(1, len(seen) + 1):
        with pytest.raises(Broken):
            lms.verify(failing(number), public, message, signature)
