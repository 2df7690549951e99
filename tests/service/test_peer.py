"""The peer in process: a linked device's own TLS client, and OpenSSL's, talk to the service."""

import base64
import json
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary import native
from armillary.service import certificates
from armillary.service.peer import TlsPeer
from armillary.service.tls import client_context, server_context
from armillary.wire import http as device_http
from armillary.wire import tls as device_tls

HOST = "service.armillary.test"


@pytest.fixture
def peer(lab):
    context = server_context(lab.service.keys, owns_clock=False)
    return lambda: TlsPeer(lab.door, context)


class DeviceClient:
    """The device's own channel (`wire.tls`, `wire.http`) to a peer."""

    def __init__(self, lab, peer, kit, chain="", key=None):
        root = lab.service.keys.root.public_bytes(Encoding.DER)
        ders = (
            [part.public_bytes(Encoding.DER) for part in x509.load_pem_x509_certificates(chain.encode())]
            if chain
            else ()
        )
        sign = (lambda digest: kit.raw_sign(key, digest)) if key else None
        self.peer = peer
        self.tls = device_tls.Client(
            native, lab.service.random, HOST, [root], lab.clock() * 1000, ders, sign, ["http/1.1"]
        )
        self.tls.start()
        self.pump()

    def pump(self, step=None):
        """Carry bytes both ways until neither side has any."""
        while out := self.tls.outgoing():
            for at in range(0, len(out), step or len(out)):
                self.peer.feed(out[at : at + (step or len(out))])
                back = self.peer.take()
                for to in range(0, len(back), step or len(back) or 1):
                    self.tls.feed(back[to : to + (step or len(back))])

    def ask(self, method, path, body=None, headers=(), step=None):
        data = b"" if body is None else json.dumps(body).encode()
        fields = {"Content-Type": "application/json", **dict(headers)} if body is not None else dict(headers)
        self.tls.send(device_http.request(method, path, HOST, fields, data, keep_open=True))
        self.pump(step)
        parser = device_http.ResponseParser(method)
        parser.feed(self.tls.received())
        assert parser.is_complete
        return parser


def test_a_linked_device_attests_and_uses_its_certificate(lab, peer, device, kit):
    client = DeviceClient(lab, peer(), kit)
    nonce = json.loads(client.ask("POST", "/v1/device/nonce", {"device": device.id}).body)["nonce"]
    evidence = base64.b64encode(device.evidence(bytes.fromhex(nonce))).decode()
    answer = client.ask("POST", "/v1/device/attest", {"evidence": evidence})
    assert answer.status == 200
    chain = json.loads(answer.body)["certificate"]
    assert client.ask("GET", "/v1/device/update").status == 403
    client = DeviceClient(lab, peer(), kit, chain, device.client_key)
    assert json.loads(client.ask("GET", "/v1/device/update").body) == {"images": []}
    body = {"reports": [{"kind": "boot", "time": 1, "component": "", "detail": {}}]}
    assert json.loads(client.ask("POST", "/v1/device/reports", body).body) == {"accepted": 1}


def test_the_services_clock_judges_certificates_not_the_hosts(lab, peer, device, kit):
    chain = lab.attest(device).answer["certificate"]
    client = DeviceClient(lab, peer(), kit, chain, device.client_key)
    assert client.ask("GET", "/v1/device/update").status == 200
    lab.clock.seconds += 86_401
    answer = client.ask("GET", "/v1/device/update")
    assert (answer.status, json.loads(answer.body)["error"]) == (403, "certificate-expired")


def test_it_makes_no_difference_how_the_bytes_are_cut(lab, peer, kit):
    client = DeviceClient(lab, peer(), kit)
    for step in (1, 7):
        assert json.loads(client.ask("GET", "/v1/health", step=step).body)["status"] == "well"


def test_large_answers_come_whole(lab, peer, device, kit):
    key = kit.new_key()
    lab.ok(
        "POST",
        "/v1/keys",
        {"public": kit.raw_public(key).hex(), "thumbprint": "07" * 20, "catalog": lab.catalog},
    )
    package = kit.package(key, size=300_000)
    image = lab.ok("POST", "/v1/images?catalog=" + lab.catalog, package)["image"]
    lab.ok("POST", "/v1/deployments", {"group": lab.group, "images": [image]})
    client = DeviceClient(lab, peer(), kit, lab.attest(device).answer["certificate"], device.client_key)
    path = "/v1/device/blob/" + image
    assert client.ask("GET", path).body == package
    parts = [
        client.ask("GET", path, headers={"Range": "bytes={}-{}".format(at, at + 3999)}) for at in (0, 4000)
    ]
    assert [part.status for part in parts] == [206, 206]
    assert b"".join(part.body for part in parts) == package[:8000]


