"""A random walk over the staging calls, beside a model: only lawful words install, and it always boots."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from armillary.wire import image
from armillary.wire.fault import Fault

APPS = (bytes.fromhex("a1") * 16, bytes.fromhex("a2") * 16)
OS = "os"
SUBJECTS = APPS + (OS,)
VERSIONS = (1, 2, 3, 4)


class Known:
    """What the model knows of one component: versions, or None where there is no image."""

    def __init__(self, installed):
        self.installed = installed
        self.is_confirmed = installed is not None
        self.previous = None
        self.staged = None
        self.counter = 0
        self.trials = 0
        self.has_run = False

    def versions(self):
        return [version for version in (self.installed, self.previous, self.staged) if version is not None]


class Walk(RuleBasedStateMachine):
    """The calls in any order. `make` gives a device with version 1 of the first app."""

    make = None

    @initialize()
    def begin(self):
        self.device = Walk.make()
        self.device.boot()
        self.known = {APPS[0]: Known(1), APPS[1]: Known(None), OS: Known(1)}
        self.is_restarting = False
        self.handle = 0
        self.open = None  # [subject, version, is good, package, bytes written]

    def package(self, subject, version, is_good=True):
        maker = self.device.maker
        key = None if is_good else maker.stranger
        if subject == OS:
            return maker.package(image.KERNEL, version, key)
        return maker.package(image.APPLICATIONS, version, key, subject)

    def expect(self, is_lawful, call, *arguments):
        """Do a call; it must succeed exactly if the model says so."""
        try:
            result = call(*arguments)
        except Fault as fault:
            assert not is_lawful, str(fault)
            return None
        assert is_lawful, "accepted: " + call.__name__
        return result

    @rule(subject=st.sampled_from(SUBJECTS), version=st.sampled_from(VERSIONS), is_good=st.integers(0, 5))
    def open_staging(self, subject, version, is_good):
        package = self.package(subject, version, bool(is_good))
        handle = self.expect(self.open is None and not self.is_restarting, self.device.kernel.open_for_staging, len(package))
        if handle is not None:
            self.handle = handle
            self.open = [subject, version, bool(is_good), package, 0]

    @rule(portion=st.sampled_from((1, 100, 4000)), skip=st.sampled_from((0, 0, 0, 1)))
    def write(self, portion, skip):
        if self.open is None:
            self.expect(False, self.device.kernel.write_block, self.handle, 0, b"x")
            return
        package, at = self.open[3], self.open[4]
        data = package[at : at + portion] or b"x"
        is_lawful = not skip and at < len(package)
        self.expect(is_lawful, self.device.kernel.write_block, self.handle, at + skip, data)
        if is_lawful:
            self.open[4] += len(data)

    @rule()
    def write_the_rest(self):
        while self.open is not None and self.open[4] < len(self.open[3]):
            self.write(4000, 0)

    @rule()
    def commit(self):
        is_lawful = False
        if self.open is not None:
            subject, version, is_good, package, written = self.open
            known = self.known[subject]
            is_lawful = is_good and written == len(package) and version not in known.versions() and version >= known.counter
            is_lawful = is_lawful and (subject != OS or known.is_confirmed)
        self.expect(is_lawful, self.device.kernel.commit_staging, self.handle)
        if is_lawful:
            known.staged = version
        self.open = None

    @rule()
    def abort(self):
        self.expect(self.open is not None, self.device.kernel.abort_staging, self.handle)
        self.open = None

    @rule()
    def install(self):
        staged = [known for known in self.known.values() if known.staged is not None]
        is_fresh = all([known.staged >= known.counter for known in staged])
        is_due = bool(staged) and self.open is None and not self.is_restarting
        self.expect(is_due and is_fresh, self.device.kernel.install_staged)
        if is_due and is_fresh:
            self.is_restarting = self.known[OS].staged is not None
            for known in staged:
                if known.is_confirmed:
                    known.previous = known.installed
                known.installed, known.is_confirmed, known.trials, known.has_run = known.staged, False, 0, False
        if is_due:
            for known in staged:
                known.staged = None

    @rule(subject=st.sampled_from(APPS))
    def run_app(self, subject):
        known = self.known[subject]
        data = self.expect(known.installed is not None, self.device.run, subject)
        if data is not None:
            assert data == self.package(subject, known.installed)
            known.has_run = True
            if known.is_confirmed:
                known.counter = max(known.counter, known.installed)

    @rule(subject=st.sampled_from(APPS))
    def confirm_app(self, subject):
        known = self.known[subject]
        is_lawful = known.installed is not None and known.has_run
        self.expect(is_lawful, self.device.kernel.confirm_application, subject)
        if is_lawful:
            known.is_confirmed, known.previous = True, None
            known.counter = max(known.counter, known.installed)

    @rule(subject=st.sampled_from(APPS))
    def revert_app(self, subject):
        known = self.known[subject]
        is_lawful = known.installed is not None and not known.is_confirmed
        self.expect(is_lawful, self.device.kernel.revert_application, subject)
        if is_lawful:
            known.installed, known.previous = known.previous, None
            known.is_confirmed = known.installed is not None
            known.has_run = False

    @rule(subject=st.sampled_from(APPS))
    def invalidate(self, subject):
        known = self.known[subject]
        is_lawful = bool(known.versions()) and self.open is None and not self.is_restarting
        self.expect(is_lawful, self.device.kernel.invalidate_image, subject)
        if is_lawful:
            counter = known.counter
            self.known[subject] = known = Known(None)
            known.counter = counter

    @rule()
    def confirm_boot(self):
        known = self.known[OS]
        self.expect(not self.is_restarting, self.device.kernel.confirm_boot)
        if not self.is_restarting:
            known.is_confirmed, known.previous = True, None
            known.counter = max(known.counter, known.installed)

    @rule()
    def restart(self):
        self.device.boot()
        self._has_booted()

    @rule(operation=st.integers(1, 40))
    def restart_with_a_power_cut(self, operation):
        """Cut in booting. A boot may have been counted before the cut, which the model then learns."""
        self.device.chip.power_on()
        if self.device.cut(operation, self.device.boot_powered):
            known = self.known[OS]
            self.device.boot()
            entries = [entry for entry in self.device.monitor.store.trial() if entry.image_type == image.KERNEL]
            if entries:
                known.trials = entries[0].trial - 1
            elif not known.is_confirmed:
                known.trials = 2
        self._has_booted()

    def _has_booted(self):
        known = self.known[OS]
        self.open, self.is_restarting = None, False
        for app in APPS:
            self.known[app].has_run = False
        if known.is_confirmed:
            return
        known.trials += 1
        if known.trials > 2:
            known.installed, known.previous, known.is_confirmed = known.previous, None, True

    @invariant()
    def the_store_holds_what_the_model_says(self):
        found = {}
        for one in self.device.kernel.list_images():
            subject = OS if one.image_type == image.KERNEL and not one.replica else one.component
            if subject in self.known and not one.replica:
                found.setdefault(subject, []).append((one.state, one.version))
        for subject, known in self.known.items():
            states = ((1, known.staged), (2, known.installed), (3, known.previous))
            assert sorted(found.get(subject, [])) == [pair for pair in states if pair[1] is not None]

    @invariant()
    def counters_are_what_the_model_says(self):
        for subject, known in self.known.items():
            component = self.device.maker.component(image.KERNEL) if subject == OS else subject
            assert self.device.counter(component) == known.counter

    @invariant()
    def the_kernel_that_runs_was_not_below_its_counter(self):
        assert self.is_restarting or self.device.versions()[image.KERNEL] == self.known[OS].installed


def test_only_lawful_words_install_and_the_device_always_boots(new_device, factory_state):
    def make():
        device = new_device()
        device.restore(factory_state[0])
        return device

    Walk.make = staticmethod(make)
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        Walk, settings=settings(max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=checks)
    )  # fmt: skip
