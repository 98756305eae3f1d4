"""The one error tree.

::

    RapportError
    ├── InputError (also a ValueError)   what came in is wrong; names each field
    ├── NotFound (also a LookupError)    the thing named does not exist
    ├── Gone                             the thing named was there, and is over
    ├── Conflict                         the thing is no longer in the state this needs
    │   └── Outdated                     what was decided on has changed since: decide again
    ├── Unauthenticated                  no key, or not a valid one
    ├── Forbidden                        a valid key without the scope
    ├── TooLarge                         more than may be sent at once
    ├── Unavailable                      nothing to answer with yet (no model, no gateway)
    ├── ArtifactError                    a stored model that cannot be trusted
    └── GatewayError                     the outside answered in no way the contract knows
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing wrong with one field of what came in."""

    field: str  # dotted path as the sender wrote it, "lines.0.quantity"; "" is the whole object
    expected: str
    came: str

    def __str__(self) -> str:
        where = self.field or "the object"
        return f"{where}: expected {self.expected}, came {self.came}"


class RapportError(Exception):
    """Whatever Rapport raises on purpose."""


class InputError(RapportError, ValueError):
    """What came in is wrong; every problem is listed, not only the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(map(str, self.problems)))

    @classmethod
    def of(cls, field: str, expected: str, came: object) -> InputError:
        """The error for a single field."""
        return cls([Problem(field=field, expected=expected, came=shown(came))])


class NotFound(RapportError, LookupError):
    """The thing named does not exist, or not for this caller."""

    def __init__(self, kind: str, id: str, there: Iterable[str] = ()) -> None:
        self.kind, self.id = kind, id
        names = ", ".join(there)
        super().__init__(f"{kind} {id!r} not found" + (f"; there is {names}" if names else ""))


class Gone(RapportError):
    """The thing named was there, and is over: a link that was used, or has expired."""


class Conflict(RapportError):
    """The thing is no longer in the state that this needs."""


class Outdated(Conflict):
    """What was decided on has changed since, such as a slot that is full by now: to be decided again."""


class Unauthenticated(RapportError):
    """No key came, or not a valid one."""


class Forbidden(RapportError):
    """The key is valid and lacks the scope."""


class TooLarge(RapportError):
    """More than may be sent at once."""


class Unavailable(RapportError):
    """There is nothing to answer with yet."""


class ArtifactError(RapportError):
    """A stored model that cannot be trusted: missing, altered or of another format."""


class GatewayError(RapportError):
    """The outside answered in no way the contract knows."""


def shown(value: object, limit: int = 80) -> str:
    """``value`` as a message may carry it: its repr, cut to ``limit`` characters.

    Examples
    --------
    >>> shown("x" * 100, limit=10)
    "'xxxxxxxx…"
    """
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
