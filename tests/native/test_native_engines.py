"""Every engine gives the same answers and refuses the same things, for every operation of the facade."""

import random
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary import native
from armillary.native import (
    ACCEPT,
    BadPath,
    BadPoint,
    BadSignature,
    BadSignatures,
    BadTag,
    compiled,
    standard,
)
from armillary.native.plain import suite

ENGINES = (compiled, standard, suite)
KEYS = st.sampled_from((16, 32)).flatmap(lambda size: st.binary(min_size=size, max_size=size))
PRIVATE, DIGEST = native.sha256(b"private"), native.sha256(b"digest")
PUBLIC = native.p256_public(PRIVATE)
SIGNATURE = native.p256_sign(PRIVATE, DIGEST)


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.__name__.rpartition(".")[2])
def engine(request):
    return request.param


def same(call):
    """What `call(engine)` gives, if it is the same for all of them; a refusal counts as its class."""
    found = []
    for each in ENGINES:
        try:
            found.append(call(each))
        except ValueError as refusal:
            found.append(type(refusal))
    assert found[0] == found[1] == found[2]
    return found[0]


def test_every_engine_has_every_operation(engine):
    names = set(native.__all__) - {"ENGINE", "ACCEPT", "REJECT", "prepare", "describe", "warning"}
    assert [name for name in names if not name.startswith("Bad") and not callable(getattr(engine, name, None))] == []


