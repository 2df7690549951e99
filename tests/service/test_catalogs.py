"""Tokens, catalogs and what is in them: what can be made, and what cannot be there twice."""

import pytest

from armillary.service import catalogs

NOBODY = "00000000-0000-4000-8000-000000000000"


def test_a_revoked_token_opens_nothing(lab):
    made = lab.ok("POST", "/v1/tokens", {"name": "short"})
    assert lab.ok("GET", "/v1/catalogs", token=made["token"])
    lab.ok("DELETE", "/v1/tokens/" + made["id"])
    assert lab.refused("GET", "/v1/catalogs", token=made["token"]) == (401, "token-unknown")


def test_a_token_is_nowhere_in_the_folder_but_in_its_file(lab):
    token = lab.new_token(lab.catalog)
    for path in lab.path.rglob("*"):
        if path.is_file():
            assert token.encode() not in path.read_bytes()
            assert (lab.admin.encode() in path.read_bytes()) == (path.name == "operator.token")


def test_a_catalogs_token_makes_tokens_of_its_catalog_only(lab):
    token = lab.new_token(lab.catalog)
    made = lab.ok("POST", "/v1/tokens", {"name": "second"}, token=token)
    assert made["catalog"] == lab.catalog
    assert lab.refused("POST", "/v1/catalogs", {"name": "x"}, token=made["token"]) == (
        403,
        "administrator-only",
    )


def test_names_and_devices_and_tenants_are_there_once(lab, kit):
    device = lab.claim(kit.Device())
    claim = {"device": device.id, "group": lab.group}
    assert lab.refused("POST", "/v1/devices", claim) == (409, "device-claimed")
    assert lab.refused("POST", "/v1/catalogs", {"name": "first"}) == (409, "catalog-exists")
    tenant = {"tenant": lab.catalog, "catalog": lab.catalog}
    assert lab.refused("POST", "/v1/tenants", tenant) == (409, "tenant-exists")
    product = {"name": "product field", "catalog": lab.catalog}
    assert lab.refused("POST", "/v1/products", product) == (409, "product-exists")
    group = {"name": "field", "product": lab.ok("GET", "/v1/products")["products"][0]["id"]}
    assert lab.refused("POST", "/v1/groups", group) == (409, "group-exists")
    release = {"name": "one", "components": [{"type": 1, "sha256": "00" * 32, "version": 0}]}
    assert lab.refused("POST", "/v1/releases", release) == (409, "release-exists")
    key = {"public": device.id, "thumbprint": "00" * 20, "catalog": lab.catalog}
    assert lab.ok("POST", "/v1/keys", key)
    assert lab.refused("POST", "/v1/keys", key) == (409, "key-exists")


def test_a_claim_needs_a_point_of_the_curve_and_a_group_that_exists(lab, kit):
    assert lab.refused("POST", "/v1/devices", {"device": "11" * 64, "group": lab.group}) == (
        422,
        "device-invalid",
    )
    claim = {"device": kit.Device().id, "group": NOBODY}
    assert lab.refused("POST", "/v1/devices", claim) == (404, "group-unknown")


def test_the_administrator_says_which_catalog(lab):
    assert lab.refused("POST", "/v1/products", {"name": "x"}) == (404, "catalog-missing")
    assert lab.refused("POST", "/v1/products", {"name": "x", "catalog": NOBODY}) == (404, "catalog-unknown")


@pytest.mark.parametrize("state", ["quarantined", "gone", ""])
def test_an_operator_cannot_make_up_states(lab, kit, state):
    device = lab.claim(kit.Device())
    assert lab.refused("PATCH", "/v1/devices/" + device.id, {"state": state}) == (422, "body-invalid")


def test_a_catalog_has_at_most_sixteen_keys(lab, kit):
    for _ in range(catalogs.MOST_KEYS):
        public = kit.raw_public(kit.new_key()).hex()
        lab.ok("POST", "/v1/keys", {"public": public, "thumbprint": "00" * 20, "catalog": lab.catalog})
    public = kit.raw_public(kit.new_key()).hex()
    key = {"public": public, "thumbprint": "00" * 20, "catalog": lab.catalog}
    assert lab.refused("POST", "/v1/keys", key) == (429, "keys-full")
