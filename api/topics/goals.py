"""What a customer wants of their own behaviour; coaching serves only these."""

from __future__ import annotations

import uuid
from http import HTTPStatus

from api.auth.caller import APP_AND_BACKEND
from api.routes import Topic
from api.service import service
from api.wire.goals import GoalIn, GoalOut, Goals
from engine.store import goals

topic = Topic(name="goals", description="The customer's own goals")
PATH = "/v1/customers/<ident:customer_id>/goals"


@topic.route("GET", PATH, scopes=APP_AND_BACKEND, answer=Goals)
def list_goals(customer_id: str) -> Goals:
    """A customer's goals."""
    with service().reading(customer_id) as tx:
        return Goals(goals=[GoalOut.of(goal) for goal in goals.of_customer(tx, customer_id)])


@topic.route("POST", PATH, scopes=APP_AND_BACKEND, body=GoalIn, answer=GoalOut, status=HTTPStatus.CREATED)
def set_goal(customer_id: str, body: GoalIn) -> GoalOut:
    """Set a goal."""
    goal = body.domain(uuid.uuid4().hex, customer_id, service().now(), service().settings.currency)
    with service().writing(customer_id) as tx:
        goals.add(tx, goal)
    return GoalOut.of(goal)
