"""The service's HTTP interface, as the daemons call it: JSON both ways, blobs in ranges."""

from __future__ import annotations

import binascii
import json

from ..wire import guid, http, jsonstrict
from ..wire.certificate import pem_to_der, summary
from ..wire.fault import Denied, Failed, Fault, Invalid, NotFound
from .channel import Channel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ..monitor.port import MonitorPort
    from ..wire.suite import Suite
    from .credentials import Credentials
    from .daemon import Steps
    from .hardware import Hardware

MOST_IMAGES = 64
MOST_IMAGE_BYTES = 1024 * 1024


class Refused(Denied):
    """The service refused; `retry_after_s` is its wish, or None."""

    def __init__(self, status: int, error: str, reason: str, retry_after_s: int | None) -> None:
        super().__init__(reason, "service", error, "HTTP {}".format(status))
        self.status = status
        self.retry_after_s = retry_after_s


class Granted:
    """What attestation earned: chains as DER (the device's) and PEM (the tenants'), and the last
    valid moment of the device's."""

    def __init__(self, chain: list[bytes], not_after_ms: int, tenants: dict[bytes, bytes]) -> None:
        self.chain = chain
        self.not_after_ms = not_after_ms
        self.tenants = tenants


class Wanted:
    """One image that the device's group shall have."""

    def __init__(self, component: bytes, image: bytes, length: int, sha256: bytes, name: str, version: int) -> None:
        self.component = component
        self.image = image
        self.length = length
        self.sha256 = sha256
        self.name = name
        self.version = version


class Service:
    """Calls to the service. Each is a generator to be run with `yield from`; each raises Unreachable,
    Untrusted, Expired, Failed, Invalid (a malformed answer) or Refused."""

    def __init__(
        self, hardware: Hardware, monitor: MonitorPort, credentials: Credentials, roots: Sequence[bytes], suite: Suite
    ) -> None:
        config = hardware.config
        self._clock = hardware.clock
        self._monitor = monitor
        self._credentials = credentials
        self._host, self._port = config["service_host"], config["service_port"]
        self._timeout_us = config["exchange_timeout_ms"] * 1000
        self._channel = Channel(
            hardware.network, hardware.clock, suite, monitor.read_rng, roots, config["poll_ms"] * 1000
        )

    def nonce(self, device: bytes) -> Steps[bytes]:
        """A fresh nonce for the device with this public key."""
        answer = yield from self._json("POST", "/v1/device/nonce", {"device": device.hex()}, False)
        nonce = unhex(answer.get("nonce"))
        if len(nonce) not in (32, 48, 64):
            raise Invalid("a nonce of {} bytes".format(len(nonce)))
        return nonce

    def attest(self, evidence: bytes) -> Steps[Granted]:
        """What the evidence earns."""
        body = {"evidence": binascii.b2a_base64(evidence).strip().decode()}
        answer = yield from self._json("POST", "/v1/device/attest", body, False)
        chain = pem_to_der(text(answer.get("certificate")))
        tenants = answer.get("tenants")
        if not chain or not isinstance(tenants, dict):
            raise Invalid("an attestation result without certificates")
        granted = {guid.to_bytes(name): text(pem).encode() for name, pem in tenants.items()}
        return Granted(chain, summary(chain[0])[1], granted)

    def wanted(self) -> Steps[list[Wanted]]:
        """Every application image that the device's group shall have."""
        answer = yield from self._json("GET", "/v1/device/update", None, True)
        images = answer.get("images")
        if not isinstance(images, list) or len(images) > MOST_IMAGES:
            raise Invalid("an update answer without a list of at most {} images".format(MOST_IMAGES))
        return [read_wanted(row) for row in images]

    def blob(self, image: bytes, start: int, end: int) -> Steps[bytes]:
        """Bytes start..end-1 of an image package."""
        headers = {"range": "bytes={}-{}".format(start, end - 1)}
        path = "/v1/device/blob/" + guid.to_text(image)
        response = yield from self._exchange("GET", path, headers, b"", True)
        if response.status != 206:
            raise self._refusal(response)
        if len(response.body) != end - start:
            raise Invalid("{} bytes instead of {}".format(len(response.body), end - start))
        return bytes(response.body)

    def report(self, events: list[dict[str, Any]]) -> Steps[int]:
        """How many of the events the service took."""
        answer = yield from self._json("POST", "/v1/device/reports", {"reports": events}, True)
        return number(answer.get("accepted"), len(events))

    def _json(self, method: str, path: str, body: dict[str, Any] | None, proves: bool) -> Steps[dict[str, Any]]:
        data, headers = b"", {}
        if body is not None:
            data = json.dumps(body).encode()
            headers["content-type"] = "application/json"
        response = yield from self._exchange(method, path, headers, data, proves)
        if response.status != 200:
            raise self._refusal(response)
        answer = jsonstrict.loads(bytes(response.body))
        if not isinstance(answer, dict):
            raise Invalid("an answer that is not an object")
        return answer

    def _exchange(
        self, method: str, path: str, headers: dict[str, str], body: bytes, proves: bool
    ) -> Steps[http.ResponseParser]:
        request = http.request(method, path, self._host, headers, body)
        due_us = self._clock.uptime_us() + self._timeout_us
        chain = self._credentials.device_chain if proves else ()
        sign = self._monitor.sign_with_client_auth_key if proves else None
        return (yield from self._channel.exchange(self._host, self._port, request, due_us, chain, sign))

    def _refusal(self, response: http.ResponseParser) -> Fault:
        """What a response other than success means."""
        if response.status >= 500:
            return Failed("the service is in trouble: HTTP {}".format(response.status), "service")
        try:
            said = jsonstrict.loads(bytes(response.body))
            error, reason = text(said["error"]), text(said["reason"])
        except (Invalid, KeyError, TypeError):
            error, reason = "http", "HTTP {} without a reason".format(response.status)
        if response.status == 404:
            return NotFound(reason, "service", error)
        return Refused(response.status, error[:64], reason[:256], seconds(response.headers.get("retry-after")))


def read_wanted(row: object) -> Wanted:
    """One row of the update answer. Raises Invalid."""
    if not isinstance(row, dict):
        raise Invalid("an image that is not an object")
    digest = unhex(row.get("sha256"))
    length = number(row.get("length"), MOST_IMAGE_BYTES)
    if len(digest) != 32 or not length:
        raise Invalid("an image without digest or length")
    return Wanted(
        guid.to_bytes(text(row.get("component"))), guid.to_bytes(text(row.get("image"))), length, digest,
        text(row.get("name")), number(row.get("security_version"), 0xFFFF_FFFF),
    )  # fmt: skip


def text(value: object) -> str:
    """`value` if it is a string. Raises Invalid."""
    if not isinstance(value, str):
        raise Invalid("a value that is not a string")
    return value


def number(value: object, most: int) -> int:
    """`value` if it is an integer of 0 to `most`. Raises Invalid."""
    if type(value) is not int or not 0 <= value <= most:
        raise Invalid("a value that is not a number up to {}".format(most))
    return value


def unhex(value: object) -> bytes:
    """The bytes of a hexadecimal string. Raises Invalid."""
    try:
        return bytes.fromhex(text(value))
    except ValueError:
        raise Invalid("a value that is not hexadecimal")


def seconds(value: str | None) -> int | None:
    """The delay of a Retry-After header (RFC 9110, section 10.2.3), or None. A date is not understood."""
    if not value or len(value) > 9 or [1 for character in value if character not in "0123456789"]:
        return None
    return int(value)
