"""Keys, certificates, manifests and packages of a maker of devices."""

from __future__ import annotations

import datetime
import json

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from armillary import native
from armillary.pluton import abi as pluton_abi
from armillary.wire import asxipfs, guid, image, keystore

SERVICE = "service.armillary.test"
NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)  # when the virtual clock begins


class Key:
    """A signing key made from its name."""

    def __init__(self, name):
        self.private = native.sha256(b"kernel test key " + name.encode())
        self.public = native.p256_public(self.private)
        self.thumbprint = native.sha256(self.public)[:20]

    def sign(self, digest):
        return native.p256_sign(self.private, digest)


class Authority:
    """A certificate authority, for servers that a test stands up."""

    def __init__(self, name="test root"):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._build(self.name, self.key.public_key(), True, []).sign(self.key, hashes.SHA256())

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, host, key=None, purpose=ExtendedKeyUsageOID.SERVER_AUTH):
        """(certificate PEM, key PEM) of a server or a client."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        names = [x509.SubjectAlternativeName([x509.DNSName(host)]), x509.ExtendedKeyUsage([purpose])]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        leaf = self._build(subject, key.public_key(), False, names).sign(self.key, hashes.SHA256())
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return leaf.public_bytes(serialization.Encoding.PEM), private

    def _build(self, subject, public, is_authority, extensions):
        usage = x509.KeyUsage(not is_authority, False, False, False, False, is_authority, False, False, False)
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - datetime.timedelta(days=1)).not_valid_after(NOW + datetime.timedelta(days=3650))
            .add_extension(x509.BasicConstraints(is_authority, None), True).add_extension(usage, True)
        )  # fmt: skip
        for extension in extensions:
            builder = builder.add_extension(extension, False)
        return builder


def manifest_of(name="probe", component=None, capabilities=None, arguments=(), entry="/bin/app.py"):
    """The JSON of an app manifest."""
    component = component or native.sha256(name.encode())[:16]
    return json.dumps({
        "SchemaVersion": 1, "Name": name, "ComponentId": guid.to_text(component), "EntryPoint": entry,
        "CmdArgs": list(arguments), "Capabilities": capabilities or {}, "ApplicationType": "Default",
    }).encode()  # fmt: skip


class Maker:
    """Who makes devices and apps."""

    def __init__(self):
        self.root, self.os, self.app = Key("root"), Key("os"), Key("app")
        self.development, self.stranger = Key("development"), Key("stranger")
        self.authority = Authority()

    def sign(self, body, image_type, component, version=1, key=None, name="test"):
        key = key or (self.app if image_type == image.APPLICATIONS else self.os)
        identity = native.sha256(body + bytes((image_type, version)) + key.public)[:16]
        return image.build(body, image_type, component, identity, name, 0, key.thumbprint, key.sign, version)

    def app_package(self, name="probe", source="async def main():\n    pass\n", capabilities=None, arguments=(),
                    version=1, key=None, files=()):  # fmt: skip
        """A signed app; its component is made from its name."""
        component = native.sha256(name.encode())[:16]
        tree = [("app_manifest.json", manifest_of(name, component, capabilities, arguments), False),
                ("bin/app.py", source.encode(), True), *files]  # fmt: skip
        return self.sign(asxipfs.pack(tree), image.APPLICATIONS, component, version, key, name)

    def certificate_store(self, roots=None):
        body = asxipfs.pack([("certs/root.pem", roots or self.authority.pem, False)])
        return self.sign(body, image.UPDATE_CERT_STORE, bytes((22,)) * 16)

    def os_images(self, roots=None):
        roles = ((self.os, pluton_abi.ROLE_OS), (self.app, pluton_abi.ROLE_APPLICATION),
                 (self.development, pluton_abi.ROLE_DEVELOPMENT))  # fmt: skip
        store = keystore.pack([keystore.Key(one.public, one.thumbprint, role) for one, role in roles])
        found = [self.sign(store, image.TRUSTED_KEYSTORE, bytes((19,)) * 16, key=self.root)]
        for kind in (image.PLUTON_RUNTIME, image.SECURITY_MONITOR, image.KERNEL, image.ROOT_FS):
            found.append(self.sign(b"os image %d" % kind * 20, kind, bytes((kind,)) * 16))
        return found + [self.certificate_store(roots)]

    def loader(self):
        return self.sign(b"first loader" * 20, image.ONE_BL, bytes((1,)) * 16, key=self.root)


def component_of(name):
    return native.sha256(name.encode())[:16]
