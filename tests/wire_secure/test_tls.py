"""TLS 1.3 against OpenSSL, which is the other end of every connection here."""

import datetime
import os
import ssl
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.native.plain import suite as plain_suite
from armillary.wire.fault import Closed, Expired, Failed, Fault, Invalid, OutOfOrder, Unhealthy, Untrusted
from armillary.wire.tls import Client

HOST = "server.example"
DAY = datetime.timedelta(1)


@pytest.fixture
def pipe(site: Any) -> Any:
    pipe = site.pipe(site.known_client(), site.context(asks=True))
    pipe.run()
    return pipe


def test_a_connection_opens_and_carries_data_both_ways(site: Any) -> None:
    pipe = site.pipe(site.client(), site.context())
    pipe.run()
    assert pipe.is_done and pipe.client.is_open and not pipe.client.is_closed
    assert pipe.server.version() == "TLSv1.3"
    assert pipe.server.cipher()[0] == "TLS_AES_128_GCM_SHA256"
    assert pipe.client.peer_chain == (site.maker.der(site.leaf),)
    pipe.client.send(b"up")
    assert pipe.read() == b"up"
    pipe.server.write(b"down")
    pipe.run()
    assert pipe.client.received() == b"down"
    assert pipe.client.received() == b""


def test_a_server_that_asks_sees_the_devices_certificate(pipe: Any, site: Any) -> None:
    assert pipe.is_done and pipe.client.is_open
    assert pipe.server.getpeercert(binary_form=True) == site.maker.der(site.device)


def test_plain_python_crypto_does_as_well(site: Any) -> None:
    pipe = site.pipe(site.known_client(suite=plain_suite), site.context(asks=True))
    pipe.run()
    assert pipe.client.is_open
    pipe.client.send(b"up")
    assert pipe.read() == b"up"


def test_a_server_that_must_know_the_device_refuses_a_nameless_one(site: Any) -> None:
    pipe = site.pipe(site.client(), site.context(asks=True))
    with pytest.raises(Untrusted, match="certificate_required") as caught:
        pipe.run()
    assert caught.value.rule == "tls.received" and caught.value.remedy
    assert pipe.client.is_closed


def test_a_proof_by_another_key_is_refused_by_the_server(site: Any) -> None:
    client = site.client(chain_der=[site.maker.der(site.device)], sign=site.maker.signer(site.leaf_key))
    pipe = site.pipe(client, site.context(asks=True))
    with pytest.raises(Failed, match="decrypt_error"):
        pipe.run()


def test_byte_by_byte_is_the_same(site: Any) -> None:
    pipe = site.pipe(site.known_client(), site.context(asks=True))
    pipe.run(step=1)
    assert pipe.client.is_open and pipe.is_done


@pytest.mark.parametrize("size", [1, 16383, 16384, 16385, 300_000])
def test_large_transfers_arrive_whole(pipe: Any, size: int) -> None:
    data = os.urandom(size)
    pipe.client.send(data)
    assert pipe.read() == data
    pipe.server.write(data)
    pipe.run(step=1000)
    assert pipe.client.received() == data


def test_sending_nothing_sends_nothing(pipe: Any) -> None:
    pipe.client.send(b"")
    assert pipe.client.outgoing() == b""


@pytest.mark.parametrize(("offered", "known", "chosen"), [(("http/1.1",), ["http/1.1"], "http/1.1"), (("h2", "http/1.1"), ["http/1.1"], "http/1.1"), ((), ["http/1.1"], ""), (("http/1.1",), [], "")])
def test_the_application_protocol_is_agreed(site: Any, offered: Any, known: list[str], chosen: str) -> None:
    context = site.context()
    if known:
        context.set_alpn_protocols(known)
    pipe = site.pipe(site.client(alpn=offered), context)
    pipe.run()
    assert pipe.client.is_open
    assert pipe.client.protocol == chosen == (pipe.server.selected_alpn_protocol() or "")


def test_the_server_is_told_which_name_is_meant(site: Any) -> None:
    seen, context = [], site.context()
    context.sni_callback = lambda _socket, name, _context: seen.append(name)
    site.pipe(site.client(), context).run()
    assert seen == [HOST]


