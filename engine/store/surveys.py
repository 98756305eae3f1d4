"""Answers to surveys as they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import select

from engine.domain.shopping import SurveyAnswer
from engine.store.database import Tx
from engine.store.rows import Put, put_many
from engine.store.tables import surveys as table


def put(tx: Tx, answers: Sequence[SurveyAnswer]) -> list[Put]:
    """Store answers whose customers are there already; one that is there is replaced."""
    return put_many(tx, table, "answer_id", [asdict(answer) for answer in answers])


def of_customer(tx: Tx, customer_id: str) -> list[SurveyAnswer]:
    """All answers of one customer, oldest first."""
    statement = select(table).where(table.c.customer_id == customer_id).order_by(table.c.answered_at)
    return [SurveyAnswer(**row._mapping) for row in tx.execute(statement)]
