"""Write base_32.c, the multiples of the base point: `python native/src/p256/make_base_32.py > native/src/p256/base_32.c`.

Affine coordinates by the textbook's formulas, each times 2^256 modulo p (Montgomery's form).
"""

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
COLUMNS = 4
ODD_MULTIPLES = 8

Point = tuple[int, int]


def add(left: Point, right: Point) -> Point:
    """left + right on y^2 = x^3 - 3 x + b; not for opposite points."""
    (x1, y1), (x2, y2) = left, right
    if left == right:
        slope = (3 * x1 * x1 - 3) * pow(2 * y1, -1, P)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, P)
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def words(number: int) -> str:
    form = number * 2**256 % P
    return "{" + ", ".join(f"0x{form >> 32 * i & 0xFFFFFFFF:08x}" for i in range(8)) + "}"


def column(first: Point) -> list[Point]:
    """first, 3 first, 5 first, ..."""
    found, step = [first], add(first, first)
    while len(found) < ODD_MULTIPLES:
        found.append(add(found[-1], step))
    return found


def text() -> str:
    """The whole of base_32.c."""
    lines = ["/*", " * Written by make_base_32.py.", " */", '#include "p256/base_32.h"', ""]
    lines += ["const struct affine BASE_32[BASE_COLUMNS][ODD_MULTIPLES] = {"]
    point = G
    for _ in range(COLUMNS):
        lines.append("    {")
        for x, y in column(point):
            lines += ["        {" + words(x) + ",", "         " + words(y) + "},"]
        lines.append("    },")
        for _ in range(64):
            point = add(point, point)
    return "\n".join([*lines, "};", ""])


if __name__ == "__main__":
    print(text(), end="")
