"""Drivers of all styles once more, as other levels of optimization make them: what they rely on may not be the compiler's luck."""

import inspect

import pytest

from tests.realtime import (
    test_rtapps_basic,
    test_rtapps_buses,
    test_rtapps_styles,
    test_styles_fields,
    test_styles_layers,
)

MODULES = (test_rtapps_basic, test_rtapps_buses, test_rtapps_styles, test_styles_fields, test_styles_layers)
TESTS = {
    name.removeprefix("test_"): test for module in MODULES for name, test in vars(module).items()
    if name.startswith("test_") and [*inspect.signature(test).parameters] == ["rtapp"]
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("level", ["-O0", "-Os", "-O3", "-O1 -flto"])
@pytest.mark.parametrize("name", TESTS)
def test_other_levels_of_optimization_make_no_difference(rtapp, name, level):
    TESTS[name](lambda program, **how: rtapp(program, **how, flags=level.split()))
