"""What a TLS server may do wrong, done by a server that does it on purpose."""

import os
from typing import Any

import pytest

from armillary.wire.fault import Failed, Fault, Untrusted
from armillary.wire.tls import Client, client, credentials, hello, record
from armillary.wire.tls.codec import message, vector
from armillary.wire.tls.schedule import Schedule, expand_label, finished_value

HANDSHAKE, APPLICATION, ALERT = 22, 23, 21
TLS13 = (43, b"\x03\x04")


def u16(number: int) -> bytes:
    return number.to_bytes(2, "big")


def pairs(*items: tuple[int, bytes]) -> bytes:
    return vector(2, b"".join([u16(kind) + vector(2, body) for kind, body in items]))


class Server:
    """The server's end, message by message, each of which can be given another content."""

    def __init__(self, maker: Any, suite: Any, proof_key: Any = None, leaf: Any = None, **more: Any) -> None:
        self.maker, self.suite = maker, suite
        root_key, leaf_key = maker.key(20), maker.key(21)
        self.root = maker.authority("Root", root_key, "Root", root_key)
        self.leaf = leaf or maker.issue("leaf", leaf_key, "Root", root_key)
        self.proof_key = proof_key or leaf_key
        self.private = (77).to_bytes(32, "big")
        self.client = Client(suite, os.urandom, "server.example", [maker.der(self.root)], maker.now_ms, **more)
        self.client.start()
        self.protection: record.Protection | None = None
        self.transcript = bytearray()
        self.listen()

    def listen(self) -> bytes:
        """Take the client's hello."""
        data = self.client.outgoing()
        self.transcript.extend(data[data.index(b"\x01\x00", 5) :] if data[0] == HANDSHAKE else data[6 + 5 :])
        self.session = bytes(self.transcript[39:71]) if len(self.transcript) > 71 else b""
        self.share = data[data.rindex(b"\x00\x17\x00\x41\x04") + 5 :][:64]
        return data

    def hello(self, extensions: bytes | None = None, random: bytes = b"r" * 32, session: bytes | None = None, version: int = 0x0303, suite: int = 0x1301, compression: int = 0) -> bytes:
        share = (51, b"\x00\x17" + vector(2, b"\x04" + self.suite.p256_public(self.private)))
        known = pairs(TLS13, share) if extensions is None else extensions
        echo = vector(1, self.session if session is None else session)
        return message(2, u16(version) + random + echo + u16(suite) + bytes((compression,)) + known)

    def put(self, data: bytes, kind: int = HANDSHAKE) -> None:
        """One record, sealed once there are keys."""
        if kind == HANDSHAKE:
            self.transcript.extend(data)
        self.client.feed(self.sealed(data, kind))

    def sealed(self, data: bytes, kind: int = HANDSHAKE) -> bytes:
        return record.plain(kind, data) if self.protection is None else self.protection.seal(kind, data)

    def hash(self) -> bytes:
        return self.suite.sha256(bytes(self.transcript))

    def begin(self) -> None:
        """A good hello, and the keys that follow from it."""
        self.put(self.hello())
        self.schedule = Schedule(self.suite)
        self.schedule.advance(self.suite.p256_ecdh(self.private, self.share))
        self.secret = self.schedule.traffic("s hs traffic", self.hash())
        self.client_secret = self.schedule.traffic("c hs traffic", self.hash())
        self.protection = record.Protection(self.suite, bytearray(self.secret))

    def make(self, name: str) -> bytes:
        """A good message for this moment."""
        if name == "extensions":
            return message(8, pairs())
        if name == "request":
            return message(13, b"\x00" + pairs((13, vector(2, b"\x04\x03"))))
        if name == "certificate":
            return message(11, b"\x00" + vector(3, vector(3, self.maker.der(self.leaf)) + vector(2, b"")))
        if name == "proof":
            digest = self.suite.sha256(b" " * 64 + b"TLS 1.3, server CertificateVerify\x00" + self.hash())
            der = credentials.raw_to_der(self.maker.signer(self.proof_key)(digest))
            return message(15, b"\x04\x03" + vector(2, der))
        if name == "finished":
            return message(20, finished_value(self.suite, self.secret, self.hash()))
        return {"ticket": message(4, b"t" * 20), "update": message(24, b"\x00"), "hello": self.hello(), "request hello": message(0, b""), "unknown": message(99, b"")}[name]

    def play(self, *names: str) -> None:
        for name in names:
            self.put(self.make(name))

    def open(self) -> None:
        """The whole handshake; then the keys for data."""
        self.begin()
        self.play("extensions", "certificate", "proof", "finished")
        self.schedule.advance(bytes(32))
        self.protection = record.Protection(self.suite, self.schedule.traffic("s ap traffic", self.hash()))
        self.incoming = record.Protection(self.suite, self.schedule.traffic("c ap traffic", self.hash()))
        self.client.outgoing()

    def hear(self) -> list[tuple[int, bytes]]:
        """The records the client sent since, opened."""
        data, found = self.client.outgoing(), []
        while data:
            end = 5 + int.from_bytes(data[3:5], "big")
            found.append(self.incoming.open(data[:5], data[5:end]))
            data = data[end:]
        return found


