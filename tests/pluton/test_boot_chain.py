"""The chain from ROM to the monitor: what boots, what does not, and what is said about it."""

import pytest

from armillary import native
from armillary.boards.sim import facts
from armillary.pluton import abi, bits, bootheader, fusemap, rom
from armillary.wire import image, partition
from armillary.wire.fault import Failed, Invalid, Locked, Untrusted
from armillary.wire.stage import parse_line
from tests.pluton.chains import MONITOR, monitor, name_of, replace, started


def test_a_whole_device_boots_and_says_each_stage(world):
    pluton = world.boot()
    assert name_of(started(world)) == "monitor version 1"
    assert pluton.device_id == world.device_id
    stages = [parse_line(line) for line in world.uart.text.splitlines()]
    found = [(ring, said["type"], said["copy"]) for ring, said in filter(None, stages)]
    assert found == [("1BL", "1", "primary"), ("1BL", "19", "primary"), ("1BL", "2", "primary"), ("PLUTON", "4", "primary")]


def test_two_boots_are_the_same(world):
    world.boot()
    first = world.uart.text
    world.boot()
    assert world.uart.text == first


# Fuses decide whether there is a boot at all.


@pytest.mark.parametrize("value", [bytes(32), b"\xff" * 32])
@pytest.mark.parametrize("is_blank", [True, False])
def test_a_blank_or_full_root_hash_never_boots(blank, value, is_blank):
    blank.provision()
    if is_blank:
        blank.fuses.blow(fusemap.LIFECYCLE, dict(fusemap.CODES)[abi.BLANK])
    blank.fuses.blow(fusemap.ROOT_KEY_HASH, value)
    blank.fuses.blow(fusemap.SECRET_MARKS, fusemap.MARK + bytes(28))
    blank.fuses.blow(fusemap.SECRETS[0], b"\x35" * 32)
    with pytest.raises(Locked):
        rom.boot(blank.hardware)


@pytest.mark.parametrize("row", [bits.only(0, 32), b"\xff" * 32])
def test_an_unlawful_lifecycle_never_boots(world, row):
    world.fuses.blow(fusemap.LIFECYCLE, row)
    with pytest.raises(Locked, match="lawful"):
        world.boot()
    with pytest.raises(Locked):
        fusemap.read_secret(world.fuses)


@pytest.mark.parametrize("row", [fusemap.ROOT_KEY_HASH, fusemap.LIFECYCLE, fusemap.SECRET_MARKS, *fusemap.SECRETS[:1]])
@pytest.mark.parametrize("kind", ["zeros", "ones"])
@pytest.mark.parametrize("skip", [0, 1])
def test_a_glitched_fuse_read_stops_the_boot(world, row, kind, skip):
    world.reset()
    inner, seen = world.fuses.read, []

    def read(number):
        seen.append(number)
        if number == row and seen.count(row) == skip + 1:
            return bytes(32) if kind == "zeros" else b"\xff" * 32
        return inner(number)

    world.fuses.read = read
    with pytest.raises(Failed) as refused:
        rom.boot(world.hardware)
    assert "the same twice" in str(refused.value)
    with pytest.raises(Locked):
        inner(fusemap.SECRETS[0])


def test_a_glitched_version_row_costs_the_primary_loader_only(world):
    world.fuses.glitch_read(fusemap.LOADER_VERSION, "ones")
    assert world.port().get_boot_mode_flags() == 4


def test_rom_hides_the_secret_whether_or_not_it_boots(world):
    world.reset()
    rom.boot(world.hardware)
    for row in fusemap.SECRETS:
        with pytest.raises(Locked):
            world.fuses.read(row)
    world.write_loader(b"nothing of the kind")
    world.reset()
    with pytest.raises(Failed):
        rom.boot(world.hardware)
    for row in fusemap.SECRETS:
        with pytest.raises(Locked):
            world.fuses.read(row)


# The first loader.


def boot_rom(world):
    world.reset()
    return rom.boot(world.hardware)


def test_the_backup_loader_boots_when_the_primary_is_broken(world):
    world.flash.flip_bit(facts.FLASH_LAYOUT[partition.BOOTLOADER_ONE][0] + 100, 3)
    assert world.port().get_boot_mode_flags() == 4
    assert "[1BL] primary:" in world.uart.text


