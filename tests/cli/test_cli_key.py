"""Keys: made, listed, shown, registered; the private half stays where it is."""

from __future__ import annotations

from cryptography import x509


def test_a_key_is_made_with_a_certificate_that_names_it(armillary):
    made = armillary.json("key", "create", "mine")
    certificate = x509.load_pem_x509_certificate((armillary.places.keys / "mine.cert.pem").read_bytes())
    assert certificate.subject.rfc4514_string() == "CN=mine"
    assert made["name"] == "mine" and len(made["public"]) == 128 and len(made["thumbprint"]) == 40
    assert armillary.json("key", "list") == [made]


def test_only_the_owner_reads_a_private_key(armillary):
    armillary.good("key", "create", "mine")
    assert (armillary.places.keys / "mine.key.pem").stat().st_mode & 0o077 == 0


def test_a_key_is_never_written_over(armillary):
    armillary.good("key", "create", "mine")
    before = (armillary.places.keys / "mine.key.pem").read_bytes()
    assert "choose another name" in armillary.refused("key", "create", "mine")
    assert (armillary.places.keys / "mine.key.pem").read_bytes() == before


def test_a_key_name_that_is_a_path_is_refused(armillary):
    assert "is not a key name" in armillary.refused("key", "create", "../mine")
    assert "is not a key name" in armillary.refused("key", "show", "../mine")


def test_an_unknown_key_is_refused_with_those_there_are(armillary):
    assert "armillary key create mine" in armillary.refused("key", "show", "mine")
    armillary.good("key", "create", "other")
    assert "use one of other" in armillary.refused("key", "show", "mine")


def test_a_damaged_key_is_refused_by_name(armillary):
    armillary.good("key", "create", "mine")
    (armillary.places.keys / "mine.key.pem").write_text("nonsense")
    assert "not a readable PEM file" in armillary.refused("key", "show", "mine")


def test_show_tells_the_role_and_never_the_private_half(workshop):
    from armillary.boards.keys import SigningKey

    said = workshop.good("key", "show", "root") + workshop.good("key", "show", "root", "--output", "json")
    private = SigningKey.load(workshop.places.keys, "root")._private.private_numbers().private_value
    assert "what the fuses name" in said and "PRIVATE" not in said
    assert f"{private:064x}" not in said and str(private) not in said


def test_the_vendors_keys_are_listed_once_a_device_was_made(workshop):
    names = {row["name"] for row in workshop.json("key", "list")}
    assert {"root", "os", "app", "development", "capability"} <= names


def test_a_registered_key_makes_the_service_take_what_it_signs(workshop, blink):
    workshop.good("key", "create", "guest")
    workshop.good("image", "sign", blink, "--key", "guest")
    assert "armillary key register" in workshop.refused("image", "upload", blink)
    workshop.good("key", "register", "guest")
    image = workshop.json("image", "upload", blink)["image"]
    workshop.good("image", "delete", image)
    assert "has this key already" in workshop.refused("key", "register", "guest")


def test_a_hybrid_key_has_an_lms_key_beside_it(armillary):
    armillary.good("key", "create", "mine", "--hybrid")
    shown = armillary.json("key", "show", "mine")
    assert shown["lms_left"] == 1024 and len(shown["lms"]) == 96
    armillary.good("key", "create", "other")
    assert "lms" not in armillary.json("key", "show", "other")
    assert "mine" in armillary.good("key", "list")
