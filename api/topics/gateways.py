"""Where orders may be placed beside the default gateway, which the environment gives."""

from __future__ import annotations

import socket
from http import HTTPStatus

from api.auth.caller import OPERATOR
from api.routes import Topic, caller
from api.service import service
from api.wire.gateways import GatewayIn, GatewayOut, Gateways
from engine.domain import addresses
from engine.domain.gateways import DEFAULT, NAMES, is_name
from engine.errors import InputError, NotFound
from engine.store import audit, gateways

topic = Topic(name="gateways", description="Where orders may be placed beside the default gateway")
ONE = "/v1/gateways/<ident:name>"


@topic.route("GET", "/v1/gateways", scopes=OPERATOR, answer=Gateways)
def list_gateways() -> Gateways:
    """Every gateway but the default one."""
    with service().db.read() as tx:
        return Gateways(gateways=[GatewayOut.of(one) for one in gateways.all(tx)])


@topic.route("GET", ONE, scopes=OPERATOR, answer=GatewayOut)
def get_gateway(name: str) -> GatewayOut:
    """One gateway."""
    with service().db.read() as tx:
        found = gateways.get(tx, name)
    if found is None:
        raise NotFound("gateway", name)
    return GatewayOut.of(found)


@topic.route("PUT", ONE, scopes=OPERATOR, body=GatewayIn, answer=GatewayOut)
def put_gateway(name: str, body: GatewayIn) -> GatewayOut:
    """Let orders be placed at a gateway, in place of what stood under this name.

    Executions that name it are placed there; workers take it up within a second. 409 where its URL would change while
    orders sent to the old one are not settled.
    """
    if not is_name(name) or name == DEFAULT:
        raise InputError.of("name", f"{NAMES}, but not {DEFAULT!r}", name)
    _require_outside(body)
    now = service().now()
    with service().db.begin() as tx:
        kept = gateways.put(tx, body.domain(name, gateways.get(tx, name), caller().actor, now))
        answer = GatewayOut.of(kept)
        said = answer.model_dump(mode="json") | {"secrets_changed": body.secrets is not None}
        audit.add(tx, caller().actor, "gateway.put", name, said, now)
    return answer


@topic.route("DELETE", ONE, scopes=OPERATOR, status=HTTPStatus.NO_CONTENT)
def delete_gateway(name: str) -> None:
    """Take a gateway away; 409 while executions that are not settled name it, or a rule in force or to come."""
    now = service().now()
    with service().db.begin() as tx:
        gateways.remove(tx, name, now)
        audit.add(tx, caller().actor, "gateway.delete", name, {}, now)


def _require_outside(body: GatewayIn) -> None:
    """InputError unless the URL leads to the open internet; it is looked at again whenever it is called."""
    host, port = addresses.target(body.url, plain_http=body.plain_http)
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        found = set()
    addresses.require_public(found, "url", host)
