"""Records of TLS, what may come after the handshake, and the key schedule under them."""

from typing import Any

import pytest

from armillary.wire.fault import Failed, Fault, Untrusted
from armillary.wire.tls import client, record
from armillary.wire.tls.codec import message, pack_extensions
from armillary.wire.tls.schedule import Schedule, expand_label

HANDSHAKE, APPLICATION, ALERT = 22, 23, 21


def test_a_message_may_be_cut_into_records_and_share_one(server: Any) -> None:
    server.begin()
    for byte in server.make("extensions"):
        server.client.feed(server.sealed(bytes((byte,))))
    server.transcript.extend(server.make("extensions"))
    certificate = server.make("certificate")
    server.transcript.extend(certificate)
    proof = server.make("proof")
    server.transcript.extend(proof)
    server.client.feed(server.sealed(certificate + proof + server.make("finished")))
    assert server.client.is_open


def test_padding_is_taken_off(server: Any) -> None:
    server.open()
    protection = server.protection
    assert protection is not None
    inner = b"data" + bytes((APPLICATION,)) + bytes(100)
    head = b"\x17\x03\x03" + (len(inner) + 16).to_bytes(2, "big")
    server.client.feed(head + server.suite.aes_gcm_seal(protection._key, protection._nonce(), head, inner))
    assert server.client.received() == b"data"


@pytest.mark.parametrize(("inner", "rule"), [(bytes(50), "unexpected_message"), (b"x" * 16385 + b"\x17", "record_overflow"), (b"\x16", "unexpected_message"), (b"\x15", "decode_error"), (b"x\x14", "unexpected_message"), (b"x\x18", "unexpected_message")])
def test_a_sealed_record_of_a_wrong_content_is_refused(server: Any, inner: bytes, rule: str) -> None:
    server.open()
    protection = server.protection
    assert protection is not None
    head = b"\x17\x03\x03" + (len(inner) + 16).to_bytes(2, "big")
    data = head + server.suite.aes_gcm_seal(protection._key, protection._nonce(), head, inner)
    server.is_refused(lambda: server.client.feed(data), "tls." + rule)


RECORDS = {
    "another type": ("18030300010a", "unexpected_message"), "no type": ("000303000101", "unexpected_message"),
    "SSL 2": ("802e0103010015", "unexpected_message"), "text": (b"HTTP/1.1 400 Bad".hex(), "unexpected_message"),
    "another version": ("160302000101", "protocol_version"), "an empty record": ("1603030000", "decode_error"),
    "too long": ("17030341ff", "record_overflow"), "data in the clear": ("1703030001ff", "unexpected_message"),
    "long change": ("1403030002", "unexpected_message"), "change of two": ("140303000102", "unexpected_message"),
    "alert of one byte": ("150303000102", "decode_error"), "alert of three bytes": ("15030300030228 00", "decode_error"),
}  # fmt: skip


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_of_a_wrong_form_is_refused(server: Any, name: str) -> None:
    data, rule = RECORDS[name]
    server.is_refused(lambda: server.client.feed(bytes.fromhex(data)), "tls." + rule)


def test_an_over_long_record_is_refused_before_it_is_whole(server: Any) -> None:
    server.open()
    server.is_refused(lambda: server.client.feed(b"\x17\x03\x03\x41\x01"), "tls.record_overflow")


def test_a_record_in_the_clear_after_the_hello_is_refused(server: Any) -> None:
    server.begin()
    server.is_refused(lambda: server.client.feed(record.plain(HANDSHAKE, server.make("extensions"))), "tls.unexpected_message")


def test_a_goodbye_in_the_clear_does_not_close_an_open_connection(server: Any) -> None:
    server.open()
    server.is_refused(lambda: server.client.feed(record.plain(ALERT, b"\x01\x00")), "tls.unexpected_message")


def test_data_before_the_end_of_the_handshake_is_refused(server: Any) -> None:
    server.begin()
    server.play("extensions", "certificate", "proof")
    server.is_refused(lambda: server.put(b"data", APPLICATION), "tls.unexpected_message")


@pytest.mark.parametrize("kind", [APPLICATION, ALERT])
def test_nothing_comes_between_the_parts_of_a_message(server: Any, kind: int) -> None:
    server.open()
    server.put(b"\x04\x00", HANDSHAKE)
    server.is_refused(lambda: server.put(b"\x01\x00", kind), "tls.unexpected_message")


def test_a_change_of_cipher_is_passed_over_in_the_handshake_only(server: Any) -> None:
    server.client.feed(record.CHANGE)
    server.begin()
    server.client.feed(record.CHANGE)
    server.play("extensions")
    server.client.feed(record.CHANGE)
    server.play("certificate", "proof", "finished")
    assert server.client.is_open
    server.is_refused(lambda: server.client.feed(record.CHANGE), "tls.unexpected_message")


