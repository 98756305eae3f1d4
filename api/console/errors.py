"""Errors of the console as pages: who reads them is a person."""

from __future__ import annotations

from flask import Response, current_app, g, request

from api.console.csp import strict
from api.console.pages import PAGES
from api.problem import MEDIA_TYPE
from api.service import service

PATH = "/console"


def as_page(response: Response) -> Response:
    """The answer, an error of the console as a page of it; nothing is read for it, the database may be what failed."""
    here = request.path == PATH or request.path.startswith(f"{PATH}/")
    if not here or response.content_type != MEDIA_TYPE:
        return response
    settings = service().settings
    page = current_app.jinja_env.get_template("console/error.html").render(
        problem=response.get_json(),
        clock=settings.clock,
        now=service().now(),
        pages=PAGES,
        signed_in=g.get("caller") is not None,
        stopped=(),
    )
    response.set_data(page)
    response.content_type = "text/html; charset=utf-8"
    return strict(response)
