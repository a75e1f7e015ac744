"""What pgroll does to fill a column, replayed: its triggers and its loop, as its public source has them (main branch of May 2026, pkg/backfill).

A trigger declares a variable for every column and asks for the search path for every row. A batch is a transaction of its own: BEGIN, one statement
for a thousand rows, which are found by a column of pgroll's own, and COMMIT; the statement is a text with the last key in it, and gives back that key
once for every row. A column that is altered (a rename with a change, a NOT NULL, a type) has two triggers, which both run for every row.
"""

from __future__ import annotations

from bgmigrate.database import Connection
from bgmigrate.sql import compose

COLUMNS = ("id", "email", "name", "city", "note", "created_at")
MARK = "_pgroll_needs_backfill"
_TRIGGER = """
CREATE OR REPLACE FUNCTION {f:i}() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      {variables:q}
      latest_schema text;
      search_path text;
    BEGIN
      SELECT current_setting INTO search_path FROM current_setting('search_path');
      IF search_path {holds:q} 'public_new' THEN
        NEW.{column:i} = ({expression:q});
        NEW.{mark:i} = false;
      END IF;
      RETURN NEW;
    END; $$;
CREATE TRIGGER {f:i} BEFORE UPDATE OR INSERT ON t FOR EACH ROW EXECUTE FUNCTION {f:i}();
"""
_BATCH = """
WITH batch AS (SELECT id FROM t WHERE {mark:i} = true{after:q} ORDER BY id LIMIT 1000 FOR NO KEY UPDATE),
     update AS (UPDATE t SET id = t.id FROM batch WHERE t.id = batch.id RETURNING t.id)
SELECT last_value(id) OVER () FROM update
"""


def prepare(c: Connection, url: str) -> None:
    """Its columns, and the trigger of a column that is added with an `up`."""
    c.execute(compose("ALTER TABLE t ADD COLUMN full_name text, ADD COLUMN {m:i} boolean DEFAULT true", m=MARK).encode())
    _trigger(c, "_pgroll_trigger_t_name", COLUMNS, "!=", "full_name", "upper(name)")


def prepare_both_ways(c: Connection, url: str) -> None:
    """Its columns, and both triggers of a column that is altered: `up` and `down`."""
    prepare(c, url)
    _trigger(c, "_pgroll_trigger_t__pgroll_new_name", (*COLUMNS, "full_name"), "=", "name", "lower(full_name)")


def loop(c: Connection, url: str) -> None:
    """A thousand rows at a time, until there is none."""
    last = None
    while True:
        after = compose(" AND (id) > ({l:l})", l=str(last)) if last is not None else ""
        with c.transaction():
            row = c.execute(compose(_BATCH, mark=MARK, after=after).encode(), prepare=False).fetchone()
        if row is None:
            return
        last = row[0]


def _trigger(c: Connection, name: str, columns: tuple[str, ...], holds: str, column: str, expression: str) -> None:
    variables = " ".join(compose("{c:i} t.{c:i}%TYPE := NEW.{c:i};", c=c) for c in columns)
    c.execute(compose("DROP FUNCTION IF EXISTS {f:i} CASCADE", f=name).encode())
    c.execute(compose(_TRIGGER, f=name, variables=variables, holds=holds, column=column, mark=MARK, expression=expression).encode())
