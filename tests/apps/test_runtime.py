"""The runtime finds an app in its package, drives it, and ends it; whatever the app is or does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.apps.applibs import current, errors, eventloop, log
from armillary.apps.runtime import app as runtime
from armillary.apps.runtime import crash, imports
from armillary.kernel import abi
from armillary.wire.call import LATER, Gate
from armillary.wire.fault import Invalid


class Kernel:
    """The other end of an app's link: notes what it is asked."""

    def __init__(self):
        self.logged, self.reports, self.codes = [], [], []
        self.gate = Gate("kernel", "app", {
            abi.LOG: self.logged.append, abi.CRASHED: self.reports.append, abi.EXIT: self.codes.append,
            abi.CLOCK: lambda: (0, 0), abi.WAIT: lambda timeout_ms, handles: LATER,
        })  # fmt: skip


@pytest.fixture
def kernel():
    return Kernel()


@pytest.fixture
def make(kernel, maker):
    def build(source, arguments=(), link=None, **more):
        return runtime.App(maker.app_package("probe", source, arguments=arguments, **more), link or kernel.gate)

    return build


def drive(app, kernel):
    """Resume an app until it ends, every wait timing out at once."""
    reply, waits = None, 0
    while (request := app.resume(reply)) is not None:
        assert kernel.gate(request) is None
        reply, waits = kernel.gate.complete((abi.STOP, 0) if waits > 5 else (abi.TIMEOUT, 0)), waits + 1
    return waits


def test_an_app_runs_waits_and_ends(make, kernel):
    app = make("""
from applibs import eventloop, log
async def main():
    log.debug("before")
    await eventloop.sleep(0)
    log.debug("after")
""")
    assert drive(app, kernel) == 1
    assert kernel.logged == ["before", "after"] and kernel.codes == [0] and kernel.reports == []
    assert app.resume(None) is None and kernel.codes == [0]  # ended once


@pytest.mark.parametrize("source, arguments, said", [
    ("async def main(*words):", ["a", "b"], "('a', 'b')"), ("async def main(*words):", [], "()"),
    ("async def main(one, two):\n    words = (two, one)\n    ", ["a", "b"], "('b', 'a')"),
    ("async def main():\n    words = ()\n    ", ["a", "b"], "()"),
    ("async def main(one='x'):\n    words = one\n    ", [], "x"),
])  # fmt: skip
def test_main_gets_the_arguments_of_the_manifest_if_it_takes_them(make, kernel, source, arguments, said):
    head = "from applibs import log\n" + source
    app = make(head + ("\n    " if source.endswith(":") else "") + "log.debug('%s', str(words))\n", arguments)
    app.resume(None)
    assert kernel.logged == [said], kernel.reports


@pytest.mark.parametrize("source, words", [
    ("x = (", "SyntaxError"), ("raise ValueError('at import')", "ValueError: at import"),
    ("def main():\n    pass", "main is not a coroutine"), ("x = 1", "has no main"),
    ("async def main(a, b, c):\n    pass", "TypeError"), ("main = 5", "TypeError"),
    ("async def main():\n    1 / 0", "ZeroDivisionError"),
    ("async def main():\n    raise BaseException('odd')", "BaseException: odd"),
    ("async def main():\n    raise KeyboardInterrupt", "KeyboardInterrupt"),
    ("async def main():\n    raise GeneratorExit", "GeneratorExit"),
    ("class Odd(Exception):\n    def __str__(self):\n        raise ValueError\nasync def main():\n    raise Odd", "Odd"),
    ("async def main():\n    await main()", "RecursionError"),
])  # fmt: skip
def test_whatever_an_app_raises_ends_it_and_is_told(make, kernel, source, words):
    app = make(source + "\n")
    assert app.resume(None) is None
    assert kernel.codes == [1] and words in kernel.reports[0]


@pytest.mark.parametrize("value, code", [("", 0), ("None", 0), ("0", 0), ("3", 3), ("259", 3), ("'message'", 1)])
def test_a_system_exit_ends_the_app_with_its_code(make, kernel, value, code):
    make("async def main():\n    raise SystemExit({})\n".format(value)).resume(None)
    assert kernel.codes == [code] and kernel.reports == []


