"""What the device tells the service, and how it reads what the service says."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.kernel import service as service_api
from armillary.wire.fault import Invalid

# -- reports ----------------------------------------------------------------------------------------------


def test_crashes_and_denials_reach_the_service(cloud, maker, new_connected):
    device = new_connected([maker.app_package("probe", capabilities={"Gpio": [8]})])
    device.run(5)
    for _ in range(3):
        with pytest.raises(Exception, match="GPIO 9"):
            device.app().port.gpio_open_input(9)
    device.app().port.crashed("Traceback\n  File \"/bin/app.py\", line 3, in main\nKeyError: 'x'")
    device.app().die(1)
    device.run(40)
    (crash,) = cloud.reports("crash")
    assert crash["detail"]["reason"] == "KeyError: 'x'" and "line 3" in crash["detail"]["traceback"]
    (denial,) = cloud.reports("denial")
    assert denial["detail"]["policy"] == "Capabilities.Gpio = [8]"
    assert denial["detail"]["count"] == 3
    assert device.kernel.journal.events == []


def test_reports_wait_for_as_long_as_the_service_cannot_be_reached(cloud, kit, maker, new_connected):
    device = new_connected([maker.app_package("probe")])
    device.run(40)
    device.network.name(kit.SERVICE, 443, lambda: None)
    with pytest.raises(Exception, match="GPIO 9"):
        device.app().port.gpio_open_input(9)
    device.run(100)
    assert len(device.events("denial")) == 1
    device.network.name(kit.SERVICE, 443, cloud.peer)
    device.run(40)
    assert device.events("denial") == [] and len(cloud.reports("denial")) == 1


def test_reports_that_the_service_will_never_take_are_dropped(cloud, maker, new_connected):
    device = new_connected([maker.app_package("probe")])
    device.run(40)
    cloud.tamper = lambda target, response: dataclasses.replace(
        response, status=422, body=b'{"error": "odd", "reason": "not like this"}'
    )
    with pytest.raises(Exception, match="GPIO 9"):
        device.app().port.gpio_open_input(9)
    device.run(40)
    assert device.kernel.journal.events == []
    assert "1 reports were refused" in device.log()


def test_a_revoked_device_is_told_so(cloud, new_connected):
    device = new_connected()
    device.run(1)
    cloud.ok("PATCH", "/v1/devices/" + device.device_id.hex(), {"state": "revoked"})
    cloud.poll()
    assert "could not ask" in device.kernel.update.last_result
    assert "revoked" in device.kernel.update.last_result


# -- the parts that read what comes from outside -------------------------------------------------------------


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
                        st.sampled_from(["component", "image", "length", "sha256", "name", "security_version"]),
                        inner, max_size=6), max_leaves=12))  # fmt: skip
def test_any_row_is_read_or_refused(row):
    try:
        wanted = service_api.read_wanted(row)
    except Invalid:
        return
    assert len(wanted.component) == len(wanted.image) == 16 and 0 < wanted.length <= 1 << 20


@given(st.none() | st.text(max_size=12))
def test_a_retry_after_is_a_number_of_seconds_or_nothing(value):
    found = service_api.seconds(value)
    assert found is None or 0 <= found < 10**9
