"""The full-text index of the catalogue."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

SQLITE = (
    "CREATE VIRTUAL TABLE item_search USING fts5(name, category, family, content='items', content_rowid='number', "
    "tokenize='unicode61 remove_diacritics 2', prefix='2 3')",
    """CREATE TRIGGER items_search_insert AFTER INSERT ON items BEGIN
         INSERT INTO item_search(rowid, name, category, family) VALUES (new.number, new.name, new.category, new.family);
       END""",
    """CREATE TRIGGER items_search_delete AFTER DELETE ON items BEGIN
         INSERT INTO item_search(item_search, rowid, name, category, family)
         VALUES ('delete', old.number, old.name, old.category, old.family);
       END""",
    """CREATE TRIGGER items_search_update AFTER UPDATE OF name, category, family ON items
       WHEN old.name IS NOT new.name OR old.category IS NOT new.category OR old.family IS NOT new.family BEGIN
         INSERT INTO item_search(item_search, rowid, name, category, family)
         VALUES ('delete', old.number, old.name, old.category, old.family);
         INSERT INTO item_search(rowid, name, category, family) VALUES (new.number, new.name, new.category, new.family);
       END""",
)
POSTGRESQL = (
    "ALTER TABLE items ADD COLUMN search tsvector GENERATED ALWAYS AS ("
    "to_tsvector('simple', coalesce(name, '') || ' ' || category || ' ' || family)) STORED",
    "CREATE INDEX ix_items_search ON items USING gin (search)",
)


def upgrade() -> None:
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
