"""NIST's sets: SHA-256, AES, GCM, CMAC, key wrap, ECDSA and ECDH, from `cryptography_vectors`."""

from __future__ import annotations

import hashlib
import re

from tests.native.vectors.case import DONE, REFUSED, Suite
from tests.native.vectors.cavp import VECTORS, records
from tests.native.vectors.wycheproof import PIECES, verify_in_other_ways

HEX = bytes.fromhex
HASHES = {"SHA-1": hashlib.sha1, "SHA-224": hashlib.sha224, "SHA-256": hashlib.sha256, "SHA-384": hashlib.sha384, "SHA-512": hashlib.sha512}


def sha256(suite: Suite) -> None:
    for name in ("SHA256ShortMsg", "SHA256LongMsg"):
        for at, record in enumerate(records(f"hashes/SHA2/{name}.rsp")):
            if "MD" not in record:
                continue
            data, digest = HEX(record["Msg"])[: int(record["Len"]) // 8], HEX(record["MD"])
            suite.add(name, record["Len"], "sha256", data, answer=digest)
            suite.add(name, record["Len"], "sha256_pieces", data, PIECES[at % len(PIECES)], answer=digest)
    found = records("hashes/SHA2/SHA256Monte.rsp")
    seed = HEX(next(record["Seed"] for record in found if "Seed" in record))
    for record in found:
        if "COUNT" in record:
            suite.add("SHA256Monte", record["COUNT"], "sha256_monte", seed, answer=HEX(record["MD"]))
            seed = HEX(record["MD"])


def aes_blocks(suite: Suite) -> None:
    for path in sorted((VECTORS / "ciphers/AES/ECB").glob("*.rsp")):
        for record in records("ciphers/AES/ECB/" + path.name):
            if "KEY" not in record:
                continue
            key, plain, secret = (HEX(record[name]) for name in ("KEY", "PLAINTEXT", "CIPHERTEXT"))
            if len(key) == 24:
                suite.skip(path.stem, "AES-192")
            elif record["of"] == "ENCRYPT":
                suite.add(path.stem, record["COUNT"], "aes_encrypt", key, plain, answer=secret)
            else:
                suite.add(path.stem, record["COUNT"], "aes_decrypt", key, secret, answer=plain)


def aes_ctr(suite: Suite) -> None:
    for size in (128, 192, 256):
        name = f"aes-{size}-ctr"
        for record in records(f"ciphers/AES/CTR/{name}.txt"):
            if "KEY" not in record:
                continue
            key, counter, plain, secret = (HEX(record[field]) for field in ("KEY", "IV", "PLAINTEXT", "CIPHERTEXT"))
            if size == 192:
                suite.skip(name, "AES-192")
                continue
            after = (int.from_bytes(counter, "big") + -(-len(plain) // 16)) % (1 << 128)
            for given, wanted in ((plain, secret), (secret, plain)):
                answer = wanted + after.to_bytes(16, "big")
                suite.add(name, record["COUNT"], "aes_ctr", key, counter, given, answer=answer)
                suite.add(name, record["COUNT"], "aes_ctr_pieces", key, counter, given, b"\x01", answer=answer)


def gcm(suite: Suite) -> None:
    for path in sorted((VECTORS / "ciphers/AES/GCM").glob("*.rsp")):
        for record in records("ciphers/AES/GCM/" + path.name):
            if "Key" not in record:
                continue
            if record["Keylen"] == "192":
                suite.skip(path.stem, "AES-192")
                continue
            if record["Taglen"] != "128":
                suite.skip(path.stem, f"a tag of {record['Taglen']} bits")
                continue
            key, nonce, aad, sealed, tag = (HEX(record[name]) for name in ("Key", "IV", "AAD", "CT", "Tag"))
            sizes = PIECES[int(record["Count"]) % len(PIECES)]
            name = f"{record['IVlen']}/{record['PTlen']}/{record['AADlen']} {record['Count']}"
            if "FAIL" in record:
                refused = bytes(len(sealed))
                suite.add(path.stem, name, "gcm_open", key, nonce, aad, sealed, tag, status=REFUSED, answer=refused)
                suite.add(path.stem, name, "gcm_open_pieces", key, nonce, aad, sealed, tag, sizes, status=REFUSED)
                continue
            text = HEX(record["PT"])
            if "Decrypt" in path.name:
                suite.add(path.stem, name, "gcm_open", key, nonce, aad, sealed, tag, answer=text)
                suite.add(path.stem, name, "gcm_open_pieces", key, nonce, aad, sealed, tag, sizes, answer=text)
            else:
                suite.add(path.stem, name, "gcm_seal", key, nonce, aad, text, answer=sealed + tag)
                suite.add(path.stem, name, "gcm_seal_pieces", key, nonce, aad, text, sizes, answer=sealed + tag)


def cmac(suite: Suite) -> None:
    for size in (128, 192, 256):
        name = f"nist-800-38b-aes{size}"
        for record in records(f"CMAC/{name}.txt"):
            key, data, tag = (HEX(record[field]) for field in ("KEY", "MESSAGE", "OUTPUT"))
            if size == 192:
                suite.skip(name, "AES-192")
                continue
            suite.add(name, record["COUNT"], "cmac", key, data, answer=tag)
            for sizes in PIECES:
                suite.add(name, record["COUNT"], "cmac_pieces", key, data, sizes, answer=tag)


def keywrap(suite: Suite) -> None:
    for path in sorted((VECTORS / "keywrap/kwtestvectors").glob("*KW*.txt")):
        for record in records("keywrap/kwtestvectors/" + path.name):
            if "COUNT" not in record:
                continue
            if path.stem.endswith("_inv"):
                suite.skip(path.stem, "the inverse cipher as the forward one")
            elif not path.name.startswith("KW_"):
                suite.skip(path.stem, "another key wrap (with padding, or Triple-DES)")
            elif len(HEX(record["K"])) == 24:
                suite.skip(path.stem, "AES-192")
            elif path.name.startswith("KW_AE"):
                suite.add(path.stem, record["COUNT"], "keywrap", HEX(record["K"]), HEX(record["P"]), answer=HEX(record["C"]))
            else:
                status, key = (REFUSED, bytes(len(record["C"]) // 2 - 8)) if "FAIL" in record else (DONE, HEX(record["P"]))
                suite.add(path.stem, record["COUNT"], "keyunwrap", HEX(record["K"]), HEX(record["C"]), status=status, answer=key)


def coordinates(record: dict[str, str]) -> bytes | None:
    """X || Y, or None if they do not fit into 32 bytes each."""
    x, y = int(record["Qx"], 16), int(record["Qy"], 16)
    return x.to_bytes(32, "big") + y.to_bytes(32, "big") if max(x, y) < 1 << 256 else None


def key_pairs(suite: Suite, name: str) -> None:
    for record in records(f"asymmetric/ECDSA/{name}.rsp"):
        if "Qx" not in record or not record["of"].startswith("P-256"):
            continue
        point = coordinates(record)
        if "d" in record:
            private = int(record["d"], 16).to_bytes(32, "big")
            suite.add(name, record["d"][:8], "p256_public", private, answer=point)
        elif point is None:
            suite.skip(name, "a coordinate of more than 32 bytes, which the interface cannot take")
        else:
            status = DONE if record["Result"].startswith("P") else REFUSED
            suite.add(name, record["Qx"][:8], "p256_check", point, status=status)


def signatures(suite: Suite, name: str) -> None:
    claims: list[tuple[bytes, bytes, bytes, bool]] = []
    for record in records(f"asymmetric/ECDSA/{name}"):
        curve, _, hash_name = record.get("of", "").partition(",")
        if "Msg" not in record or curve != "P-256":
            continue
        digest = HASHES[hash_name or "SHA-1"](HEX(record["Msg"])).digest()[:32]  # FIPS 186-2: SHA-1
        point = coordinates(record)
        assert point is not None
        signature = b"".join(int(record[part], 16).to_bytes(32, "big") for part in "RS")
        is_good = record.get("Result", "P").startswith("P")
        claim = (point, bytes(32 - len(digest)) + digest, signature)  # a short digest is a small number
        status = DONE if is_good else REFUSED
        suite.add(name, f"{hash_name} {record['R'][:8]}", "p256_verify", *claim, status=status)
        claims.append((*claim, is_good))
        if "d" in record:
            suite.add(name, record["d"][:8], "p256_public", int(record["d"], 16).to_bytes(32, "big"), answer=point)
    verify_in_other_ways(suite, name, claims)


def ecdh(suite: Suite) -> None:
    for role in ("init", "resp"):
        name = f"KASValidityTest_ECCStaticUnified_NOKC_ZZOnly_{role}"
        text = (VECTORS / "asymmetric/ECDH" / (name + ".fax")).read_text()
        for section in re.split(r"^(?=\[E[A-E] - )", text, flags=re.MULTILINE)[1:]:
            for block in section.split("COUNT")[1:]:
                if not section.startswith("[EC - "):
                    suite.skip(name, "another curve")
                    continue
                record = {key: value for key, value in re.findall(r"^(\w+) = (.*)$", block, re.MULTILINE)}
                one_agreement(suite, name, record)


def one_agreement(suite: Suite, name: str, record: dict[str, str]) -> None:
    """Of wrong results there, only a wrong peer's key is the engine's to find; the rest tests the test's hash."""
    number = {key: int(value, 16) for key, value in record.items() if re.fullmatch("[0-9a-f]+", value)}
    if max(number["QsCAVSx"], number["QsCAVSy"]) >> 256:
        suite.skip(name, "a coordinate of more than 32 bytes, which the interface cannot take")
        return
    point = b"".join(number[key].to_bytes(32, "big") for key in ("QsCAVSx", "QsCAVSy"))
    private = number["dsIUT"].to_bytes(32, "big")
    reason = record["Result"]
    if reason.startswith("P"):
        suite.add(name, record["Z"][:8], "p256_ecdh", private, point, answer=number["Z"].to_bytes(32, "big"))
    elif "other public key" in reason.lower() or "CAVS's Static public key" in reason:
        suite.add(name, record["Z"][:8], "p256_ecdh", private, point, status=REFUSED, answer=bytes(32))
    else:
        suite.skip(name, "a wrong result that is not about the other side's key: " + reason)


def load(suite: Suite) -> None:
    for each in (sha256, aes_blocks, aes_ctr, gcm, cmac, keywrap, ecdh):
        each(suite)
    for year in ("FIPS_186-2", "FIPS_186-3"):
        key_pairs(suite, year + "/KeyPair")
        key_pairs(suite, year + "/PKV")
        for name in ("SigVer.rsp", "SigGen.txt"):
            signatures(suite, f"{year}/{name}")
