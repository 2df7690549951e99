"""The engines of P-256 for hosts: each against OpenSSL, and where a formula could meet a case it does not cover."""

import pathlib
import runpy

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.native._native import ffi, lib
from armillary.native.plain.p256 import N, P

SOURCE = pathlib.Path(__file__).parent.parent.parent / "native/src/p256"
FEATURES = {
    "64-bit words": 0,
    "MULX and ADX": lib.CPU_ADX,
    "AVX-512 IFMA": lib.CPU_IFMA | lib.CPU_ADX,
}
OFFERED = [name for name, features in FEATURES.items() if features & lib.cpu_offers() == features]

# Scalars at which the last addition meets equal points (engine_64_body.h says why), and their opposites.
MEETING = [2 * digit * 16**63 - N for digit in (9, 11, 13, 15)] + [N - 2, N - 6]
LOW, HALF = N % 2**128, 2**128
MEETING += [N - 2 * LOW, 2 * (HALF - LOW)]
EDGES = sorted(
    {1, 2, 3, 4, 15, 16, 17, 2**128 - 1, 2**128, 2**252, 2**255 - 1, 2**255, N // 2, N // 2 + 1}
    | {N - small for small in range(1, 40)}
    | {scalar % N for value in MEETING for scalar in (value, N - value)}
)
SCALARS = st.one_of(
    st.integers(1, N - 1),
    st.sampled_from(EDGES),
    st.builds(lambda low, shift: (low << shift) % N or 1, st.integers(1, 2**64), st.integers(0, 255)),
)
RESIDUES = st.one_of(st.just(0), SCALARS)


def octets(number):
    return number.to_bytes(32, "big")


def multiple(scalar):
    """scalar * G by OpenSSL."""
    numbers = ec.derive_private_key(scalar % N, ec.SECP256R1()).public_key().public_numbers()
    return octets(numbers.x) + octets(numbers.y)


class Engine:
    """An engine in C, with bytes for pointers; sums that are neutral are None."""

    def __init__(self, features):
        self.c = lib.engine_64_best(features)
        self.name = ffi.string(self.c.name).decode()

    def _call(self, function, length, *arguments):
        at = ffi.new("uint8_t[]", length)
        outcome = function(at, *arguments)
        assert outcome in (None, lib.VERDICT_ACCEPT, lib.VERDICT_REJECT)
        return None if outcome == lib.VERDICT_REJECT else bytes(at)

    def base(self, scalar):
        return self._call(self.c.base, 64, octets(scalar))

    def multiply(self, scalar, point):
        return self._call(self.c.multiply, 64, octets(scalar), point)

    def combine(self, u, v, point):
        return self._call(self.c.combine, 64, octets(u), octets(v), point)

    def table(self, point):
        room = ffi.new("uint8_t[]", self.c.table_size + 63)
        start = -int(ffi.cast("uintptr_t", room)) % 64
        self.c.table_make(room + start, point)
        return room, room + start

    def combine_known(self, u, v, table):
        return self._call(self.c.combine_known, 64, octets(u), octets(v), table[1])

    def combine_many(self, sums):
        if not self.c.many:
            return [self.combine(*each) for each in sums]
        held = [(octets(u), octets(v), point) for u, v, point in sums]
        kept = [[ffi.from_buffer(data) for data in each] for each in held]
        array = ffi.new("struct p256_sum[]", max(len(sums), 1))
        for item, (u, v, point) in zip(array, kept, strict=False):
            item.u, item.v, item.point = u, v, point
        self.c.combine_many(array, len(sums))
        return [
            bytes(item.at) if item.verdict == lib.VERDICT_ACCEPT else None
            for item, _ in zip(array, sums, strict=False)
        ]

    def is_point(self, point):
        return self.c.is_point(point) == lib.VERDICT_ACCEPT

    def scalar(self, name, *numbers):
        return int.from_bytes(
            self._call(getattr(self.c, "scalar_" + name), 32, *(octets(number) for number in numbers)), "big"
        )


ENGINES = {name: Engine(FEATURES[name]) for name in OFFERED}


@pytest.fixture(params=OFFERED)
def engine(request):
    return ENGINES[request.param]


def total(u, v, m):
    """(u + v * m) * G, or None if it is neutral."""
    return multiple(u + v * m) if (u + v * m) % N else None


def test_each_processor_gets_its_own_engine():
    assert [ENGINES[name].name for name in OFFERED] == OFFERED


def test_the_table_of_the_base_point_is_what_its_script_writes():
    made = runpy.run_path(str(SOURCE / "make_tables.py"))["text"]()
    assert made == (SOURCE / "table_64.c").read_text()


@settings(max_examples=300, deadline=None)
@given(a=RESIDUES, b=RESIDUES)
@pytest.mark.parametrize("name", OFFERED)
def test_scalars_are_multiplied_and_inverted(name, a, b):
    engine = ENGINES[name]
    assert engine.scalar("multiply", a, b) == a * b % N
    inverse = pow(a, N - 2, N)
    assert engine.scalar("inverse", a) == inverse
    assert engine.scalar("inverse_public", a) == inverse


@pytest.mark.parametrize("scalar", EDGES, ids=hex)
def test_multiples_at_the_edges_are_right(engine, scalar):
    assert engine.base(scalar) == multiple(scalar)
    for m in (1, 2, N - 1, N - 2, 0x123456789ABCDEF << 100):
        assert engine.multiply(scalar, multiple(m)) == multiple(scalar * m)


@settings(max_examples=300, deadline=None)
@given(scalar=SCALARS, m=SCALARS)
@pytest.mark.parametrize("name", OFFERED)
def test_multiples_are_openssls(name, scalar, m):
    engine = ENGINES[name]
    assert engine.base(scalar) == multiple(scalar)
    assert engine.multiply(scalar, multiple(m)) == multiple(scalar * m)


@settings(max_examples=300, deadline=None)
@given(u=RESIDUES, v=RESIDUES, m=SCALARS, meet=st.sampled_from(["not", "equal", "opposite"]))
@pytest.mark.parametrize("name", OFFERED)
def test_sums_are_openssls(name, u, v, m, meet):
    engine, point = ENGINES[name], multiple(m)
    if meet != "not":
        u = v * m % N if meet == "equal" else -v * m % N
    expected = total(u, v, m)
    assert engine.combine(u, v, point) == expected
    assert engine.combine_known(u, v, engine.table(point)) == expected


@pytest.mark.parametrize("m", [1, 2, 3, 16, 2**128, 2**252, N - 1, N - 2, N - 16, (N + 1) // 2])
def test_sums_with_a_relative_of_the_base_point_are_right(engine, m):
    point = multiple(m)
    table = engine.table(point)
    for v in [0, 1, 2, 5, N - 1, *MEETING[:4], 0xDEADBEEF << 130]:
        for u in {0, 1, v * m % N, -v * m % N, (v * m + 2) % N, v % N}:
            expected = total(u, v % N, m)
            assert engine.combine(u, v % N, point) == expected
            assert engine.combine_known(u, v % N, table) == expected


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(RESIDUES, RESIDUES, SCALARS, st.sampled_from(["not", "not", "not", "equal", "opposite"])),
        max_size=19,
    )
)
@pytest.mark.parametrize("name", OFFERED)
def test_each_of_many_sums_is_its_own(name, sums):
    sums = [({"not": u, "equal": v * m % N, "opposite": -v * m % N}[meet], v, m) for u, v, m, meet in sums]
    expected = [total(*each) for each in sums]
    assert ENGINES[name].combine_many([(u, v, multiple(m)) for u, v, m in sums]) == expected


@settings(max_examples=200, deadline=None)
@given(scalar=SCALARS, bit=st.integers(0, 511))
@pytest.mark.parametrize("name", OFFERED)
def test_only_points_of_the_curve_are_points(name, scalar, bit):
    engine, point = ENGINES[name], bytearray(multiple(scalar))
    assert engine.is_point(bytes(point))
    point[bit // 8] ^= 1 << bit % 8
    assert not engine.is_point(bytes(point))


def test_coordinates_are_not_reduced(engine):
    """The points with x = 0 exist; p in its place is refused, and so are both as large as can be."""
    y = pow(0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B, (P + 1) // 4, P)
    assert engine.is_point(octets(0) + octets(y))
    assert not engine.is_point(octets(P) + octets(y))
    assert not engine.is_point(bytes(64))
    assert not engine.is_point(b"\xff" * 64)


CLAIM = st.tuples(st.integers(1, N - 1), st.binary(min_size=32, max_size=32), st.integers(-1, 1279))


def claimed(secret, digest, flip):
    """A signature made by OpenSSL, of whose key, digest and value bit `flip` is wrong (none if negative)."""
    private = ec.derive_private_key(secret, ec.SECP256R1())
    r, s = decode_dss_signature(private.sign(digest, ec.ECDSA(Prehashed(SHA256()))))
    parts = bytearray(multiple(secret) + digest + octets(r) + octets(s))
    if flip >= 0:
        parts[flip // 8] ^= 1 << flip % 8
    return bytes(parts[:64]), bytes(parts[64:96]), bytes(parts[96:])


@settings(max_examples=40, deadline=None)
@given(st.lists(CLAIM, max_size=35))
@pytest.mark.parametrize("name", OFFERED)
def test_each_of_many_signatures_has_its_own_verdict(name, drawn):
    claims = [claimed(*each) for each in drawn]
    held = [[ffi.from_buffer(part) for part in claim] for claim in claims]
    array = ffi.new("struct p256_claim[]", max(len(claims), 1))
    for item, (key, digest, signature) in zip(array, held, strict=False):
        item.public_key, item.digest, item.signature = key, digest, signature
    lib.cpu_restrict(FEATURES[name])
    try:
        lib.p256_verify_many(array, len(claims))
        alone = [lib.p256_verify(*claim) for claim in claims]
    finally:
        lib.cpu_restrict(0xFFFFFFFF)
    good = [flip < 0 for _, _, flip in drawn]
    assert [array[i].verdict == lib.VERDICT_ACCEPT for i in range(len(claims))] == good
    assert [verdict == lib.VERDICT_ACCEPT for verdict in alone] == good
