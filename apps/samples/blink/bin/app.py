"""Blink: one LED, on and off. CmdArgs[0] is the half period in milliseconds."""

from applibs import eventloop, gpio, log

LED = 8


async def main(half_period_ms: str = "500") -> None:
    half_period = int(half_period_ms) / 1000
    log.debug("blink: pin %d every %s ms", LED, half_period_ms)
    with gpio.open_as_output(LED) as led:
        level = gpio.LOW
        while True:
            level = gpio.LOW if level else gpio.HIGH
            led.set_value(level)
            await eventloop.sleep(half_period)
