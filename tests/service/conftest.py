"""A service in a temporary folder, an operator, and devices that can attest as a real one does."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from armillary.service import folder as folders
from armillary.service.core import Service
from armillary.service.http import Door, Head, Request, Response
from armillary.service.routes import make_door
from armillary.wire import asxipfs, cose, evidence, guid, image

NOW = 1_790_000_000
OS_TYPES = (1, 2, 4, 7, 8, 19, 22)


class Clock:
    """Unix seconds that a test moves."""

    def __init__(self) -> None:
        self.seconds = NOW

    def __call__(self) -> int:
        return self.seconds


def raw_public(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PublicFormat.UncompressedPoint
    return key.public_key().public_bytes(serialization.Encoding.X962, form)[1:]


def raw_sign(key: ec.EllipticCurvePrivateKey, digest: bytes) -> bytes:
    r, s = decode_dss_signature(key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256()))))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def os_components(seed: str = "one") -> list[tuple[int, bytes, int, bytes, str]]:
    """What a device running release `seed` measures."""
    return [
        (kind, hashlib.sha256((seed + str(kind)).encode()).digest(), 3, bytes(32), "image" + str(kind))
        for kind in OS_TYPES
    ]


def release_of(components: list[tuple[int, bytes, int, bytes, str]]) -> list[dict[str, object]]:
    return [{"type": part[0], "sha256": part[1].hex(), "version": part[2]} for part in components]


@dataclass
class Device:
    """A device's keys and state, and the evidence it would give."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    client_key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    components: list[tuple[int, bytes, int, bytes, str]] = field(default_factory=os_components)
    lifecycle: int = 3
    boot_seed: bytes = bytes(31) + b"\x01"
    capabilities: tuple[int, ...] = ()
    tenants: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def id(self) -> str:
        return raw_public(self.key).hex()

    def claims(self, nonce: bytes) -> bytes:
        return evidence.pack(
            evidence.Evidence(
                nonce, raw_public(self.key), self.lifecycle, bytes(32), self.boot_seed, self.components,
                raw_public(self.client_key), self.tenants, self.capabilities,
            )
        )  # fmt: skip

    def sign(self, payload: bytes) -> bytes:
        kid = hashlib.sha256(raw_public(self.key)).digest()
        return cose.sign1(payload, kid, lambda digest: raw_sign(self.key, digest))

    def evidence(self, nonce: bytes) -> bytes:
        return self.sign(self.claims(nonce))


