"""Images, deployments and blobs: only what was signed, only to whom it was deployed."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.service import deployments, images

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def signer(lab, kit):
    key = kit.new_key()
    body = {"public": kit.raw_public(key).hex(), "thumbprint": "07" * 20, "catalog": lab.catalog}
    lab.ok("POST", "/v1/keys", body)
    return key


def upload(lab, package):
    return lab.ask("POST", "/v1/images?catalog=" + lab.catalog, package)


def upload_refused(lab, package):
    return lab.refused("POST", "/v1/images?catalog=" + lab.catalog, package)


def test_a_signed_package_is_kept_as_it_came_and_twice_is_once(lab, kit, signer):
    data = kit.package(signer)
    first, again = upload(lab, data), upload(lab, data)
    assert (first.status, json.loads(first.body)) == (201, json.loads(again.body))
    assert lab.service.blobs.read(json.loads(first.body)["sha256"]) == data
    assert json.loads(first.body)["security_version"] == 2


def test_a_package_that_no_key_of_the_catalog_signed_is_refused(lab, kit, signer):
    assert upload_refused(lab, kit.package(kit.new_key())) == (403, "image-untrusted")
    lab.ok("DELETE", "/v1/keys/" + kit.raw_public(signer).hex())
    assert upload_refused(lab, kit.package(signer)) == (403, "image-untrusted")


def test_a_key_of_another_catalog_signs_nothing_here(lab, kit):
    other, key = lab.new_catalog("other"), kit.new_key()
    body = {"public": kit.raw_public(key).hex(), "thumbprint": "07" * 20, "catalog": other}
    lab.ok("POST", "/v1/keys", body)
    assert upload_refused(lab, kit.package(key)) == (403, "image-untrusted")


def test_a_package_no_device_would_take_is_refused(lab, kit, signer):
    assert upload_refused(lab, b"x" * 40) == (422, "image-malformed")
    for changes, error in (
        ({"image_type": 4}, "image-type"),
        ({"thumbprint": b"\x08" * 20}, "image-signer"),
        ({"temporary_flags": 2}, "image-temporary"),
        ({"temporary_flags": 1}, "image-temporary"),
        ({"metadata_component": b"\x01" * 16}, "image-component"),
        ({"body": b"not a file system"}, "image-malformed"),
    ):
        assert upload_refused(lab, kit.package(signer, **changes)) == (422, error)
    assert lab.ok("GET", "/v1/images")["images"] == []


def test_nothing_is_parsed_before_the_signature_is_checked(lab, kit, signer, monkeypatch):
    data = kit.package(kit.new_key())
    monkeypatch.setattr(images.image, "parse", lambda package: pytest.fail("parsed"))
    assert upload_refused(lab, data) == (403, "image-untrusted")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_no_bit_of_a_package_can_be_changed(lab, kit, signer, at, bit):
    data = bytearray(kit.package(signer))
    data[int(at * len(data))] ^= 1 << bit
    assert upload_refused(lab, bytes(data)) == (403, "image-untrusted")


def test_another_package_with_the_same_image_id_is_refused(lab, kit, signer):
    upload(lab, kit.package(signer))
    assert upload_refused(lab, kit.package(signer, name="Other")) == (409, "image-exists")


def test_a_device_gets_the_images_of_its_groups_last_deployment(lab, kit, signer):
    device = lab.claim(kit.Device())
    peer = lab.attest(device).leaf
    assert lab.ok("GET", "/v1/device/update", token="", peer=peer) == {"images": []}
    data = kit.package(signer)
    row = json.loads(upload(lab, data).body)
    lab.ok("POST", "/v1/deployments", {"group": lab.group, "images": [row["image"]]})
    wanted = lab.ok("GET", "/v1/device/update", token="", peer=peer)["images"]
    fields = ("component", "image", "length", "sha256", "name", "security_version")
    assert wanted == [{name: row[name] for name in fields}]
    lab.ok("POST", "/v1/deployments", {"group": lab.group, "images": []})
    assert lab.ok("GET", "/v1/device/update", token="", peer=peer) == {"images": []}
    blob = "/v1/device/blob/" + row["image"]
    assert lab.refused("GET", blob, token="", peer=peer) == (404, "image-unknown")


def test_deployments_refuse_what_cannot_be_installed_together(lab, kit, signer):
    component = "11111111-2222-3333-4444-555555555555"
    ids = []
    for number in (1, 2):
        image = "aaaaaaaa-0000-0000-0000-00000000000" + str(number)
        ids.append(json.loads(upload(lab, kit.package(signer, component, image)).body)["image"])
    body = {"group": lab.group, "images": ids}
    assert lab.refused("POST", "/v1/deployments", body) == (422, "deployment-ambiguous")
    assert lab.refused("POST", "/v1/deployments", {**body, "images": [NOBODY]}) == (404, "image-unknown")
    assert lab.refused("POST", "/v1/deployments", {**body, "images": [ids[0]] * 2}) == (
        422,
        "deployment-ambiguous",
    )
    lab.ok("POST", "/v1/deployments", {**body, "images": ids[:1]})
    query = "?catalog=" + lab.catalog
    assert lab.refused("DELETE", "/v1/images/" + ids[0] + query) == (409, "image-deployed")
    lab.ok("DELETE", "/v1/images/" + ids[1] + query)
    assert len(lab.ok("GET", "/v1/images")["images"]) == 1


def test_a_blob_stays_while_another_catalog_has_it(lab, kit, world):
    key = kit.new_key()
    data = kit.package(key, image_id="aaaaaaaa-0000-0000-0000-000000000009")
    for one in world:
        body = {"public": kit.raw_public(key).hex(), "thumbprint": "07" * 20}
        lab.ok("POST", "/v1/keys", body, token=one["token"])
        row = lab.ok("POST", "/v1/images", data, token=one["token"])
    lab.ok("DELETE", "/v1/images/" + row["image"], token=world[0]["token"])
    assert lab.service.blobs.read(row["sha256"]) == data
    lab.ok("DELETE", "/v1/images/" + row["image"], token=world[1]["token"])
    with pytest.raises(KeyError):
        lab.service.blobs.read(row["sha256"])


@pytest.mark.parametrize(
    ("text", "status", "part"),
    [
        ("bytes=0-0", 206, (0, 1)),
        ("bytes=10-19", 206, (10, 20)),
        ("bytes=4000-", 206, (4000, None)),
        ("bytes=0-999999", 206, (0, None)),
        ("bytes=-5", 206, (-5, None)),
        ("bytes=-999999", 206, (0, None)),
        ("bytes=999999-", 416, None),
        ("bytes=-0", 416, None),
        ("bytes=9-3", 200, (0, None)),
        ("bytes=0-1,4-5", 200, (0, None)),
        ("lines=0-1", 200, (0, None)),
        ("", 200, (0, None)),
    ],
)
def test_a_blob_is_read_in_ranges(lab, world, kit, text, status, part):
    path = "/v1/device/blob/" + world[0]["image"]
    whole = lab.ask("GET", path, token="", peer=world[0]["peer"]).body
    response = lab.ask("GET", path, token="", peer=world[0]["peer"], range=text)
    assert response.status == status
    if part is None:
        assert dict(response.headers)["content-range"] == "bytes */" + str(len(whole))
    else:
        assert response.body == whole[part[0] : part[1]]
    if status == 206:
        first = part[0] % len(whole)
        expected = "bytes {}-{}/{}".format(first, first + len(response.body) - 1, len(whole))
        assert dict(response.headers)["content-range"] == expected


def test_deployments_are_listed_the_latest_first(lab, world):
    group = world[0]["group"]
    lab.ok("POST", "/v1/deployments", {"group": group, "images": []})
    rows = lab.ok("GET", "/v1/deployments?group=" + group)["deployments"]
    assert [row["images"] for row in rows] == [[], [world[0]["image"]]]
    assert deployments.wanted(lab.service, world[0]["device"]) == []