def test_a_traceback_has_the_apps_paths_and_no_other(make, kernel):
    app = make("""
from applibs import gpio
def inner():
    gpio.open_as_output(8)
async def main():
    inner()
""")
    app.resume(None)
    lines = kernel.reports[0].split("\n")
    assert lines[1:3] == ['  File "/bin/app.py", line 6, in main', '  File "/bin/app.py", line 4, in inner']
    assert len(lines) == 4 and ".py" not in lines[3]


def test_a_deep_traceback_and_a_long_message_are_cut(make, kernel):
    make("""
def deeper(n):
    if n == 0:
        raise ValueError("é" * 10000)
    deeper(n - 1)
async def main():
    deeper(100)
""").resume(None)
    assert len(kernel.reports[0].encode()) <= crash.MOST and kernel.reports[0].endswith("é")


@given(st.text(max_size=8000))
def test_any_report_is_cut_to_what_a_message_takes(text):
    found = crash.cut(text)
    assert len(found.encode()) <= crash.MOST and text.endswith(found)
    assert found == text or len(found.encode()) > crash.MOST // 4


def test_a_source_that_is_not_text_is_the_apps_own_crash(maker, kernel, kit):
    from armillary.wire import asxipfs, image

    tree = [("app_manifest.json", kit.manifest_of("probe"), False), ("bin/app.py", b"# \xff\n", True)]
    app = runtime.App(maker.sign(asxipfs.pack(tree), image.APPLICATIONS, kit.component_of("probe")), kernel.gate)
    app.resume(None)
    assert kernel.codes == [1] and "/bin/app.py" in kernel.reports[0]


# -- whose port -------------------------------------------------------------------------------------------


def test_apps_in_one_process_never_use_each_others_port(make, maker):
    source = """
from applibs import eventloop, log
async def main(name):
    while True:
        log.debug(name)
        await eventloop.sleep(1)
"""
    kernels = [Kernel() for _ in range(3)]
    apps = [make(source, [str(number)], kernel.gate) for number, kernel in enumerate(kernels)]
    replies = [None] * 3
    for _ in range(4):
        for number, app in enumerate(apps):
            request = app.resume(replies[number])
            kernels[number].gate(request)
            replies[number] = kernels[number].gate.complete((abi.TIMEOUT, 0))
    for number, kernel in enumerate(kernels):
        assert set(kernel.logged) == {str(number)}
    for app in apps:
        app.close()


def test_outside_of_an_app_there_is_no_port():
    assert current.app.port is None
    with pytest.raises(OSError, match="no app is running"):
        log.debug("who?")
    with pytest.raises(OSError, match="no app is running"):
        errors.ask(lambda kernel: kernel.clock())


def test_the_port_is_given_back_however_an_app_ends(make):
    for source in ("raise ValueError", "async def main():\n    raise SystemExit", "async def main():\n    pass"):
        make(source + "\n").resume(None)
        assert current.app.port is None


# -- what comes up from below -----------------------------------------------------------------------------------


class Power(BaseException):
    pass


@pytest.mark.parametrize("error", [Power, ZeroDivisionError])
def test_a_defect_below_or_a_power_cut_is_not_the_apps_and_goes_through(make, kernel, error):
    def link(request):
        if request[0] == abi.LOG.op:
            raise error
        return kernel.gate(request)

    app = make("""
from applibs import log
async def main():
    try:
        log.debug("x")
    except BaseException:
        pass
    raise ValueError("hidden")
""", link=link)
    with pytest.raises(error):
        app.resume(None)
    assert kernel.reports == []


def test_an_app_whose_kernel_is_gone_ends_quietly(make):
    app = make("from applibs import log\nasync def main():\n    log.debug('x')\n", link=lambda request: b"")
    assert app.resume(None) is None and app.exit_code == 1


# -- stopping ------------------------------------------------------------------------------------------------


