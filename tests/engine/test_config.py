"""Settings are read once, say which variable is wrong, and show no secret."""

from datetime import UTC, datetime, timedelta

import pytest

from engine.config import Clock, Settings
from engine.errors import InputError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RAPPORT_TIMEZONE", "Mars/Olympus"),
        ("RAPPORT_CURRENCY", "dollars"),
        ("RAPPORT_NOW", "yesterday"),
        ("RAPPORT_NOW", "2017-12-01T00:00:00"),
        ("RAPPORT_VETO_WINDOW", "-1h"),
        ("RAPPORT_VETO_WINDOW", "24"),
        ("RAPPORT_PERSONALIZATION_DEFAULT", "yes"),
        ("RAPPORT_LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_variable_is_named(name, value):
    with pytest.raises(InputError, match=name):
        Settings.from_env({name: value})


def test_the_environment_wins_over_the_file(tmp_path):
    file = tmp_path / ".env"
    file.write_text("RAPPORT_CURRENCY=EUR\nRAPPORT_TIMEZONE=Europe/Berlin\n")
    settings = Settings.from_env({"RAPPORT_CURRENCY": "CHF"}, dotenv=file)
    assert (settings.currency, settings.timezone.key) == ("CHF", "Europe/Berlin")


def test_the_clock_can_be_fixed_or_shifted():
    fixed = Settings.from_env({"RAPPORT_NOW": "2017-12-01"}).clock
    assert fixed.now() == datetime(2017, 12, 1, tzinfo=UTC)
    shifted = Clock(offset=timedelta(days=-1)).now() - Clock().now()
    assert abs(shifted + timedelta(days=1)) < timedelta(seconds=1)


def test_secrets_are_masked():
    env = {
        "RAPPORT_SECRET_KEY": "s3cret",
        "RAPPORT_GATEWAY_SECRET": "hush",
        "RAPPORT_DATABASE_URL": "postgresql://u:p@w/d?password=pq",
        "RAPPORT_GATEWAY_URL": "https://shop:pr@example.org/orders?api_key=ps",
    }
    shown = " ".join(Settings.from_env(env).shown().values())
    assert not [secret for secret in ("s3cret", "hush", "p@w", ":pr@", "pq", "=ps") if secret in shown]


def test_a_missing_secret_is_made_once(tmp_path):
    settings = Settings.from_env({"RAPPORT_HOME": str(tmp_path / "home")})
    assert settings.secret() == settings.secret()
    assert (tmp_path / "home" / "secret.key").stat().st_mode & 0o777 == 0o600
