"""Windows: several blocks in one page of addresses, as an ISU holds its pins and its four engines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .registers import Block, Log


STEP = 0x100  # blocks begin at multiples of it


class Window(NamedTuple):
    """A block and the offset at which it begins; it ends where the next begins."""

    start: int
    block: Block


class Windows:
    """Hands every access to the block whose window it falls into. Satisfies `hal.cortexm.machine.Device`."""

    def __init__(self, name: str, base: int, size: int, windows: Sequence[tuple[int, Block]], log: Log) -> None:
        self.name, self.base, self.size, self.log = name, base, size, log
        self.windows = [Window(start, block) for start, block in sorted(windows, key=lambda window: window[0])]
        assert not any(start % STEP for start, _ in self.windows)
        self._steps = [self._window(step * STEP) for step in range(-(-size // STEP))]

    def find(self, offset: int) -> tuple[Block, int]:
        """The block at `offset`, and the offset inside it."""
        start, block = self._steps[offset // STEP]
        return block, offset - start

    def _window(self, offset: int) -> Window:
        found = [window for window in self.windows if window.start <= offset]
        return found[-1] if found else Window(0, self.windows[0].block)

    def read(self, offset: int, size: int) -> int:
        """Read from the block there."""
        block, inside = self.find(offset)
        return block.read(inside, size)

    def write(self, offset: int, size: int, value: int) -> None:
        """Write to the block there."""
        block, inside = self.find(offset)
        block.write(inside, size, value)

    def quiet_until(self, offset: int) -> int | None:
        """As the block there says."""
        block, inside = self.find(offset)
        return block.quiet_until(inside)

    def settled_until(self, offset: int, value: int) -> int | None:
        """As the block there says."""
        block, inside = self.find(offset)
        return block.settled_until(inside, value)

    def name_of(self, offset: int) -> str:
        """The register in words."""
        block, inside = self.find(offset)
        return block.name_of(inside)

    def reset(self) -> None:
        """Reset every block."""
        for _, block in self.windows:
            block.reset()

    def save(self) -> dict[str, Any]:
        """The state of every block, by its name."""
        return {block.name: block.save() for _, block in self.windows}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from what `save` gave."""
        for _, block in self.windows:
            block.restore(state[block.name])
