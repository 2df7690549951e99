"""What a machine remembers and tells of a run: registers, accesses to devices, functions entered, the latest fault."""

from __future__ import annotations

from typing import NamedTuple

REGISTERS = {  # by the number that the machine's C knows each by
    **{"r" + str(number): number for number in range(13)},
    "sp": 13, "lr": 14, "pc": 15, "xpsr": 16, "msp": 17, "psp": 18, "primask": 19, "basepri": 20, "faultmask": 21,
    "control": 22, "fpscr": 23, **{"s" + str(number): 24 + number for number in range(32)},
}  # fmt: skip
NAMES = [*(f"r{number}" for number in range(13)), "sp", "lr", "pc"]


class Access(NamedTuple):
    """An access to a device: when (ticks), by the instruction at `pc`, where, what, how many bytes.

    The same read at once again is not another access but one of its `repeats`.
    """

    time: int
    pc: int
    address: int
    value: int
    size: int
    is_write: bool
    repeats: int = 0


class Call(NamedTuple):
    """A function was entered at `address`: when (ticks), after the block previous..previous_end.

    `exception` is the number of the exception whose handler runs, 0 in thread mode.
    """

    time: int
    address: int
    previous: int
    previous_end: int
    lr: int
    sp: int
    exception: int
    control: int


class TakenFault(NamedTuple):
    """A fault that was taken: exception number, status bits (as in CFSR), address of its frame, r4 to r11 then."""

    time: int
    number: int
    status: int
    frame: int
    exc_return: int
    registers: tuple[int, ...]
