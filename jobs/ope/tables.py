"""A policy in a file: its probabilities of every action, the same for all contexts or context by context."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import csr_array

from engine.errors import InputError, Problem, shown
from engine.learn.offpolicy.log import Floats, Ints, Keys
from engine.learn.offpolicy.policies import Table, key
from jobs.ope import codes as hashes
from jobs.ope.codes import Codes
from jobs.ope.frames import Frame, Source, numbers, texts

ROWS = 2_000_000  # of a policy that are held at once
CLOSE = 1e-3  # how far from 1 probabilities may sum, for those that were rounded when written
TOLD = 5  # problems named in one error


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyFile:
    """A policy in a file.

    Attributes
    ----------
    parts : how many parts, by contexts, it is read in, so that one part fits into memory
    """

    source: Source
    codes: Codes
    parts: int

    @classmethod
    def open(cls, file: Path, codes: Codes) -> PolicyFile:
        """The policy in a file, after one look at every row.

        Parameters
        ----------
        codes : of the log; actions that only the policy knows are added

        Raises
        ------
        InputError
            naming the first rows that are wrong
        """
        source = Source.of(file)
        source.require(("action", "probability"))
        found = cls(source=source, codes=codes, parts=1)
        count = sum(len(keys) for keys, _, _ in found._rows())
        if not count:
            raise InputError.of(str(file), "rows", "none")
        return cls(source=source, codes=codes, parts=-(-count // ROWS) if found.by_context else 1)

    @property
    def by_context(self) -> bool:
        """Whether it differs by context."""
        return "context_id" in self.source.names

    @property
    def by_position(self) -> bool:
        """Whether it differs by position."""
        return "position" in self.source.names

    def read(self, part: int) -> Table:
        """The distributions of one part of the contexts.

        Raises
        ------
        InputError
            where probabilities do not sum to 1
        """
        found = list(self._rows(part))
        keys, actions, probabilities = (np.concatenate(column) for column in zip(*found, strict=True))
        different, places = np.unique(keys, return_inverse=True)
        table = csr_array((probabilities, (places, actions)), shape=(len(different), len(self.codes.actions)))
        sums = np.bincount(places, probabilities, len(different))
        off = np.flatnonzero(np.abs(sums - 1) > CLOSE)
        if len(off):
            self._tell(different[off], sums[off])
        table.data /= np.repeat(sums, np.diff(table.indptr))
        return Table(
            keys=different,
            table=table,
            by_context=self.by_context,
            by_position=self.by_position,
            positions=self.codes.hashes,
        )

    def _rows(self, part: int = 0) -> Iterator[tuple[Keys, Ints, Floats]]:
        """What distributions are found by, actions, and probabilities, chunk by chunk."""
        for frame in self._frames():
            contexts, keys = self._keys(frame)
            here = contexts % np.uint64(self.parts) == part
            actions = self.codes.of_actions(texts(frame.columns["action"]))
            probabilities, _ = numbers(frame.columns["probability"])
            yield keys[here], actions[here], probabilities[here]

    def _keys(self, frame: Frame) -> tuple[Keys, Keys]:
        """The hashes of contexts, and what the distributions of the rows are found by."""
        contexts = places = np.zeros(len(frame.rows), np.uint64)
        if self.by_context:
            contexts = hashes.of_texts(texts(frame.columns["context_id"]))
        if self.by_position:
            places = hashes.of_numbers(numbers(frame.columns["position"])[0].astype(np.int64))
        return contexts, key(contexts, places)

    def _frames(self) -> Iterator[Frame]:
        for frame in self.source.frames(("context_id", "action", "position", "probability")):
            wrong = [*frame.wrong, *_wrong(frame)]
            if wrong:
                file = self.source.file
                raise InputError(
                    Problem(field=f"{file} row {row}: {one.field}", expected=one.expected, came=one.came)
                    for row, one in sorted(wrong, key=lambda entry: entry[0])[:TOLD]
                )
            yield frame

    def _tell(self, keys: Keys, sums: Floats) -> None:
        """Raise the error about sums that are off, naming what they belong to."""
        off, problems = dict(zip(keys.tolist(), sums.tolist(), strict=True)), dict[int, Problem]()
        for frame in self._frames():
            here = self._keys(frame)[1]
            for place in np.flatnonzero(np.isin(here, keys)).tolist():
                one = int(here[place])
                if one not in problems and len(problems) < TOLD:
                    field = f"{self.source.file}: {_called(frame, place)}"
                    came = f"{off[one]:.6g}"
                    problems[one] = Problem(field=field, expected="probabilities that sum to 1", came=came)
        raise InputError(problems.values())


def _called(frame: Frame, place: int) -> str:
    """What a row's distribution belongs to."""
    names = [name for name in ("context_id", "position") if name in frame.columns]
    return ", ".join(f"{name} {shown(frame.columns[name][place].as_py())}" for name in names) or "probability"


def _wrong(frame: Frame) -> list[tuple[int, Problem]]:
    """What is wrong with the rows of a policy."""
    found: list[tuple[int, Problem]] = []

    def refuse(name: str, bad: NDArray[np.bool_], expected: str) -> None:
        for place in np.flatnonzero(bad)[:TOLD].tolist():
            came = shown(frame.columns[name][place].as_py())
            found.append((int(frame.rows[place]), Problem(field=name, expected=expected, came=came)))

    for name in ("context_id", "action"):
        if name in frame.columns:
            nothing: pa.Array = pc.fill_null(pc.equal(texts(frame.columns[name]), ""), True)
            refuse(name, nothing.to_numpy(zero_copy_only=False), "a text")
    if "position" in frame.columns:
        place = numbers(frame.columns["position"])[0]
        refuse("position", ~((place >= 0) & (place < 2**31) & (place == np.floor(place))), "a whole number from 0")
    share = numbers(frame.columns["probability"])[0]
    refuse("probability", ~((share >= 0) & (share <= 1)), "a number from 0 to 1")
    return found
