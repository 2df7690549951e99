"""What an app can do is a subset of its signed manifest, whatever it sends."""

from __future__ import annotations

import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.kernel import abi
from armillary.kernel.capabilities import Capabilities
from armillary.wire import guid
from armillary.wire import manifest as manifests
from armillary.wire.call import LIMIT
from armillary.wire.fault import Closed, Denied, Fault, Unreachable

TENANT = "6f1a2b3c-4d5e-4f60-8a71-9b82c3d4e5f6"
LOG = (0x1_0000, 0x4000)  # offset and length of its partition
PEERS = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(1, 4)]
HOSTS = ["a.example", "b.example", "10.0.0.1"]
ONE_DEVICE = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

MANIFESTS = st.fixed_dictionaries({}, optional={
    "Gpio": st.lists(st.integers(4, 11), unique=True),
    "AllowedConnections": st.lists(st.sampled_from(HOSTS), unique=True),
    "MutableStorage": st.builds(lambda size: {"SizeKB": size}, st.integers(1, 64)),
    "DeviceAuthentication": st.just(TENANT),
    "AllowedApplicationConnections": st.lists(st.sampled_from(PEERS), unique=True),
})  # fmt: skip

OPENINGS = st.one_of(
    st.tuples(st.sampled_from(["gpio_open_output"]), st.integers(0, 15), st.integers(0, 2), st.integers(0, 1)),
    st.tuples(st.sampled_from(["gpio_open_input"]), st.integers(0, 15)),
    st.tuples(st.sampled_from(["storage_open"])),
    st.tuples(st.sampled_from(["storage_delete"])),
    st.tuples(st.sampled_from(["net_connect"]), st.sampled_from(HOSTS + ["evil.example", "A.example", "a.example."]),
              st.integers(1, 65535)),
    st.tuples(st.sampled_from(["is_device_auth_ready"])),
    st.tuples(st.sampled_from(["app_connect"]), st.sampled_from([guid.to_bytes(peer) for peer in PEERS])),
    st.tuples(st.sampled_from(["device_auth_sign"]), st.binary(min_size=32, max_size=32)),
)  # fmt: skip


def allows(capabilities, call):
    """What the manifest says of a call, in so many words; independent of the kernel's own reading."""
    name = call[0]
    if name.startswith("gpio"):
        return call[1] in capabilities.get("Gpio", [])
    if name.startswith("storage"):
        return capabilities.get("MutableStorage", {}).get("SizeKB", 0) > 0
    if name == "net_connect":
        return call[1] in capabilities.get("AllowedConnections", [])
    if name == "app_connect":
        return guid.to_text(call[1]) in capabilities.get("AllowedApplicationConnections", [])
    return "DeviceAuthentication" in capabilities


@pytest.fixture
def host(kit, new_device):
    """host(capabilities): the calls of an app with that manifest, on one device."""
    device = new_device()
    for name in HOSTS:
        device.network.name(name, 443, lambda: None)

    def run(capabilities):
        manifest = manifests.parse(kit.manifest_of(capabilities=capabilities))
        return device, device_app(device, manifest)

    return run


def device_app(device, manifest):
    """A process with this manifest, started without a package."""
    from types import SimpleNamespace

    from armillary.kernel.process import Process
    from armillary.kernel.syscalls import Syscalls
    from armillary.wire.call import Gate

    applications = device.kernel.applications
    program = SimpleNamespace(manifest=manifest, component=manifest.component, name=manifest.name)
    journal = device.kernel.journal
    process = Process(program, Capabilities(manifest, lambda fault: journal.denied(manifest.component, fault)))
    gate = Gate("kernel", "app", Syscalls(process, applications._means).table())
    from armillary.kernel.port import KernelPort

    return KernelPort(gate), process, gate


@ONE_DEVICE
@given(capabilities=MANIFESTS, calls=st.lists(OPENINGS, max_size=12))
def test_authority_never_exceeds_the_manifest(host, capabilities, calls):
    device, (app, process, _) = host(capabilities)
    try:
        for call in calls:
            if allows(capabilities, call):
                try:
                    getattr(app, call[0])(*call[1:])
                except Denied as fault:
                    raise AssertionError("denied what the manifest grants") from fault
                except Fault:
                    pass  # in use, not there, not stored: other reasons than authority
            else:
                with pytest.raises(Denied) as refused:
                    getattr(app, call[0])(*call[1:])
                assert refused.value.ring == "kernel" and refused.value.rule.startswith("manifest.")
                assert refused.value.policy.startswith("Capabilities.")
                assert "sign the image again" in refused.value.remedy
    finally:
        process.handles.close_all()


