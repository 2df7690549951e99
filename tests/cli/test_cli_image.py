"""Packages: packed, explained whatever they hold, verified, signed anew."""

from __future__ import annotations

import json
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary import native
from armillary.boards.apps import SAMPLES
from armillary.wire import image


@pytest.fixture
def app(tmp_path):
    """A copy of the blink sample that a test may spoil."""
    return shutil.copytree(SAMPLES / "blink", tmp_path / "app")


def test_pack_writes_a_package_that_verifies(workshop, app, tmp_path):
    out = tmp_path / "out.imagepackage"
    made = workshop.json("image", "pack", app, "-o", out, "--version", "7")
    parsed = image.parse(out.read_bytes())
    assert (made["name"], made["security_version"], parsed.security_version) == ("blink", 7, 7)
    assert "signed by app" in workshop.good("image", "verify", out, "--key", "app")


def test_pack_names_the_package_after_the_folder(workshop, app, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    workshop.good("image", "pack", "app")
    assert (tmp_path / "app.imagepackage").exists()


def test_pack_makes_the_vendors_keys_where_there_are_none(armillary, app, tmp_path):
    armillary.good("image", "pack", app, "-o", tmp_path / "x")
    assert armillary.good("image", "verify", tmp_path / "x", "--key", "app")


def test_pack_refuses_an_unknown_key_and_writes_nothing(workshop, app, tmp_path):
    assert "there is no key 'nobody'" in workshop.refused("image", "pack", app, "-o", tmp_path / "x", "--key", "nobody")
    assert not (tmp_path / "x").exists()


def test_pack_refuses_a_folder_that_is_no_app(workshop, tmp_path):
    assert "is not an app" in workshop.refused("image", "pack", tmp_path)


def test_pack_refuses_a_manifest_that_breaks_a_rule(workshop, app):
    fields = json.loads((app / "app_manifest.json").read_text())
    (app / "app_manifest.json").write_text(json.dumps({**fields, "Capabilities": {"Gpio": "all"}}))
    assert "Gpio" in workshop.refused("image", "pack", app)


def test_pack_refuses_an_entry_point_that_is_not_there(workshop, app):
    (app / "bin" / "app.py").unlink()
    assert "is not a file of the app" in workshop.refused("image", "pack", app)


def test_pack_puts_a_hardware_definitions_numbers_into_the_manifest(workshop, app, tmp_path):
    fields = json.loads((app / "app_manifest.json").read_text())
    (app / "app_manifest.json").write_text(json.dumps({**fields, "Capabilities": {"Gpio": ["$LAMP"]}}))
    definition = {
        "Metadata": {"Type": "Azure Sphere Hardware Definition", "Version": 1},
        "Peripherals": [{"Name": "LAMP", "Type": "Gpio", "AppManifestValue": 11, "MainCoreHeaderValue": "11"}],
    }
    (tmp_path / "board.json").write_text(json.dumps(definition))
    workshop.good("image", "pack", app, "-o", tmp_path / "x", "--hardware", tmp_path / "board.json")
    assert workshop.json("image", "show", tmp_path / "x")["permissions"] == ["blink uses pin 11"]


@pytest.mark.parametrize("version", ["-1", "256", "one"])
def test_pack_takes_only_lawful_versions(workshop, app, version):
    assert workshop("image", "pack", app, "--version", version).exit_code == 2


def test_show_lays_out_every_part(workshop, blink):
    said = workshop.good("image", "show", blink)
    package = blink.read_bytes()
    parsed = image.parse(package)
    for wanted in ("blink", "Applications", "identity", "revocation", "P-256", parsed.thumbprint.hex(), package[-64:-32].hex(),
                   package[-32:].hex(), "/bin/app.py", "/app_manifest.json", "Gpio = [8]", "blink uses pin 8", "no problems"):  # fmt: skip
        assert wanted in said
    assert native.sha256(package[:-64]).hex() in said


def test_show_as_json_has_the_offsets(workshop, blink):
    found = workshop.json("image", "show", blink)
    package = blink.read_bytes()
    assert found["signature"]["offset"] == len(package) - 64 and found["problems"] == []
    for section in found["metadata"]["sections"]:
        assert package[section["offset"] : section["offset"] + 2].decode() == section["name"]


def test_show_names_the_offset_of_what_is_wrong(workshop, blink):
    package = bytearray(blink.read_bytes())
    start, _ = image.metadata(bytes(package), image.SIGNATURE)
    package[start] ^= 1
    blink.write_bytes(package)
    assert f"{start:#x}" in workshop.good("image", "show", blink)
    assert start in [each["offset"] for each in workshop.json("image", "show", blink)["problems"]]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_show_never_fails_whatever_the_package_holds(workshop, blink, tmp_path, data):
    package = bytearray(blink.read_bytes())
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(package) - 1) | st.integers(len(package) - 220, len(package) - 1))
        package[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(package)) | st.just(len(package)))
    (tmp_path / "x").write_bytes(package[:cut])
    said = workshop.good("image", "show", tmp_path / "x")
    assert all(letter.isprintable() or letter in "\n\t" for letter in said)
    assert isinstance(workshop.json("image", "show", tmp_path / "x")["problems"], list)


