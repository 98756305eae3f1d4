"""What a shop's own orders, returns and service contacts say of the parameters its decisions are made under.

The cost of an order that was not wanted: what a return brings of service contacts, times what a contact costs, and what
the return itself costs; of announced ones the share that is vetoed costs only the veto. A day without the thing costs
the contacts that it brings. What no data of the shop speak of is said to be so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.config import Settings
from engine.domain.customers import Grant, Purpose
from engine.domain.decisions import Rung
from engine.domain.estimates import NotEstimable
from engine.domain.history import day_of
from engine.domain.signals import Signal
from engine.measure.costs import Aftermath, Amount, mixed
from engine.measure.shares import Share, Tally
from engine.store import aftermath, consents, items
from engine.store.aftermath import Happened, Wrong
from engine.store.database import Database
from jobs.shopping import refusing
from modes import parameters
from modes.parameters import policy_of
from modes.policy import LEVELS, Policy, Worth

SHIPPED = Path(__file__).parent / "policy.yaml"
RETURN, OUT_OF_STOCK = "return", "out_of_stock"  # kinds of events
CONTACTS = ("contact", "complaint")
SHOP = ""  # all categories together
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Found = Amount | NotEstimable


@dataclass(frozen=True, kw_only=True, slots=True)
class Costs:
    """What the shop says of costs, in euro-equivalents."""

    contact: float | None = None  # of one contact with its service
    veto: float = 0.4  # of stopping an announced order
    sent_back: float = 0.0  # of a return itself, beyond its contacts
    within: timedelta = timedelta(days=14)  # after a return, in which contacts belong to it
    levels: int = 1  # of categories, that are told apart


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitted:
    """One parameter of one category."""

    category: str  # a path; "" is the whole shop
    parameter: str  # as in the file, "wrong.veto"
    found: Found
    in_force: float


def run(db: Database, settings: Settings, costs: Costs, now: datetime) -> list[Fitted]:
    """Every parameter that data may speak of, for the shop and for each category of which anything happened."""
    policy = policy_of(settings)
    with db.read() as tx:
        happened = aftermath.happened(tx, (RETURN, OUT_OF_STOCK, *CONTACTS), now)
        unseen = consents.without(tx, Purpose.BEHAVIOUR, Grant.REFUSED)
        left_out = refusing(tx, settings)
        wrong = [one for one in aftermath.wrong(tx, now) if one.customer_id not in left_out]
        known = {id: at for id, at in aftermath.known_since(tx).items() if id not in unseen | left_out and at < now}
        named = {one.item_id for one in (*happened, *wrong) if one.item_id is not None}
        categories = {id: item.category for id, item in items.get_many(tx, named).items()}
    paths = {id: LEVELS.join(path[: costs.levels]) for id, path in categories.items()}
    shop = _Shop(
        happened=[one for one in happened if one.customer_id in known], wrong=wrong, known=known, now=now, costs=costs
    )
    several = sorted({path for id, path in paths.items() if path})
    found = shop.fitted(SHOP, policy.worth)
    for path in several:
        own = {id for id, other in paths.items() if other == path}
        found += shop.of(own).fitted(path, policy.worth_of(tuple(path.split(LEVELS))))
    return found


def proposed(policy: Policy, found: Sequence[Fitted]) -> Policy:
    """The policy with what could be estimated, costs being 0 at least."""
    by_category: dict[str, list[Fitted]] = defaultdict(list)
    for one in found:
        if isinstance(one.found, Amount):
            by_category[one.category].append(one)
    shop = _changed(policy.worth, by_category.pop(SHOP, []))
    categories = dict(policy.categories)
    for path, several in by_category.items():
        categories[path] = _changed(policy.worth_of(tuple(path.split(LEVELS))), several)
    return replace(policy, worth=shop, categories=categories)


def written(policy: Policy, costs: Costs, now: datetime) -> str:
    """A file of the policy, with a word on where its costs come from."""
    head = (
        f"# Proposed by `rapport modes fit` from what was known at {now:%Y-%m-%d}: a contact at {costs.contact:g}, a "
        f"veto at {costs.veto:g},\n# a return at {costs.sent_back:g} and its contacts of {costs.within.days} days. "
        "`rapport modes policy --example` tells what each line is.\n"
    )
    return head + parameters.written(policy)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shop:
    """What happened, as far as it may be looked at."""

    happened: Sequence[Happened]
    wrong: Sequence[Wrong]
    known: Mapping[str, datetime]
    now: datetime
    costs: Costs

    def of(self, own: Collection[str]) -> _Shop:
        """Of some items only; contacts may be about anything."""
        kept = [one for one in self.happened if one.kind in CONTACTS or one.item_id in own]
        return replace(self, happened=kept, wrong=[one for one in self.wrong if one.item_id in own])

    def fitted(self, category: str, worth: Worth) -> list[Fitted]:
        """Each parameter."""
        sent_back = self._priced(self._aftermath(RETURN), self.costs.sent_back)
        rows = {
            "wrong.curate": (_untold("a list"), worth.wrong[Rung.CURATE]),
            "wrong.coach": (_untold("a word on a goal"), worth.wrong[Rung.COACH]),
            "wrong.approve": (_untold("a question"), worth.wrong[Rung.APPROVE]),
            "wrong.veto": (self._vetoed(sent_back), worth.wrong[Rung.VETO]),
            "wrong.silent": (sent_back, worth.wrong[Rung.SILENT]),
            "out_of_stock": (self._priced(self._aftermath(OUT_OF_STOCK)), worth.out_of_stock),
        }
        return [
            Fitted(category=category, parameter=name, found=found, in_force=now) for name, (found, now) in rows.items()
        ]

    def _priced(self, sums: Aftermath, more: float = 0.0) -> Found:
        contact, each = self.costs.contact, sums.each()
        if isinstance(each, NotEstimable):
            return each
        if contact is None:
            return NotEstimable(reason="it is not said what a contact costs", needed="--contact-cost")
        return each.times(contact, more)

    def _vetoed(self, sent_back: Found) -> Found:
        """An announced order that is not wanted is vetoed, or it arrives and is sent back or complained of."""
        if isinstance(sent_back, NotEstimable):
            return sent_back
        ended = {one.execution_id: one for one in self.wrong if one.rung is Rung.VETO}
        owners = {id: n for n, id in enumerate(sorted({one.customer_id for one in ended.values()}))}
        share = Tally.of(
            np.array([owners[one.customer_id] for one in ended.values()], np.int64),
            np.array([one.how is Signal.VETOED for one in ended.values()], bool),
            n_customers=len(owners),
        ).share()
        if not isinstance(share, Share):
            needed = "announced orders of two customers that were vetoed, returned or complained of"
            return NotEstimable(reason="no announced orders went wrong, or those of one customer", needed=needed)
        return mixed(share, self.costs.veto, sent_back)

    def _aftermath(self, kind: str) -> Aftermath:
        """The contacts after cases of a kind; returns of orders made unasked are cases too, several of a day one."""
        ids = {id: n for n, id in enumerate(sorted(self.known))}
        cases = {
            (ids[one.customer_id], int(day_of(one.at))): (day_of(one.at), one.value or 1.0)
            for one in self.happened
            if one.kind == kind
        }
        if kind == RETURN:
            arrived = [one for one in self.wrong if one.how is not Signal.VETOED and one.customer_id in ids]
            cases |= {(ids[one.customer_id], int(day_of(one.at))): (day_of(one.at), 1.0) for one in arrived}
        contacts = [one for one in self.happened if one.kind in CONTACTS]
        start = np.array([day_of(self.known[id]) for id in ids], float)
        weights = [weight if kind == OUT_OF_STOCK else 1.0 for _, weight in cases.values()]
        return Aftermath.of(
            (np.array([owner for owner, _ in cases], np.int64), np.array([day for day, _ in cases.values()], float)),
            (
                np.array([ids[one.customer_id] for one in contacts], np.int64),
                np.array([day_of(one.at) for one in contacts], float),
            ),
            (start, np.full(len(ids), day_of(self.now))),
            within=self.costs.within / timedelta(days=1),
            weights=np.array(weights, float),
        )


def _untold(what: str) -> NotEstimable:
    return NotEstimable(
        reason=f"{what} that was not wanted leaves no trace of what it cost",
        needed="a trial that leaves some of them out",
    )


def _changed(worth: Worth, found: Sequence[Fitted]) -> Worth:
    wrong, out_of_stock = dict(worth.wrong), worth.out_of_stock
    for one in found:
        assert isinstance(one.found, Amount)
        cost = round(max(one.found.estimate, 0.0), 4)
        name, _, label = one.parameter.partition(".")
        if name == "wrong":
            wrong[Rung.of(label)] = cost
        else:
            out_of_stock = cost
    return replace(worth, wrong=wrong, out_of_stock=out_of_stock)
