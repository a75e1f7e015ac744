"""Every row is visited once, in key order, whatever the key is; a killed run goes on where it stopped, and a refused row stops no other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from bgmigrate import faults, journal
from bgmigrate.backfill.along_key import GAPS, Keys
from bgmigrate.backfill.batch import Rewrite
from bgmigrate.backfill.keys import Key, key_of
from bgmigrate.backfill.loop import run
from bgmigrate.database import Connection, connect
from bgmigrate.errors import Conflict, Refused
from bgmigrate.journal import backfills
from bgmigrate.journal.backfills import Backfill
from bgmigrate.ops import BackfillRows, StopSynchronizing, SynchronizeColumns
from bgmigrate.ops.runtime import Runtime
from bgmigrate.progress import Progress
from bgmigrate.settings import ExpandSettings, Settings

BUDGET = ExpandSettings(lock_timeout=0.1, lock_deadline=1.0, batch_target=0.005)  # a short target: many batches
KEYS = {
    "serial": "id serial PRIMARY KEY",
    "text": "id text PRIMARY KEY DEFAULT md5(random()::text)",
    "uuid": "id uuid PRIMARY KEY DEFAULT gen_random_uuid()",
    "composite": "a int DEFAULT (random() * 9)::int, b bigserial, PRIMARY KEY (a, b)",
    "timestamp": "at timestamptz DEFAULT now() + random() * interval '9 years', n bigserial, PRIMARY KEY (at, n)",
    "unique": "x bigserial UNIQUE",  # serial columns are NOT NULL
    "none": "whatever int",
}


@pytest.fixture
def c(database: str) -> Iterator[Connection]:
    """A database with a journal."""
    journal.ensure(database)
    with connect(database, purpose="test") as connection:
        yield connection


def table(c: Connection, key: str, rows: int) -> None:
    """A table `t` with this key and rows `0 … rows - 1` in `old`."""
    c.execute("DROP TABLE IF EXISTS t")
    c.execute(f"CREATE TABLE t (old int, new int, {key})".encode())
    c.execute("INSERT INTO t (old) SELECT i FROM generate_series(0, %s - 1) i", [rows])


def state(c: Connection, revision: str = "r") -> Backfill:
    """What the journal says."""
    return backfills.open(c, revision=revision, table="t", name="new")


def doubled(missing: str = "old * 2") -> Rewrite:
    """`new` becomes twice `old` where it is NULL."""
    return Rewrite(table="t", missing={"new": missing}, follow={}, types={"new": "integer", "old": "integer"})


def go(c: Connection, rewrite: Rewrite | None = None, revision: str = "r") -> Backfill:
    """One run of it."""
    return run(c, url(c), state(c, revision), rewrite or doubled(), budget=BUDGET, progress=Progress(-1))


def url(c: Connection) -> str:
    """Where the database is."""
    info = c.info
    return f"postgresql://{info.user}@/{info.dbname}?host={info.host}&port={info.port}"


def the_key(c: Connection) -> Key:
    """By which its rows are told apart."""
    found = key_of(c, "t")
    assert found
    return found


def wrong(c: Connection) -> int:
    """Rows that are not done."""
    row = c.execute("SELECT count(*) FROM t WHERE new IS DISTINCT FROM old * 2").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.every_server
@pytest.mark.parametrize("key", KEYS)
def test_every_row_of_every_kind_of_key_is_done(c: Connection, key: str) -> None:
    table(c, KEYS[key], 12_345)  # keys of one to five digits: an order of text would leave most out
    done = go(c)
    assert (wrong(c), done.state, done.rows) == (0, "done", 12_345)
    assert done.batches > 1


@hypothesis(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(-(2**31), 2**31 - 1), unique=True, max_size=60), st.integers(1, 7))
def test_coverage_has_no_gap_whatever_the_keys_and_the_batches_are(c: Connection, keys: list[int], size: int) -> None:
    c.execute("DROP TABLE IF EXISTS t")
    c.execute("DELETE FROM bgmigrate.backfill")
    c.execute("CREATE TABLE t (id int PRIMARY KEY, old int, new int)")
    with c.cursor() as cursor:
        cursor.executemany("INSERT INTO t VALUES (%s, 1)", [(k,) for k in keys])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Keys, "begin", size)
        patch.setattr(Keys, "largest", size)
        assert go(c).rows == len(keys)
    assert wrong(c) == 0


def test_a_run_that_dies_goes_on_at_its_watermark_and_redoes_nothing(c: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    table(c, "id serial PRIMARY KEY", 50_000)

    class Killed(BaseException):
        pass

    passed = iter(range(100))

    def die() -> None:
        if next(passed) == 40:
            raise Killed

    monkeypatch.setattr(faults, "point", die)
    monkeypatch.setattr(Keys, "largest", 800)
    with pytest.raises(Killed):
        go(c)
    half = state(c)
    assert half.watermark is not None
    assert 0 < half.rows < 50_000
    # a value that somebody has set meanwhile, behind the watermark, is nobody's to overwrite
    c.execute("UPDATE t SET new = NULL WHERE id = 1")
    monkeypatch.setattr(faults, "point", lambda: None)
    done = go(c)
    assert done.rows == 50_000
    assert c.execute("SELECT id FROM t WHERE new IS NULL").fetchall() == [(1,)]


def test_rows_written_after_it_began_do_not_keep_it_going(c: Connection) -> None:
    table(c, "id serial PRIMARY KEY", 10)
    first = state(c)
    backfills.set_upper(c, first.id, ["10"])
    c.execute("INSERT INTO t (old) SELECT i FROM generate_series(10, 500) i")
    assert go(c).rows == 10


def test_a_row_that_the_database_refuses_is_named_and_stops_no_other(c: Connection) -> None:
    table(c, "id serial PRIMARY KEY", 3_000)
    c.execute("ALTER TABLE t ADD CHECK (new <> 2468)")
    with pytest.raises(Refused) as refused:
        go(c)
    finding = refused.value.findings[0]
    assert finding.code == "BGM916"
    assert "key 1235" in finding.what
    assert "t_new_check" in finding.what
    assert wrong(c) == 1
    c.execute("UPDATE t SET old = 0 WHERE id = 1235")  # a person mends it
    assert go(c).state == "done"
    assert wrong(c) == 0


def test_a_role_that_may_not_make_temporary_objects_writes_in_more_messages(c: Connection) -> None:
    table(c, "id serial PRIMARY KEY", 3_000)
    c.execute("CREATE ROLE bgm_writer LOGIN")
    c.execute(f"REVOKE TEMP ON DATABASE {c.info.dbname} FROM PUBLIC".encode())
    c.execute("ALTER TABLE t OWNER TO bgm_writer; GRANT USAGE ON SCHEMA bgmigrate TO bgm_writer")
    c.execute("GRANT ALL ON ALL TABLES IN SCHEMA bgmigrate TO bgm_writer; GRANT ALL ON ALL SEQUENCES IN SCHEMA bgmigrate TO bgm_writer")
    try:
        as_writer = f"postgresql://bgm_writer@/{c.info.dbname}?host={c.info.host}&port={c.info.port}"
        with connect(as_writer, purpose="test") as writer:
            assert run(writer, as_writer, state(writer), doubled(), budget=BUDGET, progress=Progress(-1)).rows == 3_000
        assert wrong(c) == 0
    finally:
        c.execute("DROP OWNED BY bgm_writer; DROP ROLE bgm_writer")


def test_a_volatile_value_is_drawn_once(c: Connection) -> None:
    table(c, "id serial PRIMARY KEY", 500)
    draw = doubled("(random() * 1e9)::int")
    go(c, draw)
    before = c.execute("SELECT id, new FROM t ORDER BY id").fetchall()
    go(c, draw)
    go(c, draw, revision="again")
    assert c.execute("SELECT id, new FROM t ORDER BY id").fetchall() == before


def test_a_locked_row_is_waited_for_politely_and_its_holder_named(c: Connection, database: str) -> None:
    table(c, "id serial PRIMARY KEY", 100)
    with connect(database, purpose="other", autocommit=False) as other:
        other.execute("SET application_name = 'the nightly report'")
        other.execute("UPDATE t SET old = old WHERE id = 50")
        with pytest.raises(Conflict, match="the nightly report") as conflict:
            go(c)
        assert conflict.value.extra["blockers"][0]["relation"] == "t"
        other.rollback()
    assert go(c).state == "done"
    assert wrong(c) == 0


def test_a_finished_backfill_is_left_alone(c: Connection) -> None:
    table(c, "id serial PRIMARY KEY", 10)
    done = go(c)
    c.execute("UPDATE t SET new = NULL")
    assert replace(go(c), state="done") == replace(done, state="done")
    assert wrong(c) == 10


def test_a_column_that_is_added_again_is_filled_again(c: Connection, database: str) -> None:
    table(c, KEYS["serial"], 5)
    on = Runtime(c, database, Settings(directory=Path()), Progress(-1), {})
    on.revision = "r"
    add = SynchronizeColumns("t", "zz_twice", add={"twice": "integer"}, forward={"twice": "old"}, backward={"old": "twice"})
    for _ in range(2):  # as when a killed rollback has dropped it, and is run again
        add.run(on)
        add.run(on)
        BackfillRows("t", follow={"twice": "old"}).run(on)
        assert c.execute("SELECT count(twice) FROM t").fetchone() == (5,)
        StopSynchronizing("t", "zz_twice", drop=["twice"]).run(on)


@pytest.mark.every_server
@pytest.mark.parametrize("analyzed", [True, False])
@pytest.mark.parametrize("key", [k for k in KEYS if k != "none"])
def test_the_last_pass_reads_its_pages_once_whatever_is_known_of_the_table(c: Connection, key: str, analyzed: bool) -> None:
    table(c, KEYS[key], 20_000)
    c.execute("CREATE INDEX ON t (old); CREATE INDEX ON t (new) WHERE old > 5")
    if analyzed:
        c.execute("ANALYZE t")
    walk = Keys("t", the_key(c))
    after = walk.ends(c, None, walk.top(c) or [], 5_000, 1)[0]
    upto = walk.ends(c, after, walk.top(c) or [], 3_000, 1)[0]
    c.execute("SET enable_seqscan = off; SET enable_bitmapscan = on")
    plan = "\n".join(r[0] for r in c.execute(f"EXPLAIN {doubled().statement(walk.all_within(after, upto))}".encode()))
    assert "BitmapOr" in plan
    assert f"Bitmap Index Scan on t_{'x_key' if key == 'unique' else 'pkey'}" in plan
    counts = [c.execute(f"SELECT count(*) FROM t WHERE {w(after, upto)}".encode()).fetchone() for w in (walk.within, walk.all_within)]
    assert counts == [(3_000,), (3_000,)]


@pytest.mark.parametrize("looked", [True, False])
@pytest.mark.parametrize(
    "gaps", ["i", "i * 7", "CASE WHEN i < 500 THEN i ELSE i * 100 END", "CASE WHEN i < 500 THEN i ELSE i * 1000000000000 END", "i - 1000"]
)
def test_the_parts_of_a_range_cover_it_and_none_is_much_larger_than_asked(c: Connection, gaps: str, looked: bool) -> None:
    """Where numbers follow each other the next parts are not counted out, but added."""
    c.execute("CREATE TABLE t (id bigint PRIMARY KEY)")
    c.execute(f"INSERT INTO t SELECT {gaps} FROM generate_series(1, 1000) i".encode())
    walk = Keys("t", the_key(c))
    upper = walk.top(c)
    assert upper
    after, seen, asked = walk.bottom(c), 1, 0
    while after != upper:
        if looked:
            walk.spread(c, after, upper)
        ends, asked = walk.ends(c, after, upper, 30, 4), asked + 1
        assert after
        for low, high in itertools.pairwise([after, *ends]):
            row = c.execute(f"SELECT count(*) FROM t WHERE {walk.within(low, high)}".encode()).fetchone()
            assert row
            assert row[0] <= 30 * GAPS
            seen += row[0]
        after = ends[-1]
    assert seen == 1000
    assert asked < 20
