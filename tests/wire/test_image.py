"""Image packages: the byte map of a real file, and what is refused."""

import hashlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.wire import guid, image
from armillary.wire.fault import Invalid

UNSIGNED = bytes(64)


def unsigned(body, sections, **changes):
    """A package of sections as given, with a signature of zeros; nothing is checked."""
    out = bytearray(body)
    metadata = struct.pack("<II", changes.get("magic", image.MAGIC), changes.get("count", len(sections)))
    for number, data in sections:
        metadata += struct.pack("<HH", number, len(data)) + data
    metadata += struct.pack("<I", changes.get("length", len(metadata) + 4))
    return bytes(out + metadata + UNSIGNED)


IDENTITY = (image.ID, struct.pack("<HH", 10, 0) + bytes(range(32)))
SIGNING = (image.SG, bytes(20) + struct.pack("<I", 1))
DEBUG = (image.DB, struct.pack("<Q", 7) + b"name".ljust(32, b"\0"))


def test_the_byte_map_is_that_of_the_blinking_sample(blink, blink_body):
    # Ranges of azure_sphere_blink.imagepackage, 16596 bytes.
    assert len(blink) == 16596
    assert blink[:0x4000] == blink_body
    assert blink[0x4000:0x4008] == b"4X4M" + struct.pack("<I", 5)
    assert blink[0x4008:0x400C] == struct.pack("<HH", 0x4449, 36)
    assert struct.unpack("<HH", blink[0x400C:0x4010]) == (10, 0)
    assert guid.to_text(blink[0x4010:0x4020]) == "2f074b0f-d99d-4692-82d9-ef93a7d6463c"
    assert guid.to_text(blink[0x4020:0x4030]) == "6415a939-c098-48cf-8e5c-02b52a9f0ffb"
    assert blink[0x4030:0x4034] == struct.pack("<H", 0x4753) + struct.pack("<H", 24)
    assert blink[0x4034:0x404C].hex() == "a8d5cc6958f48710140d7a26160fc1cfc31f5df0" + "01000000"
    assert blink[0x404C:0x4050] == struct.pack("<H", 0x4244) + struct.pack("<H", 40)
    assert struct.unpack("<Q32s", blink[0x4050:0x4078]) == (1654786668, b"AzureSphereBlinkTest".ljust(32, b"\0"))
    assert blink[0x4078:0x4080] == struct.pack("<HHI", 0x5054, 4, 2)
    assert blink[0x4080:0x4090] == struct.pack("<HHIII", 0x444E, 12, 1, 12, 3)
    assert blink[0x4090:0x4094] == struct.pack("<I", 0x94)
    assert len(blink[0x4094:]) == 64


def test_parsing_gives_back_what_was_built(blink, blink_body):
    package = image.parse(blink)
    assert package.body == blink_body
    assert (package.image_type, package.type_name) == (image.APPLICATIONS, "Applications")
    assert guid.to_text(package.component) == "2f074b0f-d99d-4692-82d9-ef93a7d6463c"
    assert (package.name, package.built_unix) == ("AzureSphereBlinkTest", 1654786668)
    assert package.depends == ((12, 3),)
    assert package.is_development
    assert package.security_version == 0
    assert (package.provides, package.compression, package.required_offset, package.policy) == ((), None, None, None)


def test_the_signature_is_over_everything_before_it(blink, signer):
    signed, signature = image.split(blink)
    assert signed + signature == blink
    signer.verify(hashlib.sha256(signed).digest(), signature)


def test_splitting_reads_nothing():
    assert image.split(b"x" * 76) == (b"x" * 12, b"x" * 64)
    with pytest.raises(Invalid):
        image.split(b"x" * 75)


def test_every_section_survives(signer):
    package = image.parse(image.build(
        b"body", image.KERNEL, bytes(16), b"i" * 16, "k", 1, bytes(20), signer, security_version=9, depends=((1, 1), (2, 2)),
        temporary_flags=1, provides=((5, 3),), compression=(100, image.LZMA), required_offset=0x1000, policy=3,
    ))  # fmt: skip
    assert [section.name for section in package.sections] == ["ID", "SG", "DB", "TP", "ND", "RV", "NP", "CM", "RO", "IP"]
    assert package.security_version == 9
    assert (package.depends, package.provides) == (((1, 1), (2, 2)), ((5, 3),))
    assert (package.temporary_flags, package.is_development) == (1, False)
    assert (package.compression, package.required_offset, package.policy) == ((100, 1), 0x1000, 3)


