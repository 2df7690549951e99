"""Crash: works for a while, then fails. CmdArgs[0] is the while in milliseconds."""

from applibs import eventloop, log


def fail() -> float:
    readings: dict[str, float] = {}
    return readings["temperature"]


async def main(work_ms: str = "2000") -> None:
    log.debug("crash: %s ms to go", work_ms)
    await eventloop.sleep(int(work_ms) / 1000)
    fail()
