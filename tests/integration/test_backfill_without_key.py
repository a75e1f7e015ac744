"""A table without a key is swept page by page: every row is done, wherever it moves, and only a refused one is left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bgmigrate import journal
from bgmigrate.backfill.batches import Batches
from bgmigrate.backfill.job import Job
from bgmigrate.backfill.order import walk_of
from bgmigrate.database import Connection, connect
from bgmigrate.errors import Refused
from bgmigrate.journal import backfills
from tests.integration.test_backfill import KEYS, doubled, go, state, table, wrong


@pytest.fixture
def c(database: str) -> Iterator[Connection]:
    """A database with a journal."""
    journal.ensure(database)
    with connect(database, purpose="test") as connection:
        yield connection


def test_only_the_row_that_is_refused_is_left_out(c: Connection) -> None:
    table(c, KEYS["none"], 3_000)
    c.execute("ALTER TABLE t ADD CHECK (new NOT IN (2468, 2470, 4000))")
    with pytest.raises(Refused) as refused:
        go(c)
    assert c.execute("SELECT array_agg(old ORDER BY old) FROM t WHERE new IS NULL").fetchone() == ([1234, 1235, 2000],)
    places = c.execute("SELECT array_agg(ctid::text) FROM t WHERE new IS NULL").fetchone()
    (failed,) = backfills.all(c)
    assert places is not None
    assert {f.key[0] for f in backfills.failures(c, failed.id)} == {*places[0]}
    assert "3 row(s) of t were refused" in refused.value.findings[0].what
    assert "t_new_check" in refused.value.findings[0].what
    assert (failed.rows, failed.state) == (2_997, "failed")
    c.execute("UPDATE t SET old = 0 WHERE new IS NULL")  # a person mends them
    assert go(c).state == "done"
    assert wrong(c) == 0


def test_the_rows_of_every_partition_are_visited(c: Connection) -> None:
    c.execute("CREATE TABLE t (old int, new int CHECK (new NOT IN (2468, 4000))) PARTITION BY RANGE (old)")
    c.execute("CREATE TABLE few PARTITION OF t FOR VALUES FROM (0) TO (100)")
    c.execute("CREATE TABLE many PARTITION OF t FOR VALUES FROM (100) TO (3000)")
    c.execute("INSERT INTO t (old) SELECT i FROM generate_series(0, 2999) i")
    with pytest.raises(Refused, match=r"2 row\(s\) of t were refused") as refused:
        go(c)
    assert ") many: " in refused.value.findings[0].what
    assert c.execute("SELECT array_agg(old ORDER BY old) FROM t WHERE new IS NULL").fetchone() == ([1234, 2000],)
    c.execute("UPDATE t SET old = 200 WHERE new IS NULL")
    assert go(c).state == "done"
    assert wrong(c) == 0


def test_a_row_that_moves_while_another_is_refused_is_met_again(c: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    table(c, KEYS["none"], 3_000)
    c.execute("ALTER TABLE t ADD CHECK (new <> 2468)")
    found = Batches._one_by_one
    moved: list[int] = []

    def move(self: Batches, *arguments: Any) -> Any:
        """As an UPDATE of another column does, from a page that is still to come to one that has been."""
        here = int(arguments[1].after[0])
        if not moved:
            c.execute("VACUUM t")  # what was written there has left room
        while not moved or moved[-1] >= here:
            c.execute("DELETE FROM t WHERE old = 2999")
            row = c.execute("INSERT INTO t (old) VALUES (2999) RETURNING (ctid::text::point)[0]::int").fetchone()
            assert row is not None
            moved.append(row[0])
            assert len(moved) < 5_000
        return found(self, *arguments)

    monkeypatch.setattr(Batches, "_one_by_one", move)
    with pytest.raises(Refused, match=r"1 row\(s\)"):
        go(c)
    assert c.execute("SELECT array_agg(old) FROM t WHERE new IS NULL").fetchone() == ([1234],)


def test_what_was_begun_without_a_key_goes_on_page_by_page_when_there_is_one(c: Connection) -> None:
    table(c, KEYS["none"], 3_000)
    begun = Job.of(c, doubled())
    backfills.prepare(c, state(c).id, begun.as_json())
    backfills.set_upper(c, state(c).id, walk_of(begun).top(c) or [])
    c.execute("ALTER TABLE t ADD id serial PRIMARY KEY")
    assert go(c).state == "done"
    assert wrong(c) == 0
