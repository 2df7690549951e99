"""Claims: what the signed manifest of a real-time app claims for its core, and how two cores are divided.

Nothing here has an effect. A claim is read from a package that was authenticated, and from nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire import blocks, guid, image, manifest
from ..wire.asxipfs import FileSystem
from ..wire.fault import Busy, Full

if TYPE_CHECKING:
    from ..wire.fault import Fault
    from .verify import Verified

CORES = 2  # IO0 and IO1


class Claim:
    """The pins and blocks of one app, all of which it gets or none. `core` is None if any core will do.

    `pins` are (pin, what claims it), in order of pin; `blocks` are numbers of `wire.blocks`, in order.
    """

    def __init__(
        self, component: bytes, name: str, pins: tuple[tuple[int, str], ...], blocks: bytes,
        core: int | None = None, is_connected: bool = False,
    ) -> None:  # fmt: skip
        self.component = component
        self.name = name
        self.pins = pins
        self.blocks = blocks
        self.core = core
        self.is_connected = is_connected  # whether it names anybody to talk to
        self.is_new = False  # whether no image of its component has proved itself

    def numbers(self) -> tuple[int, ...]:
        """The pins alone."""
        return tuple([pin for pin, _ in self.pins])

    def words(self) -> str:
        """What it claims, for a person."""
        names = [claim for _, claim in self.pins if claim.startswith("Gpio ")]
        names.extend([blocks.name(number) for number in self.blocks])
        return ", ".join(names) or "no pin and no block"


def read(verified: Verified) -> Claim | None:
    """The claim of the app in an authenticated package; None if it is not a real-time app.

    Raises Invalid if it is not an app's package, or manifest and package do not agree.
    """
    if verified.package.image_type != image.APPLICATIONS:
        return None
    found = manifest.load(FileSystem(verified.package.body))
    if found.application_type != manifest.REAL_TIME:
        return None
    manifest.check_package(found, verified.package)
    pins = tuple(sorted(found.pins()))
    is_connected = bool(found.allowed_application_connections)
    return Claim(found.component, found.name, pins, blocks.of(found), found.real_time_core, is_connected)


def collision(new: Claim, old: Claim) -> Busy | None:
    """Why both cannot be had: the first pin or block that both claim. None if they go together."""
    theirs = old.numbers()
    for pin, what in new.pins:
        if pin in theirs:
            return _busy(new, old, what, "pin " + str(pin))
    for number in new.blocks:
        if number in old.blocks:
            return _busy(new, old, blocks.name(number), "the block")
    return None


def divide(claims: list[Claim]) -> tuple[dict[int, Claim], dict[bytes, Fault]]:
    """(core: its claim, component: why it got no core). Who was there first goes first, then by component id.

    A core that some manifest names is kept for those that do.
    """
    placed: dict[int, Claim] = {}
    refused: dict[bytes, Fault] = {}
    named = frozenset([claim.core for claim in claims if claim.core is not None])
    for claim in sorted(claims, key=lambda claim: (claim.is_new, claim.component)):
        wrong = _wrong(claim, placed, named)
        if wrong is not None:
            refused[claim.component] = wrong
        else:
            placed[_free(claim, placed, named)[0]] = claim
    return placed, refused


def _wrong(claim: Claim, placed: dict[int, Claim], named: frozenset[int]) -> Fault | None:
    for core in sorted(placed):
        found = collision(claim, placed[core])
        if found is not None:
            return found
    return None if _free(claim, placed, named) else no_core(claim, placed)


def _free(claim: Claim, placed: dict[int, Claim], named: frozenset[int]) -> list[int]:
    if claim.core is not None:
        return [core for core in (claim.core,) if core not in placed]
    return [core for core in range(CORES) if core not in placed and core not in named]


def no_core(claim: Claim, placed: dict[int, Claim]) -> Full:
    """The refusal of an app for which no core is left, which says who has them."""
    wanted = "RealTimeCore = " + str(claim.core) if claim.core is not None else "no RealTimeCore in the manifest"
    holders = ["IO" + str(core) + " " + placed[core].name for core in sorted(placed)]
    return Full(
        "no real-time core is left for " + claim.name, "monitor", "realtime.core",
        wanted + "; " + (", ".join(holders) or "the other is kept for an app that names it"),
        "remove another real-time app, or name the other core",
    )  # fmt: skip


def _busy(new: Claim, old: Claim, what: str, kind: str) -> Busy:
    whose = old.name + " (" + guid.to_text(old.component) + ")"
    return Busy(
        new.name + " claims " + what + ": " + kind + " is " + whose + "'s", "monitor", "realtime.claim",
        "Capabilities of " + new.name + ": " + new.words(), "leave it out of one of the two manifests",
    )  # fmt: skip
