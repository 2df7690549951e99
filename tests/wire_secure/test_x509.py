"""Certificate chains: what is believed, what is not, and that another verifier agrees."""

import datetime
import ipaddress
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from armillary.wire import certificate, der
from armillary.wire.fault import Expired, Fault, Invalid, Untrusted
from armillary.wire.x509 import parse, summary, verify_chain

HOST = "server.example"
DAY = datetime.timedelta(1)
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER = ExtendedKeyUsageOID.SERVER_AUTH
CA = x509.BasicConstraints


class Bench:
    """A root, two levels of authority and a leaf; a test changes one of them."""

    def __init__(self, maker: Any, suite: Any) -> None:
        self.maker, self.suite = maker, suite
        self.keys = [maker.key(number) for number in range(5)]

    def root(self, **changes: Any) -> Any:
        return self.maker.authority("Root", self.keys[0], "Root", self.keys[0], **changes)

    def middle(self, **changes: Any) -> Any:
        return self.maker.authority("Middle", self.keys[1], "Root", self.keys[0], **changes)

    def lower(self, **changes: Any) -> Any:
        return self.maker.authority("Lower", self.keys[3], "Middle", self.keys[1], **changes)

    def leaf(self, level: int = 1, **changes: Any) -> Any:
        name, key = (("Root", 0), ("Middle", 1), ("Lower", 3))[level]
        key = changes.pop("key", key)
        return self.maker.issue("leaf", self.keys[2], name, self.keys[key], **changes)

    def verify(self, chain: Any, roots: Any, host: str = HOST, at: datetime.timedelta = DAY * 0) -> bytes:
        chain = [item if isinstance(item, bytes) else self.maker.der(item) for item in chain]
        roots = [item if isinstance(item, bytes) else self.maker.der(item) for item in roots]
        return verify_chain(chain, roots, host, self.maker.now_ms + int(at.total_seconds()) * 1000, self.suite)

    def judge(self, chain: Any, roots: Any, host: str = HOST, at: datetime.timedelta = DAY * 0) -> bool:
        """Whether the other library's verifier accepts."""
        try:
            address = ipaddress.ip_address(host)
            name: Any = x509.IPAddress(address)
        except ValueError:
            name = x509.DNSName(host)
        builder = verification.PolicyBuilder().store(verification.Store(roots)).time(self.maker.now + at)
        try:
            builder.build_server_verifier(name).verify(chain[0], list(chain[1:]))
        except (verification.VerificationError, ValueError):
            return False
        return True

    def refused(self, chain: Any, roots: Any, rule: str, host: str = HOST, fault: type[Fault] = Untrusted, judge: bool | None = False) -> None:
        with pytest.raises(fault) as caught:
            self.verify(chain, roots, host)
        assert type(caught.value) is fault
        assert caught.value.rule == "x509." + rule
        assert caught.value.policy and caught.value.reason
        if judge is not None:
            assert self.judge(chain, roots, host) is judge


@pytest.fixture(scope="session")
def bench(maker: Any, suite: Any) -> Bench:
    return Bench(maker, suite)


def test_a_good_chain_gives_the_leafs_key(bench: Bench) -> None:
    for chain in ([bench.leaf(0)], [bench.leaf(), bench.middle()], [bench.leaf(2), bench.lower(), bench.middle()]):
        assert bench.verify(chain, [bench.root()]) == bench.maker.point(bench.keys[2])
        assert bench.judge(chain, [bench.root()])


def test_what_follows_the_needed_certificates_is_ignored(bench: Bench) -> None:
    stray = bench.maker.issue("stray", bench.keys[4], "Nobody", bench.keys[4])
    assert bench.verify([bench.leaf(), bench.middle(), bench.root(), stray], [bench.root()])


def test_the_right_root_is_found_among_others_of_its_name(bench: Bench) -> None:
    impostor = bench.maker.authority("Root", bench.keys[4], "Root", bench.keys[4])
    assert bench.verify([bench.leaf(), bench.middle()], [impostor, bench.root()])
    bench.refused([bench.leaf(), bench.middle()], [impostor], "root")


