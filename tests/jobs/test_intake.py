"""Files are taken in whole: what is good is stored, what is not is listed with its reason."""

import json
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from engine.config import Settings
from engine.errors import InputError
from engine.store import customers, events, items, orders, surveys
from jobs import intake

NOW = datetime(2018, 1, 1, tzinfo=UTC)
SETTINGS = Settings.from_env({"RAPPORT_TIMEZONE": "Europe/Berlin", "RAPPORT_CURRENCY": "EUR"})


@pytest.fixture
def take(db, tmp_path):
    """Write a file and take it in."""

    def take(kind, name, content, **options):
        path = tmp_path / name
        if isinstance(content, pd.DataFrame):
            content.to_parquet(path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return intake.run(db, kind, [path], settings=SETTINGS, now=NOW, **options)

    return take


def rejects(summary):
    (path,) = summary.rejects_files
    return [json.loads(line) for line in path.read_text().splitlines()]


ORDERS = """order_id,customer_id,ordered_at,item_id,quantity,unit_price
007,c1,2017-11-30T08:00:00Z,i1,2,1.255
007,c1,2017-11-30T08:00:00Z,i1,1,1.00
8,c1,2017-12-01,i2,,
"""


def test_a_csv_of_orders(db, take):
    assert take("orders", "orders.csv", ORDERS).stored == 3
    with db.read() as tx:
        first, second = orders.of_customer(tx, "c1")
    assert (first.order_id, first.quantity, first.amount.decimal()) == ("007", 3, "3.51")
    assert second.ordered_at == datetime(2017, 11, 30, 23, tzinfo=UTC)
    assert (second.quantity, second.amount) == (1, None)


def test_taken_in_again_nothing_changes(db, take):
    take("orders", "orders.csv", ORDERS)
    with db.read() as tx:
        before = orders.of_customer(tx, "c1")
    take("orders", "orders.csv", ORDERS)
    with db.read() as tx:
        assert orders.of_customer(tx, "c1") == before


BROKEN = {
    "id with a slash": ("a/b,c1,2017-11-30T08:00Z,i1,1,1.00,EUR", "order_id"),
    "no customer": ("o1,,2017-11-30T08:00Z,i1,1,1.00,EUR", "customer_id"),
    "naive time": ("o1,c1,2017-11-30T08:00,i1,1,1.00,EUR", "ordered_at"),
    "before anybody sold over the net": ("o1,c1,1969-12-30T23:00Z,i1,1,1.00,EUR", "ordered_at"),
    "not yet": ("o1,c1,2199-11-30T08:00Z,i1,1,1.00,EUR", "ordered_at"),
    "no time": ("o1,c1,yesterday,i1,1,1.00,EUR", "ordered_at"),
    "negative quantity": ("o1,c1,2017-11-30T08:00Z,i1,-1,1.00,EUR", "quantity"),
    "half a quantity": ("o1,c1,2017-11-30T08:00Z,i1,1.5,1.00,EUR", "quantity"),
    "quantity in other digits": ("o1,c1,2017-11-30T08:00Z,i1,١,1.00,EUR", "quantity"),
    "price that is none": ("o1,c1,2017-11-30T08:00Z,i1,1,cheap,EUR", "unit_price"),
    "wrong currency": ("o1,c1,2017-11-30T08:00Z,i1,1,1.00,euros", "currency"),
    "too few columns": ("o1,c1,2017-11-30T08:00Z", "the row"),
    "not UTF-8": (b"\xff\xfe,c1,2017-11-30T08:00Z,i1,1,1.00,EUR", "order_id"),
    "another's order": ("good,c2,2017-11-30T08:00Z,i1,1,1.00,EUR", "customer_id"),
    "NUL": (b"o\x00,c1,2017-11-30T08:00Z,i1,1,1.00,EUR", "order_id"),
}


def test_broken_rows_are_listed_and_the_rest_is_stored(db, take):
    header = b"order_id,customer_id,ordered_at,item_id,quantity,unit_price,currency\n"
    good = b"good,c1,2017-11-30T08:00Z,i1,1,1.00,EUR\n"
    bad = [row if isinstance(row, bytes) else row.encode() for row, _ in BROKEN.values()]
    summary = take("orders", "orders.csv", header + good + b"\n".join(bad) + b"\n")
    assert (summary.read, summary.stored, summary.rejected) == (16, 1, 15)
    found = rejects(summary)
    assert [(r["row"], r["field"]) for r in found] == [(n, f) for n, (_, f) in enumerate(BROKEN.values(), start=2)]
    assert all(r["reason"].startswith("expected ") for r in found)
    with db.read() as tx:
        assert orders.count_lines(tx) == 1


def test_a_clean_import_takes_the_old_rejects_away(take, tmp_path):
    take("orders", "orders.csv", ORDERS.replace("007", "0/7"))
    assert (tmp_path / "orders.csv.rejects.ndjson").exists()
    assert take("orders", "orders.csv", ORDERS).rejects_files == ()
    assert not (tmp_path / "orders.csv.rejects.ndjson").exists()


def test_an_items_currency_binds_its_orders(take):
    take("items", "items.ndjson", '{"item_id": "i1", "price": "4.99", "currency": "USD"}\n')
    rows = "order_id,customer_id,ordered_at,item_id,amount,currency\no1,c1,2017-11-30T08:00Z,i1,1.00,EUR\n"
    (reject,) = rejects(take("orders", "orders.csv", rows))
    assert reject["field"] == "currency"
    assert "USD" in reject["reason"]


def test_an_items_price_is_refused_and_never_rounded(db, take):
    rows = "item_id,price,currency\na,4.9900,USD\nb,1.001,USD\nc,1.50,JPY\nd,1_000,USD\ne,١,USD\nf,500,JPY\n"
    summary = take("items", "items.csv", rows)
    assert [(r["row"], r["field"]) for r in rejects(summary)] == [(n, "price") for n in (2, 3, 4, 5)]
    assert "no decimals for JPY, came '1.50'" in rejects(summary)[1]["reason"]
    with db.read() as tx:
        assert {id: str(one.price) for id, one in items.get_many(tx, "abcdef").items()} == {
            "a": "4.99 USD",
            "f": "500 JPY",
        }


def test_numbers_in_files_are_ascii(take):
    rows = "event_id,customer_id,occurred_at,kind,value\n" + "".join(
        f"e{n},c1,2017-11-30T08:00Z,view,{value}\n" for n, value in enumerate(("-1.5e2", "1_0", "١"))
    )
    assert [(r["row"], r["field"]) for r in rejects(take("events", "events.csv", rows))] == [(2, "value"), (3, "value")]


def test_ndjson_knows_types_and_broken_lines(db, take):
    lines = [
        '{"item_id": "i1", "name": "Käse 🧀", "category": "Food > Dairy", "family": "cheese", "price": 4.99}',
        '{"item_id": 7}',
        "[1, 2]",
        "{oops",
        '{"item_id": "i2", "available": false, "attributes": {"size": 3}}',
    ]
    summary = take("items", "items.ndjson", "\n".join(lines))
    assert (summary.stored, [r["row"] for r in rejects(summary)]) == (2, [2, 3, 4])
    with db.read() as tx:
        found = items.get_many(tx, ["i1", "i2"])
    assert (found["i1"].category, str(found["i1"].price)) == (("Food", "Dairy"), "4.99 EUR")
    assert (found["i2"].available, found["i2"].attributes) == (False, {"size": 3})


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('{"item_id": "i1", "price": "1.00", "price": "2.00"}', "price"),
        ('{"item_id" : "i1", "name":"a", "name" : "b"}', "name"),
        ('{"item_id": "i1", "attributes": {"size": 3, "size": 4}}', "attributes.size"),
    ],
)
def test_a_line_that_names_a_key_twice_is_no_row(take, line, field):
    summary = take("items", "items.ndjson", f'{line}\n{{"item_id": "i2", "name": "half \\": empty"}}')
    [one] = rejects(summary)
    assert (summary.stored, one["row"], one["field"], "the key once" in one["reason"]) == (1, 1, field, True)


