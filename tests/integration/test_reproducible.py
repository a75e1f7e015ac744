"""What PostgreSQL shows of an expression gives the same expression again."""

from __future__ import annotations

import pytest

from bgmigrate import catalog
from bgmigrate.database import connect
from bgmigrate.sql import compose

TABLE = "CREATE TABLE t (v varchar(20), x text, c char(3), n int, d numeric(6,2), day date, e varchar[])"
EXPRESSIONS = [
    "v IN ('a', 'b')", "v NOT IN ('it''s', ') ]::text', 'c')", "v IN ('a', NULL)", "x IN ('a', 'b') AND v IN ('c', 'd') OR v = 'e'", "c IN ('a', 'b')",
    "n IN (1, 2, 3)", "d IN (1, 2.5)", "day IN ('2024-01-01', '2025-01-01')", "v = ANY (ARRAY['a', 'b'])", "v IN (lower('A'), 'b')", "e && ARRAY['a', 'b']::varchar[]", "v IN ('[', '](ARRAY[')", "v IN ('a', (ARRAY['b', 'c'])[n])",
    "v IN ('a') AND n BETWEEN 1 AND 3", "(v || 'x') IN ('a', 'b')", "upper(v) IN ('A', 'B')", "coalesce(v, 'a') LIKE ANY (ARRAY['a%', 'b%'])",
]


@pytest.mark.every_server
@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_definition_that_is_read_again_is_the_same(database: str, expression: str) -> None:
    with connect(database, purpose="test") as c:
        c.execute(TABLE)
        c.execute(compose("ALTER TABLE t ADD CONSTRAINT k CHECK ({e:q})", e=expression).encode())
        c.execute(compose("CREATE INDEX i ON t (n) WHERE {e:q}", e=expression).encode())
        first = catalog.read(c).tables["t"]
        raw = c.execute("SELECT pg_get_constraintdef(oid), pg_get_indexdef('i'::regclass) FROM pg_constraint WHERE conname = 'k'").fetchall()
        c.execute("ALTER TABLE t DROP CONSTRAINT k; DROP INDEX i")
        c.execute(compose("ALTER TABLE t ADD CONSTRAINT k {d:q}", d=first.constraints["k"].definition).encode())
        c.execute(first.indexes["i"].definition.encode())
        again = c.execute("SELECT pg_get_constraintdef(oid), pg_get_indexdef('i'::regclass) FROM pg_constraint WHERE conname = 'k'").fetchall()
        assert again == raw
        assert catalog.read(c).tables["t"].constraints["k"].definition == first.constraints["k"].definition
