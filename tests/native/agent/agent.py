"""The agent on MicroPython:  micropython-native agent.py OPERATIONS REQUESTS ANSWERS

It answers the same requests as agent.c, by the module `_armillary_native`; OPERATIONS is operations.h. What the
module refuses by an exception is answered as the C is: the contents of an answer that was not given out are zeros.
"""

import struct
import sys

import _armillary_native as engine
import uctypes

DONE, REFUSED, UNFIT, UNKNOWN, DISAGREES, OVERRUN, CHANGED = range(7)
ACCEPT = 0x5A3C96C5


class Disagreement(Exception):
    """Two ways to the same result differ."""


def same(*results):
    for result in results:
        if result != results[0]:
            raise Disagreement
    return results[0]


def number(data):
    return struct.unpack("<I" if len(data) == 4 else "<Q", data)[0]


def pieces(data, sizes, unit=1):
    """`data` cut as next_piece() of agent.c cuts it."""
    at = turn = 0
    while at < len(data):
        size = sizes[turn % len(sizes)] * unit if sizes else len(data)
        yield data[at : at + size]
        at, turn = at + size, turn + 1


def stream(state, data, sizes):
    for piece in pieces(data, sizes):
        state.update(piece)
    return state.digest()


def accept(verdict):
    if verdict != ACCEPT:
        raise ValueError
    return b""


def yes(answer):
    if answer is not True:
        raise ValueError
    return b""


def nothing(answer):
    if answer is not None:
        raise Disagreement
    return b""


# -- operations: each takes the arguments and returns the answer, or raises ValueError


def sha256(data):
    return engine.sha256(data)


def sha256_pieces(data, sizes):
    return stream(engine.Sha256(), data, sizes)


def sha256_many(*buffers):
    return b"".join(engine.sha256_many(buffers))


def sha256_pages(data, size, count):
    if number(size) == 0:  # the module counts pages by their size
        return b"".join(engine.sha256_many([b""] * number(count)))
    return engine.sha256_pages(data, number(size))


def sha256_monte(seed):
    last = [seed, seed, seed]
    for _ in range(1000):
        last = [last[1], last[2], engine.sha256(last[0] + last[1] + last[2])]
    return last[2]


def hmac(key, data):
    return engine.hmac_sha256(key, data)


def hmac_pieces(key, data, sizes):
    return stream(engine.Hmac(key), data, sizes)


def hkdf(salt, ikm, info, length):
    return engine.hkdf(salt, ikm, info, number(length))


def hkdf_expand(prk, info, length):
    return engine.hkdf_expand(prk, info, number(length))


def merkle_root(data, block):
    return engine.merkle_root(data, number(block))


def merkle_path(data, block, index):
    return engine.merkle_path(data, number(block), number(index))


def merkle_verify(root, leaves, index, data, path):
    return nothing(engine.merkle_verify(root, number(leaves), number(index), data, path))


def blocks(run, data):
    return b"".join([run(data[at : at + 16]) for at in range(0, len(data), 16)])


def aes_encrypt(key, data):
    return blocks(engine.Aes(key).encrypt, data)


def aes_decrypt(key, data):
    return blocks(engine.Aes(key).decrypt, data)


def aes_monte(key, block):
    aes, out = engine.Aes(key), block
    for _ in range(1000):
        out = aes.encrypt(out)
    back = out
    for _ in range(1000):
        back = aes.decrypt(back)
    same(back, block)
    return out


def aes_ctr(key, counter, data):
    following = bytearray(counter)
    out = same(engine.Aes(key).ctr(following, data), engine.aes_ctr(key, counter, data))
    return out + bytes(following)


def aes_ctr_pieces(key, counter, data, sizes):
    aes, following = engine.Aes(key), bytearray(counter)
    out = b"".join([aes.ctr(following, piece) for piece in pieces(data, sizes, 16)])
    return out + bytes(following)


def gcm_seal(key, nonce, additional, text):
    if len(nonce) != 12:  # the short way takes the usual nonce only
        return gcm_seal_pieces(key, nonce, additional, text, b"")
    kept, place = engine.AesGcm(key), bytearray(text + bytes(16))
    kept.seal_into(nonce, additional, memoryview(place)[: len(text)], place)
    return same(engine.aes_gcm_seal(key, nonce, additional, text), kept.seal(nonce, additional, text), bytes(place))


