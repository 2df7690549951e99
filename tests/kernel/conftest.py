"""A whole linked device: real chip, Pluton and monitor, the kernel on top, apps as coroutines or in our hands."""

from __future__ import annotations

import datetime
import json
import random
import ssl
import types

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from armillary import native
from armillary.apps.runtime.app import App
from armillary.hal import port as bus
from armillary.hal.sim.network import LinkedNetwork
from armillary.hal.sim.power import ChipReset
from armillary.hal.sim.silicon import Silicon
from armillary.kernel.core import Kernel
from armillary.kernel.hardware import Hardware
from armillary.kernel.port import KernelPort
from armillary.monitor import factory
from armillary.monitor.core import Monitor
from armillary.monitor.hardware import Hardware as MonitorHardware
from armillary.monitor.port import MonitorPort
from armillary.pluton import abi as pluton_abi
from armillary.pluton import bootheader, fusemap, loader, manufacture, rom
from armillary.pluton.core import Pluton
from armillary.pluton.hardware import Hardware as PlutonHardware
from armillary.pluton.port import PlutonPort
from armillary.service import folder as folders
from armillary.service.core import Service
from armillary.service.http import Head, Request
from armillary.service.peer import TlsPeer
from armillary.service.routes import make_door
from armillary.service.tls import server_context
from armillary.wire import asxipfs, guid, image, keystore

SERVICE = "service.armillary.test"
NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)  # when the virtual clock begins

FACTS = types.SimpleNamespace(
    FLASH_SIZE=0x20_0000, FLASH_SECTOR=4096, FLASH_PAGE=256, FUSE_ROWS=64, FUSE_ROW_BYTES=32,
    PINS=(4, 5, 6, 7, 8, 9, 10, 11),
    FLASH_LAYOUT={
        7: (0x0_0000, 0x2000), 8: (0x0_2000, 0x2000), 9: (0x0_4000, 0x2000), 10: (0x0_6000, 0x2000),
        0x3000: (0x0_8000, 0x8000), 5: (0x1_0000, 0x4000), 15: (0x1_4000, 0x1000), 6: (0x4_0000, 0x8_0000),
        1: (0xC_0000, 0x4_0000), 2: (0x10_0000, 0x4_0000), 4: (0x14_0000, 0xC_0000),
    },
)  # fmt: skip


class Key:
    """A signing key made from its name."""

    def __init__(self, name):
        self.private = native.sha256(b"kernel test key " + name.encode())
        self.public = native.p256_public(self.private)
        self.thumbprint = native.sha256(self.public)[:20]

    def sign(self, digest):
        return native.p256_sign(self.private, digest)


