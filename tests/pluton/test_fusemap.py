"""Fuses by name: codes, glitches, torn blows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary import native
from armillary.hal.sim.fuses import ONES, STALE, ZEROS, Fuses
from armillary.hal.sim.power import PowerLost
from armillary.pluton import abi, bits, fusemap
from armillary.wire.fault import Failed, Full, Locked, OutOfOrder

STATES = [abi.BLANK, abi.MODULE_COMPLETE, abi.DEVICE_COMPLETE]


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_bit_functions_agree_with_integers(row, other):
    a, b = int.from_bytes(row, "little"), int.from_bytes(other, "little")
    assert bits.highest(row) == a.bit_length()
    assert int.from_bytes(bits.missing(row, other), "little") == b & ~a
    assert bits.is_within(row, other) == (a & b == a)
    assert [bits.has(row, n) for n in range(256)] == [bool(a >> n & 1) for n in range(256)]


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 255, 256])
def test_first_is_a_run_of_ones(count):
    assert int.from_bytes(bits.first(count, 32), "little") == (1 << count) - 1


@pytest.mark.parametrize("state", STATES)
def test_each_state_reads_back(state):
    fuses = Fuses()
    fuses.blow(fusemap.LIFECYCLE, dict(fusemap.CODES)[state])
    assert fusemap.read_lifecycle(fuses) == state


@pytest.mark.parametrize("row", [bytes(32), b"\xff" * 32, b"\x01" + bytes(31), b"\xaa" * 32])
def test_an_unlawful_row_reads_terminated(row):
    fuses = Fuses()
    fuses.blow(fusemap.LIFECYCLE, row)
    assert fusemap.read_lifecycle(fuses) == abi.TERMINATED
    with pytest.raises(OutOfOrder):
        fusemap.set_lifecycle(fuses, abi.DEVICE_COMPLETE)


@pytest.mark.parametrize("state", STATES)
def test_no_single_bit_turns_a_state_into_another(state):
    code = dict(fusemap.CODES)[state]
    for index in range(256):
        changed = bytes(a ^ b for a, b in zip(code, bits.only(index, 32)))
        assert fusemap._state(changed) == abi.TERMINATED


def test_codes_differ_in_at_least_32_bits():
    codes = [bytes(32), b"\xff" * 32] + [code for _, code in fusemap.CODES]
    for at, one in enumerate(codes):
        for other in codes[at + 1 :]:
            assert sum(bin(a ^ b).count("1") for a, b in zip(one, other)) >= 32


@pytest.mark.parametrize("now", STATES)
@pytest.mark.parametrize("then", STATES)
def test_the_lifecycle_only_goes_forward(now, then):
    fuses = Fuses()
    fuses.blow(fusemap.LIFECYCLE, dict(fusemap.CODES)[now])
    if then >= now:
        fusemap.set_lifecycle(fuses, then)
        assert fusemap.read_lifecycle(fuses) == then
    else:
        with pytest.raises(OutOfOrder):
            fusemap.set_lifecycle(fuses, then)
        assert fusemap.read_lifecycle(fuses) == now


@pytest.mark.parametrize("kind", [ZEROS, ONES])
@pytest.mark.parametrize("row", [fusemap.ROOT_KEY_HASH, fusemap.LIFECYCLE, 2, 4, 8, 16, 32])
def test_a_read_that_glitches_once_is_a_fault_never_a_value(row, kind):
    fuses = Fuses()
    fuses.blow(row, b"\x35" * 32)
    fuses.glitch_read(row, kind)
    with pytest.raises(Failed, match="the same twice"):
        fusemap.read(fuses, row)


def test_a_stale_read_is_a_fault():
    fuses = Fuses()
    fuses.blow(4, bits.first(3, 32))
    fuses.blow(4, bits.first(9, 32))
    fuses.glitch_read(4, STALE)
    with pytest.raises(Failed):
        fusemap.read_version(fuses, 4)


def test_a_single_read_would_have_believed_the_glitch(monkeypatch):
    monkeypatch.setattr(fusemap, "read", lambda fuses, row: fuses.read(row))
    fuses = Fuses()
    fuses.blow(4, bits.first(9, 32))
    fuses.glitch_read(4, ZEROS)
    assert fusemap.read_version(fuses, 4) == 0


def test_a_fuse_that_does_not_take_is_a_fault():
    fuses = Fuses()
    fuses.blow = lambda row, bits: None
    with pytest.raises(Failed, match="did not take"):
        fusemap.blow(fuses, 4, bits.first(1, 32))


def torn(fuses, work):
    """Cut `work` in its first operation; says whether the power failed."""
    fuses.rail.fail_after(1)
    try:
        work()
    except PowerLost:
        fuses.rail.power_on()
        return True
    fuses.rail.power_on()
    return False


@given(st.integers(0, 10_000), st.sampled_from([(1, 2), (1, 3), (2, 3)]))
@settings(max_examples=60)
def test_a_torn_change_of_lifecycle_settles_forward(seed, step):
    from armillary.hal.sim.power import PowerRail

    now, then = step
    fuses = Fuses(rail=PowerRail(seed))
    fuses.blow(fusemap.LIFECYCLE, dict(fusemap.CODES)[now])
    assert torn(fuses, lambda: fusemap.set_lifecycle(fuses, then))
    assert now <= fusemap.settle_lifecycle(fuses) <= then
    fusemap.set_lifecycle(fuses, then)
    assert fusemap.read_lifecycle(fuses) == then


def test_a_half_made_blank_code_is_not_settled_outside_the_factory():
    fuses = Fuses()
    fuses.blow(fusemap.LIFECYCLE, bits.only(2, 32))
    assert fusemap.settle_lifecycle(fuses) == abi.TERMINATED


def test_versions_count_up_to_256():
    fuses = Fuses()
    for version in (0, 1, 5, 5, 200, 256):
        fusemap.advance_version(fuses, 5, version)
        assert fusemap.read_version(fuses, 5) == version
    with pytest.raises(Full):
        fusemap.advance_version(fuses, 5, 257)


def test_a_version_never_goes_back():
    fuses = Fuses()
    fusemap.advance_version(fuses, 5, 9)
    fusemap.advance_version(fuses, 5, 3)
    assert fusemap.read_version(fuses, 5) == 9


SIGNERS = [native.sha256(bytes((n,))) for n in range(9)]


def test_eight_signers_can_be_revoked_and_no_more():
    fuses = Fuses()
    for signer in SIGNERS[:8]:
        fusemap.revoke(fuses, signer)
        fusemap.revoke(fuses, signer)
    assert set(fusemap.read_revoked(fuses)) == {signer[:4] for signer in SIGNERS[:8]}
    with pytest.raises(Full):
        fusemap.revoke(fuses, SIGNERS[8])


@given(st.integers(0, 10_000), st.integers(0, 7))
@settings(max_examples=60)
def test_a_torn_revocation_revokes_nobody_else_and_can_be_finished(seed, before):
    from armillary.hal.sim.power import PowerRail

    fuses = Fuses(rail=PowerRail(seed))
    for signer in SIGNERS[:before]:
        fusemap.revoke(fuses, signer)
    torn(fuses, lambda: fusemap.revoke(fuses, SIGNERS[8]))
    assert set(fusemap.read_revoked(fuses)) <= {signer[:4] for signer in SIGNERS[:before] + [SIGNERS[8]]}
    fusemap.revoke(fuses, SIGNERS[8])
    assert set(fusemap.read_revoked(fuses)) == {signer[:4] for signer in SIGNERS[:before] + [SIGNERS[8]]}


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 4096])
def test_updates_are_counted_over_rows(count):
    fuses = Fuses()
    for row in range(16):
        here = max(0, min(256, count - row * 256))
        fuses.blow(fusemap.BEGUN + row, bits.first(here, 32))
    assert fusemap.read_begun(fuses) == count


@pytest.mark.parametrize("rows", [{16: b"\x02"}, {16: b"\x05"}, {17: b"\x01"}, {31: b"\x01"}])
def test_updates_with_a_gap_are_unlawful(rows):
    fuses = Fuses()
    for row, value in rows.items():
        fuses.blow(row, value + bytes(31))
    with pytest.raises(Failed, match="in order"):
        fusemap.read_begun(fuses)


def test_an_update_cannot_be_finished_before_it_began():
    fuses = Fuses()
    fusemap.mark_begun(fuses, 1)
    fusemap.mark_finished(fuses, 2)
    with pytest.raises(Failed, match="before it began"):
        fusemap.read_finished(fuses, fusemap.read_begun(fuses))


@pytest.mark.parametrize("update", [0, fusemap.MOST_UPDATES + 1])
def test_there_is_no_fuse_for_an_update_out_of_range(update):
    with pytest.raises(Full):
        fusemap.mark_begun(Fuses(), update)


@pytest.mark.parametrize(
    "marks", [bytes(32), b"\xff" * 32, fusemap.MARK * 2 + bytes(24), b"\x42" + bytes(31), fusemap.MARK + b"\x01" + bytes(27)]
)
def test_only_one_whole_mark_names_the_secret(marks):
    fuses = Fuses()
    fuses.blow(fusemap.SECRET_MARKS, marks)
    for row in fusemap.SECRETS:
        fuses.blow(row, b"\x35" * 32)
    with pytest.raises(Locked):
        fusemap.read_secret(fuses)


@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32])
def test_a_blank_secret_is_no_secret(secret):
    fuses = Fuses()
    fuses.blow(fusemap.SECRET_MARKS, fusemap.MARK + bytes(28))
    fuses.blow(fusemap.SECRETS[0], secret)
    with pytest.raises(Locked, match="blank"):
        fusemap.read_secret(fuses)
