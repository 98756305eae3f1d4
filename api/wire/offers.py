"""Plain recommendations and forecasts on the wire."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.wire.base import Id, Span, Text, Time, Wire
from api.wire.decisions import OfferOut, ReasonOut
from engine.domain.decisions import Offer
from engine.learn.base import Forecast
from modes import document
from modes.listing import Wish
from modes.related import Relation

Condition = Annotated[str, Field(min_length=1, max_length=2000, examples=["item.price < 20.0"])]
CONDITION = "a condition in CEL over the item; one that is none is an error with its line and column"
Excluded = Annotated[list[Id], Field(max_length=100)]


class OffersQuery(Wire):
    """Which items to recommend."""

    limit: int = Field(default=10, ge=1, le=100)
    category: str | None = Field(
        default=None, min_length=1, max_length=500, description="its items only, or those of what lies below it"
    )
    filter: Condition | None = Field(default=None, description=CONDITION)
    exclude: Excluded = Field(default=[], description="items to leave out; may be repeated")
    diversity: float = Field(default=0.0, ge=0, le=1, description="0 the best first, 1 as many families as there are")
    min_relevance: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="the least relevance, as a share of the best one's; above 0 nothing is added to fill the list",
    )
    repeat: bool | None = Field(
        default=None,
        description="true: only what the customer bought before; false: only what is new to them; absent: both",
    )
    touchpoint: Text | None = Field(
        default=None, description="where the list is shown: placements may be for some touchpoints only"
    )
    rotate: bool = Field(
        default=True, description="whether what was shown lately and left makes room for what comes behind it"
    )

    def wish(self) -> Wish:
        """As lists take it."""
        return Wish(
            limit=self.limit,
            category=self.category,
            variety=self.diversity,
            min_relevance=self.min_relevance,
            repeat=self.repeat,
        )


class OfferWire(OfferOut):
    """One recommended item; the higher its score, the better, within one answer."""

    @classmethod
    def of(cls, offer: Offer) -> OfferWire:
        """As answered."""
        return cls(**_offered(offer))


def _offered(offer: Offer) -> dict[str, Any]:
    return {
        "item_id": offer.item_id,
        "score": offer.score,
        "probability": offer.probability,
        "price": None if offer.price is None else offer.price.decimal(),
        "currency": None if offer.price is None else offer.price.currency,
        "reasons": [
            ReasonOut(code=reason.code, params=dict(reason.params), sentence=reason.sentence)
            for reason in offer.reasons
        ],
    }


class Offers(Wire):
    """Recommended items, best first."""

    customer_id: str
    model_id: str | None
    offers: list[OfferWire]


class RelatedQuery(Wire):
    """Which related items."""

    limit: int = Field(default=10, ge=1, le=100)
    kind: Literal["any", "substitute", "complement"] = Field(
        default="any", description="substitute: of the same family; complement: of another one, bought with it"
    )
    filter: Condition | None = Field(default=None, description=CONDITION)
    exclude: Excluded = Field(default=[], description="items to leave out; may be repeated")
    locale: str | None = Field(default=None, max_length=35, description="language of the sentences, such as de-AT")

    @property
    def relation(self) -> Relation | None:
        """As modes know it."""
        return None if self.kind == "any" else Relation(self.kind)


class RelatedOut(OfferOut):
    """An item related to the one asked for.

    The score is how near the two items' buyers are, from 0 to 1; 0 where it is only of the same family.
    """

    relation: Relation

    @classmethod
    def of_related(cls, offer: Offer, relation: Relation) -> RelatedOut:
        """As answered."""
        return cls(**_offered(offer), relation=relation)


class Related(Wire):
    """Items related to one, closest first."""

    item_id: str
    model_id: str | None
    items: list[RelatedOut]


class DueQuery(Wire):
    """The window of the forecast, from now."""

    within: Span = "7d"


class ForecastOut(Wire):
    """How likely the customer buys a family again in the window."""

    customer_id: str
    family: str
    item_id: str | None
    probability: float
    low: float
    high: float
    expected_at: Time | None
    evidence: dict[str, object]

    @classmethod
    def of(cls, forecast: Forecast, customer_id: str) -> ForecastOut:
        """As answered."""
        return cls.model_validate(document.forecast(forecast, customer_id))


class Due(Wire):
    """Forecasts for every family bought on at least two days, the likeliest first."""

    customer_id: str
    model_id: str | None
    due: list[ForecastOut]
