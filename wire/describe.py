"""What an image package says, for a person: its parts, their offsets, and what an app may do.

Host side, for `armillary image show`. It proves nothing: it looks into packages nobody has verified,
so it never raises; what it cannot make sense of becomes a problem with the offset at which it stands.
"""

from __future__ import annotations

import hashlib
import struct
from datetime import datetime, timedelta
from typing import Any

from . import asxipfs, capability, guid, image, keystore, manifest
from .fault import Invalid
from .permissions import TABLE

MOST_PROBLEMS = 100
CURVES = {image.SIGNATURE: ("P-256", "sha256"), image.SIGNATURE_P384: ("P-384", "sha384")}
ONE_BL_METADATA = 28  # a "metadata length" up to this is how the fixed-size first loader variant looks

TITLES = {
    image.LM: "LMS signature", image.ID: "identity", image.SG: "signature", image.DB: "debug", image.TP: "temporary image",
    image.ND: "ABI depends", image.NP: "ABI provides", image.CM: "compression", image.RV: "revocation",
    image.RO: "required flash offset", image.IP: "image policy",
    0x4441: "ABI depends (legacy)", 0x5041: "ABI provides (legacy)", 0x474C: "footer (legacy)",
}  # fmt: skip
FLAG_NAMES = {
    image.TP: {1: "RemoveAtBoot", 2: "UnderDevelopment"},
    image.IP: {1: "InvalidateFromNormalWorld", 2: "SideloadFromNormalWorld"},
}
ABI_NAMES = {0: "none", 1: "SecureWorldRuntime", 2: "OSRuntime", 3: "ApplicationRuntime"}
ROLE_NAMES = {1: "OS images", 2: "applications", 4: "development applications", 8: "capability files"}

# What each capability of an app means; {} is the list of what it names.
PLAIN = {
    "AllowedConnections": "connects to {} on the network, and to nothing else",
    "AllowedTcpServerPorts": "takes TCP connections on port {}",
    "AllowedUdpServerPorts": "receives UDP on port {}",
    "AllowedApplicationConnections": "talks to the apps {}, if they name it too",
    "Gpio": "uses pin {}",
    "Uart": "uses serial port {}",
    "I2cMaster": "is master of the I2C bus on {}",
    "SpiMaster": "is master of the SPI bus on {}",
    "Pwm": "drives every channel of {}",
    "Adc": "reads every channel of {}",
    "I2sSubordinate": "uses audio interface {}",
    "ExternalInterrupt": "is interrupted by {}",
    "MutableStorage": "keeps one file of up to {} KiB",
    "DeviceAuthentication": "proves to others that it runs on this device, for tenant {}",
    "WifiConfig": "changes Wi-Fi networks",
    "EnterpriseWifiConfig": "changes Wi-Fi networks that use certificates",
    "NetworkConfig": "changes network interfaces",
    "ReadNetworkProxyConfig": "reads the proxy settings",
    "SystemTime": "sets the clock",
    "TimeSyncConfig": "chooses where the time comes from",
    "DhcpService": "serves DHCP on a private network",
    "SntpService": "serves time on a private network",
    "HardwareAddressConfig": "sets the Ethernet address",
    "CertStore": "installs and lists certificates",
    "SystemEventNotifications": "is told before updates",
    "SoftwareUpdateDeferral": "puts updates off",
    "PowerControls": "controls power: {}",
    "ResetMemoryWatermarks": "resets the memory high-water mark",
    "HeapMemStats": "reads heap statistics",
}


class _Problems(list[dict[str, Any]]):
    """What is wrong: offsets in the package (None where there is no one place) and words."""

    def note(self, problem: str, offset: int | None = None) -> None:
        if len(self) < MOST_PROBLEMS:
            self.append({"offset": offset, "problem": problem})

    def fault(self, fault: Invalid, base: int = 0) -> None:
        self.note(fault.reason, None if fault.offset is None else base + fault.offset)


class _Survey(asxipfs.Scan):
    """A pass over a file system that notes what is wrong and goes on."""

    def __init__(self, body: bytes, problems: _Problems) -> None:
        super().__init__(body)
        self.problems = problems

    def refuse(self, reason: str, at: int) -> None:
        self.problems.note(reason, at)


