"""A device in a test says so, at every power-on, where the crypto engine is not built."""

from armillary import native


def test_a_linked_device_says_at_every_start_that_crypto_is_slower(device, monkeypatch):
    monkeypatch.setattr(native, "warning", lambda: "crypto is slower here")
    device.power_on()
    device.power_off()
    device.power_on()
    assert device.log.count("[BOARD] WARNING: crypto is slower here") == 2


def test_with_the_engine_nothing_is_said(device):
    device.power_on()
    assert "WARNING" not in device.log