def test_no_message_crosses_a_change_of_keys(make_server: Any) -> None:
    server = make_server()
    server.is_refused(lambda: server.put(server.hello() + message(8, pack_extensions([]))), "tls.unexpected_message")
    server = make_server()
    server.open()
    server.is_refused(lambda: server.put(message(24, b"\x00") + b"\x04"), "tls.unexpected_message")


def test_tickets_are_ignored(server: Any) -> None:
    server.open()
    server.play("ticket", "ticket")
    server.put(b"data", APPLICATION)
    assert server.client.received() == b"data"
    assert server.hear() == []


def test_the_server_renews_keys_and_may_ask_for_ours(server: Any) -> None:
    server.open()
    assert server.protection is not None
    for request in (0, 1, 1, 0):
        server.put(message(24, bytes((request,))))
        server.protection.update()
        server.put(b"data", APPLICATION)
        assert server.client.received() == b"data"
        assert server.hear() == ([(HANDSHAKE, message(24, b"\x00"))] if request else [])
        if request:
            server.incoming.update()
        server.client.send(b"up")
        assert server.hear() == [(APPLICATION, b"up")]


def test_key_updates_without_end_are_refused(server: Any) -> None:
    server.open()
    assert server.protection is not None
    for _ in range(client.MOST_UPDATES):
        server.put(message(24, b"\x00"))
        server.protection.update()
    server.is_refused(lambda: server.put(message(24, b"\x00")), "tls.illegal_parameter")


def test_a_key_that_has_served_its_time_opens_nothing(server: Any) -> None:
    server.open()
    assert server.client._read is not None
    server.client._read.sequence = record.MOST_RECORDS
    server.is_refused(lambda: server.put(b"data", APPLICATION), "tls.internal_error")


@pytest.mark.parametrize(("number", "fault"), [(40, Failed), (80, Failed), (42, Untrusted), (46, Untrusted), (116, Untrusted), (200, Failed)])
@pytest.mark.parametrize("level", [1, 2])
def test_an_alert_ends_the_connection_whatever_its_level(server: Any, number: int, fault: type[Fault], level: int) -> None:
    server.open()
    server.is_refused(lambda: server.put(bytes((level, number)), ALERT), "tls.received", fault)
    assert server.client.outgoing() == b""


def test_a_goodbye_within_the_handshake_is_a_failure(server: Any) -> None:
    server.is_refused(lambda: server.put(b"\x01\x00", ALERT), "tls.received")


def test_a_cancelled_user_waits_for_the_goodbye(server: Any) -> None:
    server.open()
    server.put(b"\x01\x5a", ALERT)
    assert server.client.is_open
    server.put(b"\x01\x00", ALERT)
    assert server.client.is_closed
    assert server.hear() == [(ALERT, b"\x01\x00")]


def test_an_alert_of_ours_after_the_hello_is_sealed(server: Any) -> None:
    server.begin()
    with pytest.raises(Failed):
        server.put(message(8, pack_extensions([(42, b"")])))
    sent = server.client.outgoing()
    assert sent[:6] == record.CHANGE
    opened = record.Protection(server.suite, bytearray(server.client_secret)).open(sent[6:11], sent[11:])
    assert opened == (ALERT, bytes((2, 110)))


# RFC 8448, section 3: the schedule from the shared secret to the keys.


def test_the_schedule_is_that_of_the_published_trace(suite: Any) -> None:
    schedule = Schedule(suite)
    schedule.advance(bytes.fromhex("8bd4054fb55b9d63fdfbacf9f04b9f0d35e6d63f537563efd46272900f89492d"))
    seen = bytes.fromhex("860c06edc07858ee8e78f0e7428c58edd6b43f2ca3e6e95f02ed063cf0e1cad8")
    secret = schedule.traffic("s hs traffic", seen)
    assert secret.hex() == "b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38"
    assert schedule.traffic("c hs traffic", seen).hex() == "b3eddb126e067f35a780b3abf45e2d8f3b1a950738f52e9600746a0e27a55a21"
    assert expand_label(suite, secret, "key", b"", 16).hex() == "3fce516009c21727d0f2e4e86ee403bc"
    assert expand_label(suite, secret, "iv", b"", 12).hex() == "5d313eb2671276ee13000b30"
    schedule.advance(bytes(32))
    assert schedule._secret.hex() == "18df06843d13a08bf2a449844c5f8a478001bc4d4c627984d5a41da8d0402919"