def explain(package: bytes) -> dict[str, Any]:
    """What `package` says of itself, as dictionaries, lists, numbers and text. Never raises for its content.

    Keys: size, signature, metadata, image, body, manifest, permissions, problems; a part that could
    not be found is None. Offsets are in bytes from the start of the package.
    """
    package, problems = bytes(package), _Problems()
    found: dict[str, Any] = {"size": len(package)}
    found.update(dict.fromkeys(("signature", "metadata", "image", "body", "manifest"), None), permissions=[])
    found["problems"] = problems
    trailer = _trailer(package, problems)
    if trailer is None:
        return found
    size, start, end = trailer
    sections = _sections(package, start, end, problems)
    found["signature"] = _signature(package, size)
    found["metadata"] = {"offset": start, "length": end - start, "sections": [_section(part) for part in sections]}
    whole = _whole(package[:start], sections)
    found["image"] = None if whole is None else _image(whole)
    found["body"] = _body(package[:start], whole, problems)
    _app(found, package[:start], whole, problems)
    return found


def _trailer(package: bytes, problems: _Problems) -> tuple[int, int, int] | None:
    """(bytes of the signature, start, end of the metadata), or None."""
    first: Invalid | None = None
    for size in CURVES:
        try:
            start, end = image.metadata(package, size)
        except Invalid as fault:
            first = first or fault
        else:
            return size, start, end
    if first is not None:
        problems.fault(first)
    end = len(package) - image.SIGNATURE
    if end >= 4 and struct.unpack("<I", package[end - 4 : end])[0] <= ONE_BL_METADATA:
        problems.note("perhaps the first loader's variant of a package, whose layout is not known for certain", end - 4)
    return None


def _signature(package: bytes, size: int) -> dict[str, Any]:
    curve, digest = CURVES[size]
    at, half = len(package) - size, size // 2
    return {
        "offset": at,
        "curve": curve,
        "r": package[at : at + half].hex(),
        "s": package[at + half :].hex(),
        "digest": hashlib.new(digest, package[:at]).hexdigest(),
        "over": f"{digest.upper()} of bytes 0 to {at - 1:#x}",
    }


def _sections(package: bytes, start: int, end: int, problems: _Problems) -> list[image.Section]:
    """The sections that can be read, in order, those that break a rule among them."""
    (count,) = struct.unpack("<I", package[start + 4 : start + 8])
    if count > image.MOST_SECTIONS:
        problems.note(f"{count} sections are too many", start + 4)
    sections: list[image.Section] = []
    at = start + 8
    for _ in range(min(count, image.MOST_SECTIONS)):
        try:
            section = image.read_section(package, at, end - 4)
        except Invalid as fault:
            problems.fault(fault)
            return sections
        if section.number in [other.number for other in sections]:
            problems.note(f"{section.name} is there twice", at)
        sections.append(section)
        at = section.offset + len(section.data)
        try:
            image.check(section)
        except Invalid as fault:
            problems.fault(fault)
    if at != end - 4:
        problems.note(f"{end - 4 - at} bytes after the last section", at)
    for section in sections[1:]:
        if section.number == image.LM:
            problems.note("LM is not the first section", section.offset - 4)
    for needed in (image.ID, image.SG):
        if needed not in [section.number for section in sections]:
            problems.note(f"{TITLES[needed]} is not in the metadata", start)
    return sections


def _whole(body: bytes, sections: list[image.Section]) -> image.Package | None:
    """The package as its sound sections describe it, or None without identity or signature."""
    sound = [section for section in sections if _is_sound(section)]
    numbers = [section.number for section in sound]
    return image.Package(body, len(body), sound) if image.ID in numbers and image.SG in numbers else None


def _is_sound(section: image.Section) -> bool:
    try:
        image.check(section)
    except Invalid:
        return False
    return True


def _section(section: image.Section) -> dict[str, Any]:
    return {
        "name": section.name,
        "title": TITLES.get(section.number, "unknown"),
        "offset": section.offset - 4,
        "length": len(section.data),
        "data": section.data.hex(),
        "fields": _fields(section) if _is_sound(section) else {},
    }


def _fields(section: image.Section) -> dict[str, Any]:
    number, data = section.number, section.data
    if number == image.ID:
        (kind,) = struct.unpack("<H", data[:2])
        ids = {"component": guid.to_text(data[4:20]), "image": guid.to_text(data[20:])}
        return {"type": kind, "type_name": image.TYPE_NAMES.get(kind, "unknown"), **ids}
    if number == image.LM:
        return {"key": data[: image.LMS_KEY].hex(), "signature": f"{len(data) - image.LMS_KEY} bytes"}
    if number == image.SG:
        return {"thumbprint": data[:20].hex(), "type": struct.unpack("<I", data[20:])[0]}
    if number == image.DB:
        (built,) = struct.unpack("<Q", data[:8])
        return {"built_unix": built, "built": _date(built), "name": data[8:].rstrip(b"\0").decode()}
    if number in (image.ND, image.NP):
        pairs = [struct.unpack("<II", data[at : at + 8]) for at in range(4, len(data), 8)]
        return {"abis": [{"version": pair[0], "type": pair[1], "name": ABI_NAMES.get(pair[1], "unknown")} for pair in pairs]}
    if number == image.CM:
        return dict(zip(("uncompressed_size", "type"), struct.unpack("<II", data)))
    if number not in image.SIZES:
        return {}
    (value,) = struct.unpack("<I", data)
    names = FLAG_NAMES.get(number)
    return {"value": value} if names is None else {"value": value, "flags": [names[bit] for bit in names if value & bit]}


