"""Measurements: the list of stages that booted, and the identifier they amount to.

A stage can be added until the list is closed, never taken away or changed; only a reset begins anew.
"""

from __future__ import annotations

from ..wire.fault import Full, OutOfOrder
from ..wire.stage import Stage
from . import keys

MOST = 20


class Measurements:
    """At most 20 stages. `identifier` is the compound device identifier of what runs now."""

    def __init__(self, identifier: bytes, stages: list[Stage]) -> None:
        self.stages = list(stages)
        self.is_closed = False
        self._identifier = identifier

    def add(self, stage: Stage) -> None:
        """Measure `stage`. Raises OutOfOrder once the list is closed, Full at 20."""
        if self.is_closed:
            raise OutOfOrder("the measurement list is closed", "pluton", "measure.closed", "closed after boot", "reset the chip")
        if len(self.stages) >= MOST:
            raise Full("the measurement list holds " + str(MOST), "pluton", "measure.most", "", "measure fewer stages")
        self._identifier = keys.next_identifier(self._identifier, of(stage))
        self.stages.append(stage)

    def close(self) -> None:
        """Boot is done. Raises OutOfOrder the second time."""
        if self.is_closed:
            raise OutOfOrder("the measurement list is closed already", "pluton", "measure.closed", "", "reset the chip")
        self.is_closed = True

    def selected(self, mask: int) -> bytes | None:
        """The measurements whose bit is set in `mask`, in order; None if one of them is not there."""
        if mask >> len(self.stages):
            return None
        chosen = [of(stage) for at, stage in enumerate(self.stages) if mask >> at & 1]
        return b"".join(chosen)

    def identifier(self) -> bytes:
        """The compound device identifier. Raises OutOfOrder while boot goes on."""
        if not self.is_closed:
            raise OutOfOrder("boot is not done", "pluton", "measure.open", "", "close the measurements first")
        return self._identifier


def of(stage: Stage) -> bytes:
    """The measurement (32 bytes) of a stage."""
    return keys.measurement(stage.image_type, stage.digest, stage.version, stage.signer)