def test_show_never_sends_a_packages_own_escapes_to_the_terminal(workshop, tmp_path):
    body = b"\x1b[2J" * 8
    package = image.build(body, 10, bytes(16), bytes(16), "n", 0, bytes(20), lambda digest: bytes(64))
    hostile = package.replace(b"n\0\0\0\0\0\0", b"\x1b[2Jn\0\0", 1)
    (tmp_path / "x").write_bytes(hostile)
    assert hostile != package and "\x1b" not in workshop.good("image", "show", tmp_path / "x")


def test_a_file_that_is_too_large_is_refused_unread(workshop, tmp_path):
    with (tmp_path / "big").open("wb") as file:
        file.truncate(65 * 1024 * 1024)
    assert "not an image package" in workshop.refused("image", "show", tmp_path / "big")


def test_verify_takes_key_certificate_or_public_key(workshop, blink):
    key = workshop.json("key", "show", "app")
    for words in (("--key", "app"), ("--cert", key["certificate"]), ("--public", key["public"])):
        assert workshop.json("image", "verify", blink, *words)["verified"] is True


def test_verify_refuses_another_key(workshop, blink):
    key = workshop.json("key", "show", "os")
    for words in (("--key", "os"), ("--cert", key["certificate"]), ("--public", key["public"])):
        assert "does not verify" in workshop.refused("image", "verify", blink, *words)


@pytest.mark.parametrize("place", [0, 0x1010, -65, -64, -1])
def test_verify_refuses_a_package_with_one_bit_changed(workshop, blink, place):
    package = bytearray(blink.read_bytes())
    package[place] ^= 1
    blink.write_bytes(package)
    assert "does not verify" in workshop.refused("image", "verify", blink, "--key", "app")


def test_verify_refuses_a_signer_who_names_another(workshop, blink):
    from armillary.boards.keys import SigningKey

    key = SigningKey.load(workshop.places.keys, "app")
    blink.write_bytes(image.resign(blink.read_bytes(), bytes(20), key.sign))
    assert "names another signer" in workshop.refused("image", "verify", blink, "--key", "app")
    assert workshop.good("image", "verify", blink, "--public", key.public.hex())


@pytest.mark.parametrize("public", ["", "00" * 64, "zz" * 64, "11" * 63])
def test_verify_refuses_what_is_no_public_key(workshop, blink, public):
    assert "give X and Y" in workshop.refused("image", "verify", blink, "--public", public)


def test_verify_refuses_a_certificate_of_another_kind(workshop, blink, tmp_path):
    (tmp_path / "x.pem").write_text("nonsense")
    assert "is not a certificate" in workshop.refused("image", "verify", blink, "--cert", tmp_path / "x.pem")


@pytest.mark.parametrize("words", [(), ("--key", "app", "--public", "00")])
def test_verify_wants_exactly_one_key(workshop, blink, words):
    assert workshop("image", "verify", blink, *words).exit_code == 2


def test_verify_refuses_a_file_too_short_to_be_a_package(workshop, tmp_path):
    (tmp_path / "x").write_bytes(b"short")
    assert "5 bytes" in workshop.refused("image", "verify", tmp_path / "x", "--key", "app")


