"""The OpenAPI 3.1 document, written from the routes' declarations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import Literal, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.auth.caller import Scope
from api.problem import MEDIA_TYPE
from api.requests import MAX_BODY
from api.routes import Route, Topic, path_of
from api.wire.base import ProblemOut
from api.wire.intake import MOST_ROWS

Document: TypeAlias = dict[str, object]
Mode: TypeAlias = Literal["validation", "serialization"]
REF = "#/components/schemas/{model}"
ID_SCHEMA = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[^/\x00-\x1f\x7f-\x9f]+$"}
WHY = {
    HTTPStatus.BAD_REQUEST: "The body is no JSON",
    HTTPStatus.UNAUTHORIZED: "No key, or one that is not valid",
    HTTPStatus.FORBIDDEN: "The key lacks the scope",
    HTTPStatus.NOT_FOUND: "There is no such thing, or not for this caller",
    HTTPStatus.GONE: "It was there, and is over",
    HTTPStatus.CONFLICT: "Too late for this, or the first request under the Idempotency-Key is still at work",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: f"The body is larger than {MAX_BODY // 1_000_000} MB",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not application/json",
    HTTPStatus.UNPROCESSABLE_ENTITY: "A field or parameter is wrong; `errors` names each",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests without a valid key",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not now",
}
DESCRIPTION = """Decides, for every customer and every need, which experience to give, and gives it.

Every error is `application/problem+json` (RFC 9457). Writes accept `Idempotency-Key`. `X-Request-ID` is echoed.
Unknown fields and parameters are an error."""


def document(topics: Iterable[Topic]) -> Document:
    """The whole document.

    Parameters
    ----------
    topics : the topics in the order in which they are to be read
    """
    listed = list(topics)
    routes = [route for topic in listed for route in topic.routes]
    schemas, components = _schemas(routes)
    paths: dict[str, dict[str, object]] = {}
    for route in routes:
        paths.setdefault(path_of(route.path), {})[route.method.lower()] = _operation(route, schemas, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Rapport",
            "version": version("rapport"),
            "description": DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": t.name, "description": t.description} for t in listed],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "an API key, or a customer's token"}
            },
        },
    }


def _schemas(routes: list[Route]) -> tuple[Mapping[tuple[type[BaseModel], Mode], Document], dict[str, Document]]:
    wanted: dict[tuple[type[BaseModel], Mode], None] = {(ProblemOut, "serialization"): None}
    for route in routes:
        for model in (route.body, route.rows, route.query):
            if model is not None:
                wanted[model, "validation"] = None
        if route.answers is not None:
            wanted[route.answers, "serialization"] = None
    schemas, shared = models_json_schema(list(wanted), ref_template=REF)
    return schemas, shared["$defs"]


def _operation(
    route: Route, schemas: Mapping[tuple[type[BaseModel], Mode], Document], components: dict[str, Document]
) -> Document:
    summary, _, more = (route.view.__doc__ or route.name).strip().partition("\n")
    described = re.sub(r"\n +", "\n", more).strip()
    operation: Document = {
        "operationId": route.name,
        "summary": summary.rstrip("."),
        "description": f"{described}\n\n{_who(route)}".strip(),
        "tags": [route.tag],
        "parameters": list(_parameters(route, schemas, components)),
        "responses": dict(_responses(route, schemas)),
        "security": [{"key": []}] if route.scopes else [],
    }
    if route.takes_body:
        content = {"application/json": {"schema": _body(route, schemas)}}
        operation["requestBody"] = {"required": route.body_needed, "content": content}
    return operation


def _body(route: Route, schemas: Mapping[tuple[type[BaseModel], Mode], Document]) -> Document:
    if route.body is not None:
        return schemas[route.body, "validation"]
    one = schemas[route.rows, "validation"]  # type: ignore[index]
    return {"oneOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": MOST_ROWS}]}


def _who(route: Route) -> str:
    if not route.scopes:
        return "Needs no key."
    return f"Scope: {', '.join(sorted(route.scopes | ({Scope.OPERATOR} if Scope.BACKEND in route.scopes else set())))}."


def _parameters(
    route: Route, schemas: Mapping[tuple[type[BaseModel], Mode], Document], components: dict[str, Document]
) -> Iterator[Document]:
    for name in re.findall(r"<ident:(\w+)>", route.path):
        yield {"name": name, "in": "path", "required": True, "schema": ID_SCHEMA}
    if route.query is not None:
        schema = components[str(schemas[route.query, "validation"]["$ref"]).rpartition("/")[2]]
        needed = schema.get("required", [])
        for name, inner in schema["properties"].items():  # type: ignore[attr-defined]
            described = {k: v for k, v in inner.items() if k != "description"}
            yield {
                "name": name,
                "in": "query",
                "required": name in needed,
                "schema": described,
                "description": inner.get("description", inner.get("title", name)),
            }
    if route.writes and route.scopes:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "the same key and body give the same answer, another body under the key is 422",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        }


def _responses(
    route: Route, schemas: Mapping[tuple[type[BaseModel], Mode], Document]
) -> Iterator[tuple[str, Document]]:
    good: Document = {"description": route.status.phrase}
    if route.answers is not None:
        good["content"] = {route.media_type: {"schema": schemas[route.answers, "serialization"]}}
    elif route.status != HTTPStatus.NO_CONTENT:
        good["content"] = {route.media_type: {"schema": {"type": "string"}}}
    yield str(route.status.value), good
    problem = {MEDIA_TYPE: {"schema": schemas[ProblemOut, "serialization"]}}
    for status in sorted(_problems(route)):
        yield str(status.value), {"description": WHY.get(status, status.phrase), "content": problem}


def _problems(route: Route) -> set[HTTPStatus]:
    found = set(route.problems)
    if route.scopes:
        found |= {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
        found |= {HTTPStatus.UNPROCESSABLE_ENTITY}  # an unknown parameter
    if "<ident:" in route.path:
        found |= {HTTPStatus.NOT_FOUND}
    if route.writes:
        found |= {HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
    if route.takes_body:
        found |= {HTTPStatus.BAD_REQUEST, HTTPStatus.UNSUPPORTED_MEDIA_TYPE, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
    return found
