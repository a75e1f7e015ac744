"""What the closing check finds, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bgmigrate import journal
from bgmigrate.backfill import audit
from bgmigrate.backfill.keys import Key
from bgmigrate.database import Connection, connect
from bgmigrate.ops import SynchronizeColumns
from bgmigrate.ops.runtime import Runtime
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.workflow.closing import disagreements
from tests.integration.shop import BLUE, GREEN, SEED
from tests.project import Project


@pytest.fixture
def on(database: str) -> Iterator[Runtime]:
    """Operations on a database with a journal."""
    journal.ensure(database)
    with connect(database, purpose="test") as c:
        runtime = Runtime(c, database, Settings(directory=Path()), Progress(-1), {})
        runtime.revision = "r"
        yield runtime


def found(c: Connection) -> list[tuple[str | None, str]]:
    """(column, what) of each finding; all have the code of the closing check."""
    findings = disagreements(c).findings
    assert {f.code for f in findings} <= {"BGM907"}
    return [(f.column, f.what) for f in findings]


def test_a_pair_that_says_two_things_is_found_with_its_keys(on: Runtime) -> None:
    c = on.connection
    c.execute('CREATE TABLE "My people" (id serial PRIMARY KEY, old text)')
    SynchronizeColumns("My people", "zz_sync", add={"new": "text"}, forward={"new": "old"}, backward={"old": "new"}).run(on)
    c.execute("""INSERT INTO "My people" (old) VALUES ('a'), ('b'), (NULL)""")
    assert found(c) == []
    c.execute('ALTER TABLE "My people" DISABLE TRIGGER zz_sync')
    c.execute("""UPDATE "My people" SET new = 'other' WHERE id = 2""")
    assert found(c) == [("new", "1 row(s) of My people: new does not say what old says (keys 2)")]


def test_a_required_column_without_a_value_is_found(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE t (id serial PRIMARY KEY, name text)")
    c.execute("INSERT INTO t (name) VALUES ('there before the trigger')")
    SynchronizeColumns("t", "zz_sync", add={"tag": "text"}, forward={"tag": "name"}, required=["tag"]).run(on)
    assert found(c) == [("tag", "1 row(s) of t: tag has no value yet (keys 1)")]


def test_blues_value_that_forward_could_not_take_is_found_and_greens_own_null_is_not(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE t (id serial PRIMARY KEY, age text)")
    SynchronizeColumns("t", "zz_sync", add={"years": "integer"}, forward={"years": "age::integer"}).run(on)
    c.execute("INSERT INTO t (age) VALUES ('12'), ('unknown'), (NULL)")
    c.execute("UPDATE t SET years = NULL WHERE age = '12'")
    assert found(c) == [("years", "1 row(s) of t: years could not be computed (age::integer) (keys 2)")]


def test_a_pair_whose_forward_fails_is_a_finding_and_not_a_failure(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE t (id serial PRIMARY KEY, age text)")
    SynchronizeColumns("t", "zz_sync", add={"years": "integer"}, forward={"years": "age::integer"}, backward={"age": "years::text"}).run(on)
    c.execute("INSERT INTO t (age) VALUES ('unknown'), ('7')")
    c.execute("INSERT INTO t (years) VALUES (8)")
    assert [column for column, _ in found(c)] == ["years"]
    c.execute("UPDATE t SET age = '9' WHERE age = 'unknown'")
    assert found(c) == []


def _kept_in_step(on: Runtime, rows: int) -> Connection:
    on.connection.execute("CREATE TABLE t (id int PRIMARY KEY, old text)")
    SynchronizeColumns("t", "zz_sync", add={"new": "text"}, forward={"new": "lower(old)"}, backward={"old": "new"}).run(on)
    on.connection.execute("INSERT INTO t (id, old) SELECT i, 'a' FROM generate_series(1, %s) i", [rows])
    return on.connection


class Interrupts(Progress):
    """Ctrl-C after some slices, or never; remembers what was said."""

    def __init__(self, after: int | None) -> None:
        super().__init__(-1)
        self.slices, self.after, self.said = 0, after, [""]

    def advance(self, what: str, rows: int, share: float, rate: float | None) -> None:
        self.slices += 1
        if self.after is not None and self.slices > self.after:
            raise KeyboardInterrupt

    def step(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
def sliced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices of ten rows, each remembered."""
    for name, value in {"FIRST": 10, "MOST": 10, "SAVED": 0.0}.items():
        monkeypatch.setattr(audit, name, value)