class OpensslClient:
    """Python's own TLS, as another client."""

    def __init__(self, peer, context):
        self.peer = peer
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=HOST)
        self.drive(self.tls.do_handshake)

    def drive(self, action):
        while True:
            try:
                result = action()
                self.carry()
                return result
            except ssl.SSLWantReadError:
                if not self.carry():
                    raise

    def carry(self):
        if data := self.outgoing.read():
            self.peer.feed(data)
        back = self.peer.take()
        self.incoming.write(back)
        return bool(back)

    def exchange(self, data):
        self.tls.write(data)
        answer = b""
        while True:
            try:
                part = self.drive(lambda: self.tls.read(65_536))
            except ssl.SSLWantReadError:
                return answer
            if not part:
                return answer
            answer += part


@pytest.fixture
def trust(lab):
    context = client_context((lab.path / "root.pem").read_text())
    context.verify_flags |= 0x200000  # no time: the service here lives by a test's clock
    return context


def test_openssl_agrees_and_a_foreign_certificate_does_not_connect(lab, peer, trust, device, tmp_path, kit):
    request = b"GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    one = OpensslClient(peer(), trust)
    assert one.exchange(request).startswith(b"HTTP/1.1 200")
    assert one.peer.is_closed
    root = certificates.make_root(lab.clock(), lab.service.random)
    leaf = certificates.issue(
        root, device.id, kit.raw_public(device.client_key), bytes(32), lab.clock(), lab.service.random
    )
    pem = device.client_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "client.pem").write_bytes(pem + leaf.chain.encode())
    trust.load_cert_chain(tmp_path / "client.pem")
    two = OpensslClient(peer(), trust)
    with pytest.raises(ssl.SSLError, match="unknown ca"):
        two.exchange(request)
    assert two.peer.is_closed


def test_requests_follow_each_other_on_one_connection_even_sent_at_once(peer, trust):
    answer = OpensslClient(peer(), trust).exchange(b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
    assert answer.count(b"HTTP/1.1 200") == 3


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (
            b"POST /v1/device/nonce HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n",
            b"413",
        ),
        (
            b"POST /v1/device/nonce HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n800\r\n"
            + b" " * 2048
            + b"\r\n",
            b"413",
        ),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 60_000, b"400"),
        (b"GET /v1/catalogs HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n", b"400"),
    ],
    ids=["length", "chunks", "no host", "nonsense", "endless", "twice"],
)
def test_a_bad_request_is_refused(peer, trust, request_, status):
    assert OpensslClient(peer(), trust).exchange(request_).startswith(b"HTTP/1.1 " + status)


def test_the_end_of_the_clients_side_ends_the_connection(peer, trust):
    client = OpensslClient(peer(), trust)
    client.peer.feed(b"")
    assert client.peer.is_closed
    client.peer.feed(b"more")
    client.peer.take()
    assert client.peer.take() == b""


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=80), max_size=4))
def test_bytes_that_are_not_tls_close_it_and_nothing_else(peer, parts):
    one = peer()
    for part in parts:
        one.feed(part)
    one.take()
    one.feed(b"\x15\x03\x01\xff\xff" + bytes(40))
    one.feed(b"")
    assert one.is_closed


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.binary(max_size=80)
        | st.sampled_from(
            [
                b"GET ",
                b"POST ",
                b"/v1/health",
                b" HTTP/1.1\r\n",
                b"Host: x\r\n",
                b"\r\n",
                b"Content-Length: 1\r\n",
            ]
        ),
        max_size=8,
    )
)
def test_bytes_that_are_not_http_never_raise(peer, trust, parts):
    client = OpensslClient(peer(), trust)
    answer = client.exchange(b"".join(parts)) if any(parts) else b""
    assert answer == b"" or answer.startswith(b"HTTP/1.1 ")
