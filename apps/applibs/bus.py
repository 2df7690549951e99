"""What the peripherals have in common: a handle that is open until it is closed."""

from __future__ import annotations

from .errors import EINVAL, ask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ISU0, ISU1, ISU2, ISU3, ISU4 = 0, 1, 2, 3, 4  # serial units, as I2CMaster_Open and SPIMaster_Open number them
MOST = 4000  # bytes of one transfer of the kernel's


def check(is_right: bool, what: str, value: int) -> None:
    """Raises OSError (EINVAL) saying `what`, with `value` in it, unless it is right."""
    if not is_right:
        raise OSError(EINVAL, what.format(value))


class Opened:
    """An open peripheral; `handle` is for the event loop."""

    def __init__(self, handle: int) -> None:
        self.handle = handle

    def close(self) -> None:
        """Give it back. Closing twice does nothing."""
        handle, self.handle = self.handle, 0
        if handle:
            ask(lambda kernel: kernel.close(handle))

    def __enter__(self) -> Any:  # Any: MicroPython has no Self
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
