"""Certificates made by another library, and servers: OpenSSL's, and one that can be made to err."""

import datetime
import hashlib
import ipaddress
import os
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from armillary import native
from armillary.wire.fault import Failed, Fault
from armillary.wire.tls import Client, credentials, record
from armillary.wire.tls.codec import message, pack_extensions, vector
from armillary.wire.tls.schedule import Schedule, finished_value

HOST = "server.example"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PREHASHED = ec.ECDSA(utils.Prehashed(hashes.SHA256()))
LEAF = x509.BasicConstraints(False, None)
MONTH_AGO, YEAR_ON = datetime.timedelta(-30), datetime.timedelta(365)
NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """X||Y of the public half."""
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


class Maker:
    """Makes certificates: `issue` takes what should differ from a good one."""

    now = NOW
    now_ms = int(NOW.timestamp()) * 1000

    def key(self, number: int) -> ec.EllipticCurvePrivateKey:
        return ec.derive_private_key(int.from_bytes(hashlib.sha256(bytes((number,))).digest(), "big") % ORDER, ec.SECP256R1())

    def point(self, key: ec.EllipticCurvePrivateKey) -> bytes:
        return point(key)

    def name(self, text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test"), x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def der(self, certificate: x509.Certificate) -> bytes:
        return certificate.public_bytes(serialization.Encoding.DER)

    def pem(self, certificate: x509.Certificate) -> bytes:
        return certificate.public_bytes(serialization.Encoding.PEM)

    def signer(self, key: ec.EllipticCurvePrivateKey) -> Any:
        """The outside signer: a digest in, r||s out."""

        def sign(digest: bytes) -> bytes:
            r, s = utils.decode_dss_signature(key.sign(digest, PREHASHED))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")

        return sign

    def authority(self, name: str, key: Any, issuer: str, issuer_key: Any, **changes: Any) -> x509.Certificate:
        changes.setdefault("constraints", x509.BasicConstraints(True, None))
        changes.setdefault("usage", ("key_cert_sign", "crl_sign"))
        changes.setdefault("purposes", None)
        changes.setdefault("alternatives", None)
        return self.issue(name, key, issuer, issuer_key, **changes)

    def issue(
        self, name: str, key: Any, issuer: str, issuer_key: Any, *,
        constraints: Any = LEAF, usage: Any = ("digital_signature",),
        purposes: Any = (ExtendedKeyUsageOID.SERVER_AUTH,), alternatives: Any = ("server.example",),
        start: datetime.timedelta = MONTH_AGO, end: datetime.timedelta = YEAR_ON,
        digest: Any = None, extra: Any = (),
    ) -> x509.Certificate:  # fmt: skip
        builder = x509.CertificateBuilder().subject_name(self.name(name)).issuer_name(self.name(issuer))
        builder = builder.public_key(key.public_key()).serial_number(0x1234567890)
        builder = builder.not_valid_before(NOW + start).not_valid_after(NOW + end)
        for extension, critical in self._extensions(key, issuer_key, constraints, usage, purposes, alternatives):
            builder = builder.add_extension(extension, critical)
        for extension, critical in extra:
            builder = builder.add_extension(extension, critical)
        return builder.sign(issuer_key, digest or hashes.SHA256(), ecdsa_deterministic=True)

    def _extensions(self, key: Any, issuer_key: Any, constraints: Any, usage: Any, purposes: Any, alternatives: Any) -> Any:
        yield x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
        yield x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False
        if constraints is not None:
            yield constraints, True
        if usage is not None:
            yield _usage(usage), True
        if purposes is not None:
            yield x509.ExtendedKeyUsage(purposes), False
        if alternatives is not None:
            yield x509.SubjectAlternativeName([_alternative(name) for name in alternatives]), False


def _usage(names: Any) -> x509.KeyUsage:
    every = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in names for name in every})