@pytest.mark.parametrize(("name", "kept"), [("n" * 31, "n" * 31), ("n" * 40, "n" * 31), ("é" * 16, "é" * 15), ("", "")])
def test_a_long_name_is_cut_at_a_character(signer, name, kept):
    assert image.parse(image.build(b"", 10, bytes(16), bytes(16), name, 0, bytes(20), signer)).name == kept


def test_the_body_is_padded_to_words(signer):
    package = image.parse(image.build(b"12345", 4, bytes(16), bytes(16), "x", 0, bytes(20), signer))
    assert package.body == b"12345\0\0\0"


def test_signing_again_changes_signer_and_development_mark_only(blink, signer):
    before, after = image.parse(blink), image.parse(image.resign(blink, b"t" * 20, signer))
    assert after.thumbprint == b"t" * 20
    assert not after.is_development
    kept = [(part.number, part.data) for part in before.sections if part.number not in (image.SG, image.TP)]
    assert kept == [(part.number, part.data) for part in after.sections if part.number != image.SG]
    assert (before.body, before.name) == (after.body, after.name)


def test_unknown_sections_are_kept_as_they_are():
    package = image.parse(unsigned(b"", [IDENTITY, (0x5A5A, b"1234"), SIGNING, (0x0001, b"5678")]))
    assert [(part.name, part.data) for part in package.sections[1::2]] == [("ZZ", b"1234"), ("0x1", b"5678")]
    assert (package.name, package.built_unix) == ("", 0)


def test_no_section_that_is_needed_may_be_missing(refused):
    assert "SectionNotFound" in refused(image.parse, unsigned(b"", [SIGNING])).policy
    assert "SectionNotFound" in refused(image.parse, unsigned(b"", [IDENTITY]), offset=0).policy


@pytest.mark.parametrize(("section", "offset", "error"), [
    ((image.ID, bytes(35)), 4, "InvalidMetadata"), ((image.ID, bytes(37)), 4, "SectionTooLarge"),
    ((image.ID, b"\x0a\0\x01\0" + bytes(32)), 6, "InvalidMetadata"),
    ((image.SG, bytes(20) + struct.pack("<I", 2)), 24, "InvalidMetadata"),
    ((image.SG, bytes(20) + struct.pack("<I", 0)), 24, "InvalidMetadata"),
    ((image.DB, bytes(8) + b"n" * 32), 12, "InvalidMetadata"),
    ((image.DB, bytes(8) + b"n\0n".ljust(32, b"\0")), 12, "InvalidMetadata"),
    ((image.DB, bytes(8) + b"\x1b[2J".ljust(32, b"\0")), 12, "InvalidMetadata"),
    ((image.DB, bytes(8) + b"\xc0\x80".ljust(32, b"\0")), 12, None),
    ((image.TP, struct.pack("<I", 4)), 4, "InvalidMetadata"), ((image.TP, bytes(8)), 4, "SectionTooLarge"),
    ((image.ND, struct.pack("<I", 2) + bytes(8)), 4, "InvalidMetadata"),
    ((image.ND, struct.pack("<I", 0) + bytes(8)), 4, "SectionTooLarge"),
    ((image.ND, b"\1\0"), 4, "InvalidMetadata"), ((image.NP, struct.pack("<I", 0xFFFFFFFF) + bytes(8)), 4, "InvalidMetadata"),
    ((image.CM, struct.pack("<II", 1, 0)), 8, "InvalidMetadata"), ((image.CM, struct.pack("<II", 1, 2)), 8, "InvalidMetadata"),
    ((image.RV, bytes(2)), 4, "InvalidMetadata"), ((image.RO, bytes(8)), 4, "SectionTooLarge"),
    ((image.IP, struct.pack("<I", 8)), 4, "InvalidMetadata"),
])  # fmt: skip
def test_each_breach_within_a_section_is_refused_at_its_offset(refused, section, offset, error):
    good = [part for part in (IDENTITY, SIGNING, DEBUG) if part[0] != section[0]]
    body = b"body"
    first = len(body) + 8
    sections = [section, *good]
    total = sum(4 + len(data) for _, data in sections)
    sections.append((0x5A5A, bytes(4 + -total % 4)))
    fault = refused(image.parse, unsigned(body, sections), offset=first + offset)
    assert error is None or error in fault.policy