def test_attributes_of_csv_that_name_a_key_twice_are_none(take):
    rows = 'item_id,attributes\ni1,"{""size"": 3, ""size"": 4}"\ni2,"{""size"": 3}"\n'
    [one] = rejects(take("items", "items.csv", rows))
    assert (one["row"], one["field"], "the key once" in one["reason"]) == (1, "attributes.size", True)


def test_a_line_nested_deeper_than_can_be_looked_through_says_so(take):
    deep = '{"item_id" : "i1", "a": ' + "[" * 1_015 + "]" * 1_015 + "}"
    [one] = rejects(take("items", "items.ndjson", deep))
    assert (one["field"], "JSON that is not nested so deeply" in one["reason"]) == ("the row", True)


def test_parquet_with_numbers_as_ids_and_another_shops_columns(db, take):
    frame = pd.DataFrame(
        {
            "basket": [1, 2],
            "who": [10, 11],
            "day": pd.to_datetime(["2017-11-30 08:00", "2017-11-30 09:00"]),
            "what": [5, 6],
            "quantity": [2, 0],
        }
    )
    mapping = {"order_id": "basket", "customer_id": "who", "ordered_at": "day", "item_id": "what"}
    summary = take("orders", "o.parquet", frame, mapping=mapping, assume_timezone=ZoneInfo("America/New_York"))
    assert (summary.stored, rejects(summary)[0]["field"]) == (1, "quantity")
    with db.read() as tx:
        assert customers.ids(tx) == ["10"]
        assert orders.newest(tx) == datetime(2017, 11, 30, 13, tzinfo=UTC)


def test_customers_events_and_surveys(db, take):
    take("customers", "c.csv", "customer_id,timezone\nc1,Europe/Berlin\nc2,Mars/Olympus\n")
    take(
        "events", "e.csv", "event_id,customer_id,occurred_at,kind,item_id,value\ne1,c1,2017-12-01T08:00Z,view,i1,2.5\n"
    )
    summary = take(
        "surveys",
        "s.ndjson",
        '{"answer_id": "a1", "customer_id": "c1", "answered_at": "2017-12-01", "kind": "nps", "score": 9}\n'
        '{"answer_id": "a2", "customer_id": "c1", "answered_at": "2017-12-01", "kind": "nps", "score": 11}\n',
    )
    with db.read() as tx:
        assert customers.ids(tx) == ["c1"]
        assert [event.value for event in events.of_customer(tx, "c1")] == [2.5]
        assert [answer.score for answer in surveys.of_customer(tx, "c1")] == [9.0]
    assert rejects(summary)[0]["field"] == "score"


@pytest.mark.parametrize(
    ("name", "content", "options", "says"),
    [
        ("orders.txt", "", {}, r"\.csv, \.ndjson or \.parquet"),
        ("orders.csv", "order_id,customer_id\n", {}, "ordered_at"),
        ("orders.csv", "", {}, "order_id"),
        ("orders.csv", ORDERS, {"mapping": {"orderid": "x"}}, "a field of orders"),
        ("orders.csv", ORDERS, {"mapping": {"amount": "total"}}, "amount: expected a column 'total'"),
        ("orders.parquet", b"no parquet", {}, "a Parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(take, name, content, options, says):
    with pytest.raises(InputError, match=says):
        take("orders", name, content, **options)
