"""Cloud: posts a reading to a server that knows this device by its certificate.

CmdArgs: the host (it must be in AllowedConnections) and the seconds between readings.
"""

import json

from applibs import application, eventloop, log, networking

PORT = 443


def request(host: str, reading: dict[str, float]) -> bytes:
    body = json.dumps(reading).encode()
    head = "POST /readings HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n"
    return head.format(host, len(body)).encode() + body


async def post(host: str, reading: dict[str, float]) -> str:
    """The first line of the server's answer."""
    stream = await networking.connect_tls(host, PORT, device_auth=True)
    try:
        await stream.send_all(request(host, reading))
        answer = b""
        while b"\r\n" not in answer and len(answer) < 1000:
            part = await stream.receive_some()
            if not part:
                break
            answer += part
        return answer.split(b"\r\n")[0].decode()
    finally:
        stream.close()


async def main(host: str, period_s: str) -> None:
    while not application.is_device_auth_ready():
        await eventloop.sleep(1)
    number = 0
    while True:
        number += 1
        try:
            log.debug("cloud: %s", await post(host, {"reading": number, "uptime": eventloop.now()}))
        except OSError as error:
            log.debug("cloud: not sent: %s", error)
        await eventloop.sleep(int(period_s))
