"""Image packages of real-time programs, as a device has them installed: built from C, with a manifest of choice."""

import hashlib
import json

from armillary.boards import apps
from armillary.boards.mt3620 import build
from armillary.wire import asxipfs, image

COMPONENT = "1f0c6a10-7d1e-4d52-9a54-6b1d1c0fffff"


class Nobody:
    """A signer whose signature is none: ring 0 does not check any, the monitor did."""

    thumbprint = bytes(20)
    lms = None

    def sign(self, digest):
        return bytes(64)


def pack(elf, capabilities=None, kind="RealTimeCapable"):
    """The package of an ELF file."""
    text = json.dumps({
        "SchemaVersion": 1, "Name": "program", "ComponentId": COMPONENT, "EntryPoint": "/bin/app", "CmdArgs": [],
        "Capabilities": capabilities or {}, "ApplicationType": kind,
    }).encode()  # fmt: skip
    body = asxipfs.pack([("app_manifest.json", text, False), ("bin/app", elf, True)])
    component = bytes.fromhex(COMPONENT.replace("-", ""))
    return apps.package(body, image.APPLICATIONS, component, "program", Nobody(), 1)


def load_of(package):
    """The load of one package."""
    return len(package).to_bytes(4, "little") + package


class Builder:
    """Builds programs once a session: by name, or from C given as text."""

    def __init__(self, scratch):
        self.scratch = scratch

    def __call__(self, source):
        """The ELF file of the program `source`: a name, or the text of a C file."""
        return self.path(source).read_bytes()

    def path(self, source):
        """Where it was built."""
        output = self.scratch / (hashlib.sha256(source.encode()).hexdigest()[:16] + ".elf")
        if not output.exists():
            if "\n" in source:
                text = output.with_suffix(".c")
                text.write_text(source)
                build.build_files([text], output)
            else:
                build.build(build.folder_of(source), output)
        return output
