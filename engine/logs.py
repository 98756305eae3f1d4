"""How every process logs: one JSON object a line on standard error, a traceback without the values in it.

What libraries log with ``logging`` or warn of comes out the same way.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO, cast

import structlog

NAME = "rapport"  # of the one handler at the root
STILL_BUSY = "maximum number of running instances"  # APScheduler's: what is done so often may still be under way
SHARED: tuple[structlog.typing.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
)


def configure(level: str) -> None:
    """Log from ``level`` up; of libraries only what is a warning at least."""
    number, to = logging.getLevelNamesMapping()[level], cast(TextIO, _StandardError())
    structlog.configure(
        processors=[*SHARED, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=to),  # a line at once: threads do not write into each other's
        cache_logger_on_first_use=False,
    )
    _configure_libraries(number, to)


def _configure_libraries(level: int, to: TextIO) -> None:
    handler = logging.StreamHandler(to)
    handler.set_name(NAME)
    handler.setFormatter(_as_json())
    handler.addFilter(lambda record: _quietened(record).levelno >= level)
    root = logging.getLogger()
    for old in [one for one in root.handlers if one.get_name() == NAME]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)


def _as_json() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *SHARED],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )


def _quietened(record: logging.LogRecord) -> logging.LogRecord:
    """The record; one that warns of what is normal is for debugging only."""
    if record.name.startswith("apscheduler") and STILL_BUSY in str(record.msg):
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
    return record


class _StandardError:
    """Standard error, as it is when something is logged."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()
