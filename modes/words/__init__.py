"""What customers are told, in their language: templates (Fluent) with a fall-back from locale to locale.

The files beside this one are the code's own words, read once; a language is added by adding its file.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from fluent.runtime import FluentBundle, FluentResource

LAST = "en"  # every key is there
SAID = 1 << 14  # sentences that a locale remembers


class Words:
    """How one locale says things; what it has no words for is said as the next in its line says it.

    Examples
    --------
    >>> Words.of("de-AT").say("days", n=1), Words.of(None).say("days", n=3)
    ('1 Tag', '3 days')
    """

    def __init__(self, bundles: Sequence[FluentBundle]) -> None:
        self._bundles = tuple(bundles)
        self.language: str = self._bundles[0].locales[0]  # as pages name it
        self._locale = self.language.replace("-", "_")
        self._said = lru_cache(maxsize=SAID, typed=True)(self._formatted)

    @classmethod
    def of(cls, locale: str | None) -> Words:
        """The words for a locale such as ``de-AT``: its own, its language's, then English."""
        return _words(fallback(locale))

    def knows(self, key: str) -> bool:
        """Whether there are words for this."""
        return any(bundle.has_message(key) for bundle in self._bundles)

    def say(self, key: str, **facts: str | int | float) -> str:
        """The sentence of a key with its facts.

        Raises
        ------
        KeyError
            for a key that no locale has, or a fact that its words need and that is not given
        """
        return self._said(key, tuple(sorted(facts.items())))

    def _formatted(self, key: str, facts: tuple[tuple[str, str | int | float], ...]) -> str:
        bundle = next((one for one in self._bundles if one.has_message(key)), None)
        pattern = None if bundle is None else bundle.get_message(key).value
        if bundle is None or pattern is None:
            raise KeyError(key)
        said, errors = bundle.format_pattern(pattern, dict(facts))
        if errors:
            raise KeyError(f"{key}: {errors[0]}")
        return str(said)

    def when(self, at: datetime, zone: ZoneInfo) -> str:
        """An instant as the customer's clock and calendar show it.

        Examples
        --------
        >>> from datetime import UTC
        >>> Words.of("de").when(datetime(2018, 1, 2, 8, tzinfo=UTC), ZoneInfo("UTC"))
        '2. Januar um 08:00 Uhr'
        """
        local = _local(at, zone)
        time = format_time(local, self.say("time"), locale=self._locale)
        return self.say("when", time=time, date=self.day(local.date()))

    def day(self, day: date) -> str:
        """A day of the calendar."""
        return format_date(day, self.say("date"), locale=self._locale)

    def listed(self, parts: Sequence[str]) -> str:
        """Several things in a row."""
        return parts[0] if len(parts) == 1 else self.say("and", most=", ".join(parts[:-1]), last=parts[-1])


def _local(at: datetime, zone: ZoneInfo) -> datetime:
    """An instant by a zone's clock; at either end of the calendar, where that has none, as it is."""
    try:
        return at.astimezone(zone)
    except OverflowError:
        return at


@lru_cache(maxsize=1024)
def fallback(locale: str | None) -> tuple[str, ...]:
    """The languages there are words in, the wanted one first.

    Examples
    --------
    >>> fallback("de_AT"), fallback("pt-BR"), fallback(None)
    (('de', 'en'), ('en',), ('en',))
    """
    parts = (locale or "").replace("_", "-").lower().split("-")
    wanted = ["-".join(parts[:n]) for n in range(len(parts), 0, -1)]
    return tuple(dict.fromkeys([*(one for one in wanted if one in languages()), LAST]))


@lru_cache(maxsize=1)
def languages() -> frozenset[str]:
    """The locales there is a file of."""
    names = (one.name for one in resources.files(__name__).iterdir())
    return frozenset(name.removesuffix(".ftl").lower() for name in names if name.endswith(".ftl"))


@lru_cache(maxsize=64)
def _words(chain: tuple[str, ...]) -> Words:
    return Words([_bundle(locale) for locale in chain])


@lru_cache(maxsize=64)
def _bundle(locale: str) -> FluentBundle:
    bundle = FluentBundle([locale], use_isolating=False)
    bundle.add_resource(FluentResource(source(locale)))
    return bundle


def source(locale: str) -> str:
    """The words of a locale as they are written."""
    return resources.files(__name__).joinpath(f"{locale}.ftl").read_text(encoding="utf-8")