class Authority:
    """A certificate authority, for servers that a test stands up."""

    def __init__(self, name="test root"):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._build(self.name, self.key.public_key(), True, []).sign(self.key, hashes.SHA256())

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, host, key=None, purpose=ExtendedKeyUsageOID.SERVER_AUTH):
        """(certificate PEM, key PEM) of a server or a client."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        names = [x509.SubjectAlternativeName([x509.DNSName(host)]), x509.ExtendedKeyUsage([purpose])]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        leaf = self._build(subject, key.public_key(), False, names).sign(self.key, hashes.SHA256())
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return leaf.public_bytes(serialization.Encoding.PEM), private

    def _build(self, subject, public, is_authority, extensions):
        usage = x509.KeyUsage(not is_authority, False, False, False, False, is_authority, False, False, False)
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - datetime.timedelta(days=1)).not_valid_after(NOW + datetime.timedelta(days=3650))
            .add_extension(x509.BasicConstraints(is_authority, None), True).add_extension(usage, True)
        )  # fmt: skip
        for extension in extensions:
            builder = builder.add_extension(extension, False)
        return builder


def manifest_of(name="probe", component=None, capabilities=None, arguments=(), entry="/bin/app.py"):
    """The JSON of an app manifest."""
    component = component or native.sha256(name.encode())[:16]
    return json.dumps({
        "SchemaVersion": 1, "Name": name, "ComponentId": guid.to_text(component), "EntryPoint": entry,
        "CmdArgs": list(arguments), "Capabilities": capabilities or {}, "ApplicationType": "Default",
    }).encode()  # fmt: skip


class Maker:
    """Who makes devices and apps."""

    def __init__(self):
        self.root, self.os, self.app = Key("root"), Key("os"), Key("app")
        self.development, self.stranger = Key("development"), Key("stranger")
        self.authority = Authority()

    def sign(self, body, image_type, component, version=1, key=None, name="test"):
        key = key or (self.app if image_type == image.APPLICATIONS else self.os)
        identity = native.sha256(body + bytes((image_type, version)) + key.public)[:16]
        return image.build(body, image_type, component, identity, name, 0, key.thumbprint, key.sign, version)

    def app_package(self, name="probe", source="async def main():\n    pass\n", capabilities=None, arguments=(),
                    version=1, key=None, files=()):  # fmt: skip
        """A signed app; its component is made from its name."""
        component = native.sha256(name.encode())[:16]
        tree = [("app_manifest.json", manifest_of(name, component, capabilities, arguments), False),
                ("bin/app.py", source.encode(), True), *files]  # fmt: skip
        return self.sign(asxipfs.pack(tree), image.APPLICATIONS, component, version, key, name)

    def certificate_store(self, roots=None):
        body = asxipfs.pack([("certs/root.pem", roots or self.authority.pem, False)])
        return self.sign(body, image.UPDATE_CERT_STORE, bytes((22,)) * 16)

    def os_images(self, roots=None):
        roles = ((self.os, pluton_abi.ROLE_OS), (self.app, pluton_abi.ROLE_APPLICATION),
                 (self.development, pluton_abi.ROLE_DEVELOPMENT))  # fmt: skip
        store = keystore.pack([keystore.Key(one.public, one.thumbprint, role) for one, role in roles])
        found = [self.sign(store, image.TRUSTED_KEYSTORE, bytes((19,)) * 16, key=self.root)]
        for kind in (image.PLUTON_RUNTIME, image.SECURITY_MONITOR, image.KERNEL, image.ROOT_FS):
            found.append(self.sign(b"os image %d" % kind * 20, kind, bytes((kind,)) * 16))
        return found + [self.certificate_store(roots)]

    def loader(self):
        return self.sign(b"first loader" * 20, image.ONE_BL, bytes((1,)) * 16, key=self.root)


def component_of(name):
    return native.sha256(name.encode())[:16]


class Held:
    """A task that the test itself plays: `port` makes its system calls."""

    def __init__(self, name, load, gate):
        self.name, self.load, self.gate = name, load, gate
        self.port = KernelPort(gate)
        self.state, self.code, self.signal = 1, 0, 0
        self.replies = []

    def status(self):
        return self.state, self.code, self.signal

    def end(self):
        self.state = 2

    def die(self, code=0, signal=0):
        """What a process that ends looks like to the kernel."""
        self.state, self.code, self.signal = 2, code, signal


class HeldTasks:
    """hal.interface.Tasks for tests that act as the app. `tasks` has every task ever started."""

    def __init__(self):
        self.tasks = []

    def start(self, name, code, memory_kib, cpu_ms, gate):
        self.tasks.append(Held(name, code, gate))
        return self.tasks[-1]

    def reply(self, task, reply):
        task.replies.append(reply)

    def turn(self):
        return False


class Linked(Held):
    """A task that runs an app's coroutine."""

    def __init__(self, name, load, gate):
        super().__init__(name, load, gate)
        length = int.from_bytes(load[:4], "little")
        self.app = App(load[8 + length :], gate)
        self.ready, self.reply = True, None

    def turn(self):
        """Run until the app waits or ends. Whether it ran at all."""
        ran = self.ready and self.state == 1
        while self.ready and self.state == 1:
            request = self.app.resume(self.reply)
            if request is None:
                self.state, self.code = 2, self.app.exit_code
                break
            self.reply = self.gate(request)
            self.ready = self.reply is not None
        return ran

    def end(self):
        self.app.close()
        super().end()


