"""The wall between catalogs: what one operator sees and does never reaches another's.

Every route of operators is either a list, or in ACTS, or the administrator's.
"""

import json

import pytest

from armillary.service import catalogs, devices
from armillary.service.routes import ROUTES

NOBODY = "00000000-0000-4000-8000-000000000000"


LISTS = [
    "catalogs",
    "tokens",
    "tenants",
    "products",
    "groups",
    "devices",
    "keys",
    "images",
    "deployments",
    "reports",
    "verdicts",
]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_shows_only_the_callers_catalog(lab, world, name):
    first, other = world
    field = "id" if name == "catalogs" else "catalog"
    for mine in world:
        rows = lab.ok("GET", "/v1/" + name, token=mine["token"])[name]
        assert rows and {row[field] for row in rows} == {mine["catalog"]}
    everything = lab.ok("GET", "/v1/" + name)[name]
    assert {row[field] for row in everything} >= {first["catalog"], other["catalog"]}


ACTS = [
    ("GET", "/v1/catalogs/{catalog}/chain", None),
    ("POST", "/v1/tokens", {"name": "x", "catalog": "{catalog}"}),
    ("DELETE", "/v1/tokens/{token_id}", None),
    ("POST", "/v1/tenants", {"catalog": "{catalog}"}),
    ("POST", "/v1/products", {"name": "x", "catalog": "{catalog}"}),
    ("POST", "/v1/groups", {"name": "x", "product": "{product}"}),
    ("POST", "/v1/devices", {"device": "{stranger}", "group": "{group}"}),
    ("GET", "/v1/devices/{device}", None),
    ("PATCH", "/v1/devices/{device}", {"state": "revoked"}),
    ("DELETE", "/v1/devices/{device}", None),
    ("POST", "/v1/keys", {"public": "{stranger}", "thumbprint": "00" * 20, "catalog": "{catalog}"}),
    ("DELETE", "/v1/keys/{public}", None),
    ("POST", "/v1/images?catalog={catalog}", b"package"),
    ("DELETE", "/v1/images/{image}?catalog={catalog}", None),
    ("POST", "/v1/deployments", {"group": "{group}", "images": []}),
]
# What a catalog's token may do only within its own catalog is above or is a list; the rest is not a
# catalog's at all.
ADMINISTRATORS = [
    ("POST", "/v1/catalogs", {"name": "x"}),
    ("POST", "/v1/releases", {"name": "x", "components": [{"type": 1, "sha256": "00" * 32, "version": 0}]}),
    ("PATCH", "/v1/releases/one", {"withdrawn": True}),
    ("DELETE", "/v1/releases/one", None),
    ("POST", "/v1/tenants", {"tenant": NOBODY}),
]


def fill_in(template, names):
    if isinstance(template, bytes) or template is None:
        return template
    text = template if isinstance(template, str) else json.dumps(template)
    for name, value in names.items():
        if isinstance(value, str):
            text = text.replace("{" + name + "}", value)
    return text if isinstance(template, str) else json.loads(text)


@pytest.mark.parametrize(("method", "path", "body"), ACTS, ids=lambda value: str(value)[:40])
def test_what_belongs_to_another_catalog_does_not_exist(lab, world, kit, method, path, body):
    mine, theirs = world
    names = {**theirs, "stranger": kit.Device().id}
    before = snapshot(lab)
    status, error = lab.refused(method, fill_in(path, names), fill_in(body, names), token=mine["token"])
    assert status == 404 and error.endswith("-unknown")
    assert snapshot(lab) == before


@pytest.mark.parametrize(("method", "path", "body"), ADMINISTRATORS, ids=lambda value: str(value)[:40])
def test_what_is_the_services_needs_the_administrator(lab, world, method, path, body):
    before = snapshot(lab)
    assert lab.refused(method, path, body, token=world[0]["token"]) == (403, "administrator-only")
    assert snapshot(lab) == before


def snapshot(lab):
    return {name: lab.ok("GET", "/v1/" + name)[name] for name in [*LISTS, "releases"]}


def test_every_route_of_operators_is_in_one_of_the_tables():
    covered = {("GET", "/v1/" + name) for name in [*LISTS, "releases"]}
    table = [(method, path.partition("?")[0].split("/")[:3]) for method, path, _ in ACTS + ADMINISTRATORS]
    for route in ROUTES:
        if route.who == "operator":
            known = (route.method, route.pattern) in covered
            assert known or (route.method, route.pattern.split("/")[:3]) in table, route


@pytest.mark.parametrize(
    "route", [one for one in ROUTES if one.who == "operator"], ids=lambda one: one.method + one.pattern
)
def test_every_route_of_operators_needs_a_token(lab, route):
    path = route.pattern
    for name, value in (("{guid}", NOBODY), ("{device}", "0" * 128), ("{token}", "0" * 16), ("{name}", "x")):
        path = path.replace(name, value)
    for authorization in (
        "",
        "Bearer",
        "Bearer x",
        "Basic YTpi",
        "Bearer " + lab.admin + "x",
        "bearer  " + lab.admin[:-1],
    ):
        response = lab.ask(route.method, path, token="", authorization=authorization)
        assert response.status == 401
        assert dict(response.headers)["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "route", [one for one in ROUTES if one.who == "device"], ids=lambda one: one.method + one.pattern
)
def test_every_route_of_devices_needs_a_certificate_whatever_the_token(lab, route):
    path = route.pattern.replace("{guid}", NOBODY)
    assert lab.refused(route.method, path) == (403, "certificate-missing")


def test_without_the_wall_one_catalog_would_see_another(lab, world, monkeypatch):
    mine, theirs = world
    path = "/v1/devices/" + theirs["device"]
    assert lab.refused("GET", path, token=mine["token"]) == (404, "device-unknown")
    monkeypatch.setattr(devices, "within", lambda table, operator: catalogs.true())
    assert lab.ok("GET", path, token=mine["token"])["catalog"] == theirs["catalog"]


def test_a_device_cannot_be_moved_into_another_catalog_even_by_the_administrator(lab, world):
    first, other = world
    answer = lab.refused("PATCH", "/v1/devices/" + first["device"], {"group": other["group"]})
    assert answer == (404, "group-unknown")


def test_a_new_owner_sees_nothing_of_the_former_one(lab, world):
    former, new = world
    lab.ok("DELETE", "/v1/devices/" + former["device"], token=former["token"])
    lab.ok("POST", "/v1/devices", {"device": former["device"], "group": new["group"]}, token=new["token"])
    shown = lab.ok("GET", "/v1/devices/" + former["device"], token=new["token"])
    assert (shown["attestation"], shown["reports"], shown["certificate_not_after"]) == (None, 0, None)
    query = "?device=" + former["device"]
    assert lab.ok("GET", "/v1/reports" + query, token=new["token"])["reports"] == []
    assert len(lab.ok("GET", "/v1/reports" + query, token=former["token"])["reports"]) == 1
