"""Where orders are placed: what a gateway declares of itself, and the ones that operators add by name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from engine.domain.executions import Call

DEFAULT = "default"  # the name of the gateway that the environment gives; executions carry none for it
NAMES = "1 to 100 small letters, digits, '.', '_' and '-', a letter or digit first"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


def is_name(value: object) -> bool:
    """Whether a gateway may be called so.

    Examples
    --------
    >>> [is_name(name) for name in ("cold-chain.2", "default", "Cold", ".cold", 7)]
    [True, True, False, False, False]
    """
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What a gateway declares of itself, and how it is dealt with."""

    timeout: timedelta = timedelta(seconds=5)  # until it must begin to answer, and again until it must have ended
    key_life: timedelta = timedelta(hours=24)  # how long it knows a key; after that it is only looked up
    looks_up: bool = True  # whether it tells of an execution whether there is an order
    stores_errors: bool = False  # whether a refusal stands under the key, so that asking again gives it again
    first_retry: timedelta = timedelta(seconds=2)  # after an unknown outcome; doubled each time
    longest_retry: timedelta = timedelta(minutes=5)
    at_once: int = 16  # calls at the same time, of one worker
    payment_retries: tuple[timedelta, ...] = (timedelta(hours=1), timedelta(days=1), timedelta(days=3))  # each after
    # the failure before it; a refused key stays refused, so each is an execution of its own

    @property
    def lease(self) -> timedelta:
        """How long a claim holds: a call and the look-up that may follow it, and as much again to write it down."""
        return 6 * self.timeout

    def retry_in(self, attempt: int) -> timedelta:
        """How long to wait after the n-th attempt.

        Examples
        --------
        >>> [Terms().retry_in(n).total_seconds() for n in (1, 2, 3, 60)]
        [2.0, 4.0, 8.0, 300.0]
        """
        return min(self.first_retry * (1 << min(attempt - 1, 20)), self.longest_retry)

    def call(self, since_first_call: timedelta | None) -> Call:
        """What to ask: to place, as long as the key is sure to be known, and then only whether it was placed.

        A gateway that cannot look up answers the second without being called: nobody knows. A first call that lies
        ahead was made before the database's clock was set back, nobody knows how long ago.
        """
        sure = self.key_life - 2 * self.timeout
        known = since_first_call is None or -self.timeout < since_first_call < sure
        return Call.PLACE if known else Call.LOOK_UP

    def final(self, attempt: int) -> bool:
        """Whether a refusal at the n-th attempt tells that there is no order.

        Examples
        --------
        >>> Terms().final(1), Terms().final(2), Terms(stores_errors=True).final(2)
        (True, False, True)
        """
        return attempt == 1 or self.stores_errors


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedGateway:
    """A gateway that operators added. Executions name it; its address is checked before every call."""

    name: str
    url: str
    secrets: tuple[str, ...] = field(default=(), repr=False)  # whsec_ or bare base64; what is sent is signed with each
    terms: Terms = Terms()
    author: str
    revision: str = ""  # another one after every change
    updated_at: datetime
