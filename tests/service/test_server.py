"""The server on a real socket: TLS, client certificates, limits, and the operators' client."""

import base64
import contextlib
import json
import socket
import ssl
import threading
import time
import warnings

import pytest
from cryptography.hazmat.primitives import serialization

from armillary.service import certificates
from armillary.service.client import OperatorClient, ServiceError
from armillary.service.server import Server
from armillary.service.tls import client_context


@pytest.fixture
def clock(kit):
    """OpenSSL judges real connections by the host's clock, so the service here does too."""
    clock = kit.Clock()
    clock.seconds = int(time.time())
    return clock


@pytest.fixture
def server(lab):
    running = Server(lab.service)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def trust(lab):
    return client_context((lab.path / "root.pem").read_text())


def with_certificate(trust, folder, key, chain):
    """`trust` with a client certificate."""
    form = serialization.PrivateFormat.PKCS8
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    (folder / "client.pem").write_bytes(pem + chain.encode())
    trust.load_cert_chain(folder / "client.pem")
    return trust


def exchange(server, trust, data, host="localhost"):
    """Everything the server answers to `data` until it closes."""
    with socket.create_connection(server.address, timeout=10) as plain:
        with trust.wrap_socket(plain, server_hostname=host) as tls:
            tls.sendall(data)
            answer = b""
            with contextlib.suppress(ssl.SSLEOFError):
                while part := tls.recv(65536):
                    answer += part
    return answer


def get(path, *headers):
    lines = ("GET " + path + " HTTP/1.1", "Host: localhost", "Connection: close", *headers, "", "")
    return "\r\n".join(lines).encode()


def post(path, body, *headers):
    data = json.dumps(body).encode()
    if not any(header.startswith("Content-Length") for header in headers):
        headers = (*headers, "Content-Length: " + str(len(data)))
    lines = ("POST " + path + " HTTP/1.1", "Host: localhost", "Connection: close", *headers)
    return "\r\n".join((*lines, "Content-Type: application/json", "", "")).encode() + data


def status(answer):
    return int(answer.split(b" ", 2)[1])


def test_health_is_told_to_anyone_who_checks_our_name(lab, server, trust):
    assert status(exchange(server, trust, get("/v1/health"))) == 200
    assert status(exchange(server, trust, get("/v1/health"), "service.armillary.test")) == 200
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        exchange(server, trust, get("/v1/health"), "elsewhere.test")


def test_it_listens_on_loopback_and_resumes_no_session(server, trust):
    assert server.address[0] == "127.0.0.1"
    with socket.create_connection(server.address, timeout=10) as plain:
        with trust.wrap_socket(plain, server_hostname="localhost") as tls:
            assert tls.version() == "TLSv1.3"
            assert tls.selected_alpn_protocol() == "http/1.1"
            tls.sendall(get("/v1/health"))
            tls.recv(65536)
            assert not tls.session.has_ticket


def test_a_device_attests_and_then_talks_under_its_certificate(lab, server, trust, device, tmp_path):
    evidence = base64.b64encode(device.evidence(lab.nonce(device))).decode()
    answer = exchange(server, trust, post("/v1/device/attest", {"evidence": evidence}))
    assert status(answer) == 200
    chain = json.loads(answer.partition(b"\r\n\r\n")[2])["certificate"]
    assert status(exchange(server, trust, get("/v1/device/update"))) == 403
    with_certificate(trust, tmp_path, device.client_key, chain)
    answer = exchange(server, trust, get("/v1/device/update"))
    assert status(answer) == 200
    assert answer.endswith(b'{"images":[]}')
    body = {"reports": [{"kind": "boot", "time": 5, "component": "", "detail": {}}]}
    assert status(exchange(server, trust, post("/v1/device/reports", body))) == 200
    assert lab.ok("GET", "/v1/devices/" + device.id)["reports"] == 1


def is_answered(server, trust):
    """Whether a connection gets as far as an answer; asyncio may close it before the alert is sent."""
    try:
        return exchange(server, trust, get("/v1/health")) != b""
    except (ssl.SSLError, ConnectionError):
        return False


def leaf_of(lab, issuer, device, kit, age_s=0):
    public = kit.raw_public(device.client_key)
    then = lab.clock() - age_s
    return certificates.issue(issuer, device.id, public, bytes(32), then, lab.service.random).chain


def test_a_certificate_of_another_authority_does_not_connect(lab, server, trust, device, tmp_path, kit):
    for issuer in (
        certificates.make_root(lab.clock(), lab.service.random),
        lab.service.keys.catalog(lab.catalog),
    ):
        with_certificate(trust, tmp_path, device.client_key, leaf_of(lab, issuer, device, kit))
        assert not is_answered(server, trust)


def test_a_certificate_that_has_ended_does_not_connect(lab, server, trust, device, tmp_path, kit):
    chain = leaf_of(lab, lab.service.keys.devices, device, kit, age_s=86_401)
    with_certificate(trust, tmp_path, device.client_key, chain)
    assert not is_answered(server, trust)
    chain = leaf_of(lab, lab.service.keys.devices, device, kit, age_s=86_300)
    assert is_answered(server, with_certificate(trust, tmp_path, device.client_key, chain))


def test_old_protocols_do_not_connect(server, trust):
    trust.maximum_version = ssl.TLSVersion.TLSv1_2
    assert status(exchange(server, trust, get("/v1/health"))) == 200
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the version is old is the point
        trust.minimum_version = ssl.TLSVersion.TLSv1
        trust.maximum_version = ssl.TLSVersion.TLSv1_1
    trust.set_ciphers("ALL:@SECLEVEL=0")
    assert not is_answered(server, trust)


