"""What is shown of a package: everything that is there, and of a broken one what can be."""

import hashlib
import json
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.wire import asxipfs, capability, describe, image, keystore, manifest
from armillary.wire.permissions import TABLE

PARTS = {"size", "signature", "metadata", "image", "body", "manifest", "permissions", "problems"}


def test_a_sound_package_is_shown_whole(blink):
    shown = describe.explain(blink)
    assert shown["problems"] == []
    assert shown["size"] == 16596
    assert shown["signature"]["offset"] == 0x4094
    assert shown["signature"]["r"] + shown["signature"]["s"] == blink[-64:].hex()
    assert shown["signature"]["digest"] == hashlib.sha256(blink[:-64]).hexdigest()
    assert shown["signature"]["curve"] == "P-256"
    assert (shown["metadata"]["offset"], shown["metadata"]["length"]) == (0x4000, 0x94)
    sections = [(part["name"], part["offset"], part["length"]) for part in shown["metadata"]["sections"]]
    assert sections == [("ID", 0x4008, 36), ("SG", 0x4030, 24), ("DB", 0x404C, 40), ("TP", 0x4078, 4), ("ND", 0x4080, 12)]
    fields = [part["fields"] for part in shown["metadata"]["sections"]]
    assert fields[0]["type_name"] == "Applications"
    assert fields[2] == {"built_unix": 1654786668, "built": "2022-06-09T14:57:48Z", "name": "AzureSphereBlinkTest"}
    assert fields[3] == {"value": 2, "flags": ["UnderDevelopment"]}
    assert fields[4] == {"abis": [{"version": 12, "type": 3, "name": "ApplicationRuntime"}]}
    assert shown["image"]["thumbprint"] == "a8d5cc6958f48710140d7a26160fc1cfc31f5df0"
    assert [(file["path"], file["mode"], file["size"], file["offset"], file["inode"]) for file in shown["body"]["files"]] == [
        ("/app_manifest.json", "0101644", 267, 0x1000, 0x4C), ("/bin", "0040755", 16, 0x7C, 0x6C), ("/bin/app", "0101755", 5592, 0x2000, 0x7C),
    ]  # fmt: skip
    assert shown["manifest"]["Capabilities"] == {"Gpio": [8, 9]}
    assert shown["permissions"] == ["AzureSphereBlinkTest uses pin 8, 9"]
    json.dumps(shown)


def test_every_capability_has_words(manifest_object):
    assert set(describe.PLAIN) == {row[0] for row in TABLE}
    manifest_object["Capabilities"] = {"MutableStorage": {"SizeKB": 8}, "SystemTime": True, "CertStore": False}
    found = manifest.parse(json.dumps(manifest_object).encode())
    assert describe.permissions(found) == ["AzureSphereBlinkTest keeps one file of up to 8 KiB", "AzureSphereBlinkTest sets the clock"]
    manifest_object["Capabilities"] = {}
    assert describe.permissions(manifest.parse(json.dumps(manifest_object).encode())) == ["AzureSphereBlinkTest touches nothing outside itself"]


def build(signer, body, kind, **more):
    return image.build(body, kind, b"c" * 16, b"i" * 16, "x", 0, bytes(20), signer, **more)


def test_a_capability_file_is_shown(signer):
    shown = describe.explain(build(signer, capability.pack(bytes(64), [11, 99]), image.FIRMWARE_CONFIG))
    assert shown["body"]["capabilities"] == ["11 application development", "99 unknown capability 99"]
    assert shown["body"]["device_id"] == "00" * 64
    assert (shown["problems"], shown["manifest"]) == ([], None)


def test_a_key_store_is_shown(signer):
    shown = describe.explain(build(signer, keystore.pack([keystore.Key(b"p" * 64, b"t" * 20, 6)]), image.TRUSTED_KEYSTORE))
    assert shown["body"]["keys"] == [{"thumbprint": "74" * 20, "public": "70" * 64, "roles": ["applications", "development applications"]}]


def test_every_section_has_fields(signer):
    package = build(signer, b"", 4, security_version=3, compression=(9, 1), required_offset=16, policy=2, provides=((1, 9),), temporary_flags=1)
    fields = {part["name"]: part["fields"] for part in describe.explain(package)["metadata"]["sections"]}
    assert fields["RV"] == {"value": 3}
    assert fields["CM"] == {"uncompressed_size": 9, "type": 1}
    assert fields["RO"] == {"value": 16}
    assert fields["IP"] == {"value": 2, "flags": ["SideloadFromNormalWorld"]}
    assert fields["TP"]["flags"] == ["RemoveAtBoot"]
    assert fields["NP"]["abis"][0]["name"] == "unknown"


def test_the_longer_signature_of_other_chips_is_recognised(blink):
    data = bytearray(blink[:-64])
    data[0x4034 + 20] = 2  # SG says P-384
    shown = describe.explain(bytes(data) + b"r" * 48 + b"s" * 48)
    assert (shown["signature"]["curve"], shown["signature"]["r"], shown["signature"]["s"]) == ("P-384", "72" * 48, "73" * 48)
    assert shown["signature"]["digest"] == hashlib.sha384(bytes(data)).hexdigest()
    assert shown["problems"] == [{"offset": 0x4034 + 20, "problem": "SG is not of an ECDSA P-256 signature at offset 0x4048"}]
    assert len(shown["body"]["files"]) == 3


def test_a_first_loader_of_the_other_form_is_hinted_at():
    shown = describe.explain(bytes(1000) + struct.pack("<I", 28) + bytes(64))
    assert shown["metadata"] is None
    assert "first loader" in shown["problems"][-1]["problem"]


def seal(body):
    struct.pack_into("<I", body, asxipfs.CRC, asxipfs.crc32(bytes(body)))
    return bytes(body)


