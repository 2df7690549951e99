"""Reports, and the certificate under which a device sends them."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from armillary.service import certificates, reports

NOBODY = "00000000-0000-4000-8000-000000000000"


def report(**changes):
    return {
        "kind": "denial",
        "time": 1000,
        "component": NOBODY,
        "detail": {"rule": "manifest.gpio"},
        **changes,
    }


def test_reports_are_kept_under_the_device_of_the_certificate(lab, world):
    mine, other = world
    body = {"reports": [report(), report(kind="boot", component="", detail={})]}
    assert lab.ok("POST", "/v1/device/reports", body, token="", peer=mine["peer"]) == {"accepted": 2}
    rows = lab.ok("GET", "/v1/reports?device=" + mine["device"])["reports"]
    assert [row["kind"] for row in rows] == ["boot", "denial", "crash"]
    assert rows[1]["detail"] == {"rule": "manifest.gpio"}
    assert [row["kind"] for row in lab.ok("GET", "/v1/reports?kind=denial")["reports"]] == ["denial"]


def test_reports_are_bounded_in_number_and_size(lab, world):
    peer = world[0]["peer"]
    for rows, answer in (
        ([report()] * 101, (422, "body-invalid")),
        ([report(), report(detail={"x": "y" * 3000})], (413, "report-large")),
        ([report(kind="crash", detail={"post_mortem": "y" * 8192})], (413, "report-large")),
        ([report(kind="other")], (422, "body-invalid")),
        ([report(time=-1)], (422, "body-invalid")),
        ([report(component="me")], (422, "body-invalid")),
        ([report(device=world[1]["device"])], (422, "body-invalid")),
        ([report(detail=[])], (422, "body-invalid")),
    ):
        assert lab.refused("POST", "/v1/device/reports", {"reports": rows}, token="", peer=peer) == answer
    assert lab.ok("GET", "/v1/devices/" + world[0]["device"])["reports"] == 1


def test_a_crash_may_say_more_because_of_its_post_mortem(lab, world):
    detail = {"post_mortem": "y" * 8000}
    body = {"reports": [report(kind="crash", detail=detail)]}
    lab.ok("POST", "/v1/device/reports", body, token="", peer=world[0]["peer"])
    assert lab.ok("GET", "/v1/reports?kind=crash")["reports"][0]["detail"] == detail


def test_of_many_reports_the_newest_are_kept_and_shown_in_pages(lab, world, monkeypatch):
    monkeypatch.setattr(reports, "MOST_KEPT", 25)
    body = {"reports": [report(time=time) for time in range(30)]}
    lab.ok("POST", "/v1/device/reports", body, token="", peer=world[0]["peer"])
    path, times = "/v1/reports?limit=10&device=" + world[0]["device"], []
    page = lab.ok("GET", path)
    while True:
        times += [row["time"] for row in page["reports"]]
        if page["next"] is None:
            break
        page = lab.ok("GET", path + "&before=" + str(page["next"]))
    assert times == list(range(29, 4, -1))


def test_a_certificate_ends_with_its_day(lab, world):
    peer = world[0]["peer"]
    lab.clock.seconds += 86_400
    assert lab.ok("GET", "/v1/device/update", token="", peer=peer)
    lab.clock.seconds += 1
    assert lab.refused("GET", "/v1/device/update", token="", peer=peer) == (403, "certificate-expired")
    lab.clock.seconds -= 86_400 + 302
    assert lab.refused("GET", "/v1/device/update", token="", peer=peer) == (403, "certificate-expired")


@pytest.mark.parametrize(("act", "error"), [("revoke", "device-revoked"), ("unclaim", "device-unclaimed")])
def test_a_certificate_opens_nothing_once_the_device_is_gone(lab, world, act, error):
    path = "/v1/devices/" + world[0]["device"]
    lab.ok("DELETE", path) if act == "unclaim" else lab.ok("PATCH", path, {"state": "revoked"})
    assert lab.refused("GET", "/v1/device/update", token="", peer=world[0]["peer"]) == (403, error)


def test_certificates_of_others_are_foreign(lab, world, kit):
    service, device = lab.service, world[0]["device"]
    other = certificates.make_root(lab.clock(), service.random)
    public = kit.raw_public(kit.new_key())
    for issuer in (other, service.keys.catalogs, service.keys.catalog(lab.catalog)):
        leaf = certificates.issue(issuer, device, public, bytes(32), lab.clock(), service.random)
        der = certificates.x509.load_pem_x509_certificates(leaf.chain.encode())[0].public_bytes(Encoding.DER)
        assert lab.refused("GET", "/v1/device/update", token="", peer=der) == (403, "certificate-foreign")
    for der in (
        service.keys.devices.certificate.public_bytes(Encoding.DER),
        b"",
        b"\x30\x00",
        world[0]["peer"][:-1],
    ):
        assert lab.refused("GET", "/v1/device/update", token="", peer=der) == (403, "certificate-foreign")


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # the library's, of a serial made negative
def test_no_byte_of_a_certificate_can_be_changed(lab, world):
    good = world[0]["peer"]
    for at in range(len(good)):
        bad = bytearray(good)
        bad[at] ^= 0x01
        assert lab.ask("GET", "/v1/device/update", token="", peer=bytes(bad)).status == 403


ID = "00000007" + "ab" * 12


def test_one_that_is_sent_again_is_taken_and_counted_once(lab, world):
    mine, other = world
    for peer in (mine["peer"], mine["peer"], other["peer"]):
        body = {"reports": [report(id=ID), report(id=ID, time=2000), report(time=3000)]}
        assert lab.ok("POST", "/v1/device/reports", body, token="", peer=peer) == {"accepted": 3}
    for device, without in ((mine["device"], 2), (other["device"], 1)):
        rows = lab.ok("GET", "/v1/reports?kind=denial&device=" + device)["reports"]
        assert [row["time"] for row in rows if row["id"] == ID] == [1000]  # one device's ids are not another's
        assert len([row for row in rows if row["id"] is None]) == without


@pytest.mark.parametrize("identity", ["", "00", "g" * 32, "AB" * 16, 7])
def test_an_id_of_another_form_is_refused(lab, world, identity):
    body = {"reports": [report(id=identity)]}
    assert lab.refused("POST", "/v1/device/reports", body, token="", peer=world[0]["peer"]) == (422, "body-invalid")
