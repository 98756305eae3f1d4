"""Plain recommendations and forecasts on the wire."""

from __future__ import annotations

from pydantic import Field

from api.wire.base import Id, Span, Time, Wire
from api.wire.decisions import OfferOut, ReasonOut
from engine.domain.decisions import Offer
from engine.learn.base import Forecast
from modes import document


class OffersQuery(Wire):
    """Which items to recommend."""

    limit: int = Field(default=10, ge=1, le=100)
    category: str | None = Field(default=None, min_length=1, max_length=500)
    filter: str | None = Field(default=None, min_length=1, max_length=2000, examples=["item.price < 20.0"])
    exclude: list[Id] = Field(default=[], max_length=100, description="items to leave out; may be repeated")
    diversity: float = Field(default=0.0, ge=0, le=1, description="0 the best first, 1 as many families as there are")
    min_relevance: float = Field(default=0.0, ge=0, le=1, description="the least score, as a share of the best one's")


class OfferWire(OfferOut):
    """One recommended item."""

    @classmethod
    def of(cls, offer: Offer) -> OfferWire:
        """As answered."""
        return cls(
            item_id=offer.item_id,
            score=offer.score,
            probability=offer.probability,
            price=None if offer.price is None else offer.price.decimal(),
            currency=None if offer.price is None else offer.price.currency,
            reasons=[ReasonOut(code=reason.code, params=dict(reason.params)) for reason in offer.reasons],
        )


class Offers(Wire):
    """Recommended items, best first."""

    customer_id: str
    model_id: str | None
    offers: list[OfferWire]


class RelatedQuery(Wire):
    """How many related items."""

    limit: int = Field(default=10, ge=1, le=100)


class RelatedOut(Wire):
    """An item that is bought by those who buy the one asked for."""

    item_id: str
    score: float


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
