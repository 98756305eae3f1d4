"""Rules of the operators, and the caps among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from api import ruling
from api.auth.caller import OPERATOR
from api.routes import Topic, caller
from api.service import service
from api.wire.money import span_text
from api.wire.rules import (
    Applied,
    AppliedOut,
    ApproveIn,
    CapOut,
    CheckOut,
    FailureOut,
    Policies,
    PreviewIn,
    PreviewOut,
    RetireIn,
    RollbackIn,
    RuleOut,
    RulesIn,
    RulesOut,
    RulesText,
    cap_out,
)
from engine.domain.executions import SPENT
from engine.domain.rules import Cap, Rule, Uses, Version, summed
from engine.errors import NotFound
from engine.store import rules
from engine.store.database import Tx

topic = Topic(name="rules", description="What operators want of automatic orders: rules, caps, what they would change")
ONE = "/v1/rules/<ident:rule_id>"


@topic.route("GET", "/v1/rules", scopes=OPERATOR, answer=RulesOut)
def list_rules() -> RulesOut:
    """Every rule with all its versions, retired ones included."""
    now = service().now()
    with service().db.read() as tx:
        return RulesOut(rules=[_shown(found, now) for found in rules.all(tx).values()])


@topic.route("GET", ONE, scopes=OPERATOR, answer=RuleOut)
def get_rule(rule_id: str) -> RuleOut:
    """One rule with all its versions."""
    with service().db.read() as tx:
        found = rules.versions(tx, rule_id)
    if not found:
        raise NotFound("rule", rule_id)
    return _shown(found, service().now())


@topic.route("POST", "/v1/rules", scopes=OPERATOR, body=RulesIn, answer=Applied)
def put_rules(body: RulesIn) -> Applied:
    """Keep rules, all of them or none, each as a new version of its own.

    A rule that is there already is changed by naming the version it `replaces`; of two operators who do, one gets
    409. Where four eyes are asked for, a version holds once another key approved it.
    """
    here = service()
    checked = body.checked(ruling.reader(here.settings, here.db))
    ruling.require_sound(checked)
    done = ruling.apply(here.db, here.settings, checked.asked, caller().actor, body.why, here.now())
    return Applied(applied=[AppliedOut.of(one.version, one.changed) for one in done])


@topic.route("POST", "/v1/rules/check", scopes=OPERATOR, body=RulesText, answer=CheckOut)
def check_rules(body: RulesText) -> CheckOut:
    """What is wrong with rules, each mistake with its place; nothing is kept."""
    here = service()
    return CheckOut.of(body.checked(ruling.reader(here.settings, here.db)))


@topic.route("POST", "/v1/rules/preview", scopes=OPERATOR, body=PreviewIn, answer=PreviewOut)
def preview_rules(body: PreviewIn) -> PreviewOut:
    """Which planned and past executions rules would have changed and how; nothing is kept."""
    here = service()
    checked = body.checked(ruling.reader(here.settings, here.db))
    ruling.require_sound(checked)
    return ruling.shown(
        ruling.preview(here.db, here.settings, checked.rules, here.now(), body.days), body.days, body.limit
    )


@topic.route("POST", ONE + "/approve", scopes=OPERATOR, body=ApproveIn, answer=RuleOut)
def approve_rule(rule_id: str, body: ApproveIn) -> RuleOut:
    """Approve the newest version of a rule. With four eyes the author's own key is refused."""
    here = service()
    ruling.approve(here.db, here.settings, rule_id, body.version, caller().actor, here.now())
    return get_rule(rule_id)


@topic.route("POST", ONE + "/retire", scopes=OPERATOR, body=RetireIn, answer=RuleOut)
def retire_rule(rule_id: str, body: RetireIn) -> RuleOut:
    """Take a rule out of force; its versions are kept. With four eyes another key must approve that."""
    here = service()
    ruling.retire(here.db, here.settings, rule_id, body.version, caller().actor, body.why, here.now())
    return get_rule(rule_id)


@topic.route("POST", ONE + "/rollback", scopes=OPERATOR, body=RollbackIn, answer=RuleOut)
def roll_rule_back(rule_id: str, body: RollbackIn) -> RuleOut:
    """Put an earlier version in force again, as a new version."""
    here = service()
    ruling.roll_back(here.db, here.settings, rule_id, body.version, body.to, caller().actor, body.why, here.now())
    return get_rule(rule_id)


@topic.route("GET", "/v1/policies", scopes=OPERATOR, answer=Policies)
def get_policies() -> Policies:
    """Caps in force and what is used of each, rules that failed, and what else is set for the whole place."""
    here, now = service(), service().now()
    with here.db.read() as tx:
        count, failed = len(rules.in_force(tx, now)), rules.failures(tx)
        caps = caps_in_force(tx, now, here.settings.timezone)
    return Policies(
        four_eyes=here.settings.four_eyes,
        veto_window=span_text(here.policy.veto_window) or "",
        promise=here.policy.promise,
        rules_in_force=count,
        caps=caps,
        failures=[FailureOut.of(one) for one in failed],
    )


def caps_in_force(tx: Tx, now: datetime, zone: ZoneInfo) -> list[CapOut]:
    """Every cap that holds, and what is used of it."""
    found = rules.in_force(tx, now)
    return list(_caps(found, rules.uses(tx, found, None, SPENT, now, zone), now.astimezone(zone).date()))


def _caps(found: Sequence[Rule], uses: Uses, today: date) -> Iterator[CapOut]:
    for rule in found:
        if isinstance(rule.effect, Cap):
            begin = rule.effect.every.begin(today)
            yield cap_out(rule, rule.effect, begin, list(summed(uses, rule, rule.effect, today)))


def _shown(found: Sequence[Version], now: datetime) -> RuleOut:
    return RuleOut.of(found, ruling.standing(found, now))
