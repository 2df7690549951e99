"""Thermometer: an LSM6DSO on ISU2, read over I2C. CmdArgs[0] is the pause in milliseconds."""

from applibs import eventloop, i2c, log

SENSOR = 0x6A
WHO_AM_I, ME, CTRL1_XL, RUN_104_HZ, OUT_TEMP_L = 0x0F, 0x6C, 0x10, 0x40, 0x20
LATER = 1  # seconds before it is tried again


async def main(pause_ms: str = "100") -> None:
    with i2c.open(i2c.ISU2) as bus:
        bus.set_bus_speed(i2c.FAST)
        bus.set_timeout(100)
        while True:
            try:
                await measure(bus, int(pause_ms) / 1000)
            except OSError as error:
                log.debug("no LSM6DSO on ISU2: %s", error)
                await eventloop.sleep(LATER)


async def measure(bus: i2c.I2cMaster, pause: float) -> None:
    """For as long as the sensor answers. Raises OSError."""
    who = (await bus.write_then_read(SENSOR, bytes([WHO_AM_I]), 1))[0]
    if who != ME:
        raise OSError("another part says it is 0x{:02x}".format(who))
    await bus.write(SENSOR, bytes([CTRL1_XL, RUN_104_HZ]))
    log.debug("found an LSM6DSO")
    while True:
        low, high = await bus.write_then_read(SENSOR, bytes([OUT_TEMP_L]), 2)
        log.debug("%.2f degrees", 25 + ((high ^ 0x80) - 0x80 << 8 | low) / 256)
        await eventloop.sleep(pause)