class Lab:
    """A service with one catalog, product, group and release, spoken to through its HTTP door."""

    def __init__(self, service: Service, token: str, clock: Clock, path: Path) -> None:
        self.service = service
        self.path = path
        self.admin = token
        self.clock = clock
        self.door: Door = make_door(service)
        self.catalog = self.group = ""

    def furnish(self) -> None:
        """Make what most tests want: a catalog with a group, and a release."""
        self.catalog = self.new_catalog("first")
        self.group = self.new_group(self.catalog)
        self.ok("POST", "/v1/releases", {"name": "one", "components": release_of(os_components())})

    def ask(
        self,
        method: str,
        target: str,
        body: object = None,
        token: str | None = None,
        peer: bytes | None = None,
        **headers: str,
    ) -> Response:
        """The response to a request; the administrator asks unless `token` (which may be empty) says other."""
        head = {name.replace("_", "-"): value for name, value in headers.items()}
        token = self.admin if token is None else token
        if token:
            head["authorization"] = "Bearer " + token
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if body is not None:
            kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
            head.setdefault("content-type", kind)
        return self.door.handle(Request(Head(method, target, head, peer), data))

    def ok(self, method: str, target: str, body: object = None, **more: object) -> dict[str, object]:
        response = self.ask(method, target, body, **more)  # type: ignore[arg-type]  # passed on as they are
        assert response.status < 300, response.body
        return json.loads(response.body) if response.body else {}

    def refused(self, method: str, target: str, body: object = None, **more: object) -> tuple[int, str]:
        """(status, error) of a request that is refused with a reason."""
        response = self.ask(method, target, body, **more)  # type: ignore[arg-type]  # passed on as they are
        assert response.status >= 400, response.body
        why = json.loads(response.body)
        assert set(why) == {"error", "reason", "remedy"} and why["reason"]
        return response.status, why["error"]

    def new_catalog(self, name: str) -> str:
        return str(self.ok("POST", "/v1/catalogs", {"name": name})["id"])

    def new_group(self, catalog: str, name: str = "field", development: bool = False) -> str:
        body = {"name": "product " + name, "catalog": catalog}
        product = self.ok("POST", "/v1/products", body)["id"]
        return str(
            self.ok("POST", "/v1/groups", {"name": name, "product": product, "development": development})[
                "id"
            ]
        )

    def new_token(self, catalog: str) -> str:
        return str(self.ok("POST", "/v1/tokens", {"name": "operator", "catalog": catalog})["token"])

    def claim(self, device: Device, group: str | None = None) -> Device:
        self.ok("POST", "/v1/devices", {"device": device.id, "group": group or self.group})
        return device

    def nonce(self, device: Device) -> bytes:
        return bytes.fromhex(
            str(self.ok("POST", "/v1/device/nonce", {"device": device.id}, token="")["nonce"])
        )

    def attest_with(self, data: bytes) -> Response:
        return self.ask("POST", "/v1/device/attest", {"evidence": base64.b64encode(data).decode()}, token="")

    def attest(self, device: Device, nonce: bytes | None = None) -> SimpleNamespace:
        """The verdict on a device: `status`, `error`, `leaf` (DER) and everything answered."""
        response = self.attest_with(device.evidence(nonce or self.nonce(device)))
        answer = json.loads(response.body)
        leaf = (
            x509.load_pem_x509_certificates(answer["certificate"].encode())[0]
            if "certificate" in answer
            else None
        )
        der = leaf.public_bytes(serialization.Encoding.DER) if leaf else None
        return SimpleNamespace(status=response.status, error=answer.get("error"), leaf=der, answer=answer)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A furnished service, closed: its folder is copied for every test."""
    path = tmp_path_factory.mktemp("template") / "service"
    clock, source = Clock(), random.Random(1)
    # An hour before the host's clock and before NOW, whichever is first, so that it holds for both.
    clock.seconds = min(NOW, int(time.time())) - 3600
    token = folders.init(path, (), clock(), source.randbytes)
    lab = Lab(Service.open(path, clock, source.randbytes), token, clock, path)
    lab.furnish()
    lab.service.close()
    return lab


@pytest.fixture
def lab(tmp_path: Path, clock: Clock, template: Lab) -> Iterator[Lab]:
    path = tmp_path / "service"
    shutil.copytree(template.path, path)
    service = Service.open(path, clock, random.Random(7).randbytes)
    lab = Lab(service, template.admin, clock, path)
    lab.catalog, lab.group = template.catalog, template.group
    yield lab
    service.close()


@pytest.fixture
def device(lab: Lab) -> Device:
    """A device that is claimed and runs a known release."""
    return lab.claim(Device())


@pytest.fixture
def world(lab, kit):
    """Two catalogs, each with everything a catalog can have, and a token of each."""
    return [fill(lab, kit, lab.catalog, lab.group), fill(lab, kit, *second(lab))]


def second(lab):
    catalog = lab.new_catalog("second")
    return catalog, lab.new_group(catalog)


def fill(lab, kit, catalog, group):
    token, key, device = lab.new_token(catalog), kit.new_key(), lab.claim(kit.Device(), group)
    public = kit.raw_public(key).hex()
    lab.ok("POST", "/v1/keys", {"public": public, "thumbprint": "07" * 20}, token=token)
    image = lab.ok("POST", "/v1/images", kit.package(key), token=token)["image"]
    lab.ok("POST", "/v1/deployments", {"group": group, "images": [image]}, token=token)
    peer = lab.attest(device).leaf
    report = {"kind": "crash", "time": 1, "component": "", "detail": {"of": catalog}}
    lab.ok("POST", "/v1/device/reports", {"reports": [report]}, token="", peer=peer)
    return {
        "catalog": catalog, "group": group, "token": token, "device": device.id, "image": image, "public": public,
        "peer": peer, "product": lab.ok("GET", "/v1/groups", token=token)["groups"][0]["product"],
        "token_id": lab.ok("GET", "/v1/tokens", token=token)["tokens"][0]["id"],
    }  # fmt: skip


@pytest.fixture
def kit() -> SimpleNamespace:
    """What tests make things with."""
    return SimpleNamespace(
        Device=Device, Lab=Lab, Clock=Clock, os_components=os_components, release_of=release_of,
        raw_public=raw_public, raw_sign=raw_sign, package=package,
        new_key=lambda: ec.generate_private_key(ec.SECP256R1()),
    )  # fmt: skip


def package(
    key: ec.EllipticCurvePrivateKey,
    component: str = "11111111-2222-3333-4444-555555555555",
    image_id: str = "aaaaaaaa-0000-0000-0000-000000000001",
    **changes: object,
) -> bytes:
    """An application package signed by `key`, its thumbprint twenty times 0x07."""
    manifest = {
        "SchemaVersion": 1, "Name": "Blink", "ComponentId": component, "EntryPoint": "/bin/app.py", "CmdArgs": [],
        "Capabilities": {}, "ApplicationType": "Default",
    }  # fmt: skip
    files = [
        ("app_manifest.json", json.dumps(manifest).encode(), False),
        ("bin/app.py", b"#" * changes.pop("size", 8), True),
    ]
    fields = {
        "image_type": image.APPLICATIONS, "component": changes.pop("metadata_component", guid.to_bytes(component)), "image": guid.to_bytes(image_id),
        "name": "Blink", "built_unix": NOW, "thumbprint": b"\x07" * 20, "security_version": 2,
    }  # fmt: skip
    fields.update(changes)
    body = fields.pop("body", None) or asxipfs.pack(files)
    return image.build(body, sign=lambda digest: raw_sign(key, digest), **fields)  # type: ignore[arg-type]