@pytest.mark.parametrize("spoil", ["another root key", "signature", "type", "length", "magic", "erased", "version"])
def test_no_loader_boots_that_the_fused_key_did_not_sign_as_a_loader(world, spoil):
    good = world.package(image.ONE_BL, world.root, name="1bl")
    if spoil == "another root key":
        world.write_loader(world.package(image.ONE_BL, world.stranger, name="1bl"), world.stranger)
    elif spoil == "signature":
        world.write_loader(world.package(image.ONE_BL, world.os, name="1bl"))
    elif spoil == "type":
        world.write_loader(world.package(image.PLUTON_RUNTIME, world.root))
    elif spoil == "version":
        fusemap.advance_version(world.fuses, fusemap.LOADER_VERSION, 2)
    else:
        header = {
            "length": bootheader.HEADER.pack((bootheader.MAGIC, 0xFFFF_FFFF, world.root.public)),
            "magic": bootheader.HEADER.pack((1, len(good), world.root.public)),
            "erased": b"\xff" * bootheader.HEADER.size,
        }[spoil]
        for number in (partition.BOOTLOADER_ONE, partition.BOOTLOADER_ONE_BACKUP):
            world.write(facts.FLASH_LAYOUT[number][0], header + good)
    with pytest.raises(Failed) as refused:
        boot_rom(world)
    assert "primary" in refused.value.policy and "backup" in refused.value.policy


def test_a_root_key_off_the_curve_is_refused_even_if_its_hash_is_fused():
    with pytest.raises(Invalid, match="curve"):
        rom.root_key(b"\x01" * 64, native.sha256(b"\x01" * 64))
    with pytest.raises(Untrusted):
        rom.root_key(b"\x01" * 64, bytes(32))


# The key store and the runtime.


@pytest.mark.parametrize("image_type", [image.TRUSTED_KEYSTORE, image.PLUTON_RUNTIME, MONITOR])
def test_each_image_falls_back_to_its_backup(world, image_type):
    [primary] = [e for e in world.entries if e.image_type == image_type and e.replica == partition.PRIMARY]
    world.flash.flip_bit(primary.offset + 5, 0)
    port = world.port()
    flags = {image.TRUSTED_KEYSTORE: 0, image.PLUTON_RUNTIME: 1, MONITOR: 2}[image_type]
    assert port.get_boot_mode_flags() == flags
    said = {image.TRUSTED_KEYSTORE: "copy=backup", image.PLUTON_RUNTIME: "[1BL] BACKUP PLUTON-RT",
            MONITOR: "Booting the backup security monitor"}[image_type]  # fmt: skip
    assert said in world.uart.text


@pytest.mark.parametrize("image_type", [image.TRUSTED_KEYSTORE, image.PLUTON_RUNTIME, MONITOR])
def test_with_both_copies_gone_the_device_stops_and_says_what_it_tried(world, image_type):
    for entry in world.entries:
        if entry.image_type == image_type:
            world.flash.flip_bit(entry.offset + 5, 0)
    with pytest.raises(Failed) as refused:
        world.boot()
    assert "installed primary" in refused.value.policy and "installed backup" in refused.value.policy
    assert not world.cores.started


def test_a_key_store_of_another_root_is_refused(world):
    replace(world, image.TRUSTED_KEYSTORE, (world.keystore(key=world.stranger), {}))
    with pytest.raises(Failed, match="type 19"):
        world.boot()


def test_a_key_store_may_not_sign_its_successor(world):
    replace(world, image.TRUSTED_KEYSTORE, (world.keystore(key=world.os), {}))
    with pytest.raises(Failed, match="type 19"):
        world.boot()


def test_a_key_store_without_an_os_key_stops_the_boot(world):
    replace(world, image.TRUSTED_KEYSTORE, (world.keystore(keys=[(world.app, abi.ROLE_APPLICATION)]), {}))
    with pytest.raises(Untrusted, match="operating system"):
        world.boot()


def test_a_key_store_with_a_point_off_the_curve_stops_the_boot(world):
    world.os.public = b"\x02" * 64
    replace(world, image.TRUSTED_KEYSTORE, (world.keystore(), {}))
    with pytest.raises(Untrusted, match="curve"):
        world.boot()


@pytest.mark.parametrize("name", ["app", "development", "capability", "root", "stranger"])
@pytest.mark.parametrize("image_type", [image.PLUTON_RUNTIME, MONITOR])
def test_only_a_key_with_the_os_role_signs_the_operating_system(world, name, image_type):
    replace(world, image_type, (world.package(image_type, getattr(world, name)), {}))
    with pytest.raises(Failed, match="no image of type"):
        world.boot()


@pytest.mark.parametrize("image_type", [image.TRUSTED_KEYSTORE, image.PLUTON_RUNTIME])
def test_an_early_image_below_its_fused_version_is_refused(world, image_type):
    row = fusemap.KEYSTORE_VERSION if image_type == image.TRUSTED_KEYSTORE else fusemap.RUNTIME_VERSION
    fusemap.advance_version(world.fuses, row, 2)
    with pytest.raises(Failed) as refused:
        world.boot()
    assert "below 2" in refused.value.policy