def test_sign_changes_signer_and_signature_and_nothing_else(workshop, blink, tmp_path):
    workshop.good("image", "sign", blink, "--key", "development", "-o", tmp_path / "x")
    old, new = image.parse(blink.read_bytes()), image.parse((tmp_path / "x").read_bytes())
    assert old.thumbprint != new.thumbprint and (old.body, old.image, old.name) == (new.body, new.image, new.name)
    assert workshop.good("image", "verify", tmp_path / "x", "--key", "development")
    assert workshop.good("image", "verify", blink, "--key", "app")


def test_sign_replaces_the_file_itself_where_no_other_is_named(workshop, blink):
    workshop.good("image", "sign", blink, "--key", "development")
    assert workshop.good("image", "verify", blink, "--key", "development")
    assert list(blink.parent.glob(".*")) == []


def test_sign_refuses_what_cannot_be_read_with_the_offset_and_leaves_it_as_it_was(workshop, blink):
    package = bytearray(blink.read_bytes())
    start, end = image.metadata(bytes(package), image.SIGNATURE)
    package[end - 4] ^= 1
    blink.write_bytes(package)
    assert f"at offset {end - 4:#x}" in workshop.refused("image", "sign", blink, "--key", "app")
    assert blink.read_bytes() == package


# Hybrid signatures.


def test_a_hybrid_package_is_signed_by_both_and_checked_by_both(workshop, app, tmp_path):
    out = tmp_path / "out.imagepackage"
    made = workshop.json("image", "pack", app, "-o", out, "--hybrid")
    assert made["lms_key"] == image.parse(out.read_bytes()).lms_key.hex()
    assert workshop.json("image", "verify", out, "--key", "app")["lms_verified"] is True
    public = workshop.json("key", "show", "app")["public"]
    assert workshop.json("image", "verify", out, "--public", public)["lms_verified"] is False
    assert "LMS signature" in workshop.good("image", "show", out)


def test_a_package_is_plain_unless_asked(workshop, app, tmp_path):
    workshop.good("image", "pack", app, "-o", tmp_path / "hybrid", "--hybrid")
    workshop.good("image", "pack", app, "-o", tmp_path / "plain")
    assert workshop.json("image", "verify", tmp_path / "plain", "--key", "app")["lms_verified"] is None
    workshop.good("image", "sign", tmp_path / "hybrid", "--key", "app", "-o", tmp_path / "again")
    assert image.lms_part((tmp_path / "again").read_bytes()) is None
    workshop.good("image", "sign", tmp_path / "plain", "--key", "app", "--hybrid")
    assert image.lms_part((tmp_path / "plain").read_bytes()) is not None


def test_an_lms_signature_by_another_key_is_found_out(workshop, app, tmp_path):
    from armillary.boards.keys import SigningKey
    from armillary.boards.lms import LmsKey, LmsSigner

    workshop.good("image", "pack", app, "-o", tmp_path / "x", "--hybrid")
    signer = SigningKey.load(workshop.places.keys, "app")
    lms = LmsSigner(LmsKey.generate())
    forged = image.resign((tmp_path / "x").read_bytes(), signer.thumbprint, signer.sign, lms.wire)
    (tmp_path / "x").write_bytes(forged)
    assert "LMS signature is not by the LMS key" in workshop.refused("image", "verify", tmp_path / "x", "--key", "app")


def test_an_lms_key_from_a_backup_signs_nothing(workshop, app, tmp_path):
    workshop.good("image", "pack", app, "-o", tmp_path / "one", "--hybrid")
    shutil.copytree(workshop.places.keys, tmp_path / "backup")
    workshop.good("image", "pack", app, "-o", tmp_path / "two", "--hybrid", "--version", "2")
    shutil.rmtree(workshop.places.keys)
    shutil.copytree(tmp_path / "backup", workshop.places.keys)
    said = workshop.refused("image", "pack", app, "-o", tmp_path / "three", "--hybrid", "--version", "3")
    assert "came back from a backup" in said and not (tmp_path / "three").exists()


def test_the_ledger_may_lie_elsewhere(workshop, app, tmp_path):
    workshop.good("image", "pack", app, "-o", tmp_path / "one", "--hybrid", "--key", "os", ARMILLARY_LEDGER=str(tmp_path / "disk"))
    assert len(list((tmp_path / "disk").iterdir())) == 1
