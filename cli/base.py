"""Commands as they are everywhere in `armillary`: loaded when named, with `--output`, errors in words.

Nothing heavy is imported at the top of a module of this package: `armillary --help` and a typing
mistake must answer at once. What a command needs, it imports when it runs.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import IO, Any

import click

FORMAT = "armillary.output"  # where click's context keeps the chosen form
FORMS = ("table", "json")
ENGINE_FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "native")
INTERRUPTED = 130  # what shells say of a program that Ctrl-C ended


class Problem(click.ClickException):
    """What the user asked for cannot be done: why, and what to do next. Exit status 1."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.remedy = remedy

    def show(self, file: IO[Any] | None = None) -> None:
        """One line that says what is wrong, and one that says what to do, on standard error."""
        from .output import clean

        click.echo("armillary: " + clean(self.message), err=True)
        if self.remedy:
            click.echo("  to go on: " + clean(self.remedy), err=True)


def _choose(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.meta[FORMAT] = value


def output_option() -> click.Option:
    """`--output`, which every command and group takes; the innermost that was given counts."""
    return click.Option(
        ["--output", "output_form"], type=click.Choice(FORMS), expose_value=False, callback=_choose, is_eager=True,
        help="How to print the result (default: table).",
    )  # fmt: skip


class Command(click.Command):
    """A command that takes `--output`."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.params.append(output_option())


class Group(click.Group):
    """A group whose commands take `--output`."""

    command_class = Command

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.params.append(output_option())


class LazyGroup(Group):
    """A group whose commands are imported when they are used.

    `table` maps a command's name to (module of this package, name in it, one line of help).
    """

    def __init__(self, *arguments: Any, table: Mapping[str, tuple[str, str, str]], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.table = dict(table)

    def list_commands(self, context: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(self.table)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command, its module imported now; None if there is none."""
        if name not in self.table:
            return None
        module, attribute, _ = self.table[name]
        found: click.Command = getattr(importlib.import_module("armillary.cli." + module), attribute)
        return found

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, row[2]) for name, row in self.table.items()])

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's; for an unknown name, also the known one that looks most like it."""
        import difflib

        if arguments and arguments[0] not in self.table and not arguments[0].startswith("-"):
            near = difflib.get_close_matches(arguments[0], self.table, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            context.fail(f"No such command {arguments[0]!r}.{hint}")
        return super().resolve_command(context, arguments)


class Root(LazyGroup):
    """The outermost group: whatever goes wrong inside becomes a `Problem`."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command. Raises Problem for everything that is not click's own."""
        try:
            _tell_slow_crypto()
            return super().invoke(context)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            context.exit(INTERRUPTED)
        except Exception as error:  # the boundary to the person: never a traceback
            raise translate(error) from None


def _tell_slow_crypto() -> None:
    """Without the C engine, say so at every start; with it this costs a look for its file."""
    if not any(name.startswith("_native.") and not name.endswith(".pyi") for name in os.listdir(ENGINE_FOLDER)):
        from armillary import native

        from .output import warn

        warn(native.warning())


def translate(error: Exception) -> Problem:
    """The problem that `error` is, in words."""
    for ancestor in type(error).__mro__:
        found = WORDS.get(ancestor.__module__.removeprefix("armillary.") + "." + ancestor.__qualname__)
        if found is not None:
            return found(error)
    return _defect(error)


def _plain(error: Any) -> Problem:
    """Reason and remedy of "reason: remedy", where what follows the last colon tells to do something."""
    reason, _, remedy = str(error).rpartition(": ")
    is_advice = bool(reason) and remedy.partition(" ")[0] in ADVICE
    return Problem(reason, remedy) if is_advice else Problem(str(error))


def _refused(error: Any) -> Problem:
    return Problem(f"the service refused: {error.reason} ({error.error})", REMEDIES.get(error.error, error.remedy))


def _fault(error: Any) -> Problem:
    policy = f" (decided by {error.policy})" if error.policy else ""
    return Problem(f"{error.reason or type(error).__name__}{policy}", error.remedy)


def _host(error: Any) -> Problem:
    where = f"{error.filename}: " if error.filename else ""
    return Problem(where + (error.strerror or str(error) or type(error).__name__))


def _tls(error: Any) -> Problem:
    return Problem(
        f"the service is not the one expected: {getattr(error, 'verify_message', '') or error.reason or error}",
        "name its root certificate with --root, and the address its certificate names with --service",
    )


def _gone(error: Any) -> Problem:
    return Problem(f"the service does not answer: {error}", "start it with 'armillary service run', or name it with --service")


def _defect(error: Exception) -> Problem:
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    if os.environ.get("ARMILLARY_DEBUG"):
        traceback.print_exception(error, file=sys.stderr)
    return Problem(
        f"a defect of armillary: {type(error).__name__}: {error}{where}", "set ARMILLARY_DEBUG=1 for the whole story, and report it"
    )


ADVICE = ("make", "start", "stop", "choose", "use", "create", "restore", "chmod", "see", "give", "upload", "claim")
REMEDIES = {
    "token-unknown": "set ARMILLARY_TOKEN to a token that this service gave out",
    "image-untrusted": "register the key with 'armillary key register NAME', or sign again with 'armillary image sign'",
    "device-unknown": "claim it with 'armillary device claim'",
    "device-claimed": "its owner can give it up with 'armillary device unclaim'",
    "release-exists": "choose another name",
}
# module and name of an exception's class: what it is in words. By name, so that nothing is imported for it.
WORDS: dict[str, Callable[[Any], Problem]] = {
    "boards.sim.client.BoardProblem": _plain,
    "boards.keys.KeyProblem": _plain,
    "boards.lms.LmsProblem": _plain,
    "boards.apps.AppProblem": _plain,
    "boards.mt3620.build.BuildProblem": _plain,
    "hal.sim.folder.FolderError": _plain,
    "service.folder.BadFolder": _plain,
    "service.client.ServiceError": _refused,
    "wire.fault.Fault": _fault,
    "ssl.SSLError": _tls,
    "builtins.ConnectionError": _gone,
    "builtins.TimeoutError": _gone,
    "socket.gaierror": _gone,
    "builtins.OSError": _host,
}
