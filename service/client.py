"""The operators' client: one method per call of the service, over the standard library alone."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any  # what the service answers is JSON
from urllib.parse import urlencode

Row = dict[str, Any]
JSON, BINARY = "application/json", "application/octet-stream"
MOST_ANSWER = 64 * 1024 * 1024


class ServiceError(Exception):
    """The service refused. `status` is HTTP's; `error` is a slug; `remedy` says what would help."""

    def __init__(self, status: int, error: str, reason: str, remedy: str) -> None:
        super().__init__(error + ": " + reason + ("; to allow it: " + remedy if remedy else ""))
        self.status = status
        self.error = error
        self.reason = reason
        self.remedy = remedy


class OperatorClient:
    """A connection to a service for the bearer of `token`. Use in a `with` block, or close it.

    Raises ServiceError for a refusal, OSError (which ssl.SSLError is) if the service is not reached
    or is not who it should be.
    """

    def __init__(
        self, host: str, port: int, token: str, context: ssl.SSLContext, timeout_s: float = 30
    ) -> None:
        """`context` trusts the service's root: `tls.client_context(root_pem)`."""
        self._connection = http.client.HTTPSConnection(host, port, timeout=timeout_s, context=context)
        self._token = token

    def __enter__(self) -> OperatorClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()

    def health(self) -> Row:
        return self._ask("GET", "/v1/health")

    def create_catalog(self, name: str) -> Row:
        return self._ask("POST", "/v1/catalogs", {"name": name})

    def catalogs(self) -> list[Row]:
        return self._list("catalogs")

    def catalog_chain(self, catalog: str) -> str:
        """PEM of the catalog's authority, those above it, and the root."""
        return str(self._ask("GET", "/v1/catalogs/" + catalog + "/chain")["chain"])

    def create_token(self, name: str, catalog: str | None = None) -> Row:
        return self._ask("POST", "/v1/tokens", _given(name=name, catalog=catalog))

    def tokens(self) -> list[Row]:
        return self._list("tokens")

    def revoke_token(self, token: str) -> None:
        self._ask("DELETE", "/v1/tokens/" + token)

    def create_tenant(self, tenant: str | None = None, catalog: str | None = None) -> Row:
        return self._ask("POST", "/v1/tenants", _given(tenant=tenant, catalog=catalog))

    def tenants(self) -> list[Row]:
        return self._list("tenants")

    def create_product(self, name: str, catalog: str | None = None) -> Row:
        return self._ask("POST", "/v1/products", _given(name=name, catalog=catalog))

    def products(self) -> list[Row]:
        return self._list("products")

    def create_group(self, name: str, product: str, development: bool = False) -> Row:
        return self._ask("POST", "/v1/groups", {"name": name, "product": product, "development": development})

    def groups(self) -> list[Row]:
        return self._list("groups")

    def claim(self, device: str, group: str) -> Row:
        return self._ask("POST", "/v1/devices", {"device": device, "group": group})

    def devices(self, group: str | None = None) -> list[Row]:
        return self._list("devices", group=group)

    def device(self, device: str) -> Row:
        return self._ask("GET", "/v1/devices/" + device)

    def change_device(self, device: str, group: str | None = None, state: str | None = None) -> Row:
        """Move a device to another group, or make it "active" or "revoked"."""
        return self._ask("PATCH", "/v1/devices/" + device, _given(group=group, state=state))

    def unclaim(self, device: str) -> None:
        self._ask("DELETE", "/v1/devices/" + device)

    def add_key(self, public: str, thumbprint: str, catalog: str | None = None) -> Row:
        return self._ask("POST", "/v1/keys", _given(public=public, thumbprint=thumbprint, catalog=catalog))

    def keys(self) -> list[Row]:
        return self._list("keys")

    def remove_key(self, public: str) -> None:
        self._ask("DELETE", "/v1/keys/" + public)

    def upload(self, package: bytes, catalog: str | None = None) -> Row:
        """Upload an application package; the answer's `image` is its id."""
        return self._ask("POST", "/v1/images" + _query(catalog=catalog), package)

    def images(self) -> list[Row]:
        return self._list("images")

    def remove_image(self, image: str, catalog: str | None = None) -> None:
        self._ask("DELETE", "/v1/images/" + image + _query(catalog=catalog))

    def deploy(self, group: str, images: Sequence[str]) -> Row:
        return self._ask("POST", "/v1/deployments", {"group": group, "images": list(images)})

    def deployments(self, group: str | None = None) -> list[Row]:
        return self._list("deployments", group=group)

    def create_release(self, name: str, components: Sequence[Mapping[str, int | str]]) -> Row:
        """`components` are {"type", "sha256", "version"} each."""
        return self._ask(
            "POST", "/v1/releases", {"name": name, "components": [dict(part) for part in components]}
        )

    def releases(self) -> list[Row]:
        return self._list("releases")

    def withdraw_release(self, name: str, withdrawn: bool = True) -> Row:
        return self._ask("PATCH", "/v1/releases/" + name, {"withdrawn": withdrawn})

    def remove_release(self, name: str) -> None:
        self._ask("DELETE", "/v1/releases/" + name)

    def reports(
        self,
        device: str | None = None,
        kind: str | None = None,
        before: int | None = None,
        limit: int | None = None,
    ) -> Row:
        """{"reports": the latest first, "next": the `before` of the next page, or None}."""
        return self._ask("GET", "/v1/reports" + _query(device=device, kind=kind, before=before, limit=limit))

    def certificates(self, device: str) -> list[Row]:
        """The device's certificates that have not ended, newest first; tenant "" is its own."""
        rows: list[Row] = self._ask("GET", "/v1/devices/" + device + "/certificates")["certificates"]
        return rows

    def verdicts(self, device: str | None = None) -> list[Row]:
        return self._list("verdicts", device=device)

    def _list(self, name: str, **query: str | None) -> list[Row]:
        rows: list[Row] = self._ask("GET", "/v1/" + name + _query(**query))[name]
        return rows

    def _ask(self, method: str, path: str, body: Mapping[str, object] | bytes | None = None) -> Row:
        headers = {"Authorization": "Bearer " + self._token}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = BINARY if isinstance(body, bytes) else JSON
        try:
            self._connection.request(method, path, data, headers)
            response = self._connection.getresponse()
            answer = response.read(MOST_ANSWER)
        except BaseException:
            self._connection.close()  # what is left of this exchange must not meet the next one
            raise
        if response.status >= 300:
            raise _refused(response.status, answer)
        return json.loads(answer) if answer else {}


def _given(**values: str | None) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _query(**values: str | int | None) -> str:
    given = {name: value for name, value in values.items() if value is not None}
    return "?" + urlencode(given) if given else ""


def _refused(status: int, answer: bytes) -> ServiceError:
    try:
        why = json.loads(answer)
        return ServiceError(status, str(why["error"]), str(why["reason"]), str(why["remedy"]))
    except (ValueError, KeyError, TypeError):
        return ServiceError(status, "http-" + str(status), "the service said no more", "")
