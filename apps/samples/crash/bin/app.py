"""Crash: works for two seconds, then fails."""

from applibs import eventloop, log


def fail():
    readings = {}
    return readings["temperature"]


async def main():
    log.debug("crash: two seconds to go")
    await eventloop.sleep(2)
    fail()
