"""LMS signatures (RFC 8554, SP 800-208) with SHA-256: keys, signing, verifying.

An LMS key is a tree of one-time keys. Signing takes a one-time key by its number, and **a number used for
two messages gives the key away**: whoever signs keeps count (`boards/lms.py`), here it is only said
which number. Verifying is nothing but hashing. Every function takes the SHA-256 to use.

Secret are the seed and what is derived from it; `identity` is I, 16 bytes that tell keys apart.
"""

from __future__ import annotations

from ..errors import BadSignature

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Hash = Callable[[bytes], bytes]

IDENTITY = 16
PUBLIC_HEAD = 24  # types and identity; the root follows
MESSAGE, PUBLIC, LEAF, NODE = b"\x81\x81", b"\x80\x80", b"\x82\x82", b"\x83\x83"  # D_MESG, D_PBLC, D_LEAF, D_INTR
RANDOMIZER = b"\xff\xfd\xff"  # where a chain has its number: no chain has this one
# LM-OTS typecode: (n bytes of a hash, w bits of a digit, p chains, ls shift of the checksum)
ONE_TIME = {
    1: (32, 1, 265, 7), 2: (32, 2, 133, 6), 3: (32, 4, 67, 4), 4: (32, 8, 34, 0),
    5: (24, 1, 200, 8), 6: (24, 2, 101, 6), 7: (24, 4, 51, 4), 8: (24, 8, 26, 0),
}  # fmt: skip
HEIGHTS = (5, 10, 15, 20, 25)
# LMS typecode: (m bytes of a hash, h height of the tree)
TREES = dict([(5 + at, (32, height)) for at, height in enumerate(HEIGHTS)] + [(10 + at, (24, height)) for at, height in enumerate(HEIGHTS)])


class Shape:
    """What a pair of typecodes means. Raises ValueError if they do not belong together."""

    def __init__(self, tree: int, one_time: int) -> None:
        if tree not in TREES or one_time not in ONE_TIME or TREES[tree][0] != ONE_TIME[one_time][0]:
            raise ValueError("LMS type " + str(tree) + " with LM-OTS type " + str(one_time))
        self.tree = tree
        self.one_time = one_time
        self.size, self.width, self.chains, self.shift = ONE_TIME[one_time]
        self.height = TREES[tree][1]
        self.most = (1 << self.width) - 1  # the highest digit, and the steps of a chain

    @property
    def signature(self) -> int:
        """Bytes of a signature (section 5.4)."""
        return 12 + self.size * (1 + self.chains + self.height)

    def digits(self, digest: bytes) -> list[int]:
        """The digits of a message's hash and of its checksum (section 4.4)."""
        found = self._split(digest)
        checksum = sum([self.most - digit for digit in found]) << self.shift
        return (found + self._split(checksum.to_bytes(2, "big")))[: self.chains]

    def _split(self, data: bytes) -> list[int]:
        shifts = range(8 - self.width, -1, -self.width)
        return [byte >> shift & self.most for byte in data for shift in shifts]


def chain(sha256: Hash, shape: Shape, place: bytes, number: int, start: int, end: int, value: bytes) -> bytes:
    """The value at `end` of chain `number`, from the one at `start` (sections 4.3 and 4.6)."""
    head = place + number.to_bytes(2, "big")
    for at in range(start, end):
        value = sha256(head + bytes((at,)) + value)[: shape.size]
    return value


def leaf(sha256: Hash, shape: Shape, identity: bytes, number: int, key: bytes) -> bytes:
    """The leaf that stands for a one-time public key (section 5.3)."""
    return sha256(identity + ((1 << shape.height) + number).to_bytes(4, "big") + LEAF + key)[: shape.size]


def leaves(sha256: Hash, shape: Shape, identity: bytes, seed: bytes, first: int, count: int) -> bytes:
    """Leaves `first` and up, one after the other: what costs all the hashes of making a key."""
    out = bytearray()
    for number in range(first, first + count):
        place = identity + number.to_bytes(4, "big")
        ends = bytearray(place + PUBLIC)
        for at in range(shape.chains):
            ends.extend(chain(sha256, shape, place, at, 0, shape.most, begin(sha256, shape, place, at, seed)))
        out.extend(leaf(sha256, shape, identity, number, sha256(bytes(ends))[: shape.size]))
    return bytes(out)


def begin(sha256: Hash, shape: Shape, place: bytes, number: int, seed: bytes) -> bytes:
    """Where chain `number` begins (appendix A). Secret."""
    return sha256(place + number.to_bytes(2, "big") + b"\xff" + seed)[: shape.size]


