"""The AES block cipher with keys of 128 and 256 bits, in plain Python (FIPS 197).

Its table look-ups depend on secrets: an oracle and a text to read, not for keys that matter where
somebody can measure time or cache.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    Data = bytes | bytearray | memoryview

BLOCK = 16
ROUNDS = {16: 10, 32: 14}  # by length of the key


def double(x: int) -> int:
    """`x` times 2 in GF(2^8), modulo x^8 + x^4 + x^3 + x + 1 (section 4.2.1)."""
    return (x << 1) ^ (0x11B if x & 0x80 else 0)


def _substitution() -> bytes:
    """The S-box (section 5.1.1): the inverse in GF(2^8), then an affine map.

    3 generates the field's multiplicative group and 0xf6 is its inverse, so walking the one by
    times 3 and the other by divided by 3 visits every element together with its inverse.
    """
    box = bytearray(256)
    box[0] = 0x63
    element, inverse = 1, 1
    for _ in range(255):
        spread = inverse * 0x101  # two copies, so that shifts to the right rotate the lower one
        box[element] = (spread ^ spread >> 4 ^ spread >> 5 ^ spread >> 6 ^ spread >> 7) & 0xFF ^ 0x63
        element ^= double(element)
        inverse = _third(inverse)
    return bytes(box)


def _third(x: int) -> int:
    """`x` divided by 3 in GF(2^8), that is, times 0xf6."""
    product = 0
    for bit in (0x80, 0x40, 0x20, 0x10, 8, 4, 2, 1):
        product = double(product)
        if 0xF6 & bit:
            product ^= x
    return product


SUBSTITUTION = _substitution()
INVERSE = bytes([SUBSTITUTION.find(bytes((value,))) for value in range(256)])


def expand_key(key: bytes) -> list[bytes]:
    """The round keys, 16 bytes each (section 5.2). Raises ValueError unless `key` is 16 or 32 bytes."""
    if len(key) not in ROUNDS:
        raise ValueError("an AES key of " + str(len(key)) + " bytes")
    step, constant = len(key) // 4, 1
    words = [key[at : at + 4] for at in range(0, len(key), 4)]
    while len(words) < 4 * (ROUNDS[len(key)] + 1):
        word = words[-1]
        if len(words) % step == 0:
            word = bytes([SUBSTITUTION[word[i]] for i in (1, 2, 3, 0)])
            word = bytes((word[0] ^ constant,)) + word[1:]
            constant = double(constant)
        elif step > 6 and len(words) % step == 4:
            word = bytes([SUBSTITUTION[byte] for byte in word])
        words.append(bytes([x ^ y for x, y in zip(word, words[-step])]))
    return [b"".join(words[at : at + 4]) for at in range(0, len(words), 4)]


def _mix_column(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    """One column by the matrix (2 3 1 1) rotated (section 5.1.3); 2a + 3b + c + d = a + all + 2(a + b)."""
    every = a ^ b ^ c ^ d
    return (
        a ^ every ^ double(a ^ b), b ^ every ^ double(b ^ c),
        c ^ every ^ double(c ^ d), d ^ every ^ double(d ^ a),
    )  # fmt: skip


def encrypt(round_keys: list[bytes], block: bytes) -> bytes:
    """The 16-byte `block` encrypted; `round_keys` by `expand_key` (section 5.1)."""
    state = [x ^ y for x, y in zip(block, round_keys[0])]
    for key in round_keys[1:]:
        # SubBytes and ShiftRows: byte i of the result comes from row i % 4, rotated by that row.
        state = [SUBSTITUTION[state[(i + 4 * (i % 4)) % BLOCK]] for i in range(BLOCK)]
        if key is not round_keys[-1]:
            mixed: list[int] = []
            for at in range(0, BLOCK, 4):
                mixed.extend(_mix_column(state[at], state[at + 1], state[at + 2], state[at + 3]))
            state = mixed
        state = [x ^ y for x, y in zip(state, key)]
    return bytes(state)


def decrypt(round_keys: list[bytes], block: bytes) -> bytes:
    """The inverse of `encrypt`, step by step backwards (section 5.3)."""
    state = list(block)
    for key in reversed(round_keys[1:]):
        state = [x ^ y for x, y in zip(state, key)]
        if key is not round_keys[-1]:
            mixed: list[int] = []
            for at in range(0, BLOCK, 4):
                mixed.extend(_unmix_column(state[at], state[at + 1], state[at + 2], state[at + 3]))
            state = mixed
        # InvShiftRows and InvSubBytes: byte i of the result comes from row i % 4, rotated back by that row.
        state = [INVERSE[state[(i - 4 * (i % 4)) % BLOCK]] for i in range(BLOCK)]
    return bytes([x ^ y for x, y in zip(state, round_keys[0])])


def _unmix_column(a: int, b: int, c: int, d: int) -> tuple[int, int, int, int]:
    """One column by the inverse matrix (section 5.3.3), which is that of `_mix_column` times (5 0 4 0)."""
    even, odd = double(double(a ^ c)), double(double(b ^ d))
    return _mix_column(a ^ even, b ^ odd, c ^ even, d ^ odd)


def ctr(key: Data, counter: Data, data: Data) -> bytes:
    """`data` encrypted, or decrypted, by the key stream from the block `counter` on (SP 800-38A, section 6.5)."""
    round_keys, number, result = expand_key(bytes(key)), int.from_bytes(counter, "big"), bytearray()
    for at in range(0, len(data), BLOCK):
        stream = encrypt(round_keys, (number % (1 << 128)).to_bytes(BLOCK, "big"))
        result.extend(bytes([x ^ y for x, y in zip(bytes(data[at : at + BLOCK]), stream)]))
        number += 1
    return bytes(result)
