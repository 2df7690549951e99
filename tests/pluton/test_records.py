"""Pluton's records: power cuts, replays, exhaustion."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from armillary import native
from armillary.hal.sim.flash import Flash
from armillary.hal.sim.fuses import Fuses
from armillary.hal.sim.power import PowerLost, PowerRail
from armillary.pluton import bits, core, fusemap
from armillary.pluton.storage import COPIES, SIZE, SLOTS, Storage
from armillary.wire.fault import Failed, Full, Rollback

KEY = b"k" * 32
A, B = b"a" * 16, b"b" * 16


class Device:
    """Flash and fuses of a device, and its storage opened anew after each reset."""

    def __init__(self, seed=1):
        self.rail = PowerRail(seed)
        self.flash = Flash(4 * 4096 + 8192, 4096, 256, self.rail)
        self.fuses = Fuses(rail=self.rail)

    def open(self, key=KEY):
        self.rail.power_on()
        return Storage(self.flash, self.fuses, (4096, 4 * 4096), key)

    def save(self):
        return self.flash.snapshot(), self.fuses.snapshot()

    def load(self, saved):
        self.rail.power_on()
        self.flash.restore(saved[0])
        self.fuses.restore(saved[1])


@pytest.fixture
def device():
    return Device()


def test_a_new_device_has_no_counters(device):
    storage = device.open()
    assert storage.counter(A) == 0 and storage.client == 0


def test_what_is_written_is_there_after_a_reset(device):
    storage = device.open()
    storage.advance(A, 3)
    storage.advance(B, 7)
    storage.use_client(1)
    storage = device.open()
    assert (storage.counter(A), storage.counter(B), storage.client) == (3, 7, 1)


def test_a_counter_never_goes_back(device):
    storage = device.open()
    storage.advance(A, 3)
    count = device.rail.count
    storage.advance(A, 3)
    with pytest.raises(Rollback, match="3"):
        storage.advance(A, 2)
    assert device.rail.count == count and storage.counter(A) == 3


def test_no_more_components_than_there_is_room_for(device):
    storage = device.open()
    for number in range(96):
        storage.advance(bytes((number,)) * 16, 1)
    with pytest.raises(Full):
        storage.advance(b"\xff" * 16, 1)
    storage.advance(bytes(16), 2)
    assert device.open().counter(bytes(16)) == 2


def test_a_damaged_copy_is_made_up_for_by_the_other(device):
    storage = device.open()
    for place in range(SLOTS * COPIES):
        storage.advance(A, storage.counter(A) + 1)
        device.flash.flip_bit(4096 + (storage._slot * COPIES + place % 2) * 4096 + 20, 1)
        assert device.open().counter(A) == storage.counter(A)


def test_flash_put_back_is_refused(device):
    storage = device.open()
    storage.advance(A, 1)
    old, _ = device.save()
    storage.advance(A, 2)
    device.flash.restore(old)
    with pytest.raises(Failed, match="put back"):
        device.open()


def test_any_mixture_of_older_records_is_refused(device):
    storage, records = device.open(), []
    for version in range(1, 5):
        storage.advance(A, version)
        records.append([device.flash.read(4096 + place * 4096, 4096) for place in range(4)])
    for first in range(3):
        for second in range(3):
            for place in range(4):
                source = records[first] if place < 2 else records[second]
                device.flash.erase(4096 + place * 4096)
                device.flash.program(4096 + place * 4096, source[place])
            with pytest.raises(Failed):
                device.open()


def test_without_the_fuses_a_replay_would_pass(device, monkeypatch):
    """The flaw: take whatever authentic record flash holds."""
    storage = device.open()
    storage.advance(A, 1)
    old, _ = device.save()
    storage.advance(A, 2)
    device.flash.restore(old)
    monkeypatch.setattr(fusemap, "read_finished", lambda fuses, begun: 1)
    assert device.open().counter(A) == 1


def test_storage_of_another_device_is_refused(device):
    device.open().advance(A, 1)
    with pytest.raises(Failed):
        device.open(b"j" * 32)


def test_erased_storage_is_refused_once_there_was_a_record(device):
    device.open().advance(A, 1)
    for place in range(4):
        device.flash.erase(4096 + place * 4096)
    with pytest.raises(Failed):
        device.open()


@pytest.mark.parametrize("offset", range(0, SIZE, 61))
def test_a_record_with_one_bit_changed_is_not_taken(device, offset):
    device.open().advance(A, 1)
    for place in range(4):
        device.flash.flip_bit(4096 + place * 4096 + offset, offset % 8)
    with pytest.raises(Failed):
        device.open()


def test_when_the_fuses_are_used_up_updates_are_refused_and_the_device_goes_on(device):
    for row in range(16):
        full = bits.first(255 if row == 15 else 256, 32)
        device.fuses.blow(fusemap.BEGUN + row, full)
    storage = device.open()
    storage.advance(A, 1)
    assert fusemap.read_begun(device.fuses) == fusemap.MOST_UPDATES
    with pytest.raises(Full):
        storage.advance(A, 2)
    with pytest.raises(Full):
        storage.use_client(1)
    assert device.open().counter(A) == 1


def test_flash_that_does_not_keep_a_record_is_noticed(device, monkeypatch):
    storage = device.open()
    storage.advance(A, 1)
    monkeypatch.setattr(device.flash, "program", lambda offset, data: None)
    with pytest.raises(Failed, match="did not keep"):
        storage.advance(A, 2)
    assert storage.counter(A) == 1
    monkeypatch.undo()
    assert device.open().counter(A) == 1


def test_a_partition_too_small_is_refused(device):
    with pytest.raises(Failed):
        Storage(device.flash, device.fuses, (0, 4096), KEY)


def sweep(device, operation, depth):
    """Cut in each operation of `operation`, and again in each of the recovery; yields after each."""
    saved, at = device.save(), 0
    while True:
        at += 1
        device.load(saved)
        device.rail.fail_after(at)
        try:
            operation(device)
            device.rail.fail_after(0)
            return
        except PowerLost:
            pass
        device.rail.power_on()
        if depth > 1:
            yield from sweep(device, lambda device: device.open(), depth - 1)
        yield device


def advance(device):
    storage = Storage(device.flash, device.fuses, (4096, 4 * 4096), KEY)
    storage.advance(A, 2)


@pytest.mark.parametrize("seed", range(6))
def test_power_lost_twice_in_an_update_leaves_the_old_or_the_new_record(seed):
    device = Device(seed)
    device.open().advance(A, 1)
    states, cuts = set(), 0
    for _ in sweep(device, advance, 2):
        cuts += 1
        storage = device.open()
        states.add(storage.counter(A))
        assert device.open().counter(A) == storage.counter(A)
        again = device.open()
        again.advance(A, 5)
        assert device.open().counter(A) == 5
    assert states == {1, 2} and cuts >= 20


def test_power_lost_in_the_very_first_update_leaves_none_or_the_new_record(device):
    states = set()
    for _ in sweep(device, advance, 2):
        states.add(device.open().counter(A))
    assert states == {0, 2}


def test_an_abandoned_record_can_never_come_back(device):
    """An attacker cuts the power, hides what was written, lets another update pass, and restores it."""
    device.open().advance(A, 1)
    base, at, hidden = device.save(), 0, 0
    while True:
        at += 1
        device.load(base)
        device.rail.fail_after(at)
        try:
            advance(device)
            break
        except PowerLost:
            device.rail.power_on()
        attempt = device.flash.snapshot()
        device.flash.restore(base[0])
        try:
            storage = device.open()
        except Failed:
            continue  # it was finished: the old flash is a replay
        assert storage.counter(A) == 1
        storage.advance(B, 9)
        device.flash.restore(attempt)
        hidden += 1
        with pytest.raises(Failed):
            device.open()
    assert hidden > 10


def test_once_seen_the_new_record_stays(device):
    """The last cut of all: the record is whole, the fuse is not blown. Opening it blows the fuse first."""
    device.open().advance(A, 1)
    base = device.save()
    total = device.rail.count
    advance(device)
    last = device.rail.count - total
    device.load(base)
    device.rail.fail_after(last)
    with pytest.raises(PowerLost):
        advance(device)
    assert device.open().counter(A) == 2
    device.flash.restore(base[0])
    with pytest.raises(Failed):
        device.open()


class Model(RuleBasedStateMachine):
    """Updates, cuts and resets in any order, against a dictionary."""

    def __init__(self):
        super().__init__()
        self.device = Device(7)
        self.storage = self.device.open()
        self.known, self.maybe = {}, None

    @rule(component=st.sampled_from([A, B, b"c" * 16]), step=st.integers(1, 3), cut=st.integers(0, 30))
    def advance(self, component, step, cut):
        version = self.storage.counter(component) + step
        if cut:
            self.device.rail.fail_after(cut)
        try:
            self.storage.advance(component, version)
            self.known[component] = version
        except PowerLost:
            before = dict(self.known)
            self.storage = self.device.open()
            found = {c: self.storage.counter(c) for c in (A, B, b"c" * 16) if self.storage.counter(c)}
            assert found in (before, {**before, component: version})
            self.known = found
        self.device.rail.power_on()

    @rule()
    def reset(self):
        self.storage = self.device.open()

    @invariant()
    def counters_are_known(self):
        for component in (A, B, b"c" * 16):
            assert self.storage.counter(component) == self.known.get(component, 0)


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=30, stateful_step_count=20, deadline=None)


def test_a_device_whose_storage_was_put_back_does_not_boot(world):
    port = world.port()
    port.advance_counter(A, 1)
    old = world.flash.snapshot()
    port.advance_counter(A, 2)
    world.flash.restore(old)
    with pytest.raises(Failed, match="put back"):
        world.boot()
    assert not world.cores.started


def test_power_lost_twice_anywhere_in_the_life_of_a_device_leaves_it_booting(world):
    """Counter, client key, lifecycle and revocation in one go; the boot itself is the recovery."""

    def life():
        port = world.port()
        port.advance_counter(A, 2)
        port.advance_counter(bytes((2,)) * 16, 1)
        port.generate_client_auth_key()
        port.commit_client_auth_key()
        signer = world.stranger.signer
        order = world.root.sign(native.sha256(core.REVOKE + signer))
        port.revoke_signer(signer, order)
        port.set_manufacturing_state(2)
        port.set_manufacturing_state(3)

    def recover():
        state, _, device_id = world.port().get_security_state()
        assert state in (1, 2, 3) and device_id == world.device_id

    assert world.cut_everywhere(life, recover, 2) > 60
