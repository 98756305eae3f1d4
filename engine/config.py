"""Settings from the environment, and the clock they set. Read by the edges only."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dotenv import dotenv_values

from engine.domain.gateways import Terms
from engine.domain.values import DEFAULT_CURRENCY, parse_currency, parse_time, parse_zone
from engine.errors import InputError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_span(text: str, field: str) -> timedelta:
    """A length of time such as ``24h``, ``7d`` or ``-3240d``.

    Examples
    --------
    >>> parse_span("36h", "RAPPORT_VETO_WINDOW")
    datetime.timedelta(days=1, seconds=43200)
    """
    match = re.fullmatch(r"(-?[0-9]{1,9})([smhdw])", text.strip())
    if match is None:
        raise InputError.of(field, "a number and one of s, m, h, d, w, such as 24h", text)
    try:
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError:
        raise InputError.of(field, "a length of time within the calendar", text) from None


def parse_terms(text: str, field: str) -> Terms:
    """What a gateway declares of itself, such as ``key_life=7d looks_up=no``; what is left out is as by default.

    Raises
    ------
    InputError
        naming what cannot be read

    Examples
    --------
    >>> parse_terms("looks_up=no at_once=4", "RAPPORT_GATEWAY_TERMS").at_once
    4
    """
    expected = "key_life=24h timeout=5s looks_up=yes stores_errors=no at_once=16, or some of them"
    found: dict[str, Any] = {}
    for word in text.split():
        name, _, value = word.partition("=")
        if name in ("key_life", "timeout"):
            found[name] = parse_span(value, field)
        elif name in ("looks_up", "stores_errors"):
            found[name] = _yes(value, field)
        elif name == "at_once" and re.fullmatch(r"\d{1,3}", value):
            found[name] = int(value)
        else:
            raise InputError.of(field, expected, word)
    return checked_terms(Terms(**found), field)


def checked_terms(terms: Terms, field: str) -> Terms:
    """The terms, where they make sense: InputError otherwise."""
    if not timedelta(seconds=1) <= terms.timeout <= timedelta(minutes=1):
        raise InputError.of(field, "a timeout of 1s to 60s", _plain(terms.timeout))
    if not 4 * terms.timeout <= terms.key_life <= timedelta(days=366):
        raise InputError.of(field, "a key_life of four time-outs to 366d", _plain(terms.key_life))
    if not 1 <= terms.at_once <= 256:
        raise InputError.of(field, "an at_once of 1 to 256", terms.at_once)
    return terms


def shown_terms(terms: Terms) -> str:
    """The terms as they are written.

    Examples
    --------
    >>> shown_terms(Terms())
    'key_life=86400s timeout=5s looks_up=yes stores_errors=no at_once=16'
    """
    said = {"looks_up": terms.looks_up, "stores_errors": terms.stores_errors}
    spans = f"key_life={_plain(terms.key_life)} timeout={_plain(terms.timeout)}"
    words = " ".join(f"{name}={'yes' if is_so else 'no'}" for name, is_so in said.items())
    return f"{spans} {words} at_once={terms.at_once}"


def _yes(text: str, field: str) -> bool:
    if text.lower() not in ("yes", "no", "on", "off"):
        raise InputError.of(field, "yes or no, on or off", text)
    return text.lower() in ("yes", "on")


@dataclass(frozen=True, kw_only=True, slots=True)
class Clock:
    """What tells the time: as it is, shifted, or fixed."""

    fixed: datetime | None = None
    offset: timedelta = timedelta(0)

    @classmethod
    def parse(cls, text: str, zone: ZoneInfo) -> Clock:
        """The clock that ``RAPPORT_NOW`` asks for: an instant, an offset such as ``-3240d``, or nothing."""
        if not text.strip():
            return cls()
        if re.fullmatch(r"-?\d+[smhdw]", text.strip()):
            return cls(offset=parse_span(text, "RAPPORT_NOW"))
        return cls(fixed=parse_time(text, "RAPPORT_NOW", date_zone=zone))

    @property
    def moved(self) -> bool:
        """Whether it tells another time than the machine's."""
        return self.fixed is not None or bool(self.offset)

    def now(self) -> datetime:
        """The instant it is, in UTC."""
        return self.told(datetime.now(UTC))

    def happened(self) -> datetime:
        """Until when something may be said to have happened: the later of its time and the machine's, and two days.

        Old data is taken in at a clock that was set back to it; other clocks are not always right.
        """
        return max(self.now(), datetime.now(UTC)) + timedelta(days=2)

    def told(self, clock: datetime) -> datetime:
        """The instant it is by another clock than the machine's."""
        return self.fixed or clock + self.offset


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A file that a setting names, and what stood in it when the settings were read."""

    path: Path
    text: str

    @classmethod
    def of(cls, path: Path, field: str) -> File:
        """The file as it is now; InputError of the setting ``field`` where it cannot be read."""
        try:
            return cls(path=path, text=path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            raise InputError.of(field, "a file in UTF-8", str(path)) from None
        except (OSError, ValueError) as error:
            expected = f"a file that can be read ({getattr(error, 'strerror', None) or error})"
            raise InputError.of(field, expected, str(path)) from None

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Everything the environment decides, read once."""

    home: Path
    database_url: str
    secret_key: str
    log_level: str
    timezone: ZoneInfo
    currency: str
    personalization_default: str  # "granted" or "refused"
    gateway_url: str | None
    gateway_secret: str | None
    alert_url: str | None  # where alerts are told, signed as orders are
    alert_secret: str | None
    worker_metrics_port: tuple[str, int] | None  # where the worker shows its figures
    veto_window: timedelta
    four_eyes: bool  # whether another key than its author's must approve a rule
    gateway_terms: Terms  # what the gateway declares of itself
    cluster: bool  # whether Procrastinate wakes workers; needs PostgreSQL
    spark: str | None  # the cluster that tastes are fitted on; None: here
    policy: File | None  # the shop's parameters; None: the defaults
    clock: Clock

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, *, dotenv: Path | None = None) -> Settings:
        """Settings from ``environ`` (default: the process's), with ``.env`` of the current folder behind it.

        Raises
        ------
        InputError
            naming the variable that cannot be read
        """
        outer = os.environ if environ is None else environ
        behind = dotenv_values(dotenv or Path(".env")) if environ is None or dotenv else {}
        env = {**{k: v for k, v in behind.items() if v is not None}, **outer}

        def of(name: str, default: str = "") -> str:
            return env.get(f"RAPPORT_{name}") or default

        home = Path(of("HOME", ".rapport"))
        zone = parse_zone(of("TIMEZONE", "UTC"), "RAPPORT_TIMEZONE")
        default = of("PERSONALIZATION_DEFAULT", "granted")
        if default not in ("granted", "refused"):
            raise InputError.of("RAPPORT_PERSONALIZATION_DEFAULT", "granted or refused", default)
        level = of("LOG_LEVEL", "INFO").upper()
        if level not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
            raise InputError.of("RAPPORT_LOG_LEVEL", "DEBUG, INFO, WARNING, ERROR or CRITICAL", level)
        window = parse_span(of("VETO_WINDOW", "24h"), "RAPPORT_VETO_WINDOW")
        if window < timedelta(0):
            raise InputError.of("RAPPORT_VETO_WINDOW", "a length of time of 0 or more", of("VETO_WINDOW"))
        return cls(
            home=home,
            database_url=of("DATABASE_URL", f"sqlite:///{home / 'rapport.db'}"),
            secret_key=of("SECRET_KEY"),
            log_level=level,
            timezone=zone,
            currency=parse_currency(of("CURRENCY", DEFAULT_CURRENCY), "RAPPORT_CURRENCY"),
            personalization_default=default,
            gateway_url=of("GATEWAY_URL") or None,
            gateway_secret=of("GATEWAY_SECRET") or None,
            alert_url=of("ALERT_URL") or None,
            alert_secret=of("ALERT_SECRET") or None,
            worker_metrics_port=_address(of("WORKER_METRICS_PORT"), "RAPPORT_WORKER_METRICS_PORT"),
            veto_window=window,
            four_eyes=_yes(of("FOUR_EYES", "off"), "RAPPORT_FOUR_EYES"),
            gateway_terms=parse_terms(of("GATEWAY_TERMS"), "RAPPORT_GATEWAY_TERMS"),
            cluster=_yes(of("CLUSTER", "no"), "RAPPORT_CLUSTER"),
            spark=of("SPARK") or None,
            policy=_policy(of("POLICY"), home),
            clock=Clock.parse(of("NOW"), zone),
        )

    @property
    def models(self) -> Path:
        """The folder of model artifacts."""
        return self.home / "models"

    def secret(self) -> str:
        """The secret key; a missing one is made once in the home (mode 0600)."""
        return self.secret_key or _kept_secret(self.home / "secret.key")

    def shown(self) -> dict[str, str]:
        """Each setting as ``rapport settings`` prints it, secrets masked."""
        masked = {
            "secret_key": "made in the home" if not self.secret_key else "********",
            "gateway_secret": "********" if self.gateway_secret else "",
            "alert_secret": "********" if self.alert_secret else "",
            "worker_metrics_port": "{}:{}".format(*self.worker_metrics_port) if self.worker_metrics_port else "",
            "database_url": _masked(self.database_url),
            "gateway_url": _masked(self.gateway_url or ""),
            "alert_url": _masked(self.alert_url or ""),
            "gateway_terms": shown_terms(self.gateway_terms),
            "cluster": "yes" if self.cluster else "no",
            "now": str(self.clock.fixed or self.clock.offset) if self.clock.moved else "",
        }
        names = [f.name for f in fields(self) if f.name != "clock"] + ["now"]
        return {f"RAPPORT_{n.upper()}": masked[n] if n in masked else _plain(getattr(self, n)) for n in names}


