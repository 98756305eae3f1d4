"""The one shape of every error."""

from __future__ import annotations

from http import HTTPStatus

from werkzeug.test import TestResponse


def assert_problem(answer: TestResponse, status: int | None = None, *, pointer: str | None = None) -> dict[str, object]:
    """The answer is application/problem+json with all its members; answers its body.

    Parameters
    ----------
    status : the status it must have, where one is asked for
    pointer : a pointer that must be among its errors
    """
    body: dict[str, object] = answer.get_json(force=True)
    assert answer.content_type == "application/problem+json", answer.content_type
    assert (
        {"type", "title", "status", "detail", "instance"}
        <= set(body)
        <= {"type", "title", "status", "detail", "instance", "errors"}
    )
    assert body["status"] == answer.status_code
    assert body["title"] == HTTPStatus(answer.status_code).phrase
    assert isinstance(body["detail"], str)
    assert body["detail"]
    assert str(body["instance"]).startswith("/")
    for error in body.get("errors", []):  # type: ignore[attr-defined]
        assert set(error) == {"pointer", "detail"}
        assert error["pointer"] == "" or error["pointer"].startswith("/")
    if status is not None:
        assert answer.status_code == status, body
    if pointer is not None:
        assert pointer in [error["pointer"] for error in body["errors"]], body  # type: ignore[attr-defined]
    return body
