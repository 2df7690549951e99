"""What a device says of itself on its debug UART, read back as records.

The kernel puts an app's name before each line of the app, so an app cannot pass for the kernel here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from armillary.wire.fault import ALL, Fault

CRASHED = re.compile(r"\[kernel\] (?P<app>.*?) crashed: (?P<reason>.*)")
APP_LINE = re.compile(r"app (?P<app>[^:]*): (?P<text>.*)")
REFUSED = re.compile(r"\[kernel\] (?:app [^:]* was not started|update of [^:]*|.* did not start|.* was denied): (?P<fault>.*)")
NAMES = {kind.__name__ for kind in ALL}
EXPLAINED = re.compile(  # `wire.fault.explain`
    r"(?P<fault>[A-Z]\w+): (?P<reason>.*?) \[(?P<ring>\w+|\?) rule (?P<rule>[\w.-]+)\]"
    r"(?: \(decided by (?P<policy>.*?)\))?(?:; to allow it: (?P<remedy>.*))?$"
)


@dataclass(frozen=True)
class Crash:
    """A run of an app that ended by an exception, an exit code or a signal. `traceback` may be empty."""

    app: str
    reason: str
    traceback: str = ""


@dataclass(frozen=True)
class Denial:
    """A request that a rule refused: `fault` is the kind of refusal, `policy` what decided, `remedy` what
    would make it lawful."""

    fault: str
    reason: str
    ring: str
    rule: str
    policy: str = ""
    remedy: str = ""


def of(fault: Fault) -> Denial:
    """The denial that a fault with a rule is."""
    return Denial(type(fault).__name__, fault.reason, fault.ring, fault.rule, fault.policy, fault.remedy)


def denial(text: str) -> Denial | None:
    """The denial that `text` explains; None if no rule is named in it."""
    found = EXPLAINED.match(text)
    if found is None or found["fault"] not in NAMES:
        return None
    return Denial(**{name: value or "" for name, value in found.groupdict().items()})


def traced(line: str) -> Denial | None:
    """The denial in a line of the trace; None if it is no refused system call. An argument may hold any text,
    so the verdict is what follows the first parenthesis after which a refusal is explained."""
    parts = line.split(" ", 3)
    if parts[1:3] != ["kernel", "app"] or line.endswith(") ok"):
        return None
    at = line.find(") ")
    while at >= 0:
        found = denial(line[at + 2 :])
        if found is not None:
            return found
        at = line.find(") ", at + 1)
    return None


def refusals(log: str) -> list[Denial]:
    """What the kernel refused of its own accord: apps that may not run, updates that may not be installed."""
    matches = [REFUSED.match(line) for line in log.splitlines()]
    found = [denial(match["fault"]) for match in matches if match]
    return [each for each in found if each is not None]


def app_lines(log: str, app: str) -> list[str]:
    """The lines that `app` wrote, without its name."""
    matches = [APP_LINE.match(line) for line in log.splitlines()]
    return [match["text"] for match in matches if match and match["app"] == app]


def crashes(log: str) -> list[Crash]:
    """Every crash, in order, each with the traceback that came before it."""
    found: list[Crash] = []
    said: dict[str, list[str]] = {}
    for line in log.splitlines():
        spoken, crashed = APP_LINE.match(line), CRASHED.match(line)
        if spoken:
            lines = said.setdefault(spoken["app"], [])
            if spoken["text"].startswith("Traceback "):
                lines.clear()
            lines.append(spoken["text"])
        elif crashed:
            lines = said.pop(crashed["app"], [])
            is_traceback = bool(lines) and lines[0].startswith("Traceback ")
            found.append(Crash(crashed["app"], crashed["reason"], "\n".join(lines) if is_traceback else ""))
    return found