ORDER = ["extensions", "certificate", "proof", "finished"]
EVERY = ["hello", "extensions", "request", "certificate", "proof", "finished", "ticket", "update", "request hello", "unknown"]
LAWFUL = {0: {"extensions"}, 1: {"request", "certificate"}, 2: {"proof"}, 3: {"finished"}, 4: {"ticket", "update"}}


@pytest.fixture
def server(maker: Any, suite: Any) -> Server:
    return Server(maker, suite)


def refused(server: Server, act: Any, rule: str, fault: type[Fault] = Failed) -> None:
    with pytest.raises(fault) as caught:
        act()
    assert caught.value.rule == rule
    assert server.client.is_closed and not server.client.is_open
    assert server.client.received() == b""


def test_the_server_of_these_tests_is_good_when_nothing_is_wrong(server: Server) -> None:
    server.open()
    assert server.client.is_open
    server.put(b"data", APPLICATION)
    assert server.client.received() == b"data"
    server.client.send(b"up")
    assert server.hear() == [(APPLICATION, b"up")]


@pytest.mark.parametrize("done", range(5))
@pytest.mark.parametrize("name", EVERY)
def test_each_message_comes_in_its_place_or_not_at_all(server: Server, done: int, name: str) -> None:
    if done == 4:
        server.open()
    else:
        server.begin()
        server.play(*ORDER[:done])
    if name in LAWFUL[done]:
        server.play(name)
        assert not server.client.is_closed
    else:
        refused(server, lambda: server.play(name), "tls.unexpected_message")


@pytest.mark.parametrize("name", [name for name in EVERY if name != "hello"])
def test_nothing_but_a_hello_comes_first(server: Server, name: str) -> None:
    server.secret = bytearray(32)
    refused(server, lambda: server.play(name), "tls.unexpected_message")


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
def test_a_hello_with_what_was_not_offered_is_refused(server: Server, name: str) -> None:
    changes, rule = HELLOS[name]
    refused(server, lambda: server.put(server.hello(**changes)), "tls." + rule)
    number = {"protocol_version": 70, "illegal_parameter": 47, "missing_extension": 109, "unsupported_extension": 110, "decode_error": 50}[rule]
    assert server.client.outgoing() == bytes((21, 3, 3, 0, 2, 2, number))


def test_a_retry_with_a_cookie_is_met_once(server: Server) -> None:
    first = bytes(server.transcript)
    retry = server.hello(random=hello.RETRY, extensions=pairs(TLS13, (44, vector(2, b"cookie"))))
    server.client.feed(record.plain(HANDSHAKE, retry))
    server.transcript = bytearray(message(254, server.suite.sha256(first)) + retry)
    session, answer = server.session, server.listen()
    server.session = session
    assert answer[:6] == record.CHANGE and b"cookie" in answer
    server.open()
    assert server.client.is_open


def test_a_second_retry_is_refused(server: Server) -> None:
    retry = server.hello(random=hello.RETRY, extensions=pairs(TLS13, (44, vector(2, b"cookie"))))
    server.put(retry)
    refused(server, lambda: server.put(retry), "tls.unexpected_message")


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
def test_a_message_of_a_wrong_content_is_refused(server: Server, name: str) -> None:
    done, body, rule = BODIES[name]
    if done == 4:
        server.open()
    else:
        server.begin()
        server.play(*ORDER[:done])
    refused(server, lambda: server.put(body), "tls." + rule)


@pytest.mark.parametrize("names", [b"\x02h3", b"\x08http/1.1\x02h2", b"\x00", b""])
def test_a_protocol_chosen_wrongly_is_refused(maker: Any, suite: Any, names: bytes) -> None:
    server = Server(maker, suite, alpn=("http/1.1",))
    server.begin()
    with pytest.raises(Failed):
        server.put(message(8, pairs((16, vector(2, names)))))


