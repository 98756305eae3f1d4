"""The whole year of The Complete Journey in the current home: ``python -m jobs.demo.year``."""

from __future__ import annotations

import sys

from engine.config import Settings
from engine.store.database import Database
from jobs import intake
from jobs.demo import data


def main() -> None:
    """Import items, customers and every order line with a quantity above 0."""
    settings = Settings.from_env()
    db = Database.open(settings.database_url)
    db.upgrade()
    journey = data.load()
    files = data.write(journey, settings.home / "files")
    for kind, file in zip(("items", "customers", "orders"), files, strict=True):
        found = intake.run(db, kind, [file], settings=settings, now=settings.clock.now())
        sys.stdout.write(f"{kind}: {found.stored:,} stored\n")
    db.close()


if __name__ == "__main__":
    main()