@pytest.mark.parametrize(("changes", "offset"), [
    ({"magic": 0x4D345835}, 4), ({"count": 4}, 124), ({"count": 2}, 76 + 4), ({"count": 33}, 8), ({"count": 0xFFFFFFFF}, 8),
    ({"count": 0}, 12), ({"length": 8}, 124), ({"length": 0}, 124), ({"length": 0xFFFFFFFF}, 124), ({"length": 126}, 124),
    ({"length": 120}, 8), ({"length": 132}, 124),
])  # fmt: skip
def test_lies_about_sizes_are_refused_at_their_offset(refused, changes, offset):
    refused(image.parse, unsigned(b"body", [IDENTITY, SIGNING, DEBUG], **changes), offset=offset)


def test_a_section_past_the_end_is_refused(refused):
    data = bytearray(unsigned(b"", [IDENTITY, SIGNING, DEBUG]))
    data[76 + 2 : 76 + 4] = struct.pack("<H", 41)
    assert "SectionOverflowsMetadata" in refused(image.parse, bytes(data), offset=76).policy


def test_an_empty_section_is_refused(refused):
    assert "EmptySection" in refused(image.parse, unsigned(b"", [IDENTITY, (image.TP, b""), SIGNING]), offset=48).policy


def test_a_section_given_twice_is_refused(refused):
    refused(image.parse, unsigned(b"", [IDENTITY, SIGNING, SIGNING]), offset=76)


@pytest.mark.parametrize("size", [0, 1, 3, 64, 75, 76, 100])
def test_a_short_package_is_refused(size):
    with pytest.raises(Invalid):
        image.parse(bytes(size))


def values(package):
    names = ("image_type", "component", "image", "thumbprint", "name", "built_unix", "security_version", "depends", "temporary_flags")
    return [getattr(package, name) for name in names] + [package.body]


def rebuilt(package):
    """What `package` would be if assembled from what was read of it."""
    sections = [(part.number, part.data) for part in package.sections]
    return image.assemble(package.body, sections, lambda digest: UNSIGNED)


@pytest.mark.parametrize("change", [1, 0x80, 0xFF, 0x55])
def test_any_byte_of_the_metadata_changed_is_refused_or_says_something_else(blink, change):
    original = values(image.parse(blink))
    for at in range(0x4000, len(blink) - 64):
        data = bytearray(blink)
        data[at] ^= change
        try:
            package = image.parse(bytes(data))
        except Invalid:
            continue
        # Nothing of the metadata is unread: what is accepted differs, or lies in a section now unknown.
        assert values(package) != original
        assert rebuilt(package)[:-64] == bytes(data)[:-64]


@given(st.binary(max_size=300))
def test_noise_raises_nothing_but_invalid(data):
    for package in (data, data + bytes(64), unsigned(b"", [(image.ID, data or b"x")]), b"4X4M" + data + bytes(64)):
        try:
            image.parse(package)
        except Invalid:
            pass


@given(
    body=st.binary(max_size=64),
    kind=st.integers(0, 0xFFFF),
    ids=st.tuples(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16)),
    name=st.text(st.characters(min_codepoint=0x20, blacklist_categories=("Cc", "Cs")), max_size=40),
    built=st.integers(0, 2**64 - 1),
    version=st.none() | st.integers(0, 2**32 - 1),
    depends=st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)), max_size=4),
)
def test_what_is_built_is_read_back(body, kind, ids, name, built, version, depends):
    package = image.parse(
        image.build(body, kind, *ids, name, built, b"t" * 20, lambda digest: UNSIGNED, version, depends)
    )
    assert package.body[: len(body)] == body
    assert (package.image_type, package.component, package.image) == (kind, *ids)
    assert name.startswith(package.name)
    assert (package.built_unix, package.security_version, package.depends) == (built, version or 0, tuple(depends))


@pytest.mark.parametrize("bad", [
    {"image_type": 0x10000}, {"image_type": -1}, {"component": bytes(15)}, {"image": bytes(17)}, {"built_unix": -1},
    {"thumbprint": bytes(19)}, {"security_version": 2**32}, {"depends": ((-1, 0),)}, {"temporary_flags": 4},
    {"sign": lambda digest: bytes(63)}, {"name": "a\nb"}, {"compression": (1, 7)},
])  # fmt: skip
def test_nothing_is_built_that_would_not_be_read(bad):
    arguments = {
        "body": b"", "image_type": 10, "component": bytes(16), "image": bytes(16), "name": "x", "built_unix": 0,
        "thumbprint": bytes(20), "sign": lambda digest: UNSIGNED,
    }  # fmt: skip
    image.build(**arguments)
    with pytest.raises(Invalid):
        image.build(**{**arguments, **bad})