@given(data=st.binary(max_size=600), size=st.integers(1, 90))
def test_pages_and_lists_are_hashed_alike(data, size):
    whole = data[: len(data) // size * size]
    pages = same(lambda engine: engine.sha256_pages(whole, size))
    cut = [whole[at : at + size] for at in range(0, len(whole), size)]
    assert same(lambda engine: engine.sha256_many(cut)) == [pages[at : at + 32] for at in range(0, len(pages), 32)]


def test_more_buffers_than_are_hashed_at_once(engine):
    buffers = [bytearray([n]) * (n % 150) for n in range(100)]
    assert engine.sha256_many(buffers) == [native.sha256(data) for data in buffers]
    assert engine.sha256_many([]) == []


@pytest.mark.parametrize("data, size", [(bytes(5), 2), (bytes(4), 0), (bytes(4), -1)])
def test_what_are_no_whole_pages_is_refused(engine, data, size):
    with pytest.raises(ValueError, match="pages"):
        engine.sha256_pages(data, size)


@given(salt=st.binary(max_size=80), ikm=st.binary(max_size=80), info=st.binary(max_size=80), length=st.one_of(st.integers(-1, 200), st.sampled_from((8160, 8161))))
@settings(max_examples=30, deadline=None)
def test_hkdf_in_one_is_hkdf_in_two(salt, ikm, info, length):
    found = same(lambda engine: engine.hkdf(salt, ikm, info, length))
    assert found == same(lambda engine: engine.hkdf_expand(engine.hkdf_extract(salt, ikm), info, length))


@given(data=st.binary(min_size=1, max_size=500), block=st.integers(1, 80), at=st.integers(0, 2**20))
def test_trees_are_the_same_and_every_block_is_proved(data, block, at):
    leaves = -(-len(data) // block)
    index = at % leaves
    root = same(lambda engine: engine.merkle_root(data, block))
    path = same(lambda engine: engine.merkle_path(data, block, index))
    part = data[index * block : (index + 1) * block]
    assert same(lambda engine: engine.merkle_verify(root, leaves, index, part, path)) is None
    assert same(lambda engine: engine.merkle_verify(root, leaves, index, part + b"x", path)) is BadPath
    assert same(lambda engine: engine.merkle_verify(root, leaves, leaves, part, path)) is BadPath
    assert same(lambda engine: engine.merkle_verify(root, leaves, index, part, path + bytes(32))) is BadPath
    assert same(lambda engine: engine.merkle_verify(root, leaves, index, part, path + b"x")) is BadPath


@given(key=KEYS, nonce=st.binary(min_size=12, max_size=12), aad=st.binary(max_size=40), text=st.binary(max_size=80), flip=st.integers(0, 2**16))
@settings(max_examples=25, deadline=None)
def test_a_kept_key_seals_as_one_that_is_given_each_time(key, nonce, aad, text, flip):
    sealed = same(lambda engine: engine.AesGcm(key).seal(nonce, aad, text))
    assert sealed == same(lambda engine: engine.aes_gcm_seal(key, nonce, aad, text))
    assert same(lambda engine: engine.AesGcm(key).open(nonce, aad, sealed)) == text
    spoilt = bytearray(sealed)
    spoilt[flip // 8 % len(sealed)] ^= 1 << flip % 8
    assert same(lambda engine: engine.AesGcm(key).open(nonce, aad, bytes(spoilt))) is BadTag


def test_sealing_into_the_callers_buffer_and_in_place(engine):
    key, nonce = engine.AesGcm(bytes(32)), bytes(12)
    sealed = key.seal(nonce, b"", b"sixteen and more")
    out = bytearray(len(sealed) + 3)
    assert key.seal_into(nonce, b"", b"sixteen and more", out) == len(sealed) and out == sealed + bytes(3)
    assert key.open_into(nonce, b"", sealed, out) == 16 and out[:16] == b"sixteen and more"
    memory = bytearray(b"sixteen and more" + bytes(16))
    assert key.seal_into(nonce, b"", memoryview(memory)[:16], memory) == 32 and memory == sealed
    assert key.open_into(nonce, b"", memory, memory) == 16 and memory[:16] == b"sixteen and more"


def test_a_refusal_leaves_nothing_in_the_callers_buffer(engine):
    key, nonce = engine.AesGcm(bytes(16)), bytes(12)
    sealed, out = bytearray(key.seal(nonce, b"", b"secret" * 10)), bytearray(b"\xaa" * 60)
    sealed[-1] ^= 1
    with pytest.raises(BadTag):
        key.open_into(nonce, b"", sealed, out)
    assert out == bytes(60)


@pytest.mark.parametrize("method, length", [("seal_into", 31), ("open_into", 15)])
def test_a_buffer_that_is_too_small_is_refused_before_anything_is_written(engine, method, length):
    key, out = engine.AesGcm(bytes(16)), bytearray(length)
    data = bytes(16) if method == "seal_into" else key.seal(bytes(12), b"", bytes(16))
    with pytest.raises(ValueError, match="are needed"):
        getattr(key, method)(bytes(12), b"", data, out)
    assert out == bytes(length)


def test_c_refuses_buffers_that_overlap_crosswise():
    memory, key = bytearray(80), compiled.AesGcm(bytes(16))
    for start in (1, 15, 31):
        with pytest.raises(ValueError, match="overlap"):
            key.seal_into(bytes(12), b"", memoryview(memory)[:32], memoryview(memory)[start : start + 48])
    assert memory == bytes(80)


@given(key=KEYS, counter=st.binary(min_size=16, max_size=16), data=st.binary(max_size=70))
@settings(max_examples=25, deadline=None)
def test_counter_mode_and_cmac_agree(key, counter, data):
    sealed = same(lambda engine: engine.aes_ctr(key, counter, data))
    assert same(lambda engine: engine.aes_ctr(key, counter, sealed)) == data
    assert len(same(lambda engine: engine.aes_cmac(key, data))) == 16


@given(kek=KEYS, key=st.binary(max_size=48), flip=st.integers(0, 2**16))
@settings(max_examples=25, deadline=None)
def test_wrapped_keys_agree_and_no_flip_is_taken(kek, key, flip):
    wrapped = same(lambda engine: engine.key_wrap(kek, key))
    if len(key) < 16 or len(key) % 8:
        assert wrapped is ValueError
        return
    assert same(lambda engine: engine.key_unwrap(kek, wrapped)) == key
    spoilt = bytearray(wrapped)
    spoilt[flip // 8 % len(wrapped)] ^= 1 << flip % 8
    assert same(lambda engine: engine.key_unwrap(kek, bytes(spoilt))) is BadTag
    assert same(lambda engine: engine.key_unwrap(kek, wrapped[:-1])) is BadTag


@given(size=st.integers(0, 40).filter(lambda size: size not in (16, 32)))
def test_no_other_length_of_an_aes_key_is_taken(size):
    key = bytes(size)
    for call in (
        lambda engine: engine.AesGcm(key), lambda engine: engine.aes_ctr(key, bytes(16), b""), lambda engine: engine.aes_cmac(key, b""),
        lambda engine: engine.key_wrap(key, bytes(16)), lambda engine: engine.key_unwrap(key, bytes(24)),
        lambda engine: engine.aes_gcm_seal(key, bytes(12), b"", b""),
    ):  # fmt: skip
        assert same(call) is ValueError


def test_hedged_signatures_agree_differ_by_their_extra_bytes_and_verify(engine):
    extra = bytes(range(32))
    signature = engine.p256_sign_hedged(PRIVATE, DIGEST, extra)
    assert signature == suite.p256_sign_hedged(PRIVATE, DIGEST, extra) != SIGNATURE
    engine.p256_verify(PUBLIC, DIGEST, signature)
    for wrong in (b"", bytes(31), bytes(33)):
        with pytest.raises(ValueError, match="bytes"):
            engine.p256_sign_hedged(PRIVATE, DIGEST, wrong)


def test_key_pairs_made_from_one_seed_agree():
    made = same(lambda engine: engine.p256_generate(engine.Drbg(bytes(48), b"nonce", b"")))
    assert native.p256_public(made[0]) == made[1]


def test_only_a_generator_makes_keys():
    for wrong in (b"", None, 5, compiled.Health(9, 71)):
        with pytest.raises(TypeError):
            compiled.p256_generate(wrong)


def test_a_known_key_takes_what_it_signed_and_nothing_else(engine):
    known = engine.P256Key(PUBLIC)
    known.verify(DIGEST, SIGNATURE)
    for digest, signature in ((native.sha256(b"other"), SIGNATURE), (DIGEST, SIGNATURE[:-1] + b"\0"), (DIGEST, SIGNATURE[:-1])):
        with pytest.raises(BadSignature):
            known.verify(digest, signature)
    for wrong in (bytes(64), PUBLIC[:-1] + bytes([PUBLIC[-1] ^ 1]), PUBLIC[:-1]):
        with pytest.raises(BadPoint):
            engine.P256Key(wrong)


@pytest.mark.parametrize("count", [0, 1, 2, 8, 17, 40])
def test_of_many_signatures_those_refused_are_named(engine, count):
    count = min(count, 9) if engine is suite else count
    draw = random.Random(count)
    claims, bad = [], []
    for number in range(count):
        claim = [PUBLIC, DIGEST, SIGNATURE]
        if draw.random() < 0.4:
            part = draw.randrange(4)
            claim = [PUBLIC, DIGEST, SIGNATURE[:40]] if part == 3 else claim
            if part < 3:
                claim[part] = claim[part][:-1] + bytes([claim[part][-1] ^ 1])
            bad.append(number)
        claims.append(tuple(claim))
    if not bad:
        engine.p256_verify_many(claims)
        return
    with pytest.raises(BadSignatures) as refusal:
        engine.p256_verify_many(claims)
    assert refusal.value.refused == bad and isinstance(refusal.value, BadSignature)


def test_what_is_no_claim_is_no_claim():
    for wrong in ([b""], [(PUBLIC, DIGEST)], [(PUBLIC, DIGEST, SIGNATURE, b"")], [(PUBLIC, DIGEST, "text")], 5):
        with pytest.raises(TypeError):
            compiled.p256_verify_many(wrong)


@given(r=st.integers(0, 2**256 - 1), s=st.integers(0, 2**256 - 1))
def test_signatures_are_written_in_der_alike(r, s):
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    der = same(lambda engine: engine.signature_to_der(raw))
    assert same(lambda engine: engine.signature_from_der(der)) == (raw if r and s else BadSignature)


@given(st.one_of(st.binary(max_size=80), st.integers(0, 71 * 8 + 7).map(lambda bit: _flipped(native.signature_to_der(SIGNATURE), bit))))
def test_der_is_refused_alike(der):
    found = same(lambda engine: engine.signature_from_der(der))
    assert found is BadSignature or native.signature_to_der(found) == der


def _flipped(data, bit):
    changed = bytearray(data)
    changed[bit // 8 % len(data)] ^= 1 << bit % 8
    return bytes(changed)


@given(seed=st.binary(min_size=32, max_size=64), requests=st.lists(st.tuples(st.integers(0, 300), st.binary(max_size=40)), max_size=5))
@settings(max_examples=25, deadline=None)
def test_generators_agree(seed, requests):
    def run(engine):
        drbg = engine.Drbg(seed, b"nonce", b"personal")
        found = [drbg.generate(length, extra) for length, extra in requests]
        drbg.reseed(seed[::-1], b"more")
        return [*found, drbg.generate(48, b"")]

    same(run)


@pytest.mark.parametrize("length", [-1, 65537])
def test_a_generator_refuses_what_it_cannot_fill(engine, length):
    with pytest.raises(ValueError):
        engine.Drbg(bytes(48), b"", b"").generate(length, b"")


@given(st.lists(st.sampled_from((bytes(8), bytes(9), b"abc", bytes(range(256)), b"ab" * 60, b"xyz" * 100)), max_size=12))
def test_noise_is_judged_alike(pieces):
    def run(engine):
        health = engine.Health(9, 71)
        return [health.test(piece) for piece in pieces]

    same(run)


@pytest.mark.parametrize("cutoffs", [(1, 71), (9, 1), (-1, 71), (9, 513)])
def test_cutoffs_that_make_no_sense_are_refused(engine, cutoffs):
    with pytest.raises(ValueError, match="cutoffs"):
        engine.Health(*cutoffs)


WORDS = st.one_of(st.sampled_from((0, 1, 2**31, 2**32 - 1, ACCEPT, native.REJECT)), st.integers(0, 2**32 - 1))
LONGS = st.one_of(WORDS, st.sampled_from((2**32, 2**63, 2**64 - 1)), st.integers(0, 2**64 - 1))


@given(a=WORDS, b=WORDS, x=LONGS, y=LONGS, p=st.binary(max_size=40), q=st.binary(max_size=40))
def test_decisions_are_what_they_say(a, b, x, y, p, q):
    for engine in ENGINES:
        assert (engine.decision_equal(p, q) == ACCEPT) is (p == q)
        assert engine.decision_equal(p, bytes(p)) == ACCEPT
        assert (engine.decision_is(a, b) == ACCEPT) is (a == b)
        assert engine.decision_is(a, a) == ACCEPT
        assert (engine.decision_at_least(x, y) == ACCEPT) is (x >= y)
        assert (engine.decision_both(a, b) == ACCEPT) is (a == b == ACCEPT)


@pytest.mark.parametrize("name, most", [("decision_at_least", 2**64), ("decision_is", 2**32), ("decision_both", 2**32)])
def test_a_number_that_does_not_fit_is_never_cut(engine, name, most):
    for numbers in ((most, 0), (0, most), (-1, 0), (0, -1)):
        with pytest.raises(OverflowError):
            getattr(engine, name)(*numbers)


def test_bytes_of_every_kind_are_taken_everywhere():
    for kind in (bytes, bytearray, memoryview):
        assert compiled.hmac_sha256(kind(b"key"), kind(b"data")) == suite.hmac_sha256(b"key", b"data")
        assert compiled.p256_verify(kind(PUBLIC), kind(DIGEST), kind(SIGNATURE)) is None
        assert compiled.sha256(memoryview(kind(b"abcd"))[1:3]) == suite.sha256(b"bc")


FUNCTIONS = [name for name in native.__all__ if type(getattr(compiled, name, None)).__name__ == "builtin_function_or_method"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_wrong_arguments_are_type_errors_and_nothing_else(name):
    """Every function of the binding with every wrong number of arguments, and with none of the right kind."""
    function, refused = getattr(compiled, name), 0
    for count in range(7):
        for kind in (object(), "text", None, 1.5):
            with pytest.raises((TypeError, BufferError)):
                function(*[kind] * count)
            refused += 1
    assert refused == 28


def test_crossings_leak_nothing():
    """Right and refused, every object let go: the interpreter's own count of references stays where it was."""
    import gc
    import sys

    data, key = bytearray(b"x" * 100), compiled.AesGcm(bytes(16))

    def rounds(count):
        for _ in range(count):
            compiled.sha256(data), compiled.sha256_many([data, data]), compiled.compare(data, data)
            for wrong in (lambda: compiled.aes_gcm_open(bytes(16), bytes(12), data, data), lambda: key.open(bytes(12), b"", data),
                          lambda: compiled.p256_check(data), lambda: compiled.hkdf(data, data, data, -1),
                          lambda: compiled.sha256_many([data, None]), lambda: compiled.AesGcm(data)):  # fmt: skip
                try:
                    wrong()
                except (ValueError, TypeError):
                    pass

    rounds(100)
    gc.collect()
    before, blocks = sys.getrefcount(data), sys.getallocatedblocks()
    rounds(3000)
    gc.collect()
    assert sys.getrefcount(data) == before
    assert sys.getallocatedblocks() - blocks < 1000
    data.extend(b"y")  # no buffer is held: it may be resized


def test_other_threads_run_while_much_is_hashed():
    """The interpreter's lock is given up: a thread counts while this one is inside of one call."""
    data, counted, stop = bytes(64 << 20), [0], threading.Event()

    def count():
        while not stop.is_set():
            counted[0] += 1

    thread = threading.Thread(target=count)
    thread.start()
    try:
        before, started = counted[0], time.thread_time()
        native.sha256(data)
        inside = counted[0] - before
        spent = time.thread_time() - started
    finally:
        stop.set()
        thread.join()
    assert spent > 0.01 and inside > 1000


def test_little_is_hashed_by_many_threads_at_once():
    wrong = []

    def work(n):
        data = bytes([n]) * 200
        digest = native.sha256(data)
        wrong.extend(n for _ in range(3000) if native.sha256(data) != digest or native.hmac_sha256(data, data) != native.hmac_sha256(data, data))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
