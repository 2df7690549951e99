"""Results on standard output, as tables for people or JSON for programs; progress on standard error.

What devices and images say of themselves is text from outside: control characters are shown, never
sent to the terminal. Piped output has no colour, no box and no cut columns.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from .base import FORMAT

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

WIDE = 4096  # columns of a pipe
Row = Mapping[str, Any]
Column = tuple[str, "str | Callable[[Any], object]"]  # title, key of the row or a function of it


def is_json() -> bool:
    """Whether the user asked for JSON."""
    return click.get_current_context().meta.get(FORMAT) == "json"


def clean(text: object) -> str:
    """`text` with nothing in it that would steer a terminal."""
    return "".join([letter if letter.isprintable() or letter in "\n\t" else _shown(letter) for letter in str(text)])


def _shown(letter: str) -> str:
    return letter.encode("unicode_escape", "surrogatepass").decode()


def show_json(value: object) -> None:
    """Print `value` as indented JSON."""
    click.echo(json.dumps(value, indent=2))


def show_line(value: object) -> None:
    """Print `value` as JSON in one line, now: one object of a stream."""
    click.echo(json.dumps(value))
    sys.stdout.flush()


def say(text: str) -> None:
    """Print a line for people; nothing when JSON was asked for."""
    if not is_json():
        click.echo(clean(text))


def unescape(text: str, option: str) -> bytes:
    """The bytes of a text with Python's escapes. Raises click.BadParameter for an escape that is none."""
    try:
        return text.encode().decode("unicode_escape").encode("latin-1", "replace")
    except UnicodeError as problem:
        raise click.BadParameter(f"{text!r} has an escape that is none ({problem}): a backslash itself is two", param_hint=option) from None


def warn(text: str) -> None:
    """Print a warning on standard error."""
    click.echo("armillary: WARNING: " + clean(text), err=True)


def show_result(value: object, text: str) -> None:
    """Print `value` for programs, `text` for people."""
    if is_json():
        show_json(value)
    else:
        click.echo(clean(text))


def show_rows(rows: Sequence[Row], columns: Sequence[Column], nothing: str = "none") -> None:
    """Print rows as a table of `columns`, or all of them as JSON; `nothing` tells people that there are none."""
    if is_json():
        show_json(list(rows))
    elif not rows:
        click.echo(nothing, err=True)
    else:
        show_table(make_table([title for title, _ in columns], [[_value(row, of) for _, of in columns] for row in rows]))


def show_record(record: Row, fields: Sequence[Column]) -> None:
    """Print one thing: a line for each of its `fields`, or all of it as JSON."""
    if is_json():
        show_json(record)
        return
    width = max(len(title) for title, _ in fields)
    for title, of in fields:
        lines = clean(_text(_value(record, of))).split("\n")
        for number, line in enumerate(lines):
            click.echo((f"{title + ':' if not number else '':{width + 2}}{line}").rstrip())


def _value(row: Row, of: str | Callable[[Any], object]) -> object:
    return of(row) if callable(of) else row.get(of)


def _text(value: object) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(each) for each in value) or "-"
    return str(value)


def make_table(titles: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """A table without lines, titles in capitals; a number stands at the right."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for at, title in enumerate(titles):
        is_number = bool(rows) and all(isinstance(row[at], (int, float)) and not isinstance(row[at], bool) for row in rows)
        table.add_column(title.upper(), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*[each if isinstance(each, Text) else Text(clean(_text(each))) for each in row])
    return table


def show_table(table: Table) -> None:
    """Print a table, plain and uncut where it is piped."""
    console = stdout()
    with console.capture() as captured:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().rstrip("\n").split("\n")))


def stdout() -> Console:
    """rich's view of standard output as it is now."""
    from rich.console import Console

    is_terminal = sys.stdout.isatty()
    return Console(file=sys.stdout, width=None if is_terminal else WIDE, highlight=False, markup=False, emoji=False)


@contextlib.contextmanager
def progress(text: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal's standard error what is going on; the yielded function changes the text."""
    if not sys.stderr.isatty():
        yield lambda now: None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(escape(text)) as status:
        yield lambda now: status.update(escape(now))


def short(text: object, length: int = 12) -> str:
    """The beginning of a long identifier."""
    return str(text)[:length] if text else "-"


def date(unix_s: object) -> str:
    """Unix seconds as a UTC date and time; "-" for none."""
    if not isinstance(unix_s, (int, float)):
        return "-"
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(unix_s))
