"""Intercore: asks the real-time app intercore_echo, again and again. CmdArgs[0] is the pause in milliseconds."""

from applibs import application, eventloop, log

ECHO = "1f0c6a10-7d1e-4d52-9a54-6b1d1c0f000b"
LATER = 1  # seconds before it is tried again


async def main(pause_ms: str = "100") -> None:
    while True:
        try:
            with application.connect(ECHO) as connection:
                await talk(connection, int(pause_ms) / 1000)
        except OSError as error:
            log.debug("no answer: %s", error)
            await eventloop.sleep(LATER)


async def talk(connection: application.Connection, pause: float) -> None:
    """For as long as the real-time app is there. Raises OSError."""
    number = 0
    while True:
        number += 1
        began = eventloop.now()
        connection.send("question {}".format(number).encode())
        answer = await connection.receive_some(5)
        log.debug("answer to %s after %d us", answer.decode(), round((eventloop.now() - began) * 1_000_000))
        await eventloop.sleep(pause)
