"""The portable engine of P-256: on this machine in C, and on an emulated Cortex-M4 with its field in assembly."""

import pathlib
import random
import runpy

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.native._native import ffi, lib
from armillary.native.plain import p256 as plain
from armillary.native.plain.p256 import N, P
from tests.native.emulator import m4

SOURCE = pathlib.Path(__file__).parent.parent.parent / "native/src/p256"
ENGINE = lib.p256_portable
SEAL = 0x33CC55AA  # common/verdict.h
EDGES = [
    *(1, 2, 3, 15, 16, 17, 31, 32, 33, 2**64 - 1, 2**64, 2**64 + 1, 2**128, 2**192, 15 * 2**192, 2**252, 2**255),
    *(N - 1, N - 2, N - 3, N - 15, N - 16, N - 17, N - 2**64, N - 2**192, N // 2, N // 2 + 1),
]  # fmt: skip
SCALARS = st.one_of(st.integers(1, N - 1), st.sampled_from(EDGES))
RESIDUES = st.one_of(st.just(0), SCALARS)
FIELD = [
    0,
    1,
    2,
    P - 1,
    P - 2,
    2**32 - 1,
    2**96,
    2**224,
    2**255,
    P - 2**32,
    P - 2**96,
    P - 2**224,
    2**256 % P,
    P // 2,
]


def octets(number):
    return number.to_bytes(32, "big")


def point(scalar):
    """scalar * G by an independent library."""
    numbers = ec.derive_private_key(scalar % N, ec.SECP256R1()).public_key().public_numbers()
    return octets(numbers.x) + octets(numbers.y)


def made(function, length, *arguments):
    at = ffi.new("uint8_t[]", length)
    function(at, *arguments)
    return bytes(at)


def combined(u, v, public):
    """The sum by combine(), and by combine_guarded(), which must agree; None if neutral."""
    at = ffi.new("uint8_t[64]")
    accepts = ENGINE.combine(at, octets(u), octets(v), public) == lib.VERDICT_ACCEPT
    kept = [ffi.from_buffer(data) for data in (octets(u), octets(v), public)]
    item = ffi.new("struct p256_sum *", {"u": kept[0], "v": kept[1], "point": kept[2]})
    ENGINE.combine_guarded(item)
    assert (item.verdict == lib.VERDICT_ACCEPT) is accepts and bytes(item.at) == bytes(at)
    return bytes(at) if accepts else None


def test_the_table_of_the_base_point_is_what_its_script_writes():
    assert runpy.run_path(str(SOURCE / "make_base_32.py"))["text"]() == (SOURCE / "base_32.c").read_text()


@pytest.mark.parametrize("scalar", EDGES, ids=hex)
def test_multiples_at_the_edges_are_right(scalar):
    assert made(ENGINE.base, 64, octets(scalar)) == point(scalar)
    for m in (1, 2, N - 1, N - 2, 2**128, 3**100):
        assert made(ENGINE.multiply, 64, octets(scalar), point(m)) == point(scalar * m)


@settings(max_examples=150, deadline=None)
@given(scalar=SCALARS, m=SCALARS)
def test_multiples_are_openssls(scalar, m):
    assert made(ENGINE.base, 64, octets(scalar)) == point(scalar)
    assert made(ENGINE.multiply, 64, octets(scalar), point(m)) == point(scalar * m)


@settings(max_examples=150, deadline=None)
@given(u=RESIDUES, v=RESIDUES, m=SCALARS, meeting=st.sampled_from(["not", "equal", "opposite"]))
def test_sums_are_openssls(u, v, m, meeting):
    u = {"not": u, "equal": v * m % N, "opposite": -v * m % N}[meeting]
    total = (u + v * m) % N
    assert combined(u, v, point(m)) == (point(total) if total else None)


@pytest.mark.parametrize("m", [1, 2, 3, 5, 15, 16, N - 1, N - 2, 2**64, 2**128, (N + 1) // 2], ids=hex)
def test_sums_with_a_relative_of_the_base_point_are_right(m):
    for v in (0, 1, 2, 5, 16, 31, N - 1, N - 2, 2**255, 3**100):
        for u in {0, 1, v * m % N, -v * m % N, (v * m + 2) % N, (v * m - 2) % N, v % N, 2**255}:
            total = (u + v * m) % N
            assert combined(u, v, point(m)) == (point(total) if total else None)


@settings(max_examples=300)
@given(a=RESIDUES, b=RESIDUES)
def test_scalars_are_multiplied_and_inverted(a, b):
    assert made(ENGINE.scalar_multiply, 32, octets(a), octets(b)) == octets(a * b % N)
    for function in (ENGINE.scalar_inverse, ENGINE.scalar_inverse_public):
        assert made(function, 32, octets(a)) == octets(pow(a, N - 2, N))


@settings(max_examples=100, deadline=None)
@given(scalar=SCALARS, bit=st.integers(0, 511))
def test_only_points_of_the_curve_are_points(scalar, bit):
    public = bytearray(point(scalar))
    assert ENGINE.is_point(bytes(public)) == lib.VERDICT_ACCEPT
    public[bit // 8] ^= 1 << bit % 8
    assert ENGINE.is_point(bytes(public)) != lib.VERDICT_ACCEPT


def test_coordinates_are_not_reduced():
    y = pow(plain.B, (P + 1) // 4, P)  # of x = 0
    assert ENGINE.is_point(octets(0) + octets(y)) == lib.VERDICT_ACCEPT
    for wrong in (octets(P) + octets(y), octets(0) + octets(P), bytes(64), b"\xff" * 64):
        assert ENGINE.is_point(wrong) != lib.VERDICT_ACCEPT


BUILDS = {"assembly": [], "plain C": ["-DARMILLARY_NO_ASSEMBLY"], "assembly for size": ["-Os"]}


# Each build takes several seconds.
@pytest.fixture(scope="module", params=[pytest.param(build, marks=pytest.mark.slow) for build in BUILDS])
def core(request, tmp_path_factory):
    """A Cortex-M4 in an emulator, with the engine of one build."""
    folder = tmp_path_factory.mktemp("p256-m4")
    program = m4.engine(folder, [m4.HERE / "idle.c"], BUILDS[request.param])
    machine = m4.Machine(m4.shim(folder), program, with_data=False)
    yield machine
    machine.close()


def call(core, name, arguments, length, at):
    """Call `name` with room for `length` bytes as argument number `at`. Returns the answer and the bytes."""
    core.reset()
    words = core.words(arguments)
    room = core.place(bytes(length))
    words.insert(at, room)
    return core.call(name, *words).result & 0xFFFFFFFF, core.read(room, length)


def words(number):
    return number.to_bytes(32, "little")


@pytest.mark.parametrize(
    "name, expected",
    [
        ("multiply", lambda a, b: a * b * pow(2**256, -1, P) % P),
        ("add", lambda a, b: (a + b) % P),
        ("subtract", lambda a, b: (a - b) % P),
        ("halve", lambda a, b: a * pow(2, -1, P) % P),
    ],
)
def test_field_elements_at_the_edges_on_the_core(core, name, expected):
    chance = random.Random(name)
    elements = [*FIELD, *(chance.randrange(P) for _ in range(8))]
    for a in elements:
        for b in elements if name != "halve" else [0]:
            operands = [words(a)] if name == "halve" else [words(a), words(b)]
            assert call(core, "field_32_" + name, operands, 32, 0)[1] == words(expected(a, b)), (
                hex(a),
                hex(b),
            )


def test_a_result_may_be_an_operand_on_the_core(core):
    chance = random.Random(3)
    for name, expected in (
        ("multiply", lambda a: a * a * pow(2**256, -1, P) % P),
        ("add", lambda a: 2 * a % P),
    ):
        a = chance.randrange(P)
        core.reset()
        at = core.place(words(a))
        core.call("field_32_" + name, at, at, at)
        assert core.read(at, 32) == words(expected(a))


@pytest.mark.parametrize("private", [1, 2, N - 1, N - 2, random.Random(1).randrange(N)], ids=hex)
def test_keys_secrets_and_signatures_on_the_core(core, private):
    digest = random.Random(private).randbytes(32)
    key, public = octets(private), point(private)
    assert call(core, "p256_public", [key], 64, 1) == (lib.VERDICT_ACCEPT, public)
    assert call(core, "p256_ecdh", [key, point(7)], 32, 2) == (lib.VERDICT_ACCEPT, point(7 * private)[:32])
    signature = plain.p256_sign(key, digest)
    assert call(core, "p256_sign", [key, digest], 64, 2) == (lib.VERDICT_ACCEPT, signature)
    for sent, accepts in (
        (signature, True),
        (signature[:63] + bytes([signature[63] ^ 1]), False),
        (bytes(64), False),
    ):
        core.reset()
        addresses = core.words([public, digest, sent])
        found = core.call("p256_verify_sealed", *addresses, ~sum(addresses) & 0xFFFFFFFF).result ^ SEAL
        assert (found & 0xFFFFFFFF == lib.VERDICT_ACCEPT) is accepts


def test_an_address_that_does_not_belong_to_the_others_is_noticed(core):
    public, digest = point(9), bytes(32)
    core.reset()
    addresses = core.words([public, digest, plain.p256_sign(octets(9), digest)])
    for wrong in (1, 1 << 31):
        found = (
            core.call("p256_verify_sealed", *addresses, ~sum(addresses) & 0xFFFFFFFF ^ wrong).result ^ SEAL
        )
        assert found & 0xFFFFFFFF != lib.VERDICT_ACCEPT