def gcm_open(key, nonce, additional, sealed, tag):
    if len(nonce) != 12:
        return gcm_open_pieces(key, nonce, additional, sealed, tag, b"")
    kept, place = engine.AesGcm(key), bytearray(sealed + tag)
    ways = (
        lambda: engine.aes_gcm_open(key, nonce, additional, sealed + tag),
        lambda: kept.open(nonce, additional, sealed + tag),
        lambda: bytes(place[: kept.open_into(nonce, additional, place, place)]),
    )
    texts = []
    for way in ways:
        try:
            texts.append(way())
        except engine.BadTag:
            texts.append(None)
    if same(*texts) is None:
        same(bytes(place[: len(sealed)]), bytes(len(sealed)))
        raise engine.BadTag
    return texts[0]


def begin_gcm(key, nonce, additional, sizes):
    gcm = engine.Gcm(key, nonce)
    for piece in pieces(additional, sizes):
        gcm.additional(piece)
    return gcm


def gcm_seal_pieces(key, nonce, additional, text, sizes):
    gcm = begin_gcm(key, nonce, additional, sizes)
    return b"".join([gcm.encrypt(piece) for piece in pieces(text, sizes)]) + gcm.tag()


def gcm_open_pieces(key, nonce, additional, sealed, tag, sizes):
    gcm = begin_gcm(key, nonce, additional, sizes)
    text = b"".join([gcm.decrypt(piece) for piece in pieces(sealed, sizes)])
    nothing(gcm.check(tag))
    return text


def cmac_pieces(key, data, sizes):
    return stream(engine.Cmac(key), data, sizes)


def p256_known(public, *parts):
    known, out = engine.P256Key(public), bytearray()
    for at in range(0, len(parts), 2):
        try:
            nothing(known.verify(parts[at], parts[at + 1]))
            out.append(1)
        except engine.BadSignature:
            out.append(0)
    return bytes(out)


def p256_verify_many(*parts):
    claims = [parts[at : at + 3] for at in range(0, len(parts), 3)]
    refused = engine.p256_refused(claims)
    return bytes([at not in refused for at in range(len(claims))])


def p256_generate(entropy, nonce, name):
    private, public = engine.p256_generate(engine.Drbg(entropy, nonce, name))
    return private + public


def drbg(entropy, nonce, name, first, additional, more, with_it, second, additional_too):
    random = engine.Drbg(entropy, nonce, name)
    out = random.generate(number(first), additional)
    if more:
        random.reseed(more, with_it)
    return out + random.generate(number(second), additional_too)


def drbg_worn(entropy, count):
    """The module has no way to age a generator: write over the number behind key and value, in its memory."""
    random = engine.Drbg(entropy, b"", b"")
    head = uctypes.bytearray_at(id(random), 16)
    state = (id(random) + 16 + 63) // 64 * 64
    if struct.unpack("<Q", head[8:])[0] != 68:
        raise Disagreement
    age = uctypes.bytearray_at(state + 64, 4)
    same(bytes(age), struct.pack("<I", 1))
    age[:] = count
    return random.generate(32, b"")


def health(repetitions, proportion, samples, sizes):
    state = engine.Health(number(repetitions), number(proportion))
    healthy = state.test(b"")
    for piece in pieces(samples, sizes):
        before, healthy = healthy, state.test(piece)
        if healthy and not before:
            raise Disagreement
    return yes(healthy)


def clear(data):
    memory = bytearray(data)
    nothing(engine.clear(memory))
    return bytes(memory)


OPERATIONS = {
    "sha256": sha256, "sha256_pieces": sha256_pieces, "sha256_many": sha256_many, "sha256_pages": sha256_pages,
    "sha256_monte": sha256_monte, "hmac": hmac, "hmac_pieces": hmac_pieces, "hkdf": hkdf,
    "hkdf_extract": engine.hkdf_extract, "hkdf_expand": hkdf_expand, "merkle_root": merkle_root,
    "merkle_path": merkle_path, "merkle_verify": merkle_verify, "aes_encrypt": aes_encrypt,
    "aes_decrypt": aes_decrypt, "aes_monte": aes_monte, "aes_ctr": aes_ctr, "aes_ctr_pieces": aes_ctr_pieces,
    "gcm_seal": gcm_seal, "gcm_open": gcm_open, "gcm_seal_pieces": gcm_seal_pieces,
    "gcm_open_pieces": gcm_open_pieces, "cmac": engine.aes_cmac, "cmac_pieces": cmac_pieces,
    "keywrap": engine.key_wrap, "keyunwrap": engine.key_unwrap,
    "p256_is_private": lambda private: yes(engine.p256_is_private(private)),
    "p256_check": lambda public: nothing(engine.p256_check(public)),
    "p256_public": engine.p256_public, "p256_ecdh": engine.p256_ecdh, "p256_sign": engine.p256_sign,
    "p256_sign_hedged": engine.p256_sign_hedged,
    "p256_verify": lambda public, digest, signature: nothing(engine.p256_verify(public, digest, signature)),
    "p256_known": p256_known, "p256_verify_many": p256_verify_many, "p256_generate": p256_generate,
    "signature_from_der": engine.signature_from_der, "signature_to_der": engine.signature_to_der,
    "lms_verify": lambda public, message, signature: nothing(engine.lms_verify(public, message, signature)),
    "drbg": drbg, "drbg_worn": drbg_worn, "health": health,
    "compare": lambda a, b: yes(engine.compare(a, b)), "clear": clear,
    "decision_equal": lambda a, b: accept(engine.decision_equal(a, b)),
    "decision_at_least": lambda value, floor: accept(engine.decision_at_least(number(value), number(floor))),
    "decision_is": lambda state, wanted: accept(engine.decision_is(number(state), number(wanted))),
    "decision_both": lambda first, second: accept(engine.decision_both(number(first), number(second))),
}  # fmt: skip