class LinkedTasks(HeldTasks):
    """hal.interface.Tasks with the runtime of linked mode."""

    def start(self, name, code, memory_kib, cpu_ms, gate):
        self.tasks.append(Linked(name, code, gate))
        return self.tasks[-1]

    def reply(self, task, reply):
        task.reply, task.ready = reply, True

    def turn(self):
        return any([task.turn() for task in self.tasks])


class Device:
    """One device, booted up to the kernel. `tasks` says who plays the apps."""

    def __init__(self, maker, seed=1):
        self.maker = maker
        self.network = LinkedNetwork({})
        self.chip = Silicon(FACTS, seed=seed, network=self.network)
        self.device_id = b""
        self.config = {}
        self.tasks = None
        self.resets = []
        self.log_text = ""
        self.observe = None

    @property
    def clock(self):
        return self.chip.clock

    def pluton_hardware(self):
        port, chip = self.chip.port("pluton"), self.chip
        return PlutonHardware(bus.FlashPort(port), bus.FusesPort(port), bus.EntropyPort(port), chip.clock,
                              bus.UartPort(port), bus.ChipPort(port), bus.CoresPort(port), FACTS.FLASH_LAYOUT)  # fmt: skip

    def make(self, apps=(), roots=None, lifecycle=None):
        self.device_id = manufacture.manufacture(self.pluton_hardware(), self.maker.root.public, b"test")
        for step in range(pluton_abi.MODULE_COMPLETE, (lifecycle or 0) + 1):
            fusemap.set_lifecycle(self.chip.fuses, step)
        self.provision(apps, roots)
        return self

    def provision(self, apps=(), roots=None):
        boot = bootheader.build(self.maker.root.public, self.maker.loader())
        factory.provision(self.chip.flash, FACTS.FLASH_LAYOUT, boot, [*self.maker.os_images(roots), *apps])

    def boot(self, tasks=None):
        """Power on and boot the whole chain; returns the kernel."""
        self.chip.power_on()
        return self.boot_powered(tasks)

    def boot_powered(self, tasks=None):
        """Boot a chip that has power: what a planned cut is to strike."""
        self.tasks = tasks or HeldTasks()
        self.chip.watchdog.reset()
        _, handoff = rom.boot(self.pluton_hardware())
        _, handoff = loader.boot(self.pluton_hardware(), handoff)
        self.pluton = Pluton(self.pluton_hardware(), handoff)
        self.pluton.boot_monitor()
        port = self.chip.port("monitor")
        hardware = MonitorHardware(
            bus.FlashPort(port), self.clock, bus.UartPort(port), bus.WatchdogPort(port), bus.PinOwnershipPort(port),
            bus.ChipPort(port), bus.CoresPort(port), FACTS.FLASH_LAYOUT, tuple(FACTS.PINS),
        )  # fmt: skip
        self.monitor = Monitor(hardware, PlutonPort(self.pluton.gate("monitor")))
        self.monitor.boot()
        self.smc = MonitorPort(self.monitor.gate("kernel"))
        port = self.chip.port("kernel")
        hardware = Hardware(self.clock, bus.UartPort(port), bus.GpioPort(port), bus.NetworkPort(port), self.tasks, self.config)
        self.kernel = Kernel(hardware, self.smc, split(self.chip.started[-1][1]), self.observe)
        self.kernel.boot()
        return self.kernel

    def run(self, seconds, step_limit=100_000):
        """Let virtual time pass: apps, kernel, and then the clock to the next wake-up."""
        end = self.clock.uptime_us() + int(seconds * 1_000_000)
        for _ in range(step_limit):
            self.tasks.turn()
            due = self.kernel.step()
            if self.tasks.turn():
                continue
            now = self.clock.uptime_us()
            if now >= end:
                return
            self.clock.advance_us(min(end if due is None else due, end) - now)
            self.chip.watchdog.poll(self.clock.uptime_us())
        raise AssertionError("too many steps")

    def app(self, name="probe"):
        """The newest task with this name."""
        return [task for task in self.tasks.tasks if task.name == name][-1]

    def process(self, name="probe"):
        return self.kernel.applications.processes[component_of(name)]

    def log(self):
        """Everything the debug UART has said."""
        self.log_text += self.chip.uarts[0].take().decode()
        return self.log_text

    def events(self, kind):
        return [event for event in self.kernel.journal.events if event["kind"] == kind]

    def stage(self, package):
        handle = self.smc.open_for_staging(len(package))
        for at in range(0, len(package), 4000):
            self.smc.write_block(handle, at, package[at : at + 4000])
        return self.smc.commit_staging(handle)

    def install(self, package):
        """Install a package and have the kernel run it."""
        component, _, _ = self.stage(package)
        self.smc.install_staged()
        self.kernel.applications.replace(component)


