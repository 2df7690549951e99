"""What stands around the kernel in these scripts: a monitor that answers as the real one does, apps as coroutines, time."""

import hashlib

from armillary.apps.runtime.app import App
from armillary.monitor import abi
from armillary.wire import asxipfs, image
from armillary.wire.call import Gate
from armillary.wire.fault import NotFound


def build(body, image_type, component, name):
    """A package that nobody signed: the double does not look."""
    identity = hashlib.sha256(body).digest()[:16]
    return image.build(body, image_type, component, identity, name, 0, bytes(20), lambda digest: digest + digest, 1)


def certificates():
    """A certificate store without roots."""
    return build(asxipfs.pack([("certs/none.txt", b"", False)]), image.UPDATE_CERT_STORE, b"c" * 16, "certificates")


class Monitor:
    """The monitor: images, mutable files, events that are kept, random numbers, and a key for each component."""

    def __init__(self, packages):
        self.packages = {image.parse(one).component: one for one in packages}
        self.packages[b"k" * 16] = build(b"kernel", image.KERNEL, b"k" * 16, "kernel")
        self.files, self.events = {}, []
        self.parts = b""
        self.held = []
        self.count = self.done = 0

    def listing(self, index):
        names = sorted(self.packages)
        if index >= len(names):
            raise NotFound("no image")
        data = self.packages[names[index]]
        parsed = image.parse(data)
        return len(names), names[index], parsed.image, parsed.image_type, 2, 1, len(data), 0

    def open(self, component):
        if component not in self.packages:
            raise NotFound("no image")
        self.held.append(self.packages[component])
        return len(self.held), len(self.held[-1]), 1, 0

    def read_file(self, component, offset, length):
        if component not in self.files:
            raise NotFound("no file")
        return len(self.files[component]), self.files[component][offset : offset + length]

    def write_file(self, component, data, last):
        self.parts += data
        if last:
            self.files[component], self.parts = self.parts, b""

    def record(self, data, last):
        self.parts += data
        if not last:
            return 0
        self.events.append(self.parts)
        self.parts = b""
        return len(self.events)

    def event(self, after, offset):
        after = max(after, self.done)
        if after >= len(self.events):
            return 0, 0, b""
        data = self.events[after]
        return after + 1, len(data), data[offset : offset + 3900]

    def forget(self, number):
        self.done = number

    def random(self, length):
        out = b""
        while len(out) < length:
            self.count += 1
            out += hashlib.sha256(b"random %d" % self.count).digest()
        return out[:length]

    def calls(self):
        return {
            abi.LIST_IMAGES: self.listing,
            abi.OPEN_IMAGE: self.open,
            abi.READ_IMAGE: lambda handle, offset, length: self.held[handle - 1][offset : offset + length],
            abi.CLOSE_IMAGE: lambda handle: None,
            abi.STORAGE_READ: self.read_file,
            abi.STORAGE_WRITE: self.write_file,
            abi.DERIVE_KEY: lambda component, generation: hashlib.sha256(component).digest(),
            abi.READ_RNG: self.random,
            abi.GET_CAPABILITIES: lambda: b"",
            abi.GET_ROLLBACK_INFO: lambda: (0, 0, ""),
            abi.CONFIRM_BOOT: lambda: None,
            abi.CONFIRM_APPLICATION: lambda component: print("confirmed", component.hex()[:8]),
            abi.PERIPHERAL_ACQUIRE: lambda kind, index: None,
            abi.PERIPHERAL_RELEASE: lambda kind, index: None,
            abi.TEND_WATCHDOG: lambda: None,
            abi.WRITE_LOG: lambda data: None,
            abi.RECORD_TELEMETRY: self.record,
            abi.GET_TELEMETRY: self.event,
            abi.RESET_TELEMETRY: self.forget,
        }

    def gate(self):
        return Gate("monitor", "kernel", self.calls())


class Task:
    """An app as a coroutine."""

    def __init__(self, load, gate):
        length = load[0] | load[1] << 8 | load[2] << 16
        self.app, self.gate = App(load[8 + length :], gate), gate
        self.next, self.is_ready, self.code = None, True, None

    def turn(self):
        """Run until the app waits or ends. Whether it ran."""
        has_run = self.is_ready and self.code is None
        while self.is_ready and self.code is None:
            request = self.app.resume(self.next)
            if request is None:
                self.code = self.app.exit_code
                break
            self.next = self.gate(request)
            self.is_ready = self.next is not None
        return has_run

    def status(self):
        return (1, 0, 0) if self.code is None else (2, self.code, 0)

    def end(self):
        self.app.close()
        self.code = self.code or 0


class Tasks:
    """hal.interface.Tasks."""

    def __init__(self):
        self.tasks = []

    def start(self, name, code, memory_kib, cpu_ms, gate):
        self.tasks.append(Task(code, gate))
        return self.tasks[-1]

    def reply(self, task, reply):
        task.next, task.is_ready = reply, True


def run(kernel, clock, turns, seconds):
    """Let time pass; `turns()` lets apps and others run, and says whether any did."""
    end = clock.uptime_us() + int(seconds * 1_000_000)
    while True:
        due = kernel.step()
        if turns():
            continue
        now = clock.uptime_us()
        if now >= end:
            return
        clock.advance_us(max(0, min(end if due is None else due, end) - now))