# Which lengths the engine's contract allows: an argument outside must be refused, and is answered as unfit.
LENGTHS = {
    "aes_encrypt": ((16, 32), None), "aes_decrypt": ((16, 32), None), "aes_monte": ((16, 32), (16,)),
    "aes_ctr": ((16, 32), (16,)), "aes_ctr_pieces": ((16, 32), (16,)), "gcm_seal": ((16, 32),),
    "gcm_open": ((16, 32), None, None, None, (16,)), "gcm_seal_pieces": ((16, 32),),
    "gcm_open_pieces": ((16, 32), None, None, None, (16,)), "cmac": ((16, 32),), "cmac_pieces": ((16, 32),),
    "keywrap": ((16, 32),), "keyunwrap": ((16, 32),), "p256_is_private": ((32,),), "p256_check": ((64,),),
    "p256_public": ((32,),), "p256_ecdh": ((32,), (64,)), "p256_sign": ((32,), (32,)),
    "p256_sign_hedged": ((32,), (32,), (32,)), "p256_verify": ((64,), (32,), (64,)), "signature_to_der": ((64,),),
    "merkle_verify": ((32,),),
}  # fmt: skip


def is_fit(name, arguments):
    for argument, allowed in zip(arguments, LENGTHS.get(name, ())):
        if allowed and len(argument) not in allowed:
            return False
    if name.startswith("gcm"):
        return len(arguments[1]) > 0
    if name in ("compare", "decision_equal"):
        return len(arguments[0]) == len(arguments[1])
    if name in ("hkdf", "hkdf_expand"):
        return number(arguments[-1]) <= 8160
    if name == "merkle_path":
        return number(arguments[1]) * number(arguments[2]) < len(arguments[0])
    return True


def length_of_refusal(name, arguments):
    """How long the zeros are that the C gives out with a refusal."""
    if name == "gcm_open":
        return len(arguments[3])
    if name == "keywrap":
        return len(arguments[1]) + 8
    if name == "keyunwrap":
        return max(len(arguments[1]) - 8, 0)
    if name == "drbg":
        return number(arguments[3]) + number(arguments[7])
    sizes = {"p256_public": 64, "p256_ecdh": 32, "p256_sign": 64, "p256_sign_hedged": 64, "drbg_worn": 32}
    return sizes.get(name, 64 if name == "signature_from_der" else 0)


def serve(name, arguments):
    try:
        answer = OPERATIONS[name](*arguments)
    except Disagreement:
        return DISAGREES, b""
    except ValueError:  # and its kinds: BadTag, BadSignature, ...
        if not is_fit(name, arguments):
            return UNFIT, b""
        return REFUSED, bytes(length_of_refusal(name, arguments))
    return (DONE if is_fit(name, arguments) else DISAGREES), answer


def names(path):
    found = {}
    with open(path) as file:
        for line in file:
            if line.startswith("OPERATION("):
                code, name = line[10:].split(",")[:2]
                found[int(code)] = name.strip()
    return found


def main(operations, requests, answers):
    known = names(operations)
    with open(requests, "rb") as source, open(answers, "wb") as sink:
        while True:
            head = source.read(4)
            if not head:
                break
            body = source.read(number(head))
            operation, count = struct.unpack("<HH", body[:4])
            arguments, at = [], 4
            for _ in range(count):
                length = number(body[at : at + 4])
                arguments.append(body[at + 4 : at + 4 + length])
                at += 4 + length
            status, answer = serve(known[operation], arguments) if operation in known else (UNKNOWN, b"")
            sink.write(struct.pack("<II", len(answer) + 4, status) + answer)


main(*sys.argv[1:])
