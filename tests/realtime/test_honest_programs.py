"""Programs that keep to their manifests meet no firewall: behind it they do what they do alone."""

import pathlib

import pytest

from armillary.boards.mt3620 import build
from armillary.boards.sim import facts
from armillary.hal.port import CoresPort, PinOwnershipPort
from armillary.hal.sim.realtime.chip import Chip
from armillary.hal.sim.realtime.life import Life
from armillary.hal.sim.realtime.time import SECOND
from armillary.hal.sim.silicon import Silicon
from armillary.wire import blocks, manifest
from tests.realtime.packages import load_of, pack

STYLES = sorted(pathlib.Path(__file__).parent.glob("styles/*.c"))
EVERYTHING = bytes(sorted(blocks.FIRST[kind] + number for kind in blocks.KINDS for number in range(blocks.COUNTS[kind])))
FLAGS = {"layers_mailbox": ["-DME=0"]}  # one of two programs that talk to each other
NOBODYS = {"layers_pins": ["CA7 GPIO.IES_RESET"]}  # pins that this board does not lead out, so nobody can own them


def behind_the_firewall(elf, pins, granted, seconds):
    """(what it said, the state of its core, what was refused) of a program that has these pins and blocks."""
    silicon, said = Silicon(facts, seed=1), bytearray()
    silicon.realtime.said = lambda core, byte: said.append(byte)
    owners, cores = PinOwnershipPort(silicon.port("monitor")), CoresPort(silicon.port("monitor"))
    for pin in pins:
        owners.assign(pin, 2)
    for pin in set(facts.PINS) - set(pins):
        owners.assign(pin, 1)
    cores.grant(3, granted)
    cores.start(3, load_of(pack(elf)))
    silicon.realtime.run(int(seconds * 1_000_000))
    state, _, count, _ = cores.status(3)
    return bytes(said), state, [cores.denial(3, index)[4] for index in range(count)]


def alone(elf, seconds):
    """The same of a program that has the chip for itself."""
    chip, said = Chip(cores=2), bytearray()
    chip.cores[0].uart.sent = said.append
    life = Life(chip.cores[0])
    life.start(pack(elf))
    while (stop := chip.run(int(seconds * SECOND))) is not None:
        life.stopped(stop.reason)
    life.look()
    return bytes(said), life.state


@pytest.mark.parametrize("name", build.names())
def test_what_a_program_claims_is_what_it_needs(built, name):
    text = (build.RTAPPS / name / "app_manifest.json").read_bytes()
    found = manifest.parse(text)
    elf = built(name)
    said, state, refused = behind_the_firewall(elf, [pin for pin, _ in found.pins()], blocks.of(found), 0.3)
    assert not refused
    assert (said, state) == alone(elf, 0.3)


@pytest.mark.parametrize("source", STYLES, ids=lambda path: path.stem)
def test_no_vendors_way_to_a_register_is_shut_where_everything_was_granted(tmp_path, source):
    build.build_files([source], tmp_path / "app.elf", FLAGS.get(source.stem, []))
    elf = (tmp_path / "app.elf").read_bytes()
    said, state, refused = behind_the_firewall(elf, facts.PINS, EVERYTHING, 0.2)
    assert refused == NOBODYS.get(source.stem, [])
    assert refused or (said, state) == alone(elf, 0.2)
