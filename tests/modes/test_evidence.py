"""Reasons in words: each is said once."""

from __future__ import annotations

from engine.domain.decisions import Reason
from modes.evidence import worded
from modes.words import Words


def reason(code: str, **params: object) -> Reason:
    """Evidence without words."""
    return Reason(code=code, params=params)


def test_what_is_the_same_is_said_once_where_it_was_said_first():
    given = [
        reason("goes_with", item_id="i1"),
        reason("popular", place=3),
        reason("goes_with", item_id="i2"),
        reason("goes_with", item_id="i1"),
    ]
    found = worded(given, str.upper, Words.of("en"))
    assert [(one.code, dict(one.params)) for one in found] == [(one.code, dict(one.params)) for one in given[:3]]
    assert [one.sentence for one in found][::2] == [
        "It is bought by those who buy I1.",
        "It is bought by those who buy I2.",
    ]


def test_the_order_of_facts_makes_no_difference():
    one, same = reason("bought_before", times=5, days_ago=3), reason("bought_before", days_ago=3, times=5)
    assert len(worded([one, same], str, Words.of("en"))) == 1
