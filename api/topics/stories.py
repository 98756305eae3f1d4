"""The story of a need: coached, then asked, then announced, then stopped; told as one."""

from __future__ import annotations

from datetime import timedelta

from api.auth.caller import APP_AND_BACKEND
from api.routes import Topic
from api.service import service
from api.wire.stories import Story, StoryQuery
from engine.domain.stories import told
from engine.store import stories

BACK = timedelta(days=400)
topic = Topic(name="stories", description="What was done about a need over time, and what came of it")


@topic.route("GET", "/v1/customers/<ident:customer_id>/story", scopes=APP_AND_BACKEND, query=StoryQuery, answer=Story)
def get_story(customer_id: str, query: StoryQuery) -> Story:
    """Decisions, orders, signals and moves on the ladder about one need, in the order they happened."""
    now = service().now()
    with service().reading(customer_id) as tx:
        needs = stories.needs(tx, customer_id, now - BACK)
        found = [] if query.need is None else stories.of_need(tx, customer_id, query.need, now - BACK, now)
    return Story.of(customer_id, query.need, needs, told(found))
