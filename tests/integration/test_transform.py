"""What a row becomes when SQL cannot say it: a function in Python makes the values, and nothing that a version writes meanwhile is overwritten."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from bgmigrate import faults, journal
from bgmigrate.backfill.along_key import Keys
from bgmigrate.backfill.job import Job
from bgmigrate.backfill.loop import work
from bgmigrate.database import Connection, connect
from bgmigrate.errors import Refused
from bgmigrate.journal import backfills, due
from bgmigrate.ops import BackfillRows, DropColumns, StopTransforming
from bgmigrate.ops.runtime import Runtime
from bgmigrate.progress import Progress
from bgmigrate.settings import ExpandSettings, Settings

pytestmark = pytest.mark.exhaustive(turns=3)

Rows = Sequence[Mapping[str, Any]]
KEYS = {
    "serial": "id serial PRIMARY KEY", "text": "id text PRIMARY KEY DEFAULT md5(random()::text)",
    "composite": "a int DEFAULT (random() * 9)::int, b bigserial, PRIMARY KEY (a, b)",
    "timestamp": "at timestamptz DEFAULT now() + random() * interval '9 years', n bigserial, PRIMARY KEY (at, n)",
}


@pytest.fixture
def on(database: str) -> Iterator[Runtime]:
    """Operations on a database with a journal; small batches, two workers."""
    journal.ensure(database)
    with connect(database, purpose="test") as c:
        budget = ExpandSettings(lock_timeout=0.1, lock_deadline=20.0, batch_target=0.02, workers=2)
        runtime = Runtime(c, database, Settings(directory=Path(), expand=budget), Progress(-1), {})
        runtime.revision = "r"
        yield runtime


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Keys, "begin", 20)
    monkeypatch.setattr(Keys, "largest", 100)


@pytest.fixture
def project_module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The project's module of transforms: `encrypt` turns an address round."""
    module = ModuleType("shop_transforms")
    module.encrypt = lambda rows: [{"secret": turned(r["email"])} for r in rows]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "shop_transforms", module)
    return module


def turned(email: str) -> bytes:
    """What stands for a cipher."""
    return email[::-1].encode()


def transform(table: str = "users", function: str = "shop_transforms:encrypt") -> BackfillRows:
    """The operation."""
    return BackfillRows(table, transform=function, reads=["email"], writes=["secret"])


def users(c: Connection, rows: int = 500, key: str = KEYS["serial"]) -> None:
    """A table of users whose addresses are not encrypted yet."""
    c.execute(f"CREATE TABLE users (email text, secret bytea, seen int DEFAULT 0, {key})".encode())
    c.execute("INSERT INTO users (email) SELECT 'mail' || i FROM generate_series(1, %s) i", [rows])


def wrong(c: Connection) -> int:
    """Rows whose secret is not their address's."""
    found = c.execute("SELECT count(*) FROM users WHERE secret IS DISTINCT FROM convert_to(reverse(email), 'UTF8')").fetchone()
    assert found is not None
    return int(found[0])


def the_backfill(c: Connection) -> backfills.Backfill:
    """What the journal says."""
    (found,) = backfills.all(c)
    return found


@pytest.mark.usefixtures("project_module")
@pytest.mark.parametrize("key", KEYS)
def test_every_row_gets_what_the_function_makes_of_it_whatever_the_key_is(on: Runtime, key: str) -> None:
    users(on.connection, key=KEYS[key])
    transform().run(on)
    assert (wrong(on.connection), the_backfill(on.connection).rows, due.count(on.connection, the_backfill(on.connection).id)) == (0, 500, 0)


