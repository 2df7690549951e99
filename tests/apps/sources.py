"""What tests write apps with."""

HEAD = "from applibs import application, deviceauth, eventloop, gpio, log, networking, storage\n"
EACCES, EBUSY, EINVAL, ENODEV, ENOENT, ENOSPC, EBADF, EEXIST, EAGAIN = 13, 16, 22, 19, 2, 28, 9, 17, 11


def app(body):
    """An app whose main is `body`."""
    return HEAD + "async def main(*arguments):\n" + "\n".join("    " + line for line in body.strip().split("\n")) + "\n"
