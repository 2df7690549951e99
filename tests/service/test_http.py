"""The door: heads, paths, queries and bodies from anybody."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.service import images
from armillary.service.http import Head, Request
from armillary.service.refusals import Unauthenticated
from armillary.service.routes import ROUTES

NOBODY = "00000000-0000-4000-8000-000000000000"


def test_paths_and_methods_that_are_not_there(lab):
    for path in (
        "/",
        "/v1",
        "/v1/devices/",
        "/v1/devices/../health",
        "/v1/%68ealth",
        "//v1/health",
        "/v1/health/",
        "*",
        "",
    ):
        assert lab.refused("GET", path) == (404, "path-unknown")
    response = lab.ask("PUT", "/v1/devices")
    assert response.status == 405
    assert dict(response.headers)["allow"] == "POST, GET"


@pytest.mark.parametrize(
    "part",
    [
        "..",
        "%2e%2e%2froot.key",
        "' OR 1=1 --",
        "A" * 36,
        NOBODY.upper() + "A",
        NOBODY + "/",
        NOBODY + "\n",
        "\0" * 36,
    ],
)
def test_an_id_in_a_path_is_an_id_or_nothing(lab, world, part):
    path = "/v1/device/blob/" + part
    assert lab.refused("GET", path, token="", peer=world[0]["peer"]) == (404, "path-unknown")
    assert lab.refused("GET", "/v1/devices/" + part)[0] == 404


@pytest.mark.parametrize(
    "text", ["' OR '1'='1", "x'; DROP TABLE devices; --", "../../etc/passwd", "\u202e", "a" * 64]
)
def test_hostile_names_are_only_names(lab, text):
    made = lab.ok("POST", "/v1/catalogs", {"name": text})
    assert [row["name"] for row in lab.ok("GET", "/v1/catalogs")["catalogs"] if row["id"] == made["id"]] == [
        text
    ]
    assert lab.ok("GET", "/v1/reports?kind=x%27%20OR%201")["reports"] == []


def test_bodies_must_be_json_of_the_right_type_and_shape(lab):
    ask = ("POST", "/v1/catalogs")
    assert lab.refused(*ask, b'{"name": "x"}') == (415, "type-unsupported")
    for raw, answer in (
        (b"", (400, "body-malformed")),
        (b"{", (400, "body-malformed")),
        (b"\xff", (400, "body-malformed")),
        (b"[" * 60_000, (422, "body-invalid")),
        (b"[]", (422, "body-invalid")),
        (b"{}", (422, "body-invalid")),
        (b'{"name": 1}', (422, "body-invalid")),
        (b'{"name": ""}', (422, "body-invalid")),
        (b'{"name": "a\\u0000"}', (422, "body-invalid")),
        (b'{"name": "' + b"x" * 65 + b'"}', (422, "body-invalid")),
        (b'{"name": "x", "admin": true}', (422, "body-invalid")),
        (b'{"name": "x"} ' + b" " * 65_536, (413, "body-large")),
    ):
        assert lab.refused(*ask, raw, content_type="application/json") == answer
    assert len(lab.ok("GET", "/v1/catalogs")["catalogs"]) == 1


def test_a_length_in_the_head_is_judged_before_the_body_comes(lab):
    for length, answer in (
        ("65537", (413, "body-large")),
        ("-1", (400, "length-malformed")),
        ("1" * 19, (400, "length-malformed")),
    ):
        assert lab.refused("POST", "/v1/catalogs", {"name": "x"}, content_length=length) == answer


def test_a_stranger_cannot_have_his_body_gathered(lab):
    length = str(images.MOST_BYTES)
    head = Head("POST", "/v1/images", {"content-type": "application/octet-stream", "content-length": length})
    with pytest.raises(Unauthenticated, match="token-missing"):
        lab.door.admit(head)


def test_a_query_has_only_known_names_once(lab):
    for query in (
        "x=1",
        "device",
        "device=a&device=b",
        "limit=0",
        "limit=-1",
        "before=x",
        "limit=\u0661",
        "&",
        "device=%ff",
    ):
        assert lab.refused("GET", "/v1/reports?" + query)[0] == 400


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT"]),
    route=st.sampled_from([route.pattern for route in ROUTES]),
    part=st.text(max_size=20) | st.sampled_from([NOBODY, "0" * 128]),
    body=st.binary(max_size=64)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["name", "device", "group", "images", "reports", "catalog"]), inner
            )
        ),
        max_leaves=6,
    ).map(lambda value: json.dumps(value).encode()),
    header=st.dictionaries(
        st.sampled_from(["range", "content-length", "authorization"]), st.text(max_size=12)
    ),
)
def test_no_request_makes_it_raise(lab, method, route, part, body, header):
    for name in ("{guid}", "{device}", "{token}", "{name}"):
        route = route.replace(name, part)
    for kind in ("application/json", "application/octet-stream"):
        head = {"authorization": "Bearer " + lab.admin, "content-type": kind, **header}
        response = lab.door.handle(Request(Head(method, route, head), body))
        assert response.status < 500
        if response.status >= 400:
            assert set(json.loads(response.body)) == {"error", "reason", "remedy"}
