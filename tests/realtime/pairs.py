"""Apps of both kinds for tests of whole devices, written into folders as a person would have them."""

import json
import shutil

from armillary.boards.mt3620 import build

ECHO, TALKER = "1f0c6a10-7d1e-4d52-9a54-6b1d1c0f000b", "1f0c6a10-7d1e-4d52-9a54-6b1d1c0e0005"

HEAD = """#include "cortex.h"
#include "mailbox.h"
#include "rings.h"
#include "uart.h"
__attribute__((noreturn)) static inline void sleep_for_ever(void) { for (;;) { wait_for_interrupt(); } }
void irq_a7_software(void) { MBOX_SOFTWARE_STATUS = 0xFF; }
"""
ECHOES = """
static struct message message;
int main(void) {
    uart_open(DEBUG_UART);
    rings_open();
    for (;;) {
        while (rings_receive(&message) > 0) { %s; (void)rings_send(&message); }
        wait_for_interrupt();
    }
}
"""

ASKS = """
from applibs import application, eventloop, log

async def main():
    while True:
        try:
            with application.connect("{peer}") as connection:
                number = 0
                while True:
                    number += 1
                    connection.send(b"%d" % number)
                    log.debug("%s", (await connection.receive_some(3)).decode())
                    await eventloop.sleep(0.1)
        except OSError as error:
            log.debug("error %s", error)
            await eventloop.sleep(0.5)
"""


def _manifest(name, component, capabilities, kind, entry, **more):
    return json.dumps({
        "SchemaVersion": 1, "Name": name, "ComponentId": component, "EntryPoint": entry, "CmdArgs": [],
        "Capabilities": capabilities, "ApplicationType": kind, **more,
    })  # fmt: skip


class Author:
    """Writes apps into folders under `scratch`."""

    def __init__(self, scratch):
        self.scratch = scratch

    def program(self, main, component=ECHO, peers=(TALKER,), name="program", capabilities=None, **more):
        """The folder of a real-time app; `main` is its C, after HEAD."""
        folder = self._folder(name)
        granted = {"AllowedApplicationConnections": list(peers), **(capabilities or {})} if peers else capabilities or {}
        (folder / "app_manifest.json").write_text(_manifest(name, component, granted, "RealTimeCapable", "/bin/app", **more))
        (folder / "main.c").write_text(HEAD + main)
        for file in ("rings.c", "rings.h"):
            shutil.copy(build.RTAPPS / "intercore_echo" / file, folder)
        return folder

    def app(self, source, component=TALKER, peers=(ECHO,), name="talker", capabilities=None):
        """The folder of an app of the main core."""
        folder = self._folder(name)
        granted = {"AllowedApplicationConnections": list(peers), **(capabilities or {})} if peers else capabilities or {}
        (folder / "app_manifest.json").write_text(_manifest(name, component, granted, "Default", "/bin/app.py"))
        (folder / "bin").mkdir(exist_ok=True)
        (folder / "bin" / "app.py").write_text(source)
        return folder

    def asker(self, **more):
        """One that asks ECHO ten times a second and says each answer."""
        return self.app(ASKS.replace("{peer}", ECHO), **more)

    def echo(self, change="(void)0", **more):
        """One that answers, after having changed `message`."""
        return self.program(ECHOES % change, **more)

    def _folder(self, name):
        folder = self.scratch / name
        folder.mkdir(exist_ok=True)
        return folder
