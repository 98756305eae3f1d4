"""The folder that orders are dropped in: whole, on the disk, once; and answers that come in every shape."""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest

from engine.domain.executions import Answer, Execution, Result, State
from engine.domain.gateways import Terms
from engine.store import nudges, orders
from engine.store.database import Database
from jobs import reconcile
from jobs.gateway import wire
from jobs.gateways import drop
from jobs.gateways.drop import DropGateway
from jobs.sweep import Sweep, tell
from tests.api.conftest import settings_at
from tests.ledgers import HOUR, NOW, execution, line, standing
from tests.stories.test_kill_worker import automated

QUICK = Terms(timeout=timedelta(seconds=0.5), stores_errors=True)


@pytest.fixture
def gateway(tmp_path: Path) -> DropGateway:
    """A folder of its own."""
    return DropGateway(tmp_path / "drop", QUICK)


def say(gateway: DropGateway, *lines: object, file: str = "a.ndjson") -> None:
    """The shop writes answers."""
    with (gateway.answers.folder / file).open("ab") as out:
        for one in lines:
            out.write(one if isinstance(one, bytes) else orjson.dumps(one) + b"\n")


def files(gateway: DropGateway) -> list[str]:
    """The orders in the folder."""
    return sorted(path.name for path in gateway.orders.iterdir())


def test_an_order_is_one_line_in_one_file_named_by_its_execution(gateway: DropGateway) -> None:
    one = execution("e1", "anna", line("beans", cents=499, quantity=2), mandate="m1")
    assert gateway.place(one) == Answer(result=Result.PLACED, order_id="drop-e1", stand_in="drop-e1")
    written = (gateway.orders / "e1.ndjson").read_bytes()
    assert written.endswith(b"}\n")
    assert written.count(b"\n") == 1
    assert orjson.loads(written) == wire(one)
    assert list((gateway.orders.parent / ".aside").glob("*.tmp")) == []


def test_a_repeat_is_seen_wherever_the_file_is(gateway: DropGateway) -> None:
    gateway.place(execution())
    before = (gateway.orders / "e1.ndjson").stat()
    assert gateway.place(execution()).result is Result.REPEAT
    assert (gateway.orders / "e1.ndjson").stat().st_ino == before.st_ino
    (gateway.orders / "e1.ndjson").rename(gateway.taken / "e1.ndjson")
    assert gateway.place(execution()).result is Result.REPEAT
    assert gateway.look_up("e1").result is Result.PLACED
    say(gateway, {"execution_id": "e1", "order_id": "77"})
    (gateway.taken / "e1.ndjson").unlink()
    assert gateway.place(execution()) == Answer(result=Result.PLACED, order_id="77", stand_in="drop-e1")
    assert files(gateway) == []
    assert gateway.look_up("e2").result is Result.NOT_FOUND


def test_another_order_under_the_name_is_never_taken_for_it(gateway: DropGateway) -> None:
    gateway.place(execution())
    other = gateway.place(execution("e1", "anna", line(cents=501)))
    assert other == Answer(result=Result.UNKNOWN, detail="another order stands under its name")
    assert b"4.99" in (gateway.orders / "e1.ndjson").read_bytes()


