"""``rapport``: the commands, and how their errors are told."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click
import typer

from api.cli import (
    access,
    calendar,
    deciding,
    demonstrating,
    intake,
    inventing,
    judging,
    learning,
    rules,
    running,
    stopping,
    valuing,
)
from engine.errors import InputError, RapportError

FAILED, WRONG_USAGE, INTERRUPTED = 1, 2, 130
Misused = typer.BadParameter.__mro__[2]  # ClickException, of whichever click typer stands on

app = typer.Typer(
    name="rapport",
    help="Decides, for every customer and every need, which experience to give, and gives it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
TOPICS = (
    intake,
    learning,
    valuing,
    inventing,
    judging,
    deciding,
    calendar,
    rules,
    running,
    stopping,
    access,
    demonstrating,
)
for topic in TOPICS:
    topic.register(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and end the process: 0 done, 1 failed, 2 wrong usage, 3 done with rejected rows."""
    _log_to_standard_error()
    try:
        ended = app(args=None if arguments is None else list(arguments), standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except Misused as error:
        _tell_usage(error)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(FAILED)
    except InputError as error:
        _tell(str(error), WRONG_USAGE)
    except (RapportError, OSError) as error:
        _tell(str(error), FAILED)
    except Exception as error:
        _tell_failure(error)
    else:
        sys.exit(ended if isinstance(ended, int) else 0)


def _log_to_standard_error() -> None:
    """What commands print is theirs; only what went wrong is logged beside it, unless a command says otherwise."""
    import logging

    import structlog

    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)  # never shows values
    structlog.configure(
        processors=[structlog.processors.add_log_level, plain],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=lambda *names: structlog.PrintLogger(sys.stderr),  # as it is when something is logged
    )


def _tell(sentence: str, code: int) -> None:
    click.echo(f"rapport: {' '.join(sentence.split())}", err=True)
    sys.exit(code)


def _tell_usage(error: Any) -> None:
    """What was typed wrong, in a sentence."""
    said = error.format_message()
    if not said:  # a group named alone: its help is printed already
        sys.exit(WRONG_USAGE)
    _tell(f"{said.rstrip('.')} (--help shows how)", WRONG_USAGE)


def _tell_failure(error: Exception) -> None:
    """What nobody foresaw: one sentence for whoever typed the command, the whole story in the log at DEBUG."""
    import logging
    import os

    if os.environ.get("RAPPORT_LOG_LEVEL", "").upper() == "DEBUG":
        logging.getLogger("rapport").exception("the command failed")
    _tell(f"{type(error).__name__}: {error} (RAPPORT_LOG_LEVEL=DEBUG shows where)", FAILED)
