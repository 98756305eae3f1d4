"""A decision log in a file, checked row by row and read as arrays, chunk by chunk."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_array

from engine.errors import InputError, Problem, shown
from engine.learn.offpolicy.log import Floats, Ints, Log, Shares
from engine.learn.offpolicy.reward import Design
from jobs.ope import codes as hashes
from jobs.ope.codes import Codes
from jobs.ope.frames import BLOCK, ROWS, Frame, Progress, Source, Wrong, numbers, texts

REQUIRED = ("context_id", "action", "reward", "propensity")
OPTIONAL = ("position", "customer_id", "available", "target_propensity")
NOT_FEATURES = ("_id", "_at")  # how names end of columns that say who and when
HEAD = 1_000  # rows that tell which columns are numbers, and of what size
MOST_POSITIONS = 1_000


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Part:
    """A chunk of a log, and what its good rows are called."""

    log: Log
    rows: Ints  # numbers in the file
    ids: pa.Array  # of their contexts
    wrong: Wrong


@dataclass(frozen=True, kw_only=True, slots=True)
class LogFile:
    """A decision log in a file.

    Attributes
    ----------
    features : columns the reward model may use
    ignored : columns that nothing is done with
    """

    source: Source
    features: tuple[str, ...]
    ignored: tuple[str, ...]
    design: Design
    codes: Codes
    rows: int = ROWS
    block: int = BLOCK

    @classmethod
    def open(cls, file: Path, features: Sequence[str] | None = None, rows: int = ROWS, block: int = BLOCK) -> LogFile:
        """The log in a file.

        Parameters
        ----------
        features : by default every further column of numbers whose name does not end in _id or _at

        Raises
        ------
        InputError
            where the file cannot be read at all, or lacks a column
        """
        source = Source.of(file)
        source.require(REQUIRED)
        further = [name for name in source.names if name not in (*REQUIRED, *OPTIONAL)]
        source.require(features or ())
        head = _head(source)
        if features is None:
            features = [name for name in further if not name.endswith(NOT_FEATURES) and _numeric(head, name)]
        for name in features:
            if name not in further or not _numeric(head, name):
                raise InputError.of("--features", "columns of numbers beside those the log is made of", name)
        codes = Codes()
        table = np.stack([numbers(head.columns[name])[0] for name in features], axis=1) if features else None
        codes.of_positions(_positions(head))
        return cls(
            source=source,
            features=tuple(features),
            ignored=tuple(name for name in further if name not in features),
            design=Design.of(np.zeros((0, 0)) if table is None else table, len(codes.positions)),
            codes=codes,
            rows=rows,
            block=block,
        )

    @property
    def has_target(self) -> bool:
        """Whether it tells a policy's own probability of each logged action."""
        return "target_propensity" in self.source.names

    def parts(self, progress: Progress = lambda done: None) -> Iterator[Part]:
        """The rows, chunk by chunk; those that are wrong are told and left out."""
        names = {*REQUIRED, *OPTIONAL, *self.features}
        for frame in self.source.frames(names, progress, self.rows, self.block):
            yield _Reading(frame, self).part()
            if len(self.codes.positions) > MOST_POSITIONS:
                raise InputError.of("position", f"at most {MOST_POSITIONS:,} different", len(self.codes.positions))


