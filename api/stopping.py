"""Whether the server is about to end: what open streams look at between two messages."""

from __future__ import annotations

from ctypes import c_bool
from multiprocessing.sharedctypes import RawValue

# One byte shared by the server and its workers. It has no lock on purpose: a worker killed while holding one would
# keep the server from ever ending.
_flag = RawValue(c_bool, False)


def flag() -> c_bool:
    """The shared byte, for handing it to worker processes."""
    return _flag


def adopt(shared: c_bool) -> None:
    """In a worker: look at the server's byte."""
    global _flag
    _flag = shared


def announce() -> None:
    """The server is about to end."""
    _flag.value = True


def announced() -> bool:
    """Whether the server is about to end."""
    return bool(_flag.value)
