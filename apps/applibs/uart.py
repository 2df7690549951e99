"""UART: the serial line of a serial unit (Applibs `uart.h`). Needs the unit in Capabilities.Uart.

    with uart.open(uart.ISU0, baud_rate=9600) as line:
        line.write(b"$PMTK000*32\\r\\n")
        answer = await line.read_some(timeout=2)
"""

from __future__ import annotations

from .bus import MOST, Opened, check
from .errors import ETIMEDOUT, ask
from .eventloop import TIMEOUT, next_event

ISU0, ISU1, ISU2, ISU3, ISU4 = 4, 5, 6, 7, 8  # UART_Id
PARITY_NONE, PARITY_EVEN, PARITY_ODD = 0, 1, 2  # UART_Parity
FLOW_NONE, FLOW_RTS_CTS, FLOW_XON_XOFF = 0, 1, 2  # UART_FlowControl


class Uart(Opened):
    """An open line; `handle` is for the event loop, which tells READABLE."""

    def write(self, data: bytes) -> int:
        """Send; how many bytes were taken, at most 4000. Raises OSError (EBADF)."""
        return ask(lambda kernel: kernel.uart_write(self.handle, bytes(data[:MOST])))

    def read(self, length: int = MOST) -> bytes:
        """What has arrived, at most `length` (1 to 4000) bytes; empty if nothing. Raises OSError (EINVAL, EBADF)."""
        return ask(lambda kernel: kernel.uart_read(self.handle, length))

    async def read_some(self, timeout: float = 30) -> bytes:
        """What arrives next. Raises OSError (ETIMEDOUT, EBADF)."""
        while True:
            data = self.read()
            if data:
                return data
            if (await next_event([self], timeout)).kind == TIMEOUT:
                raise OSError(ETIMEDOUT, "nothing came for {} s".format(timeout))


def open(
    unit: int, baud_rate: int = 115_200, data_bits: int = 8, parity: int = PARITY_NONE, stop_bits: int = 1,
    flow_control: int = FLOW_NONE,
) -> Uart:  # fmt: skip
    """Take the line of a serial unit, ISU0 to ISU4 (UART_Open). Raises OSError (EACCES, EBUSY, ENODEV, EINVAL)."""
    check(ISU0 <= unit <= ISU4, "no UART {}: they are ISU0 (4) to ISU4 (8)", unit)
    settings = (baud_rate, data_bits, parity, stop_bits, flow_control)
    return Uart(ask(lambda kernel: kernel.uart_open(unit - ISU0, *settings)))
