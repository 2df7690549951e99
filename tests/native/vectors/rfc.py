"""The examples of RFC 4231, 5869, 6979 and 9180, from `cryptography_vectors`."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.native.vectors.case import DONE, REFUSED, Suite, number
from tests.native.vectors.cavp import VECTORS, records
from tests.native.vectors.wycheproof import PIECES, raw_signature, verify_in_other_ways

HEX = bytes.fromhex


def hmac(suite: Suite) -> None:
    for at, record in enumerate(records("HMAC/rfc-4231-sha256.txt")):
        key, data, tag = (HEX(record[name]) for name in ("Key", "Msg", "MD"))
        suite.add("RFC 4231", at, "hmac", key, data, answer=tag)
        for sizes in PIECES:
            suite.add("RFC 4231", at, "hmac_pieces", key, data, sizes, answer=tag)


def hkdf(suite: Suite) -> None:
    fields: dict[str, str] = {}  # the file puts blank lines inside its records
    for record in [*records("KDF/rfc-5869-HKDF-SHA256.txt"), *records("KDF/hkdf-generated.txt")]:
        fields.update(record)
        if "OKM" not in fields:
            continue
        if fields["Hash"] != "SHA-256":
            suite.skip("RFC 5869", "HKDF with another hash")
        else:
            ikm, salt, info, okm = (HEX(fields[name]) for name in ("IKM", "salt", "info", "OKM"))
            length = number(int(fields["L"]))
            suite.add("RFC 5869", fields["COUNT"], "hkdf", salt, ikm, info, length, answer=okm)
            if prk := HEX(fields.get("PRK", "")):
                suite.add("RFC 5869", fields["COUNT"], "hkdf_extract", salt, ikm, answer=prk)
                suite.add("RFC 5869", fields["COUNT"], "hkdf_expand", prk, info, length, answer=okm)
        fields = {}


def deterministic_signatures(suite: Suite) -> None:
    text = (VECTORS / "asymmetric/ECDSA/RFC6979/evppkey_ecdsa_rfc6979.txt").read_text()
    pem = text.split("PrivateKey=P-256_PRIV\n")[1].split("\n\n")[0]
    key: Any = load_pem_private_key(pem.encode(), None)  # an elliptic-curve key
    numbers = key.private_numbers()
    private = numbers.private_value.to_bytes(32, "big")
    point = b"".join(part.to_bytes(32, "big") for part in (numbers.public_numbers.x, numbers.public_numbers.y))
    suite.add("RFC 6979", "key", "p256_public", private, answer=point)
    claims: list[tuple[bytes, bytes, bytes, bool]] = []
    for block in text.split("\n\n"):
        if "P-256_" not in block or "Input" not in block:
            continue
        fields = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        fields = {name.strip(): value.strip() for name, value in fields.items()}
        hash_name = fields.get("DigestSign") or fields["DigestVerify"]
        digest = hashlib.new(hash_name.lower().replace("-", "_"), fields["Input"].strip('"').encode()).digest()[:32]
        digest = bytes(32 - len(digest)) + digest
        raw = raw_signature(HEX(fields["Output"]))
        assert raw is not None
        if "DigestVerify" in fields:
            claims.append((point, digest, raw, "Result" not in fields))
            status = REFUSED if "Result" in fields else DONE
            suite.add("RFC 6979", hash_name, "p256_verify", point, digest, raw, status=status)
        elif hash_name == "SHA256":
            suite.add("RFC 6979", fields["Input"], "p256_sign", private, digest, answer=raw)
        else:
            suite.skip("RFC 6979", "a nonce by another hash")
    verify_in_other_ways(suite, "RFC 6979", claims)


def hybrid_encryption(suite: Suite) -> None:
    """What HPKE is made of: key pairs, and a sealed message per nonce."""
    for entry in json.loads((VECTORS / "HPKE/test-vectors.json").read_text()):
        name = f"{entry['kdf_id']}/{entry['aead_id']}/{entry['mode']}"
        if entry["kem_id"] != 16:
            suite.skip("RFC 9180", "a key agreement on another curve")
            continue
        for private, public in (("skRm", "pkRm"), ("skEm", "pkEm")):
            suite.add("RFC 9180", name, "p256_public", HEX(entry[private]), answer=HEX(entry[public])[1:])
        for message in entry["encryptions"]:
            if entry["aead_id"] not in (1, 2):
                suite.skip("RFC 9180", "another cipher")
                continue
            nonce, aad, text, sealed = (HEX(message[field]) for field in ("nonce", "aad", "pt", "ct"))
            suite.add("RFC 9180", name, "gcm_seal", HEX(entry["key"]), nonce, aad, text, answer=sealed)


def load(suite: Suite) -> None:
    for each in (hmac, hkdf, deterministic_signatures, hybrid_encryption):
        each(suite)
