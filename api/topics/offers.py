"""Plain recommendations, related items, and forecasts of what is due."""

from __future__ import annotations

from api.routes import Topic

topic = Topic(name="offers", description="Plain recommendations, related items, what is due")