def test_a_request_we_cannot_meet_gets_no_certificate(maker: Any, suite: Any) -> None:
    def sign(digest: bytes) -> bytes:
        raise AssertionError("nothing to sign")

    server = Server(maker, suite, chain_der=[b"certificate"], sign=sign)
    server.begin()
    server.play("extensions")
    server.put(message(13, b"\x00" + pairs((13, vector(2, b"\x08\x04")))))
    server.play("certificate", "proof", "finished")
    assert server.client.is_open


# Attacks on who the server is: each works where the defence is taken out, and is refused with it.


def test_a_server_without_the_key_of_its_certificate_is_refused(maker: Any, suite: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(maker, suite, proof_key=maker.key(22))
    refused(server, server.open, "tls.decrypt_error")
    monkeypatch.setattr(credentials, "check_proof", lambda *arguments: None)
    server = Server(maker, suite, proof_key=maker.key(22))
    server.open()
    assert server.client.is_open


def test_a_server_that_certified_itself_is_refused(maker: Any, suite: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key = maker.key(23)
    own = maker.issue("leaf", key, "leaf", key)
    server = Server(maker, suite, proof_key=key, leaf=own)
    refused(server, server.open, "x509.root", Untrusted)
    monkeypatch.setattr(client.x509, "verify_chain", lambda *arguments: maker.point(key))
    server = Server(maker, suite, proof_key=key, leaf=own)
    server.open()
    assert server.client.is_open


def test_a_proof_from_another_handshake_is_refused(maker: Any, suite: Any) -> None:
    other = Server(maker, suite)
    other.begin()
    other.play("extensions", "certificate")
    proof = other.make("proof")
    server = Server(maker, suite)
    server.begin()
    server.play("extensions", "certificate")
    refused(server, lambda: server.put(proof), "tls.decrypt_error")


def test_a_handshake_that_was_tampered_with_does_not_finish(maker: Any, suite: Any) -> None:
    server = Server(maker, suite)
    server.begin()
    server.play("extensions", "certificate", "proof")
    server.transcript[80] ^= 1  # the server saw another hello than the client sent
    refused(server, lambda: server.play("finished"), "tls.decrypt_error")


# Records


def test_a_message_may_be_cut_into_records_and_share_one(server: Server) -> None:
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


def test_padding_is_taken_off(server: Server) -> None:
    server.open()
    protection = server.protection
    assert protection is not None
    inner = b"data" + bytes((APPLICATION,)) + bytes(100)
    head = b"\x17\x03\x03" + u16(len(inner) + 16)
    server.client.feed(head + server.suite.aes_gcm_seal(protection._key, protection._nonce(), head, inner))
    assert server.client.received() == b"data"


@pytest.mark.parametrize(("inner", "rule"), [(bytes(50), "unexpected_message"), (b"x" * 16385 + b"\x17", "record_overflow"), (b"\x16", "unexpected_message"), (b"\x15", "decode_error"), (b"x\x14", "unexpected_message"), (b"x\x18", "unexpected_message")])
def test_a_sealed_record_of_a_wrong_content_is_refused(server: Server, inner: bytes, rule: str) -> None:
    server.open()
    protection = server.protection
    assert protection is not None
    head = b"\x17\x03\x03" + u16(len(inner) + 16)
    data = head + server.suite.aes_gcm_seal(protection._key, protection._nonce(), head, inner)
    refused(server, lambda: server.client.feed(data), "tls." + rule)


RECORDS = {
    "another type": ("18030300010a", "unexpected_message"), "no type": ("000303000101", "unexpected_message"),
    "SSL 2": ("802e0103010015", "unexpected_message"), "text": (b"HTTP/1.1 400 Bad".hex(), "unexpected_message"),
    "another version": ("160302000101", "protocol_version"), "an empty record": ("1603030000", "decode_error"),
    "too long": ("17030341ff", "record_overflow"), "data in the clear": ("1703030001ff", "unexpected_message"),
    "long change": ("1403030002", "unexpected_message"), "change of two": ("140303000102", "unexpected_message"),
    "alert of one byte": ("150303000102", "decode_error"), "alert of three bytes": ("15030300030228 00", "decode_error"),
}  # fmt: skip


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_of_a_wrong_form_is_refused(server: Server, name: str) -> None:
    data, rule = RECORDS[name]
    refused(server, lambda: server.client.feed(bytes.fromhex(data)), "tls." + rule)


def test_an_over_long_record_is_refused_before_it_is_whole(server: Server) -> None:
    server.open()
    refused(server, lambda: server.client.feed(b"\x17\x03\x03\x41\x01"), "tls.record_overflow")


def test_a_record_in_the_clear_after_the_hello_is_refused(server: Server) -> None:
    server.begin()
    refused(server, lambda: server.client.feed(record.plain(HANDSHAKE, server.make("extensions"))), "tls.unexpected_message")


def test_a_goodbye_in_the_clear_does_not_close_an_open_connection(server: Server) -> None:
    server.open()
    refused(server, lambda: server.client.feed(record.plain(ALERT, b"\x01\x00")), "tls.unexpected_message")


def test_data_before_the_end_of_the_handshake_is_refused(server: Server) -> None:
    server.begin()
    server.play("extensions", "certificate", "proof")
    refused(server, lambda: server.put(b"data", APPLICATION), "tls.unexpected_message")


@pytest.mark.parametrize("kind", [APPLICATION, ALERT])
def test_nothing_comes_between_the_parts_of_a_message(server: Server, kind: int) -> None:
    server.open()
    server.put(b"\x04\x00", HANDSHAKE)
    refused(server, lambda: server.put(b"\x01\x00", kind), "tls.unexpected_message")


def test_a_change_of_cipher_is_passed_over_in_the_handshake_only(server: Server) -> None:
    server.client.feed(record.CHANGE)
    server.begin()
    server.client.feed(record.CHANGE)
    server.play("extensions")
    server.client.feed(record.CHANGE)
    server.play("certificate", "proof", "finished")
    assert server.client.is_open
    refused(server, lambda: server.client.feed(record.CHANGE), "tls.unexpected_message")


def test_no_message_crosses_a_change_of_keys(maker: Any, suite: Any) -> None:
    server = Server(maker, suite)
    refused(server, lambda: server.put(server.hello() + message(8, pairs())), "tls.unexpected_message")
    server = Server(maker, suite)
    server.open()
    refused(server, lambda: server.put(message(24, b"\x00") + b"\x04"), "tls.unexpected_message")


# After the handshake


def test_tickets_are_ignored(server: Server) -> None:
    server.open()
    server.play("ticket", "ticket")
    server.put(b"data", APPLICATION)
    assert server.client.received() == b"data"
    assert server.hear() == []


def test_the_server_renews_keys_and_may_ask_for_ours(server: Server) -> None:
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


def test_key_updates_without_end_are_refused(server: Server) -> None:
    server.open()
    assert server.protection is not None
    for _ in range(client.MOST_UPDATES):
        server.put(message(24, b"\x00"))
        server.protection.update()
    refused(server, lambda: server.put(message(24, b"\x00")), "tls.illegal_parameter")


def test_a_key_that_has_served_its_time_opens_nothing(server: Server) -> None:
    server.open()
    assert server.client._read is not None
    server.client._read.sequence = record.MOST_RECORDS
    refused(server, lambda: server.put(b"data", APPLICATION), "tls.internal_error")


@pytest.mark.parametrize(("number", "fault"), [(40, Failed), (80, Failed), (42, Untrusted), (46, Untrusted), (116, Untrusted), (200, Failed)])
@pytest.mark.parametrize("level", [1, 2])
def test_an_alert_ends_the_connection_whatever_its_level(server: Server, number: int, fault: type[Fault], level: int) -> None:
    server.open()
    refused(server, lambda: server.put(bytes((level, number)), ALERT), "tls.received", fault)
    assert server.client.outgoing() == b""


def test_a_goodbye_within_the_handshake_is_a_failure(server: Server) -> None:
    refused(server, lambda: server.put(b"\x01\x00", ALERT), "tls.received")


def test_a_cancelled_user_waits_for_the_goodbye(server: Server) -> None:
    server.open()
    server.put(b"\x01\x5a", ALERT)
    assert server.client.is_open
    server.put(b"\x01\x00", ALERT)
    assert server.client.is_closed
    assert server.hear() == [(ALERT, b"\x01\x00")]


def test_an_alert_of_ours_after_the_hello_is_sealed(server: Server) -> None:
    server.begin()
    with pytest.raises(Failed):
        server.put(message(8, pairs((42, b""))))
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
