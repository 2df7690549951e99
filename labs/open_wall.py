"""Lab 3: a real-time core without its wall. What does a hostile program gain?

The attacker's is a real-time app, in C (`hostile/main.c`): it runs on a Cortex-M4 with no system beneath it, and its
manifest gives it two rings to talk to one app, and no pin. It wants blink's pin, the main core's memory, the fuses,
and a kernel that reads what it should not.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from functools import partial
from pathlib import Path
from unittest.mock import patch

from bench import Bench, attempt

from armillary.boards import apps
from armillary.boards.keys import Vendor
from armillary.boards.mt3620 import build
from armillary.hal.sim.realtime.chip import Core
from armillary.hal.sim.realtime.guard import Guard
from armillary.wire.fault import Fault

HOSTILE = Path(__file__).parent / "hostile"
RINGS = build.RTAPPS / "intercore_echo"  # how a program talks is the same for honest ones
REFUSED = re.compile(r"(?:hostile was|app intercore:).*: (?P<reason>[^:]+) \[(?P<ring>\w+) rule (?P<rule>[\w.]+)\](?: \(decided by (?P<policy>.*?)(?:; Cap.*)?\);)?")
LED = 8
ATTACKS = {  # as the program calls them, in its order
    "pin": "drive blink's pin", "memory": "read the main core's memory beside its rings", "fuses": "read the fuses",
    "position": "give the kernel a position behind its ring's end",
}  # fmt: skip


def no_wall(guard: Guard, core: Core, page: object) -> None:
    """The flaw: what is shared stands on the core's bus with nobody before it."""
    core.machine.map_device(page.base, page.size, page, page.name)  # type: ignore[attr-defined]


def attack(has_wall: bool) -> None:
    """Let the program try everything, and see what became of each."""
    print("with the wall:" if has_wall else "without the wall:")
    with patch.object(Guard, "before", Guard.before if has_wall else no_wall):
        bench = Bench(more=packages)
        bench.rings.power_on()
        for name, words in ATTACKS.items():
            heard, began = len(bench.rings.uart()), bench.chip.clock.uptime_us()
            attempt(words, partial(await_attack, bench, name, heard))
            for line in consequences(bench.rings.uart()[heard:]):
                print("    " + line)
            if name in ("pin", "position"):
                print(f"    blink's LED changes {changes(bench, began)} times a second")
        bench.rings.power_off()


def packages(vendor: Vendor) -> list[bytes]:
    """The hostile program, built, and the app that it has rings with."""
    with tempfile.TemporaryDirectory() as place:
        folder = shutil.copytree(HOSTILE, Path(place) / "hostile")
        for file in ("rings.c", "rings.h"):
            shutil.copy(RINGS / file, folder)
        return [apps.pack_app(apps.SAMPLES / "intercore", vendor.app, version=1), build.build_package(folder, vendor.app, 1)]


def await_attack(bench: Bench, name: str, heard: int) -> None:
    """Wait until the program has tried `name` and everybody had time to notice. Raises what it was refused with."""
    bench.rings.run_until(lambda: re.search(rf"\[IO0\] {name} (went|was)", bench.rings.uart()[heard:]) is not None, 10)
    bench.rings.run(1.5 if name == "position" else 0.5)
    found = REFUSED.search(bench.rings.uart(), heard)
    if found:
        raise Fault(found["reason"], found["ring"], found["rule"], found["policy"] or "")


def consequences(said: str) -> list[str]:
    """What the kernel tells an operator, the program has found, and its app hears."""
    found = REFUSED.search(said)
    lines = ["decided by: " + found["policy"]] if found and found["policy"] else []
    lines += re.findall(r"\[IO0\] (of .*)", said)
    lines += ["the kernel: " + each for each in re.findall(r"the real-time app is not believed any more: [^:]*", said)[:1]]
    return lines + ["its app: " + each for each in re.findall(r"\[Errno 104\] (the .*)", said)]


def changes(bench: Bench, began: int) -> int:
    """How often the LED changed in the busiest second since then."""
    times = [at for at, pin, _ in bench.chip.gpio.history if pin == LED and at >= began]
    return max(sum(start <= at < start + 1_000_000 for at in times) for start in times)


if __name__ == "__main__":
    for wall in (True, False):
        attack(wall)
