"""The service and what it keeps: made, run, filled, asked, refused."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from armillary.cli import link
from armillary.cli.base import Problem
from armillary.cli.fleet import find, find_image

ASKING = [
    ("catalog", "list"), ("product", "list"), ("group", "list"), ("deployment", "list"), ("release", "list"), ("report", "list"),
    ("image", "list"), ("token", "list"), ("catalog", "create", "x"), ("product", "create", "x"), ("group", "create", "x"),
    ("deployment", "create", "--empty"), ("token", "create", "x", "--administrator"), ("token", "revoke", "x"), ("image", "delete", "x"),
    ("service", "seed"),
]  # fmt: skip


@pytest.mark.parametrize("words", ASKING)
def test_without_a_service_the_way_to_one_is_told(armillary, words):
    assert "armillary service init" in armillary.refused(*words)


@pytest.mark.parametrize("words", ASKING)
def test_a_service_that_does_not_run_is_told_apart(empty_service, words):
    assert "armillary service run" in empty_service.refused(*words)


def test_init_makes_a_service_for_its_owner_alone_and_only_once(armillary):
    made = armillary.json("service", "init", "--host", "lab.example")
    assert os.stat(made["token"]).st_mode & 0o077 == 0
    token = Path(made["token"]).read_text().strip()
    assert "is not empty" in armillary.refused("service", "init")
    assert Path(made["token"]).read_text().strip() == token
    assert token not in armillary.good("service", "show") + armillary.good("service", "show", "--output", "json")


def test_run_refuses_a_service_that_is_not_there(armillary):
    assert "armillary service init" in armillary.refused("service", "run")


def test_run_refuses_a_service_that_runs(workshop):
    assert "runs already" in workshop.refused("service", "run")


def test_run_refuses_a_service_whose_secrets_others_can_read(empty_service):
    (empty_service.places.service / "root.key").chmod(0o644)
    assert "is open to others" in empty_service.refused("service", "run", "--port", "0")


def test_run_refuses_a_port_that_is_taken(empty_service):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "choose another with --port" in empty_service.refused("service", "run", "--port", taken.getsockname()[1])


def test_run_seeds_a_new_service_says_where_it_is_and_ends_on_a_signal(empty_service):
    environment = {**os.environ, "ARMILLARY_HOME": str(empty_service.places.home)}
    words = [sys.executable, "-m", "armillary.cli.main", "service", "run", "--port", "0", "--output", "json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as running:
        url = json.loads(running.stdout.readline())["url"]
        found = empty_service.json("service", "show")
        seeded = [row["name"] for row in empty_service.json("group", "list")]
        mode = (empty_service.places.service / "address").stat().st_mode
        running.send_signal(signal.SIGTERM)
        _, said = running.communicate(timeout=20)
    assert (found["url"], found["is_running"], found["pid"]) == (url, True, running.pid)
    assert seeded == ["default"] and found["counts"]["releases"] == 1 and mode & 0o077 == 0
    assert running.returncode == 0 and said == ""
    assert not empty_service.json("service", "show")["is_running"]


def test_an_address_whose_writer_is_gone_is_not_believed(empty_service):
    held = link.hold_address(empty_service.places.service, link.Address("127.0.0.1", 9))
    assert link.read_address(empty_service.places.service) == ("127.0.0.1", 9, True, os.getpid())
    os.close(held)
    assert not link.read_address(empty_service.places.service).is_running
    (empty_service.places.service / "address").write_text("nonsense")
    assert link.read_address(empty_service.places.service) == ("127.0.0.1", link.DEFAULT_PORT, False, 0)


def test_seeding_again_makes_nothing_new(house):
    before = [house.json(noun, "list") for noun in ("catalog", "product", "group", "release")]
    assert all(what.endswith("there") for what in house.json("service", "seed").values())
    assert [house.json(noun, "list") for noun in ("catalog", "product", "group", "release")] == before


def test_show_tells_what_it_proves_itself_with(workshop):
    said = workshop.good("service", "show")
    assert "CN=Armillary root" in said and "1 catalogs" in said


def test_a_wrong_token_is_refused_with_the_way_to_a_right_one(workshop):
    assert "ARMILLARY_TOKEN" in workshop.refused("group", "list", ARMILLARY_TOKEN="armillary_wrong")


def test_another_service_needs_its_token_and_its_root(workshop, armillary, tmp_path):
    url = workshop.json("service", "show")["url"]
    root = workshop.places.service / "root.pem"
    token = (workshop.places.service / "operator.token").read_text().strip()
    assert "--root" in armillary.refused("group", "list", "--service", url, ARMILLARY_TOKEN=token)
    assert "set ARMILLARY_TOKEN" in armillary.refused("group", "list", "--service", url, "--root", root)
    assert armillary.json("group", "list", "--service", url, "--root", root, ARMILLARY_TOKEN=token)[0]["name"] == "default"
    (tmp_path / "bad.pem").write_text("nonsense")
    assert "is not a certificate" in armillary.refused("group", "list", "--service", url, "--root", tmp_path / "bad.pem", ARMILLARY_TOKEN=token)


def test_a_service_that_another_root_proves_is_not_believed(workshop, empty_service):
    url = workshop.json("service", "show")["url"]
    said = empty_service.refused("group", "list", "--service", url, ARMILLARY_TOKEN="armillary_secret")
    assert "not the one expected" in said and "armillary_secret" not in said


def test_a_service_that_does_not_answer_is_told_apart(workshop):
    assert "does not answer" in workshop.refused("group", "list", "--service", "https://127.0.0.1:1", ARMILLARY_TOKEN="x")


@pytest.mark.parametrize("url", ["http://a", "a:1", "https://", "https://a/b", "https://a:x", "https://a:99999", "https://u@a", "https://[a", "https://a?b"])
def test_what_is_no_address_of_a_service_is_refused(url):
    with pytest.raises(Problem, match="is not the address of a service"):
        link.parse_url(url)


@pytest.mark.parametrize("url, shown", [("https://a", "https://a:443"), ("https://a:8443/", "https://a:8443"), ("https://[::1]:1", "https://[::1]:1")])
def test_an_address_is_read_and_shown(url, shown):
    assert link.parse_url(url).url == shown


ROWS = [{"id": "1", "name": "a"}, {"id": "2", "name": "b"}, {"id": "3", "name": "b"}]


def test_things_are_found_by_id_and_by_a_name_that_only_one_has():
    assert find("thing", ROWS, "1") == find("thing", ROWS, "a") == "1"
    assert find("thing", ROWS, "3") == "3"


@pytest.mark.parametrize("rows, wanted, reason", [(ROWS, "b", "not clear"), (ROWS, "c", "no thing 'c'"), (ROWS, None, "not clear"), ([], None, "has no thing")])
def test_what_names_none_or_two_things_is_refused(rows, wanted, reason):
    with pytest.raises(Problem, match=reason):
        find("thing", rows, wanted)


def test_where_nothing_is_said_the_only_one_or_the_default_is_meant():
    assert find("thing", ROWS[:1], None) == "1"
    assert find("thing", [*ROWS, {"id": "4", "name": "default"}], None) == "4"


def test_an_images_name_means_its_latest_upload():
    rows = [{"image": "1", "name": "a", "uploaded": 5, "security_version": 1}, {"image": "2", "name": "a", "uploaded": 6, "security_version": 1}]
    assert find_image(rows, "a") == "2" and find_image(rows, "1") == "1"
    with pytest.raises(Problem, match="no image 'b'"):
        find_image(rows, "b")


def test_catalogs_products_and_groups_are_made_and_listed(workshop):
    catalog = workshop.json("catalog", "create", "second")
    product = workshop.json("product", "create", "lock", "--catalog", "second")
    group = workshop.json("group", "create", "field", "--product", "lock", "--development")
    assert (product["catalog"], group["product"]) == (catalog["id"], product["id"])
    assert re.search(r"field +\S+ +lock +yes +0", workshop.good("group", "list"))
    assert "lock" in workshop.good("product", "list") and "second" in workshop.good("catalog", "list")
    assert "there is a catalog of this name" in workshop.refused("catalog", "create", "second")
    assert "no product 'none'" in workshop.refused("group", "create", "x", "--product", "none")
    assert "no product 'none'" in workshop.refused("device", "claim", "lamp", "--group", "none/field")


def test_images_are_uploaded_listed_deployed_and_forgotten(workshop, blink):
    row = workshop.json("image", "upload", blink, "--catalog", "default")
    assert workshop.json("image", "upload", blink, "--catalog", "default")["image"] == row["image"]
    assert row["image"] in workshop.good("image", "list")
    assert "is to run" not in workshop.good("deployment", "create", "--group", "default/default", "blink")
    latest = workshop.json("deployment", "list", "--group", "default/default")[0]
    assert latest["images"] == [row["image"]]
    assert "a deployment names this image" in workshop.refused("image", "delete", "blink", "--catalog", "default")
    workshop.good("deployment", "create", "--group", "default/default", "--empty")
    assert "no app" in workshop.good("deployment", "list").split("\n")[1]


def test_a_package_that_nobody_known_signed_is_not_taken(workshop, blink):
    package = bytearray(blink.read_bytes())
    package[0x1010] ^= 1
    blink.write_bytes(package)
    assert "image-untrusted" in workshop.refused("image", "upload", blink, "--catalog", "default")


@pytest.mark.parametrize("words", [(), ("blink", "--empty")])
def test_a_deployment_names_images_or_says_that_it_is_empty(workshop, words):
    assert workshop("deployment", "create", "--group", "default/default", *words).exit_code == 2


def test_an_unknown_image_is_refused_with_the_way_to_upload_it(workshop):
    assert "armillary image upload" in workshop.refused("deployment", "create", "--group", "default/default", "nonsense")


def test_releases_are_made_from_devices_withdrawn_and_trusted_again(workshop):
    made = workshop.json("release", "create", "lab", "--from-device", "lamp")
    assert made["components"] == len(made["parts"]) == 7
    assert "there is a release" in workshop.refused("release", "create", "lab", "--system")
    workshop.good("release", "withdraw", "lab")
    assert [row["is_withdrawn"] for row in workshop.json("release", "list") if row["name"] == "lab"] == [True]
    workshop.good("release", "withdraw", "lab", "--undo")
    assert re.search(r"lab +\S+ \S+ +no +7", workshop.good("release", "list"))
    assert "there is no such release" in workshop.refused("release", "withdraw", "none")


@pytest.mark.parametrize("words", [(), ("--from-device", "lamp", "--system")])
def test_a_release_comes_from_one_place(workshop, words):
    assert workshop("release", "create", "x", *words).exit_code == 2


def test_a_token_of_one_catalog_opens_no_other(workshop):
    made = workshop.json("token", "create", "guest", "--catalog", "default")
    said = workshop.good("catalog", "list", ARMILLARY_TOKEN=made["token"])
    assert "default" in said and "second" not in said
    assert "administrator-only" in workshop.refused("catalog", "create", "third", ARMILLARY_TOKEN=made["token"])
    listed = workshop.good("token", "list") + workshop.good("token", "list", "--output", "json")
    assert made["id"] in listed and made["token"] not in listed
    workshop.good("token", "revoke", made["id"])
    assert "ARMILLARY_TOKEN" in workshop.refused("catalog", "list", ARMILLARY_TOKEN=made["token"])


@pytest.mark.parametrize("words", [(), ("--catalog", "default", "--administrator")])
def test_a_token_opens_one_catalog_or_everything_and_says_which(workshop, words):
    assert workshop("token", "create", "x", *words).exit_code == 2


def test_a_device_is_claimed_moved_revoked_and_given_up(workshop):
    assert "claim it" in workshop.refused("device", "status", "lamp")
    workshop.good("group", "create", "shop", "--product", "default")
    claimed = workshop("device", "claim", "lamp", "--group", "default/default")
    assert claimed.exit_code == 0 and claimed.stderr == ""
    shop = next(row["id"] for row in workshop.json("group", "list") if row["name"] == "shop")
    assert workshop.json("device", "claim", "lamp", "--group", "shop")["group"] == shop
    assert workshop.json("device", "revoke", "lamp")["state"] == "revoked"
    assert workshop.json("device", "revoke", "lamp", "--undo")["state"] == "active"
    said = workshop.good("device", "status", "lamp")
    assert "shop" in said and "never" in said
    workshop.good("device", "unclaim", "lamp")
    assert "claim it" in workshop.refused("device", "unclaim", "lamp")


def test_a_device_elsewhere_is_claimed_by_its_id(workshop):
    device = workshop.json("key", "show", "development")["public"]  # a point, as a device id is
    assert workshop.json("device", "claim", device.upper(), "--group", "default/default")["id"] == device
    workshop.good("device", "unclaim", device)


def test_claiming_a_device_whose_system_nobody_trusts_warns(workshop):
    made = workshop.places.devices / "lamp" / "made.json"
    before = made.read_text()
    fields = json.loads(before)
    fields["components"][0]["sha256"] = "0" * 64
    made.write_text(json.dumps(fields))
    try:
        result = workshop("device", "claim", "lamp", "--group", "default/default")
    finally:
        made.write_text(before)
    workshop.good("device", "unclaim", "lamp")
    assert result.exit_code == 0 and "release create NAME --from-device" in result.stderr


def test_reports_are_none_of_a_device_that_said_nothing(workshop):
    result = workshop("report", "list", "--device", "lamp", "--kind", "crash")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "no reports\n")
    assert "there is no such report" in workshop.refused("report", "show", "--device", "lamp", "--kind", "crash")


@pytest.mark.parametrize("detail, said", [
    ({"result": "refused", "reason": "too old", "ring": "monitor", "rule": "image.version"}, "refused: too old [monitor image.version]"),
    ({"reason": "no [kernel rule manifest.gpio]", "ring": "kernel", "rule": "manifest.gpio"}, "no [kernel rule manifest.gpio]"),
    ({"result": "installed", "image": "i", "version": 1, "reason": ""}, "installed: image i, version 1"),
    ({"error": "e"}, "error e"),
])  # fmt: skip
def test_a_report_is_told_in_words(detail, said):
    from armillary.cli.report import _what

    assert _what({"detail": detail}) == said
