"""A gateway that is a folder: orders are files in it, answers are lines that the shop writes. For shops without an
endpoint.

``orders/ID.ndjson``
    one order, one line, as it is sent over HTTP. It appears whole and on the disk, or not at all.
``taken/``
    where the shop may move it, under the same name, once it has it.
``answers/*.ndjson``
    what the shop says: ``{"execution_id", "order_id"}`` or ``{"execution_id", "code"}``, a line each.

A file's name is the execution's id, so a repeat is seen as long as the file is in one of the first two folders or the
shop has answered.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from threading import Lock
from urllib.parse import quote, unquote, urlsplit
from uuid import uuid4

import orjson
import structlog

from engine.domain.executions import Answer, Execution, Result
from engine.domain.gateways import Terms
from engine.domain.values import parse_id
from engine.errors import InputError
from jobs.gateway import CODES, unknown, wire

log = structlog.get_logger()
OURS = "drop-"  # and the execution's id: the order's id until the shop gives one
MOST_LINE = 65_536  # bytes of one answer; a longer line is none
MOST_READ = 64 * 2**20  # bytes of answers read at one time; the rest the next time
CHUNK = 2**20
STRIPES = 16  # files that writers of the same name wait at


@dataclass
class Read:
    """How far one file of answers was read."""

    inode: int
    offset: int = 0
    line: int = 0
    skipping: bool = False  # within a line that is too long


@dataclass
class Answers:
    """What the shop answered, read on from where the last reading ended."""

    folder: Path
    whole: bool = False  # whether all that is there was read
    _said: dict[str, Answer] = field(default_factory=dict)
    _files: dict[str, Read] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def of(self, execution_id: str) -> Answer | None:
        """What the shop said of an execution, if anything; of several answers the first."""
        with self._lock:
            self._read_on()
            return self._said.get(execution_id)

    def _read_on(self) -> None:
        left = MOST_READ
        names = sorted(path.name for path in self.folder.glob("*.ndjson"))
        self._files = {name: self._files[name] for name in names if name in self._files}
        for name in names:
            left -= self._read_file(name, left)
        self.whole = left > 0

    def _read_file(self, name: str, most: int) -> int:
        """Read whole lines of one file from where it was left; answers how many bytes."""
        try:
            with (self.folder / name).open("rb") as file:
                stat = os.fstat(file.fileno())
                at = self._files.get(name)
                if at is None or at.inode != stat.st_ino or stat.st_size < at.offset:
                    at = self._files[name] = Read(inode=stat.st_ino)
                began = at.offset
                file.seek(began)
                while at.offset - began < most and (part := file.read(CHUNK)):
                    if not self._take(name, at, part):
                        break
                    file.seek(at.offset)
                return at.offset - began
        except OSError as error:  # taken away while it was read, or not ours to read
            log.warning("answers.unreadable", file=name, error=str(error))
            return 0

    def _take(self, name: str, at: Read, part: bytes) -> bool:
        """Take the whole lines of a part; False where it holds none and the file ends there."""
        end = part.rfind(b"\n") + 1
        if end == 0 and len(part) <= MOST_LINE:
            return False  # the shop is still writing this line
        if end == 0:
            at.skipping, at.offset = True, at.offset + len(part)
            return True
        for line in part[: end - 1].split(b"\n"):
            at.line += 1
            too_long, at.skipping = at.skipping or len(line) > MOST_LINE, False
            self._understand(name, at.line, b"" if too_long else line, too_long)
        at.offset += end
        return True

    def _understand(self, name: str, number: int, line: bytes, too_long: bool) -> None:
        if not line.strip() and not too_long:
            return
        try:
            if too_long:
                raise InputError.of("line", f"at most {MOST_LINE} bytes", "more")
            execution_id, answer = understood(line)
        except InputError as wrong:
            log.error("answer.unreadable", file=name, line=number, error=str(wrong))
            return
        standing = self._said.setdefault(execution_id, answer)
        if standing != answer:
            log.error("answer.contradicts", file=name, line=number, execution_id=execution_id, first=standing.order_id)


def understood(line: bytes) -> tuple[str, Answer]:
    """The execution that a line of answers is about, and what it says.

    Raises
    ------
    InputError
        for a line that says nothing

    Examples
    --------
    >>> understood(b'{"execution_id": "e1", "order_id": "77"}')[1].order_id
    '77'
    """
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InputError.of("line", "JSON", str(error)) from None
    if not isinstance(said, dict):
        raise InputError.of("line", "an object", said)
    execution_id = parse_id(said.get("execution_id"), "execution_id")
    if said.get("code") in CODES and "order_id" not in said:
        return execution_id, Answer(result=Result.REFUSED, detail=said["code"])
    order_id = parse_id(said.get("order_id"), "order_id")
    return execution_id, Answer(result=Result.PLACED, order_id=order_id, stand_in=ours(execution_id))


class DropGateway:
    """Orders as files in a folder; an order is placed once its file is on the disk."""

    def __init__(self, folder: Path, terms: Terms | None = None) -> None:
        """Make the folders below ``folder``, where they are not."""
        self.terms = terms or Terms(stores_errors=True)
        self.orders, self.taken, self._aside = folder / "orders", folder / "taken", folder / ".aside"
        self.answers = Answers(folder / "answers")
        for path in (self.orders, self.taken, self._aside, self.answers.folder):
            path.mkdir(parents=True, exist_ok=True)

    @classmethod
    def of(cls, url: str) -> DropGateway:
        """The folder that a ``file:`` URL names.

        Raises
        ------
        InputError
            for a URL with a host, or without a folder
        """
        return cls(folder_of(url))

    def place(self, execution: Execution) -> Answer:
        """Let the order's file be there; a repeat where it is, or where the shop has answered."""
        try:
            with self._alone(execution.execution_id):
                return self._placed(execution)
        except (OSError, TimeoutError) as error:
            log.error("drop.failed", execution_id=execution.execution_id, error=str(error))
            return unknown(f"{type(error).__name__}: {error}")

    def look_up(self, execution_id: str) -> Answer:
        """What the shop said; else whether the file is there."""
        try:
            answered = self.answers.of(execution_id)
            if answered is not None:
                return answered
            if self._standing(execution_id) is not None:
                return _held(Result.PLACED, execution_id)
        except OSError as error:
            return unknown(f"{type(error).__name__}: {error}")
        if not self.answers.whole:
            return unknown("not all answers are read")
        return Answer(result=Result.NOT_FOUND, detail="the folder has no order of it")

    def _placed(self, execution: Execution) -> Answer:
        line = orjson.dumps(wire(execution)) + b"\n"
        standing = self._standing(execution.execution_id)
        answered = self.answers.of(execution.execution_id)
        if answered is not None:
            return answered
        if not self.answers.whole:
            return unknown("not all answers are read")
        if standing is not None:
            return self._repeat(execution.execution_id, standing == line)
        self._write(self.orders / name_of(execution.execution_id), line)
        return _held(Result.PLACED, execution.execution_id)

    def _repeat(self, execution_id: str, same: bool) -> Answer:
        if not same:
            log.error("drop.differs", execution_id=execution_id)
            return unknown("another order stands under its name")
        _sync(self.orders)  # whoever wrote it may have died before that
        return _held(Result.REPEAT, execution_id)

    def _standing(self, execution_id: str) -> bytes | None:
        """The file of an execution, wherever the shop has it; first where it appears, then where it may be moved to."""
        for folder in (self.orders, self.taken):
            try:
                return (folder / name_of(execution_id)).read_bytes()
            except FileNotFoundError:
                continue
        return None

    def _write(self, path: Path, line: bytes) -> None:
        """Let a file appear, whole and on the disk."""
        aside = self._aside / f"{uuid4().hex}.tmp"
        try:
            with aside.open("xb") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
        _sync(path.parent)

    @contextmanager
    def _alone(self, execution_id: str) -> Iterator[None]:
        """Nobody else writes the same name meanwhile, even where a worker slept past its lease; TimeoutError if so."""
        stripe = int(sha256(execution_id.encode()).hexdigest(), 16) % STRIPES
        end = time.monotonic() + self.terms.timeout.total_seconds()
        with (self._aside / f"{stripe}.lock").open("ab") as file:
            while not _locked(file.fileno()):
                if time.monotonic() > end:
                    raise TimeoutError("another worker writes")
                time.sleep(0.01)
            yield


def ours(execution_id: str) -> str:
    """The order's id until the shop gives one."""
    return f"{OURS}{execution_id}"[:200]


def _held(result: Result, execution_id: str) -> Answer:
    """The file is there, and the shop has not answered."""
    return Answer(result=result, order_id=ours(execution_id), stand_in=ours(execution_id))


def name_of(execution_id: str) -> str:
    """The file of an execution; ids that are none of ours are quoted, and what is too long for a file is digested.

    Examples
    --------
    >>> name_of("e1"), name_of("a b")
    ('e1.ndjson', 'a%20b.ndjson')
    """
    quoted = quote(execution_id, safe="")
    return f"{quoted if len(quoted) <= 200 else sha256(execution_id.encode()).hexdigest()}.ndjson"


def folder_of(url: str) -> Path:
    """The folder of a ``file:`` URL.

    Examples
    --------
    >>> folder_of("file:///var/spool/rapport").as_posix()
    '/var/spool/rapport'
    """
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost") or parts.query or parts.fragment or len(parts.path) < 2:
        raise InputError.of("RAPPORT_GATEWAY_URL", "file:///folder", url)
    return Path(unquote(parts.path))


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sync(folder: Path) -> None:
    """Let the names in a folder be on the disk."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
