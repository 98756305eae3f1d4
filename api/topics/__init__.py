"""The routes, one module a topic, in the order in which the document shows them."""

from __future__ import annotations

from api.topics import (
    beliefs,
    consents,
    customers,
    decisions,
    executions,
    goals,
    intake,
    mandates,
    nudges,
    offers,
    operators,
    pausing,
    placements,
    plain,
    preferences,
    rules,
    shadows,
    stories,
    tapping,
    watching,
)

TOPICS = (
    intake.topic,
    customers.topic,
    preferences.topic,
    pausing.topic,
    consents.topic,
    mandates.topic,
    goals.topic,
    beliefs.topic,
    stories.topic,
    decisions.topic,
    offers.topic,
    executions.topic,
    shadows.topic,
    nudges.topic,
    tapping.topic,
    placements.topic,
    rules.topic,
    operators.topic,
    watching.topic,
    plain.topic,
)
