"""What runs on core 1, and how the images of a device are replaced."""


from armillary.wire import image

MONITOR = image.SECURITY_MONITOR


def started(world):
    """The package that core 1 was started on."""
    [(core, code)] = world.cores.started
    assert core == 1 and int.from_bytes(code[:4], "little") == len(code) - 4
    return code[4:]


def name_of(package):
    return image.parse(package).body.rstrip(b".").decode()


def replace(world, image_type, *placed):
    """Forget the entries of a type and place (package, options) instead."""
    world.entries = [entry for entry in world.entries if entry.image_type != image_type]
    for package, options in placed:
        world.place(package, **options)
    world.write_tables()


def monitor(world, version=1, key=None, **more):
    return world.package(MONITOR, key or world.os, version, name=more.pop("name", "monitor"), **more)