def test_ids_are_names_that_stay_in_the_folder(gateway: DropGateway) -> None:
    for id in ("..", ".", "a b", "ü" * 60, "../../etc/passwd".replace("/", "%2F"), "x" * 200):
        assert gateway.place(execution(id)).result is Result.PLACED
        assert gateway.look_up(id).result is Result.PLACED
    assert len(files(gateway)) == 6
    assert sorted(path.name for path in gateway.orders.parent.iterdir()) == [".aside", "answers", "orders", "taken"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_what_is_not_on_the_disk_is_not_placed(
    gateway: DropGateway, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os if step == "fsync" else Path, step, full)
        answer = gateway.place(execution())
    assert answer.result is Result.UNKNOWN
    assert "No space left" in str(answer.detail)
    assert files(gateway) == []
    assert gateway.look_up("e1").result is Result.NOT_FOUND
    assert gateway.place(execution()).result is Result.PLACED


def test_a_folder_that_is_not_synced_is_not_placed_and_the_repeat_syncs_it(
    gateway: DropGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced, real = [], drop._sync

    def fails_once(folder: Path) -> None:
        synced.append(folder)
        if len(synced) == 1:
            raise OSError(5, "Input/output error")
        real(folder)

    monkeypatch.setattr(drop, "_sync", fails_once)
    assert gateway.place(execution()).result is Result.UNKNOWN
    assert gateway.place(execution()).result is Result.REPEAT
    assert synced == [gateway.orders, gateway.orders]


def _dies_at(step: str, folder: Path) -> None:
    """A process that is gone at one step of writing."""
    gateway = DropGateway(folder, QUICK)
    name, owner = {"synced": ("fsync", os), "named": ("_sync", drop)}[step]
    setattr(owner, name, lambda *_: os._exit(9))
    gateway.place(execution())


@pytest.mark.parametrize(("step", "left"), [("synced", []), ("named", ["e1.ndjson"])])
def test_a_worker_that_dies_leaves_a_whole_file_or_none(gateway: DropGateway, step: str, left: list[str]) -> None:
    dying = multiprocessing.get_context("fork").Process(target=_dies_at, args=(step, gateway.orders.parent))
    dying.start()
    dying.join(20)
    assert dying.exitcode == 9
    assert files(gateway) == left
    assert gateway.place(execution()).result is (Result.REPEAT if left else Result.PLACED)
    assert orjson.loads((gateway.orders / "e1.ndjson").read_bytes()) == wire(execution())


def test_many_writers_of_one_name_write_once(gateway: DropGateway) -> None:
    folder = gateway.orders.parent
    writers = [DropGateway(folder, replace(QUICK, timeout=timedelta(seconds=20))) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        said = [answer.result for answer in pool.map(lambda one: one.place(execution()), writers)]
    assert sorted(said) == [Result.PLACED, *[Result.REPEAT] * 7]


def test_whoever_sleeps_while_writing_holds_the_name(gateway: DropGateway) -> None:
    other = DropGateway(gateway.orders.parent, QUICK)
    with gateway._alone("e1"):
        answer = other.place(execution())
    assert answer == Answer(result=Result.UNKNOWN, detail="TimeoutError: another worker writes")
    assert other.place(execution()).result is Result.PLACED


def test_answers_in_every_shape(gateway: DropGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    said = Counter[str]()
    monkeypatch.setattr(drop, "log", SimpleNamespace(error=lambda event, **_: said.update([event])))
    say(
        gateway,
        b"not json\n",
        b"[]\n",
        b"\n",
        b"\xff\xfe\n",
        {"execution_id": "e1"},
        {"execution_id": 7, "order_id": "1"},
    )
    say(gateway, {"execution_id": "e2", "code": "because"}, {"execution_id": "e3", "order_id": "a/b"})
    say(gateway, {"execution_id": "e1", "order_id": "77"}, {"execution_id": "e4", "code": "out_of_stock"})
    say(gateway, {"execution_id": "e1", "order_id": "78"}, b'{"execution_id": "e5", "order')
    assert gateway.look_up("e1").order_id == "77"
    assert gateway.look_up("e4") == Answer(result=Result.REFUSED, detail="out_of_stock")
    assert [gateway.look_up(id).result for id in ("e2", "e3", "e5")] == [Result.NOT_FOUND] * 3
    assert said == {"answer.unreadable": 7, "answer.contradicts": 1}
    say(gateway, b'_id": "79"}\n')
    assert gateway.look_up("e5").order_id == "79"
    assert said.total() == 8, "what was read is not read again"


def test_a_huge_file_is_read_in_parts_and_meanwhile_nothing_is_taken_for_missing(
    gateway: DropGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drop, "CHUNK", 200_000)
    monkeypatch.setattr(drop, "MOST_READ", 1_000_000)
    say(gateway, b'{"execution_id": "e1", "order_id": "1", "more": "' + b"x" * 1_500_000 + b'"}\n')
    say(gateway, *({"execution_id": f"f{n}", "order_id": str(n)} for n in range(20_000)))
    say(gateway, {"execution_id": "e2", "order_id": "77"}, file="b.ndjson")
    first = gateway.look_up("e3")
    assert first == Answer(result=Result.UNKNOWN, detail="not all answers are read")
    assert gateway.place(execution("e3")).result is Result.UNKNOWN
    assert files(gateway) == []
    for _ in range(10):
        gateway.look_up("e3")
    assert [gateway.look_up(id).order_id for id in ("e2", "f0", "f19999", "e1")] == ["77", "0", "19999", None]
    assert gateway.place(execution("e3")).result is Result.PLACED


def test_a_file_that_is_written_anew_is_read_anew(gateway: DropGateway) -> None:
    say(gateway, *({"execution_id": f"f{n}", "order_id": "1"} for n in range(5)))
    assert gateway.look_up("f4").order_id == "1"
    path = gateway.answers.folder / "a.ndjson"
    path.write_bytes(b'{"execution_id": "e1", "order_id": "2"}\n')
    assert gateway.look_up("e1").order_id == "2"
    path.unlink()
    assert gateway.look_up("e1").order_id == "2"


# In the ledger


@pytest.fixture
def swept(db: Database, gateway: DropGateway, tmp_path: Path) -> Callable[[], Execution]:
    """Sweep, and say how the one execution stands."""
    automated(db, ["anna"])

    def sweep() -> Execution:
        here = settings_at(tmp_path / "home")
        Sweep(db=db, gateway=gateway, settings=here, clock=lambda: NOW, owner="w", terms=QUICK).run()
        return standing(db, "e-anna")

    return sweep


def reconciled(db: Database, gateway: DropGateway, home: Path) -> dict[str, int]:
    here = settings_at(home)
    return dict(reconcile.run(db, gateway, NOW + HOUR, tell=lambda tx, one, now: tell(tx, one, here, now)))


def test_a_dropped_order_is_confirmed_under_the_shops_own_id(
    db: Database, gateway: DropGateway, swept: Callable[[], Execution], tmp_path: Path
) -> None:
    assert swept().order_id == "drop-e-anna"
    assert reconciled(db, gateway, tmp_path) == {"unanswered": 1}
    say(gateway, {"execution_id": "e-anna", "order_id": "77"})
    assert reconciled(db, gateway, tmp_path) == {"confirmed": 1}
    after = standing(db, "e-anna")
    assert (after.state, after.order_id) == (State.CONFIRMED, "77")
    with db.read() as tx:
        assert [(one.order_id, one.item_id) for one in orders.of_customer(tx, "anna")] == [("77", "beans")]


def test_an_order_that_the_shop_sent_already_stays_one(
    db: Database, gateway: DropGateway, swept: Callable[[], Execution], tmp_path: Path
) -> None:
    swept()
    with db.begin() as tx:
        sent = replace(orders.of_customer(tx, "anna")[0], order_id="77", quantity=1)
        orders.put_lines(tx, [sent], import_id=orders.new_import())
    say(gateway, {"execution_id": "e-anna", "order_id": "77"})
    assert reconciled(db, gateway, tmp_path) == {"confirmed": 1}
    with db.read() as tx:
        assert [one.order_id for one in orders.of_customer(tx, "anna")] == ["77"]


def test_an_order_that_the_shop_refuses_later_is_taken_back_and_the_customer_told(
    db: Database, gateway: DropGateway, swept: Callable[[], Execution], tmp_path: Path
) -> None:
    assert swept().state is State.PLACED
    say(gateway, {"execution_id": "e-anna", "code": "out_of_stock"})
    assert reconciled(db, gateway, tmp_path) == {"refused": 1}
    after = standing(db, "e-anna")
    assert (after.state, after.reason, after.order_id) == (State.REFUSED, "out_of_stock", None)
    with db.read() as tx:
        assert orders.of_customer(tx, "anna") == []
        told = nudges.of_customer(tx, "anna")
    assert [one.kind.value for one in told if one.kind.value == "refused"] == ["refused"]


def test_a_refusal_that_came_before_the_repeat_is_final(
    db: Database, gateway: DropGateway, swept: Callable[[], Execution], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(drop, "_sync", lambda folder: (_ for _ in ()).throw(OSError(5, "Input/output error")))
        assert swept().state is State.PLACING
    say(gateway, {"execution_id": "e-anna", "code": "out_of_stock"})
    with db.begin() as tx:
        tx.exec_driver_sql("UPDATE executions SET retry_at = NULL")
    assert swept().state is State.REFUSED