@pytest.mark.usefixtures("sliced")
def test_an_interrupted_check_goes_on_where_it_stopped(on: Runtime) -> None:
    c = _kept_in_step(on, 100)
    with pytest.raises(KeyboardInterrupt):
        disagreements(c, say=Interrupts(5))
    again = Interrupts(None)
    assert disagreements(c, say=again).rows == 100
    assert again.slices < 6
    assert "going on" in again.said[1]
    whole = Interrupts(None)
    disagreements(c, say=whole)
    assert (whole.slices, len(whole.said)) == (10, 1)  # what is through is not gone on with


@pytest.mark.usefixtures("sliced")
def test_after_something_wrong_was_found_all_is_asked_anew(on: Runtime) -> None:
    c = _kept_in_step(on, 100)
    c.execute("ALTER TABLE t DISABLE TRIGGER zz_sync; UPDATE t SET new = 'x' WHERE id IN (5, 25, 95); ALTER TABLE t ENABLE TRIGGER zz_sync")
    with pytest.raises(KeyboardInterrupt):
        disagreements(c, say=Interrupts(5))
    assert [f.what for f in disagreements(c).findings] == ["3 row(s) of t: new does not say what old says (keys 5; 25; 95)"]
    c.execute("UPDATE t SET new = 'a' WHERE new = 'x'")
    assert disagreements(c).findings == ()


@pytest.mark.usefixtures("sliced")
def test_a_position_is_of_no_use_to_another_rule(on: Runtime) -> None:
    c = _kept_in_step(on, 100)
    with pytest.raises(KeyboardInterrupt):
        disagreements(c, say=Interrupts(5))
    c.execute("""UPDATE bgmigrate.synchronization SET spec = jsonb_set(spec, '{forward,new}', '"upper(old)"')""")
    again = Interrupts(None)
    disagreements(c, say=again)
    assert (again.slices, len(again.said)) == (10, 1)


@pytest.mark.usefixtures("sliced")
def test_what_blue_could_still_write_behind_a_position_is_asked_anew_when_it_is_gone(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE t (id int PRIMARY KEY, age text)")
    SynchronizeColumns("t", "zz_sync", add={"years": "integer"}, forward={"years": "age::integer"}).run(on)
    c.execute("INSERT INTO t (id, age) SELECT i, i::text FROM generate_series(1, 100) i")
    with pytest.raises(KeyboardInterrupt):
        disagreements(c, say=Interrupts(5))  # verify's, and blue is live
    c.execute("UPDATE t SET age = 'unknown' WHERE id = 3")
    assert [f.what for f in disagreements(c, basis="drained").findings] == ["1 row(s) of t: years could not be computed (age::integer) (keys 3)"]


@pytest.mark.usefixtures("sliced")
def test_contract_does_not_go_on_where_verify_was_interrupted(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    slices: list[str] = []
    ask = audit._Asked.slice

    def counted(self: audit._Asked, within: str, key: Key | None) -> audit.Audit:
        if len(slices) == stop:
            raise KeyboardInterrupt
        slices.append(within)
        return ask(self, within, key)

    stop = -1
    monkeypatch.setattr(audit._Asked, "slice", counted)
    project.models(blue=BLUE, green=GREEN)
    project.start_blue(SEED.format(rows=100))
    project.must("plan", "-m", "rename", "--from", project.spec("blue"), "--target", project.spec("green"))
    project.must("expand")
    project.must("verify", "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    slices.clear()
    stop = 5
    project.must("verify", "--blue", "deployed", "--green", "deployed", code=130)
    assert project.sql("SELECT count(*) FROM bgmigrate.audit") == [(1,)]
    slices.clear()
    stop = -1
    project.must("contract")
    assert len(slices) >= 10


@pytest.mark.usefixtures("sliced")
def test_no_snapshot_is_held_between_slices(on: Runtime, database: str) -> None:
    c = _kept_in_step(on, 100)
    held = []

    class Watch(Interrupts):
        def advance(self, what: str, rows: int, share: float, rate: float | None) -> None:
            with connect(database, purpose="watch") as other:
                row = other.execute("SELECT backend_xmin IS NOT NULL FROM pg_stat_activity WHERE pid = %s", [c.info.backend_pid]).fetchone()
                held.append(row and row[0])

    disagreements(c, say=Watch(None))
    assert held == [False] * 10
