"""Every libFuzzer target builds, runs a little from the vectors' inputs, and notices what it is for."""

from __future__ import annotations

import pytest

from tests.native.fuzz import fuzz
from tests.native.vectors.builds import run

RUNS = {"p256": 60, "lms": 400}


@pytest.mark.slow
@pytest.mark.parametrize("name", fuzz.TARGETS)
def test_a_short_run_finds_nothing(name):
    assert fuzz.fuzz(name, f"-runs={RUNS.get(name, 4000)}", "-seed=1").startswith("Done ")


def test_every_target_has_inputs_to_begin_with():
    assert len(fuzz.TARGETS) == 7
    for name in fuzz.TARGETS:
        assert len(list(fuzz.seeds(name))) >= 20


@pytest.mark.slow
def test_a_target_finds_a_parser_that_takes_too_much(tmp_path):
    """The DER target, against a parser that takes a padded number."""
    source = fuzz.ROOT / "native/src/p256/signature_der.c"
    text = source.read_text()
    (tmp_path / "lax.c").write_text(text + LAX)
    program = tmp_path / "lax"
    run(["clang", "-std=c11", *fuzz.FLAGS, "-Dsignature_from_der=strict_from_der", f"-I{fuzz.ROOT}/native/src", "-c", tmp_path / "lax.c", "-o", tmp_path / "lax.o"])
    built = fuzz.programs()
    others = [built / f"{path.parent.name}-{path.stem}.o" for path in fuzz.engine_sources() if path != source]
    run(["clang", *fuzz.FLAGS, "-fsanitize=fuzzer", built / "fuzz-der.o", tmp_path / "lax.o", *others, "-o", program])
    padded = bytes.fromhex("300702020001020101")
    (tmp_path / "padded").write_bytes(padded)
    with pytest.raises(Exception, match="deadly signal|abort"):
        run([program, tmp_path / "padded"])


# A parser that drops a leading zero from the first number before it looks closer.
LAX = """
#undef signature_from_der
verdict signature_from_der(const uint8_t *der, size_t length, uint8_t raw[64]);
verdict signature_from_der(const uint8_t *der, size_t length, uint8_t raw[64])
{
    uint8_t less[256];
    if (length < 6 || length > sizeof less || der[4] != 0 || der[3] < 2)
        return strict_from_der(der, length, raw);
    for (size_t i = 0; i + 1 < length; i++)
        less[i] = der[i < 4 ? i : i + 1];
    less[1]--, less[3]--;
    return strict_from_der(less, length - 1, raw);
}
"""
