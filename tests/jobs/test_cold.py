"""Cold cases of stored orders, in the contract's words."""

from __future__ import annotations

from engine.config import Settings
from jobs import evaluate
from tests.shops import NOW, open_shop

KEYS = {"method", "level", "list", "recall@10", "recall@20", "ndcg@10", "phr@10", "se", "customers"}


def test_cold_rows_have_the_keys_of_all_rows_and_their_own(sqlite_db, tmp_path):
    settings = Settings.from_env({"RAPPORT_HOME": str(tmp_path / "home")})
    open_shop(sqlite_db, settings)
    rows = evaluate.cold_rows(evaluate.cold(sqlite_db, settings, as_of=NOW, say=lambda stage, done, total: None))
    assert all(set(row) == KEYS | {"case", "gain", "gain_se"} for row in rows)
    assert "new customer, nothing known" in {row["case"] for row in rows}
    assert {row["level"] for row in rows} == {"item"}
