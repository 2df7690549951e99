"""The response files of NIST's Cryptographic Algorithm Validation Program, from PyPI's `cryptography_vectors`."""

from __future__ import annotations

import pathlib

import cryptography_vectors

VECTORS = pathlib.Path(cryptography_vectors.__file__).parent


def records(name: str) -> list[dict[str, str]]:
    """The records of a file: dictionaries of their fields and of the section's; a bare word is a field of itself."""
    section: dict[str, str] = {}
    record: dict[str, str] = {}
    found: list[dict[str, str]] = []
    is_heading = False
    for line in [*(VECTORS / name).read_text().splitlines(), ""]:
        line = line.strip()
        if line.startswith("["):
            key, _, value = line.strip("[]").partition("=")
            if value:
                section = {**section, key.strip(): value.strip()}
            else:  # a curve, a hash, a method; several in a row belong together
                section = {"of": section["of"] + " " + key if is_heading else key}
            is_heading = not value
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            record[key.strip()] = value.strip()
            is_heading = False
        elif not line and record:
            found.append({**section, **record})
            record = {}
    return found
