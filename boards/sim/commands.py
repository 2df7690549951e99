"""What the outside world can do to a boxed board: each method of `Commands` is one command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from armillary.hal.sim.wires import ISUS
from armillary.wire.fault import Invalid

from .supervisor import ON, Supervisor
from .visiting import serial

MOST_MICROVOLTS = 5_000_000


class Commands:
    """Arguments come from JSON as they are: what they reach checks them, and so does each method here."""

    def __init__(self, supervisor: Supervisor, keep: Callable[[list[str]], None] = lambda words: None):
        self._board = supervisor
        self._keep = keep

    def status(self) -> dict[str, Any]:
        """Power state, why it is so, uptime, latest resets, and the processes of the boxes."""
        board = self._board
        uptime = board.silicon.clock.uptime_us() if board.state == ON else 0
        return {
            "state": board.state, "why": board.why, "uptime_us": uptime, "resets": list(board.resets),
            "boxes": board.boxes.pids,
        }  # fmt: skip

    def power_on(self) -> None:
        """Press the power button of a board that is off."""
        self._board.power_on()

    def power_off(self) -> None:
        """Cut the power."""
        self._board.power_off()

    def fail_after(self, operations: int) -> None:
        """Cut the power in the n-th flash or fuse operation from now."""
        self._board.silicon.rail.fail_after(number(operations, 1))

    def operations(self) -> dict[str, Any]:
        """How many flash and fuse operations there were, and the latest."""
        rail = self._board.silicon.rail
        return {"count": rail.count, "latest": [list(entry) for entry in rail.log]}

    def uart(self, offset: int = 0) -> dict[str, Any]:
        """What the debug UART said, from `offset` on; `start` is larger if the oldest was let go."""
        start, said = self._board.uart.read(number(offset))
        return {"text": said.decode(errors="replace"), "start": start, "next": start + len(said)}

    def stages(self) -> dict[str, Any]:
        """The stages of the latest boot as [ring, fields], each told by the bus master whose it was to tell;
        and what others tried to tell: [master, line]."""
        uart = self._board.uart
        return {"stages": [list(entry) for entry in uart.stages], "forged": [list(entry) for entry in uart.forged]}

    def pins(self) -> dict[str, Any]:
        """Every pin: number, mode, owner, level."""
        silicon = self._board.silicon
        rows = []
        for pin in silicon.gpio.pins():
            owner = silicon.firewall.owner(pin)
            rows.append({"pin": pin, "mode": silicon.gpio.mode(pin), "owner": owner, "level": silicon.gpio.read(pin)})
        return {"pins": rows}

    def pin_history(self, pin: int | None = None) -> dict[str, Any]:
        """The latest level changes as [time_us, pin, level]."""
        changes = [list(entry) for entry in self._board.silicon.gpio.history if pin is None or entry[1] == pin]
        return {"changes": changes}

    def drive(self, pin: int, level: int | None) -> None:
        """Drive a pin from outside, or let it go with null."""
        self._board.silicon.gpio.drive(number(pin), None if level is None else number(level, 0, 1))

    def wire(self, word: str) -> dict[str, Any]:
        """Wire something to the board, as in isu2:0x6a=lsm6ds3; it is there at the next start as well. `end` is where."""
        end = self._board.fittings.wire(word)
        self._keep(self._board.fittings.words())
        return {"end": end}

    def unwire(self, end: str) -> None:
        """Take off what was wired to an end, as in isu2:0x6a, gpio12, adc0 or isu0."""
        self._board.fittings.unwire(end)
        self._keep(self._board.fittings.words())

    def wires(self) -> dict[str, Any]:
        """What is wired to the board."""
        return {"wires": self._board.fittings.words()}

    def analog(self, channel: int, microvolts: int) -> None:
        """Apply a voltage to an analog input."""
        self._board.silicon.wires.analog.set(number(channel), number(microvolts, 0, MOST_MICROVOLTS))

    def serial(self, unit: int, data: str = "", is_taken: bool = False) -> dict[str, Any]:
        """Send `data` (hexadecimal) to the UART of an ISU; `taken` says how many bytes its buffer took. With `is_taken`
        what it said since the last time is taken away: `said`."""
        line = serial(self._board, unit)
        taken = line.inject(bytes.fromhex(data)) if data else 0
        return {"taken": taken, "said": line.take().hex() if is_taken else ""}

    def i2c_log(self, unit: int) -> dict[str, Any]:
        """The latest transfers on the I2C bus of an ISU, and the addresses at which parts are."""
        bus = self._board.silicon.wires.i2c[number(unit, 0, ISUS - 1)]
        return {"log": bus.log, "taken": [address for address, _ in bus.devices()]}

    def flash_read(self, offset: int, length: int) -> dict[str, Any]:
        """Bytes of flash, in hexadecimal, read with a probe at the chip's pins."""
        return {"data": self._board.silicon.flash.probe(number(offset), number(length)).hex()}

    def flash_flip(self, offset: int, bit: int) -> None:
        """Flip one bit of flash."""
        self._board.silicon.flash.flip_bit(number(offset), number(bit, 0, 7))

    def hosts(self, table: dict[str, str]) -> None:
        """Add to the network's name table: "name:port" to "address:port"."""
        for (host, port), (ip, real_port) in parse_hosts(table).items():
            self._board.network.name(host, port, ip, real_port)

    def denials(self) -> dict[str, Any]:
        """What the bus firewall refused: [master, call, why]."""
        return {"denials": [list(entry) for entry in self._board.silicon.denials]}


TABLE = tuple([name for name in vars(Commands) if not name.startswith("_")])


def number(value: Any, least: int = 0, most: int = 1 << 32) -> int:
    """`value`, if it is a whole number in these bounds. Raises Invalid."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Invalid(f"{str(value)[:32]!r} is not a whole number from {least} to {most}")
    return value


def parse_hosts(table: dict[str, str]) -> dict[tuple[str, int], tuple[str, int]]:
    """A name table from its text form. Raises ValueError naming the entry that is wrong."""
    if not isinstance(table, dict):
        raise ValueError("a name table is an object")
    parsed = {}
    for name, address in table.items():
        try:
            host, _, port = name.rpartition(":")
            real, _, real_port = address.rpartition(":")
            parsed[(host, int(port))] = (real, int(real_port))
        except (ValueError, AttributeError):
            raise ValueError(f"host entry {name!r}: {address!r} is not 'name:port': 'address:port'") from None
    return parsed
