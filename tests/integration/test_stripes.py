"""Where a range is written in passes, its updates stay in their pages; where that cannot be, it is written in one, and said why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bgmigrate import journal
from bgmigrate.backfill import vacuum
from bgmigrate.backfill.along_key import Keys
from bgmigrate.backfill.batches import Wrote
from bgmigrate.backfill.by_page import Pages
from bgmigrate.backfill.job import Job
from bgmigrate.backfill.layout import MANY
from bgmigrate.backfill.loop import run
from bgmigrate.backfill.order import walk_of
from bgmigrate.backfill.stripes import REST, Stripes
from bgmigrate.database import Connection, connect
from bgmigrate.errors import Refused
from bgmigrate.journal import backfills
from bgmigrate.journal.backfills import Backfill
from bgmigrate.progress import Progress
from bgmigrate.settings import ExpandSettings
from tests.integration.test_backfill import doubled, wrong

ROWS = 20_000


class Said(Progress):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__(-1)
        self.lines: list[str] = []

    def step(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def c(database: str) -> Iterator[Connection]:
    """A database with a journal and a packed table of which nothing may be vacuumed behind our back."""
    journal.ensure(database)
    with connect(database, purpose="test") as connection:
        connection.execute("CREATE TABLE t (id int PRIMARY KEY, old int, new int, pad text) WITH (autovacuum_enabled = off)")
        connection.execute("INSERT INTO t SELECT i, i, NULL, repeat('x', 80) FROM generate_series(1, %s) i", [ROWS])
        connection.execute("CREATE INDEX other ON t (old)")
        yield connection


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several ranges on a small table."""
    monkeypatch.setattr(Keys, "largest", 1_000)


def fill(c: Connection, url: str, *, target: float = 1.0) -> tuple[Backfill, list[str], float]:
    """Run it. Returns its state, what was said, and by which factor the table has grown."""
    size = _size(c)
    said = Said()
    done = run(
        c, url, backfills.open(c, revision="r", table="t", name="new"), doubled(), budget=ExpandSettings(batch_target=target, workers=1), progress=said
    )
    assert wrong(c) == 0
    return done, said.lines, _size(c) / size


def relay(c: Connection, order: str) -> None:
    """Write the rows anew, in another order."""
    c.execute(f"CREATE TABLE relaid AS SELECT * FROM t ORDER BY {order}".encode())
    c.execute("TRUNCATE t; INSERT INTO t SELECT * FROM relaid; DROP TABLE relaid")


def shuffle(c: Connection) -> None:
    """Leave the rows in an order that the key says nothing of."""
    relay(c, "hashint4(id)")


def _size(c: Connection) -> int:
    row = c.execute("SELECT pg_relation_size('t')").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.every_server
def test_updates_of_a_packed_table_stay_in_their_pages(c: Connection, database: str) -> None:
    done, said, growth = fill(c, database)
    assert done.hot > ROWS * 0.6
    assert growth < 1.35
    assert any("passes over each range" in line for line in said)


@pytest.mark.parametrize("passes", [MANY, 1])
def test_a_batch_reads_of_the_keys_index_what_is_its_own(c: Connection, database: str, passes: int) -> None:
    if passes == 1:
        c.execute("CREATE INDEX mine ON t (new) WHERE old > 5")
    done, _, _ = fill(c, database)
    assert done.batches >= 20
    row = c.execute("SELECT idx_tup_read FROM pg_stat_user_indexes WHERE indexrelid = 't_pkey'::regclass").fetchone()
    assert row
    assert ROWS <= row[0] < 4 * ROWS


def test_an_index_on_the_column_leaves_one_pass(c: Connection, database: str) -> None:
    c.execute("CREATE INDEX mine ON t (id, new)")
    done, said, _ = fill(c, database)
    assert (done.hot, any("one pass: mine would be written in any case" in line for line in said)) == (0, True)


def test_an_index_whose_predicate_reads_the_column_does_too(c: Connection, database: str) -> None:
    c.execute("CREATE INDEX mine ON t (id) WHERE new IS NULL")
    _, said, _ = fill(c, database)
    assert any("one pass: mine" in line for line in said)


def test_rows_without_the_keys_order_are_written_in_passes_page_by_page(c: Connection, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pages, "largest", 40)
    shuffle(c)
    done, said, growth = fill(c, database)
    assert any("page by page, for the key does not follow the table's order" in line for line in said)
    assert any("passes over each range" in line for line in said)
    assert done.hot > ROWS * 0.6
    assert growth < 1.4


def test_a_part_of_the_table_without_the_keys_order_is_written_in_one_pass(c: Connection, database: str) -> None:
    relay(c, "CASE WHEN id < 5000 THEN 0 ELSE 1 END, CASE WHEN id < 5000 THEN id ELSE hashint4(id) END")
    done, said, _ = fill(c, database)
    assert any("one pass: the key does not follow the table's order" in line for line in said)
    assert done.hot > 2_000


