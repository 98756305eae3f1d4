"""Files taken in: read in batches, parsed row by row, stored batch by batch, with what is wrong written beside."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from engine.config import Settings
from engine.domain.intake import COLUMNS, PARSERS, REQUIRED, Reading, Row
from engine.domain.pairs import may_be_twice, named_twice
from engine.errors import InputError, Problem, shown
from engine.store import items, orders
from engine.store.database import Database, Tx
from engine.store.taking import take

BATCH = 20_000  # rows parsed and stored at a time
Progress = Callable[[int, int], None]  # bytes read so far, bytes in all


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What became of the rows of some files."""

    read: int = 0
    stored: int = 0
    rejected: int = 0
    rejects_files: tuple[Path, ...] = ()

    def __add__(self, other: Summary) -> Summary:
        return Summary(
            read=self.read + other.read,
            stored=self.stored + other.stored,
            rejected=self.rejected + other.rejected,
            rejects_files=self.rejects_files + other.rejects_files,
        )


@dataclass(frozen=True, slots=True)
class Broken:
    """A row that could not be read at all."""

    problem: Problem


def run(
    db: Database,
    kind: str,
    files: Sequence[Path],
    *,
    settings: Settings,
    now: datetime,
    mapping: Mapping[str, str] | None = None,
    assume_timezone: ZoneInfo | None = None,
    progress: Progress = lambda done, total: None,
) -> Summary:
    """Take in files of one kind; good rows are stored, bad ones listed in ``FILE.rejects.ndjson``.

    Parameters
    ----------
    kind : items, customers, orders, events or surveys
    mapping : field -> column, for files that name their columns otherwise
    assume_timezone : zone of times without offset; without it they are rejected

    Raises
    ------
    InputError
        where a file cannot be read at all: its ending, its header, the mapping
    """
    named = _named(kind, mapping or {})
    for file in files:
        _readable(file)
    reading = Reading(
        zone=settings.timezone,
        currency=settings.currency,
        naive_zone=assume_timezone,
        latest=settings.clock.happened(),
        written=True,
    )
    number = orders.new_import()
    total, done, summary = sum(file.stat().st_size for file in files), 0, Summary()
    for file in files:
        before = done
        summary += _file(db, kind, file, named, reading, number, now, lambda n: progress(before + n, total))  # noqa: B023
        done += file.stat().st_size
    progress(total, total)
    return summary


def _file(
    db: Database,
    kind: str,
    file: Path,
    named: Mapping[str, str],
    reading: Reading,
    number: int,
    now: datetime,
    progress: Callable[[int], None],
) -> Summary:
    rejects, summary = _Rejects(file), Summary()
    reading = replace(reading, written=_kind_of(file) != "ndjson", memory={})
    rows = _rows(file, kind, named, progress)
    while batch := list(islice(rows, BATCH)):
        stored = _batch(db, kind, batch, summary.read, reading, number, now, rejects)
        summary += Summary(read=len(batch), stored=stored, rejected=len(batch) - stored)
    return replace(summary, rejects_files=rejects.written())


def _batch(
    db: Database,
    kind: str,
    batch: Sequence[Row | Broken],
    offset: int,
    reading: Reading,
    number: int,
    now: datetime,
    rejects: _Rejects,
) -> int:
    """Parse and store some rows in one transaction; answers how many were stored."""
    wrong: list[tuple[int, Sequence[Problem]]] = []
    good, places = [], []
    with db.begin() as tx:
        reading = replace(reading, currency_of=_currencies(tx, kind, batch).get)
        for place, row in enumerate(batch, start=offset + 1):
            try:
                good.append(_parsed(kind, row, reading))
                places.append(place)
            except InputError as error:
                wrong.append((place, error.problems))
        said = take(tx, kind, good, import_id=number, now=now, compare=False).said
    wrong += [(place, [word]) for place, word in zip(places, said, strict=True) if isinstance(word, Problem)]
    rejects.write(sorted(wrong, key=lambda entry: entry[0]))
    return len(batch) - len(wrong)


def _parsed(kind: str, row: Row | Broken, reading: Reading) -> object:
    if isinstance(row, Broken):
        raise InputError([row.problem])
    return PARSERS[kind](row, reading)


def _currencies(tx: Tx, kind: str, batch: Sequence[Row | Broken]) -> dict[str, str]:
    """The currencies of the stored items that the rows name."""
    if kind not in ("items", "orders"):
        return {}
    return items.currencies(tx, {str(row.get("item_id")) for row in batch if not isinstance(row, Broken)})


class _Rejects:
    """The file beside a file that lists its bad rows; there is none where there are none."""

    def __init__(self, file: Path) -> None:
        self._path = file.with_name(file.name + ".rejects.ndjson")
        self._path.unlink(missing_ok=True)

    def write(self, wrong: Sequence[tuple[int, Sequence[Problem]]]) -> None:
        """Add rows and their problems, one line a problem."""
        if not wrong:
            return
        with self._path.open("a", encoding="utf-8") as out:
            for row, problems in wrong:
                out.writelines(_reject(row, problem) for problem in problems)

    def written(self) -> tuple[Path, ...]:
        """The file, if there is one."""
        return (self._path,) if self._path.exists() else ()


