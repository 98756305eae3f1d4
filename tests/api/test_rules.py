"""Operators' rules over HTTP: checked, kept in versions, approved, taken back, and looked at beforehand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest

from engine.domain.decisions import Rung
from engine.domain.executions import State
from engine.domain.gateways import NamedGateway
from engine.domain.shopping import Item, OrderLine
from engine.domain.values import Money
from engine.store import executions, gateways, items, orders
from engine.store.database import Database
from tests.api.conftest import Caller, Place, settings_at
from tests.api.problems import assert_problem
from tests.ledgers import NOW, execution, line, stored

FORBID = {"id": "no-tea", "when": 'need.family == "tea"', "effect": "forbid"}
EXAMPLE = (Path(__file__).parents[2] / "docs" / "examples" / "rules.yaml").read_text()


def put(operator: Caller, *rules: dict, **more: object) -> list[dict]:
    """Keep rules."""
    answer = operator.post("/v1/rules", {"rules": list(rules), **more})
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()["applied"]


def standing(operator: Caller, rule_id: str = "no-tea") -> tuple[int | None, list[str]]:
    """The version in force, and where each version stands, the newest first."""
    found = operator.get(f"/v1/rules/{rule_id}").get_json()
    return found["in_force"], [one["standing"] for one in found["versions"]]


def audited(operator: Caller) -> list[dict]:
    """What was done to rules, the newest first."""
    entries = operator.get("/v1/audit").get_json()["entries"]
    return [one for one in entries if one["action"].startswith("rule.")]


def test_each_change_is_a_version_and_what_stands_is_left(either_place: Place) -> None:
    operator = either_place.operator
    assert put(operator, FORBID) == [{"rule_id": "no-tea", "version": 1, "changed": True, "approved": True}]
    assert put(operator, FORBID)[0] == {"rule_id": "no-tea", "version": 1, "changed": False, "approved": True}
    changed = {**FORBID, "effect": "require_approval", "replaces": 1, "says": "We ask first."}
    assert put(operator, changed, why="softer")[0]["version"] == 2
    found = operator.get("/v1/rules/no-tea").get_json()
    assert found["in_force"] == 2
    newest, oldest = found["versions"]
    assert (newest["effect"], newest["why"], newest["says"]) == ({"require_approval": True}, "softer", "We ask first.")
    assert (oldest["effect"], oldest["standing"], oldest["when"]) == ({"forbid": True}, "replaced", FORBID["when"])
    assert newest["author"] == newest["approved_by"]
    assert newest["author"].startswith("operator:")
    assert [one["rule_id"] for one in operator.get("/v1/rules").get_json()["rules"]] == ["no-tea"]
    assert [(one["action"], one["subject"], one["detail"]["version"]) for one in audited(operator)] == [
        ("rule.put", "no-tea", 2),
        ("rule.put", "no-tea", 1),
    ]


def test_the_example_can_be_kept_and_kept_again(place: Place) -> None:
    body = {"yaml": EXAMPLE}
    assert place.operator.post("/v1/rules/check", body).get_json() == {"rules": 5, "problems": []}
    first = place.operator.post("/v1/rules", body).get_json()["applied"]
    assert all(one["changed"] for one in first)
    again = place.operator.post("/v1/rules", body).get_json()["applied"]
    assert [(one["rule_id"], one["version"], one["changed"]) for one in again] == [
        (one["rule_id"], 1, False) for one in first
    ]


def test_a_rule_is_only_changed_by_who_saw_it(place: Place) -> None:
    operator = place.operator
    put(operator, FORBID)
    other = {**FORBID, "when": "true"}
    assert "replaces" in assert_problem(operator.post("/v1/rules", {"rules": [other]}), 409)["detail"]
    assert_problem(operator.post("/v1/rules", {"rules": [{**other, "replaces": 2}]}), 409)
    assert_problem(operator.post("/v1/rules", {"rules": [{**other, "replaces": 0}]}), 409)
    assert standing(operator) == (1, ["in_force"])


def test_of_two_operators_at_once_one_gets_409(either_place: Place) -> None:
    put(either_place.operator, FORBID)
    callers, barrier = [either_place.operator for _ in range(4)], Barrier(4)

    def change(n: int) -> int:
        barrier.wait()
        rule = {**FORBID, "when": f"price > {n}.0", "replaces": 1}
        return callers[n].post("/v1/rules", {"rules": [rule]}).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(change, range(4))) == [200, 409, 409, 409]
    assert standing(either_place.operator) == (2, ["in_force", "replaced"])


def test_all_rules_are_kept_or_none(place: Place) -> None:
    put(place.operator, FORBID)
    fresh = {"id": "fresh", "when": "true", "effect": "forbid"}
    assert_problem(place.operator.post("/v1/rules", {"rules": [fresh, {**FORBID, "when": "true"}]}), 409)
    assert_problem(place.operator.get("/v1/rules/fresh"), 404)
    body = {"rules": [fresh, {**FORBID, "when": "tea", "replaces": 1}]}
    assert_problem(place.operator.post("/v1/rules", body), 422, pointer="/rules/1/when")
    assert_problem(place.operator.get("/v1/rules/fresh"), 404)


def test_mistakes_are_told_with_their_places(place: Place) -> None:
    rules = [FORBID, {"id": "x", "when": "price >\n 5", "effect": {"cap": {"count": -1}}}]
    found = place.operator.post("/v1/rules/check", {"rules": rules}).get_json()
    assert found["rules"] == 1
    assert [(one["rule_id"], one["pointer"], one["line"], one["column"]) for one in found["problems"]] == [
        ("x", "/rules/1/when", 1, 7),
        ("x", "/rules/1/effect/cap/count", None, None),
    ]
    text = place.operator.post("/v1/rules/check", {"yaml": "rules:\n  - id: X\n"}).get_json()["problems"]
    assert {(one["pointer"], one["line"]) for one in text} == {
        ("/rules/0/id", 2),
        ("/rules/0/when", 2),
        ("/rules/0/effect", 2),
    }
    assert_problem(place.operator.post("/v1/rules/check", {}), 422)
    assert_problem(place.operator.post("/v1/rules/check", {"yaml": "", "rules": []}), 422)


def test_a_retired_rule_is_gone_and_an_earlier_version_can_be_had_back(either_place: Place) -> None:
    operator = either_place.operator
    put(operator, FORBID)
    put(operator, {**FORBID, "when": "true", "replaces": 1})
    assert_problem(operator.post("/v1/rules/no-tea/retire", {"version": 1}), 409)
    assert operator.post("/v1/rules/no-tea/retire", {"version": 2, "why": "over"}).status_code == 200
    assert standing(operator) == (None, ["retired", "replaced", "replaced"])
    assert operator.get("/v1/policies").get_json()["rules_in_force"] == 0
    assert_problem(operator.post("/v1/rules/no-tea/rollback", {"version": 3, "to": 9}), 404)
    back = operator.post("/v1/rules/no-tea/rollback", {"version": 3, "to": 1}).get_json()
    assert (back["in_force"], back["versions"][0]["when"]) == (4, FORBID["when"])
    assert [one["action"] for one in audited(operator)] == ["rule.rollback", "rule.retire", "rule.put", "rule.put"]
    for path in ("approve", "retire", "rollback"):
        body = {"version": 1} | ({"to": 1} if path == "rollback" else {})
        assert_problem(operator.post(f"/v1/rules/unknown/{path}", body), 404)


def four_eyed(place: Place, tmp_path: Path) -> Place:
    """The same place where four eyes are asked for."""
    from api.app import create_app

    settings = settings_at(tmp_path / "home", FOUR_EYES="on")
    return Place(app=create_app(settings, place.db, model=lambda: None), db=place.db, settings=settings)


def test_with_four_eyes_another_must_approve(either_place: Place, tmp_path: Path) -> None:
    place = four_eyed(either_place, tmp_path)
    author, other = place.operator, place.operator
    assert put(author, FORBID)[0]["approved"] is False
    assert standing(author) == (None, ["awaits_approval"])
    assert_problem(author.post("/v1/rules/no-tea/approve", {"version": 1}), 403)
    assert_problem(other.post("/v1/rules/no-tea/approve", {"version": 2}), 409)
    approved = other.post("/v1/rules/no-tea/approve", {"version": 1}).get_json()
    assert approved["in_force"] == 1
    assert approved["versions"][0]["approved_by"] != approved["versions"][0]["author"]
    assert_problem(other.post("/v1/rules/no-tea/approve", {"version": 1}), 409)
    put(other, {**FORBID, "when": "true", "replaces": 1})
    assert standing(author) == (1, ["awaits_approval", "in_force"])
    author.post("/v1/rules/no-tea/approve", {"version": 2})
    author.post("/v1/rules/no-tea/retire", {"version": 2})
    assert standing(author) == (2, ["awaits_approval", "in_force", "replaced"])  # retiring is approved too
    other.post("/v1/rules/no-tea/approve", {"version": 3})
    assert standing(author)[0] is None


def test_a_version_that_begins_later_leaves_the_one_before_in_force(place: Place) -> None:
    operator = place.operator
    put(operator, FORBID)
    put(operator, {**FORBID, "when": "true", "replaces": 1, "from": "2017-12-02"})
    assert standing(operator) == (1, ["upcoming", "in_force"])
    put(operator, {**FORBID, "when": "true", "replaces": 2, "until": "2017-12-01"})
    assert standing(operator) == (None, ["ended", "replaced", "replaced"])


def test_only_operators_see_and_keep_rules(place: Place) -> None:
    for caller, status in ((place.backend, 403), (place.customer("anna"), 403), (place.nobody, 401)):
        for method, path in (("GET", "/v1/rules"), ("POST", "/v1/rules"), ("GET", "/v1/policies")):
            assert_problem(caller(method, path, {"rules": []} if method == "POST" else None), status)


def test_no_more_than_two_hundred_rules_are_kept(place: Place) -> None:
    many = [{**FORBID, "id": f"r{n}"} for n in range(200)]
    put(place.operator, *many)
    assert_problem(place.operator.post("/v1/rules", {"rules": [FORBID]}), 409)
    place.operator.post("/v1/rules/r7/retire", {"version": 1})
    put(place.operator, FORBID)


# Preview


def usd(cents: int) -> Money:
    """So many cents."""
    return Money(minor=cents, currency="USD")


def a_ledger(db: Database) -> None:
    """Five orders: two past ones of Anna's, one of Ben's long ago, a planned one of each; one that was vetoed."""
    day = timedelta(days=1)
    some = [
        execution("anna-1", "anna", line("beans", "coffee", "1", 1_499), rung=Rung.SILENT),
        execution("anna-2", "anna", line("leaves", "tea", "1", 300, 2)),
        execution("ben-old", "ben", line("beans", "coffee", "1", 1_499)),
        execution("anna-3", "anna", line("leaves", "tea", "2", 300, 2), due=NOW + day),
        execution("ben-2", "ben", line("beans", "coffee", "2", 1_499), rung=Rung.APPROVE, due=NOW + day),
        execution("ben-3", "ben", line("leaves", "tea", "1", 300)),
    ]
    days = {"anna-1": 10, "anna-2": 5, "ben-old": 40, "anna-3": 1, "ben-2": 1, "ben-3": 3}
    with db.begin() as tx:
        items.put(
            tx,
            [
                Item(item_id="beans", family="coffee", category=("DRINKS", "COFFEE"), price=usd(9_999)),
                Item(item_id="leaves", family="tea", category=("DRINKS", "TEA"), price=usd(300)),
            ],
        )
    made = [
        replace(one, created_at=NOW - days[one.execution_id] * day, probability=0.9, threshold=0.88) for one in some
    ]
    done = {"anna-1", "anna-2", "ben-old"}
    for one in made:
        past = one.execution_id in done
        at = {"placed_at": one.created_at, "due_at": one.created_at} if past else {}
        state = State.KEPT if past else State.VETOED if one.execution_id == "ben-3" else State.WAITING
        kept = replace(one, state=state, **at)
        stored(db, replace(kept, announced_at=kept.due_at - day))
    with db.begin() as tx:
        number = orders.new_import()
        orders.put_lines(
            tx,
            [
                OrderLine(
                    order_id=f"o{n}", customer_id="anna", ordered_at=NOW - n * day, item_id="beans", amount=usd(1)
                )
                for n in (2, 7, 20)
            ],
            import_id=number,
        )


def previewed(place: Place, *rules: dict, **more: object) -> dict:
    """What rules would have changed."""
    answer = place.operator.post("/v1/rules/preview", {"rules": list(rules), **more})
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def changes(found: dict) -> list[tuple[str, str]]:
    """Which executions would have been otherwise, and how."""
    return [(one["execution_id"], change["change"]) for one in found["executions"] for change in one["changes"]]


def test_a_preview_names_whom_a_rule_would_touch(either_place: Place) -> None:
    a_ledger(either_place.db)
    found = previewed(either_place, FORBID)
    assert changes(found) == [("anna-2", "forbidden"), ("anna-3", "forbidden")]
    assert found["looked_at"] == {"executions": 4, "customers": 2, "money": {"USD": "41.98"}}
    assert found["past"] == {"executions": 1, "customers": 1, "money": {"USD": "6.00"}}
    assert found["planned"] == {"executions": 1, "customers": 1, "money": {"USD": "6.00"}}
    assert found["rules"] == [
        {
            "rule_id": "no-tea",
            "changes": {"forbidden": 2},
            "touched": {"executions": 2, "customers": 1, "money": {"USD": "12.00"}},
        }
    ]
    assert [(one["customer_id"], one["planned"], one["total"]) for one in found["executions"]] == [
        ("anna", False, "6.00"),
        ("anna", True, "6.00"),
    ]
    with either_place.db.read() as tx:
        assert executions.get(tx, "anna-3").state is State.WAITING  # nothing was done
    assert either_place.operator.get("/v1/rules").get_json() == {"rules": []}


def all_of(change: str, *ids: str) -> list[tuple[str, str]]:
    """The same change to each."""
    return [(id, change) for id in ids]


ANNAS = ("anna-1", "anna-2", "anna-3")
WHENS = [
    ("price > 10.0", "require_approval", all_of("asked_first", "anna-1")),
    ("true", {"raise_gate": {"by": 0.03}}, all_of("gate_raised", *ANNAS)),
    ("true", {"raise_gate": {"by": 0.02}}, []),
    ("true", {"cap": {"money": "20.99"}}, all_of("capped", "anna-3", "ben-2")),
    ("true", {"cap": {"money": "20.98", "per": "customer"}}, all_of("capped", "anna-2", "anna-3")),
    ("true", {"cap": {"count": 1, "per": ["customer", "family"]}}, all_of("capped", "anna-3")),
    ("true", {"veto_window": "48h"}, all_of("window", "anna-2", "anna-3")),
    ("true", {"veto_window": "24h"}, []),
    ('need.family == "coffee"', {"gateway": "warm"}, all_of("gateway", "anna-1", "ben-2")),
    ("history.orders == 1", "forbid", all_of("forbidden", "anna-1")),  # as of its decision
    ("customer.attributes.vip == true", {"gateway": "warm"}, all_of("failed", *ANNAS, "ben-2")),
    ("item.price > 50.0", "forbid", []),  # dear only since
]


@pytest.mark.parametrize(("when", "effect", "expected"), WHENS)
def test_a_preview_says_how_each_would_have_been_otherwise(
    place: Place, when: str, effect: object, expected: list
) -> None:
    a_ledger(place.db)
    with place.db.begin() as tx:
        gateways.put(tx, NamedGateway(name="warm", url="https://shop.example", author="op", updated_at=NOW))
    assert changes(previewed(place, {"id": "r", "when": when, "effect": effect})) == expected


def test_a_preview_looks_back_as_far_as_is_asked(place: Place) -> None:
    a_ledger(place.db)
    everything = {"id": "r", "when": "true", "effect": "forbid"}
    assert len(previewed(place, everything, days=60)["executions"]) == 5
    short = previewed(place, everything, days=6, limit=1)
    assert (len(short["executions"]), short["more"]) == (1, 2)


def test_rules_that_are_in_force_change_nothing(place: Place) -> None:
    a_ledger(place.db)
    put(place.operator, FORBID)
    found = previewed(place, FORBID, {"id": "other", "when": "false", "effect": "forbid"})
    assert (found["new_rules"], found["executions"]) == (["other"], [])


# Policies


def test_policies_show_what_is_used_of_caps_and_a_new_cap_counts_what_was_before(either_place: Place) -> None:
    a_ledger(either_place.db)
    put(
        either_place.operator,
        {"id": "all-time", "when": "true", "effect": {"cap": {"money": "100.00", "per": "customer"}}},
        {"id": "a-week", "when": 'need.family == "tea"', "effect": {"cap": {"count": 9, "every": "week"}}},
        {"id": "ask", "when": "true", "effect": "require_approval"},
    )
    found = either_place.operator.get("/v1/policies").get_json()
    assert (found["rules_in_force"], found["four_eyes"], found["veto_window"]) == (3, False, "1d")
    week, total = found["caps"]
    assert (week["begin"], week["used"]) == ("2017-11-27", [])
    assert (total["limit"], total["per"], total["begin"]) == ("100.00 USD", ["customer"], "")
    assert total["used"] == [
        {"bucket": "customer=anna", "count": 2, "money": "20.99 USD"},
        {"bucket": "customer=ben", "count": 1, "money": "14.99 USD"},
    ]


def test_a_cap_that_is_changed_counts_anew(place: Place) -> None:
    a_ledger(place.db)
    put(place.operator, {"id": "c", "when": "true", "effect": {"cap": {"count": 5}}})
    assert place.operator.get("/v1/policies").get_json()["caps"][0]["used"][0]["count"] == 3
    put(
        place.operator,
        {"id": "c", "when": "price > 10.0", "replaces": 1, "effect": {"cap": {"count": 5, "per": "item"}}},
    )
    (used,) = place.operator.get("/v1/policies").get_json()["caps"][0]["used"]
    assert (used["bucket"], used["count"]) == ("item=beans", 2)


def test_what_is_counted_of_a_customer_is_erased_with_them(place: Place) -> None:
    a_ledger(place.db)
    put(place.operator, {"id": "c", "when": "true", "effect": {"cap": {"count": 5, "per": "customer"}}})
    assert "customer=anna" in place.backend.get("/v1/customers/anna/export").get_data(as_text=True)
    assert place.backend.delete("/v1/customers/anna").status_code == 204
    (used,) = place.operator.get("/v1/policies").get_json()["caps"][0]["used"]
    assert used["bucket"] == "customer=ben"


def test_the_clock_of_the_tests_is_that_of_the_place(place: Place) -> None:
    assert datetime(2017, 12, 1, 8, tzinfo=UTC) == NOW == place.settings.clock.now()
