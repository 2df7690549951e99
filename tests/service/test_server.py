"""The server on a real socket: TLS, client certificates, limits, and the operators' client."""

import contextlib
import socket
import ssl

import pytest
from cryptography.hazmat.primitives import serialization

from armillary.service.server import Server
from armillary.service.tls import client_context


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
