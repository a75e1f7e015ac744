"""The rows that the conditions of `bgmigrate.sql` select are just those that PostgreSQL itself would refuse."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from bgmigrate import catalog
from bgmigrate.database import Connection, connect
from bgmigrate.sql import compose
from bgmigrate.sql.foreign_keys import ForeignKey
from bgmigrate.sql.violations import of_check, of_exclusion, of_unique

pytestmark = pytest.mark.exhaustive(turns=3)

TABLE = '''
CREATE SCHEMA "My space";
CREATE TABLE "My space"."To" (a int, "B" text, UNIQUE (a, "B"));
INSERT INTO "My space"."To" VALUES (1, 'x'), (2, 'y');
CREATE TABLE "From" (id int PRIMARY KEY, a int, "B" text, boss int, r int4range);
INSERT INTO "From" VALUES
    (1, 1, 'x', NULL, '[1,3)'), (2, 1, 'x', 1, '[2,5)'), (3, NULL, 'x', 1, NULL), (4, NULL, 'x', 9, '[7,8)'), (5, 7, 'X', 2, '[8,9)'), (6, NULL, NULL, 6, 'empty'),
    (7, NULL, NULL, 3, NULL);
'''


@pytest.fixture
def c(database: str) -> Iterator[Connection]:
    """A table with rows of many sorts."""
    with connect(database, purpose="test") as connection:
        connection.execute(TABLE.encode())
        yield connection


def selected(c: Connection, condition: str) -> list[int]:
    """The ids of rows that a condition selects."""
    return [r[0] for r in c.execute(compose('SELECT id FROM "From" WHERE {w:q} ORDER BY 1', w=condition).encode())]


def refused(c: Connection, sql: str) -> bool:
    """Does PostgreSQL refuse the rule for the rows that there are?"""
    try:
        with c.transaction(force_rollback=True):
            c.execute(sql.encode())
    except psycopg.errors.IntegrityError:
        return True
    return False


def unique(c: Connection, sql: str) -> str:
    """The condition of a unique index that can be read from the catalog of an empty table of the same form."""
    with c.transaction(force_rollback=True):
        c.execute(b'DELETE FROM "From"')
        c.execute(sql.encode())
        (index,) = [i for i in catalog.read(c).tables["From"].indexes.values() if not i.constraint]
    return of_unique("From", index.elements, index.predicate, nulls_distinct=index.nulls_distinct)


@pytest.mark.parametrize(("sql", "rows"), [
    ('CREATE UNIQUE INDEX ON "From" (a, "B")', [1, 2]),
    ('CREATE UNIQUE INDEX ON "From" (a, "B") NULLS NOT DISTINCT', [1, 2, 3, 4, 6, 7]),
    ('CREATE UNIQUE INDEX ON "From" (lower("B"))', [1, 2, 3, 4, 5]),
    ('CREATE UNIQUE INDEX ON "From" (lower("B"), (a + 1)) INCLUDE (id)', [1, 2]),
    ('CREATE UNIQUE INDEX ON "From" ("B" DESC) WHERE a IS NULL', [3, 4]),
    ('CREATE UNIQUE INDEX ON "From" (a) NULLS NOT DISTINCT WHERE "B" IS NULL', [6, 7]),
    ('CREATE UNIQUE INDEX ON "From" ((1)) WHERE a = 7', []),
    ('CREATE UNIQUE INDEX ON "From" (id)', []),
])
def test_duplicates(c: Connection, sql: str, rows: list[int]) -> None:
    condition = unique(c, sql)
    assert selected(c, condition) == rows
    assert refused(c, sql) is bool(rows)
    c.execute(compose('DELETE FROM "From" WHERE {w:q}', w=condition).encode())
    assert not refused(c, sql)


@pytest.mark.parametrize(("definition", "rows"), [
    ('FOREIGN KEY (a, "B") REFERENCES "My space"."To"(a, "B")', [5]),
    ('FOREIGN KEY (a, "B") REFERENCES "My space"."To"(a, "B") MATCH FULL ON UPDATE CASCADE ON DELETE SET NULL', [3, 4, 5]),
    ('FOREIGN KEY (boss) REFERENCES "From"(id) DEFERRABLE INITIALLY DEFERRED', [4]),
])
def test_orphans(c: Connection, definition: str, rows: list[int]) -> None:
    key = ForeignKey.parse(definition)
    assert key
    assert selected(c, key.orphans("From")) == rows
    add = compose('ALTER TABLE "From" ADD {d:q}', d=definition)
    assert refused(c, add)
    c.execute(compose('DELETE FROM "From" WHERE {w:q}', w=key.orphans("From")).encode())
    assert not refused(c, add)


def test_checks_and_what_null_is_to_them(c: Connection) -> None:
    condition = of_check("CHECK (((a > 0) AND (\"B\" <> 'X'::text)))")
    assert condition
    assert selected(c, condition) == [5]
    assert of_check("CHECK ((a > 0)) NOT ENFORCED") is None


def test_rows_that_exclude_each_other(c: Connection) -> None:
    sql = 'ALTER TABLE "From" ADD CONSTRAINT e EXCLUDE USING gist (r WITH &&) WHERE ((id <> 5))'
    with c.transaction(force_rollback=True):
        c.execute(b'DELETE FROM "From"')
        c.execute(sql.encode())
        table = catalog.read(c).tables["From"]
    index, constraint = table.indexes["e"], table.constraints["e"]
    condition = of_exclusion("From", index.elements, constraint.operators, index.predicate)
    assert selected(c, condition) == [1, 2]
    c.execute(compose('DELETE FROM "From" WHERE {w:q}', w=condition).encode())
    assert not refused(c, sql)


def test_rows_of_heirs_do_not_count_where_the_rule_is_not_theirs(c: Connection) -> None:
    c.execute(b'CREATE TABLE heir () INHERITS ("From"); INSERT INTO heir (id) VALUES (1), (2)')
    assert catalog.read(c).tables["From"].inherited
    condition = of_unique("From", ["id"], None, only=True)
    assert c.execute(compose('SELECT id FROM ONLY "From" WHERE {w:q}', w=condition).encode()).fetchall() == []


@pytest.mark.parametrize("definition", [
    "FOREIGN KEY (a, PERIOD b) REFERENCES t(a, PERIOD b)", "FOREIGN KEY (a) REFERENCES t(a) NOT ENFORCED", "CHECK (a > 0)", "UNIQUE (a)",
])
def test_what_is_no_plain_foreign_key_is_not_taken_for_one(definition: str) -> None:
    assert ForeignKey.parse(definition) is None


def test_a_foreign_key_is_taken_apart() -> None:
    key = ForeignKey.parse('FOREIGN KEY (a, "b""(") REFERENCES "S p".t(c, "D e") ON UPDATE SET DEFAULT ON DELETE SET NULL (a) NOT DEFERRABLE')
    assert key
    assert (key.columns, key.table, key.referenced) == (("a", 'b"('), '"S p".t', ("c", "D e"))
    assert (key.on_update, key.on_delete, key.deferral, key.match) == ("SET DEFAULT", "SET NULL (a)", "NOT DEFERRABLE", "")
    assert key.never_blocks
