"""A random walk over the calls about real-time cores, beside an oracle that knows signed manifests only."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from armillary.hal.sim.firewall import Firewall
from armillary.monitor.ownership import Ownership
from armillary.monitor.realtime import RealTime
from armillary.wire import blocks, image
from armillary.wire.fault import Fault, Untrusted
from tests.monitor.rtapps import FIRST, SECOND, THIRD, RtDevice, package

GPIO, KERNEL = 1, 1
COMPONENTS = (FIRST, SECOND, THIRD)
CLAIMS = ({}, {"Gpio": [8]}, {"Gpio": [8, 9]}, {"Gpio": [38]}, {"Uart": ["ISU2"]}, {"ExternalInterrupt": ["EINT9"], "Pwm": ["PWM-CONTROLLER-0"]})
PINS = (8, 9, 36, 38)
# What each claim comes to, written down rather than computed by the code under test.
MEANING = (
    ((), ()), ((8,), ()), ((8, 9), ()), ((38,), ()), ((36, 37, 38, 39, 40), (blocks.UART + 2,)),
    ((0, 1, 2, 3, 9), (blocks.PWM, blocks.EINT + 9)),
)  # fmt: skip
CORES = (None, None, 0, 1)


class Signed:
    """One package that somebody signed: its claim in two ways, and what it is."""

    def __init__(self, component, claim, core, version):
        self.component, self.claim, self.core, self.version = component, claim, core, version
        self.pins, self.blocks = MEANING[claim]

    def package(self, maker, key=None):
        return package(maker, self.component, CLAIMS[self.claim], self.version, self.core, key)

    def collides(self, other):
        return bool(set(self.pins) & set(other.pins) or set(self.blocks) & set(other.blocks))


SIGNED = st.builds(Signed, st.sampled_from(COMPONENTS), st.integers(0, len(CLAIMS) - 1), st.sampled_from(CORES), st.integers(1, 3))


class Walk(RuleBasedStateMachine):
    """The calls in any order. `make` gives a device without real-time apps."""

    make = None

    @initialize(is_complete=st.booleans())
    def begin(self, is_complete):
        self.device = Walk.make()
        if is_complete:
            self.device.complete()
        self.is_frozen_at_boot = is_complete
        self.versions = {}  # image id: what was signed
        self.device.boot()
        self._has_booted()

    def _has_booted(self):
        self.running = {}  # core: what was started there
        self.acquired = set()
        self.is_locked = self.is_frozen_at_boot
        self.is_restarting = False
        self.frozen = self._hardware() if self.is_locked else None

    def _hardware(self):
        return [(tuple(self.device.owned(core)), tuple(self.device.granted(core))) for core in (0, 1)]

    def installed(self, component):
        entry = self.device.entry(component)
        return self.versions[entry.image] if entry is not None else None

    # -- images --------------------------------------------------------------------------------------

    @rule(signed=SIGNED)
    def install(self, signed):
        data = signed.package(self.device.maker)
        self.versions[image.parse(data).image] = signed
        before = self.device.entry(signed.component)
        try:
            self.device.stage(data)
            restart = self.device.kernel.install_staged()[1]
        except Fault:
            return  # it is in the store, below its counter, or a restart is due
        assert not restart or self.is_locked, "a restart for a device where nothing is frozen"
        self.is_restarting = restart
        if self.is_locked and not restart and self.core_of(signed.component) is None:
            self.check_at_once(signed, before)

    def check_at_once(self, signed, before):
        """No restart was asked for: then it starts now, or would not after a restart either."""
        try:
            core = self.device.kernel.realtime_start(signed.component)
        except Fault:
            others = [self.installed(component) for component in COMPONENTS if component != signed.component]
            assert [one for one in others if one is not None], "it waits for nothing"
            return
        self.running[core] = signed

    @rule(signed=SIGNED, at=st.integers(0, 8000))
    def install_what_nobody_signed(self, signed, at):
        data = bytearray(signed.package(self.device.maker, self.device.maker.stranger))
        with pytest.raises(Fault):
            self.device.stage(bytes(data))
        genuine = bytearray(signed.package(self.device.maker))
        genuine[at] ^= 1
        with pytest.raises(Fault) as refusal:
            self.device.stage(bytes(genuine))
        assert self.is_restarting or isinstance(refusal.value, Untrusted)

    @rule(component=st.sampled_from(COMPONENTS))
    def remove(self, component):
        try:
            self.device.kernel.invalidate_image(component)
        except Fault:
            return
        self.forget(component)

    @rule(component=st.sampled_from(COMPONENTS))
    def confirm(self, component):
        try:
            self.device.kernel.confirm_application(component)
        except Fault:
            pass

    @rule(component=st.sampled_from(COMPONENTS))
    def revert(self, component):
        try:
            restart = self.device.kernel.revert_application(component)
        except Fault:
            return
        self.forget(component)
        assert not restart or self.is_locked, "a restart for a device where nothing is frozen"
        previous = self.installed(component)
        if self.is_locked and not restart and not self.is_restarting and previous is not None:
            self.check_at_once(previous, None)

    def forget(self, component):
        self.running = {core: one for core, one in self.running.items() if one.component != component}

    # -- cores ---------------------------------------------------------------------------------------

    def core_of(self, component):
        return next((core for core, one in self.running.items() if one.component == component), None)

    @rule(component=st.sampled_from(COMPONENTS))
    def start(self, component):
        wanted, is_running = self.installed(component), self.core_of(component) is not None
        try:
            core = self.device.kernel.realtime_start(component)
        except Fault as fault:
            assert self.is_locked or not self.may_start(wanted, is_running), str(fault)
            return
        assert wanted is not None and not is_running and core not in self.running and wanted.core in (None, core)
        assert self.is_locked or self.may_start(wanted, is_running)
        self.running[core] = wanted

    def may_start(self, wanted, is_running):
        """While nothing is frozen: it is there, does not run, and what it claims is free."""
        if wanted is None or is_running or set(wanted.pins) & self.acquired:
            return False
        free = {0, 1} - set(self.running)
        return not any(wanted.collides(one) for one in self.running.values()) and bool(free & ({0, 1} if wanted.core is None else {wanted.core}))

    @rule(component=st.sampled_from(COMPONENTS))
    def stop(self, component):
        core = self.core_of(component)
        try:
            self.device.kernel.realtime_stop(component)
        except Fault:
            assert core is None
            return
        del self.running[core]

    @rule(component=st.sampled_from(COMPONENTS))
    def look(self, component):
        core = self.core_of(component)
        try:
            found = self.device.kernel.realtime_status(component)
        except Fault:
            assert self.installed(component) is None
            return
        assert found[:2] == ((255, 0) if core is None else (core, 1))

    # -- the kernel's own pins --------------------------------------------------------------------------

    @rule(pin=st.sampled_from(PINS))
    def acquire(self, pin):
        owner = self.device.owner(pin)
        try:
            self.device.kernel.peripheral_acquire(GPIO, pin)
        except Fault:
            return
        assert owner < 2 and self.device.owner(pin) == KERNEL, "the kernel took a pin from a core"
        self.acquired.add(pin)

    @rule(pin=st.sampled_from(PINS))
    def release(self, pin):
        try:
            self.device.kernel.peripheral_release(GPIO, pin)
        except Fault:
            assert pin not in self.acquired
            return
        self.acquired.discard(pin)

    @rule(is_sure=st.integers(0, 5))
    def lock(self, is_sure):
        if not is_sure and not self.is_locked:
            self.device.kernel.peripheral_lock_config()
            self.is_locked, self.frozen = True, self._hardware()

    # -- time --------------------------------------------------------------------------------------------

    @rule()
    def restart(self):
        self.device.boot()
        self._has_booted()
        self.check_the_only_app_has_a_core()

    @rule(operation=st.integers(1, 30), signed=SIGNED)
    def cut_the_power_while_installing(self, operation, signed):
        data = signed.package(self.device.maker)
        self.versions[image.parse(data).image] = signed

        def act():
            try:
                self.device.install(data)
            except Fault:
                pass

        self.device.cut(operation, act)
        self.device.boot()
        self._has_booted()

    def check_the_only_app_has_a_core(self):
        there = [component for component in COMPONENTS if self.installed(component) is not None]
        if len(there) == 1 and self.is_locked:
            assert self.device.owned(0) + self.device.owned(1) == list(self.installed(there[0]).pins)

    # -- what must hold at every moment ----------------------------------------------------------------------

    @invariant()
    def what_a_core_has_is_in_one_signed_manifest(self):
        claims = [(one.pins, one.blocks) for one in self.versions.values()] + [((), ())]
        for pins, granted in self._hardware():
            assert [1 for known, named in claims if set(pins) <= set(known) and set(granted) <= set(named)]

    @invariant()
    def a_running_app_has_exactly_what_it_claims(self):
        for core, one in self.running.items():
            assert self._hardware()[core] == (one.pins, one.blocks)

    @invariant()
    def what_is_frozen_never_changes_before_the_reset(self):
        if self.frozen is None:
            return
        for now, then in zip(self._hardware(), self.frozen, strict=True):
            assert now[0] == then[0]
            assert now[1] in ((), then[1])

    @invariant()
    def an_idle_core_of_an_open_device_has_nothing(self):
        if not self.is_locked:
            assert [self._hardware()[core] for core in (0, 1) if core not in self.running] == [((), ())] * (2 - len(self.running))

    @invariant()
    def the_rest_is_the_kernels_where_it_is_frozen_at_boot(self):
        if self.is_frozen_at_boot:
            assert {self.device.owner(pin) for pin in self.device.facts.PINS} <= {1, 2, 3}


def walk(maker, factory_state, examples=25):
    def make():
        device = RtDevice(maker)
        device.restore(factory_state[0])
        return device

    Walk.make = staticmethod(make)
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    run_state_machine_as_test(Walk, settings=settings(
        max_examples=examples, stateful_step_count=30, deadline=None, suppress_health_check=checks, phases=[Phase.generate],
        report_multiple_bugs=False,
    ))  # fmt: skip


def test_no_order_of_calls_gives_a_core_what_one_signed_manifest_does_not(maker, factory_state):
    walk(maker, factory_state)


@pytest.mark.slow
def test_neither_does_a_longer_walk(maker, factory_state):
    walk(maker, factory_state, 150)


def test_with_the_map_left_out_the_walk_finds_it(maker, factory_state, monkeypatch):
    """The flaw put in: any claim fits any core that does not run, and the firewall does not lock."""
    monkeypatch.setattr(RealTime, "_frozen", lambda self, claim: next((slot for slot in self.slots if not slot.is_running), self.slots[0]))
    monkeypatch.setattr(Ownership, "_check_free", lambda self, pin: None)
    monkeypatch.setattr(Firewall, "lock", lambda self: None)
    with pytest.raises(AssertionError):
        walk(maker, factory_state, 300)  # it ends with the first that is found
