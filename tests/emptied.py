"""PostgreSQL databases that are as new again after a test: emptying one takes a tenth of the time of making one."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count

import psycopg
from psycopg import Connection, sql

TEMPLATE = "template_rapport"
_SHAPE = """
SELECT md5(coalesce(string_agg(thing, '|' ORDER BY thing), '')) FROM (
    SELECT format('%s %s %s %s', c.relkind, c.oid::regclass, a.attnum, format_type(a.atttypid, a.atttypmod)) AS thing
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    UNION ALL SELECT format('schema %s', nspname) FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%'
    UNION ALL SELECT format('%s %s', t.tgrelid::regclass, t.tgname) FROM pg_trigger t WHERE NOT t.tgisinternal
    UNION ALL SELECT format('%s %s', p.oid::regprocedure, md5(p.prosrc)) FROM pg_proc p
     WHERE p.pronamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
    UNION ALL SELECT format('%s %s', conrelid::regclass, conname) FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace
) things
"""
_TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname"


@dataclass
class Emptied:
    """The databases of one server. One that a test changed the shape of is dropped and not given out again."""

    server: str  # its address, of a database that is not used
    free: list[str] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=count)
    _shape: str | None = None

    def take(self) -> str:
        """The name of a migrated database that holds nothing."""
        if self._shape is None:
            with psycopg.connect(named(self.server, TEMPLATE)) as connection:
                self._shape = _shape(connection)
                assert _filled(connection) == ["alembic_version"], "a migration leaves rows that emptying would lose"
        if self.free:
            return self.free.pop()
        name = f"test_{next(self._numbers)}"
        administer(self.server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return name

    def give_back(self, name: str) -> None:
        """Take all rows out, and whoever is still there."""
        administer(
            self.server,
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        )
        if _as_new(named(self.server, name), self._shape):
            self.free.append(name)
        else:
            administer(self.server, f"DROP DATABASE {name} WITH (FORCE)")


def administer(url: str, statement: str) -> None:
    """Run one statement outside any transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def named(url: str, name: str) -> str:
    """The address of another database of the same server."""
    before, _, after = url.partition("?")
    return f"{before.rpartition('/')[0]}/{name}" + (f"?{after}" if after else "")


def _as_new(url: str, shape: str | None) -> bool:
    """Whether a database could be emptied."""
    with psycopg.connect(url) as connection:
        if _shape(connection) != shape:
            return False
        filled = [name for name in _filled(connection) if name != "alembic_version"]
        if filled:
            tables = sql.SQL(", ").join(map(sql.Identifier, filled))
            connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(tables))
        connection.execute("SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence")
        return True


def _shape(connection: Connection) -> str:
    """What is in a database but its rows, and how far it was migrated."""
    (said,) = connection.execute(_SHAPE).fetchone() or ("",)
    return f"{said} {connection.execute('SELECT version_num FROM alembic_version').fetchall()}"


def _filled(connection: Connection) -> list[str]:
    """The tables that hold rows, in their order."""
    tables = [name for (name,) in connection.execute(_TABLES)]
    asked = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(sql.Literal(name), sql.Identifier(name))
        for name in tables
    )
    return [name for (name,) in connection.execute(asked)]
