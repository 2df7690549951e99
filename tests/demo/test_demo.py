"""Every step of the demo holds, seen from outside the ring it speaks of."""

import json

import pytest

from armillary.cli.demo import steps
from armillary.cli.demo.run import run

pytestmark = pytest.mark.slow
NAMES = [step.__name__ for step in steps.STEPS]


@pytest.fixture(scope="module")
def results():
    """The whole demo, run once."""
    return {result["name"]: result for result in run(lambda name, title: None, lambda result: None)}


def test_there_are_ten_steps():
    assert len(NAMES) == 10


@pytest.mark.parametrize("name", NAMES)
def test_the_step_holds(results, name):
    assert results[name]["ok"], results[name]["detail"]


def test_the_results_are_json(results):
    assert set(results) == set(NAMES)
    json.dumps(list(results.values()))


def test_a_certificate_names_the_device_and_lasts_a_day(results):
    detail = results["attest"]["detail"]
    assert detail["subject"] == results["manufacture"]["detail"]["device"]
    assert detail["hours"] == pytest.approx(24, abs=0.1)


def test_refusals_name_ring_rule_and_reason(results):
    update = results["update"]["detail"]
    for refusal in (update["tampered"], update["old"], *results["overreach"]["detail"].values()):
        assert refusal["ring"] and refusal["rule"] and refusal["reason"]


def test_a_step_that_does_not_hold_is_told(monkeypatch):
    def fails(bench):
        """A step that cannot hold"""
        steps.expect(False, "the sky is not green")

    monkeypatch.setattr("armillary.cli.demo.run.STEPS", (fails,))
    told = []
    (result,) = run(lambda name, title: told.append(title), told.append)
    assert not result["ok"]
    assert "the sky is not green" in result["detail"]["problem"]
    assert told == ["A step that cannot hold", result]
