"""How many attestations a second one core verifies and answers, and the same with the rules left out.

The baseline does what no service can leave out: decode the message, verify one signature, build and
sign one certificate. The difference is our rules, the database (one synchronous transaction) and
HTTP's and JSON's part. Devices attest a few times each, below the bound that the service sets.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cbor2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from . import attestation, catalogs, certificates, devices, evidence, folder, releases
from .core import Operator, Service
from .http import Door, Head, Request
from .routes import make_door

PER_DEVICE = 8
TYPES = (1, 2, 4, 7, 8, 19, 22)


class _Device:
    """A device that signs evidence, written out here so that the benchmark needs no other ring."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        form = serialization.PublicFormat.UncompressedPoint
        self.public = self.key.public_key().public_bytes(serialization.Encoding.X962, form)[1:]
        client = ec.generate_private_key(ec.SECP256R1())
        self.client = client.public_key().public_bytes(serialization.Encoding.X962, form)[1:]
        self.components = [
            {1: str(kind) + ":image", 2: bytes([kind]) * 32, 4: "1", 5: bytes(32)} for kind in TYPES
        ]

    def evidence(self, nonce: bytes) -> bytes:
        digest = hashlib.sha256(self.public).digest()
        claims = {
            8: {1: {1: 2, -1: 1, -2: self.client[:32], -3: self.client[32:]}}, 10: nonce, 256: b"\x01" + digest,
            265: evidence.PROFILE, 268: bytes(32), 2394: 1, 2395: 0x3000, 2396: bytes(32),
            2399: self.components, -75001: self.public, -75002: [], -75003: [],
        }  # fmt: skip
        protected, payload = cbor2.dumps({1: -7, 4: digest}), cbor2.dumps(claims)
        signed = cbor2.dumps(["Signature1", protected, b"", payload])
        r, s = decode_dss_signature(self.key.sign(signed, ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signature]))


def run(count: int = 1000) -> dict[str, float]:
    """Attestations per second: "baseline", "rules" (`attestation.attest`), "http" (`Door.handle`)."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "service"
        folder.init(path, (), int(time.time()), secrets.token_bytes)
        service = Service.open(path)
        try:
            return _measure(service, make_door(service), count)
        finally:
            service.close()


def _measure(service: Service, door: Door, count: int) -> dict[str, float]:
    fleet = _make_fleet(service, -(-count // PER_DEVICE) * 2)
    half = len(fleet) // 2
    return {
        "baseline": _rate(lambda data: _baseline(service, data), _messages(service, fleet[:half])),
        "rules": _rate(lambda data: attestation.attest(service, data[1]), _messages(service, fleet[:half])),
        "http": _rate(lambda data: _post(door, data[1]), _messages(service, fleet[half:])),
    }


def _make_fleet(service: Service, size: int) -> list[_Device]:
    operator, fleet = Operator(None), [_Device() for _ in range(size)]
    parts = [(kind, (bytes([kind]) * 32).hex(), 1) for kind in TYPES]
    releases.create(service, operator, "bench", parts)
    catalog = str(catalogs.create_catalog(service, operator, "bench")["id"])
    product = str(catalogs.create_product(service, operator, "bench", catalog)["id"])
    group = str(catalogs.create_group(service, operator, "bench", product, False)["id"])
    for device in fleet:
        devices.claim(service, operator, device.public.hex(), group)
    return fleet


def _messages(service: Service, fleet: list[_Device]) -> list[tuple[_Device, bytes]]:
    nonce = attestation.make_nonce
    return [(one, one.evidence(nonce(service, one.public.hex()))) for one in fleet for _ in range(PER_DEVICE)]


def _rate(act: Callable[[tuple[_Device, bytes]], object], messages: list[tuple[_Device, bytes]]) -> float:
    start = time.perf_counter()
    for message in messages:
        act(message)
    return len(messages) / (time.perf_counter() - start)


def _baseline(service: Service, message: tuple[_Device, bytes]) -> None:
    device, data = message
    envelope = evidence.open_envelope(data)
    evidence.verify(envelope, device.public)
    claims = evidence.read_claims(envelope.payload)
    digest = certificates.measurements_digest(claims.components)
    now = service.now()
    certificates.issue(service.keys.devices, device.public.hex(), device.client, digest, now, service.random)


def _post(door: Door, data: bytes) -> None:
    body = json.dumps({"evidence": base64.b64encode(data).decode()}).encode()
    head = Head("POST", "/v1/device/attest", {"content-type": "application/json"})
    if door.handle(Request(head, body)).status != 200:
        raise RuntimeError("an attestation was refused")