def test_an_app_that_is_stopped_ends_with_zero(make, kernel):
    app = make("from applibs import eventloop\nasync def main():\n    while True:\n        await eventloop.sleep(1)\n")
    assert drive(app, kernel) == 7
    assert kernel.codes == [0] and kernel.reports == []
    assert not issubclass(eventloop.Stopped, Exception)


def test_an_abandoned_app_runs_its_finally_clauses_and_cannot_go_on(make, kernel):
    app = make("""
from applibs import eventloop
seen = []
async def main():
    try:
        await eventloop.sleep(1)
    finally:
        await eventloop.sleep(1)
        raise ValueError("no")
""")
    kernel.gate(app.resume(None))
    app.close()
    app.close()
    assert app.resume(b"") is None and current.app.port is None


def test_an_app_that_never_began_can_be_closed(make):
    make("async def main():\n    pass\n").close()


# -- what may be imported -------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [
    "import json, math, struct, re, time, binascii, hashlib, collections, errno",
    "from applibs import gpio, log, eventloop, storage, networking, deviceauth, application",
    "from armillary.apps.applibs import gpio", "from applibs.gpio import open_as_output, HIGH",
    "from __future__ import annotations", "from collections import namedtuple",
])  # fmt: skip
def test_libraries_and_harmless_modules_can_be_imported(make, kernel, line):
    make(line + "\nasync def main():\n    pass\n").resume(None)
    assert kernel.codes == [0], kernel.reports


@pytest.mark.parametrize("line", [
    "import os", "import sys", "import socket", "import subprocess", "import ctypes", "import builtins", "import importlib",
    "import armillary", "from armillary.kernel import core", "from armillary.apps.runtime import app",
    "from applibs import current", "from applibs import errors", "import applibs.current", "from applibs.current import app",
    "from armillary.wire import call", "from . import x", "from .. import applibs", "import armillary.apps.applibs",
    "from applibs import *",
])  # fmt: skip
def test_nothing_else_can_be(make, kernel, line):
    make(line + "\nasync def main():\n    pass\n").resume(None)
    assert kernel.codes == [1] and "ImportError" in kernel.reports[0]


@pytest.mark.parametrize("name", imports.WITHHELD)
def test_what_turns_text_into_code_or_reaches_for_files_is_withheld(make, kernel, name):
    make("async def main():\n    {}\n".format(name)).resume(None)
    assert "NameError" in kernel.reports[0]


def test_print_goes_to_the_log(make, kernel):
    make("async def main():\n    print('a', 1, '%s', sep='-')\n").resume(None)
    assert kernel.logged == ["a-1-%s"]


def test_one_app_leaves_no_names_for_the_next(make, kernel):
    make("import json\njson.mine = 1\nglobal_name = 5\nasync def main():\n    pass\n").resume(None)
    make("async def main():\n    global_name\n").resume(None)
    assert "NameError" in kernel.reports[0]


def test_a_package_that_is_no_app_is_refused(maker):
    from armillary.wire import asxipfs, image

    body = asxipfs.pack([("other.txt", b"x", False)])
    with pytest.raises(Invalid):
        runtime.App(maker.sign(body, image.APPLICATIONS, bytes(16)), lambda request: b"")


# -- an address space of its own -------------------------------------------------------------------------------


class Machine:
    """What a bootstrap gives: answers each wait at once."""

    def __init__(self, package, kernel):
        self.load = [b"the runtime", package]
        self.kernel = kernel

    def link(self, name):
        assert name == "syscall"
        return lambda request: self.kernel.gate(request) or self.kernel.gate.complete((abi.TIMEOUT, 0))


@pytest.mark.parametrize("end, code", [("pass", 0), ("raise SystemExit(7)", 7), ("1 / 0", 1)])
def test_in_its_own_process_an_app_is_driven_to_its_end(maker, kernel, end, code):
    source = "from applibs import eventloop, log\nasync def main():\n    await eventloop.sleep(0)\n    log.debug('x')\n    "
    with pytest.raises(SystemExit) as ended:
        runtime.main(Machine(maker.app_package("probe", source + end + "\n"), kernel))
    assert ended.value.code == code and kernel.logged == ["x"] and kernel.codes == [code]