def _address(text: str, field: str) -> tuple[str, int] | None:
    """A port, alone or behind an address of this machine; alone it is the loopback's.

    Examples
    --------
    >>> _address("9102", "port"), _address("0.0.0.0:9102", "port"), _address("", "port")
    (('127.0.0.1', 9102), ('0.0.0.0', 9102), None)
    """
    host, _, port = text.strip().rpartition(":")
    if not text.strip():
        return None
    if not re.fullmatch(r"\d{1,5}", port) or not 1 <= int(port) <= 65535:
        raise InputError.of(field, "a port, or HOST:PORT", text)
    return host or "127.0.0.1", int(port)


def _policy(named: str, home: Path) -> File | None:
    """The file named, else ``policy.yaml`` in the home where there is one."""
    if named:
        return File.of(Path(named), "RAPPORT_POLICY")
    usual = home / "policy.yaml"
    return File.of(usual, "RAPPORT_POLICY") if usual.exists() else None


def _masked(url: str) -> str:
    """A URL without the password in it, wherever one may stand.

    Examples
    --------
    >>> _masked("postgresql://me:p@ss@host/db?password=other&sslmode=require")
    'postgresql://me:********@host/db?password=********&sslmode=require'
    """
    plain = re.sub(r"(://[^:/?#]*:)[^/?#]*@", r"\1********@", url)
    return re.sub(r"([?&][^=&]*(?:password|secret|token|key)[^=&]*=)[^&#]*", r"\1********", plain, flags=re.I)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, timedelta):
        return f"{int(value.total_seconds())}s"
    return "" if value is None else str(value)


def _kept_secret(path: Path) -> str:
    """The key kept at ``path``, made at the first call; two processes that start together agree on one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(secrets.token_urlsafe(48))
        try:
            os.link(aside, path)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    return path.read_text().strip()