# The monitor, by the table.


def test_a_monitor_below_its_counter_is_passed_over(world):
    replace(world, MONITOR, (monitor(world, 2), {}), (monitor(world, 1), {"replica": partition.BACKUP}))
    world.port().advance_counter(bytes((MONITOR,)) * 16, 2)
    world.flash.flip_bit(world.entries[-2].offset + 5, 0)
    with pytest.raises(Failed) as refused:
        world.boot()
    assert "Rollback" in refused.value.policy


def test_a_monitor_under_another_component_id_has_the_same_counter(world):
    replace(world, MONITOR, (monitor(world, 2), {}))
    world.port().advance_counter(bytes((MONITOR,)) * 16, 2)
    replace(world, MONITOR, (monitor(world, 1, component=b"\x66" * 16), {}))
    with pytest.raises(Failed) as refused:
        world.boot()
    assert "Rollback" in refused.value.policy


def test_an_image_of_another_type_in_the_monitors_place_is_refused(world):
    other = world.package(image.KERNEL, world.os)
    replace(world, MONITOR, (other, {"image_type": MONITOR}))
    with pytest.raises(Failed) as refused:
        world.boot()
    assert "signed as type 7" in refused.value.policy


def test_two_images_whose_entries_were_swapped_are_refused(world):
    by_type = {e.image_type: e for e in world.entries if e.replica == partition.PRIMARY}
    runtime, watcher = by_type[image.PLUTON_RUNTIME], by_type[MONITOR]
    for field in ("offset", "length"):
        a, b = getattr(runtime, field), getattr(watcher, field)
        setattr(runtime, field, b)
        setattr(watcher, field, a)
    world.entries = [e for e in world.entries if e.replica == partition.PRIMARY]
    world.write_tables()
    with pytest.raises(Failed):
        world.boot()


def test_an_image_of_another_component_is_refused(world):
    replace(world, MONITOR, (monitor(world), {"component": b"\x77" * 16}))
    with pytest.raises(Failed):
        world.boot()


@pytest.mark.parametrize("lie", [{"length": 0}, {"length": 0xFFFF_FFFF}, {"offset": facts.FLASH_SIZE}, {"offset": 0xFFFF_FFF0}, {"length": 70}])
def test_a_table_that_lies_about_the_place_is_survived(world, lie):
    replace(world, MONITOR, (monitor(world), lie), (monitor(world), {"replica": partition.BACKUP}))
    assert world.port().get_boot_mode_flags() == 2


@pytest.mark.parametrize(
    "entries, expected",
    [
        ([(3, {"confirmed": 0, "trial": 0}), (2, {"state": partition.PREVIOUS})], 3),
        ([(3, {"confirmed": 0, "trial": 1}), (2, {"state": partition.PREVIOUS})], 3),
        ([(3, {"confirmed": 0, "trial": 2}), (2, {"state": partition.PREVIOUS})], 2),
        ([(3, {"confirmed": 1, "trial": 2}), (2, {"state": partition.PREVIOUS})], 3),
        ([(3, {"confirmed": 0, "trial": 2})], 3),
        ([(3, {"state": partition.STAGED}), (2, {})], 2),
        ([(2, {"state": partition.PREVIOUS}), (3, {"replica": partition.BACKUP})], 3),
        ([(3, {"confirmed": 0, "trial": 9}), (2, {"replica": partition.BACKUP})], 2),
    ],
)
def test_which_monitor_boots(world, entries, expected):
    replace(world, MONITOR, *[(monitor(world, version), options) for version, options in entries])
    world.boot()
    assert name_of(started(world)) == f"monitor version {expected}"


def test_a_staged_monitor_never_boots(world):
    replace(world, MONITOR, (monitor(world), {"state": partition.STAGED}))
    with pytest.raises(Failed, match="type 4"):
        world.boot()


def test_without_any_table_the_device_stops(world):
    for number in (partition.LOCATOR_TABLE, partition.LOCATOR_TABLE_BACKUP):
        world.flash.erase(facts.FLASH_LAYOUT[number][0])
    with pytest.raises(Failed) as refused:
        world.boot()
    assert "no valid locator table" in refused.value.policy


def test_one_table_is_enough(world):
    world.flash.erase(facts.FLASH_LAYOUT[partition.LOCATOR_TABLE][0])
    world.boot()
    assert name_of(started(world)) == "monitor version 1"


def test_a_newer_table_of_nonsense_does_not_hide_the_older(world):
    table = partition.pack_table(2, [])
    world.write(facts.FLASH_LAYOUT[partition.LOCATOR_TABLE][0], table)
    world.boot()
    assert name_of(started(world)) == "monitor version 1"
