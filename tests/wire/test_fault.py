"""Faults: numbers that stay, and an explanation a person can use."""

import errno

from armillary.wire import fault
from armillary.wire.fault import ALL, FAULTS, Denied, Fault, Invalid, explain, malformed


def test_numbers_are_what_they_always_were():
    assert [kind.__name__ for kind in sorted(ALL, key=lambda kind: kind.code)] == [
        "Unknown", "Invalid", "Denied", "NotFound", "Busy", "Full", "OutOfOrder", "Untrusted", "Rollback", "Expired", "Failed",
        "Locked", "Internal", "Unhealthy", "Closed", "Again", "NoDevice", "Unreachable",
    ]  # fmt: skip
    assert sorted(FAULTS) == list(range(1, 19))
    assert all(FAULTS[kind.code] is kind for kind in ALL)


def test_every_kind_of_fault_is_listed():
    assert set(Fault.__subclasses__()) == set(ALL)


def test_error_numbers_are_linuxs():
    for name in ("EPERM", "ENOENT", "EIO", "EBADF", "EAGAIN", "EACCES", "EBUSY", "ENODEV", "EINVAL", "ENOSPC", "EHOSTUNREACH"):
        assert getattr(fault, name) == getattr(errno, name)


def test_a_refusal_is_one_line_that_says_who_why_and_what_would_help():
    met = Denied("pin 3", "kernel", "gpio.manifest", "Capabilities.Gpio = [8]", "add 3 to Capabilities.Gpio")
    assert explain(met) == str(met) == (
        "Denied: pin 3 [kernel rule gpio.manifest] (decided by Capabilities.Gpio = [8]); to allow it: add 3 to Capabilities.Gpio"
    )


def test_a_fault_of_few_words_is_explained_too():
    assert explain(Denied()) == "Denied: no reason given"
    assert explain(Denied("x", rule="r")) == "Denied: x [? rule r]"


def test_an_offset_is_in_the_reason_and_beside_it():
    met = malformed("no magic", 0x40, "image", "policy")
    assert isinstance(met, Invalid)
    assert (met.reason, met.offset, met.rule, met.policy) == ("no magic at offset 0x40", 0x40, "image", "policy")
    assert Invalid("x").offset is None
