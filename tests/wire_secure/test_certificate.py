"""Reading one certificate, and the text form they travel in."""

import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.wire.certificate import parse, pem_to_der, summary
from armillary.wire.fault import Invalid


@given(st.binary(max_size=200))
def test_junk_is_no_certificate(data: bytes) -> None:
    with pytest.raises(Invalid):
        parse(data)


@given(st.datetimes(datetime.datetime(1950, 1, 1), datetime.datetime(2200, 1, 1)))
def test_every_time_is_read_as_the_calendar_has_it(maker: Any, when: datetime.datetime) -> None:
    when = when.replace(microsecond=0, tzinfo=datetime.UTC)
    made = maker.issue("a", maker.key(0), "a", maker.key(0), start=when - maker.now, end=when - maker.now)
    assert summary(maker.der(made)) == ("a", int(when.timestamp()) * 1000 + 999)


def test_pem_goes_to_der(maker: Any) -> None:
    key = maker.key(0)
    pair = [maker.issue("a", key, "b", key), maker.authority("b", key, "b", key)]
    text = b"comment\n" + b"between\n".join([maker.pem(item) for item in pair])
    assert pem_to_der(text) == pem_to_der(text.decode().replace("\n", "\r\n")) == [maker.der(item) for item in pair]
    assert pem_to_der("") == []


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN CERTIFICATE-----\nAAAA\n", "-----END CERTIFICATE-----\n", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
        "-----BEGIN CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nA!AA\n-----END CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nAAA\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\nAAB=\n-----END CERTIFICATE-----", b"\xff",
    ],
)  # fmt: skip
def test_pem_of_a_wrong_form_is_refused(text: Any) -> None:
    with pytest.raises(Invalid):
        pem_to_der(text)
