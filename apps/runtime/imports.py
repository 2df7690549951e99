"""What an app may import: the application libraries, and harmless parts of the standard library.

This keeps an app honest about what it depends on, and the same on every interpreter. It is not what
confines it: that is the system-call gate, and in boxed mode the jail around the process, in which
no file, no socket and no module of another ring can be reached whatever an app imports.
"""

from __future__ import annotations

import sys

from ..applibs import (
    adc,
    application,
    deviceauth,
    eventloop,
    gpio,
    i2c,
    log,
    networking,
    pwm,
    spi,
    storage,
    uart,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Import = Callable[..., Any]

LIBRARIES = {
    "adc": adc, "application": application, "deviceauth": deviceauth, "eventloop": eventloop, "gpio": gpio, "i2c": i2c,
    "log": log, "networking": networking, "pwm": pwm, "spi": spi, "storage": storage, "uart": uart,
}  # fmt: skip
PACKAGES = ("applibs", "armillary.apps.applibs")
STANDARD = (
    "__future__", "array", "binascii", "collections", "errno", "hashlib", "heapq", "json", "math", "re", "struct",
    "time", "typing",
)  # fmt: skip
WITHHELD = ("breakpoint", "compile", "eval", "exec", "exit", "help", "input", "open", "quit")


class Libraries:
    """The package `applibs` as an app sees it."""

    def __init__(self) -> None:
        for name, library in LIBRARIES.items():
            setattr(self, name, library)


def importer(original: Import) -> Import:
    """An `__import__` for one app over the interpreter's own."""
    libraries = Libraries()

    def load(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        if level == 0 and name in PACKAGES and fromlist:
            for wanted in fromlist:
                if wanted not in LIBRARIES:
                    raise ImportError("applibs has no " + str(wanted))
            return libraries
        package, _, library = name.rpartition(".")
        if level == 0 and package in PACKAGES and library in LIBRARIES and fromlist:
            return LIBRARIES[library]
        if level == 0 and name in STANDARD:
            return original(name, globals, locals, fromlist, level)
        raise ImportError(
            "an app cannot import {}; it can `from applibs import {}`, and import {}".format(
                name, ", ".join(sorted(LIBRARIES)), ", ".join(STANDARD)
            )
        )

    return load


def names_for_app(builtins: Any) -> dict[str, Any]:
    """The namespace an app begins with. `builtins` is the interpreter's own, None on MicroPython, where a
    namespace cannot have others: there the libraries are entered among the loaded modules."""
    names: dict[str, Any] = {"__name__": "__main__"}
    if builtins is None:
        sys.modules["applibs"] = Libraries()  # type: ignore[assignment]  # any object will do there
    else:
        names["__builtins__"] = builtins_for(builtins if isinstance(builtins, dict) else builtins.__dict__)
    return names


def builtins_for(table: dict[str, Any]) -> dict[str, Any]:
    """The built-in names an app has: all but those that turn text into code or reach for files.

    `print` writes to the device log.
    """
    names = {name: value for name, value in table.items() if name not in WITHHELD}
    names["__import__"] = importer(table["__import__"])
    names["print"] = show
    return names


def show(*values: object, sep: str = " ", end: str = "") -> None:
    """`print` for apps: one line of the device log."""
    log.debug("%s", sep.join([str(value) for value in values]) + end)