@pytest.mark.parametrize("roots", [0, 1])
def test_a_chain_to_no_root_is_refused(bench: Bench, roots: int) -> None:
    other = bench.maker.authority("Other", bench.keys[4], "Other", bench.keys[4])
    chain = [bench.leaf(), bench.middle(), bench.root()]
    bench.refused(chain, [other][:roots], "root", judge=False if roots else None)


def test_a_self_signed_server_is_refused_even_beside_itself(bench: Bench) -> None:
    own = bench.maker.issue("leaf", bench.keys[2], "leaf", bench.keys[2])
    bench.refused([own], [bench.root()], "root")
    bench.refused([own], [own], "authority", judge=None)


def test_a_chain_out_of_order_or_with_a_gap_is_refused(bench: Bench) -> None:
    bench.refused([bench.leaf(2), bench.middle(), bench.lower()], [bench.root()], "issuer", judge=None)
    bench.refused([bench.leaf(2), bench.middle()], [bench.root()], "issuer")
    bench.refused([bench.leaf()], [bench.root()], "root")


def test_a_signature_by_another_key_is_refused(bench: Bench) -> None:
    bench.refused([bench.leaf(key=4), bench.middle()], [bench.root()], "signature")
    bench.refused([bench.leaf(0, key=4)], [bench.root()], "root")


def test_the_length_of_a_chain_is_bounded(bench: Bench) -> None:
    chain = [bench.leaf(), bench.middle()] + [bench.middle()] * 5
    bench.refused(chain, [bench.root()], "chain", judge=None)
    bench.refused([], [bench.root()], "chain", judge=None)


@pytest.mark.parametrize(
    ("changes", "rule", "judge"),
    [
        ({"constraints": None}, "authority", False),
        ({"constraints": CA(False, None)}, "authority", False),
        ({"usage": ("digital_signature",)}, "usage", False),
        ({"usage": None}, "usage", None),
        ({"purposes": (CLIENT,)}, "purpose", False),
        ({"start": DAY}, "validity", False),
        ({"extra": [(x509.PolicyConstraints(0, None), True)]}, "form", None),
        ({"extra": [(x509.NameConstraints([x509.DNSName("example")], None), True)]}, "form", None),
        ({"extra": [(x509.NameConstraints([x509.DNSName("example")], None), False)]}, "form", None),
        ({"extra": [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"x"), True)]}, "form", False),
        ({"digest": hashes.SHA384()}, "form", None),
    ],
)
@pytest.mark.parametrize("which", ["middle", "root"])
def test_an_authority_must_be_one(bench: Bench, which: str, changes: Any, rule: str, judge: Any) -> None:
    middle = bench.middle(**changes) if which == "middle" else bench.middle()
    root = bench.root(**changes) if which == "root" else bench.root()
    bench.refused([bench.leaf(), middle], [root], rule, judge=judge if which == "middle" else None)


def test_a_path_length_counts_the_authorities_below(bench: Bench) -> None:
    chain = [bench.leaf(2), bench.lower(), bench.middle(constraints=CA(True, 0))]
    bench.refused(chain, [bench.root()], "path")
    bench.refused([bench.leaf(2), bench.lower(), bench.middle()], [bench.root(constraints=CA(True, 1))], "path")
    exact = [bench.leaf(2), bench.lower(constraints=CA(True, 0)), bench.middle(constraints=CA(True, 1))]
    assert bench.verify(exact, [bench.root(constraints=CA(True, 2))])
    assert bench.judge(exact, [bench.root(constraints=CA(True, 2))])


