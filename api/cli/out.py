"""What commands print: JSON for machines, tables for people, a bar where it takes a while."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import click
import typer

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]


def document(value: object) -> None:
    """A value as JSON on one line."""
    click.echo(json.dumps(value, default=said, ensure_ascii=False))


def lines(rows: Iterable[Mapping[str, object]], out: Path | None) -> int:
    """Rows as NDJSON, to a file or to standard output; how many."""
    count = 0
    with _sink(out) as write:
        for row in rows:
            write(json.dumps(row, default=said, ensure_ascii=False) + "\n")
            count += 1
    return count


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None) -> None:
    """A table for people; numbers to the right, nothing shown as a dash."""
    from rich.console import Console
    from rich.table import Table

    cells = [list(row) for row in rows]
    drawn = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for place, name in enumerate(columns):
        numbers = any(isinstance(row[place], int | float) for row in cells)
        drawn.add_column(name, justify="right" if numbers else "left", overflow="fold")
    for row in cells:
        drawn.add_row(*(_cell(value) for value in row))
    Console(highlight=False, width=None if sys.stdout.isatty() else 140).print(drawn)


@contextmanager
def bar(text: str, shown: bool) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal; what it gives takes how much is done, of how much in all."""
    if not shown or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(text, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def stages(shown: bool) -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar whose text tells the stage; what it gives takes stage, how much is done, of how much in all."""
    if not shown or not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)

        def say(stage: str, done: int, total: int) -> None:
            progress.update(task, description=stage, completed=done, total=total if total > 1 else None)

        yield say


def _cell(value: object) -> str:
    from rich.markup import escape

    if value is None:
        return "–"
    if isinstance(value, datetime):
        return said(value.replace(microsecond=0))
    return f"{value:.4g}" if isinstance(value, float) else escape(str(value))


def said(value: object) -> str:
    """What JSON has no kind for: instants as in the API, all else as it prints."""
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


@contextmanager
def _sink(out: Path | None) -> Iterator[Callable[[str], Any]]:
    """Where lines go; a file is complete or not there."""
    if out is None:
        yield sys.stdout.write
        return
    aside = out.with_name(f".{out.name}.part")
    try:
        with aside.open("w", encoding="utf-8") as file:
            yield file.write
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)