def _reject(row: int, problem: Problem) -> str:
    reason = f"expected {problem.expected}, came {problem.came}"
    return json.dumps({"row": row, "field": problem.field, "reason": reason}) + "\n"


def _named(kind: str, mapping: Mapping[str, str]) -> dict[str, str]:
    """Field -> column, checked; a field that is not mapped is its own column."""
    for name in mapping:
        if name not in COLUMNS[kind]:
            raise InputError.of("--map", f"a field of {kind}: {', '.join(COLUMNS[kind])}", name)
    return {name: mapping.get(name, name) for name in COLUMNS[kind]}


def _readable(file: Path) -> None:
    if _kind_of(file) is None:
        raise InputError.of(str(file), "a file ending in .csv, .ndjson or .parquet", file.suffix)
    if not file.is_file():
        raise InputError.of(str(file), "a file that can be read", "no such file")


def _kind_of(file: Path) -> str | None:
    return {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".parquet": "parquet"}.get(file.suffix.lower())


def _rows(file: Path, kind: str, named: Mapping[str, str], progress: Callable[[int], None]) -> Iterator[Row | Broken]:
    readers = {"csv": _csv, "ndjson": _ndjson, "parquet": _parquet}
    return readers[_kind_of(file) or "csv"](file, kind, named, progress)


def _csv(file: Path, kind: str, named: Mapping[str, str], progress: Callable[[int], None]) -> Iterator[Row | Broken]:
    """The rows of a CSV file; bytes that are no UTF-8 survive as surrogates, which no field accepts."""
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as source:
        reader = csv.reader(_without_nul(source))
        header = next(reader, [])
        _all_there(file, kind, named, header)
        places = [(name, header.index(column)) for name, column in named.items() if column in header]
        for number, values in enumerate(_lines(reader)):
            if number % 10_000 == 0:
                progress(source.buffer.tell())
            if isinstance(values, Broken):
                yield values
            elif len(values) == len(header):
                yield {name: values[place] for name, place in places}
            elif values:
                yield _broken("the row", f"{len(header)} columns", f"{len(values)}")


def _without_nul(source: TextIO) -> Iterator[str]:
    """The lines, NUL characters made visible: the csv module would stumble over them."""
    return (line.replace("\x00", "\udc00") if "\x00" in line else line for line in source)


def _lines(reader: Iterator[list[str]]) -> Iterator[list[str] | Broken]:
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _broken("the row", "a line of CSV", str(error))


def _ndjson(file: Path, kind: str, named: Mapping[str, str], progress: Callable[[int], None]) -> Iterator[Row | Broken]:
    columns = {column: name for name, column in named.items()}
    with file.open("rb") as source:
        for number, line in enumerate(source):
            if number % 10_000 == 0:
                progress(source.tell())
            if line.strip():
                yield _json_row(line, columns)


def _json_row(line: bytes, columns: Mapping[str, str]) -> Row | Broken:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return _broken("the row", "a JSON object", str(error))
    if not isinstance(row, dict):
        return _broken("the row", "a JSON object", shown(row))
    try:
        twice = named_twice(line) if may_be_twice(line, row) else []
    except RecursionError:
        return _broken("the row", "JSON that is not nested so deeply", shown(line[:80].decode(errors="replace")))
    if twice:
        return _broken(twice[0], "the key once", "it more than once")
    return {columns[name]: value for name, value in row.items() if name in columns}


def _parquet(
    file: Path, kind: str, named: Mapping[str, str], progress: Callable[[int], None]
) -> Iterator[Row | Broken]:
    try:
        source = pq.ParquetFile(file)
    except (OSError, ValueError) as error:
        raise InputError.of(str(file), "a Parquet file", str(error)) from None
    present = source.schema_arrow.names
    _all_there(file, kind, named, present)
    kept = {name: column for name, column in named.items() if column in present}
    size, rows = file.stat().st_size, max(source.metadata.num_rows, 1)
    read = 0
    for part in source.iter_batches(BATCH, columns=list(dict.fromkeys(kept.values()))):
        columns = [(name, _values(name, part.column(column))) for name, column in kept.items()]
        yield from (dict(zip(kept, values, strict=True)) for values in zip(*(c for _, c in columns), strict=True))
        read += part.num_rows
        progress(size * read // rows)


def _values(name: str, column: pa.Array) -> list[object]:
    """A column's values; whole numbers in a column of ids are the ids' text."""
    if name.endswith("_id") and pa.types.is_integer(column.type):
        column = column.cast(pa.string())
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", column.type.tz), safe=False)
    values: list[object] = column.to_pylist()
    return values


def _all_there(file: Path, kind: str, named: Mapping[str, str], header: Sequence[str]) -> None:
    """Every required column must be in the file, and every mapped one."""
    for name, column in named.items():
        if column not in header and (name in REQUIRED[kind] or column != name):
            raise InputError.of(f"{file}: {name}", f"a column {column!r}", ", ".join(header) or "no header")


def _broken(field: str, expected: str, came: str) -> Broken:
    return Broken(Problem(field=field, expected=expected, came=came))
