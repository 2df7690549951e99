"""The mutable file: private, within its quota, without residue, whole after a power cut (A09, A10)."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary import native
from armillary.hal.sim.power import PowerLost
from armillary.kernel import storage
from armillary.kernel.port import KernelPort
from armillary.wire.fault import Busy, Denied, Failed, Full, NotFound

CANARY = b"the canary sings "
FLASH_OF_FILES = (0x4_0000, 0x8_0000)


def writer(maker, name, kib=8):
    return maker.app_package(name, capabilities={"MutableStorage": {"SizeKB": kib}})


@pytest.fixture
def device(maker, new_device):
    return new_device([writer(maker, "a"), writer(maker, "b"), writer(maker, "full", 64)])


@pytest.fixture
def app(device):
    return device.app("a").port


def put(port: KernelPort, data: bytes) -> None:
    handle, _ = port.storage_open()
    for at in range(0, len(data), 4000):
        port.file_write(handle, at, data[at : at + 4000])
    port.close(handle)


def get(port: KernelPort) -> bytes:
    handle, size = port.storage_open()
    out = b""
    while len(out) < size:
        out += port.file_read(handle, len(out), 4000)
    port.close(handle)
    return out


def flash_of_files(device):
    return device.chip.flash.read(*FLASH_OF_FILES)


def test_what_was_written_is_there_after_a_reset(device, app):
    put(app, CANARY * 100)
    device.boot()
    assert get(device.app("a").port) == CANARY * 100


def test_a_full_file_of_64_kib_is_kept(device):
    data = bytes(range(256)) * 256
    put(device.app("full").port, data)
    device.boot()
    assert get(device.app("full").port) == data


def test_one_app_never_sees_anothers_file(device, app):
    put(app, CANARY)
    assert get(device.app("b").port) == b""


def test_nothing_readable_lies_in_flash(device, app):
    put(app, CANARY * 200)
    assert CANARY not in flash_of_files(device)


def test_with_the_cipher_left_out_the_file_can_be_read_from_flash(device, app, monkeypatch):
    """The flaw, to show that the test above can fail."""
    monkeypatch.setattr(device.kernel._storage, "_suite", _Plain)
    put(app, CANARY * 200)
    assert CANARY in flash_of_files(device)


class _Plain:
    @staticmethod
    def aes_gcm_seal(key, nonce, aad, plaintext):
        return plaintext + bytes(16)


def test_the_record_of_one_app_is_worthless_to_another(device, app):
    put(app, CANARY)
    device.smc.storage_replace(device.process("b").component, device.smc.storage_load(device.process("a").component))
    with pytest.raises(Failed) as refused:
        device.app("b").port.storage_open()
    assert refused.value.rule == "storage.sealed"


@given(st.integers(0, 32 + 17 + len(CANARY)), st.integers(1, 255))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_record_with_any_byte_changed_is_refused(sealed, at, flip):
    device, record, component = sealed
    bad = bytearray(record)
    bad[at % len(bad)] ^= flip
    device.smc.storage_replace(component, bytes(bad))
    with pytest.raises(Failed):
        device.app("a").port.storage_open()
    device.smc.storage_replace(component, record[: at % len(record)])
    with pytest.raises(Failed):
        device.app("a").port.storage_open()


@pytest.fixture
def sealed(device, app):
    put(app, CANARY)
    component = device.process("a").component
    return device, device.smc.storage_load(component), component


def test_a_damaged_file_can_be_deleted_and_begun_anew(sealed):
    device, record, component = sealed
    device.smc.storage_replace(component, record[:-1])
    port = device.app("a").port
    port.storage_delete()
    put(port, b"anew")
    assert get(port) == b"anew"


def test_no_nonce_comes_twice(device, app):
    nonces = set()
    for number in range(20):
        put(app, b"%d" % number)
        nonces.add(device.smc.storage_load(device.process("a").component)[5:17])
    assert len(nonces) == 20


def test_growing_shows_zeros_and_never_what_was_there_before(device, app):
    handle, _ = app.storage_open()
    app.file_write(handle, 0, CANARY * 100)
    app.file_truncate(handle, 5)
    app.file_truncate(handle, 1700)
    assert app.file_read(handle, 0, 4000) == CANARY[:5] + bytes(1695)
    app.file_truncate(handle, 0)
    app.file_write(handle, 3000, b"end")
    assert app.file_read(handle, 0, 4000) == bytes(3000) + b"end"


def test_a_deleted_file_is_gone_from_flash_too(device, app):
    put(app, CANARY * 200)
    sealed = device.smc.storage_load(device.process("a").component)
    assert sealed[:2000] in flash_of_files(device)
    app.storage_delete()
    assert sealed[100:200] not in flash_of_files(device)
    with pytest.raises(NotFound):
        app.storage_delete()
    put(device.app("b").port, b"x")
    assert get(app) == b""


def test_a_file_cannot_be_deleted_while_it_is_open(app):
    handle, _ = app.storage_open()
    with pytest.raises(Busy):
        app.storage_delete()
    app.close(handle)


def test_every_handle_of_an_app_names_the_same_file(app):
    one, other = app.storage_open()[0], app.storage_open()[0]
    app.file_write(one, 0, b"seen")
    assert app.file_read(other, 0, 10) == b"seen"
    app.close(one)
    assert app.file_read(other, 0, 10) == b"seen"
    app.file_truncate(other, 2)
    app.close(other)
    assert get(app) == b"se"


def test_a_change_goes_to_flash_within_a_second_without_a_close(device, app):
    handle, _ = app.storage_open()
    app.file_write(handle, 0, b"kept")
    with pytest.raises(NotFound):
        device.smc.storage_load(device.process("a").component)
    device.run(1.5)
    device.boot()
    assert get(device.app("a").port) == b"kept"


def test_an_app_that_dies_loses_nothing_it_wrote(device, app):
    handle, _ = app.storage_open()
    app.file_write(handle, 0, b"last words")
    device.app("a").die(1)
    device.run(2)
    assert get(device.app("a").port) == b"last words"


def test_a_write_that_fails_later_is_told_and_tried_again(device, app, monkeypatch):
    handle, _ = app.storage_open()
    app.file_write(handle, 0, b"patient")
    monkeypatch.setattr(device.smc, "storage_replace", _refuse)
    device.run(3)
    assert [event["detail"]["reason"] for event in device.events("denial")] == ["no room"]
    monkeypatch.undo()
    device.run(3)
    device.boot()
    assert get(device.app("a").port) == b"patient"


def _refuse(component, data):
    raise Full("no room")


@pytest.mark.parametrize("action", [
    lambda app, handle: app.file_write(handle, 0, b"x"), lambda app, handle: app.file_truncate(handle, 0),
])  # fmt: skip
def test_a_file_of_the_package_cannot_be_changed(device, app, action):
    handle, size = app.package_open("bin/app.py")
    before = app.file_read(handle, 0, 4000)
    with pytest.raises(Denied):
        action(app, handle)
    assert app.file_read(handle, 0, 4000) == before and len(before) == size


@pytest.mark.parametrize("path", [
    "", "/", "/bin/app.py", "./bin/app.py", "../bin/app.py", "bin/../../etc/passwd", "../../etc/passwd", "bin//app.py",
    "bin/./app.py", "bin", "bin/", "BIN/app.py", "bin/app.py/", "bin\\app.py", "bin/app.py\0", "nothing",
])  # fmt: skip
def test_a_path_leads_to_a_file_of_the_package_or_nowhere(app, path):
    from armillary.wire.fault import Invalid

    with pytest.raises((Invalid, NotFound)):
        app.package_open(path)


def test_an_update_keeps_the_file(maker, device, app):
    put(app, CANARY)
    device.run(5)
    device.install(maker.app_package("a", capabilities={"MutableStorage": {"SizeKB": 8}}, version=2))
    device.app("a").die()
    device.run(1)
    assert get(device.app("a").port) == CANARY


def test_a_smaller_quota_keeps_what_is_there_but_lets_nothing_grow(maker, device):
    put(device.app("full").port, bytes(10_000))
    device.run(5)
    device.install(maker.app_package("full", capabilities={"MutableStorage": {"SizeKB": 4}}, version=2))
    device.app("full").die()
    device.run(1)
    port = device.app("full").port
    handle, size = port.storage_open()
    assert size == 10_000
    port.file_write(handle, 9_000, b"inside")
    with pytest.raises(Full):
        port.file_write(handle, 9_999, b"over")


SIZES = st.one_of(st.integers(0, 9000), st.sampled_from([8191, 8192, 8193, 65536, 2**31, 2**32 - 1]))
STEPS = st.lists(st.one_of(
    st.tuples(st.just("write"), SIZES, st.binary(max_size=300)),
    st.tuples(st.just("truncate"), SIZES),
    st.tuples(st.just("read"), SIZES, st.integers(1, 4000)),
    st.just(("reopen",)), st.just(("delete",)),
), max_size=25)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_file_is_a_bytearray_within_its_quota(device, steps):
    port, model = device.app("a").port, bytearray()
    try:
        port.storage_delete()
    except NotFound:
        pass
    handle, size = port.storage_open()
    assert size == 0
    for step in steps:
        if step[0] == "write":
            _, offset, data = step
            end = offset + len(data)
            if end > 8192 and end > len(model):
                with pytest.raises(Full):
                    port.file_write(handle, offset, data)
                continue
            port.file_write(handle, offset, data)
            model.extend(bytes(max(0, offset - len(model))))
            model[offset:end] = data
        elif step[0] == "truncate":
            if step[1] > 8192:
                with pytest.raises(Full):
                    port.file_truncate(handle, step[1])
                continue
            port.file_truncate(handle, step[1])
            model = model[: step[1]] + bytes(max(0, step[1] - len(model)))
        elif step[0] == "read":
            assert port.file_read(handle, step[1], step[2]) == bytes(model[step[1] : step[1] + step[2]])
        elif step[0] == "reopen":
            port.close(handle)
            handle, size = port.storage_open()
            assert size == len(model)
        else:
            with pytest.raises(Busy):
                port.storage_delete()
        assert len(model) <= 8192
    port.close(handle)
    assert get(port) == bytes(model)


def test_with_the_quota_left_out_an_app_fills_the_store(device, app, monkeypatch):
    """The flaw of CVE-2020-16986, to show that the model above can fail."""
    handle, _ = app.storage_open()
    with pytest.raises(Full):
        app.file_truncate(handle, 60_000)
    monkeypatch.setattr(storage.StorageFile, "_require_quota", lambda self, size: None)
    app.file_truncate(handle, 60_000)
    app.close(handle)
    assert len(device.smc.storage_load(device.process("a").component)) > 60_000


OLD, NEW = b"old " * 1000, b"new! " * 1000


def cut_while_writing(device, saved, operation):
    """Write NEW over OLD with the power failing in that operation; whether it failed."""
    device.chip.restore(saved)
    device.boot()
    device.chip.rail.fail_after(operation)
    try:
        put(device.app("a").port, NEW)
    except PowerLost:
        return True
    finally:
        device.chip.rail.fail_after(0)
    return False


def test_after_a_power_cut_at_any_operation_the_file_is_the_old_or_the_new(device, app):
    put(app, OLD)
    saved = device.chip.snapshot()
    cut, seen = 1, set()
    while cut_while_writing(device, saved, cut):
        device.boot()
        found = get(device.app("a").port)
        assert found in (OLD, NEW)
        seen.add(found)
        cut += 1
    assert cut > 10 and seen == {OLD, NEW}
    assert get(device.app("a").port) == NEW


@pytest.mark.slow
def test_a_second_cut_during_recovery_changes_nothing_of_that(device, app):
    put(app, OLD)
    saved = device.chip.snapshot()
    cut, tried = 1, 0
    while cut_while_writing(device, saved, cut):
        again = 1
        while not boots(device, again):
            assert cut_while_writing(device, saved, cut)
            again, tried = again + 1, tried + 1
        assert get(device.app("a").port) in (OLD, NEW)
        cut += 1
    assert tried > 10


def boots(device, operation):
    """Boot with the power failing in that operation, and then in peace; whether it never failed."""
    device.chip.power_on()
    device.chip.rail.fail_after(operation)
    try:
        device.boot_powered()
    except PowerLost:
        device.boot()
        assert get(device.app("a").port) in (OLD, NEW)
        return False
    finally:
        device.chip.rail.fail_after(0)
    return True


def test_the_key_is_not_left_in_what_is_stored(device, app):
    put(app, CANARY)
    key = device.smc.derive_key(device.process("a").component, storage.GENERATION)
    assert key not in flash_of_files(device)
    other = device.smc.derive_key(device.process("b").component, storage.GENERATION)
    assert not native.compare(key, other)
