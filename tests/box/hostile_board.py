"""A supervisor as the product's, with tools of attack preloaded in every box: `hostile_board.py FOLDER MODE [NAME=VALUE ...]`.

MODE is "confined"; "open": no confinement; "waiting": rings wait for callers that take no replies. Only
this script can leave a defence out; nothing of the product can.
"""

import os
import sys
from pathlib import Path

from armillary.boards.sim import boxes, run
from armillary.hal.sim.box.zygote import Zygote

TOOLS = ("ctypes", "mmap", "socket")


class OpenZygote(Zygote):
    """Its boxes are not confined."""

    def spawn(self, box, order, descriptors):
        super().spawn(box, {**order, "confine": False}, descriptors)


if __name__ == "__main__":
    os.environ["ATTACK_MACHINE"] = os.uname().machine
    os.environ["ATTACK_VICTIM"] = str(os.getpid())
    os.environ["ATTACK_FOLDER"] = sys.argv[1]
    os.environ.update(item.split("=", 1) for item in sys.argv[3:])
    if sys.argv[2] == "waiting":
        boxes.served_pair = boxes.channel_pair
    kind = OpenZygote if sys.argv[2] == "open" else Zygote
    run.run(Path(sys.argv[1]), lambda: kind(TOOLS))
