"""States and records of a run: restored before it, saved after it; what went in and came out written down, or done again."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING

from armillary.hal.sim.realtime import replay, savefile, snapshot
from armillary.hal.sim.realtime.record import MOST_END, MOST_RECORD, Entry, Recorder
from armillary.hal.sim.state import BadState

from .base import Problem
from .files import create_text, write_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .rt_run import Run


class Keeper:
    """Keeps what is to be kept of `running`, which runs the ELF file `data`."""

    def __init__(self, running: Run, data: bytes) -> None:
        self._running = running
        self._note = hashlib.sha256(data).digest() + bytes([running.core.number])

    def restore(self, path: Path) -> None:
        """Go on from the state in `path`. Raises Problem."""
        try:
            if path.stat().st_size > savefile.MOST_FILE:
                raise BadState(f"more than {savefile.MOST_FILE} bytes", savefile.MOST_FILE)
            data = path.read_bytes()
            if snapshot.note_of(data) != self._note:
                raise Problem(f"{path} is the state of another program, or of the other core")
            self._running.chip.restore(data)
        except BadState as bad:
            raise Problem(f"{path} is not a state that could be restored: {bad}", "save it again with --save") from None

    @contextlib.contextmanager
    def tape(self, record: Path | None, again: Path | None) -> Iterator[None]:
        """While the run lasts, write a record, or do what one says and compare. Raises Problem."""
        with contextlib.ExitStack() as stack:
            if record is not None:
                recorder = Recorder(self._running.chip, stack.enter_context(create_text(record, "ascii")).write)
                stack.callback(recorder.finish)
            if again is None:
                yield
                return
            try:
                replayer = replay.Replayer(self._running.chip, self._read(again))
            except replay.Diverged as diverged:
                raise Problem(f"{again}: {diverged}") from None
            yield
            self._end(replayer)

    def _read(self, path: Path) -> list[Entry]:
        most = MOST_RECORD + MOST_END
        if path.stat().st_size > most:
            raise Problem(f"{path} has more than {most} bytes: it is no record")
        try:
            return replay.parse(path.read_text(encoding="ascii"))
        except (replay.BadRecord, UnicodeDecodeError) as bad:
            raise Problem(f"{path} is no record of a run: {bad}") from None

    def _end(self, replayer: replay.Replayer) -> None:
        if not self._running.divergence:
            try:
                replayer.finish()
            except replay.Diverged as diverged:
                self._running.diverge(str(diverged))

    def save(self, path: Path) -> None:
        """Write the state to `path`. Raises Problem."""
        try:
            write_file(path, self._running.chip.save(self._note))
        except ValueError as problem:
            raise Problem(f"the state cannot be saved: {problem}") from None