def _date(unix: int) -> str:
    try:
        return (datetime(1970, 1, 1) + timedelta(seconds=unix)).isoformat() + "Z"
    except OverflowError:
        return "beyond the year 9999"


def _image(package: image.Package) -> dict[str, Any]:
    return {
        "type": package.image_type,
        "type_name": package.type_name,
        "component": guid.to_text(package.component),
        "image": guid.to_text(package.image),
        "thumbprint": package.thumbprint.hex(),
        "name": package.name,
        "built": _date(package.built_unix),
        "security_version": package.security_version,
        "is_development": package.is_development,
    }


def _body(body: bytes, package: image.Package | None, problems: _Problems) -> dict[str, Any]:
    shown: dict[str, Any] = {"offset": 0, "length": len(body), "kind": "opaque", "sha256": hashlib.sha256(body).hexdigest()}
    kind = package.image_type if package else None
    try:
        if kind == image.FIRMWARE_CONFIG:
            device_id, granted = capability.unpack(body)
            names = [f"{number} {capability.name(number)}" for number in granted]
            shown.update(kind="capability file", device_id=device_id.hex(), capabilities=names)
        elif kind == image.TRUSTED_KEYSTORE:
            shown.update(kind="key store", keys=[_key(key) for key in keystore.unpack(body)])
        elif body[:4] == struct.pack("<I", asxipfs.MAGIC):
            shown.update(kind="ASXipFS", files=_files(body, problems))
    except Invalid as fault:
        problems.fault(fault)
    return shown


def _key(key: keystore.Key) -> dict[str, Any]:
    roles = [name for bit, name in ROLE_NAMES.items() if key.roles & bit]
    shown = {"thumbprint": key.thumbprint.hex(), "public": key.public.hex(), "roles": roles}
    return {**shown, "lms": key.lms.hex()} if key.lms else shown


def _files(body: bytes, problems: _Problems) -> list[dict[str, Any]]:
    survey = _Survey(body, problems)
    survey.run()
    return [
        {
            "path": "/" + node.path,
            "is_directory": node.is_directory,
            "mode": f"{node.mode:07o}",
            "size": node.size,
            "offset": node.offset,
            "inode": node.at,
        }
        for node in survey.nodes
    ]


def _app(found: dict[str, Any], body: bytes, package: image.Package | None, problems: _Problems) -> None:
    """Add the manifest and what it permits, if the body has one."""
    if found["body"]["kind"] != "ASXipFS":
        return
    entry = next((file for file in found["body"]["files"] if file["path"] == "/" + manifest.FILE), None)
    if entry is None:
        if package is not None and package.image_type == image.APPLICATIONS:
            problems.note("an application without " + manifest.FILE)
        return
    try:
        app = manifest.parse(body[entry["offset"] : entry["offset"] + entry["size"]])
        found["manifest"] = _manifest(app)
        found["permissions"] = permissions(app)
        if "/" + app.entry_point[1:] not in [file["path"] for file in found["body"]["files"] if not file["is_directory"]]:
            problems.note(f"{app.entry_point} is not in the package")
        if package is not None:
            manifest.check_package(app, package)
    except Invalid as fault:
        problems.fault(fault, entry["offset"])


def _manifest(app: manifest.Manifest) -> dict[str, Any]:
    core = {} if app.real_time_core is None else {"RealTimeCore": app.real_time_core}
    return {
        "Name": app.name,
        "ComponentId": guid.to_text(app.component),
        "EntryPoint": app.entry_point,
        "CmdArgs": list(app.arguments),
        "ApplicationType": app.application_type,
        **core,
        "Capabilities": dict(app.granted),
    }


def permissions(app: manifest.Manifest) -> list[str]:
    """What the app may do, one sentence for each capability it has; a sentence for an app with none."""
    lines = []
    for key, attribute, _, nothing in TABLE:
        value = getattr(app, attribute)
        if value != nothing:
            lines.append(f"{app.name} " + PLAIN[key].format(_words(value)))
    return lines or [f"{app.name} touches nothing outside itself"]


def _words(value: object) -> str:
    if isinstance(value, bytes):
        return guid.to_text(value)
    if isinstance(value, tuple):
        return ", ".join(_words(entry) for entry in value)
    return str(value)
