"""How Alembic meets the tables; the connection is handed over by ``Database.upgrade``."""

from typing import Any, Literal

from alembic import context

from engine.store.tables import UtcDateTime, metadata


def render_item(kind: str, item: Any, autogen_context: Any) -> str | Literal[False]:
    """Own types, written with the import they need."""
    if kind == "type" and isinstance(item, UtcDateTime):
        autogen_context.imports.add("from engine.store.tables import UtcDateTime")
        return "UtcDateTime()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=render_item,
    render_as_batch=True,
    compare_type=True,
)
context.run_migrations()