class _Reading:
    """One frame on its way to a part: what is wrong is gathered, then the good rows are kept."""

    def __init__(self, frame: Frame, file: LogFile) -> None:
        self._frame, self._file = frame, file
        self._wrong: Wrong = list(frame.wrong)
        self._good = np.ones(len(frame.rows), bool)

    def part(self) -> Part:
        """What the frame holds."""
        frame, file = self._frame, self._file
        contexts, actions = self._ids("context_id"), self._ids("action")
        reward = self._numbers("reward", lambda x: np.isfinite(x), "a finite number")
        propensity = self._numbers("propensity", lambda x: (x > 0) & (x <= 1), "a number above 0 and at most 1")
        positions = self._numbers("position", _is_position, "a whole number from 0")
        target = self._numbers("target_propensity", lambda x: (x >= 0) & (x <= 1), "a number from 0 to 1")
        units = self._ids("customer_id") if "customer_id" in frame.columns else contexts
        features = [self._feature(name) for name in file.features]
        sets = self._sets()
        kept = np.flatnonzero(self._good)
        ids = contexts.take(pa.array(kept))
        keys = hashes.of_texts(ids)
        log = Log(
            units=keys if units is contexts else hashes.of_texts(units.take(pa.array(kept))),
            contexts=keys,
            positions=file.codes.of_positions(positions[kept].astype(np.int64)),
            actions=file.codes.of_actions(actions.take(pa.array(kept))),
            rewards=reward[kept],
            propensities=propensity[kept],
            features=np.stack(features, axis=1)[kept] if features else np.zeros((len(kept), 0)),
            n_positions=len(file.codes.positions),
            n_actions=len(file.codes.actions),
            available=None if sets is None else _table([sets[place] for place in kept], len(file.codes.actions)),
            target=target[kept] if "target_propensity" in frame.columns else None,
        )
        return self._held(Part(log=log, rows=frame.rows[kept], ids=ids, wrong=self._wrong))

    def _held(self, part: Part) -> Part:
        """The part without rows whose action was not available."""
        if part.log.available is None:
            return part
        held = part.log.available.of(part.log.actions) > 0
        missing = np.zeros(len(self._good), bool)
        missing[np.flatnonzero(self._good)[~held]] = True
        self._refuse(missing, "available", "a list that holds the logged action")
        return Part(
            log=part.log.where(held), rows=part.rows[held], ids=part.ids.filter(pa.array(held)), wrong=part.wrong
        )

    def _ids(self, name: str) -> pa.Array:
        column = texts(self._frame.columns[name])
        nothing = pc.fill_null(pc.equal(column, ""), True)
        self._refuse(nothing.to_numpy(zero_copy_only=False), name, "a text")
        return column

    def _numbers(self, name: str, allowed: Callable[[Floats], NDArray[np.bool_]], expected: str) -> Floats:
        """A column of numbers that must be there in every row; zeros where the file has no such column."""
        if name not in self._frame.columns:
            return np.zeros(len(self._frame.rows))
        found, _ = numbers(self._frame.columns[name])
        self._refuse(~allowed(found), name, expected)
        return found

    def _feature(self, name: str) -> Floats:
        found, bad = numbers(self._frame.columns[name])
        self._refuse(bad | np.isinf(found), name, "a finite number, or nothing")
        return found

    def _sets(self) -> list[Ints | None] | None:
        """The actions that were available at each row; None where the file does not tell."""
        if "available" not in self._frame.columns:
            return None
        column = texts(self._frame.columns["available"])
        found = [None if one is None else self._file.codes.of_set(one) for one in column.to_pylist()]
        self._refuse(np.array([one is None for one in found], bool), "available", "a JSON list of actions")
        return found

    def _refuse(self, bad: NDArray[np.bool_], field: str, expected: str) -> None:
        column = self._frame.columns[field]
        for place in np.flatnonzero(bad & self._good).tolist():
            came = shown(column[place].as_py())
            self._wrong.append((int(self._frame.rows[place]), Problem(field=field, expected=expected, came=came)))
        self._good &= ~bad


class Rejects:
    """The file beside a log that lists its bad rows; there is none where there are none."""

    def __init__(self, file: Path) -> None:
        self._path = file.with_name(file.name + ".rejects.ndjson")
        self._path.unlink(missing_ok=True)
        self.rows, self.unknown = 0, 0

    def write(self, wrong: Wrong) -> None:
        """Add rows and their problems, one line a problem."""
        self.rows += len({row for row, _ in wrong})
        self.unknown += sum(problem.field == "propensity" for _, problem in wrong)
        if not wrong:
            return
        with self._path.open("a", encoding="utf-8") as out:
            out.writelines(_reject(row, problem) for row, problem in sorted(wrong, key=lambda one: one[0]))

    @property
    def path(self) -> Path | None:
        """The file, if there is one."""
        return self._path if self.rows else None


def _reject(row: int, problem: Problem) -> str:
    reason = f"expected {problem.expected}, came {problem.came}"
    return json.dumps({"row": row, "field": problem.field, "reason": reason}) + "\n"


def _head(source: Source) -> Frame:
    """The first rows, the same however the file is cut."""
    for frame in source.frames(source.names):
        if len(frame.rows):
            return frame.head(HEAD)
    raise InputError.of(str(source.file), "rows", "none that can be read")


def _numeric(head: Frame, name: str) -> bool:
    """Whether a column has numbers, and hardly anything else."""
    found, bad = numbers(head.columns[name])
    count = int(np.isfinite(found).sum())
    return count > 0 and int(bad.sum()) <= count // 10


def _positions(head: Frame) -> Ints:
    if "position" not in head.columns:
        return np.zeros(1, np.int64)
    found, _ = numbers(head.columns["position"])
    return found[_is_position(found)].astype(np.int64)


def _is_position(found: Floats) -> NDArray[np.bool_]:
    return (found >= 0) & (found < 2**31) & (found == np.floor(found))


def _table(sets: Sequence[Ints | None], n_actions: int) -> Shares:
    """Lists of actions as a table of ones, equal lists once."""
    known: dict[int, int] = {}
    different: list[Ints] = []
    rows = np.empty(len(sets), np.int64)
    for place, one in enumerate(sets):
        assert one is not None  # rows without a list are left out
        if id(one) not in known:  # lists written alike are one object
            known[id(one)] = len(different)
            different.append(one)
        rows[place] = known[id(one)]
    starts = np.concatenate([[0], np.cumsum([len(one) for one in different], dtype=np.int64)])
    places = np.concatenate(different) if different else np.zeros(0, np.int64)
    table = csr_array((np.ones(len(places)), places, starts), shape=(len(different), n_actions))
    return Shares(table=table, rows=rows)
