"""Files taken in from the command line."""

import json

HEADER = "order_id,customer_id,ordered_at,item_id,quantity,amount,currency\n"
GOOD = "o{n},c{n},2017-01-{d:02}T10:00:00Z,i{n},1,4.99,USD\n"
BROKEN = {
    "order_id": ",c1,2017-01-01T10:00:00Z,i1,1,4.99,USD\n",
    "customer_id": "o1,a/b,2017-01-01T10:00:00Z,i1,1,4.99,USD\n",
    "ordered_at": "o1,c1,2017-01-01T10:00:00,i1,1,4.99,USD\n",
    "ordered_at#2": "o1,c1,yesterday,i1,1,4.99,USD\n",
    "item_id": "o1,c1,2017-01-01T10:00:00Z,,1,4.99,USD\n",
    "quantity": "o1,c1,2017-01-01T10:00:00Z,i1,0,4.99,USD\n",
    "quantity#2": "o1,c1,2017-01-01T10:00:00Z,i1,-2,4.99,USD\n",
    "quantity#3": "o1,c1,2017-01-01T10:00:00Z,i1,many,4.99,USD\n",
    "amount": "o1,c1,2017-01-01T10:00:00Z,i1,1,a lot,USD\n",
    "currency": "o1,c1,2017-01-01T10:00:00Z,i1,1,4.99,dollars\n",
}


def good(n: int) -> str:
    """So many rows that can be taken."""
    return "".join(GOOD.format(n=k, d=1 + k % 28) for k in range(n))


def test_the_same_file_twice_changes_nothing(rapport, tmp_path):
    (tmp_path / "orders.csv").write_text(HEADER + good(50))
    first, again = (rapport("import", "orders", "orders.csv", "--json") for _ in range(2))
    assert (first.code, first.json["read"], first.json["rejected"]) == (0, 50, 0)
    assert again.code == 0
    assert not list(tmp_path.glob("*.rejects.ndjson"))


def test_a_hundred_broken_rows_of_ten_kinds_are_listed_and_the_rest_is_stored(rapport, tmp_path):
    rows = [*(row for row in BROKEN.values() for _ in range(10))]
    (tmp_path / "orders.csv").write_text(HEADER + good(200) + "".join(rows))
    said = rapport("import", "orders", "orders.csv", "--json")
    assert said.code == 3
    assert (said.json["stored"], said.json["rejected"]) == (200, 100)
    rejects = [json.loads(line) for line in (tmp_path / "orders.csv.rejects.ndjson").read_text().splitlines()]
    assert [reject["row"] for reject in rejects] == list(range(201, 301))
    for reject, kind in zip(rejects, [kind for kind in BROKEN for _ in range(10)], strict=True):
        assert reject["field"] == kind.split("#")[0]
        assert reject["reason"]


def test_columns_are_mapped_and_times_assumed(rapport, tmp_path):
    (tmp_path / "orders.csv").write_text("order_id,household,ordered_at,item_id\no1,c1,2017-01-01 10:00:00,i1\n")
    rapport("import", "orders", "orders.csv").failed(2, "customer_id")
    assert rapport("import", "orders", "orders.csv", "--map", "customer_id=household").code == 3
    zone = ("--assume-timezone", "Europe/Berlin")
    assert rapport("import", "orders", "orders.csv", "--map", "customer_id=household", *zone).code == 0
    rapport("import", "orders", "orders.csv", "--map", "household").failed(2, "--map")


def test_files_that_cannot_be_read_are_named(rapport, tmp_path):
    assert rapport("import", "orders", "missing.csv").code in (1, 2)
    (tmp_path / "orders.txt").write_text("x")
    rapport("import", "orders", "orders.txt").failed(2, "orders.txt")