def test_a_body_longer_than_admitted_is_refused_whether_it_says_so_or_not(server, trust):
    said = post("/v1/device/nonce", {}, "Content-Length: 99999999")
    assert status(exchange(server, trust, said)) == 413
    head = (
        "POST /v1/device/nonce HTTP/1.1",
        "Host: x",
        "Connection: close",
        "Content-Type: application/json",
    )
    lines = "\r\n".join((*head, "Transfer-Encoding: chunked", "", "")).encode()
    chunk = b"400\r\n" + b" " * 1024 + b"\r\n"
    assert status(exchange(server, trust, lines + chunk * 2)) == 413


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"POST /v1/device/nonce HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}}",
        b"GET /v1/health HTTP/1.1\r\nHost : x\r\n\r\n",
        b"\x16\x03\x01\x00\x00" * 9 + b"\r\n\r\n",
    ],
    ids=["no host", "two lengths", "space in name", "binary"],
)
def test_what_is_not_http_is_refused_and_the_server_lives(server, trust, data):
    assert status(exchange(server, trust, data)) == 400
    assert status(exchange(server, trust, get("/v1/health"))) == 200


def test_a_head_that_never_ends_is_cut_off(server, trust):
    with socket.create_connection(server.address, timeout=10) as plain:
        with trust.wrap_socket(plain, server_hostname="localhost") as tls:
            sent = 0
            with pytest.raises((ssl.SSLError, ConnectionError)):
                tls.sendall(b"GET / HTTP/1.1\r\nX: ")
                while sent < 64 * 1024 * 1024:
                    sent += tls.send(b"a" * 16_384)
    assert sent < 16 * 1024 * 1024  # what the sockets hold on both sides, not what the server would take


def test_a_header_that_decides_may_not_be_there_twice(lab, server, trust):
    token = "Authorization: Bearer " + lab.admin
    assert status(exchange(server, trust, get("/v1/catalogs", token))) == 200
    assert status(exchange(server, trust, get("/v1/catalogs", token, token))) == 400


def test_the_path_is_not_decoded(server, trust):
    assert status(exchange(server, trust, get("/v1/%68ealth"))) == 404
    assert status(exchange(server, trust, get("/v1/../v1/health"))) == 404


def test_a_defect_is_logged_and_told_to_nobody(lab, server, trust, monkeypatch, caplog):
    monkeypatch.setattr(lab.service.database.__class__, "read", lambda self: 1 / 0)
    answer = exchange(server, trust, get("/v1/health"))
    assert status(answer) == 500
    assert b"ZeroDivision" not in answer
    assert "ZeroDivisionError" in caplog.text


def test_the_operators_client_does_everything_an_operator_does(lab, server, trust, kit):
    host, port = server.address
    with OperatorClient(host, port, lab.admin, trust) as admin:
        assert admin.health()["status"] == "well"
        catalog = admin.create_catalog("made")["id"]
        token = admin.create_token("its", catalog)
    with OperatorClient(host, port, token["token"], trust) as client:
        product = client.create_product("model")["id"]
        group = client.create_group("field", product, development=True)["id"]
        other = client.create_group("lab", product)["id"]
        device, key = kit.Device(), kit.new_key()
        public = kit.raw_public(key).hex()
        assert client.claim(device.id, group)["state"] == "active"
        assert client.change_device(device.id, group=other, state="revoked")["state"] == "revoked"
        assert client.device(device.id)["group"] == other
        assert client.create_tenant()["catalog"] == catalog
        client.add_key(public, "07" * 20)
        image = client.upload(kit.package(key))["image"]
        assert client.deploy(group, [image])["images"] == [image]
        assert [row["group"] for row in client.deployments(group)] == [group]
        assert client.reports(device=device.id, limit=5) == {"reports": [], "next": None}
        assert client.verdicts(device.id) == []
        assert client.catalog_chain(catalog).count("BEGIN CERTIFICATE") == 3
        assert [len(rows) for rows in (client.catalogs(), client.tokens(), client.products())] == [1, 1, 1]
        assert [len(rows) for rows in (client.groups(), client.devices(other), client.keys())] == [2, 1, 1]
        assert [len(rows) for rows in (client.images(), client.tenants(), client.releases())] == [1, 2, 1]
        with pytest.raises(ServiceError, match="image-deployed") as refusal:
            client.remove_image(image)
        assert refusal.value.status == 409
        client.remove_key(public)
        client.unclaim(device.id)
    with OperatorClient(host, port, lab.admin, trust) as admin:
        admin.create_release("new", kit.release_of(kit.os_components("new")))
        assert admin.withdraw_release("new")["is_withdrawn"]
        admin.remove_release("new")
        admin.revoke_token(token["id"])
    with OperatorClient(host, port, token["token"], trust) as client:
        with pytest.raises(ServiceError, match="token-unknown"):
            client.catalogs()


def test_many_connections_at_once_are_all_answered(lab, server, trust):
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(status(exchange(server, trust, get("/v1/health")))))
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 12


def test_a_port_that_is_taken_is_an_error_at_once(lab, server):
    with pytest.raises(OSError, match="in use"):
        Server(lab.service, port=server.address[1])


def test_run_prints_the_address_and_serves_until_it_is_stopped(lab, trust, capfd):
    server = Server(lab.service)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert server.is_listening.wait(10)
        assert capfd.readouterr().out == "https://127.0.0.1:" + str(server.address[1]) + "\n"
        assert status(exchange(server, trust, get("/v1/health"))) == 200
    finally:
        server.stop()
        thread.join(10)
    assert not thread.is_alive()
