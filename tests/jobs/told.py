"""Prints a digest of many decisions of a stored shop, whatever order sets and hashes come in: run by ``test_pure``."""

from __future__ import annotations

import sys
from datetime import timedelta
from hashlib import sha256

import orjson

from engine.config import Settings
from engine.domain.customers import Grant
from engine.store import context as contexts
from engine.store import items
from engine.store.database import Database
from jobs.evaluate import served
from modes.decide import decide
from modes.document import document
from modes.policy import Chance, Policy
from modes.request import Request
from tests.shops import NOW

ASKED = (None, Request(items=(("milk-2", 1), ("tea-1", 2))), Request(query="coffee", matches=("coffee-2", "coffee-1")))


def told(settings: Settings) -> str:
    """The digest of the decisions of two days, for some, asked for and not."""
    model, policy, found = served(settings), Policy(chance=Chance()), sha256()
    db = Database.open(settings.database_url)
    with db.read() as tx:
        for day in range(2):
            now = NOW + timedelta(days=day)
            ids = [f"c{n}" for n in range(8)]
            known = contexts.read_many(tx, ids, now, zone=settings.timezone, personalization_default=Grant.GRANTED)
            for id, context in known.items():
                for request in ASKED:
                    decision = decide(
                        context,
                        model,
                        now,
                        request=request,
                        catalogue=lambda some: items.get_many(tx, some),
                        policy=policy,
                        decision_id=f"{id} {day}",
                        exclude={"bread-1", "new"},
                    )
                    found.update(orjson.dumps(document(decision)))
    db.close()
    return found.hexdigest()


if __name__ == "__main__":
    sys.stdout.write(told(Settings.from_env()))
