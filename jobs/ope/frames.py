"""A file's rows by chunks, as columns: CSV, NDJSON or Parquet, never all of it at once."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from engine.errors import InputError, Problem, shown

ROWS = 50_000  # of a chunk
BLOCK = 4 << 20  # bytes of CSV read at a time
Progress = Callable[[int], None]  # bytes read so far
Wrong = list[tuple[int, Problem]]  # rows and what is wrong with them


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Frame:
    """Some rows of a file.

    Attributes
    ----------
    rows : int array of shape (n,), numbers in the file; 1 is the first data row
    columns : name -> values, of length n
    wrong : rows that could not be read, and why; they are not among the columns
    """

    rows: NDArray[np.int64]
    columns: Mapping[str, pa.Array]
    wrong: Wrong

    def head(self, n: int) -> Frame:
        """The first rows."""
        columns = {name: column.slice(0, n) for name, column in self.columns.items()}
        return Frame(rows=self.rows[:n], columns=columns, wrong=[])


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A file that can be read by chunks, as often as needed.

    Raises
    ------
    InputError
        where it is of no known kind, is not there, or has no header
    """

    file: Path
    kind: str
    names: tuple[str, ...]  # of its columns; of NDJSON, those of its first rows

    @classmethod
    def of(cls, file: Path) -> Source:
        """The source in a file."""
        kind = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson", ".parquet": "parquet"}.get(file.suffix.lower())
        if kind is None:
            raise InputError.of(str(file), "a file ending in .csv, .ndjson or .parquet", file.suffix)
        if not file.is_file():
            raise InputError.of(str(file), "a file that can be read", "no such file")
        names = {"csv": _header, "ndjson": _keys, "parquet": _schema}[kind](file)
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise InputError.of(str(file), "columns of different names", ", ".join(sorted(twice)))
        return cls(file=file, kind=kind, names=tuple(names))

    @property
    def size(self) -> int:
        """Bytes."""
        return self.file.stat().st_size

    def require(self, needed: Collection[str]) -> None:
        """InputError unless the columns are there."""
        for name in needed:
            if name not in self.names:
                raise InputError.of(f"{self.file}: {name}", f"a column {name!r}", ", ".join(self.names) or "no header")

    def frames(
        self, names: Collection[str], progress: Progress = lambda done: None, rows: int = ROWS, block: int = BLOCK
    ) -> Iterator[Frame]:
        """The rows of some columns, chunk by chunk."""
        wanted = [name for name in self.names if name in names]
        if self.kind == "csv":
            return _csv(self, wanted, progress, block)
        return (_ndjson if self.kind == "ndjson" else _parquet)(self, wanted, progress, rows)


def texts(column: pa.Array) -> pa.Array:
    """A column as text; null where nothing stands."""
    column = _plain(column)
    if pa.types.is_string(column.type):
        return column
    try:
        return column.cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # lists and objects, as JSON
        written = [None if one is None else orjson.dumps(one).decode() for one in column.to_pylist()]
        return pa.array(written, pa.string())


def numbers(column: pa.Array) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """A column as numbers, NaN where none stands, and where something stands that is none."""
    column = _plain(column)
    if pa.types.is_string(column.type):
        try:
            return _floats(column.cast(pa.float64())), np.zeros(len(column), bool)
        except pa.ArrowInvalid:
            found = pd.to_numeric(column.to_pandas(), errors="coerce").to_numpy(float, na_value=np.nan)
            return found, np.isnan(found) & column.is_valid().to_numpy(zero_copy_only=False)
    try:
        return _floats(column.cast(pa.float64(), safe=False)), np.zeros(len(column), bool)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return np.full(len(column), np.nan), column.is_valid().to_numpy(zero_copy_only=False)


