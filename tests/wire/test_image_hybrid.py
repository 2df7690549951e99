"""The LMS half of a package: where it is, what it is over, and that finder and parser agree on it."""

from __future__ import annotations

import hashlib
import struct

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from armillary.wire import describe, image
from armillary.wire.fault import Invalid

KEY = b"k" * 32
SIZE = 60
HEAD = (b"body" * 9, image.APPLICATIONS, b"c" * 16, b"i" * 16, "name", 7, b"t" * 20)


def ecdsa(digest):
    """Not ECDSA: what was asked to be signed, twice."""
    return digest + digest


def lms_like(message):
    """Not LMS: what was asked to be signed, so that tests see it."""
    return message + bytes(SIZE - len(message))


LMS = (KEY, SIZE, lms_like)


def hybrid(**more):
    return image.build(*HEAD, ecdsa, 3, lms=LMS, **more)


def test_the_part_is_the_first_section_and_read_back():
    package = hybrid()
    parsed = image.parse(package)
    assert [section.name for section in parsed.sections] == ["LM", "ID", "SG", "DB", "RV"]
    assert parsed.lms_key == KEY and parsed.security_version == 3
    part = image.lms_part(package)
    assert (part.key, part.signature) == (KEY, lms_like(image.lms_message(part.digest)))


def test_lms_is_over_everything_but_itself_and_ecdsa_over_all():
    package = hybrid()
    part = image.lms_part(package)
    at = package.index(part.signature)
    zeroed = package[:at] + bytes(SIZE) + package[at + SIZE : -64]
    assert part.digest == hashlib.sha256(zeroed).digest()
    assert package[-64:] == ecdsa(hashlib.sha256(package[:-64]).digest())
    assert image.lms_message(part.digest) == b"armillary image\x01" + part.digest and len(image.LMS_DOMAIN) == 16


@given(st.data())
def test_every_byte_of_the_package_but_the_two_signatures_changes_what_lms_signs(data):
    package = hybrid()
    part = image.lms_part(package)
    at = package.index(part.signature)
    places = [place for place in range(len(package) - 64) if not at <= place < at + SIZE]
    place = data.draw(st.sampled_from(places))
    changed = bytearray(package)
    changed[place] ^= data.draw(st.integers(1, 255))
    found = image.lms_part(bytes(changed))
    assert found is None or (found.digest, found.key) != (part.digest, part.key)


def test_a_package_without_the_part_is_what_it_always_was():
    plain = image.build(*HEAD, ecdsa, 3)
    assert image.lms_part(plain) is None and image.parse(plain).lms_key == b""
    package = hybrid()
    start = plain.index(b"4X4M")
    section = 4 + 32 + SIZE
    assert package[:start] == plain[:start]
    assert package[start + 8 + section : -68] == plain[start + 8 : -68]


def test_signing_anew_drops_a_part_of_somebody_else_or_makes_a_new_one():
    package = hybrid(temporary_flags=image.UNDER_DEVELOPMENT)
    plain = image.resign(package, b"n" * 20, ecdsa)
    assert image.lms_part(plain) is None and image.parse(plain).thumbprint == b"n" * 20
    other = (b"o" * 32, SIZE, lms_like)
    again = image.resign(package, b"n" * 20, ecdsa, other)
    part = image.lms_part(again)
    assert part.key == b"o" * 32 and part.signature == lms_like(image.lms_message(part.digest))
    assert part.digest != image.lms_part(package).digest


@pytest.mark.parametrize("data", [KEY, KEY[:31], KEY + b"123", b"k"])
def test_a_part_of_a_size_that_cannot_be_is_refused(data):
    sections = [(section.number, section.data) for section in image.parse(image.build(*HEAD, ecdsa)).sections]
    with pytest.raises(Invalid):
        image.assemble(b"body", [(image.LM, data), *sections], ecdsa)


def test_a_part_that_is_not_first_or_there_twice_is_refused():
    sections = [(section.number, section.data) for section in image.parse(image.build(*HEAD, ecdsa)).sections]
    part = (image.LM, KEY + bytes(SIZE))
    for at in range(1, len(sections) + 1):
        with pytest.raises(Invalid, match="LM is not the first"):
            image.assemble(b"body", sections[:at] + [part] + sections[at:], ecdsa)
    with pytest.raises(Invalid, match="twice"):
        image.assemble(b"body", [part, part, *sections], ecdsa)


def test_a_signature_of_another_size_than_announced_is_not_packed():
    with pytest.raises(Invalid, match="an LMS signature of 61 bytes"):
        image.build(*HEAD, ecdsa, lms=(KEY, SIZE, lambda message: bytes(SIZE + 1)))


def test_a_signature_too_large_for_metadata_is_not_packed():
    with pytest.raises(Invalid):
        image.build(*HEAD, ecdsa, lms=(KEY, 4000, lambda message: bytes(4000)))


def agree(data):
    """The finder never raises, and no package is parsed whose LM section the finder did not find."""
    part = image.lms_part(data)
    try:
        parsed = image.parse(data)
    except Invalid:
        return False
    assert (part is None) == (parsed.lms_key == b"")
    assert part is None or (part.key, part.signature) == (parsed.lms_key, parsed.sections[0].data[32:])
    return True


@given(st.binary(max_size=200))
@example(b"")
@example(bytes(63))
@example(bytes(76))
def test_the_finder_takes_any_bytes(data):
    agree(data)


@given(st.binary(max_size=40), st.integers(0, 5), st.binary(max_size=80), st.integers(0, 200))
def test_the_finder_takes_any_metadata(body, count, inside, length):
    body = body[: len(body) // 4 * 4]
    agree(body + struct.pack("<II", image.MAGIC, count) + inside + struct.pack("<I", length) + bytes(64))


@given(st.data())
def test_the_finder_agrees_with_the_parser_on_mutated_packages(data):
    package = bytearray(hybrid())
    start = package.index(b"4X4M")
    for _ in range(data.draw(st.integers(1, 4))):
        package[data.draw(st.integers(start, len(package) - 65))] = data.draw(st.integers(0, 255))
    agree(bytes(package))


def test_the_agreement_is_about_something():
    assert agree(hybrid()) and agree(image.build(*HEAD, ecdsa))


def test_it_is_explained():
    shown = describe.explain(hybrid())
    [section] = [each for each in shown["metadata"]["sections"] if each["name"] == "LM"]
    assert section["title"] == "LMS signature" and section["fields"] == {"key": KEY.hex(), "signature": "60 bytes"}