def grow(sha256: Hash, shape: Shape, identity: bytes, bottom: bytes) -> bytes:
    """All nodes of the tree over its leaves: node r (1 is the root) at r times the size (section 5.3)."""
    size, count = shape.size, 1 << shape.height
    if len(bottom) != size * count:
        raise ValueError(str(len(bottom)) + " bytes of leaves")
    nodes = bytearray(size * count) + bytearray(bottom)
    for at in range(count - 1, 0, -1):
        pair = bytes(nodes[2 * at * size : (2 * at + 2) * size])
        nodes[at * size : (at + 1) * size] = sha256(identity + at.to_bytes(4, "big") + NODE + pair)[:size]
    return bytes(nodes)


def public_key(shape: Shape, identity: bytes, nodes: bytes) -> bytes:
    """The public key of a tree (section 5.3)."""
    root = nodes[shape.size : 2 * shape.size]
    return shape.tree.to_bytes(4, "big") + shape.one_time.to_bytes(4, "big") + identity + root


def sign(sha256: Hash, shape: Shape, identity: bytes, seed: bytes, nodes: bytes, number: int, message: bytes) -> bytes:
    """The signature of `message` by one-time key `number`, which is then used up (sections 4.5 and 5.4.1).

    The same number and message give the same signature: the randomizer C is derived from the seed. Raises
    ValueError for a number that the tree does not have.
    """
    if not 0 <= number < 1 << shape.height:
        raise ValueError("one-time key " + str(number) + " of " + str(1 << shape.height))
    place, size = identity + number.to_bytes(4, "big"), shape.size
    randomizer = sha256(place + RANDOMIZER + seed)[:size]
    digits = shape.digits(sha256(place + MESSAGE + randomizer + message)[:size])
    out = bytearray(number.to_bytes(4, "big") + shape.one_time.to_bytes(4, "big") + randomizer)
    for at, digit in enumerate(digits):
        out.extend(chain(sha256, shape, place, at, 0, digit, begin(sha256, shape, place, at, seed)))
    out.extend(shape.tree.to_bytes(4, "big"))
    at = (1 << shape.height) + number
    while at > 1:
        out.extend(nodes[(at ^ 1) * size : ((at ^ 1) + 1) * size])
        at >>= 1
    return bytes(out)


def verify(sha256: Hash, public: bytes, message: bytes, signature: bytes) -> None:
    """Raise BadSignature unless `signature` is by `public` over `message` (algorithm 6a).

    The parameter set is the key's: a signature of another one is refused, and so is every length but one.
    """
    public, signature = bytes(public), bytes(signature)
    try:
        shape = Shape(int.from_bytes(public[:4], "big"), int.from_bytes(public[4:8], "big"))
    except ValueError:
        raise BadSignature("an LMS key of an unknown kind")
    size = shape.size
    if len(public) != PUBLIC_HEAD + size or len(signature) != shape.signature:
        raise BadSignature("an LMS key or signature of the wrong length")
    number, path = int.from_bytes(signature[:4], "big"), 8 + size * (1 + shape.chains)
    if signature[4:8] != public[4:8] or signature[path : path + 4] != public[:4] or number >> shape.height:
        raise BadSignature("an LMS signature of another kind")
    if root(sha256, shape, public[8:PUBLIC_HEAD], bytes(message), signature) != public[PUBLIC_HEAD:]:
        raise BadSignature("the LMS signature does not match")


def root(sha256: Hash, shape: Shape, identity: bytes, message: bytes, signature: bytes) -> bytes:
    """The root to which a signature of the right form leads (algorithms 4b and 6a)."""
    size, number = shape.size, int.from_bytes(signature[:4], "big")
    place = identity + signature[:4]
    digits = shape.digits(sha256(place + MESSAGE + signature[8 : 8 + size] + message)[:size])
    ends = bytearray(place + PUBLIC)
    for at, digit in enumerate(digits):
        start = 8 + size * (1 + at)
        ends.extend(chain(sha256, shape, place, at, digit, shape.most, signature[start : start + size]))
    node = leaf(sha256, shape, identity, number, sha256(bytes(ends))[:size])
    at, beside = (1 << shape.height) + number, 12 + size * (1 + shape.chains)
    while at > 1:
        other = signature[beside : beside + size]
        pair = other + node if at & 1 else node + other
        at >>= 1
        node = sha256(identity + at.to_bytes(4, "big") + NODE + pair)[:size]
        beside += size
    return node