def test_an_address_is_certified_but_not_sent_as_a_name(site: Any) -> None:
    leaf, seen = site.issue("leaf", site.leaf_key, alternatives=("192.0.2.7",)), []
    context = site.context(leaf)
    context.sni_callback = lambda _socket, name, _context: seen.append(name)
    pipe = site.pipe(site.client(host="192.0.2.7"), context)
    pipe.run()
    assert pipe.client.is_open
    assert seen == [None]


REFUSED = {
    "another root": ({"root": True}, {}, Untrusted, "x509.root", "UNKNOWN_CA"),
    "another host": ({"host": "other.example"}, {}, Untrusted, "x509.host", "BAD_CERTIFICATE"),
    "expired": ({}, {"end": -DAY}, Expired, "x509.validity", "CERTIFICATE_EXPIRED"),
    "not yet valid": ({}, {"start": DAY}, Untrusted, "x509.validity", "CERTIFICATE_EXPIRED"),
    "a client's certificate": ({}, {"purposes": (ExtendedKeyUsageOID.CLIENT_AUTH,)}, Untrusted, "x509.purpose", "UNSUPPORTED_CERTIFICATE"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_server_with_a_wrong_certificate_is_refused_and_told_why(site: Any, name: str) -> None:
    ours, theirs, fault, rule, told = REFUSED[name]
    if "root" in ours:
        other = site.maker.key(13)
        ours = {"root": site.maker.authority("Root", other, "Root", other)}
    pipe = site.pipe(site.client(**ours), site.context(site.issue("leaf", site.leaf_key, **theirs)))
    with pytest.raises(fault) as caught:
        pipe.run()
    assert caught.value.rule == rule
    assert pipe.client.is_closed and not pipe.client.is_open and pipe.client.peer_chain == ()
    pipe.shake()
    assert pipe.error is not None and told in pipe.error.reason


def test_a_self_signed_server_is_refused(site: Any) -> None:
    own = site.maker.issue("leaf", site.leaf_key, "leaf", site.leaf_key)
    with pytest.raises(Untrusted):
        site.pipe(site.client(), site.context(own)).run()


def test_a_server_of_an_older_tls_is_refused(site: Any) -> None:
    context = site.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(Failed, match="protocol_version"):
        site.pipe(site.client(), context).run()


def test_a_server_with_another_group_only_is_refused(site: Any) -> None:
    context = site.context()
    context.set_ecdh_curve("secp384r1")
    with pytest.raises(Failed):
        site.pipe(site.client(), context).run()


def test_goodbye_from_the_server_closes_after_the_data(pipe: Any) -> None:
    pipe.server.write(b"last")
    with pytest.raises(ssl.SSLWantReadError):
        pipe.server.unwrap()
    pipe.client.feed(pipe.down.read())
    assert pipe.client.is_closed and pipe.client.received() == b"last"
    pipe.up.write(pipe.client.outgoing())
    pipe.server.unwrap()
    pipe.client.end()
    pipe.client.feed(b"whatever follows is not looked at")
    with pytest.raises(Closed):
        pipe.client.send(b"x")


def test_goodbye_from_the_client_reaches_the_server(pipe: Any) -> None:
    pipe.client.close()
    pipe.client.close()
    assert pipe.read() == b""
    assert pipe.client.is_closed


def test_a_line_that_was_cut_is_not_a_goodbye(pipe: Any) -> None:
    with pytest.raises(Failed, match="cut off"):
        pipe.client.end()
    pipe.client.end()


def test_keys_are_renewed_from_our_side(pipe: Any) -> None:
    for number in range(40):
        pipe.client.update_keys()
        pipe.client.send(bytes((number,)))
        assert pipe.read() == bytes((number,))
        pipe.server.write(b"down")
        pipe.run()
        assert pipe.client.received() == b"down"


def test_a_key_is_renewed_before_it_has_served_its_time(pipe: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("armillary.wire.tls.record.UPDATE_AT", 3)
    for _ in range(10):
        pipe.client.send(b"x")
    assert pipe.read() == b"x" * 10
    assert pipe.client._write is not None and pipe.client._write.sequence <= 3


def test_a_connection_begins_once(pipe: Any) -> None:
    with pytest.raises(OutOfOrder):
        pipe.client.start()


@pytest.mark.parametrize("use", [lambda c: c.send(b"x"), lambda c: c.update_keys(), lambda c: c.feed(b"x")])
def test_nothing_flows_before_the_beginning(site: Any, use: Any) -> None:
    with pytest.raises(Closed):
        use(site.client())


def test_no_data_leaves_before_the_server_is_known(site: Any) -> None:
    client = site.client()
    client.start()
    with pytest.raises(Closed):
        client.send(b"secret")
    assert b"secret" not in client.outgoing()


def test_a_broken_random_source_ends_it(site: Any) -> None:
    with pytest.raises(Unhealthy):
        site.client(random=bytes).start()


@pytest.mark.parametrize("host", ["", "a b", "*.example"])
def test_a_host_that_is_none_is_refused_at_once(site: Any, host: str) -> None:
    with pytest.raises(Invalid):
        site.client(host=host)


def test_secrets_are_cleared_when_they_have_served(site: Any) -> None:
    client = site.known_client()
    pipe = site.pipe(client, site.context(asks=True))
    client.start()
    private = client._private
    assert any(private)
    pipe.shake()
    client.feed(pipe.down.read())
    assert not any(private) and not any(client._client_secret) and not any(client._server_secret)
    kept = [client._read, client._write]
    assert all([any(item._key) and any(item._secret) for item in kept if item])
    client.close()
    assert not any([any(item._key) or any(item._secret) or any(item._vector) for item in kept if item])


@settings(max_examples=60)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=12), st.binary(max_size=2000))
def test_any_cutting_of_the_bytes_is_the_same(site: Any, cuts: list[int], data: bytes) -> None:
    pipe = site.pipe(site.client(), site.context())
    pipe.run(step=cuts[0])
    pipe.server.write(data or b"x")
    flow, at = pipe.down.read(), 0
    while at < len(flow):
        step = cuts[at % len(cuts)]
        pipe.client.feed(flow[at : at + step])
        at += step
    assert pipe.client.received() == (data or b"x")


def _flight(site: Any, seed: int = 1) -> tuple[Client, bytes]:
    """A client that has begun, and the server's whole answer to it."""
    client = site.client()
    pipe = site.pipe(client, site.context())
    client.start()
    pipe.shake()
    return client, pipe.down.read()


def test_every_flipped_bit_of_the_servers_flight_is_refused(site: Any) -> None:
    _, flight = _flight(site)
    accepted = []
    for at in range(len(flight)):
        client, answer = _flight(site)
        changed = bytearray(answer[: len(flight)])
        changed[at % len(changed)] ^= 1 << at % 8
        try:
            client.feed(changed)
        except (Failed, Untrusted, Expired):
            assert client.is_closed
        if client.is_open:
            accepted.append(at)
        assert client.received() == b""
    assert accepted == []


def test_the_flight_without_a_flip_is_accepted(site: Any) -> None:
    client, flight = _flight(site)
    client.feed(flight)
    assert client.is_open


@settings(max_examples=200)
@given(st.binary(min_size=1, max_size=300), st.booleans())
def test_junk_from_a_server_gives_no_other_exception(site: Any, junk: bytes, framed: bool) -> None:
    client = site.client()
    client.start()
    client.outgoing()
    data = b"\x16\x03\x03" + len(junk).to_bytes(2, "big") + junk if framed else junk
    try:
        client.feed(data)
    except (Failed, Untrusted, Expired):
        assert client.is_closed
        assert client.outgoing()[:3] in (b"\x15\x03\x03", b"")
        with pytest.raises(Closed):
            client.feed(b"more")
    assert not client.is_open


def test_a_record_replayed_or_out_of_order_is_refused(pipe: Any) -> None:
    pipe.server.write(b"one")
    first = pipe.down.read()
    pipe.server.write(b"two")
    second = pipe.down.read()
    pipe.client.feed(first)
    with pytest.raises(Failed, match="out of order") as caught:
        pipe.client.feed(first)
    assert caught.value.rule == "tls.bad_record_mac"
    with pytest.raises(Closed):
        pipe.client.feed(second)
    # What came before the fault is gone too: whoever could change a record is on the line.
    assert pipe.client.received() == b""


def test_an_error_of_the_signer_ends_the_connection(site: Any) -> None:
    def sign(digest: bytes) -> bytes:
        raise Fault("no key")

    client = site.client(chain_der=[site.maker.der(site.device)], sign=sign)
    with pytest.raises(Fault, match="no key"):
        site.pipe(client, site.context(asks=True)).run()
    assert client.is_closed
