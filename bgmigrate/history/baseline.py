"""Today's schema as the first revision, for a database that has tables but no history."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from bgmigrate.database import Connection, connect
from bgmigrate.dump import schema_sql, statements
from bgmigrate.history.adopt import NewRevision
from bgmigrate.history.revision_file import revision_text

_MEANING = """\
The schema as it was when this history began: what `pg_dump --schema-only` said of it that day.

It is only for new databases. The database that it was taken from has been stamped with it."""


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A schema's text; `version_table`: the name to use where another history has taken Alembic's own."""

    sql: str
    version_table: str | None = None

    @property
    def tables(self) -> int:
        """How many tables it makes."""
        return sum(s.startswith(("CREATE TABLE", "CREATE UNLOGGED TABLE")) for s in statements(self.sql))

    def revision(self, versions: Path) -> tuple[NewRevision, str]:
        """The revision and the text that goes beside it, as `<revision>_baseline.sql`."""
        revision = hashlib.sha256(self.sql.encode()).hexdigest()[:12]
        text = revision_text(
            message="The schema as it was when this history began.", docstring="\n".join(_MEANING.splitlines()[2:]), revision=revision,
            down_revision=None, imports=("from pathlib import Path", "from bgmigrate.dump import execute_file"),
            upgrade='execute_file(op, Path(__file__).with_suffix(".sql"))',
            downgrade='raise NotImplementedError("Before the baseline there is no schema to go back to; drop the database instead.")',
        )
        path = versions / f"{revision}_baseline.py"
        return NewRevision(phase="baseline", revision=revision, path=path, text=text), self.sql


def taken_from(url: str, *, version_table: str | None = None) -> Baseline:
    """The database's schema, without ours and without any history's version table."""
    with connect(url, purpose="init") as c:
        exclude = version_tables(c)
    sql = schema_sql(url, exclude_schemas=["bgmigrate"], exclude_tables=exclude)
    return Baseline(sql=sql, version_table=version_table)


def version_tables(connection: Connection) -> list[str]:
    """The version tables of every Alembic history in the database, as `schema.table`: tables whose only column is `version_num`."""
    rows = connection.execute(
        """SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
            GROUP BY c.oid, n.nspname, c.relname HAVING array_agg(a.attname::text) = '{version_num}' ORDER BY 1"""
    )
    return [r[0] for r in rows]


def free_version_table(service: str) -> str:
    """A name for this service's version table beside another history's."""
    return re.sub(r"\W+", "_", service.lower()).strip("_")[:40] + "_alembic_version"


def has_tables(connection: Connection) -> bool:
    """Has the database tables that are neither ours nor a history's?"""
    row = connection.execute(
        """SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'bgmigrate')
              AND n.nspname || '.' || c.relname <> ALL (%s)
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'))""",
        [version_tables(connection)],
    ).fetchone()
    return bool(row and row[0])


def differences(one: str, other: str) -> list[str]:
    """The first lines of the statements that only one of two schemas has."""
    first, second = set(statements(one)), set(statements(other))
    return sorted(s.splitlines()[0] for s in first ^ second)
