"""Signing keys as files: a P-256 private key and the certificate that names it.

A key named NAME is two files in a folder: `NAME.key.pem` (PKCS#8, readable by its owner only) and
`NAME.cert.pem` (self-signed X.509). An image names its signer by the SHA-1 of the certificate's DER
form (the format's thumbprint; SHA-1 names here, it proves nothing). A key for hybrid signatures has an LMS
key beside it, in files of the same name (see `lms`).
"""

from __future__ import annotations

import datetime
import hashlib
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from .lms import LmsFileSigner, LmsKey, LmsSigner

YEARS = 20


class KeyProblem(ValueError):
    """A key file is missing, damaged or already there; the text says what to do."""


class SigningKey:
    """A P-256 key that signs image digests. `public` is X||Y, `thumbprint` SHA-1 of the certificate.

    With `lms` it signs hybrid: packages that it signs are signed by that key too.
    """

    lms: LmsSigner | None = None

    def __init__(self, private: ec.EllipticCurvePrivateKey, certificate: x509.Certificate):
        self._private = private
        self.certificate = certificate
        numbers = private.public_key().public_numbers()
        self.public = numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
        der = certificate.public_bytes(serialization.Encoding.DER)
        self.thumbprint = hashlib.sha1(der, usedforsecurity=False).digest()

    def sign(self, digest: bytes) -> bytes:
        """ECDSA over a SHA-256 `digest`: r||s, 64 bytes."""
        der = self._private.sign(digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        r, s = utils.decode_dss_signature(der)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    @classmethod
    def generate(cls, name: str, private: ec.EllipticCurvePrivateKey | None = None) -> SigningKey:
        """A new key whose certificate's common name is `name`."""
        private = private or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(private.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + datetime.timedelta(days=365 * YEARS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(private, hashes.SHA256())
        )
        return cls(private, certificate)

    @classmethod
    def load(cls, folder: Path, name: str) -> SigningKey:
        """Read a key. Raises KeyProblem."""
        key_file, certificate_file = _files(folder, name)
        try:
            private = serialization.load_pem_private_key(key_file.read_bytes(), None)
            certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        except FileNotFoundError as problem:
            raise KeyProblem(f"no key {name!r} in {folder} ({problem.filename}): make it with 'armillary key create {name}'")
        except (ValueError, TypeError):
            raise KeyProblem(f"{key_file} or {certificate_file} is not a readable PEM file")
        if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
            raise KeyProblem(f"{key_file} is not a P-256 key")
        return cls(private, certificate)

    def pair(self, folder: Path, name: str, ledger: Path) -> None:
        """Sign hybrid from now on, with the LMS key of this name; it is made if there is none. Raises LmsProblem."""
        try:
            self.lms = LmsFileSigner.open(folder, name, ledger)
        except FileNotFoundError:
            self.lms = LmsFileSigner.create(folder, name, ledger)

    def save(self, folder: Path, name: str) -> None:
        """Write the two files; never over an existing key. Raises KeyProblem."""
        folder.mkdir(parents=True, exist_ok=True)
        key_file, certificate_file = _files(folder, name)
        encoded = self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        try:
            descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise KeyProblem(f"{key_file} exists: choose another name, or move it away first")
        with os.fdopen(descriptor, "wb") as file:
            file.write(encoded)
        certificate_file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))


def _files(folder: Path, name: str) -> tuple[Path, Path]:
    if not name or not all(character.isalnum() or character in "-_." for character in name) or name[0] == ".":
        raise KeyProblem(f"{name!r} is not a key name: use letters, digits, '-', '_' and '.'")
    return folder / f"{name}.key.pem", folder / f"{name}.cert.pem"


class Vendor:
    """The keys of whoever makes the device.

    `root` is what the fuses name; it signs the first loader and the trusted key store. `os` signs the
    operating system, `app` applications, `development` packages for devices in development.
    """

    NAMES = ("root", "os", "app", "development", "capability")

    def __init__(self, keys: dict[str, SigningKey]):
        self.root, self.os, self.app, self.development, self.capability = (keys[name] for name in self.NAMES)

    @property
    def is_hybrid(self) -> bool:
        """Whether everything is signed by ECDSA and by LMS."""
        return all(getattr(self, name).lms is not None for name in self.NAMES)

    @classmethod
    def open(cls, folder: Path, ledger: Path | None = None) -> Vendor:
        """The vendor whose keys lie in `folder`; missing ones are made.

        With `ledger`, the folder that says what LMS keys signed (see `lms`), all is signed hybrid.
        """
        for name in cls.NAMES:
            if not _files(folder, name)[0].exists():
                SigningKey.generate(f"Armillary {name}").save(folder, name)
        keys = {name: SigningKey.load(folder, name) for name in cls.NAMES}
        if ledger is not None:
            for name, key in keys.items():
                key.pair(folder, name, ledger)
        return cls(keys)

    @classmethod
    def generate(cls, is_hybrid: bool = False) -> Vendor:
        """A vendor whose keys are in memory only."""
        keys = {name: SigningKey.generate(f"Armillary {name}") for name in cls.NAMES}
        if is_hybrid:
            for key in keys.values():
                key.lms = LmsSigner(LmsKey.generate())
        return cls(keys)
