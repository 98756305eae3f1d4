"""Operators' rules on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pydantic import Field, model_validator

from api.wire.base import Text, Time, Wire
from api.wire.money import span_text
from engine.domain.executions import Execution, State
from engine.domain.rules import Cap, Effect, Failure, Gateway, RaiseGate, Rule, Standing, Use, Version, VetoWindow
from engine.domain.values import Money
from engine.errors import InputError
from modes.rules.preview import Change, Sum, Touched
from modes.rules.reading import Checked, Problem, Reader

MOST_TEXT = 100_000
EXAMPLE = {"id": "dear", "when": "price.order > 50.0", "effect": "require_approval", "note": "Dear things are asked."}


class RulesText(Wire):
    """Rules, as objects or as the text of a YAML file."""

    rules: list[dict[str, object]] | None = Field(
        default=None, max_length=1_000, examples=[[EXAMPLE]], description="see docs/rules.md"
    )
    yaml: str | None = Field(default=None, max_length=MOST_TEXT, description="a file, as `rapport rules` reads it")

    @model_validator(mode="after")
    def _one(self) -> RulesText:
        if (self.rules is None) == (self.yaml is None):
            raise InputError.of("rules", "rules or yaml, and not both", None)
        return self

    def checked(self, reader: Reader) -> Checked:
        """What was read."""
        return reader.text(self.yaml) if self.yaml is not None else reader.document({"rules": self.rules})


class RulesIn(RulesText):
    """Rules to be kept."""

    why: Text = Field(default="", description="for whoever approves them or looks back")


class PreviewIn(RulesText):
    """Rules to look at before they are in force."""

    days: int = Field(default=28, ge=1, le=400, description="how far to look back")
    limit: int = Field(default=100, ge=1, le=1_000, description="of the executions that are listed")


class ApproveIn(Wire):
    """Which version is approved."""

    version: int = Field(ge=1, le=1_000_000_000)


class RetireIn(Wire):
    """Which version the operator saw last."""

    version: int = Field(ge=1, le=1_000_000_000, description="the newest one there is")
    why: Text = ""


class RollbackIn(RetireIn):
    """Which version is to be in force again."""

    to: int = Field(ge=1, le=1_000_000_000)


class ProblemOut(Wire):
    """One mistake and its place."""

    rule_id: str | None
    pointer: str
    line: int | None = Field(description="of the file, or of the condition where none was given; from 1")
    column: int | None
    expected: str
    came: str
    message: str

    @classmethod
    def of(cls, problem: Problem) -> ProblemOut:
        """As answered."""
        return cls(
            rule_id=problem.rule_id,
            pointer=problem.pointer,
            line=problem.line,
            column=problem.column,
            expected=problem.expected,
            came=problem.came,
            message=problem.message,
        )


class CheckOut(Wire):
    """What is wrong with rules; nothing where the list is empty."""

    rules: int = Field(description="how many of them are sound")
    problems: list[ProblemOut]

    @classmethod
    def of(cls, checked: Checked) -> CheckOut:
        """As answered."""
        return cls(rules=len(checked.rules), problems=[ProblemOut.of(one) for one in checked.problems])


class VersionOut(Wire):
    """One version of a rule; none is ever altered."""

    version: int
    standing: Standing
    when: str | None = Field(description="null: with this version the rule was retired")
    effect: dict[str, object] | None
    note: str | None
    says: str | None
    from_: Time | None = Field(alias="from")
    until: Time | None
    author: str
    why: str
    created_at: Time
    approved_by: str | None
    approved_at: Time | None

    @classmethod
    def of(cls, one: Version, standing: Standing) -> VersionOut:
        """As answered."""
        rule = one.rule
        return cls(
            version=one.version,
            standing=standing,
            when=None if rule is None else rule.when,
            effect=None if rule is None else effect_out(rule.effect),
            note=None if rule is None else rule.note,
            says=None if rule is None else rule.says,
            **{"from": None if rule is None else rule.starts_at},
            until=None if rule is None else rule.ends_at,
            author=one.author,
            why=one.why,
            created_at=one.created_at,
            approved_by=one.approved_by,
            approved_at=one.approved_at,
        )


class RuleOut(Wire):
    """A rule with its versions, the newest first."""

    rule_id: str
    in_force: int | None = Field(description="the version that holds now")
    versions: list[VersionOut]

    @classmethod
    def of(cls, found: Sequence[Version], standing: dict[int, Standing]) -> RuleOut:
        """As answered."""
        holds = next((number for number, one in standing.items() if one is Standing.IN_FORCE), None)
        versions = [VersionOut.of(one, standing[one.version]) for one in found]
        return cls(rule_id=found[0].rule_id, in_force=holds, versions=versions)


class RulesOut(Wire):
    """Every rule, by id."""

    rules: list[RuleOut]


class AppliedOut(Wire):
    """What became of one rule."""

    rule_id: str
    version: int
    changed: bool = Field(description="false: it stood as it was asked for")
    approved: bool = Field(description="false: another key must approve it first")

    @classmethod
    def of(cls, version: Version, changed: bool) -> AppliedOut:
        """As answered."""
        approved = version.approved_at is not None
        return cls(rule_id=version.rule_id, version=version.version, changed=changed, approved=approved)


class Applied(Wire):
    """What became of each rule, in the order they were sent."""

    applied: list[AppliedOut]


class SumOut(Wire):
    """How many executions and customers, and how much money by currency."""

    executions: int
    customers: int
    money: dict[str, str]

    @classmethod
    def of(cls, found: Sum) -> SumOut:
        """As answered."""
        money = {one.currency: one.decimal() for one in found.money}
        return cls(executions=found.executions, customers=found.customers, money=money)


class ChangeOut(Wire):
    """What one rule would have changed."""

    rule_id: str
    change: Change
    detail: dict[str, object]


class TouchedOut(Wire):
    """An execution that would have been otherwise."""

    execution_id: str
    customer_id: str
    state: State
    planned: bool = Field(description="whether it is still to come")
    rung: str
    families: list[str]
    total: str
    currency: str
    at: Time = Field(description="when it was placed, or is due")
    changes: list[ChangeOut]

    @classmethod
    def of(cls, one: Touched) -> TouchedOut:
        """As answered."""
        execution = one.execution
        return cls(
            execution_id=execution.execution_id,
            customer_id=execution.customer_id,
            state=execution.state,
            planned=one.planned,
            rung=execution.rung.label,
            families=[line.need for line in execution.lines],
            total=execution.total.decimal(),
            currency=execution.total.currency,
            at=execution.placed_at or execution.due_at,
            changes=[ChangeOut(rule_id=c.rule_id, change=c.change, detail=dict(c.detail)) for c in one.changes],
        )


class ByRule(Wire):
    """What one rule would have changed in all."""

    rule_id: str
    changes: dict[str, int]
    touched: SumOut


class PreviewOut(Wire):
    """What rules would have changed about what is planned and what was made."""

    since: Time
    days: int
    new_rules: list[str] = Field(description="those that are not in force as they stand")
    looked_at: SumOut
    planned: SumOut = Field(description="of those that would be otherwise")
    past: SumOut
    rules: list[ByRule]
    executions: list[TouchedOut] = Field(description="the earliest first")
    more: int = Field(description="how many more would be otherwise")
    whole: bool = Field(description="false: there was more than was looked at")

    @classmethod
    def of(
        cls,
        since: datetime,
        days: int,
        new: Sequence[Rule],
        looked_at: Sequence[Execution],
        touched: Sequence[Touched],
        limit: int,
        whole: bool,
    ) -> PreviewOut:
        """As answered."""
        return cls(
            since=since,
            days=days,
            new_rules=[one.rule_id for one in new],
            looked_at=SumOut.of(Sum.of(looked_at)),
            planned=SumOut.of(Sum.of(one.execution for one in touched if one.planned)),
            past=SumOut.of(Sum.of(one.execution for one in touched if not one.planned)),
            rules=[_by_rule(one.rule_id, touched) for one in new],
            executions=[TouchedOut.of(one) for one in touched[:limit]],
            more=max(len(touched) - limit, 0),
            whole=whole,
        )


class UsedOut(Wire):
    """What counts against a cap in one stretch, of one of those it adds up."""

    bucket: str
    count: int
    money: str


class CapOut(Wire):
    """A cap in force, and what is used of it."""

    rule_id: str
    version: int
    when: str
    limit: str
    per: list[str]
    every: str
    begin: str = Field(description="the day on which the stretch began; empty: it counts for all time")
    used: list[UsedOut] = Field(description="the most used first, at most a hundred")


class FailureOut(Wire):
    """A rule that could not be told true or false, and held orders back."""

    rule_id: str
    version: int
    count: int
    error: str
    first_at: Time
    last_at: Time

    @classmethod
    def of(cls, one: Failure) -> FailureOut:
        """As answered."""
        return cls(
            rule_id=one.rule_id,
            version=one.version,
            count=one.count,
            error=one.error,
            first_at=one.first_at,
            last_at=one.last_at,
        )


class Policies(Wire):
    """What operators set for the whole place."""

    four_eyes: bool
    veto_window: str
    promise: float = Field(description="the least share of orders made unasked that must be right")
    rules_in_force: int
    caps: list[CapOut]
    failures: list[FailureOut]


def effect_out(effect: Effect) -> dict[str, object]:
    """An effect as it is written."""
    match effect:
        case RaiseGate():
            return {effect.kind: {"by": effect.by, "at_least": effect.at_least}}
        case Cap():
            money = {} if effect.money is None else {"money": effect.money.decimal(), "currency": effect.money.currency}
            count = {} if effect.count is None else {"count": effect.count}
            return {effect.kind: {**money, **count, "per": [*effect.per], "every": effect.every.value}}
        case VetoWindow():
            return {effect.kind: span_text(effect.length)}
        case Gateway():
            return {effect.kind: effect.name}
        case _:
            return {effect.kind: True}


def cap_out(rule: Rule, cap: Cap, begin: str, used: Sequence[tuple[str, Use]]) -> CapOut:
    """A cap as answered."""
    most = sorted(used, key=lambda one: (-one[1].minor, -one[1].count, one[0]))[:100]
    return CapOut(
        rule_id=rule.rule_id,
        version=rule.version,
        when=rule.when,
        limit=cap.limit,
        per=[*cap.per],
        every=cap.every.value,
        begin=begin,
        used=[UsedOut(bucket=name, count=one.count, money=_money(one)) for name, one in most],
    )


def _money(use: Use) -> str:
    return str(Money(minor=use.minor, currency=use.currency))


def _by_rule(rule_id: str, touched: Sequence[Touched]) -> ByRule:
    changes = dict[str, int]()
    own = [one for one in touched if any(change.rule_id == rule_id for change in one.changes)]
    for one in own:
        for change in one.changes:
            if change.rule_id == rule_id:
                changes[change.change.value] = changes.get(change.change.value, 0) + 1
    return ByRule(rule_id=rule_id, changes=changes, touched=SumOut.of(Sum.of(one.execution for one in own)))