def _plain(column: pa.Array) -> pa.Array:
    """The column without the ways Parquet may pack text."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    packed = pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type)
    return column.cast(pa.string()) if packed else column


def _floats(column: pa.Array) -> NDArray[np.float64]:
    found: NDArray[np.float64] = pc.fill_null(column, float("nan")).to_numpy(zero_copy_only=False).astype(float)
    return found


def _header(file: Path) -> list[str]:
    with file.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as source:
        return next(csv.reader(source), [])


def _csv(source: Source, wanted: list[str], progress: Progress, block: int) -> Iterator[Frame]:
    """Columns stay text; a line of another number of columns is wrong, the others keep their numbers."""
    wrong: Wrong = []
    width = len(source.names)

    def refuse(row: Any) -> str:
        came = f"{row.actual_columns}"
        wrong.append((row.number - 1, Problem(field="the row", expected=f"{width} columns", came=came)))
        return "skip"

    options = {
        "read_options": pcsv.ReadOptions(use_threads=False, block_size=block),
        "parse_options": pcsv.ParseOptions(newlines_in_values=True, invalid_row_handler=refuse),
        "convert_options": pcsv.ConvertOptions(
            column_types=dict.fromkeys(source.names, pa.string()),
            include_columns=wanted,
            null_values=[""],
            strings_can_be_null=True,
        ),
    }
    number, told, ahead = 1, 0, list[int]()
    try:
        with source.file.open("rb") as file:
            for batch in pcsv.open_csv(file, **options):
                ahead += [row for row, _ in wrong[told:]]  # of this batch, or of one that is read already
                rows, number = _numbered(number, batch.num_rows, ahead)
                ahead, known = [row for row in ahead if row >= number], len(wrong)
                columns = dict(zip(batch.schema.names, batch.columns, strict=True))
                yield Frame(rows=rows, columns=columns, wrong=wrong[told:known])
                told = known
                progress(file.tell())
    except pa.ArrowInvalid as error:
        raise InputError.of(str(source.file), "CSV in UTF-8", str(error)) from None
    if told < len(wrong):
        empty = {name: pa.array([], pa.string()) for name in wanted}
        yield Frame(rows=np.zeros(0, np.int64), columns=empty, wrong=wrong[told:])


def _numbered(first: int, n: int, without: list[int]) -> tuple[NDArray[np.int64], int]:
    """The numbers of n rows from one on, some left out, and the number that follows."""
    numbers = np.arange(first, first + n + len(without))
    inside = numbers[~np.isin(numbers, without)][:n]
    return inside, int(inside[-1]) + 1 if n else first


def _keys(file: Path) -> list[str]:
    found: dict[str, None] = {}
    with file.open("rb") as source:
        for line in islice(source, 1_000):
            row = _object(line)
            found |= dict.fromkeys(row if isinstance(row, dict) else ())
    return list(found)


def _ndjson(source: Source, wanted: list[str], progress: Progress, rows: int) -> Iterator[Frame]:
    with source.file.open("rb") as file:
        number = 0
        while lines := list(islice(file, rows)):
            good: list[dict[str, object]] = []
            places: list[int] = []
            wrong: Wrong = []
            for line in lines:
                if not line.strip():
                    continue
                number += 1
                row = _object(line)
                if isinstance(row, dict):
                    good.append(row)
                    places.append(number)
                else:
                    wrong.append((number, row))
            columns = {name: _column([row.get(name) for row in good]) for name in wanted}
            yield Frame(rows=np.array(places, np.int64), columns=columns, wrong=wrong)
            progress(file.tell())


def _object(line: bytes) -> dict[str, object] | Problem:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Problem(field="the row", expected="a JSON object", came=str(error))
    if not isinstance(row, dict):
        return Problem(field="the row", expected="a JSON object", came=shown(row))
    return row


def _column(values: list[object]) -> pa.Array:
    """JSON values as a column; of mixed kinds, as text."""
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        written = [one if one is None or isinstance(one, str) else orjson.dumps(one).decode() for one in values]
        return pa.array(written, pa.string())


def _schema(file: Path) -> list[str]:
    try:
        return list(pq.ParquetFile(file).schema_arrow.names)
    except (OSError, ValueError) as error:
        raise InputError.of(str(file), "a Parquet file", str(error)) from None


def _parquet(source: Source, wanted: list[str], progress: Progress, rows: int) -> Iterator[Frame]:
    file, number = pq.ParquetFile(source.file), 1
    total = max(file.metadata.num_rows, 1)
    for batch in file.iter_batches(rows, columns=wanted):
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        yield Frame(rows=np.arange(number, number + batch.num_rows), columns=columns, wrong=[])
        number += batch.num_rows
        progress(source.size * (number - 1) // total)
