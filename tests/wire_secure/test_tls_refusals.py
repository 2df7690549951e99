"""What a TLS server may do wrong, done by a server that does it on purpose."""

from typing import Any

import pytest

from armillary.wire.fault import Failed, Untrusted
from armillary.wire.tls import client, credentials, hello, record
from armillary.wire.tls.codec import message, pack_extensions, vector

HANDSHAKE, APPLICATION, ALERT = 22, 23, 21
TLS13 = (43, b"\x03\x04")



def pairs(*items: tuple[int, bytes]) -> bytes:
    return pack_extensions(list(items))


ORDER = ["extensions", "certificate", "proof", "finished"]
EVERY = ["hello", "extensions", "request", "certificate", "proof", "finished", "ticket", "update", "request hello", "unknown"]
LAWFUL = {0: {"extensions"}, 1: {"request", "certificate"}, 2: {"proof"}, 3: {"finished"}, 4: {"ticket", "update"}}


def test_the_server_of_these_tests_is_good_when_nothing_is_wrong(server: Any) -> None:
    server.open()
    assert server.client.is_open
    server.put(b"data", APPLICATION)
    assert server.client.received() == b"data"
    server.client.send(b"up")
    assert server.hear() == [(APPLICATION, b"up")]


@pytest.mark.parametrize("done", range(5))
@pytest.mark.parametrize("name", EVERY)
def test_each_message_comes_in_its_place_or_not_at_all(server: Any, done: int, name: str) -> None:
    if done == 4:
        server.open()
    else:
        server.begin()
        server.play(*ORDER[:done])
    if name in LAWFUL[done]:
        server.play(name)
        assert not server.client.is_closed
    else:
        server.is_refused(lambda: server.play(name), "tls.unexpected_message")


@pytest.mark.parametrize("name", [name for name in EVERY if name != "hello"])
def test_nothing_but_a_hello_comes_first(server: Any, name: str) -> None:
    server.secret = bytearray(32)
    server.is_refused(lambda: server.play(name), "tls.unexpected_message")


SHARE = (51, b"\x00\x17\x00\x41\x04" + bytes.fromhex("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"))
HELLOS = {
    "TLS 1.2": ({"extensions": pairs(SHARE)}, "protocol_version"),
    "TLS 1.2 without extensions": ({"extensions": b""}, "protocol_version"),
    "TLS 1.4": ({"extensions": pairs((43, b"\x03\x05"), SHARE)}, "protocol_version"),
    "two versions": ({"extensions": pairs((43, b"\x03\x04\x03\x03"), SHARE)}, "protocol_version"),
    "legacy version": ({"version": 0x0304}, "protocol_version"),
    "downgraded to 1.2": ({"extensions": pairs(SHARE), "random": b"r" * 24 + b"DOWNGRD\x01"}, "illegal_parameter"),
    "downgraded to 1.1": ({"extensions": pairs(SHARE), "random": b"r" * 24 + b"DOWNGRD\x00"}, "illegal_parameter"),
    "another session": ({"session": b"s" * 32}, "illegal_parameter"),
    "no session": ({"session": b""}, "illegal_parameter"),
    "AES-256": ({"suite": 0x1302}, "illegal_parameter"),
    "a suite without encryption": ({"suite": 0}, "illegal_parameter"),
    "compression": ({"compression": 1}, "illegal_parameter"),
    "no share": ({"extensions": pairs(TLS13)}, "missing_extension"),
    "pre-shared key": ({"extensions": pairs(TLS13, SHARE, (41, b"\x00\x00"))}, "unsupported_extension"),
    "extension twice": ({"extensions": pairs(TLS13, SHARE, SHARE)}, "illegal_parameter"),
    "another group": ({"extensions": pairs(TLS13, (51, b"\x00\x1d\x00\x20" + b"x" * 32))}, "illegal_parameter"),
    "share of x25519 as P-256": ({"extensions": pairs(TLS13, (51, b"\x00\x17\x00\x20" + b"x" * 32))}, "illegal_parameter"),
    "compressed share": ({"extensions": pairs(TLS13, (51, b"\x00\x17\x00\x21\x02" + b"x" * 32))}, "illegal_parameter"),
    "share off the curve": ({"extensions": pairs(TLS13, (51, b"\x00\x17\x00\x41\x04" + b"x" * 64))}, "illegal_parameter"),
    "share at infinity": ({"extensions": pairs(TLS13, (51, b"\x00\x17\x00\x41\x04" + bytes(64)))}, "illegal_parameter"),
    "empty share": ({"extensions": pairs(TLS13, (51, b"\x00\x17\x00\x00"))}, "decode_error"),
    "share with more": ({"extensions": pairs(TLS13, (51, SHARE[1] + b"x"))}, "decode_error"),
    "bytes after": ({"extensions": pairs(TLS13, SHARE) + b"x"}, "decode_error"),
    "cut short": ({"extensions": b"\x00\x10"}, "decode_error"),
    "retry for P-384": ({"random": hello.RETRY, "extensions": pairs(TLS13, (51, b"\x00\x18"))}, "illegal_parameter"),
    "retry for what was sent": ({"random": hello.RETRY, "extensions": pairs(TLS13, (51, b"\x00\x17"))}, "illegal_parameter"),
    "retry for nothing": ({"random": hello.RETRY, "extensions": pairs(TLS13)}, "illegal_parameter"),
    "retry with an empty cookie": ({"random": hello.RETRY, "extensions": pairs(TLS13, (44, b"\x00\x00"))}, "decode_error"),
    "retry in TLS 1.2": ({"random": hello.RETRY, "extensions": pairs((44, b"\x00\x01c"))}, "protocol_version"),
}  # fmt: skip