@pytest.mark.usefixtures("project_module")
def test_partitions_are_rows_like_others(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE users (id serial PRIMARY KEY, email text, secret bytea) PARTITION BY RANGE (id)")
    c.execute("CREATE TABLE users_1 PARTITION OF users FOR VALUES FROM (1) TO (200); CREATE TABLE users_2 PARTITION OF users DEFAULT")
    c.execute("INSERT INTO users (email) SELECT 'mail' || i FROM generate_series(1, 300) i")
    transform().run(on)
    c.execute("UPDATE users SET email = 'later' WHERE id IN (7, 250)")
    assert due.count(c, the_backfill(c).id) == 2
    transform().run(on)
    assert wrong(c) == 0
    DropColumns("users", ["email"]).run(on)
    assert c.execute("SELECT count(*) FROM pg_proc WHERE pronamespace = 'bgmigrate'::regnamespace").fetchone() == (0,)


def test_names_and_types_are_whatever_they_are(on: Runtime, project_module: ModuleType) -> None:
    c = on.connection
    c.execute('CREATE SCHEMA "My shop"; CREATE TABLE "My shop"."100% users" ("the id" int PRIMARY KEY, "e%s" jsonb, "in %" numeric(8, 2), out jsonb, all_ int[])')
    c.execute("""INSERT INTO "My shop"."100% users" VALUES (1, '{"a": [1]}', 2.5), (2, '{"a": []}', NULL)""")
    project_module.encrypt = lambda rows: [{"out": {"is": r["e%s"]["a"], "n": str(r["in %"])}, "all_": r["e%s"]["a"]} for r in rows]  # type: ignore[attr-defined]
    BackfillRows("My shop.100% users", transform="shop_transforms:encrypt", reads=["e%s", "in %"], writes=["out", "all_"]).run(on)
    assert c.execute('SELECT "the id", out, all_ FROM "My shop"."100% users" ORDER BY 1').fetchall() == [
        (1, {"is": [1], "n": "2.50"}, [1]), (2, {"is": [], "n": "None"}, []),
    ]


def test_rows_come_in_batches_with_their_key_and_what_is_read_and_none_twice(on: Runtime, project_module: ModuleType) -> None:
    seen: list[int] = []

    def encrypt(rows: Rows) -> list[dict[str, Any]]:
        assert {frozenset(r) for r in rows} == {frozenset({"id", "email"})}
        seen.extend(r["id"] for r in rows)
        return [{"secret": turned(r["email"])} for r in rows]

    users(on.connection)
    project_module.encrypt = encrypt  # type: ignore[attr-defined]
    transform().run(on)
    tried = 5
    assert sorted(seen[tried:]) == list(range(1, 501))


def test_none_leaves_a_row_as_it_is_and_so_does_nothing_to_read(on: Runtime, project_module: ModuleType) -> None:
    def encrypt(rows: Rows) -> list[dict[str, Any] | None]:
        assert all(r["email"] is not None for r in rows)
        return [None if r["email"] == "mail3" else {"secret": b"x"} for r in rows]

    users(on.connection, rows=5)
    on.connection.execute("UPDATE users SET email = NULL WHERE id = 4")
    project_module.encrypt = encrypt  # type: ignore[attr-defined]
    transform().run(on)
    assert on.connection.execute("SELECT array_agg(id ORDER BY id) FROM users WHERE secret IS NULL").fetchone() == ([3, 4],)


@pytest.mark.parametrize("does", ["UPDATE users SET email = 'new' WHERE id = 7", "UPDATE users SET secret = 'mine' WHERE id = 7",
                                  "DELETE FROM users WHERE id = 7"])
def test_a_row_that_changes_between_read_and_write_is_not_overwritten(
    on: Runtime, database: str, project_module: ModuleType, does: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = iter([True])
    monkeypatch.setattr(importlib.import_module("bgmigrate.backfill.worker"), "UNKNOWN", 100)  # a batch is told from a trial by its rows

    def encrypt(rows: Rows) -> list[dict[str, Any]]:
        if any(r["id"] == 7 for r in rows) and len(rows) > 1 and next(first, False):  # after it was read, before it is written
            with connect(database, purpose="blue") as blue:
                blue.execute(does.encode())
        return [{"secret": turned(r["email"])} for r in rows]

    users(on.connection)
    project_module.encrypt = encrypt  # type: ignore[attr-defined]
    transform().run(on)
    row = on.connection.execute("SELECT email, secret FROM users WHERE id = 7").fetchone()
    assert row == (("new", b"wen") if "email" in does else ("mail7", b"mine") if "secret" in does else None)
    assert wrong(on.connection) == ("secret" in does)


def test_values_are_right_beside_a_writer(on: Runtime, database: str, project_module: ModuleType) -> None:
    stop, wrote = threading.Event(), threading.Event()

    def live() -> None:
        with connect(database, purpose="blue") as blue:
            n = 0
            while not stop.is_set():
                n += 1
                blue.execute("UPDATE users SET email = email || 'x' WHERE id = %s", [n * 37 % 3000])
                blue.execute("UPDATE users SET seen = seen + 1 WHERE id = %s", [n * 91 % 3000])
                blue.execute("INSERT INTO users (email) VALUES (%s)", [f"new{n}"])
                blue.execute("DELETE FROM users WHERE id = %s", [n * 53 % 3000])
                wrote.set()

    def encrypt(rows: Rows) -> list[dict[str, Any]]:
        wrote.wait(10)
        return [{"secret": turned(r["email"])} for r in rows]

    users(on.connection, rows=3000)
    project_module.encrypt = encrypt  # type: ignore[attr-defined]
    thread = threading.Thread(target=live)
    thread.start()
    try:
        transform().run(on)
    finally:
        stop.set()
        thread.join()
    stale = on.connection.execute("SELECT count(*) FROM users WHERE secret <> convert_to(reverse(email), 'UTF8')").fetchone()
    assert stale == (0,), "a row that waits for its value has none, and never an old one"
    transform().run(on)  # done: only what was marked since
    assert wrong(on.connection) == 0
    assert due.count(on.connection, the_backfill(on.connection).id) == 0


@pytest.mark.usefixtures("project_module")
def test_what_blue_writes_later_is_emptied_and_marked_and_what_green_writes_stays(on: Runtime) -> None:
    c = on.connection
    users(c, rows=4)
    transform().run(on)
    c.execute("UPDATE users SET email = 'later' WHERE id = 1; UPDATE users SET seen = 1 WHERE id = 2")
    c.execute("UPDATE users SET secret = 'green''s' WHERE id = 3; UPDATE users SET email = 'both', secret = 'said' WHERE id = 4")
    c.execute("INSERT INTO users (secret) VALUES ('green''s'); INSERT INTO users (email) VALUES ('blue''s')")
    assert c.execute("SELECT secret FROM users ORDER BY id").fetchall() == [
        (None,), (b"2liam",), (b"green's",), (b"said",), (b"green's",), (None,),
    ]
    assert due.count(c, the_backfill(c).id) == 2


@pytest.mark.usefixtures("project_module")
def test_a_role_that_may_not_see_the_journal_writes_as_before(on: Runtime) -> None:
    c = on.connection
    users(c, rows=4)
    transform().run(on)
    c.execute("CREATE ROLE blue_of_a_transform; GRANT SELECT, INSERT, UPDATE, DELETE ON users TO blue_of_a_transform")
    try:
        c.execute("SET ROLE blue_of_a_transform; UPDATE users SET email = 'later' WHERE id = 1; RESET ROLE")
        assert due.count(c, the_backfill(c).id) == 1
    finally:
        c.execute("RESET ROLE; DROP OWNED BY blue_of_a_transform; DROP ROLE blue_of_a_transform")


def test_a_row_that_the_function_cannot_take_is_named_and_stops_no_other(on: Runtime, project_module: ModuleType) -> None:
    def encrypt(rows: Rows) -> list[dict[str, Any]]:
        if any(r["id"] == 321 for r in rows):
            raise ValueError("no such alphabet")
        return [{"secret": turned(r["email"])} for r in rows]

    users(on.connection)
    project_module.encrypt = encrypt  # type: ignore[attr-defined]
    with pytest.raises(Refused, match="key 321: ValueError: no such alphabet") as refused:
        transform().run(on)
    assert refused.value.findings[0].code == "BGM916"
    assert (wrong(on.connection), the_backfill(on.connection).state) == (1, "failed")
    project_module.encrypt = lambda rows: [{"secret": turned(r["email"])} for r in rows]  # type: ignore[attr-defined]
    transform().run(on)
    assert (wrong(on.connection), the_backfill(on.connection).state) == (0, "done")


def test_a_value_that_the_database_refuses_is_named_and_not_cut(on: Runtime, project_module: ModuleType) -> None:
    c = on.connection
    c.execute("CREATE TABLE users (id serial PRIMARY KEY, email text, secret varchar(6))")
    c.execute("INSERT INTO users (email) SELECT 'mail' || i FROM generate_series(98, 101) i")
    project_module.encrypt = lambda rows: [{"secret": r["email"]} for r in rows]  # type: ignore[attr-defined]
    with pytest.raises(Refused, match=r"2 row\(s\).*value too long"):
        transform().run(on)
    assert c.execute("SELECT secret FROM users ORDER BY id").fetchall() == [("mail98",), ("mail99",), (None,), (None,)]


@pytest.mark.parametrize(
    ("answer", "said"),
    [(lambda rows: [], "0 values for 1 rows"), (lambda rows: [{"other": 1} for _ in rows], "returned other for a row, where secret belong"),
     (lambda rows: ["x" for _ in rows], "returned str"), (lambda rows: 1 / 0, "fails for every row that it was tried on: ZeroDivisionError"),
     ("a text", "is a str, no function")],
)
def test_a_function_that_cannot_be_used_is_refused_before_anything_changes(
    on: Runtime, project_module: ModuleType, answer: Callable[[Rows], Any] | str, said: str
) -> None:
    users(on.connection, rows=3)
    project_module.encrypt = answer  # type: ignore[attr-defined]
    with pytest.raises(Refused, match=said) as refused:
        transform().run(on)
    assert (refused.value.exit_code, refused.value.findings[0].code) == (3, "BGM928")
    assert on.connection.execute("SELECT count(*) FROM pg_trigger WHERE tgrelid = 'users'::regclass").fetchone() == (0,)
    assert backfills.all(on.connection) == []


@pytest.mark.usefixtures("project_module")
@pytest.mark.parametrize(
    ("step", "said"),
    [(transform(function="shop_transforms:nothing"), "cannot be imported: AttributeError"), (transform(function="nowhere:f"), "ModuleNotFoundError"),
     (transform(function="encrypt"), "names no function"),
     (BackfillRows("users", transform="shop_transforms:encrypt", reads=["email"]), "does not say what it reads and writes"),
     (BackfillRows("users", transform="shop_transforms:encrypt", reads=["e-mail"], writes=["secret"]), "has no column e-mail"),
     (BackfillRows("users", transform="shop_transforms:encrypt", reads=["email"], writes=["email"]), "which it reads")],
)
def test_an_operation_that_cannot_be_right_is_refused(on: Runtime, step: BackfillRows, said: str) -> None:
    users(on.connection, rows=3)
    with pytest.raises(Refused, match=said):
        step.run(on)


@pytest.mark.usefixtures("project_module")
def test_a_table_without_a_key_is_refused(on: Runtime) -> None:
    on.connection.execute("CREATE TABLE users (email text, secret bytea)")
    with pytest.raises(Refused, match="has no key"):
        transform().run(on)


@pytest.mark.usefixtures("project_module")
def test_a_run_that_dies_goes_on_where_it_was_and_makes_nothing_twice(on: Runtime, project_module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def encrypt(rows: Rows) -> list[dict[str, Any]]:
        seen.extend(r["id"] for r in rows)
        return [{"secret": turned(r["email"])} for r in rows]

    class Killed(BaseException):
        pass

    passed = iter(range(1000))

    def die() -> None:
        if next(passed) >= 12:
            raise Killed

    users(on.connection, rows=1000)
    project_module.encrypt = encrypt  # type: ignore[attr-defined]
    monkeypatch.setattr(faults, "point", die)
    with pytest.raises(Killed):
        transform().run(on)
    left = on.connection.execute("SELECT array_agg(id) FROM users WHERE secret IS NULL").fetchone()
    assert left is not None
    assert 0 < len(left[0]) < 1000
    monkeypatch.setattr(faults, "point", lambda: None)
    seen.clear()
    transform().run(on)
    assert wrong(on.connection) == 0
    assert {*seen[5:]} == {*left[0]}, "what was committed is not made again"


@pytest.mark.usefixtures("project_module")
def test_a_worker_that_knows_only_the_journal_helps(on: Runtime, database: str) -> None:
    c = on.connection
    users(c, rows=2000)
    on.attributes = {"bgmigrate.defer_backfill": True}
    with pytest.raises(Exception, match="left to"):
        transform().run(on)
    from bgmigrate.backfill.transform import Transform
    from bgmigrate.ops.transform import Making

    made = Making(table="users", transform=Transform(function="shop_transforms:encrypt", reads=("email",), writes=("secret",), types=("bytea",), key=("id",)))
    state = the_backfill(c)
    backfills.prepare(c, state.id, Job.of(c, made).as_json())
    backfills.set_upper(c, state.id, ["2000"])
    known = the_backfill(c).job
    assert known
    work(database, state.id, Job.read(known), budget=on.settings.expand, progress=Progress(-1))
    assert wrong(c) == 0


@pytest.mark.usefixtures("project_module")
@pytest.mark.parametrize("step", [DropColumns("users", ["email"]), DropColumns("users", ["secret"]), StopTransforming("users", ["secret"])])
def test_it_ends_with_a_column_that_it_is_about(on: Runtime, step: DropColumns) -> None:
    c = on.connection
    users(c, rows=3)
    transform().run(on)
    c.execute("UPDATE users SET email = 'later'")
    step.run(on)
    c.execute("UPDATE users SET seen = 1; INSERT INTO users DEFAULT VALUES")
    for left in ("pg_trigger WHERE tgrelid = 'users'::regclass", "pg_proc WHERE pronamespace = 'bgmigrate'::regnamespace", "bgmigrate.due",
                 "bgmigrate.synchronization"):
        assert c.execute(f"SELECT count(*) FROM {left}".encode()).fetchone() == (0,), left


def test_a_script_cannot_say_it(on: Runtime) -> None:
    on.print = lambda text: None
    with pytest.raises(Refused, match="cannot be printed as SQL"):
        transform().run(on)
