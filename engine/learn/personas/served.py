"""Personas as a model serves them: whom a history fits, and what those like them buy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.domain.estimates import NotEstimable
from engine.learn.cases import of_lines
from engine.learn.catalogue import Catalogue
from engine.learn.lines import Lines
from engine.learn.market import LATELY, Market
from engine.learn.personas import Features, Leanings, Personas, behaviour, personas, spending
from engine.learn.results import Persona
from engine.learn.state import State

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
PART = 5_000  # customers looked at together
PRICED = 0.9  # of all lines, that must have an amount for money to tell customers apart


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Kinds:
    """The kinds of customers there are, and what each leans to."""

    personas: Personas
    leanings: Leanings
    priced: bool  # whether they were told apart by money, too
    _rankings: dict[int, tuple[Ints, Floats]] = field(default_factory=dict, repr=False)  # made once

    @classmethod
    def fit(
        cls,
        lines: Lines,
        catalogue: Catalogue,
        day: float,
        *,
        amounts: Floats | None = None,
        previous: Personas | None = None,
        seed: int = 0,
    ) -> Kinds | NotEstimable:
        """From what was bought before ``day``; ``lines`` holds nothing from then on.

        Parameters
        ----------
        amounts : float array of shape (n_lines,), minor units, nan where unknown
        previous : personas of before, whose ids and names go on
        """
        owners = np.unique(lines.customers)
        spent = None
        if amounts is not None and len(amounts) and np.isfinite(amounts).mean() >= PRICED:
            spent = spending(lines.customers, amounts, lines.n_customers)
        asked = _behaviour(lines, owners, catalogue, day, spent)
        found = personas(asked, previous=previous, seed=seed)
        if isinstance(found, NotEstimable):
            return found
        persona_of = np.full(lines.n_customers, -1)
        persona_of[owners] = found.membership(asked).argmax(axis=1)
        leanings = Leanings.fit(lines, persona_of, found.k, day)
        return cls(personas=found.without_members(), leanings=leanings, priced=spent is not None)

    def of(self, state: State, day: float, amounts: Floats) -> Persona | None:
        """The persona of one owner who bought something; None where it has too few members to be shown.

        Parameters
        ----------
        amounts : float array of shape (n_lines,), of the owner's lines, minor units, nan where unknown
        """
        members = self.members(state, np.array([day]), spending(np.zeros(len(amounts), np.int64), amounts, 1))[0]
        place = int(members.argmax())
        return self._told(place, float(members[place])) if self.personas.shown(place) else None

    def members(self, state: State, days: Floats, spent: Floats) -> Floats:
        """The probability that each owner belongs to each persona, shape (n_owners, k).

        Parameters
        ----------
        days : now of each owner
        spent : float array of shape (n_owners,), minor units, nan where it is not known
        """
        return self.personas.membership(behaviour(state, days, spent if self.priced else None))

    def _told(self, place: int, probability: float) -> Persona:
        return Persona(
            persona_id=self.personas.ids[place],
            name=self.personas.names[place],
            probability=probability,
            share=float(self.personas.weights[place]),
            tentative=self.personas.tentative,
        )

    def ranking(self, persona_id: int, market: Market) -> tuple[Ints, Floats] | None:
        """All items as a persona buys them lately, the first most, and a score for each; None of one not known."""
        if persona_id not in self.personas.ids:
            return None
        if persona_id not in self._rankings:
            lifts = self.leanings.lifts[self.personas.ids.index(persona_id)]
            scores = np.expm1(market.items[:-1, LATELY].astype(np.float64)) * lifts
            ranking = np.lexsort((market.places, -scores))
            self._rankings[persona_id] = ranking, scores / max(float(scores.max(initial=0.0)), 1e-12)
        return self._rankings[persona_id]

    def described(self) -> Mapping[str, object]:
        """For people and machines, as JSON; without the personas of too few members."""
        found = self.personas
        return {
            "customers": found.n,
            "stability": found.stability,
            "tentative": found.tentative,
            "entropy_nats": found.entropy_nats,
            "features": list(found.features),
            "personas": [
                {
                    "persona_id": found.ids[place],
                    "name": found.names[place],
                    "customers": int(found.sizes[place]),
                    "share": float(found.weights[place]),
                    "means": dict(zip(found.features, found.means[place].tolist(), strict=True)),
                }
                for place in range(found.k)
                if found.shown(place)
            ],
            "tried": [{"k": one.k, "bic": one.bic, "objection": one.objection} for one in found.tried],
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What it is, as arrays."""
        return {**self.personas.arrays(), **self.leanings.arrays(), "priced": np.array([self.priced], np.int8)}

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[Any]]) -> Kinds:
        """The inverse of ``arrays``."""
        return cls(
            personas=Personas.of_arrays(arrays),
            leanings=Leanings.of_arrays(arrays),
            priced=bool(arrays["priced"][0]),
        )


def _behaviour(lines: Lines, owners: Ints, catalogue: Catalogue, day: float, spent: Floats | None) -> Features:
    """The features of many customers, some at a time; ``spent`` is that of every code, shape (n_customers,)."""
    parts = []
    for start in range(0, max(len(owners), 1), PART):
        some = owners[start : start + PART]
        cases = of_lines(lines, some, np.full(len(some), day), catalogue.family_of, len(catalogue.families))
        parts.append(behaviour(cases.state, cases.days, None if spent is None else spent[some]))
    return Features(names=parts[0].names, values=np.concatenate([part.values for part in parts]))
