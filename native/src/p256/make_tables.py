"""Write `table_64.c`, the multiples of P-256's base point that `table_64.h` describes.

    python native/src/p256/make_tables.py > native/src/p256/table_64.c

The file is committed, so that nothing need run before the compiler; a test writes it anew and compares.
"""

P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
WINDOWS, DIGITS, WIDTH = 64, 8, 4
HEAD = """\
/*
 * The odd multiples of the base point: written by make_tables.py, in the form that table_64.h describes.
 */
#include "p256/table_64.h"

#if defined(__SIZEOF_INT128__)

__attribute__((aligned(64))) const struct table_64 TABLE_G = {{"""
TAIL = """\
}};

#endif
"""


def add(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
    """left + right, neither neutral nor opposite to the other."""
    (x1, y1), (x2, y2) = left, right
    if left == right:
        slope = (3 * x1 * x1 - 3) * pow(2 * y1, P - 2, P) % P
    else:
        slope = (y2 - y1) * pow(x2 - x1, P - 2, P) % P
    x = (slope * slope - x1 - x2) % P
    return x, (slope * (x1 - x) - y1) % P


def words(number: int) -> str:
    """Montgomery's form of a coordinate, as an initialiser."""
    number = (number << 256) % P
    return "{" + ", ".join([hex(number >> 64 * i & 0xFFFFFFFFFFFFFFFF) for i in range(4)]) + "}"


def text() -> str:
    """The whole of table_64.c."""
    lines = [HEAD]
    point = G
    for _ in range(WINDOWS):
        twice, odd = add(point, point), point
        lines.append("    {")
        for _ in range(DIGITS):
            lines.append("        {" + words(odd[0]) + ",")
            lines.append("         " + words(odd[1]) + "},")
            odd = add(odd, twice)
        lines.append("    },")
        for _ in range(WIDTH):
            point = add(point, point)
    return "\n".join(lines) + "\n" + TAIL


if __name__ == "__main__":
    print(text(), end="")
