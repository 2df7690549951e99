"""The kernel and two apps on the models of the hardware: pins, storage, refusals, crashes, an update.

The monitor's place is taken by a double that answers as it does, so that a slow interpreter can
follow; tests/kernel has the real one.
"""

import hashlib
import json

from doubles.kernel import Monitor, Tasks, build, certificates, run

from armillary.hal.sim.clock import VirtualClock
from armillary.hal.sim.gpio import GpioBank
from armillary.hal.sim.masters import Masters
from armillary.hal.sim.network import LinkedNetwork
from armillary.hal.sim.uart import Uart
from armillary.hal.sim.wires import Wires
from armillary.kernel.core import Kernel
from armillary.kernel.hardware import Hardware
from armillary.monitor.port import MonitorPort
from armillary.wire import asxipfs, guid, image

BLINK = """
from applibs import eventloop, gpio, log

async def main(period):
    with gpio.open_as_output(8) as led:
        for level in (1, 0, 1):
            led.set_value(level)
            await eventloop.sleep(float(period))
    log.debug("blinked")
    while True:
        await eventloop.sleep(1000)
"""
PROBE = """
from applibs import application, eventloop, gpio, log, networking, storage

async def main():
    for what, action in (("pin", lambda: gpio.open_as_output(9)), ("path", lambda: storage.open_file_in_image_package("../x"))):
        try:
            action()
        except OSError as error:
            log.debug("%s %d", what, error.errno)
    with storage.open_mutable_file() as file:
        count = int(file.read() or b"0") + 1
        file.seek(0)
        file.write(str(count).encode())
    log.debug("run %d, %d random bytes", count, len(application.random(1500)))
    stream = await networking.connect("echo.example", 7)
    await stream.send_all(b"there and back")
    log.debug("%s", (await stream.receive_some()).decode())
    stream.close()
    loop, ticks = eventloop.EventLoop(), []

    def tick():
        ticks.append(round(eventloop.now() * 10) % 10)
        if len(ticks) == 3:
            loop.stop()

    loop.add_timer(0.1, tick)
    log.debug("%s %d", await loop.run(5), len(ticks))
    raise ValueError("as planned")
"""

BUSES = """
from applibs import adc, eventloop, i2c, log, spi, uart

async def main():
    begun = eventloop.now()
    with i2c.open(i2c.ISU0) as bus:
        bus.set_bus_speed(i2c.FAST)
        log.debug("%s", (await bus.write_then_read(0x6A, bytes((0x0F,)), 1)).hex())
        try:
            await bus.write(0x6B, b"x")
        except OSError as error:
            log.debug("%d %s", error.errno, error.args[1])
    with spi.open(spi.ISU1, spi.CHIP_SELECT_A) as bus:
        parts = await bus.transfer_sequential([bytes((0x8F,)), 1, 3])
        log.debug("%s", [part.hex() for part in parts])
        log.debug("%d", len(await bus.write_then_read(bytes(5000), 4500)))
    log.debug("%d us", round((eventloop.now() - begun) * 1_000_000))
    with uart.open(uart.ISU3, 9600) as line:
        line.write(b"hello")
        log.debug("%s", await line.read_some(1))
    with adc.open() as converter:
        log.debug("%d", converter.poll(1))
    try:
        uart.open(uart.ISU0)
    except OSError as error:
        log.debug("%d", error.errno)
    await eventloop.sleep(1000)
"""


def package(name, source, capabilities, arguments=()):
    component = hashlib.sha256(name.encode()).digest()[:16]
    manifest = {
        "SchemaVersion": 1, "Name": name, "ComponentId": guid.to_text(component), "EntryPoint": "/bin/app.py",
        "CmdArgs": list(arguments), "Capabilities": capabilities, "ApplicationType": "Default",
    }  # fmt: skip
    files = [("app_manifest.json", json.dumps(manifest).encode(), False), ("bin/app.py", source.encode(), True)]
    return build(asxipfs.pack(files), image.APPLICATIONS, component, name)


class Counter:
    """A part on I2C and SPI that sends the last byte it got, and one more each time."""

    def __init__(self):
        self.value = 0

    def start(self, is_read):
        return True

    def write(self, byte):
        self.value = byte
        return True

    def read(self):
        self.value = self.value + 1 & 0xFF
        return self.value

    def stop(self):
        pass

    def select(self):
        self.value = 0

    def exchange(self, byte):
        return self.read()

    def deselect(self):
        pass


class Echo:
    def __init__(self):
        self.out, self.is_closed = b"", False

    def feed(self, data):
        self.out += data
        self.is_closed = not data

    def take(self):
        data, self.out = self.out, b""
        return data


def turns():
    return bool([1 for task in list(tasks.tasks) if task.turn()])


double = Monitor([
    package("blink", BLINK, {"Gpio": [8]}, ("0.25",)),
    package("buses", BUSES, {"I2cMaster": ["ISU0"], "SpiMaster": ["ISU1"], "Uart": ["ISU3"], "Adc": ["ADC-CONTROLLER-0"]}),
    package("probe", PROBE, {"Gpio": [8], "MutableStorage": {"SizeKB": 1}, "AllowedConnections": ["echo.example"]}),
])  # fmt: skip
clock, uart, tasks = VirtualClock(), Uart(), Tasks()
pins = GpioBank((8, 9) + tuple(range(26, 71)), clock)
wires = Wires()
wires.i2c[0].attach(0x6A, Counter())
wires.spi[1].attach(0, Counter())
wires.serial[3].sink = lambda data: wires.serial[3].inject(b"you said " + data)
wires.analog.set(1, 1_250_000)
hardware = Hardware(clock, uart, pins, LinkedNetwork({("echo.example", 7): Echo}), tasks, {"service_host": "service.example"},
                    buses=Masters(wires, clock), uarts=tuple(wires.serial))  # fmt: skip
kernel = Kernel(hardware, MonitorPort(double.gate()), [b"", b"the runtime", certificates()])
kernel.boot()
run(kernel, clock, turns, 6)
print(list(pins.history))
print(sorted([(app[0], app[3], app[4]) for app in kernel.list_apps()]))
for event in kernel.journal.events:
    detail = event["detail"]
    print(event["kind"], event["component"], detail.get("rule"), detail.get("reason"), detail.get("count"))
print(b"run" in b"".join([double.files[one] for one in sorted(double.files)]), len(double.files))
kernel.applications.stop(image.parse(package("blink", BLINK, {"Gpio": [8]}, ("0.25",))).component)
run(kernel, clock, turns, 1)
print(sorted([(app[0], app[3]) for app in kernel.list_apps()]))
print("kept", len(double.events), [len(one) > 100 for one in double.events])
print(uart.take().decode())
