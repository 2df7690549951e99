"""Image packages: a body, metadata ("4X4M") that says what it is, and a signature over both.

A package is read from its end: the signature, before it the length of the metadata, before that the
metadata itself. `split` finds what is signed without reading any of it; `parse` is for a package
whose signature has been checked. Every refusal names the offset in the package.

A hybrid package has a second signature, by LMS (RFC 8554), in its first section. It is over everything
but itself and the ECDSA signature, and the ECDSA signature is over it too, so that neither can be moved
to another package. `lms_part` finds it, in a package that nobody has verified.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

from . import packing, utf8
from .fault import Invalid, malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any  # a hash of either kind: hashlib's, native's

    # SHA-256 of the LMS public key, bytes of a signature, what signs a message.
    LmsSigner = tuple[bytes, int, Callable[[bytes], bytes]]

# Image types.
ONE_BL, PLUTON_RUNTIME, WIFI_FIRMWARE, SECURITY_MONITOR, NW_LOADER, NW_DTB, KERNEL = 1, 2, 3, 4, 5, 6, 7
ROOT_FS, SERVICES, APPLICATIONS, FIRMWARE_CONFIG, BOOT_MANIFEST, NW_FILE_SYSTEM = 8, 9, 10, 13, 16, 17
TRUSTED_KEYSTORE, POLICY, BOARD_CONFIG, UPDATE_CERT_STORE, BASE_SYSTEM_MANIFEST = 19, 20, 21, 22, 23
FIRMWARE_MANIFEST, CUSTOMER_MANIFEST, RECOVERY_MANIFEST, MANIFEST_SET, OTHER = 24, 25, 26, 27, 28

TYPE_NAMES = {
    0: "Invalid", ONE_BL: "OneBL", PLUTON_RUNTIME: "PlutonRuntime", WIFI_FIRMWARE: "WifiFirmware",
    SECURITY_MONITOR: "SecurityMonitor", NW_LOADER: "NormalWorldLoader", NW_DTB: "NormalWorldDTB",
    KERNEL: "NormalWorldKernel", ROOT_FS: "RootFs", SERVICES: "Services", APPLICATIONS: "Applications",
    FIRMWARE_CONFIG: "FirmwareConfig", BOOT_MANIFEST: "BootManifest", NW_FILE_SYSTEM: "NormalWorldFileSystem",
    TRUSTED_KEYSTORE: "TrustedKeystore", POLICY: "Policy", BOARD_CONFIG: "CustomerBoardConfig",
    UPDATE_CERT_STORE: "UpdateCertStore", BASE_SYSTEM_MANIFEST: "BaseSystemUpdateManifest",
    FIRMWARE_MANIFEST: "FirmwareUpdateManifest", CUSTOMER_MANIFEST: "CustomerUpdateManifest",
    RECOVERY_MANIFEST: "RecoveryManifest", MANIFEST_SET: "ManifestSet", OTHER: "Other",
}  # fmt: skip

MAGIC = 0x4D345834  # "4X4M"
SIGNATURE = 64  # r||s of P-256; the only one a device takes
SIGNATURE_P384 = 96  # of other chips: shown, never trusted
SIGNING_P256 = 1
NAME = 32
MOST_METADATA = 4096
MOST_SECTIONS = 32
SMALLEST = 12  # magic, count, length

# Sections of the metadata.
ID, SG, DB, TP, ND, NP = 0x4449, 0x4753, 0x4244, 0x5054, 0x444E, 0x504E
CM, RV, RO, IP = 0x4D43, 0x5652, 0x4F52, 0x5049
LM = 0x4D4C  # ours: the LMS half of a hybrid signature. Always the first, so that it is found without a search
# Real packages have ID, SG, DB, TP, ND in this order. Where RV and the others go is a guess, made here.
ORDER = (LM, ID, SG, DB, TP, ND, RV, NP, CM, RO, IP)
SIZES = {ID: 36, SG: 24, DB: 40, TP: 4, CM: 8, RV: 4, RO: 4, IP: 4}
FLAGS = {TP: 3, IP: 3}  # the bits that mean something
REMOVE_AT_BOOT, UNDER_DEVELOPMENT = 1, 2  # TP
LZMA = 1  # CM
LMS_KEY = 32  # LM: SHA-256 of the LMS public key, then the signature
LMS_DOMAIN = b"armillary image\x01"  # an LMS key signs nothing else that begins so

# Numbers of the ImageMetadata error category (42).
INVALID_METADATA, SECTION_OVERFLOWS, EMPTY_SECTION, SECTION_TOO_LARGE, SECTION_NOT_FOUND = 1, 2, 3, 4, 5
ERRORS = {
    INVALID_METADATA: "InvalidMetadata",
    SECTION_OVERFLOWS: "SectionOverflowsMetadata",
    EMPTY_SECTION: "EmptySection",
    SECTION_TOO_LARGE: "SectionTooLarge",
    SECTION_NOT_FOUND: "SectionNotFound",
}


class Section:
    """One section of the metadata: its number, its data, and where the data begins in the package."""

    def __init__(self, number: int, data: bytes, offset: int) -> None:
        self.number = number
        self.data = data
        self.offset = offset

    @property
    def name(self) -> str:
        """The two letters of the number, or its hexadecimal form if they are not letters."""
        low, high = self.number & 0xFF, self.number >> 8
        is_text = 0x41 <= low <= 0x5A and 0x41 <= high <= 0x5A
        return chr(low) + chr(high) if is_text else hex(self.number)


class LmsPart:
    """The LMS half of a hybrid package: `key` is SHA-256 of the public key (32 bytes), `signature` is over
    `lms_message(digest)`."""

    def __init__(self, key: bytes, signature: bytes, digest: bytes) -> None:
        self.key = key
        self.signature = signature
        self.digest = digest


class Package:
    """What a package says of itself.

    `component` and `image` are 16 bytes as laid out in the file (see `guid`), `thumbprint` 20 bytes.
    `security_version` is 0 without RV; `depends` and `provides` are (version, ABI type) pairs.
    `lms_key` is SHA-256 of the LMS key that signed too, empty if none did. `temporary_flags`,
    `compression` (uncompressed size, type), `required_offset` and `policy` are None where the section is absent. `sections` has every section, known or not, as in the file.
    """

    def __init__(self, package: bytes, size: int, sections: list[Section]) -> None:
        """`package` begins with the body, of `size` bytes."""
        found = {section.number: section for section in sections}
        self._package = package
        self._size = size
        self._body: bytes | None = None
        self.sections = sections
        data = found[ID].data
        self.image_type = struct.unpack("<H", data[:2])[0]
        self.component = data[4:20]
        self.image = data[20:36]
        self.thumbprint = found[SG].data[:20]
        self.lms_key = found[LM].data[:LMS_KEY] if LM in found else b""
        self.built_unix, self.name = _debug(found.get(DB))
        self.temporary_flags = _word(found.get(TP))
        self.security_version = _word(found.get(RV)) or 0
        self.required_offset = _word(found.get(RO))
        self.policy = _word(found.get(IP))
        self.depends = _pairs(found.get(ND))
        self.provides = _pairs(found.get(NP))
        self.compression = struct.unpack("<II", found[CM].data) if CM in found else None

    @property
    def body(self) -> bytes:
        """What the package carries. It is copied when first asked for: who only verifies needs no copy of an image."""
        if self._body is None:
            self._body = self._package[: self._size]
        return self._body

    @property
    def is_development(self) -> bool:
        """Whether the package is marked as being under development."""
        return bool((self.temporary_flags or 0) & UNDER_DEVELOPMENT)

    @property
    def type_name(self) -> str:
        """The image type in words."""
        return TYPE_NAMES.get(self.image_type, "type " + str(self.image_type))


def split(package: bytes) -> tuple[bytes, bytes]:
    """(what is signed, signature of 64 bytes), with nothing parsed. Raises Invalid if it is too short."""
    if len(package) < SMALLEST + SIGNATURE:
        raise Invalid("a package of " + str(len(package)) + " bytes")
    return bytes(package[:-SIGNATURE]), bytes(package[-SIGNATURE:])


def split_view(package: bytes) -> tuple[memoryview, bytes]:
    """As `split`, but what is signed is a view of `package`, which is bytes and so cannot change: to be hashed."""
    if len(package) < SMALLEST + SIGNATURE:
        raise Invalid("a package of " + str(len(package)) + " bytes")
    view = memoryview(package)
    return view[: len(package) - SIGNATURE], package[len(package) - SIGNATURE :]


def lms_part(package: bytes, hash_class: Any = hashlib.sha256) -> LmsPart | None:
    """The LMS half of `package`, None if it has none that `parse` would take.

    It believes nothing: three numbers are read, at places that follow from the length of the package and
    from each other, and each is checked before it is used. `parse` refuses a package with an LM section
    that is not found here. `hash_class` is the SHA-256 to use: update, digest.
    """
    try:
        start, end = metadata(package, SIGNATURE)
        section = read_section(package, start + 8, end - 4)
        if section.number != LM or package[start + 4 : start + 8] == bytes(4):
            return None
        check(section)
    except Invalid:
        return None
    at = section.offset + LMS_KEY
    stop = section.offset + len(section.data)
    view, hashed = memoryview(package), hash_class()
    hashed.update(view[:at])
    hashed.update(bytes(stop - at))
    hashed.update(view[stop:end])
    return LmsPart(section.data[:LMS_KEY], section.data[LMS_KEY:], hashed.digest())


def lms_message(digest: bytes) -> bytes:
    """What an LMS key signs for a package: `digest` is SHA-256 of the signed part, the LMS signature zeroed."""
    return LMS_DOMAIN + digest


def parse(package: bytes) -> Package:
    """What `package`, whose signature the caller has checked, says of itself. Raises Invalid."""
    package = bytes(package)
    start, end = metadata(package, SIGNATURE)
    sections = read_sections(package, start, end)
    numbers = [section.number for section in sections]
    for needed in (ID, SG):
        if needed not in numbers:
            raise refuse(SECTION_NOT_FOUND, Section(needed, b"", start).name + " is not in the metadata", start)
    for section in sections:
        check(section)
        if section.number == LM and section is not sections[0]:
            raise refuse(INVALID_METADATA, "LM is not the first section", section.offset)
    return Package(package, start, sections)


def refuse(error: int, reason: str, offset: int) -> Invalid:
    """The fault for `reason` at `offset`, to be raised."""
    policy = "ImageMetadataError " + str(error) + " " + ERRORS[error]
    return malformed(reason, offset, "image.metadata", policy)


def metadata(package: bytes, signature: int) -> tuple[int, int]:
    """Where the metadata begins and ends if the signature has `signature` bytes. Raises Invalid."""
    end = len(package) - signature
    if end < SMALLEST:
        raise refuse(INVALID_METADATA, "a package of " + str(len(package)) + " bytes ends", 0)
    (length,) = struct.unpack("<I", package[end - 4 : end])
    if not SMALLEST <= length <= min(MOST_METADATA, end) or length % 4 or (end - length) % 4:
        raise refuse(INVALID_METADATA, "metadata cannot be " + str(length) + " bytes, as said", end - 4)
    if package[end - length : end - length + 4] != struct.pack("<I", MAGIC):
        raise refuse(INVALID_METADATA, "no metadata magic", end - length)
    return end - length, end


def read_sections(package: bytes, start: int, end: int) -> list[Section]:
    """The sections of the metadata between `start` and `end`, contents unread. Raises Invalid."""
    (count,) = struct.unpack("<I", package[start + 4 : start + 8])
    if count > MOST_SECTIONS:
        raise refuse(INVALID_METADATA, str(count) + " sections are too many", start + 4)
    sections: list[Section] = []
    at, limit = start + 8, end - 4
    for _ in range(count):
        section = read_section(package, at, limit)
        if section.number in [other.number for other in sections]:
            raise refuse(INVALID_METADATA, section.name + " is there twice, again", at)
        sections.append(section)
        at = section.offset + len(section.data)
    if at != limit:
        raise refuse(INVALID_METADATA, str(limit - at) + " bytes after the last section", at)
    return sections


def read_section(package: bytes, at: int, limit: int) -> Section:
    """The section whose header is at `at`, in metadata whose sections end at `limit`. Raises Invalid."""
    if at + 4 > limit:
        raise refuse(SECTION_OVERFLOWS, "no room for a section", at)
    number, length = struct.unpack("<HH", package[at : at + 4])
    if not length:
        raise refuse(EMPTY_SECTION, "an empty section", at)
    if at + 4 + length > limit:
        raise refuse(SECTION_OVERFLOWS, "a section of " + str(length) + " bytes passes the end", at)
    return Section(number, package[at + 4 : at + 4 + length], at + 4)


def check(section: Section) -> None:
    """Raise Invalid unless what we know of this kind of section is true of it."""
    number, data, at = section.number, section.data, section.offset
    size = SIZES.get(number)
    if number in (ND, NP) and len(data) >= 4:
        size = 4 + 8 * int(struct.unpack("<I", data[:4])[0])
    if number in (ND, NP) and size is None or size is not None and len(data) != size:
        error = SECTION_TOO_LARGE if size is not None and len(data) > size else INVALID_METADATA
        raise refuse(error, section.name + " has " + str(len(data)) + " bytes", at)
    if number == LM and (len(data) <= LMS_KEY or len(data) % 4):
        raise refuse(INVALID_METADATA, "LM has " + str(len(data)) + " bytes", at)
    if number == ID and data[2:4] != bytes(2):
        raise refuse(INVALID_METADATA, "ID has its reserved field in use", at + 2)
    if number == SG and data[20:] != struct.pack("<I", SIGNING_P256):
        raise refuse(INVALID_METADATA, "SG is not of an ECDSA P-256 signature", at + 20)
    if number == CM and data[4:] != struct.pack("<I", LZMA):
        raise refuse(INVALID_METADATA, "CM names an unknown compression", at + 4)
    if number in FLAGS and struct.unpack("<I", data)[0] & ~FLAGS[number]:
        raise refuse(INVALID_METADATA, section.name + " has unknown flags", at)
    if number == DB:
        _check_debug(section)


def _check_debug(section: Section) -> None:
    data, at = section.data, section.offset + 8
    name, _, rest = data[8:].partition(b"\0")
    if len(name) >= NAME or rest != bytes(len(rest)):
        raise refuse(INVALID_METADATA, "DB has a name that is not padded with zeros", at)
    if not utf8.is_plain(utf8.decode(name, "the name in DB", at)):
        raise refuse(INVALID_METADATA, "DB has a name with control characters", at)


def _debug(section: Section | None) -> tuple[int, str]:
    if section is None:
        return 0, ""
    name = section.data[8:].partition(b"\0")[0]
    return struct.unpack("<Q", section.data[:8])[0], utf8.decode(name)


def _word(section: Section | None) -> int | None:
    return None if section is None else int(struct.unpack("<I", section.data)[0])


def _pairs(section: Section | None) -> tuple[tuple[int, int], ...]:
    data = b"" if section is None else section.data[4:]
    return tuple([struct.unpack("<II", data[at : at + 8]) for at in range(0, len(data), 8)])


def build(
    body: bytes,
    image_type: int,
    component: bytes,
    image: bytes,
    name: str,
    built_unix: int,
    thumbprint: bytes,
    sign: Callable[[bytes], bytes],
    security_version: int | None = None,
    depends: Sequence[tuple[int, int]] = (),
    temporary_flags: int | None = None,
    provides: Sequence[tuple[int, int]] = (),
    compression: tuple[int, int] | None = None,
    required_offset: int | None = None,
    policy: int | None = None,
    lms: LmsSigner | None = None,
) -> bytes:
    """The whole package, in the order and layout of the Azure Sphere packer.

    `sign` takes the SHA-256 of everything before the signature and gives r||s, 64 bytes; `lms` signs too
    if it is there. `name` is cut to 31 bytes, the body padded to a multiple of 4. Raises Invalid if a value
    does not fit.
    """
    words = ((TP, temporary_flags), (RV, security_version), (RO, required_offset), (IP, policy))
    found = {number: packing.words("<I", value) for number, value in words if value is not None}
    found[ID] = packing.words("<HH", image_type, 0) + bytes(component) + bytes(image)
    found[SG] = bytes(thumbprint) + packing.words("<I", SIGNING_P256)
    found[DB] = packing.words("<Q", built_unix) + packing.name(name, NAME)
    if compression is not None:
        found[CM] = packing.words("<II", *compression)
    for number, pairs in ((ND, depends), (NP, provides)):
        if pairs:
            words_of = [packing.words("<II", *pair) for pair in pairs]
            found[number] = packing.words("<I", len(pairs)) + b"".join(words_of)
    return assemble(body, [(number, found[number]) for number in ORDER if number in found], sign, lms)


def resign(
    package: bytes, thumbprint: bytes, sign: Callable[[bytes], bytes], lms: LmsSigner | None = None
) -> bytes:  # fmt: skip
    """`package` signed by another key and no longer temporary, otherwise as it was.

    This is what a service does with an app it was given: only SG, TP and the signatures differ. An LMS
    signature of somebody else does not stay: it is over SG too.
    """
    old = parse(package)
    kept = [(part.number, part.data) for part in old.sections if part.number not in (TP, LM)]
    signing = bytes(thumbprint) + packing.words("<I", SIGNING_P256)
    return assemble(old.body, [(number, signing if number == SG else data) for number, data in kept], sign, lms)


def assemble(
    body: bytes, sections: list[tuple[int, bytes]], sign: Callable[[bytes], bytes], lms: LmsSigner | None = None
) -> bytes:  # fmt: skip
    """A package of `body` and (number, data) sections, as given. Raises Invalid if it would not parse."""
    if lms is not None:
        sections = [(LM, lms[0] + bytes(lms[1]))] + sections
    out = bytearray(body)
    out.extend(bytes(-len(out) % 4))
    start = len(out)
    out.extend(struct.pack("<II", MAGIC, len(sections)))
    for number, data in sections:
        out.extend(packing.words("<HH", number, len(data)))
        out.extend(data)
    out.extend(struct.pack("<I", len(out) - start + 4))
    if lms is not None:
        at = start + 12 + LMS_KEY
        out[at : at + lms[1]] = _lms_signature(bytes(out), lms)
    signature = sign(hashlib.sha256(out).digest())
    if len(signature) != SIGNATURE:
        raise Invalid("a signature of " + str(len(signature)) + " bytes")
    out.extend(signature)
    parse(bytes(out))
    return bytes(out)


def _lms_signature(signed: bytes, lms: LmsSigner) -> bytes:
    """LMS over what is to be signed, in which there are zeros where this goes."""
    signature = lms[2](lms_message(hashlib.sha256(signed).digest()))
    if len(signature) != lms[1]:
        raise Invalid("an LMS signature of " + str(len(signature)) + " bytes")
    return signature
