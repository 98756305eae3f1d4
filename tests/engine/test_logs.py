"""The log: each line is a JSON object, whoever writes it."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from engine import logs

Lines = Callable[[], list[dict[str, str]]]


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """How this process logs is as it was, once a test has ended."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    with warnings.catch_warnings():
        yield
        logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """What was logged since the last look, each line read as JSON."""
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def fail() -> None:
    """Raise an error with another as its cause."""
    try:
        raise KeyError("first")
    except KeyError as first:
        raise ValueError("second") from first


@pytest.mark.parametrize("log", [logging.getLogger("some.library"), structlog.get_logger()])
def test_a_traceback_is_a_field_of_one_line(lines: Lines, log) -> None:
    logs.configure("INFO")
    try:
        fail()
    except ValueError:
        log.exception("it broke")
    (line,) = lines()
    assert (line["event"], line["level"]) == ("it broke", "error")
    assert "KeyError: 'first'" in line["exception"]
    assert "ValueError: second" in line["exception"]
    assert line["timestamp"].endswith("Z")


def test_a_librarys_arguments_are_filled_in_and_it_is_named(lines: Lines) -> None:
    logs.configure("INFO")
    logging.getLogger("some.library").warning("%s of\n%d", "one", 2)
    (line,) = lines()
    assert (line["event"], line["level"], line["logger"]) == ("one of\n2", "warning", "some.library")


def test_a_warning_is_a_line(lines: Lines) -> None:
    logs.configure("INFO")
    warnings.simplefilter("always")
    warnings.warn("this is old", DeprecationWarning, stacklevel=1)
    (line,) = lines()
    assert "DeprecationWarning: this is old" in line["event"]


@pytest.mark.parametrize(("level", "said"), [("DEBUG", ["warning"]), ("WARNING", ["warning"]), ("ERROR", [])])
def test_libraries_tell_warnings_as_far_as_the_level_lets_them(lines: Lines, level: str, said: list[str]) -> None:
    logs.configure(level)
    for word in ("debug", "info", "warning"):
        getattr(logging.getLogger("some.library"), word)("so it is")
    assert [line["level"] for line in lines()] == said


def test_configured_twice_it_is_logged_once(lines: Lines) -> None:
    logs.configure("INFO")
    logs.configure("INFO")
    logging.getLogger("some.library").warning("once")
    assert len(lines()) == 1


@pytest.mark.parametrize(("level", "said"), [("INFO", []), ("DEBUG", ["debug"])])
def test_a_job_that_is_still_busy_is_no_warning(lines: Lines, level: str, said: list[str]) -> None:
    logs.configure(level)
    busy, let_go, skipped = Event(), Event(), Event()

    def work() -> None:
        busy.set()
        let_go.wait(10)

    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_listener(lambda event: skipped.set(), 2**16)  # EVENT_JOB_MAX_INSTANCES
    scheduler.add_job(work, "interval", seconds=0.05, max_instances=1, id="sweep")
    scheduler.start()
    try:
        assert busy.wait(10)
        assert skipped.wait(10)
        scheduler.pause()
    finally:
        let_go.set()
        scheduler.shutdown()
    assert [line["level"] for line in lines() if "skipped" in line["event"]][:1] == said


def test_a_job_that_raises_is_a_line(lines: Lines) -> None:
    logs.configure("INFO")
    done = Event()
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_listener(lambda event: done.set(), 2**13)  # EVENT_JOB_ERROR
    scheduler.add_job(fail, id="plan")
    scheduler.start()
    assert done.wait(10)
    scheduler.shutdown()
    (line,) = lines()
    assert line["logger"].startswith("apscheduler")
    assert "ValueError: second" in line["exception"]


def test_threads_do_not_write_into_each_others_lines(lines: Lines) -> None:
    logs.configure("INFO")
    ours, theirs = structlog.get_logger(), logging.getLogger("some.library")
    with ThreadPoolExecutor(8) as pool:
        for n in range(200):
            pool.submit((ours if n % 2 else theirs).warning, "x" * 500)
    assert len(lines()) == 200