def split(load):
    """The packages of a load."""
    packages, at = [], 0
    while at < len(load):
        end = at + 4 + int.from_bytes(load[at : at + 4], "little")
        packages.append(load[at + 4 : end])
        at = end
    return packages


class TlsServer:
    """A peer of the linked network: TLS by OpenSSL, then `answer(plaintext, certificate) -> bytes or None`."""

    def __init__(self, context, answer):
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._answer, self._is_open = answer, False
        self.received = b""
        self.is_closed = False

    def feed(self, data):
        if self.is_closed:
            return
        if data:
            self._in.write(data)
        else:
            self._in.write_eof()
        try:
            self._advance()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            self.is_closed = True

    def take(self):
        return self._out.read()

    def _advance(self):
        if not self._is_open:
            self._tls.do_handshake()
            self._is_open = True
        while True:
            data = self._tls.read(65536)
            if not data:
                self.is_closed = True
                return
            self.received += data
            reply = self._answer(self.received, self._tls.getpeercert(True))
            if reply is not None:
                self.received = b""
                self._tls.write(reply)
                try:
                    self._tls.unwrap()
                except ssl.SSLError:
                    pass
                self.is_closed = True
                return


class Cloud:
    """The real service, reached through the linked network; its clock is the device's."""

    def __init__(self, path, maker):
        self.maker = maker
        self.device = None
        source = random.Random(7)
        self.token = folders.init(path, (), int(NOW.timestamp()), source.randbytes)
        self.service = Service.open(path, self._now, source.randbytes)
        self.root = (path / "root.pem").read_bytes()
        self.door = make_door(self.service)
        self._context = server_context(self.service.keys, False)
        self.requests = []
        self.tamper = lambda target, response: response  # a service that lies
        self.catalog = self.ok("POST", "/v1/catalogs", {"name": "first"})["id"]
        product = self.ok("POST", "/v1/products", {"name": "product", "catalog": self.catalog})["id"]
        group = {"name": "field", "product": product, "development": True}
        self.group = self.ok("POST", "/v1/groups", group)["id"]
        key = {"public": maker.app.public.hex(), "thumbprint": maker.app.thumbprint.hex(), "catalog": self.catalog}
        self.ok("POST", "/v1/keys", key)

    def _now(self):
        return int(NOW.timestamp()) if self.device is None else self.device.clock.unix_ms() // 1000

    def ok(self, method, path, body=None):
        head = {"authorization": "Bearer " + self.token}
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        if body is not None:
            head["content-type"] = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        response = self.door.handle(Request(Head(method, path, head, None), data))
        assert response.status < 300, response.body
        return json.loads(response.body) if response.body else {}

    def connect(self, device, tenants=()):
        """Name the service in the device's network, register what it runs, claim it."""
        self.device = device
        device.network.name(SERVICE, 443, self.peer)
        parts = [self.maker.loader(), *self.maker.os_images(self.root)]
        release = [{"type": image.parse(part).image_type, "sha256": native.sha256(part[:-64]).hex(), "version": 1}
                   for part in parts]  # fmt: skip
        self.ok("POST", "/v1/releases", {"name": "one", "components": release})
        self.claim()
        for tenant in tenants:
            self.ok("POST", "/v1/tenants", {"tenant": tenant, "catalog": self.catalog})
        return self

    def claim(self):
        self.ok("POST", "/v1/devices", {"device": self.device.device_id.hex(), "group": self.group})

    def peer(self):
        return TlsPeer(self, self._context)

    def admit(self, head):
        self.requests.append(head.method + " " + head.target)
        return self.door.admit(head)

    def answer(self, admission, body):
        return self.tamper(admission.head.target, self.door.answer(admission, body))

    def count(self, start):
        """How many requests began with `start`."""
        return len([one for one in self.requests if one.startswith(start)])

    def deploy(self, *packages):
        for package in packages:
            self.ok("POST", "/v1/images?catalog=" + self.catalog, package)
        images = [guid.to_text(image.parse(package).image) for package in packages]
        self.ok("POST", "/v1/deployments", {"group": self.group, "images": images})

    def poll(self):
        """Have the device ask for updates now."""
        self.device.kernel.update.now.set()
        self.device.run(1)

    def reports(self, kind):
        return self.ok("GET", "/v1/reports?kind=" + kind)["reports"]

    def verdicts(self):
        return self.ok("GET", "/v1/verdicts")["verdicts"]


