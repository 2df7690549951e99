"""One boot stage: what was verified, with which key, what was measured, from which copy.

Stages are handed from ROM to loader to runtime as bytes, and printed as one line each on the debug
UART, where a host reads the boot timeline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .call import Layout
from .fault import Invalid

if TYPE_CHECKING:
    from collections.abc import Sequence

RECORD = Layout("image_type:u32 digest:b32 version:u32 signer:b32 replica:u8<=1 started_us:u64 ended_us:u64 name:text<=32")


class Stage:
    """A verified and measured image. `digest` is SHA-256 of the package less its signature;
    `signer` is SHA-256 of the public key that signed it; times are microseconds since power-on."""

    def __init__(
        self,
        image_type: int,
        digest: bytes,
        version: int,
        signer: bytes,
        replica: int,
        started_us: int,
        ended_us: int,
        name: str,
    ) -> None:
        self.image_type = image_type
        self.digest = digest
        self.version = version
        self.signer = signer
        self.replica = replica
        self.started_us = started_us
        self.ended_us = ended_us
        self.name = name

    def values(self) -> tuple[int, bytes, int, bytes, int, int, int, str]:
        """What `RECORD` packs."""
        return (
            self.image_type, self.digest, self.version, self.signer, self.replica,
            self.started_us, self.ended_us, self.name,
        )  # fmt: skip

    def line(self, ring: str) -> str:
        """The line for the debug UART. The name is the image maker's: it cannot add a field or a line."""
        return "[{}] stage={} type={} version={} copy={} sha256={} key={} from={} to={}\n".format(
            ring, _word(self.name), self.image_type, self.version, ("primary", "backup")[self.replica],
            self.digest.hex(), self.signer.hex(), self.started_us, self.ended_us,
        )  # fmt: skip


def pack_stages(stages: Sequence[Stage]) -> bytes:
    """Handoff bytes: each record with its length before it."""
    out = bytearray()
    for stage in stages:
        body = RECORD.pack(stage.values())
        out.extend(bytes((len(body),)))
        out.extend(body)
    return bytes(out)


def unpack_stages(data: bytes) -> list[Stage]:
    """The stages in handoff bytes. Raises Invalid."""
    stages: list[Stage] = []
    at = 0
    while at < len(data):
        end = at + 1 + data[at]
        if end > len(data):
            raise Invalid("a stage cut short at offset " + str(at))
        stages.append(Stage(*RECORD.unpack(data[at + 1 : end])))
        at = end
    return stages


def parse_line(line: str) -> tuple[str, dict[str, str]] | None:
    """(ring, dictionary of the fields) of a stage line, or None if it is another line."""
    if not line.startswith("[") or "] stage=" not in line:
        return None
    ring, _, rest = line[1:].partition("] ")
    fields: dict[str, str] = {}
    for part in rest.split():
        key, _, value = part.partition("=")
        fields[key] = value
    return ring, fields


def _word(name: str) -> str:
    """`name` as one word of printable ASCII: anything else becomes `_`."""
    return "".join([letter if "!" <= letter <= "~" else "_" for letter in name]) or "_"
