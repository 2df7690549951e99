"""The routes: which rule each path and method calls, for whom, and what it answers."""

from __future__ import annotations

import base64
import binascii
import re
from typing import cast

from . import attestation, catalogs, deployments, devices, images, models, releases, reports, tokens
from .core import Operator, Service
from .database import GROUPS, KEYS, PRODUCTS, TENANTS
from .http import BINARY, Call, Door, Response, Route, json_response
from .refusals import Malformed, OutOfRange

RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})|bytes=-(\d{1,18})")
NO_CONTENT = Response(204, b"")


def make_door(service: Service) -> Door:
    """The HTTP interface of a service."""
    return Door(service, ROUTES)


def _operator(call: Call) -> Operator:
    assert call.operator is not None  # the route says who="operator"
    return call.operator


def _health(service: Service, call: Call) -> Response:
    with service.database.read() as tx:
        tx.exec_driver_sql("SELECT 1")
    return json_response({"status": "well", "time": service.now()})


# What devices ask.


def _nonce(service: Service, call: Call) -> Response:
    body = cast(models.NonceBody, call.body)
    return json_response({"nonce": attestation.make_nonce(service, body.device).hex()})


def _attest(service: Service, call: Call) -> Response:
    body = cast(models.AttestBody, call.body)
    try:
        data = base64.b64decode(body.evidence, validate=True)
    except binascii.Error:
        raise Malformed("evidence-malformed", "the evidence is not base64") from None
    issued = attestation.attest(service, data)
    chains = {tenant: leaf.chain for tenant, leaf in issued.tenants.items()}
    return json_response(
        {"certificate": issued.own.chain, "tenants": chains, "not_after": issued.own.not_after}
    )


def _update(service: Service, call: Call) -> Response:
    return json_response({"images": deployments.wanted(service, call.device)})


def _blob(service: Service, call: Call) -> Response:
    name, length = deployments.blob_of(service, call.device, call.path[0])
    headers = [("content-type", BINARY), ("accept-ranges", "bytes"), ("etag", '"' + name + '"')]
    part = _range(call.headers.get("range", ""), length)
    if part is None:
        return Response(200, service.blobs.read(name), tuple(headers))
    first, last = part
    headers.append(("content-range", "bytes {}-{}/{}".format(first, last, length)))
    return Response(206, service.blobs.read(name, first, last - first + 1), tuple(headers))


def _range(text: str, length: int) -> tuple[int, int] | None:
    """(first, last) of a range of one part; None if the whole is to be sent (RFC 9110, section 14.2:
    a range that cannot be read is ignored). Raises OutOfRange."""
    found = RANGE.fullmatch(text)
    if found is None:
        return None
    start, end, suffix = found.groups()
    first = max(length - int(suffix), 0) if suffix else int(start)
    last = min(int(end), length - 1) if end else length - 1
    if end and int(end) < first:
        return None
    if first >= length or suffix == "0":
        raise OutOfRange(length)
    return first, last


def _report(service: Service, call: Call) -> Response:
    body = cast(models.ReportsBody, call.body)
    rows = [(one.kind, one.time, one.component, one.detail, one.id) for one in body.reports]
    return json_response({"accepted": reports.accept(service, call.device, rows)})


# What operators ask.


def _create_catalog(service: Service, call: Call) -> Response:
    body = cast(models.CatalogBody, call.body)
    return json_response(catalogs.create_catalog(service, _operator(call), body.name), 201)


def _list_catalogs(service: Service, call: Call) -> Response:
    return json_response({"catalogs": catalogs.list_catalogs(service, _operator(call))})


def _catalog_chain(service: Service, call: Call) -> Response:
    return json_response(catalogs.catalog_chain(service, _operator(call), call.path[0]))


def _create_token(service: Service, call: Call) -> Response:
    body = cast(models.TokenBody, call.body)
    return json_response(tokens.create(service, _operator(call), body.catalog, body.name), 201)


def _list_tokens(service: Service, call: Call) -> Response:
    return json_response({"tokens": tokens.list_all(service, _operator(call))})


