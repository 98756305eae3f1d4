"""Keys and customers' tokens."""

from __future__ import annotations

from datetime import timedelta

import jwt
import pytest

from api.auth import keys, tokens
from api.auth.caller import Scope
from engine.errors import InputError, NotFound
from tests.api.conftest import Caller, Place
from tests.api.problems import assert_problem


def test_a_key_is_256_bits_and_only_its_digest_is_kept(place: Place) -> None:
    made = keys.create_key(place.db, Scope.BACKEND, name="shop")
    (kept,) = keys.list_keys(place.db)
    assert len(made.key) == len("rk_") + 43
    assert kept.digest == keys.digest(made.key)
    assert made.key not in repr(kept)
    assert (kept.key_id, kept.scope, kept.name) == (made.id, "backend", "shop")


def test_a_revoked_key_opens_nothing(place: Place) -> None:
    made = keys.create_key(place.db, Scope.OPERATOR)
    caller = Caller(app=place.app, key=made.key)
    assert caller.get("/v1/rules").status_code == 200
    keys.revoke(place.db, made.id)
    assert_problem(caller.get("/v1/rules"), 401)
    with pytest.raises(NotFound):
        keys.revoke(place.db, "no such key")


def test_operator_includes_backend_and_backend_is_no_operator(place: Place) -> None:
    assert place.operator.post("/v1/items", {"item_id": "i"}).status_code == 200
    assert_problem(place.backend.get("/v1/audit"), 403)


def test_customers_get_tokens_not_keys(place: Place) -> None:
    with pytest.raises(InputError, match="scope"):
        keys.create_key(place.db, Scope.APP)


def test_a_customer_sees_their_own_data_and_nobody_elses(place: Place) -> None:
    place.backend.post("/v1/customers", [{"customer_id": "ann"}, {"customer_id": "bob"}])
    ann = place.customer("ann")
    assert ann.get("/v1/customers/ann/preferences").status_code == 200
    for other in ("bob", "never heard of"):
        assert_problem(ann.get(f"/v1/customers/{other}/preferences"), 404)
        assert_problem(ann.put(f"/v1/customers/{other}/consents", {"automation": "granted"}), 404)
        assert_problem(ann.post("/v1/decisions", {"customer_id": other}), 404)
    assert place.backend.get("/v1/customers/bob/consents").get_json()["automation"]["state"] == "unset"


def test_a_token_ends(place: Place) -> None:
    place.backend.post("/v1/customers", {"customer_id": "ann"})
    assert_problem(place.customer("ann", timedelta(seconds=-1)).get("/v1/customers/ann/preferences"), 401)


def test_a_revoked_token_opens_nothing(place: Place) -> None:
    place.backend.post("/v1/customers", {"customer_id": "ann"})
    made = keys.create_token(place.db, place.settings, "ann")
    caller = Caller(app=place.app, key=made.key)
    assert caller.get("/v1/customers/ann/preferences").status_code == 200
    keys.revoke(place.db, made.id)
    assert_problem(caller.get("/v1/customers/ann/preferences"), 401)


def forged(place: Place, secret: bytes | None = None, algorithm: str = "HS256", **changed: object) -> str:
    """A token for ann that differs from a true one in what is named."""
    made = keys.create_token(place.db, place.settings, "ann")
    signing = tokens.signing_key(place.settings.secret())
    claims = jwt.decode(made.key, signing, algorithms=["HS256"], audience="rapport")
    claims = {name: value for name, value in {**claims, **changed}.items() if value is not None}
    key = None if algorithm == "none" else signing if secret is None else secret
    return jwt.encode(claims, key, algorithm=algorithm)


def test_a_true_copy_passes(place: Place) -> None:
    place.backend.post("/v1/customers", {"customer_id": "ann"})
    assert Caller(app=place.app, key=forged(place)).get("/v1/customers/ann/preferences").status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"secret": b"another secret that is long enough for HS256"},
        {"algorithm": "none"},
        {"algorithm": "HS384"},
        {"aud": "elsewhere"},
        {"aud": None},
        {"exp": None},
        {"exp": 1_500_000_000},
        {"sub": None},
        {"sub": "bob"},
        {"jti": None},
        {"jti": "another"},
    ],
    ids=lambda changed: "-".join(changed),
)
def test_a_forged_token_opens_nothing(place: Place, changed: dict[str, object]) -> None:
    place.backend.post("/v1/customers", [{"customer_id": "ann"}, {"customer_id": "bob"}])
    caller = Caller(app=place.app, key=forged(place, **changed))  # type: ignore[arg-type]
    for customer in ("ann", "bob"):
        assert_problem(caller.get(f"/v1/customers/{customer}/preferences"), 401)


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer a.b.c", "Bearer rk_nothing", "Bearer é"]
)
def test_what_is_no_key_is_401(place: Place, header: str) -> None:
    assert_problem(place.nobody.get("/v1/rules", headers={"Authorization": header}), 401)


def test_a_tokens_id_is_not_a_key(place: Place) -> None:
    made = keys.create_token(place.db, place.settings, "ann")
    signing = tokens.signing_key(place.settings.secret())
    claims = jwt.decode(made.key, signing, algorithms=["HS256"], audience="rapport")
    assert_problem(Caller(app=place.app, key=claims["jti"]).get("/v1/customers/ann/preferences"), 401)


def test_making_and_revoking_is_written_down(place: Place) -> None:
    made = keys.create_key(place.db, Scope.BACKEND)
    keys.revoke(place.db, made.id)
    entries = place.operator.get("/v1/audit").get_json()["entries"]
    assert {(e["action"], e["subject"]) for e in entries} >= {("key.create", made.id), ("key.revoke", made.id)}
    assert made.key not in str(entries)
