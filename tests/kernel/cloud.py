"""A security service, and other servers, on the device's network."""

from __future__ import annotations

import json
import random
import ssl

from armillary import native
from armillary.service import folder as folders
from armillary.service.core import Service
from armillary.service.http import Head, Request
from armillary.service.peer import TlsPeer
from armillary.service.routes import make_door
from armillary.service.tls import server_context
from armillary.wire import guid, image
from tests.kernel.making import NOW, SERVICE


class TlsServer:
    """A peer of the linked network: TLS by OpenSSL, then `answer(plaintext, certificate) -> bytes or None`."""

    def __init__(self, context, answer):
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._answer, self._is_open = answer, False
        self.received = b""
        self.is_closed = False

    def feed(self, data):
        if self.is_closed:
            return
        if data:
            self._in.write(data)
        else:
            self._in.write_eof()
        try:
            self._advance()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            self.is_closed = True

    def take(self):
        return self._out.read()

    def _advance(self):
        if not self._is_open:
            self._tls.do_handshake()
            self._is_open = True
        while True:
            data = self._tls.read(65536)
            if not data:
                self.is_closed = True
                return
            self.received += data
            reply = self._answer(self.received, self._tls.getpeercert(True))
            if reply is not None:
                self.received = b""
                self._tls.write(reply)
                try:
                    self._tls.unwrap()
                except ssl.SSLError:
                    pass
                self.is_closed = True
                return


class Cloud:
    """The real service, reached through the linked network; its clock is the device's."""

    def __init__(self, path, maker):
        self.maker = maker
        self.device = None
        source = random.Random(7)
        self.token = folders.init(path, (), int(NOW.timestamp()), source.randbytes)
        self.service = Service.open(path, self._now, source.randbytes)
        self.root = (path / "root.pem").read_bytes()
        self.door = make_door(self.service)
        self._context = server_context(self.service.keys, False)
        self.requests = []
        self.tamper = lambda target, response: response  # a service that lies
        self.catalog = self.ok("POST", "/v1/catalogs", {"name": "first"})["id"]
        product = self.ok("POST", "/v1/products", {"name": "product", "catalog": self.catalog})["id"]
        group = {"name": "field", "product": product, "development": True}
        self.group = self.ok("POST", "/v1/groups", group)["id"]
        key = {"public": maker.app.public.hex(), "thumbprint": maker.app.thumbprint.hex(), "catalog": self.catalog}
        self.ok("POST", "/v1/keys", key)

    def _now(self):
        return int(NOW.timestamp()) if self.device is None else self.device.clock.unix_ms() // 1000

    def ok(self, method, path, body=None):
        head = {"authorization": "Bearer " + self.token}
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if body is not None:
            head["content-type"] = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        response = self.door.handle(Request(Head(method, path, head, None), data))
        assert response.status < 300, response.body
        return json.loads(response.body) if response.body else {}

    def connect(self, device, tenants=()):
        """Name the service in the device's network, register what it runs, claim it."""
        self.device = device
        device.network.name(SERVICE, 443, self.peer)
        parts = [self.maker.loader(), *self.maker.os_images(self.root)]
        release = [{"type": image.parse(part).image_type, "sha256": native.sha256(part[:-64]).hex(), "version": 1}
                   for part in parts]  # fmt: skip
        self.ok("POST", "/v1/releases", {"name": "one", "components": release})
        self.claim()
        for tenant in tenants:
            self.ok("POST", "/v1/tenants", {"tenant": tenant, "catalog": self.catalog})
        return self

    def claim(self):
        self.ok("POST", "/v1/devices", {"device": self.device.device_id.hex(), "group": self.group})

    def peer(self):
        return TlsPeer(self, self._context)

    def admit(self, head):
        self.requests.append(head.method + " " + head.target)
        return self.door.admit(head)

    def answer(self, admission, body):
        return self.tamper(admission.head.target, self.door.answer(admission, body))

    def count(self, start):
        """How many requests began with `start`."""
        return len([one for one in self.requests if one.startswith(start)])

    def deploy(self, *packages):
        for package in packages:
            self.ok("POST", "/v1/images?catalog=" + self.catalog, package)
        images = [guid.to_text(image.parse(package).image) for package in packages]
        self.ok("POST", "/v1/deployments", {"group": self.group, "images": images})

    def poll(self):
        """Have the device ask for updates now."""
        self.device.kernel.update.now.set()
        self.device.run(1)

    def reports(self, kind):
        return self.ok("GET", "/v1/reports?kind=" + kind)["reports"]

    def verdicts(self):
        return self.ok("GET", "/v1/verdicts")["verdicts"]