@pytest.fixture
def cloud(tmp_path, maker):
    made = Cloud(tmp_path / "service", maker)
    yield made
    made.service.close()


@pytest.fixture
def new_connected(cloud, new_device):
    """Like new_device, for a device that the service knows and can be reached by."""

    def make(apps=(), tasks=None, tenants=(), before=lambda: None, **more):
        device = new_device(apps, roots=cloud.root, boot=False, **more)
        cloud.connect(device, tenants)
        before()
        device.boot(tasks)
        return device

    return make


@pytest.fixture(scope="session")
def maker():
    return Maker()


@pytest.fixture(scope="session")
def _blank(maker):
    """A manufactured chip's flash and fuses, without images; and the same with lifecycle complete."""
    found = {}
    for lifecycle in (0, pluton_abi.DEVICE_COMPLETE):
        device = Device(maker).make(lifecycle=lifecycle)
        found[lifecycle] = (device.chip.snapshot(), device.device_id)
    return found


@pytest.fixture
def new_device(maker, _blank):
    """new_device(apps, roots=None, config=None, lifecycle=0, tasks=None, boot=True): a device, booted."""

    made = []

    def make(apps=(), roots=None, config=None, lifecycle=0, tasks=None, boot=True, observe=None):
        device = Device(maker)
        made.append(device)
        saved, device.device_id = _blank[lifecycle]
        device.chip.restore(saved)
        device.chip.power_on()
        device.provision(apps, roots)
        device.config = config or {}
        device.observe = observe
        if boot:
            device.boot(tasks)
        return device

    yield make
    for device in made:
        for task in device.tasks.tasks if device.tasks else ():
            task.end()


@pytest.fixture
def kit():
    """What tests make things with."""
    return types.SimpleNamespace(
        Authority=Authority, Device=Device, Held=Held, HeldTasks=HeldTasks, LinkedTasks=LinkedTasks,
        TlsServer=TlsServer, component_of=component_of, manifest_of=manifest_of, split=split, SERVICE=SERVICE,
        FACTS=FACTS, NOW=NOW, ChipReset=ChipReset, KernelPort=KernelPort,
    )  # fmt: skip