@pytest.mark.parametrize(
    ("changes", "rule", "judge"),
    [
        ({"constraints": CA(True, None)}, "authority", None),
        ({"usage": ("key_agreement",)}, "usage", None),
        ({"purposes": (CLIENT,)}, "purpose", False),
        ({"purposes": (ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)}, "purpose", False),
        ({"purposes": None}, "purpose", None),
        ({"alternatives": None}, "host", False),
        ({"alternatives": ("other.example",)}, "host", False),
        ({"alternatives": (x509.RFC822Name("a@server.example"),)}, "host", False),
        ({"alternatives": (x509.UniformResourceIdentifier("https://server.example"),)}, "host", False),
        ({"start": DAY}, "validity", False),
        ({"extra": [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"x"), True)]}, "form", False),
        ({"digest": hashes.SHA512()}, "form", None),
    ],
)
def test_a_leaf_must_be_a_servers(bench: Bench, changes: Any, rule: str, judge: Any) -> None:
    bench.refused([bench.leaf(**changes), bench.middle()], [bench.root()], rule, judge=judge)


def test_an_extension_that_is_not_critical_is_passed_over(bench: Bench) -> None:
    extra = [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"x"), False)]
    assert bench.verify([bench.leaf(extra=extra), bench.middle()], [bench.root()])


@pytest.mark.parametrize("which", ["leaf", "middle", "root"])
def test_time_alone_makes_it_expired(bench: Bench, which: str) -> None:
    late = {"end": -DAY}
    chain = [bench.leaf(**(late if which == "leaf" else {})), bench.middle(**(late if which == "middle" else {}))]
    root = bench.root(**(late if which == "root" else {}))
    # The other verifier takes a root as an anchor and does not look at its dates.
    bench.refused(chain, [root], "validity", fault=Expired, judge=None if which == "root" else False)


def test_an_expired_certificate_with_another_defect_is_untrusted(bench: Bench) -> None:
    bench.refused([bench.leaf(end=-DAY, alternatives=("x.example",)), bench.middle()], [bench.root()], "host")


def test_the_last_second_is_valid_and_the_next_is_not(bench: Bench) -> None:
    chain, roots = [bench.leaf(end=DAY), bench.middle()], [bench.root()]
    assert bench.verify(chain, roots, at=DAY)
    with pytest.raises(Expired):
        bench.verify(chain, roots, at=DAY + datetime.timedelta(seconds=1))
    assert bench.verify(chain, roots, at=-DAY * 30)
    with pytest.raises(Untrusted, match="not valid yet"):
        bench.verify(chain, roots, at=-DAY * 30 - datetime.timedelta(seconds=1))


@pytest.mark.parametrize(
    ("pattern", "host", "covers"),
    [
        ("server.example", "SERVER.Example", True), ("SERVER.example", "server.example", True),
        ("*.example.com", "a.example.com", True), ("*.example.com", "example.com", False),
        ("*.example.com", "a.b.example.com", False), ("*.example.com", "a.example.org", False),
        ("*.com", "example.com", False), ("example.com", "a.example.com", False),
        ("a.example.com", "b.example.com", False), ("10.0.0.1", "10.0.0.1", True), ("10.0.0.1", "10.0.0.2", False),
        ("2001:db8::1", "2001:db8:0:0:0:0:0:1", True), ("2001:db8::1", "2001:db8::2", False), ("::1", "::1", True),
    ],
)  # fmt: skip
def test_a_name_covers_what_the_standard_says(bench: Bench, pattern: str, host: str, covers: bool) -> None:
    chain, roots = [bench.leaf(alternatives=(pattern,)), bench.middle()], [bench.root()]
    if covers:
        assert bench.verify(chain, roots, host)
        assert bench.judge(chain, roots, host)
    else:
        bench.refused(chain, roots, "host", host, judge=None if pattern == "*.com" else False)


@pytest.mark.parametrize("pattern", ["*", "s*.example", "*server.example", "server.*", "*.*.example", "s.*.example", "10.0.0.1"])
def test_a_wildcard_elsewhere_covers_nothing(bench: Bench, pattern: str) -> None:
    name = x509.DNSName(pattern)
    for host in ("server.example", "s.server.example", "10.0.0.1"):
        with pytest.raises(Untrusted):
            bench.verify([bench.leaf(alternatives=(name,)), bench.middle()], [bench.root()], host)


