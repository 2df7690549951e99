"""What the devices of a test session are made of, made once: keys, images, and a chip fresh from the factory.

A test then gets a copy, which costs a millisecond. Everything follows from seeds: two sessions make the
same packages and the same devices.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from armillary import native
from armillary.boards import apps
from armillary.boards.keys import SigningKey, Vendor
from armillary.boards.mt3620 import build
from armillary.boards.sim import device, facts
from armillary.hal.sim.network import LinkedNetwork
from armillary.hal.sim.silicon import Silicon
from armillary.wire import image

COMPLETE, BLANK = "complete", "blank"
LIFECYCLES = (COMPLETE, BLANK)

# The kernel asks for updates once a day; nobody would test that long.
QUICK: dict[str, Any] = {
    "update_poll_s": 1, "update_retry_s": 1, "attest_retry_s": 1, "report_every_s": 1, "probation_ms": 500,
}  # fmt: skip

# The root of devices that meet no service: self-signed, and its key was thrown away.
NOBODY = b"""-----BEGIN CERTIFICATE-----
MIIBljCCAT2gAwIBAgIBATAKBggqhkjOPQQDAjAyMTAwLgYDVQQDDCdBcm1pbGxh
cnkgdGVzdCByb290OiBub2JvZHkgaGFzIGl0cyBrZXkwIBcNMjUwMTAxMDAwMDAw
WhgPMjEyNTAxMDEwMDAwMDBaMDIxMDAuBgNVBAMMJ0FybWlsbGFyeSB0ZXN0IHJv
b3Q6IG5vYm9keSBoYXMgaXRzIGtleTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
BEp6EltQgT/2mxFHOmmoY8aaO0NKKN3tXahkncbXCWif726vyBUd+8yIOrDUi6IS
uFrwEnHqFdQdAuVqKT9EexijQjBAMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/
BAQDAgIEMB0GA1UdDgQWBBTFCWDweUG5Nlav97VztTrTochRoTAKBggqhkjOPQQD
AgNHADBEAiAIZ8tgetZjoTgpUc9v1IN6pTep5Ejfo2YIBR2S6DwiaAIgXFd1JssZ
5lpY1hdLGzVD9QinLggvLVKTeFeaob8I5qI=
-----END CERTIFICATE-----
"""


class SeededKey(SigningKey):
    """A key that its name alone determines: good for comparing two runs, and worth nothing outside of tests."""

    def __init__(self, name: str) -> None:
        self._secret = native.sha256(b"armillary test key " + name.encode())
        self.public = native.p256_public(self._secret)
        self.thumbprint = native.sha256(self.public)[:20]

    def sign(self, digest: bytes) -> bytes:
        """r||s, the same for the same digest (RFC 6979)."""
        return native.p256_sign(self._secret, digest)


@dataclass(frozen=True)
class Recipe:
    """What one kind of device is made by. `config` replaces entries of the kernel's, `root` (PEM) is what it
    checks servers against."""

    seed: int = 0
    lifecycle: str = COMPLETE
    config: str = "{}"
    root: bytes = NOBODY

    @classmethod
    def of(cls, seed: int, lifecycle: str, config: dict[str, Any], root: bytes | None) -> Recipe:
        """Raises ValueError for a lifecycle that is none."""
        if lifecycle not in LIFECYCLES:
            raise ValueError(f"lifecycle {lifecycle!r}: choose of {', '.join(LIFECYCLES)}")
        return cls(seed, lifecycle, json.dumps(config, sort_keys=True), root or NOBODY)


@dataclass(frozen=True)
class Made:
    """A device as it leaves the factory: what its flash and fuses hold, its id, and the system in it."""

    recipe: Recipe
    system: device.System
    saved: tuple[Any, bytes]
    device_id: bytes


class Makings:
    """The store of one session."""

    def __init__(self) -> None:
        self.vendor = Vendor({name: SeededKey(name) for name in Vendor.NAMES})
        self._systems: dict[tuple[str, bytes], device.System] = {}
        self._made: dict[Recipe, Made] = {}
        self._programs: dict[bytes, bytes] = {}
        self._provisioned: dict[tuple[Recipe, tuple[bytes, ...]], tuple[Any, bytes]] = {}

    def system(self, config: str, root: bytes) -> device.System:
        """The operating system with this kernel configuration and this root."""
        key = (config, root)
        if key not in self._systems:
            self._systems[key] = device.System(self.vendor, {"root": root}, json.loads(config))
        return self._systems[key]

    def make(self, recipe: Recipe) -> Made:
        """A device of this recipe; the same one every time."""
        if recipe not in self._made:
            system = self.system(recipe.config, recipe.root)
            silicon = self.silicon(recipe.seed)
            personalization = b"armillary test device %d" % recipe.seed
            device_id = device.manufacture(silicon, self.vendor.root.public, personalization)
            device.provision(silicon, system)
            if recipe.lifecycle == COMPLETE:
                device.leave_factory(silicon.fuses)
            self._made[recipe] = Made(recipe, system, silicon.snapshot(), device_id)
        return self._made[recipe]

    def silicon(self, seed: int, saved: tuple[Any, bytes] | None = None, network: LinkedNetwork | None = None) -> Silicon:
        """A chip with virtual time and seeded noise."""
        silicon = Silicon(facts, seed, network=network or LinkedNetwork({}))
        if saved is not None:
            silicon.restore(saved)
        return silicon

    def config(self, recipe: Recipe) -> dict[str, Any]:
        """The entries of the kernel's configuration that this recipe replaces."""
        found: dict[str, Any] = json.loads(recipe.config)
        return found

    def provision(self, made: Made, packages: list[bytes]) -> tuple[Any, bytes]:
        """Flash and fuses of a device of this recipe that left the factory with these apps."""
        key = (made.recipe, tuple(packages))
        if key not in self._provisioned:
            silicon = self.silicon(made.recipe.seed, made.saved)
            device.provision(silicon, made.system, packages)
            self._provisioned[key] = silicon.snapshot()
        return self._provisioned[key]

    def package(self, app: str | Path | bytes, beside: Path, version: int, arguments: list[str] | None) -> bytes:
        """A signed package: `app` is one already, or the file of one, which is signed anew with this session's key as an
        upload to a service would be; or an app's folder, which is looked for beside the test, then from where pytest was
        started, then among the samples and the real-time programs. A folder with C files is a real-time program and is
        built. Raises AppProblem, BuildProblem, Invalid."""
        if isinstance(app, bytes):
            return app
        places = [beside / app, Path(app), apps.SAMPLES / app, build.RTAPPS / app]
        folder = next((place for place in places if place.is_file() or (place / apps.MANIFEST).is_file()), None)
        if folder is None:
            folder = next((place for place in places if place.is_dir()), None)
        if folder is None:
            known = sorted({*build.names(), *(path.parent.name for path in apps.SAMPLES.glob("*/" + apps.MANIFEST))})
            looked = sorted({str(places[0]), str(places[1].absolute())})
            raise apps.AppProblem(f"no app {app}: not at {' or '.join(looked)}, and none of {', '.join(known)}")
        if folder.is_file():
            return self._sign(apps.read_package(folder), arguments)
        if not build.is_program(folder):
            return apps.pack_app(folder, self.vendor.app, version, arguments)
        if arguments:
            raise apps.AppProblem(f"{folder}: a real-time app has no arguments")
        return self._pack_program(folder, version)

    def _sign(self, package: bytes, arguments: list[str] | None) -> bytes:
        """Somebody's package, signed by this session's vendor: else no device of it would run the app."""
        if arguments is not None:
            raise apps.AppProblem("the arguments of a package are in its signed manifest: install a folder to give others")
        return image.resign(package, self.vendor.app.thumbprint, self.vendor.app.sign)

    def _pack_program(self, folder: Path, version: int) -> bytes:
        """Of a real-time program; one session builds the same sources once."""
        key = hashlib.sha256(b"".join(path.read_bytes() + b"\0" for path in sorted(folder.glob("*.[chl]*")))).digest()
        with tempfile.TemporaryDirectory() as scratch:
            elf = Path(scratch) / "app.elf"
            if key not in self._programs:
                build.build(folder, elf)
                self._programs[key] = elf.read_bytes()
            elf.write_bytes(self._programs[key])
            return build.pack(folder, elf, self.vendor.app, version)


def component(package: bytes) -> bytes:
    """The component id of a package that the test made itself."""
    return image.parse(package).component
