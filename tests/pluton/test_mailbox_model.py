"""The mailbox against a model: any order of calls and resets, and the state is what it should be."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from armillary import native
from armillary.pluton import abi
from armillary.wire.fault import Fault, OutOfOrder, Rollback, Untrusted

COMPONENTS = [b"a" * 16, b"b" * 16]
DIGEST = native.sha256(b"model")


def build(made, saved):
    class Mailbox(RuleBasedStateMachine):
        """Counters, client keys, the list, the lifecycle and seals of one device."""

        @initialize()
        def power_on(self):
            self.world = type(made)()
            self.world.load(saved)
            self.counters, self.committed, self.state, self.blobs = {}, None, abi.BLANK, []
            self.restart()

        def restart(self):
            self.port = self.world.port(closed=False)
            self.generated, self.is_closed, self.stages = None, False, 4

        def refused(self, fault, call, *arguments):
            try:
                call(*arguments)
            except Fault as raised:
                assert isinstance(raised, fault)
                return
            raise AssertionError("was not refused")

        @rule()
        def reset(self):
            self.restart()

        @rule(component=st.sampled_from(COMPONENTS), version=st.integers(0, 6))
        def advance(self, component, version):
            if version < self.counters.get(component, 0):
                self.refused(Rollback, self.port.advance_counter, component, version)
            else:
                self.port.advance_counter(component, version)
                self.counters[component] = version

        @rule()
        def generate(self):
            public = self.port.generate_client_auth_key()
            assert public != self.committed and self.generated in (None, public)
            self.generated = public

        @rule()
        def commit(self):
            if self.generated is None:
                self.refused(OutOfOrder, self.port.commit_client_auth_key)
            else:
                self.port.commit_client_auth_key()
                self.committed, self.generated = self.generated, None

        @rule()
        def close(self):
            if self.is_closed:
                self.refused(OutOfOrder, self.port.close_measurements)
            else:
                self.port.close_measurements()
                self.is_closed = True

        @precondition(lambda self: self.stages < 20)
        @rule()
        def measure(self):
            arguments = (7, bytes((self.stages,)) * 32, 1, bytes(32), "stage")
            if self.is_closed:
                self.refused(OutOfOrder, self.port.measure, *arguments)
            else:
                self.port.measure(*arguments)
                self.stages += 1

        @rule(state=st.integers(1, 3))
        def move(self, state):
            if state < self.state:
                self.refused(OutOfOrder, self.port.set_manufacturing_state, state)
            else:
                self.port.set_manufacturing_state(state)
                self.state = state

        @rule(mask=st.integers(0, 15))
        def seal(self, mask):
            self.blobs.append((self.port.seal(mask, b"data"), b"data"))

        @rule(at=st.integers(0, 200))
        def spoil(self, at):
            for blob, _ in self.blobs[-1:]:
                changed = blob[: at % len(blob)] + bytes((blob[at % len(blob)] ^ 2,)) + blob[at % len(blob) + 1 :]
                self.refused((Untrusted, OutOfOrder), self.port.unseal, changed)

        @invariant()
        def the_device_is_what_the_model_says(self):
            for component in COMPONENTS:
                assert self.port.read_counter(component) == self.counters.get(component, 0)
            assert self.port.get_measurements(0)[0] == self.stages
            assert self.port.get_manufacturing_state() == self.state
            if self.committed is None:
                self.refused(OutOfOrder, self.port.sign_with_client_auth_key, DIGEST)
            else:
                native.p256_verify(self.committed, DIGEST, self.port.sign_with_client_auth_key(DIGEST))
            for blob, data in self.blobs[-2:]:
                assert self.port.unseal(blob) == data

    return Mailbox


def test_any_order_of_calls_and_resets_agrees_with_the_model(_made):
    made, saved, _ = _made
    run_state_machine_as_test(build(made, saved), settings=settings(max_examples=40, stateful_step_count=25, deadline=None))
