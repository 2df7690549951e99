"""One app: its coroutine, its port, and whoever drives it.

    app = App(package, link)
    request = app.resume(None)          # runs the app until it waits: the request of its `wait` call
    request = app.resume(reply)         # ... and so on, until None: the app has ended

The kernel had the package verified; what runs of it is its entry point.
"""

from __future__ import annotations

from ...kernel.port import KernelPort
from ...wire import image, manifest, utf8
from ...wire.asxipfs import FileSystem
from ...wire.fault import Fault, Invalid
from ..applibs.current import app as current
from ..applibs.eventloop import Stopped
from . import crash
from .imports import names_for_app

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

CRASH_CODE = 1


class App:
    """An app over `link` (request bytes to reply bytes, for every call but `wait`).

    `exit_code` is None until the app has ended. Raises Invalid if the package is not an app.
    """

    def __init__(self, package: bytes, link: Callable[[bytes], bytes]) -> None:
        files = FileSystem(image.parse(package).body)
        self.manifest = manifest.load(files)
        self.exit_code: int | None = None
        self._path = self.manifest.entry_point
        self._source = files.read(self._path)
        self._link = link
        self._broken: BaseException | None = None  # what came up from below while the app ran
        self._port = KernelPort(self._cross)
        self._coroutine: Generator[bytes, bytes | None, None] | None = None

    def resume(self, reply: bytes | None) -> bytes | None:
        """Run until the app waits, and return the request that waits; None once it has ended.

        `reply` is that of the last request, None the first time. Whatever the app raises ends it: the
        kernel is told why.
        """
        if self.exit_code is not None:
            return None
        before, current.port = current.port, self._port
        try:
            return self._run(reply)
        except StopIteration:
            self._end(0, "")
        except (Stopped, SystemExit) as end:
            self._end(exit_code(end), "")
        except BaseException as error:  # the boundary of an app, which may raise anything
            if self._broken is not None:
                raise self._broken  # not the app's doing: a defect below, or the power went
            self._end(CRASH_CODE, crash.report(error, self._path))
        finally:
            current.port = before
        return None

    def close(self) -> None:
        """Abandon the app: its `finally` clauses run, but it cannot go on."""
        coroutine, self._coroutine = self._coroutine, None
        if coroutine is not None and self.exit_code is None:
            self.exit_code = CRASH_CODE
            before, current.port = current.port, self._port
            try:
                coroutine.close()
            except BaseException:  # it was told to go; how it takes that is its own affair
                if self._broken is not None:
                    raise self._broken
            finally:
                current.port = before

    def _run(self, reply: bytes | None) -> bytes:
        if self._coroutine is None:
            self._coroutine = self._begin()
        return self._coroutine.send(reply)

    def _begin(self) -> Any:
        names = names_for_app(globals().get("__builtins__"))
        exec(compile(utf8.decode(self._source, self._path), self._path, "exec"), names)
        if "main" not in names:
            raise Invalid(self._path + " has no main", "", "runtime.main", remedy="define `async def main():`")
        coroutine = call_main(names["main"], self.manifest.arguments)
        if not hasattr(coroutine, "send"):
            raise Invalid("main is not a coroutine", "", "runtime.main", remedy="define `async def main():`")
        return coroutine

    def _cross(self, request: bytes) -> bytes:
        try:
            return self._link(request)
        except BaseException as error:
            self._broken = error
            raise

    def _end(self, code: int, report: str) -> None:
        """Tell the kernel; if it cannot be told any more, it knows by the end of the task."""
        self.exit_code = code
        try:
            if report:
                self._port.crashed(report)
            self._port.exit(code)
        except Fault:
            pass


def call_main(main: Callable[..., Any], arguments: tuple[str, ...]) -> Any:
    """`main(*arguments)` (CmdArgs), or `main()` if it does not take them. Nothing of an `async def` runs
    before it is awaited, so a first call that did not fit has done nothing."""
    try:
        return main(*arguments)
    except TypeError:
        return main()


def exit_code(end: BaseException) -> int:
    """The code of a SystemExit, 0 of a Stopped."""
    value = end.args[0] if end.args else 0
    return value & 0xFF if isinstance(value, int) else 0 if value is None else CRASH_CODE


def main(machine: Any) -> None:
    """The app's own process (boxed mode): drive it over the system-call channel until it ends."""
    link = machine.link("syscall")
    app = App(machine.load[1], link)
    reply: bytes | None = None
    while True:
        request = app.resume(reply)
        if request is None:
            raise SystemExit(app.exit_code)
        reply = link(request)