def test_with_the_check_left_out_the_same_calls_succeed(host, monkeypatch):
    """The flaw: a launcher that grants what nobody signed for."""
    device, (app, process, _) = host({})
    with pytest.raises(Denied):
        app.gpio_open_output(8, 0, 1)
    assert [event["detail"]["rule"] for event in device.events("denial")] == ["manifest.gpio"]
    monkeypatch.setattr(Capabilities, "require_gpio", lambda self, pin: None)
    app.gpio_set(app.gpio_open_output(8, 0, 0), 1)
    assert device.chip.gpio.read(8) == 1
    process.handles.close_all()


def state_of(device, process):
    """Everything that an app could have changed: all but the log of its refusals."""
    return (
        [(pin, device.chip.gpio.mode(pin), device.chip.gpio.read(pin)) for pin in device.chip.gpio.pins()],
        device.chip.flash.read(0, LOG[0]), device.chip.flash.read(sum(LOG), device.chip.flash.size - sum(LOG)), process.handles.numbers(), device.kernel.pins._owners,
        device.network._streams.all(), process.wait,
    )  # fmt: skip


RAW = st.one_of(
    st.binary(max_size=80),
    st.builds(lambda op, seq, rest: bytes((op, seq)) + rest,
              st.sampled_from([call.op for call in abi.CALLS] + [0, 255]), st.integers(0, 255), st.binary(max_size=80)),
    st.builds(lambda size: b"\x02" * size, st.sampled_from([LIMIT - 1, LIMIT, LIMIT + 1, 70000])),
)  # fmt: skip
HANDLE_CALLS = (abi.CLOSE, abi.GPIO_GET, abi.GPIO_SET, abi.FILE_READ, abi.FILE_WRITE, abi.FILE_TRUNCATE,
                abi.NET_SEND, abi.NET_RECEIVE, abi.APP_SEND, abi.APP_RECEIVE)  # fmt: skip


@settings(ONE_DEVICE, max_examples=250)
@given(requests=st.lists(RAW, min_size=1, max_size=8))
def test_no_request_escapes_the_gate_or_changes_anything_without_authority(host, requests):
    device, (_, process, gate) = host({})
    before = state_of(device, process)
    for request in requests:
        reply = gate(request)
        if reply is None:
            assert process.wait is not None
            process.wait = None
            reply = gate.complete((0, 0))
        assert isinstance(reply, bytes) and 2 <= len(reply) <= LIMIT
    assert state_of(device, process) == before


@settings(ONE_DEVICE, max_examples=150)
@given(call=st.sampled_from(HANDLE_CALLS), handle=st.integers(0, 65535), rest=st.integers(0, 255))
def test_a_handle_that_was_not_given_out_reaches_nothing(host, call, handle, rest):
    device, (app, process, gate) = host({"Gpio": [8], "MutableStorage": {"SizeKB": 8}})
    mine = [app.gpio_open_output(8, 0, 0), app.storage_open()[0]]
    try:
        values = {"handle": handle, "level": rest & 1, "offset": rest, "length": rest + 1, "size": rest, "data": bytes(rest)}
        arguments = tuple(values[field.name] for field in call.arguments.fields)
        if handle in mine:
            return
        with pytest.raises(Closed):
            app.call(call, *arguments)
        assert device.chip.gpio.read(8) == 0
    finally:
        process.handles.close_all()


@pytest.mark.parametrize("op", [call.op for call in abi.CALLS])
def test_every_call_refuses_a_message_that_is_short_or_long(host, op):
    _, (_, process, gate) = host({"Gpio": [8]})
    call = {one.op: one for one in abi.CALLS}[op]
    if call.arguments.text:
        assert gate(bytes((op, 1)))[0] == 2
    assert gate(bytes((op, 1)) + bytes(200))[0] == 2
    process.handles.close_all()


def test_every_call_has_a_method_and_a_row_of_the_table(host):
    _, (app, _, _) = host({})
    _, numbers = app.describe()
    assert set(numbers) == {0, *[call.op for call in abi.CALLS]}
    assert len({call.op for call in abi.CALLS}) == len(abi.CALLS)


@pytest.mark.parametrize("level", [2, 255])
def test_a_level_out_of_bounds_is_refused_before_any_effect(host, level):
    device, (app, process, gate) = host({"Gpio": [8]})
    handle = app.gpio_open_output(8, 0, 0)
    assert gate(bytes((abi.GPIO_SET.op, 1)) + struct.pack("<HB", handle, level))[0] == 2
    assert device.chip.gpio.read(8) == 0
    process.handles.close_all()


def test_the_allowed_host_is_reached_and_only_then_is_a_name_looked_up(host):
    device, (app, process, _) = host({"AllowedConnections": ["unknown.example"]})
    looked_up = []
    original = device.network.open
    device.network.open = lambda name, port: (looked_up.append(name), original(name, port))[1]
    with pytest.raises(Denied):
        app.net_connect("evil.example", 443)
    with pytest.raises(Unreachable):
        app.net_connect("unknown.example", 443)
    assert looked_up == ["unknown.example"]