@pytest.mark.parametrize("name", HELLOS)
def test_a_hello_with_what_was_not_offered_is_refused(server: Any, name: str) -> None:
    changes, rule = HELLOS[name]
    server.is_refused(lambda: server.put(server.hello(**changes)), "tls." + rule)
    number = {"protocol_version": 70, "illegal_parameter": 47, "missing_extension": 109, "unsupported_extension": 110, "decode_error": 50}[rule]
    assert server.client.outgoing() == bytes((21, 3, 3, 0, 2, 2, number))


def test_a_retry_with_a_cookie_is_met_once(server: Any) -> None:
    first = bytes(server.transcript)
    retry = server.hello(random=hello.RETRY, extensions=pairs(TLS13, (44, vector(2, b"cookie"))))
    server.client.feed(record.plain(HANDSHAKE, retry))
    server.transcript = bytearray(message(254, server.suite.sha256(first)) + retry)
    session, answer = server.session, server.listen()
    server.session = session
    assert answer[:6] == record.CHANGE and b"cookie" in answer
    server.open()
    assert server.client.is_open


def test_a_second_retry_is_refused(server: Any) -> None:
    retry = server.hello(random=hello.RETRY, extensions=pairs(TLS13, (44, vector(2, b"cookie"))))
    server.put(retry)
    server.is_refused(lambda: server.put(retry), "tls.unexpected_message")


