"""Names of servers: a DNS name or an address, and whether a certificate's name covers it.

RFC 9525 section 6.3: compared without case, a wildcard is the whole left-most label and stands for
exactly one. RFC 3986 section 3.2.2 says how an address is written.
"""

from __future__ import annotations

from .fault import Invalid

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789-_"


def check_name(name: str) -> str:
    """`name` in lower case. Raises Invalid unless it is a DNS name of at most 253 characters."""
    lower = name.lower()
    if not 1 <= len(lower) <= 253:
        raise Invalid("a host name of a wrong length: " + str(len(lower)))
    labels = lower.split(".")
    for label in labels:
        if not 1 <= len(label) <= 63 or label[0] == "-" or label[-1] == "-":
            raise Invalid("a host name with a label that is empty, too long, or has an outer hyphen")
        if not all([letter in LETTERS for letter in label]):
            raise Invalid("a host name with a character that does not belong there")
    if all([letter in "0123456789" for letter in labels[-1]]):
        raise Invalid("a host name that ends like an address")
    return lower


def matches(pattern: str, host: str) -> bool:
    """Whether the certificate's `pattern` covers `host`, which is a DNS name. Raises Invalid for `host`."""
    host, pattern = check_name(host), pattern.lower()
    if not pattern.startswith("*."):
        return pattern == host
    first, _, rest = host.partition(".")
    # One label must stay fixed besides the top: `*.com` covers nothing.
    return bool(first) and "." in rest and pattern[2:] == rest


def address_of(host: str) -> bytes | None:
    """The 4 or 16 bytes of a literal address, or None if `host` is a name. Raises Invalid."""
    if ":" in host:
        return _version6(host)
    parts = host.split(".")
    if len(parts) != 4 or not all([_is_octet(part) for part in parts]):
        check_name(host)
        return None
    return bytes([int(part) for part in parts])


def _is_octet(part: str) -> bool:
    if not 1 <= len(part) <= 3 or not all([digit in "0123456789" for digit in part]):
        return False
    return str(int(part)) == part and int(part) < 256


def _version6(host: str) -> bytes:
    head, gap, tail = host.partition("::")
    if "::" in tail:
        raise Invalid("an address with two gaps")
    front, back = _groups(head), _groups(tail)
    missing = 16 - len(front) - len(back)
    if missing < (2 if gap else 0) or (not gap and missing):
        raise Invalid("an address of a wrong length")
    return front + bytes(missing) + back


def _groups(text: str) -> bytes:
    out = bytearray()
    for group in text.split(":") if text else []:
        if not 1 <= len(group) <= 4 or not all([digit in "0123456789abcdefABCDEF" for digit in group]):
            raise Invalid("an address with a group that is not hexadecimal")
        out.extend(int(group, 16).to_bytes(2, "big"))
    return bytes(out)