def _revoke_token(service: Service, call: Call) -> Response:
    tokens.revoke(service, _operator(call), call.path[0])
    return NO_CONTENT


def _create_tenant(service: Service, call: Call) -> Response:
    body = cast(models.TenantBody, call.body)
    return json_response(catalogs.create_tenant(service, _operator(call), body.tenant, body.catalog), 201)


def _list_tenants(service: Service, call: Call) -> Response:
    return json_response({"tenants": catalogs.rows(service, TENANTS, _operator(call))})


def _create_product(service: Service, call: Call) -> Response:
    body = cast(models.ProductBody, call.body)
    return json_response(catalogs.create_product(service, _operator(call), body.name, body.catalog), 201)


def _list_products(service: Service, call: Call) -> Response:
    return json_response({"products": catalogs.rows(service, PRODUCTS, _operator(call))})


def _create_group(service: Service, call: Call) -> Response:
    body = cast(models.GroupBody, call.body)
    row = catalogs.create_group(service, _operator(call), body.name, body.product, body.development)
    return json_response(row, 201)


def _list_groups(service: Service, call: Call) -> Response:
    return json_response({"groups": catalogs.rows(service, GROUPS, _operator(call))})


def _claim(service: Service, call: Call) -> Response:
    body = cast(models.ClaimBody, call.body)
    return json_response(devices.claim(service, _operator(call), body.device, body.group), 201)


def _list_devices(service: Service, call: Call) -> Response:
    return json_response({"devices": devices.list_all(service, _operator(call), call.query.get("group"))})


def _show_device(service: Service, call: Call) -> Response:
    return json_response(devices.show(service, _operator(call), call.path[0]))


def _list_certificates(service: Service, call: Call) -> Response:
    return json_response({"certificates": devices.certificates_of(service, _operator(call), call.path[0])})


def _change_device(service: Service, call: Call) -> Response:
    body = cast(models.ChangeBody, call.body)
    return json_response(devices.change(service, _operator(call), call.path[0], body.group, body.state))


def _unclaim(service: Service, call: Call) -> Response:
    devices.unclaim(service, _operator(call), call.path[0])
    return NO_CONTENT


def _add_key(service: Service, call: Call) -> Response:
    body = cast(models.KeyBody, call.body)
    row = catalogs.add_key(service, _operator(call), body.public, body.thumbprint, body.catalog)
    return json_response(row, 201)


def _list_keys(service: Service, call: Call) -> Response:
    return json_response({"keys": catalogs.rows(service, KEYS, _operator(call))})


def _remove_key(service: Service, call: Call) -> Response:
    catalogs.remove_key(service, _operator(call), call.path[0])
    return NO_CONTENT


def _upload(service: Service, call: Call) -> Response:
    row = images.upload(service, _operator(call), cast(bytes, call.body), call.query.get("catalog"))
    return json_response(row, 201)


def _list_images(service: Service, call: Call) -> Response:
    return json_response({"images": images.list_all(service, _operator(call))})


def _remove_image(service: Service, call: Call) -> Response:
    images.remove(service, _operator(call), call.path[0], call.query.get("catalog"))
    return NO_CONTENT


def _deploy(service: Service, call: Call) -> Response:
    body = cast(models.DeploymentBody, call.body)
    return json_response(deployments.create(service, _operator(call), body.group, body.images), 201)


def _list_deployments(service: Service, call: Call) -> Response:
    return json_response(
        {"deployments": deployments.list_all(service, _operator(call), call.query.get("group"))}
    )


def _create_release(service: Service, call: Call) -> Response:
    body = cast(models.ReleaseBody, call.body)
    parts = [(part.type, part.sha256, part.version) for part in body.components]
    return json_response(releases.create(service, _operator(call), body.name, parts), 201)


def _list_releases(service: Service, call: Call) -> Response:
    return json_response({"releases": releases.list_all(service, _operator(call))})


def _withdraw_release(service: Service, call: Call) -> Response:
    body = cast(models.WithdrawBody, call.body)
    return json_response(releases.withdraw(service, _operator(call), call.path[0], body.withdrawn))