BODIES = {
    "early data": (0, message(8, pairs((42, b""))), "unsupported_extension"),
    "a protocol nobody offered": (0, message(8, pairs((16, vector(2, vector(1, b"h2"))))), "unsupported_extension"),
    "a name with content": (0, message(8, pairs((0, b"x"))), "decode_error"),
    "extensions cut short": (0, message(8, b"\x00\x05\x00"), "decode_error"),
    "bytes after the extensions": (0, message(8, pairs() + b"x"), "decode_error"),
    "request with a context": (1, message(13, b"\x01x" + pairs((13, vector(2, b"\x04\x03")))), "illegal_parameter"),
    "request without algorithms": (1, message(13, b"\x00" + pairs()), "missing_extension"),
    "request with no algorithm": (1, message(13, b"\x00" + pairs((13, b"\x00\x00"))), "decode_error"),
    "request with half an algorithm": (1, message(13, b"\x00" + pairs((13, vector(2, b"\x04\x03\x04")))), "decode_error"),
    "no certificate": (1, message(11, b"\x00" + vector(3, b"")), "decode_error"),
    "empty certificate": (1, message(11, b"\x00" + vector(3, b"\x00\x00\x00\x00\x00")), "decode_error"),
    "certificate with a context": (1, message(11, b"\x01x" + vector(3, b"")), "illegal_parameter"),
    "certificate with a staple": (1, message(11, b"\x00" + vector(3, vector(3, b"c") + pairs((5, b"x")))), "unsupported_extension"),
    "proof by RSA": (2, message(15, b"\x08\x04" + vector(2, b"x" * 70)), "illegal_parameter"),
    "proof that is junk": (2, message(15, b"\x04\x03" + vector(2, b"x" * 70)), "decrypt_error"),
    "proof of zeros": (2, message(15, b"\x04\x03" + vector(2, bytes.fromhex("3006020100020100"))), "decrypt_error"),
    "proof cut short": (2, message(15, b"\x04\x03\x00\x46x"), "decode_error"),
    "finished of zeros": (3, message(20, bytes(32)), "decrypt_error"),
    "finished of nothing": (3, message(20, b""), "decrypt_error"),
    "finished of 31 bytes": (3, message(20, bytes(31)), "decrypt_error"),
    "update of two": (4, message(24, b"\x02"), "illegal_parameter"),
    "update of nothing": (4, message(24, b""), "illegal_parameter"),
    "a message of 16 MiB": (4, b"\x04\xff\xff\xff", "illegal_parameter"),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_a_message_of_a_wrong_content_is_refused(server: Any, name: str) -> None:
    done, body, rule = BODIES[name]
    if done == 4:
        server.open()
    else:
        server.begin()
        server.play(*ORDER[:done])
    server.is_refused(lambda: server.put(body), "tls." + rule)


@pytest.mark.parametrize("names", [b"\x02h3", b"\x08http/1.1\x02h2", b"\x00", b""])
def test_a_protocol_chosen_wrongly_is_refused(make_server: Any, names: bytes) -> None:
    server = make_server(alpn=("http/1.1",))
    server.begin()
    with pytest.raises(Failed):
        server.put(message(8, pairs((16, vector(2, names)))))


def test_a_request_we_cannot_meet_gets_no_certificate(make_server: Any) -> None:
    def sign(digest: bytes) -> bytes:
        raise AssertionError("nothing to sign")

    server = make_server(chain_der=[b"certificate"], sign=sign)
    server.begin()
    server.play("extensions")
    server.put(message(13, b"\x00" + pairs((13, vector(2, b"\x08\x04")))))
    server.play("certificate", "proof", "finished")
    assert server.client.is_open


# Attacks on who the server is: each works where the defence is taken out, and is refused with it.


def test_a_server_without_the_key_of_its_certificate_is_refused(maker: Any, make_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server = make_server(proof_key=maker.key(22))
    server.is_refused(server.open, "tls.decrypt_error")
    monkeypatch.setattr(credentials, "check_proof", lambda *arguments: None)
    server = make_server(proof_key=maker.key(22))
    server.open()
    assert server.client.is_open


def test_a_server_that_certified_itself_is_refused(maker: Any, make_server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key = maker.key(23)
    own = maker.issue("leaf", key, "leaf", key)
    server = make_server(proof_key=key, leaf=own)
    server.is_refused(server.open, "x509.root", Untrusted)
    monkeypatch.setattr(client.x509, "verify_chain", lambda *arguments: maker.point(key))
    server = make_server(proof_key=key, leaf=own)
    server.open()
    assert server.client.is_open


def test_a_proof_from_another_handshake_is_refused(make_server: Any) -> None:
    other = make_server()
    other.begin()
    other.play("extensions", "certificate")
    proof = other.make("proof")
    server = make_server()
    server.begin()
    server.play("extensions", "certificate")
    server.is_refused(lambda: server.put(proof), "tls.decrypt_error")


def test_a_handshake_that_was_tampered_with_does_not_finish(make_server: Any) -> None:
    server = make_server()
    server.begin()
    server.play("extensions", "certificate", "proof")
    server.transcript[80] ^= 1  # the server saw another hello than the client sent
    server.is_refused(lambda: server.play("finished"), "tls.decrypt_error")
