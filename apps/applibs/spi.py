"""SPI: parts behind the select lines of a serial unit (Applibs `spi.h`). Needs the unit in Capabilities.SpiMaster.

    with spi.open(spi.ISU1, spi.CHIP_SELECT_A) as bus:
        bus.set_bus_speed(2_000_000)
        (who,) = await bus.write_then_read(b"\\x8f", 1)

A transfer takes the time it takes on the wires, and other apps run meanwhile: that is why it is awaited.
"""

from __future__ import annotations

from .bus import ISU0, ISU1, ISU2, ISU3, ISU4, MOST, Opened, check
from .errors import ask
from .eventloop import next_event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

CHIP_SELECT_A, CHIP_SELECT_B = -1, -2  # MT3620_SPI_CS_A and _B
ACTIVE_LOW, ACTIVE_HIGH = 1, 2  # SPI_ChipSelectPolarity
MODE_0, MODE_1, MODE_2, MODE_3 = 1, 2, 3, 4  # SPI_Mode
LSB_FIRST, MSB_FIRST = 1, 2  # SPI_BitOrder
MOST_TRANSFERS = 256  # of one sequence


class SpiMaster(Opened):
    """An open master with one select line: 4 MHz, mode 0, most significant bit first, until the app sets others."""

    def set_bus_speed(self, hz: int) -> None:
        """20 kHz to 40 MHz (SPIMaster_SetBusSpeed). Raises OSError (EINVAL, EBADF)."""
        check(0 < hz < 1 << 32, "a bus speed of {} Hz", hz)
        ask(lambda kernel: kernel.spi_configure(self.handle, hz, 0, 0))

    def set_mode(self, mode: int) -> None:
        """MODE_0 to MODE_3 (SPIMaster_SetMode). Raises OSError (EINVAL, EBADF)."""
        check(MODE_0 <= mode <= MODE_3, "no SPI mode {}", mode)
        ask(lambda kernel: kernel.spi_configure(self.handle, 0, mode, 0))

    def set_bit_order(self, order: int) -> None:
        """LSB_FIRST or MSB_FIRST (SPIMaster_SetBitOrder). Raises OSError (EINVAL, EBADF)."""
        check(LSB_FIRST <= order <= MSB_FIRST, "no bit order {}", order)
        ask(lambda kernel: kernel.spi_configure(self.handle, 0, 0, order))

    async def write_then_read(self, data: bytes, length: int) -> bytes:
        """Write, then read `length` bytes, in one selection (SPIMaster_WriteThenRead). Raises OSError (EBUSY, EBADF)."""
        return (await self.transfer_sequential([data, length]))[0]

    async def transfer_sequential(self, transfers: Sequence[bytes | int]) -> list[bytes]:
        """Bytes are written, and for a number so many are read, all in one selection (SPIMaster_TransferSequential).

        At most 256. Returns what was read for each number. Raises OSError (EINVAL, EBUSY, EBADF).
        """
        check(0 < len(transfers) <= MOST_TRANSFERS, "{} transfers: 1 to 256", len(transfers))
        pieces = [piece for at, transfer in enumerate(transfers) for piece in _pieces(at, transfer)]
        parts: list[list[bytes]] = [[] for _ in transfers]
        for at, (number, length, data) in enumerate(pieces):
            parts[number].append(await self._piece(at == len(pieces) - 1, length, data))
        return [b"".join(parts[at]) for at, transfer in enumerate(transfers) if isinstance(transfer, int)]

    async def _piece(self, is_last: bool, length: int, data: bytes) -> bytes:
        ask(lambda kernel: kernel.spi_begin(self.handle, int(is_last), length, data))
        await next_event([self])
        return ask(lambda kernel: kernel.spi_result(self.handle))


def open(unit: int, chip_select: int, polarity: int = ACTIVE_LOW) -> SpiMaster:
    """Take the master of a serial unit, ISU0 to ISU4, with one select line (SPIMaster_Open).

    Raises OSError (EACCES, EBUSY, ENODEV, EINVAL).
    """
    check(ISU0 <= unit <= ISU4, "no serial unit {}", unit)
    check(chip_select in (CHIP_SELECT_A, CHIP_SELECT_B), "no chip select {}", chip_select)
    check(polarity in (ACTIVE_LOW, ACTIVE_HIGH), "no polarity {}", polarity)
    return SpiMaster(ask(lambda kernel: kernel.spi_open(unit, -1 - chip_select, polarity)))


def _pieces(at: int, transfer: bytes | int) -> list[tuple[int, int, bytes]]:
    """(number of the transfer, bytes to read, bytes to write), each as large as one call of the kernel's takes."""
    length = transfer if isinstance(transfer, int) else len(transfer)
    check(length >= 0, "{} bytes to read", length)
    found = []
    for start in range(0, length or 1, MOST):
        size = min(MOST, length - start)
        found.append((at, size, b"") if isinstance(transfer, int) else (at, 0, bytes(transfer[start : start + size])))
    return found


__all__ = [
    "ACTIVE_HIGH", "ACTIVE_LOW", "CHIP_SELECT_A", "CHIP_SELECT_B", "ISU0", "ISU1", "ISU2", "ISU3", "ISU4", "LSB_FIRST",
    "MODE_0", "MODE_1", "MODE_2", "MODE_3", "MSB_FIRST", "SpiMaster", "open",
]  # fmt: skip