def _alternative(name: Any) -> Any:
    if not isinstance(name, str):
        return name
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Site:
    """A root with what it certified, and OpenSSL servers made of that."""

    def __init__(self, maker: Any, suite: Any, folder: Path) -> None:
        self.maker, self.suite, self.folder = maker, suite, folder
        self.root_key, self.leaf_key, self.device_key = (maker.key(number) for number in (10, 11, 12))
        self.root = maker.authority("Root", self.root_key, "Root", self.root_key)
        self.leaf = self.issue("leaf", self.leaf_key)
        self.device = self.issue("device", self.device_key, purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,), alternatives=None)

    def issue(self, name: str, key: Any, **changes: Any) -> Any:
        return self.maker.issue(name, key, "Root", self.root_key, **changes)

    def context(self, leaf: Any = None, key: Any = None, asks: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        chain, private, root = (self.folder / name for name in ("chain.pem", "key.pem", "root.pem"))
        chain.write_bytes(self.maker.pem(leaf or self.leaf))
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        private.write_bytes((key or self.leaf_key).private_bytes(*form))
        root.write_bytes(self.maker.pem(self.root))
        context.load_cert_chain(chain, private)
        if asks:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(root)
        return context

    def client(self, suite: Any = None, host: str = HOST, root: Any = None, random: Any = os.urandom, **more: Any) -> Client:
        roots = [self.maker.der(root or self.root)]
        return Client(suite or self.suite, random, host, roots, self.maker.now_ms, **more)

    def pipe(self, client: Client, context: ssl.SSLContext) -> "Pipe":
        return Pipe(client, context)

    def known_client(self, **more: Any) -> Client:
        return self.client(chain_der=[self.maker.der(self.device)], sign=self.maker.signer(self.device_key), **more)


class Pipe:
    """A client, an OpenSSL server, and what passes between them."""

    def __init__(self, client: Client, context: ssl.SSLContext) -> None:
        self.client = client
        self.down, self.up = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = context.wrap_bio(self.up, self.down, server_side=True)
        self.is_done = False
        self.error: ssl.SSLError | None = None
        self.sent = bytearray()

    def shake(self) -> None:
        """Let the server do what it can."""
        self.up.write(self.client.outgoing())
        if self.is_done or self.error:
            return
        try:
            self.server.do_handshake()
            self.is_done = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.error = error

    def run(self, step: int = 1 << 20) -> None:
        """Carry bytes both ways, `step` at a time, until neither has more."""
        if not self.client.is_open:
            self.client.start()
        self.shake()
        while self.down.pending:
            data = self.down.read()
            self.sent.extend(data)
            for at in range(0, len(data), step):
                self.client.feed(data[at : at + step])
            self.shake()

    def read(self) -> bytes:
        """What the server has for its application."""
        self.up.write(self.client.outgoing())
        out = bytearray()
        while True:
            try:
                data = self.server.read(1 << 16)
            except ssl.SSLWantReadError:
                return bytes(out)
            if not data:
                return bytes(out)
            out.extend(data)


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
        self.transcript.extend(data[data.index(b"\x01\x00", 5) :] if data[0] == record.HANDSHAKE else data[6 + 5 :])
        self.session = bytes(self.transcript[39:71]) if len(self.transcript) > 71 else b""
        self.share = data[data.rindex(b"\x00\x17\x00\x41\x04") + 5 :][:64]
        return data

    def hello(self, extensions: bytes | None = None, random: bytes = b"r" * 32, session: bytes | None = None, version: int = 0x0303, suite: int = 0x1301, compression: int = 0) -> bytes:
        share = (51, b"\x00\x17" + vector(2, b"\x04" + self.suite.p256_public(self.private)))
        known = pack_extensions([(43, b"\x03\x04"), share]) if extensions is None else extensions
        echo = vector(1, self.session if session is None else session)
        return message(2, version.to_bytes(2, "big") + random + echo + suite.to_bytes(2, "big") + bytes((compression,)) + known)

    def put(self, data: bytes, kind: int = record.HANDSHAKE) -> None:
        """One record, sealed once there are keys."""
        if kind == record.HANDSHAKE:
            self.transcript.extend(data)
        self.client.feed(self.sealed(data, kind))

    def sealed(self, data: bytes, kind: int = record.HANDSHAKE) -> bytes:
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
            return message(8, pack_extensions([]))
        if name == "request":
            return message(13, b"\x00" + pack_extensions([(13, vector(2, b"\x04\x03"))]))
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

    def is_refused(self, act: Any, rule: str, fault: type[Fault] = Failed) -> None:
        """What `act` sends ends the connection, for the reason `rule`, and gives nothing out."""
        with pytest.raises(fault) as caught:
            act()
        assert caught.value.rule == rule
        assert self.client.is_closed and not self.client.is_open
        assert self.client.received() == b""

    def hear(self) -> list[tuple[int, bytes]]:
        """The records the client sent since, opened."""
        data, found = self.client.outgoing(), []
        while data:
            end = 5 + int.from_bytes(data[3:5], "big")
            found.append(self.incoming.open(data[:5], data[5:end]))
            data = data[end:]
        return found


@pytest.fixture(scope="session")
def suite() -> Any:
    return native


@pytest.fixture(scope="session")
def maker() -> Maker:
    return Maker()


@pytest.fixture(scope="session")
def site(maker: Maker, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(maker, native, tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def make_server(maker: Maker) -> Any:
    """Makes a Server; its arguments say what is wrong with it."""
    return lambda **changes: Server(maker, native, **changes)


@pytest.fixture
def server(make_server: Any) -> Any:
    return make_server()
