"""The routes, one module a topic, in the order in which the document shows them."""

from __future__ import annotations

from api.topics import (
    beliefs,
    consents,
    customers,
    decisions,
    executions,
    gateways,
    goals,
    intake,
    mandates,
    nudges,
    offers,
    operators,
    placements,
    plain,
    preferences,
)

TOPICS = (
    intake.topic,
    customers.topic,
    preferences.topic,
    consents.topic,
    mandates.topic,
    goals.topic,
    beliefs.topic,
    decisions.topic,
    offers.topic,
    executions.topic,
    nudges.topic,
    placements.topic,
    gateways.topic,
    operators.topic,
    plain.topic,
)
