"""The engine on a Cortex-M4 stays as small and as fast as the committed table says, and within its limits."""

import json

import pytest

from tests.native.footprint import measure

TOLERANCE = 1.02
KIB = 1024


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """For what is compiled."""
    return tmp_path_factory.mktemp("footprint")


@pytest.fixture(scope="module")
def now(folder):
    """The table of this checkout."""
    return measure.table(folder)


@pytest.fixture(scope="module")
def committed():
    """The table in the repository."""
    return json.loads(measure.TABLE.read_text())


def risen(now, committed):
    """What costs more than the committed table says, by more than the tolerance."""
    return {
        f"{title}: {name}": (committed[title][name], value)
        for title, rows in now.items() for name, value in rows.items()
        if value > TOLERANCE * committed[title].get(name, value)
    }  # fmt: skip


def test_nothing_has_risen(now, committed, capsys):
    with capsys.disabled():
        print(measure.text(now))
    assert risen(now, committed) == {}, "if that is meant: make footprint"


def test_the_table_has_every_row(now, committed):
    assert {title: set(rows) for title, rows in now.items()} == {title: set(rows) for title, rows in committed.items()}


def test_a_rise_is_seen(committed):
    more = {title: {name: int(value * 1.03) + 1 for name, value in rows.items()} for title, rows in committed.items()}
    assert len(risen(more, committed)) == sum(map(len, committed.values()))


def test_all_of_the_code_fits_into_32_kib(now):
    assert now["code"]["all"] == sum(size for name, size in now["code"].items() if name != "all") <= 32 * KIB


def test_no_call_takes_more_than_4_kib_of_stack(now):
    assert max(now["stack at most"].values()) <= 4 * KIB
    assert max(now["stack measured"].values()) <= 4 * KIB


@pytest.mark.parametrize("call, function", [
    ("SHA-256, 1 KiB", "sha256_hash"), ("HMAC, 64 B", "hmac_sha256"), ("HKDF, 32 B", "hkdf_sha256"),
    ("HMAC-DRBG, 32 B", "drbg_generate"), ("AES-128-CTR, 4 KiB", "aes_ctr"), ("AES-128-GCM seal, 1 KiB", "gcm_seal"),
    ("AES-128-CMAC, 64 B", "cmac_aes"), ("AES-256 key wrap, 32 B", "keywrap"), ("P-256 verify", "p256_verify_sealed"),
    ("P-256 sign", "p256_sign"), ("P-256 ECDH", "p256_ecdh"), ("LMS verify, M32 H10 W8", "lms_verify_sealed"),
])  # fmt: skip
def test_no_stack_is_deeper_than_the_calls_add_up_to(now, call, function):
    arguments_on_the_stack = 24
    assert now["stack measured"][call] <= now["stack at most"][function] + arguments_on_the_stack


def test_p256_verify_takes_at_most_1_5_million_instructions(now):
    assert now["instructions"]["P-256 verify"] <= 1_500_000


def test_sha256_takes_at_most_45_instructions_a_byte(now):
    assert now["instructions"]["SHA-256, 1 KiB"] <= 45 * 1024


def test_every_stack_frame_is_of_a_size_known_when_compiling(folder):
    assert measure.graph(folder).kinds == {"static"}


def test_nothing_allocates_and_nothing_is_called_that_is_not_ours(folder):
    assert measure.graph(folder).outside() <= {"memcpy", "memmove", "memset", "memcmp", "__aeabi_lmul", "__aeabi_llsl"}


def test_a_recursion_would_be_seen():
    looped = measure.Graph([])
    looped.edges = {"a": {"b"}, "b": {"a"}}
    with pytest.raises(ValueError, match="a -> b -> a"):
        looped.deepest("a")