def test_a_name_with_a_nul_is_refused(bench: Bench) -> None:
    good = bench.leaf(alternatives=("server.exampleX.evil.example",))
    data = bench.maker.der(good).replace(b"server.exampleX", b"server.example\x00")
    with pytest.raises(Invalid, match="DNS name"):
        parse(data)


@pytest.mark.parametrize("host", ["", ".", "a..b", "a.", ".a", "-a.b", "a-.b", "a b", "a\x00b", "*.a", "1.2.3", "1.2.3.256", "01.2.3.4", "\u00fc.de", "a" * 64, "1::2::3", "12345::", "g::", "1:2:3", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "a." * 127])
def test_what_is_no_host_is_invalid(bench: Bench, host: str) -> None:
    with pytest.raises(Invalid):
        bench.verify([bench.leaf(), bench.middle()], [bench.root()], host)


def _other_keys() -> list[Any]:
    return [ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256K1()), ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)]


def test_a_key_of_another_kind_is_refused(bench: Bench) -> None:
    for key in _other_keys():
        leaf = bench.maker.issue("leaf", key, "Root", bench.keys[0])
        with pytest.raises(Untrusted, match="P-256"):
            bench.verify([leaf], [bench.root()])


def test_a_key_with_its_curve_spelt_out_is_refused(bench: Bench) -> None:
    data = bench.maker.der(bench.leaf(0))
    named = bytes.fromhex("06082a8648ce3d030107")
    assert data.count(named) == 1
    with pytest.raises(Untrusted):
        bench.verify([data.replace(named, bytes.fromhex("30080602550406025504"))], [bench.root()])


def _pieces(tag: int, value: bytes) -> list[bytes]:
    """The values within a constructed value, each whole."""
    reader, found = der.Reader(value).inside(tag), []
    while reader.next_tag >= 0:
        found.append(reader.whole(reader.next_tag))
    return found


def _changed(value: bytes, was: bytes, now: bytes) -> bytes:
    """`value` with the innermost values that contain `was` rebuilt, so that every length is right."""
    tag = value[0]
    if tag & 0x20:
        inner = [_changed(piece, was, now) if was in piece else piece for piece in _pieces(tag, value)]
        if inner != _pieces(tag, value):
            return der.encode(tag, b"".join(inner))
    return der.encode(tag, der.Reader(value).content(tag).replace(was, now)) if value != was else now


def _remade(bench: Bench, was: str, now: str) -> bytes:
    """A leaf whose signed part was changed and signed again, so that only its form is wrong."""
    signed = parse(bench.maker.der(bench.leaf(0))).signed
    assert signed.count(bytes.fromhex(was)) == 1
    body = _changed(signed, bytes.fromhex(was), bytes.fromhex(now))
    raw = bench.maker.signer(bench.keys[0])(bench.suite.sha256(body))
    return der.encode(0x30, body + certificate.ECDSA_SHA256 + der.encode(3, b"\0" + der.raw_to_der(raw)))


