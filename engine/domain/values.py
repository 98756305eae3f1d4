"""The small values everything is made of: ids, instants, money."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.errors import InputError

DEFAULT_CURRENCY = "USD"
MAX_ID = 200
# what is told of lies between; 1970 begins a day sooner in UTC for whoever lives east of it
EARLIEST, LATEST = datetime(1969, 12, 31, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
MAX_MINOR = 10**15  # far above any order, far below what a database integer holds

_NUMBER = re.compile(r"(?=\.?[0-9])[0-9]*\.?[0-9]*([eE][+-]?[0-9]{1,3})?")  # ASCII only, no underscores
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff/]")
_EXPONENTS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_EXPONENT_OF = {code: digits for digits, codes in _EXPONENTS.items() for code in codes.split()}


def parse_id(value: object, field: str) -> str:
    """An identifier as it was written: text of 1 to 200 characters without ``/`` or control characters.

    ``.`` and ``..`` are none: in a URL they would be folders.

    Raises
    ------
    InputError
        for anything else; numbers are not turned into text here

    Examples
    --------
    >>> parse_id("007", "item_id")
    '007'
    """
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_ID or _CONTROL.search(value):
        raise InputError.of(field, "text of 1 to 200 characters without '/' or control characters", value)
    if value in (".", ".."):
        raise InputError.of(field, "text that can stand in a URL, other than '.' and '..'", value)
    return value


def require_aware(at: datetime, field: str = "time") -> datetime:
    """The instant in UTC; a naive time is an error, never a guess."""
    if at.tzinfo is None or at.utcoffset() is None:
        raise InputError.of(field, "a time with an offset, such as 2017-11-30T08:00:00Z", at.isoformat())
    return at.astimezone(UTC)


def parse_zone(name: object, field: str = "timezone") -> ZoneInfo:
    """A time zone by its IANA name.

    Examples
    --------
    >>> parse_zone("Europe/Berlin").key
    'Europe/Berlin'
    """
    try:
        if isinstance(name, str) and name:
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    raise InputError.of(field, "an IANA time zone such as Europe/Berlin", name)


def parse_time(value: object, field: str, *, date_zone: ZoneInfo, naive_zone: ZoneInfo | None = None) -> datetime:
    """An instant in UTC from ISO 8601 text (or a datetime or date).

    A date alone is midnight in ``date_zone``. A time without offset is an error unless ``naive_zone``
    says what it means. What lies before 1970 or after 2199 was not meant.

    Examples
    --------
    >>> parse_time("2017-11-30T08:00:00+01:00", "at", date_zone=ZoneInfo("UTC")).isoformat()
    '2017-11-30T07:00:00+00:00'
    >>> parse_time("2017-11-30", "at", date_zone=ZoneInfo("Europe/Berlin")).isoformat()
    '2017-11-29T23:00:00+00:00'
    """
    expected = "an ISO 8601 time with an offset, or a date"
    if isinstance(value, str):
        text = value.strip()
        try:
            if len(text) == 10:
                value = date.fromisoformat(text)
            else:
                value = datetime.fromisoformat(text)
        except ValueError:
            raise InputError.of(field, expected, value) from None
    try:
        if isinstance(value, datetime):
            if value.tzinfo is None and naive_zone is not None:
                value = value.replace(tzinfo=naive_zone)
            return _sane(require_aware(value, field), field)
        if isinstance(value, date):
            return _sane(datetime(value.year, value.month, value.day, tzinfo=date_zone).astimezone(UTC), field)
    except OverflowError:
        pass
    raise InputError.of(field, expected, value)


def _sane(at: datetime, field: str) -> datetime:
    if not EARLIEST <= at < LATEST:
        raise InputError.of(field, "a time from 1970 to 2199", at.isoformat())
    return at


def parse_currency(value: object, field: str = "currency") -> str:
    """A currency by its three-letter ISO 4217 code, in capitals."""
    if isinstance(value, str) and re.fullmatch(r"[A-Z]{3}", value):
        return value
    raise InputError.of(field, "a three-letter ISO 4217 code in capitals, such as USD", value)


def minor_digits(currency: str) -> int:
    """How many decimals the currency's minor unit has: 2 for USD, 0 for JPY."""
    return _EXPONENT_OF.get(currency, 2)


def parse_decimal(value: object, field: str) -> Decimal:
    """A finite, non-negative decimal number from text in ASCII digits, or from a number."""
    expected = "a decimal number of 0 or more in ASCII digits, such as 4.99"
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise InputError.of(field, expected, value)
    text = str(value).strip()
    if isinstance(value, str) and not _NUMBER.fullmatch(text):
        raise InputError.of(field, expected, value)
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise InputError.of(field, expected, value) from None
    if not number.is_finite() or number < 0 or number >= MAX_MINOR:
        raise InputError.of(field, expected, value)
    return number


def parse_money(value: object, currency: str, field: str) -> Money:
    """An amount that somebody states: never rounded, so that it has no more decimals than the currency.

    Zeros at the end say nothing: 4.9900 USD is 4.99 USD.

    Raises
    ------
    InputError
        for what is no number, or has more decimals

    Examples
    --------
    >>> parse_money("4.99", "USD", "price")
    Money(minor=499, currency='USD')
    >>> parse_money("1.50", "JPY", "price")
    Traceback (most recent call last):
    engine.errors.InputError: price: expected a decimal number in ASCII digits with no decimals for JPY, came '1.50'
    """
    number = parse_decimal(value, field)
    powers = isinstance(value, str) and "e" in value.casefold()
    if powers or number != _whole_minor(number, currency):
        digits = minor_digits(currency)
        most = f"at most {digits} decimals" if digits else "no decimals"
        raise InputError.of(field, f"a decimal number in ASCII digits with {most} for {currency}", value)
    return Money(minor=to_minor(number, currency), currency=currency)


def _whole_minor(number: Decimal, currency: str) -> Decimal:
    return Decimal(to_minor(number, currency)).scaleb(-minor_digits(currency))


def to_minor(amount: Decimal, currency: str) -> int:
    """The amount in whole minor units, half to even.

    Examples
    --------
    >>> to_minor(Decimal("4.99"), "USD"), to_minor(Decimal("500"), "JPY")
    (499, 500)
    """
    return int(amount.scaleb(minor_digits(currency)).to_integral_value(ROUND_HALF_EVEN))


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Money:
    """An amount of money in whole minor units (cents) of one currency."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        if self.currency != other.currency:
            raise InputError.of("currency", self.currency, other.currency)
        return Money(minor=self.minor + other.minor, currency=self.currency)

    def times(self, quantity: int) -> Money:
        """So many of it."""
        return Money(minor=self.minor * quantity, currency=self.currency)

    def decimal(self) -> str:
        """As decimal text, the way the wire carries it.

        Examples
        --------
        >>> Money(minor=499, currency="USD").decimal()
        '4.99'
        """
        return str(Decimal(self.minor).scaleb(-minor_digits(self.currency)))

    def __str__(self) -> str:
        return f"{self.decimal()} {self.currency}"