def test_a_device_node_is_shown_with_its_offset_and_the_rest_with_it(blink, blink_body):
    body = bytearray(blink_body)
    struct.pack_into("<H", body, 0x7C, 0o020666)
    shown = describe.explain(seal(body) + blink[len(body) :])
    assert {"offset": 0x7C, "problem": "a character device of mode 0o20666"} in shown["problems"]
    assert [file["path"] for file in shown["body"]["files"]] == ["/app_manifest.json", "/bin", "/bin/app"]
    assert shown["manifest"]["Name"] == "AzureSphereBlinkTest"


def test_a_bad_manifest_is_a_problem_where_it_stands(blink, blink_body):
    body = bytearray(blink_body)
    at = body.index(b'"Gpio"')
    body[at + 1] = ord("g")
    shown = describe.explain(seal(body) + blink[len(body) :])
    assert [problem["problem"] for problem in shown["problems"]] == ["'gpio' is not a capability an app can have (error 2097159)"]
    assert (shown["manifest"], shown["permissions"]) == (None, [])
    body[at] = ord("'")
    shown = describe.explain(seal(body) + blink[len(body) :])
    assert shown["problems"][0]["offset"] == at


@pytest.mark.parametrize("core", (0, None))
def test_the_core_that_a_real_time_app_names_is_shown(manifest_object, signer, core):
    top = {**manifest_object, "ApplicationType": "RealTimeCapable"}
    if core is not None:
        top["RealTimeCore"] = core
    body = asxipfs.pack([("app_manifest.json", json.dumps(top).encode(), False), ("bin/app", b"program", True)])
    shown = describe.explain(build(signer, body, image.APPLICATIONS))["manifest"]
    assert shown["ApplicationType"] == "RealTimeCapable"
    assert shown.get("RealTimeCore") == core


def test_a_package_of_another_component_is_a_problem(blink_body, signer):
    shown = describe.explain(build(signer, blink_body, image.APPLICATIONS, depends=((12, 3),)))
    assert "ComponentId" in shown["problems"][0]["problem"]


def test_an_application_without_manifest_is_a_problem(signer):
    shown = describe.explain(build(signer, asxipfs.pack([("bin/app", b"x", True)]), image.APPLICATIONS))
    assert "without app_manifest.json" in shown["problems"][0]["problem"]


def test_an_entry_point_that_is_not_there_is_a_problem(manifest_object, signer):
    body = asxipfs.pack([("app_manifest.json", json.dumps(manifest_object).encode(), False)])
    shown = describe.explain(build(signer, body, image.APPLICATIONS))
    assert "/bin/app is not in the package" in [problem["problem"] for problem in shown["problems"]]


def test_a_section_that_breaks_off_leaves_those_before_it(blink):
    data = bytearray(blink)
    struct.pack_into("<H", data, 0x4078 + 2, 0xFFFF)
    shown = describe.explain(bytes(data))
    assert [part["name"] for part in shown["metadata"]["sections"]] == ["ID", "SG", "DB"]
    assert shown["problems"][0]["offset"] == 0x4078
    assert shown["image"]["name"] == "AzureSphereBlinkTest"


def test_a_name_that_steers_a_terminal_is_not_shown(blink):
    data = bytearray(blink)
    data[0x4058:0x405C] = b"\x1b[2J"
    shown = describe.explain(bytes(data))
    assert "\x1b" not in str(shown) and shown["problems"][0]["offset"] == 0x4058


def check(package):
    shown = describe.explain(package)
    assert set(shown) == PARTS
    assert len(shown["problems"]) <= describe.MOST_PROBLEMS
    json.dumps(shown)
    try:
        parsed = image.parse(package)
    except image.Invalid:
        assert shown["problems"]
    else:
        assert shown["image"]["name"] == parsed.name


@pytest.mark.parametrize("change", [1, 0x80, 0xFF])
def test_any_byte_changed_is_shown_without_raising(blink, change):
    for at in [*range(0x8C), *range(0x1000, 0x110B, 5), *range(0x4000, 0x4094)]:
        data = bytearray(blink)
        data[at] ^= change
        check(bytes(data))
        if at < 0x4000:
            check(seal(data[:0x4000]) + bytes(data[0x4000:]))


@given(st.binary(max_size=200))
def test_noise_is_shown_without_raising(data):
    for package in (data, data + bytes(64), data + b"4X4M" + struct.pack("<II", 0, 12) + bytes(64)):
        check(package)


@given(st.lists(st.tuples(st.integers(0, 0x9C), st.integers(0, 255)), max_size=20), st.lists(st.tuples(st.integers(0, 0x93), st.integers(0, 255)), max_size=4))
@settings(max_examples=200)
def test_scattered_changes_are_shown_without_raising(tables, metadata):
    body = bytearray(asxipfs.pack([("app_manifest.json", b"{}", False), ("d/e/f", b"x" * 5000, True), ("d/g", b"", True)]))
    package = bytearray(image.build(bytes(body), 10, b"c" * 16, b"i" * 16, "x", 0, bytes(20), lambda digest: bytes(64), depends=((12, 3),), temporary_flags=2))
    for at, value in tables:
        package[at] = value
    for at, value in metadata:
        package[len(body) + at] = value
    check(bytes(package))


def test_a_flood_of_problems_is_bounded():
    body = bytearray(asxipfs.pack([("{:04}".format(number), b"", False) for number in range(500)]))
    for number in range(500):
        struct.pack_into("<H", body, 76 + 16 * number, 0o020000)
    package = image.build(seal(body), 8, bytes(16), bytes(16), "x", 0, bytes(20), lambda digest: bytes(64))
    assert len(describe.explain(package)["problems"]) == describe.MOST_PROBLEMS