def _remove_release(service: Service, call: Call) -> Response:
    releases.remove(service, _operator(call), call.path[0])
    return NO_CONTENT


def _list_reports(service: Service, call: Call) -> Response:
    query = call.query
    before = _number(query["before"]) if "before" in query else None
    limit = _number(query.get("limit", "100"))
    found = reports.list_all(service, _operator(call), query.get("device"), query.get("kind"), before, limit)
    return json_response(found)


def _list_verdicts(service: Service, call: Call) -> Response:
    return json_response({"verdicts": devices.verdicts(service, _operator(call), call.query.get("device"))})


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15 and int(text) > 0):
        raise Malformed("query-malformed", "not a positive number: " + text[:32])
    return int(text)


ROUTES = (
    Route("GET", "/v1/health", "anyone", _health),
    Route("POST", "/v1/device/nonce", "anyone", _nonce, models.NonceBody, limit=1024),
    Route("POST", "/v1/device/attest", "anyone", _attest, models.AttestBody, limit=12 * 1024),
    Route("GET", "/v1/device/update", "device", _update),
    Route("GET", "/v1/device/blob/{guid}", "device", _blob),
    Route("POST", "/v1/device/reports", "device", _report, models.ReportsBody, limit=256 * 1024),
    Route("POST", "/v1/catalogs", "operator", _create_catalog, models.CatalogBody),
    Route("GET", "/v1/catalogs", "operator", _list_catalogs),
    Route("GET", "/v1/catalogs/{guid}/chain", "operator", _catalog_chain),
    Route("POST", "/v1/tokens", "operator", _create_token, models.TokenBody),
    Route("GET", "/v1/tokens", "operator", _list_tokens),
    Route("DELETE", "/v1/tokens/{token}", "operator", _revoke_token),
    Route("POST", "/v1/tenants", "operator", _create_tenant, models.TenantBody),
    Route("GET", "/v1/tenants", "operator", _list_tenants),
    Route("POST", "/v1/products", "operator", _create_product, models.ProductBody),
    Route("GET", "/v1/products", "operator", _list_products),
    Route("POST", "/v1/groups", "operator", _create_group, models.GroupBody),
    Route("GET", "/v1/groups", "operator", _list_groups),
    Route("POST", "/v1/devices", "operator", _claim, models.ClaimBody),
    Route("GET", "/v1/devices", "operator", _list_devices, query=("group",)),
    Route("GET", "/v1/devices/{device}", "operator", _show_device),
    Route("GET", "/v1/devices/{device}/certificates", "operator", _list_certificates),
    Route("PATCH", "/v1/devices/{device}", "operator", _change_device, models.ChangeBody),
    Route("DELETE", "/v1/devices/{device}", "operator", _unclaim),
    Route("POST", "/v1/keys", "operator", _add_key, models.KeyBody),
    Route("GET", "/v1/keys", "operator", _list_keys),
    Route("DELETE", "/v1/keys/{device}", "operator", _remove_key),
    Route("POST", "/v1/images", "operator", _upload, bytes, ("catalog",), images.MOST_BYTES),
    Route("GET", "/v1/images", "operator", _list_images),
    Route("DELETE", "/v1/images/{guid}", "operator", _remove_image, query=("catalog",)),
    Route("POST", "/v1/deployments", "operator", _deploy, models.DeploymentBody),
    Route("GET", "/v1/deployments", "operator", _list_deployments, query=("group",)),
    Route("POST", "/v1/releases", "operator", _create_release, models.ReleaseBody),
    Route("GET", "/v1/releases", "operator", _list_releases),
    Route("PATCH", "/v1/releases/{name}", "operator", _withdraw_release, models.WithdrawBody),
    Route("DELETE", "/v1/releases/{name}", "operator", _remove_release),
    Route("GET", "/v1/reports", "operator", _list_reports, query=("device", "kind", "before", "limit")),
    Route("GET", "/v1/verdicts", "operator", _list_verdicts, query=("device",)),
)