def test_a_row_that_is_refused_page_by_page_is_named_by_its_key(c: Connection, database: str) -> None:
    shuffle(c)
    c.execute("ALTER TABLE t ADD CHECK (new <> 2468)")
    with pytest.raises(Refused, match="key 1234: "):
        fill(c, database)
    assert c.execute("SELECT array_agg(id) FROM t WHERE new IS NULL").fetchone() == ([1234],)


def test_a_row_that_is_refused_where_numbers_are_rare_is_found_though_they_were_dense_before(c: Connection, database: str) -> None:
    c.execute("ALTER TABLE t ALTER id TYPE bigint")
    c.execute("UPDATE t SET id = id * 1000000000000 WHERE id > 3010")
    c.execute("VACUUM FULL t")
    c.execute("ALTER TABLE t ADD CHECK (new NOT IN (6018, 24680))")
    with pytest.raises(Refused, match=r"key 3009: .*key 12340000000000000: "):
        fill(c, database)
    assert c.execute("SELECT array_agg(old ORDER BY old) FROM t WHERE new IS NULL").fetchone() == ([3009, 12340],)


def test_what_was_begun_page_by_page_goes_on_so(c: Connection, database: str) -> None:
    shuffle(c)
    begun = Job.of(c, doubled())
    assert begun.by_page
    assert Job.read(begun.as_json()) == begun
    relay(c, "id")
    c.execute("ANALYZE t")
    assert not Job.of(c, doubled()).by_page
    assert Job.of(c, doubled(), begun=begun).by_page
    state = backfills.open(c, revision="r", table="t", name="new")
    backfills.prepare(c, state.id, begun.as_json())
    backfills.set_upper(c, state.id, walk_of(begun).top(c) or [])
    assert fill(c, database)[0].state == "done"


def test_numbers_that_count_something_else_in_their_last_bits_are_hashed(c: Connection, database: str) -> None:
    c.execute("ALTER TABLE t ALTER id TYPE bigint USING id::bigint * 4096")
    done, _, _ = fill(c, database)
    assert done.hot > ROWS * 0.6


def test_rows_that_moved_from_where_they_were_looked_for_are_found_by_their_key(c: Connection, database: str) -> None:
    pages = Keys.pages
    moved: list[int] = []

    def move(self: Keys, *arguments: Any) -> list[tuple[int, int]] | None:
        """As UPDATEs of another column do, to the table's end, as soon as it is known where the range's rows stand."""
        found, upto = pages(self, *arguments), int(arguments[2][-1][0])
        moved.append(c.execute("UPDATE t SET pad = pad || 'y' WHERE id BETWEEN %s - 300 AND %s AND new IS NULL", [upto, upto]).rowcount)
        assert found
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Keys, "pages", move)
        fill(c, database)
    assert sum(moved) > 600


def test_a_table_with_room_is_written_in_one_pass_once_that_is_seen(c: Connection, database: str) -> None:
    c.execute("ALTER TABLE t SET (fillfactor = 45)")
    relay(c, "id")
    done, said, growth = fill(c, database)
    assert done.hot > ROWS * 0.9
    assert growth < 1.1
    assert any("the pages have room" in line for line in said)


def test_an_old_snapshot_turns_the_passes_off(c: Connection, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Keys, "largest", 500)
    with connect(database, purpose="report", autocommit=False) as report:
        report.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        report.execute("SELECT count(*) FROM t")
        _, said, _ = fill(c, database)
        report.rollback()
    assert any("one pass for a while" in line and "old snapshot" in line for line in said)


def test_the_passes_come_back_after_a_rest() -> None:
    stripes = Stripes([], MANY)
    for _ in range(2):  # with more parts that take turns, too
        assert stripes.passes(40.0) == MANY
        stripes.wrote(MANY, Wrote(rows=1000, hot=10), Wrote(rows=125))
    assert [stripes.passes(40.0) for _ in range(REST + 1)] == [1] * REST + [MANY]


def test_ranges_of_which_hardly_a_row_is_left_are_visited_once() -> None:
    stripes = Stripes([], MANY)
    assert stripes.passes(40.0) == MANY
    stripes.wrote(MANY, Wrote(rows=99), Wrote(rows=99))
    assert stripes.passes(40.0) == 1
    stripes.wrote(1, Wrote(rows=1_000, hot=0), Wrote())
    assert stripes.passes(40.0) == MANY


def test_between_slices_the_room_that_rows_left_is_made_free(c: Connection, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vacuum, "LEAST", 2_000)
    c.execute("CREATE INDEX mine ON t (new)")  # one pass: every row moves
    c.execute("ANALYZE t")
    _, said, growth = fill(c, database)
    assert sum("VACUUM" in line for line in said) >= 3  # one at a time: batches may be quicker
    assert growth < 1.5
