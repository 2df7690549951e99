"""Handoff: what one stage of Pluton gives the next, in memory that nobody else can reach.

It carries the device seed and the compound device identifier, so it is a secret. It never leaves
Pluton's core, is never printed, and only a stage that was verified receives it.
"""

from __future__ import annotations

from ..wire.call import Layout
from ..wire.fault import Invalid
from ..wire.stage import Stage, pack_stages, unpack_stages

FORMAT = 2
RECORD = Layout(
    "format:u8 lifecycle:u8=1..3 seed:b32 identifier:b32 root_public:b64 root_lms:bytes<=56 "
    "root_hash:b32 early:bytes<=64 keys:bytes<=6144 stages:bytes<=4096"
)
EARLY = Layout("fuse_row:u8 component:b16")


class Handoff:
    """`root_lms` is the LMS key beside the root key, empty if there is none; `keys` is the body of the trusted key store (empty from ROM); `early` is (fuse row, component)
    of each stage whose lowest version is in a fuse row; `stages` those measured so far."""

    def __init__(
        self,
        lifecycle: int,
        seed: bytes,
        identifier: bytes,
        root_public: bytes,
        root_lms: bytes,
        root_hash: bytes,
        early: list[tuple[int, bytes]],
        keys: bytes,
        stages: list[Stage],
    ) -> None:
        self.lifecycle = lifecycle
        self.seed = seed
        self.identifier = identifier
        self.root_public = root_public
        self.root_lms = root_lms
        self.root_hash = root_hash
        self.early = early
        self.keys = keys
        self.stages = stages

    def pack(self) -> bytes:
        """The bytes of it."""
        early = b"".join([EARLY.pack(item) for item in self.early])
        return RECORD.pack(
            (FORMAT, self.lifecycle, self.seed, self.identifier, self.root_public, self.root_lms, self.root_hash,
             early, self.keys, pack_stages(self.stages))
        )  # fmt: skip


def unpack(data: bytes) -> Handoff:
    """The handoff in `data`. Raises Invalid."""
    form, lifecycle, seed, identifier, root_public, root_lms, root_hash, early, keys, stages = RECORD.unpack(data)
    if form != FORMAT or len(early) % EARLY.size:
        raise Invalid("a handoff of another format")
    items = [EARLY.unpack(early[at : at + EARLY.size]) for at in range(0, len(early), EARLY.size)]
    return Handoff(lifecycle, seed, identifier, root_public, root_lms, root_hash, items, keys, unpack_stages(stages))
