"""The one fake beside the database in memory: a gateway."""

from collections import deque
from collections.abc import Callable, Iterable
from threading import Lock

from engine.domain.executions import Answer, Execution, Result


class FakeGateway:
    """Keeps one order an execution, in memory.

    Parameters
    ----------
    script : what the next calls of ``place`` do, one word a call; after it all goes well. ``late`` keeps the order and
        the outcome is not known; ``fail`` keeps nothing and it is not known either; any other word is a refusal's code,
        and an answer is given as it is
    """

    def __init__(
        self, script: Iterable[str | Answer] = (), *, before: Callable[[Execution], None] = lambda one: None
    ) -> None:
        self.orders: dict[str, str] = {}  # execution -> order
        self.placed: list[Execution] = []  # as they came, repeats included
        self.looked_up: list[str] = []
        self.reachable = True
        self._script = deque(script)
        self._before = before
        self._lock = Lock()

    def place(self, execution: Execution) -> Answer:
        """As a gateway does."""
        self._before(execution)
        with self._lock:
            self.placed.append(execution)
            word = self._script.popleft() if self._script else "well"
            if isinstance(word, Answer):
                return word
            if word == "fail":
                return Answer(result=Result.UNKNOWN, detail="status 500")
            if word not in ("well", "late"):
                return Answer(result=Result.REFUSED, detail=word)
            repeat = execution.key in self.orders
            order_id = self.orders.setdefault(execution.key, f"shop-{len(self.orders) + 1}")
        if word == "late":
            return Answer(result=Result.UNKNOWN, detail="ReadTimeout")
        return Answer(result=Result.REPEAT if repeat else Result.PLACED, order_id=order_id)

    def look_up(self, execution_id: str) -> Answer:
        """As a gateway does."""
        self.looked_up.append(execution_id)
        if not self.reachable:
            return Answer(result=Result.UNKNOWN, detail="ConnectError")
        if execution_id not in self.orders:
            return Answer(result=Result.NOT_FOUND, detail="the gateway has no order of it")
        return Answer(result=Result.PLACED, order_id=self.orders[execution_id])
