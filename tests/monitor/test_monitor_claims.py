"""Claims: what is read from a signed package, and how two cores are divided among those who claim them."""

import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.monitor import claims
from armillary.monitor.claims import Claim
from armillary.monitor.verify import Verified
from armillary.wire import asxipfs, blocks, image
from armillary.wire.fault import Busy, Fault, Full
from tests.monitor.rtapps import FIRST, FRIEND, elf, manifest


def verified(body, component=FIRST, image_type=image.APPLICATIONS):
    data = image.build(body, image_type, component, b"i" * 16, "x", 0, bytes(20), lambda digest: bytes(64), 1)
    return Verified(data, image.parse(data), b"", b"", False)


def body(text, program=None):
    return asxipfs.pack([("app_manifest.json", text, False), ("bin/app", elf() if program is None else program, True)])


def test_a_claim_is_what_the_manifest_says():
    capabilities = {"Gpio": [9, 8], "SpiMaster": ["ISU1"], "ExternalInterrupt": ["EINT8"], "AllowedApplicationConnections": [FRIEND]}
    found = claims.read(verified(body(manifest(FIRST, capabilities, core=1, name="mixer"))))
    assert (found.component, found.name, found.core, found.is_connected) == (FIRST, "mixer", 1, True)
    assert found.numbers() == (8, 9, 31, 32, 33, 34, 35)
    assert found.blocks == bytes([blocks.SPI + 1, blocks.EINT + 8])
    assert found.words() == "Gpio 8, Gpio 9, SpiMaster ISU1, ExternalInterrupt EINT8"


def test_an_app_of_the_main_core_and_a_part_of_the_os_claim_nothing():
    text = manifest(FIRST, {"Gpio": [8]}, kind="Default")
    assert claims.read(verified(body(text))) is None
    assert claims.read(verified(b"anything", image_type=image.KERNEL)) is None


def test_a_manifest_of_another_component_than_its_package_claims_nothing():
    with pytest.raises(Fault, match="ComponentId"):
        claims.read(verified(body(manifest(FIRST)), component=b"o" * 16))


def changed(text, change):
    at, value = change
    at %= len(text)
    return text[:at] + bytes((value,)) + text[at + 1 :]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_manifest_that_somebody_signed_badly_raises_a_fault_and_nothing_else(changes):
    """It is read at boot: what it raises besides would keep the device from booting."""
    text = manifest(FIRST, {"Gpio": [8], "Uart": ["ISU0"], "ExternalInterrupt": ["EINT3"]}, core=0)
    for change in changes:
        text = changed(text, change)
    try:
        claims.read(verified(body(text)))
    except Fault:
        pass


SOUND = body(manifest(FIRST, {"Gpio": [8]}))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=4), st.booleans())
def test_neither_does_a_file_system(changes, is_summed):
    data = SOUND
    for change in changes:
        data = changed(data, change)
    if is_summed:
        data = data[: asxipfs.CRC] + asxipfs.crc32(data).to_bytes(4, "little") + data[asxipfs.CRC + 4 :]
    try:
        claims.read(verified(data))
    except Fault:
        pass


@pytest.mark.parametrize("text", [b"[" * 16000, b'{"a":' * 3000, json.dumps({"Gpio": [0] * 5000}).encode(), b'"' + b"\\u0041" * 2000])
def test_neither_does_one_that_is_deep_or_long(text):
    with pytest.raises(Fault):
        claims.read(verified(body(text)))


# -- dividing ----------------------------------------------------------------------------------------

def made(number, pins, named, core, is_new):
    claim = Claim(bytes((number,)) * 16, f"app {number}", tuple((pin, f"Gpio {pin}") for pin in sorted(pins)), bytes(sorted(named)), core)
    claim.is_new = is_new
    return claim


CLAIMS = st.builds(
    made, st.integers(1, 9), st.sets(st.integers(0, 5), max_size=3), st.sets(st.sampled_from((0, 32, 48)), max_size=2),
    st.sampled_from((None, None, 0, 1)), st.booleans(),
)  # fmt: skip
SETS = st.lists(CLAIMS, max_size=5, unique_by=lambda claim: claim.component)


@settings(max_examples=300, deadline=None)
@given(SETS)
def test_a_division_gives_each_core_to_one_claim_and_no_pin_twice(found):
    placed, refused = claims.divide(found)
    assert {claim.component for claim in placed.values()} | set(refused) == {claim.component for claim in found}
    assert len(placed) + len(refused) == len(found)
    for core, claim in placed.items():
        assert core in (0, 1) and claim.core in (None, core)
    for one, other in itertools.combinations(placed.values(), 2):
        assert not set(one.numbers()) & set(other.numbers()) and not set(one.blocks) & set(other.blocks)


@settings(max_examples=300, deadline=None)
@given(SETS)
def test_nobody_is_refused_without_a_reason_that_holds(found):
    placed, refused = claims.divide(found)
    for component, fault in refused.items():
        claim = next(claim for claim in found if claim.component == component)
        if isinstance(fault, Busy):
            before = [one for one in placed.values() if (one.is_new, one.component) < (claim.is_new, component)]
            assert any(claims.collision(claim, one) for one in before)
        else:
            assert isinstance(fault, Full)
            left = {0, 1} - set(placed)
            named = {one.core for one in found if one.component != component}
            assert not left or claim.core not in (None, *left) or (claim.core is None and left <= named)


@settings(max_examples=200, deadline=None)
@given(SETS, st.randoms(use_true_random=False))
def test_the_order_in_which_apps_were_installed_decides_nothing(found, random):
    shuffled = list(found)
    random.shuffle(shuffled)
    one, other = claims.divide(found), claims.divide(shuffled)
    assert one[0] == other[0] and {key: str(fault) for key, fault in one[1].items()} == {key: str(fault) for key, fault in other[1].items()}
