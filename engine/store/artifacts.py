"""Trained models as folders: written aside, moved in whole, pointed at; checked by checksum whenever one is read.

::

    models/
    ├── served                  the id of the model that is served
    └── 20171130T000000-1a2b/
        ├── manifest.json       what it is, and the SHA-256 of every file
        ├── NAME.npy            one array each; no pickle
        └── reliability.csv     what a person may read of it; not needed to serve
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any, Generic, TypeVar
from uuid import uuid4

import numpy as np
import structlog

from engine.domain.artifacts import Artifact
from engine.errors import ArtifactError

FORMAT = 1
SERVED = "served"
MANIFEST = "manifest.json"

T = TypeVar("T")
log = structlog.get_logger()


def write(folder: Path, artifact: Artifact, beside: Mapping[str, bytes] = MappingProxyType({})) -> None:
    """Keep an artifact: written aside and moved in as a whole, on the disk before it is there.

    Parameters
    ----------
    beside : from names of files to what is in them, for people to read; checksums are kept, serving does not need them
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(exist_ok=True)
    aside = folder / f".{artifact.model_id}.{uuid4().hex[:8]}"
    aside.mkdir()
    try:
        files = {name: _write_array(aside, name, array) for name, array in artifact.arrays.items()}
        for name, content in beside.items():
            _write(aside / name, content)
        _write(aside / MANIFEST, json.dumps(_manifest(artifact, files, beside), indent=1, sort_keys=True).encode())
        _sync(aside)
        aside.replace(folder / artifact.model_id)
        _sync(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def point(folder: Path, model_id: str) -> None:
    """Serve this model from now on, once it is found to be whole."""
    read(folder, model_id)
    aside = folder / f".{SERVED}.{uuid4().hex[:8]}"
    _write(aside, model_id.encode())
    aside.replace(folder / SERVED)
    _sync(folder)


def publish(folder: Path, artifact: Artifact) -> None:
    """Keep an artifact and serve it."""
    write(folder, artifact)
    point(folder, artifact.model_id)


def served_id(folder: Path) -> str | None:
    """The id of the model that is served; None where none is yet."""
    try:
        return (folder / SERVED).read_text().strip() or None
    except FileNotFoundError:
        return None


def read(folder: Path, model_id: str) -> Artifact:
    """An artifact, every file checked against its checksum.

    Raises
    ------
    ArtifactError
        where it is missing, altered, or of another format
    """
    place = folder / model_id
    if not model_id or place.parent != folder or place.name in (".", ".."):
        raise ArtifactError(f"{model_id!r} is no model's id")
    try:
        manifest = json.loads((place / MANIFEST).read_bytes())
        if manifest["format"] != FORMAT:
            raise ArtifactError(f"model {model_id}: expected format {FORMAT}, came {manifest['format']!r}")
        arrays = {name: _read_array(place, name, digest) for name, digest in manifest["files"].items()}
        return Artifact(
            model_id=manifest["model_id"],
            created_at=datetime.fromisoformat(manifest["created_at"]),
            as_of=datetime.fromisoformat(manifest["as_of"]),
            settings=manifest["settings"],
            metrics=manifest["metrics"],
            arrays=arrays,
        )
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"model {model_id} cannot be read: {error}") from error


class Slot(Generic[T]):
    """Holds the one object that is served, and swaps it when the pointer moves; safe among threads."""

    def __init__(self, folder: Path, decode: Callable[[Artifact], T], then: Callable[[], None] = lambda: None) -> None:
        """``then`` is called after each swap."""
        self._folder, self._decode, self._then = folder, decode, then
        self._lock = Lock()
        self._held: tuple[str | None, T | None] = (None, None)  # what the pointer said, and what came of it
        self._seen: tuple[int, int] | None = None

    def current(self) -> T | None:
        """What is served now; None where nothing has been published. A bad artifact leaves the old one in place."""
        stamp = self._stamp()
        if stamp != self._seen and self._lock.acquire(blocking=self._held[1] is None):
            try:
                self._swap(stamp)
            finally:
                self._lock.release()
        return self._held[1]

    def _stamp(self) -> tuple[int, int] | None:
        try:
            stat = (self._folder / SERVED).stat()
        except FileNotFoundError:
            return None
        return stat.st_mtime_ns, stat.st_ino

    def _swap(self, stamp: tuple[int, int] | None) -> None:
        wanted = served_id(self._folder)
        if wanted is not None and wanted != self._held[0]:
            try:
                self._held = (wanted, self._decode(read(self._folder, wanted)))
                self._then()
            except Exception:
                log.exception("model.unserved", model_id=wanted, goes_on_serving=self._held[0])
        self._seen = stamp


def _manifest(artifact: Artifact, files: dict[str, str], beside: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "model_id": artifact.model_id,
        "created_at": artifact.created_at.isoformat(),
        "as_of": artifact.as_of.isoformat(),
        "settings": artifact.settings,
        "metrics": artifact.metrics,
        "files": files,
        "beside": {name: sha256(content).hexdigest() for name, content in beside.items()},
    }


def _write_array(folder: Path, name: str, array: np.ndarray[Any, Any]) -> str:
    path = folder / f"{name}.npy"
    with path.open("wb") as out:
        np.save(out, array, allow_pickle=False)
        out.flush()
        os.fsync(out.fileno())
    return sha256(path.read_bytes()).hexdigest()


def _read_array(folder: Path, name: str, digest: str) -> np.ndarray[Any, Any]:
    path = folder / f"{name}.npy"
    if path.parent != folder or sha256(path.read_bytes()).hexdigest() != digest:
        raise ArtifactError(f"{folder.name}/{path.name} is not what was written")
    array: np.ndarray[Any, Any] = np.load(path, allow_pickle=False)
    array.flags.writeable = False
    return array


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


def _sync(folder: Path) -> None:
    """A rename is on the disk once its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
