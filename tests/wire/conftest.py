"""What the tests of the formats share: a signed app package as the Azure Sphere packer lays one out."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from armillary.wire import asxipfs, guid, image
from armillary.wire.fault import Invalid

BLINK = guid.to_bytes("2f074b0f-d99d-4692-82d9-ef93a7d6463c")
BLINK_IMAGE = guid.to_bytes("6415a939-c098-48cf-8e5c-02b52a9f0ffb")
THUMBPRINT = bytes.fromhex("a8d5cc6958f48710140d7a26160fc1cfc31f5df0")


class Signer:
    """A P-256 key that signs digests as a package wants it: r||s, 64 bytes."""

    def __init__(self):
        self._key = ec.derive_private_key(20220609, ec.SECP256R1())

    def __call__(self, digest):
        der = self._key.sign(digest, ec.ECDSA(utils.Prehashed(SHA256()), deterministic_signing=True))
        r, s = utils.decode_dss_signature(der)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def verify(self, digest, signature):
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        der = utils.encode_dss_signature(r, s)
        self._key.public_key().verify(der, digest, ec.ECDSA(utils.Prehashed(SHA256())))


@pytest.fixture(scope="session")
def signer():
    return Signer()


@pytest.fixture
def manifest_object():
    """A manifest as an object that tests may change: what the packer wrote for the blinking sample."""
    return {
        "SchemaVersion": 1,
        "Name": "AzureSphereBlinkTest",
        "ComponentId": "2f074b0f-d99d-4692-82d9-ef93a7d6463c",
        "EntryPoint": "/bin/app",
        "CmdArgs": [],
        "Capabilities": {"Gpio": [8, 9]},
        "ApplicationType": "Default",
        "TargetApplicationRuntimeVersion": 12,
    }


@pytest.fixture
def blink_body(manifest_object):
    """A file system with the sizes of azure_sphere_blink.imagepackage: 267 bytes of manifest, 5592 of program."""
    text = json.dumps(manifest_object, separators=(",", ":")).encode().ljust(267)
    return asxipfs.pack([("app_manifest.json", text, False), ("bin/app", b"\x7fELF" * 1398, True)])


@pytest.fixture
def blink(blink_body, signer):
    """The whole package, 16596 bytes."""
    return image.build(
        blink_body, image.APPLICATIONS, BLINK, BLINK_IMAGE, "AzureSphereBlinkTest", 1654786668, THUMBPRINT, signer,
        depends=((12, 3),), temporary_flags=image.UNDER_DEVELOPMENT,
    )  # fmt: skip


@pytest.fixture
def refused():
    """Call something that must raise Invalid; the fault, which must name `offset` where one is given."""

    def check(call, *arguments, offset=None):
        with pytest.raises(Invalid) as caught:
            call(*arguments)
        if offset is not None:
            assert caught.value.offset == offset, caught.value.reason
            assert hex(offset) in caught.value.reason
        return caught.value

    return check
