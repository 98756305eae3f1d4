"""A topic's routes, each declared once: what it takes, who may call it, what it answers.

The declaration is what the request is checked against and what the OpenAPI document is written from.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus

from apiflask import APIBlueprint
from flask import Response, g
from pydantic import BaseModel

from api import idempotency, requests
from api.auth.caller import Caller, Scope
from api.auth.check import authenticate
from api.encoding import dumps

type_of_view = Callable[..., object]
WRITES = frozenset({"POST", "PUT", "DELETE"})
EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, kw_only=True)
class Route:
    """One method of one path."""

    method: str
    path: str  # "/v1/customers/<ident:customer_id>"
    view: type_of_view
    scopes: Set[Scope]
    body: type[BaseModel] | None = None
    rows: type[BaseModel] | None = None  # one object or a list of them, which the view reads itself
    body_needed: bool = True
    query: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None  # of what the view answers with
    documented_answer: type[BaseModel] | None = None  # where the view answers with a stored document as it is
    status: HTTPStatus = HTTPStatus.OK
    problems: frozenset[HTTPStatus] = frozenset()  # beyond those every route of its kind may answer
    media_type: str = "application/json"
    tag: str = ""

    @property
    def writes(self) -> bool:
        """Whether it changes something, so that it takes an Idempotency-Key."""
        return self.method in WRITES

    @property
    def takes_body(self) -> bool:
        """Whether a body is needed."""
        return self.body is not None or self.rows is not None

    @property
    def answers(self) -> type[BaseModel] | None:
        """The model of the answer, for the document."""
        return self.answer or self.documented_answer

    @property
    def name(self) -> str:
        """The operation's id."""
        return self.view.__name__

    def serve(self, **path: str) -> Response:
        """Check the request against the declaration, call the view, answer."""
        caller = g.caller = authenticate(self.scopes)
        if "customer_id" in path:
            caller.require_own(path["customer_id"])
            g.customer_id = path["customer_id"]
        taken: dict[str, object] = dict(path)
        if self.query is not None:
            taken["query"] = requests.query(self.query)
        else:
            requests.no_query()
        if self.body is not None:
            empty = not self.body_needed and not requests.given()
            taken["body"] = self.body() if empty else requests.body(self.body)
        work = partial(self._answer, taken)
        return idempotency.once(caller, work) if self.writes and caller is not None else work()

    def _answer(self, taken: dict[str, object]) -> Response:
        found = self.view(**taken)
        if isinstance(found, Response):
            return found
        if found is None:
            return Response(status=HTTPStatus.NO_CONTENT)
        return Response(dumps(found), status=self.status, content_type=self.media_type)


@dataclass(kw_only=True)
class Topic:
    """A blueprint of routes on one subject."""

    name: str
    description: str
    routes: list[Route] = field(default_factory=list)

    def route(self, method: str, path: str, **declared: object) -> Callable[[type_of_view], type_of_view]:
        """Declare that a view serves a method of a path; the rest is as in Route."""

        def declare(view: type_of_view) -> type_of_view:
            self.routes.append(Route(method=method, path=path, view=view, tag=self.name, **declared))  # type: ignore[arg-type]
            return view

        return declare

    def blueprint(self) -> APIBlueprint:
        """The routes as Flask takes them."""
        made = APIBlueprint(self.name, __name__, enable_openapi=False)
        for route in self.routes:
            made.add_url_rule(
                route.path, route.name, route.serve, methods=[route.method], provide_automatic_options=False
            )
        return made


def caller() -> Caller:
    """Who makes the current request."""
    found: Caller = g.caller
    return found


def path_of(rule: str) -> str:
    """The rule as OpenAPI writes it.

    Examples
    --------
    >>> path_of("/v1/customers/<ident:customer_id>")
    '/v1/customers/{customer_id}'
    """
    return rule.replace("<ident:", "{").replace(">", "}")