BAD_FORMS = {
    # Mbed TLS CVE-2026-49300: constraints cut short, or a number where the boolean belongs.
    "constraints cut short": ("0603551d130101ff04023000", "0603551d130101ff04023001"),
    "number for a boolean": ("0603551d130101ff04023000", "0603551d130101ff04053003020101"),
    "boolean of 01": ("0603551d130101ff04023000", "0603551d130101ff04053003010101"),
    "default spelt out": ("0603551d130101ff04023000", "0603551d130101ff04053003010100"),
    "path length without authority": ("0603551d130101ff04023000", "0603551d130101ff04053003020100"),
    "critical spelt out as false": ("0603551d130101ff04023000", "0603551d1301010004023000"),
    "critical of 01": ("0603551d130101ff04023000", "0603551d1301010104023000"),
    "more after the constraints": ("0603551d130101ff04023000", "0603551d130101ff040430000500"),
    "usage with trailing zeros": ("0603551d0f0101ff0404030207 80".replace(" ", ""), "0603551d0f0101ff040403020680"),
    "usage without a bit": ("0603551d0f0101ff040403020780", "0603551d0f0101ff0403030100"),
    "usage with unused bits set": ("0603551d0f0101ff040403020780", "0603551d0f0101ff0404030207c0"),
    "unknown kind of name": ("820e7365727665722e6578616d706c65", "890e7365727665722e6578616d706c65"),
    "version 1": ("a003020102", "a003020100"),
    "version 4": ("a003020102", "a003020103"),
    "serial of zero": ("02051234567890", "02050000000000"),
    "negative serial": ("02051234567890", "02059234567890"),
    "serial with a needless byte": ("02051234567890", "02050012345678"),
    "year 2026 as GeneralizedTime": ("170d3236303530323030303030305a", "180f32303236303530323030303030305a"),
    "time without seconds": ("170d3236303530323030303030305a", "170b32363035303230303030 5a".replace(" ", "")),
    "time in another zone": ("170d3236303530323030303030305a", "17113236303530323030303030302b30313030"),
    "30 February": ("170d3236303530323030303030305a", "170d3236303233303030303030305a"),
    "month 13": ("170d3236303530323030303030305a", "170d3236313330323030303030305a"),
    "hour 24": ("170d3236303530323030303030305a", "170d3236303530323234303030305a"),
    "second 60": ("170d3236303530323030303030305a", "170d3236303530323030303036305a"),
    "space in the time": ("170d3236303530323030303030305a", "170d2036303530323030303030305a"),
    "compressed point": ("03420004", "03420002"),
    "hybrid point": ("03420004", "03420006"),
    "unused bits in the key": ("03420004", "03420104"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_FORMS)
def test_a_signed_certificate_of_a_wrong_form_is_refused(bench: Bench, name: str) -> None:
    data = _remade(bench, *BAD_FORMS[name])
    with pytest.raises(Untrusted) as caught:
        bench.verify([data], [bench.root()])
    assert caught.value.rule == "x509.form"


def test_the_remade_certificate_is_good_where_nothing_was_changed(bench: Bench) -> None:
    data = _remade(bench, "a003020102", "a003020102")
    assert bench.verify([data], [bench.root()]) == bench.maker.point(bench.keys[2])


def test_an_extension_given_twice_is_refused(bench: Bench) -> None:
    once = "300c0603551d130101ff04023000"
    with pytest.raises(Untrusted, match="twice"):
        bench.verify([_remade(bench, once, once + once)], [bench.root()])


def test_every_flipped_bit_of_a_leaf_is_refused(bench: Bench) -> None:
    data, roots = bench.maker.der(bench.leaf(0)), [bench.maker.der(bench.root())]
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 8
        with pytest.raises(Untrusted):
            bench.verify([bytes(changed)], roots)


@given(st.data())
def test_mutation_gives_no_other_exception(bench: Bench, data: st.DataObject) -> None:
    parts = [bytearray(bench.maker.der(part)) for part in (bench.leaf(), bench.middle(), bench.root())]
    for _ in range(data.draw(st.integers(1, 3))):
        part = parts[data.draw(st.integers(0, 2))]
        at = data.draw(st.integers(0, len(part) - 1))
        part[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    try:
        bench.verify([bytes(part) for part in parts[:2]], [bytes(parts[2])])
    except (Untrusted, Expired):
        return
    # Only the root's own signature proves nothing, and may differ.
    assert parts[:2] == [bench.maker.der(part) for part in (bench.leaf(), bench.middle())]


def test_the_summary_is_the_name_and_the_end(bench: Bench) -> None:
    end = int((bench.maker.now + DAY * 365).timestamp()) * 1000 + 999
    assert summary(bench.maker.der(bench.leaf())) == ("leaf", end)


def test_a_name_without_a_common_name_is_empty(bench: Bench) -> None:
    maker, name = bench.maker, x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Only")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(bench.keys[0].public_key())
    builder = builder.serial_number(1).not_valid_before(maker.now).not_valid_after(maker.now + DAY)
    made = builder.add_extension(CA(False, None), True).sign(bench.keys[0], hashes.SHA256())
    assert summary(maker.der(made))[0] == ""
