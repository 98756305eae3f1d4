"""What a customer's conduct says at one instant: how they want to be served, and what they were found ready for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from engine.domain.context import Context
from engine.domain.customers import Grant, Preferences, Purpose
from engine.domain.decisions import Rung
from engine.domain.signals import BOTTOM, Heard, Record, Signal, Standing
from modes import attention, posterior, success
from modes.policy import Harm, Policy, Worth
from modes.signals import LESSONS

Floats = NDArray[np.float64]
DAY = timedelta(days=1)
AGENCY_OF = dict(zip(Rung, (0.95, 0.85, 0.75, 0.6, 0.4, 0.2), strict=True))  # by the stated ceiling
TRUST_OF = dict(zip(Rung, (0.3, 0.4, 0.45, 0.5, 0.6, 0.7), strict=True))
GRANTED = 0.5  # trust of who let orders be made for them, where they stated no ceiling
COMFORT, WIDTH = 0.5, 0.8  # rungs above the stated ceiling at which half are uncomfortable, and how steeply
REPAIR = timedelta(days=28)  # after an incident: the bar is higher, fewer messages are sent, nothing is tried out
REPAIRED = timedelta(days=14)  # after an incident elsewhere, before a need climbs again
HIGHER = 0.05  # the bar, while an incident is fresh
QUIET = 1  # message in seven days, after a complaint
TAKEN = (Signal.ACCEPTED, Signal.EDITED, Signal.KEPT, Signal.KEPT_UNNOTICED)
LEFT = (Signal.SKIPPED, Signal.SNOOZED, Signal.IGNORED, Signal.VETOED, Signal.RETURNED, Signal.COMPLAINED)


@dataclass(frozen=True, kw_only=True, slots=True)
class Conduct:
    """What is believed of a customer now.

    Attributes
    ----------
    agency, trust : posteriors of the wish to decide oneself, and of trust
    cap : the highest rung that these allow, and that incidents leave; a guard that only lowers
    cap_by : what lowers it: agency, trust or incidents
    higher : how much more sure an execution has to be for incidents
    spent : messages of the last seven days, an accepted one counting half, an ignored one half more
    budget : messages in seven days
    curious : whether chance may choose
    unsaid : how much of the prior of agency is what is usual in the shop, 0 where the customer said what they wish
    """

    agency: posterior.Posterior
    trust: posterior.Posterior
    cap: Rung
    cap_by: str
    higher: float
    spent: float
    budget: float
    curious: bool
    record: Record
    taken: Floats  # shape (1, n_needs + 1, 6): of each need and of all others
    tried: Floats
    needs: tuple[str, ...]
    unsaid: float = 0.0

    @classmethod
    def of(cls, context: Context, policy: Policy, now: datetime) -> Conduct:
        """Computed from what the customer stated and from everything that was heard of them."""
        record = context.record
        heard = [one for one in record.heard if record.stated_at is None or one.at >= record.stated_at]
        agency, trust = _believed(context, heard, now, policy.worth.agency)
        incidents = [one.at for one in record.heard if LESSONS[one.signal].incident]
        fresh = any(now - at < REPAIR for at in incidents)
        cap, cap_by = _cap(agency, trust, incidents, record.heard, policy.harm)
        needs, taken, tried = _uptake(heard)
        complained = any(one.signal is Signal.COMPLAINED and now - one.at < REPAIR for one in heard)
        return cls(
            agency=agency,
            trust=trust,
            cap=cap,
            cap_by=cap_by,
            higher=HIGHER if fresh else 0.0,
            spent=_spent(context.messages, heard, now),
            budget=min(policy.messages, QUIET) if complained else policy.messages,
            curious=float(trust.mean) >= posterior.TRUST and not fresh,
            record=record,
            taken=taken,
            tried=tried,
            needs=needs,
            unsaid=_unsaid(context),
        )

    def wish(self, away: float) -> float:
        """The wish to decide oneself that is expected where the usual one lies so much away from that of the shop."""
        before = np.clip(self.agency.mean_before + self.unsaid * away, 0.0, 1.0)
        return float(replace(self.agency, mean_before=np.asarray(before)).mean)

    def uptake(self, needs: Sequence[str | None], worth: Worth) -> Floats:
        """How often each rung is taken up for each of some needs, shape (n, 6)."""
        places = {need: place for place, need in enumerate(self.needs)}
        found: Floats = success.taken_up(self.taken, self.tried, worth.success)[0]
        return found[[places.get(need or "", len(self.needs)) for need in needs]]

    def standing(self, need: str) -> Standing:
        """Where the customer stands on the ladder of a need now: as reviewed, and at once lower by what came since."""
        found = self.record.standings.get(need, Standing())
        since = self.record.reviewed_at
        for one in self.record.heard:
            if one.need == need and (since is None or one.at >= since):
                found = fallen(found, one)
        return found


def fallen(standing: Standing, heard: Heard) -> Standing:
    """At once so many rungs down as the signal says, or to approve; unchanged by a signal that costs none.

    Examples
    --------
    >>> from datetime import UTC
    >>> sent_back = Heard(signal=Signal.RETURNED, at=datetime(2017, 12, 1, tzinfo=UTC), need="coffee")
    >>> lower = fallen(Standing(rung=Rung.SILENT, hits=(20, 20, 20)), sent_back)
    >>> lower.rung.label, lower.rest_until.date().isoformat(), lower.hits
    ('veto', '2017-12-29', (20, 20, 10.0))
    """
    lesson = LESSONS[heard.signal]
    if not (lesson.falls or lesson.to_approve):
        return standing
    lower = min(standing.rung, Rung.APPROVE) if lesson.to_approve else standing.rung - lesson.falls
    rung = Rung(max(lower, BOTTOM))
    rest = heard.at + lesson.rest_days * DAY * (1 + standing.falls)
    above = rung - BOTTOM  # steps up to the new rung keep their evidence
    return replace(
        standing,
        rung=rung,
        hits=_halved(standing.hits, above),
        misses=_halved(standing.misses, above),
        shadows=_halved(standing.shadows, above),
        sure=(*standing.sure[:above], *(value / 2 for value in standing.sure[above:])),
        kept=0.0,
        rest_until=rest if standing.rest_until is None else max(rest, standing.rest_until),
        falls=standing.falls + 1,
    )


def beyond(ceiling: Rung) -> Floats:
    """How probable it is that each rung lies beyond what a customer with this ceiling is comfortable with, shape (6,).

    Examples
    --------
    >>> beyond(Rung.VETO).round(2).tolist()
    [0.0, 0.0, 0.0, 0.03, 0.27, 0.73]
    """
    rungs = np.arange(len(Rung))
    return np.asarray(ndtr((rungs - (int(ceiling) + COMFORT)) / WIDTH) * (rungs > 0), np.float64)


def _halved(counts: tuple[float, ...], kept: int) -> tuple[float, ...]:
    return (*counts[:kept], *(float(count // 2) for count in counts[kept:]))


def _believed(
    context: Context, heard: Sequence[Heard], now: datetime, usual: float
) -> tuple[posterior.Posterior, posterior.Posterior]:
    """Posteriors of agency and trust."""
    agency, trust = _before(context, usual)
    lessons = [LESSONS[one.signal] for one in heard]
    ages = np.array([(now - one.at) / DAY for one in heard], float)
    incidents = np.array([lesson.incident for lesson in lessons], bool)
    wish = np.array([lesson.agency for lesson in lessons], float)
    faith = np.array([lesson.trust for lesson in lessons], float)
    return (
        posterior.from_history(agency, wish, ages, incidents),
        posterior.from_history(trust, faith, ages, incidents),
    )


def _before(context: Context, agency_here: float) -> tuple[float, float]:
    """The means of the priors: what was stated, in so many words or by ceilings; else what is usual in this shop."""
    record, ceiling = context.record, context.preferences.ceiling
    granted = context.consents.get(Purpose.AUTOMATION) is Grant.GRANTED
    stated = [AGENCY_OF[rung] for rung in _ceilings(context.preferences)]
    usual = float(posterior.drawn(sum(stated), len(stated), agency_here, posterior.OF_CUSTOMER))
    agency = usual if ceiling is None else AGENCY_OF[ceiling]
    faith = GRANTED if granted else posterior.TRUST
    trust = faith if ceiling is None else max(TRUST_OF[ceiling], faith if granted else 0.0)
    return (
        agency if record.stated_agency is None else record.stated_agency,
        trust if record.stated_trust is None else record.stated_trust,
    )


def _unsaid(context: Context) -> float:
    if context.preferences.ceiling is not None or context.record.stated_agency is not None:
        return 0.0
    return posterior.OF_CUSTOMER / (len(_ceilings(context.preferences)) + posterior.OF_CUSTOMER)


def _ceilings(preferences: Preferences) -> list[Rung]:
    return [*preferences.category_ceilings.values(), *preferences.family_ceilings.values()]


def _cap(
    agency: posterior.Posterior,
    trust: posterior.Posterior,
    incidents: Sequence[datetime],
    heard: Iterable[Heard],
    harm: Harm,
) -> tuple[Rung, str]:
    by_wish, by_faith = posterior.cap_by_agency(float(agency.mean)), posterior.cap_by_trust(float(trust.mean))
    found = min((by_wish, "agency"), (by_faith, "trust"), key=lambda one: one[0])
    raised = max((one.at for one in heard if one.signal is Signal.RAISED), default=None)
    counted = sorted(at for at in incidents if raised is None or at > raised)
    if found[0] > Rung.APPROVE and spent(counted, harm):
        return Rung.APPROVE, "incidents"
    return found


def spent(incidents: Sequence[datetime], harm: Harm) -> bool:
    """Whether so many incidents ever lay so close together, that the budget of harm was used up.

    Parameters
    ----------
    incidents : ascending; what came before the customer last raised a ceiling does not count

    Examples
    --------
    >>> from datetime import UTC
    >>> days = [datetime(2017, month, 1, tzinfo=UTC) for month in (1, 5, 7)]
    >>> spent(days[:2], Harm(orders=2, days=90)), spent(days, Harm(orders=2, days=90)), spent(days, Harm(orders=3))
    (False, True, False)
    """
    ends = incidents[harm.orders - 1 :]
    return any(last - first <= harm.days * DAY for first, last in zip(incidents, ends, strict=False))


def _uptake(heard: Sequence[Heard]) -> tuple[tuple[str, ...], Floats, Floats]:
    answered = [one for one in heard if one.rung is not None and one.signal in (*TAKEN, *LEFT)]
    needs = tuple(sorted({one.need for one in answered if one.need is not None}))
    place = {need: n for n, need in enumerate(needs)}
    taken, tried = np.zeros((1, len(needs) + 1, len(Rung))), np.zeros((1, len(needs) + 1, len(Rung)))
    for one in answered:
        at = (0, place.get(one.need or "", len(needs)), int(one.rung or 0))
        tried[at] += 1
        taken[at] += one.signal in TAKEN
    return needs, taken, tried


def _spent(messages: Iterable[datetime], heard: Iterable[Heard], now: datetime) -> float:
    answers = [
        one
        for one in heard
        if one.rung is not None and attention.speaks(one.rung, True) and now - attention.SPAN < one.at <= now
    ]
    more = sum(LESSONS[one.signal].attention - 1 for one in answered_messages(answers))
    return max(attention.load(messages, now) + more, 0.0)


def answered_messages(answers: Sequence[Heard]) -> list[Heard]:
    """The first answer to each message; what is told of it later costs no attention."""
    first: dict[str, Heard] = {}
    for one in answers:
        first.setdefault(one.source, one)
    return list(first.values())
