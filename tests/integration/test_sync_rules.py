"""What a sync trigger promises, whatever the two versions write in whatever order: a model in Python says what each must read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from bgmigrate.database import Connection, connect
from bgmigrate.errors import Refused
from bgmigrate.naming import ident
from bgmigrate.ops import BackfillRows, RequireNotNull, StopSynchronizing, SynchronizeColumns
from bgmigrate.ops.runtime import Runtime
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings

pytestmark = pytest.mark.exhaustive(turns=3)

TEXT = st.one_of(st.none(), st.text(st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12))
QUICK = hypothesis(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors])


@pytest.fixture
def on(database: str) -> Iterator[Runtime]:
    """Operations on a database of their own, without a journal."""
    with connect(database, purpose="test") as c:
        c.execute("CREATE SCHEMA bgmigrate")
        yield Runtime(c, database, Settings(directory=Path()), Progress(-1), {"bgmigrate.scratch": True})


def one(c: Connection, query: str) -> tuple[object, ...]:
    """The only row."""
    row = c.execute(query.encode()).fetchone()
    assert row is not None
    return row


@pytest.mark.every_server
class TestRename:
    """`old` became `new`; each version writes its own."""

    @pytest.fixture
    def table(self, on: Runtime) -> Connection:
        on.connection.execute("CREATE TABLE people (id serial PRIMARY KEY, old text, note text)")
        SynchronizeColumns("people", "zz_sync", add={"new": "text"}, forward={"new": "old"}, backward={"old": "new"}).run(on)
        return on.connection

    @QUICK
    @given(st.lists(st.tuples(st.sampled_from(["old", "new", "note"]), TEXT), max_size=8), st.sampled_from(["old", "new"]), TEXT)
    def test_the_last_writer_is_read_by_both(self, table: Connection, writes: list[tuple[str, str | None]], first: str, value: str | None) -> None:
        table.execute("TRUNCATE people")
        table.execute(f"INSERT INTO people ({first}) VALUES (%s)".encode(), [value])
        for column, written in writes:
            table.execute(f"UPDATE people SET {column} = %s".encode(), [written])
            if column != "note":
                value = written
            assert one(table, "SELECT old, new FROM people") == (value, value)
        assert one(table, "SELECT old, new FROM people") == (value, value)

    def test_an_upsert_of_either_version_meets_the_row(self, table: Connection) -> None:
        table.execute("CREATE UNIQUE INDEX ON people (old)")
        table.execute("CREATE UNIQUE INDEX ON people (new)")
        table.execute("INSERT INTO people (old) VALUES ('a')")
        table.execute("INSERT INTO people (new) VALUES ('a') ON CONFLICT (new) DO UPDATE SET note = 'green'")
        table.execute("INSERT INTO people (old) VALUES ('a') ON CONFLICT (old) DO UPDATE SET note = people.note || ' blue'")
        assert table.execute("SELECT old, new, note FROM people").fetchall() == [("a", "a", "green blue")]

    def test_an_insert_that_says_who_it_is_may_set_null(self, table: Connection) -> None:
        table.execute("ALTER TABLE people ALTER old SET DEFAULT 'by default'")
        table.execute("INSERT INTO people (note) VALUES ('counts as the old version')")
        table.execute("SET bgmigrate.environment = 'green'")
        table.execute("INSERT INTO people (new) VALUES (NULL)")
        assert table.execute("SELECT old, new FROM people ORDER BY id").fetchall() == [("by default", "by default"), (None, None)]

    @pytest.mark.parametrize("path", ['"$user", public', "pg_catalog, public", "public"])
    def test_how_search_path_is_spelt_changes_nothing(self, table: Connection, path: str) -> None:
        table.execute("SELECT set_config('search_path', %s, false)", [path])
        table.execute("INSERT INTO people (new) VALUES ('x')")
        assert one(table, "SELECT old FROM people") == ("x",)

    def test_trigger_and_column_go_in_one_step(self, table: Connection, on: Runtime) -> None:
        StopSynchronizing("people", "zz_sync", drop=["old"]).run(on)
        table.execute("INSERT INTO people (new) VALUES ('after')")
        assert table.execute("SELECT count(*) FROM pg_proc WHERE proname = 'zz_sync'").fetchone() == (0,)


class TestDerived:
    """`initial` is computed from `name` for the version that does not know it."""

    @pytest.fixture
    def table(self, on: Runtime) -> Connection:
        on.connection.execute("CREATE TABLE people (id serial PRIMARY KEY, name text, language text)")
        SynchronizeColumns(
            "people", "zz_sync", add={"initial": "text"}, forward={"initial": "coalesce(nullif(upper(left(name, 1)), ''), '?')"}, required=["initial"]
        ).run(on)
        return on.connection

    @QUICK
    @given(st.lists(st.tuples(st.sampled_from(["name", "initial"]), st.sampled_from(["ann", "bob", "Z", "", "ß"])), max_size=8))
    def test_it_follows_its_inputs_until_it_is_given_a_value_of_its_own(self, table: Connection, writes: list[tuple[str, str]]) -> None:
        def computed(name: str) -> str:
            return str(one(table, f"SELECT coalesce(nullif(upper(left('{name}', 1)), ''), '?')")[0])

        table.execute("TRUNCATE people")
        table.execute("INSERT INTO people (name) VALUES ('eve')")
        name, initial = "eve", "E"
        for column, value in writes:
            table.execute(f"UPDATE people SET {column} = %s".encode(), [value])
            if column == "initial":
                initial = value
            else:
                initial = computed(value) if initial == computed(name) else initial
                name = value
            assert one(table, "SELECT name, initial FROM people") == (name, initial)

    def test_a_column_whose_name_is_part_of_another_is_not_mistaken_for_it(self, on: Runtime) -> None:
        on.connection.execute("CREATE TABLE t (id serial PRIMARY KEY, age int, language text)")
        SynchronizeColumns("t", "zz_age", add={"years": "text"}, forward={"years": "age || ' in ' || language || ' age'"}).run(on)
        on.connection.execute("INSERT INTO t (age, language) VALUES (7, 'age')")
        assert one(on.connection, "SELECT years FROM t") == ("7 in age age",)


def test_a_value_that_the_expression_cannot_take_is_no_error_for_the_old_version(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE t (id serial PRIMARY KEY, age text)")
    SynchronizeColumns("t", "zz_age", add={"years": "integer"}, forward={"years": "age::integer"}).run(on)
    c.execute("INSERT INTO t (age) VALUES ('12'), ('unknown')")
    c.execute("UPDATE t SET age = 'none' WHERE age = '12'")
    assert c.execute("SELECT age, years FROM t ORDER BY id").fetchall() == [("none", None), ("unknown", None)]


def test_a_split_column_does_not_lose_what_forward_cannot_say(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE people (id serial PRIMARY KEY, name text)")
    c.execute("INSERT INTO people (name) VALUES ('Anna  Maria')")
    SynchronizeColumns(
        "people", "zz_sync", add={"first": "text", "last": "text"},
        forward={"first": "split_part(name, ' ', 1)", "last": "split_part(name, ' ', 2)"}, backward={"name": "first || ' ' || last"},
    ).run(on)
    c.execute("UPDATE people SET first = split_part(name, ' ', 1), last = split_part(name, ' ', 2)")  # as the backfill does
    assert one(c, "SELECT name FROM people") == ("Anna  Maria",)
    c.execute("UPDATE people SET last = 'Lee'")
    assert one(c, "SELECT name FROM people") == ("Anna Lee",)
    c.execute("UPDATE people SET name = 'Bo Li'")
    assert one(c, "SELECT first, last FROM people") == ("Bo", "Li")


def test_types_without_equality_are_kept_in_step(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE t (id serial PRIMARY KEY, old json)")
    SynchronizeColumns("t", "zz_doc", add={"doc": "json"}, forward={"doc": "old"}, backward={"old": "doc"}).run(on)
    c.execute("""INSERT INTO t (old) VALUES ('{"a": 1}')""")
    c.execute("""UPDATE t SET doc = '{"a": 2}'""")
    assert one(c, "SELECT old::text, doc::text FROM t") == ('{"a": 2}', '{"a": 2}')


def test_types_whose_equality_is_not_sameness_are_kept_in_step(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE t (id serial PRIMARY KEY, old interval)")
    SynchronizeColumns("t", "zz_span", add={"span": "interval"}, forward={"span": "old"}, backward={"old": "span"}).run(on)
    c.execute("INSERT INTO t (old) VALUES ('24 hours')")
    c.execute("UPDATE t SET old = '1 day'")
    assert one(c, "SELECT span::text FROM t") == ("1 day",)


@pytest.mark.parametrize("forward", ["n", "n + 0"])
@pytest.mark.parametrize(("type_", "first", "later"), [("text", "1", "2"), ("numeric(6,1)", "1.0", "2.0"), ("character varying(3)", "1", "2")])
def test_a_column_of_another_type_than_its_expression_follows_it(on: Runtime, forward: str, type_: str, first: str, later: str) -> None:
    c = on.connection
    c.execute("CREATE TABLE t (id serial PRIMARY KEY, n integer)")
    SynchronizeColumns("t", "zz_code", add={"code": type_}, forward={"code": forward}, required=["code"]).run(on)
    c.execute("INSERT INTO t (n) VALUES (1)")
    assert one(c, "SELECT code::text FROM t") == (first,)
    c.execute("UPDATE t SET n = 2")
    assert one(c, "SELECT code::text FROM t") == (later,)


def test_a_value_that_is_rounded_when_stored_is_still_computed_again(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE t (id serial PRIMARY KEY, cents integer)")
    SynchronizeColumns("t", "zz_price", add={"price": "numeric(6,1)"}, forward={"price": "cents / 100.0"}).run(on)
    c.execute("INSERT INTO t (cents) VALUES (123)")
    c.execute("UPDATE t SET cents = 456")
    assert one(c, "SELECT price::text FROM t") == ("4.6",)


def test_a_copy_that_the_new_type_cannot_take_is_no_error_for_the_old_version(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE t (id serial PRIMARY KEY, old bigint)")
    SynchronizeColumns("t", "zz_small", add={"small": "smallint"}, forward={"small": "old"}).run(on)
    c.execute("INSERT INTO t (old) VALUES (100000), (7)")
    c.execute("UPDATE t SET old = 200000 WHERE old = 7")
    assert c.execute("SELECT old, small FROM t ORDER BY id").fetchall() == [(100000, None), (200000, None)]


@pytest.mark.parametrize("word", ["by", "begin", "declare", "execute", "foreach", "if", "loop", "strict", "while", "order", "new"])
def test_a_column_may_be_called_by_a_word_of_plpgsql(on: Runtime, word: str) -> None:
    c = on.connection
    c.execute(f'CREATE TABLE t (id serial PRIMARY KEY, "{word}" text)'.encode())
    SynchronizeColumns("t", "zz_word", add={"other": "text"}, forward={"other": ident(word)}, backward={word: "other"}).run(on)
    c.execute(f"""INSERT INTO t ("{word}") VALUES ('a')""".encode())
    c.execute(f"""UPDATE t SET "{word}" = other || 'b'""".encode())
    assert one(c, f'SELECT "{word}", other FROM t') == ("ab", "ab")


def test_an_expression_may_read_a_column_that_the_same_backfill_fills(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE t (id serial PRIMARY KEY, old text, note text)")
    c.execute("INSERT INTO t (old) VALUES ('a'), (NULL)")
    SynchronizeColumns(
        "t", "zz_new", add={"new": "text", "tag": "text"}, forward={"new": "old", "tag": "coalesce(t.new, 'none')"}, backward={"old": "new"},
        required=["tag"],
    ).run(on)
    BackfillRows("t", missing={"tag": "coalesce(t.new, 'none')"}, follow={"new": "old"}).run(on)
    assert c.execute("SELECT new, tag FROM t ORDER BY id").fetchall() == [("a", "a"), (None, "none")]


def test_a_refused_not_null_leaves_no_check_behind(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE t (id serial PRIMARY KEY, name text)")
    c.execute("INSERT INTO t (name) VALUES (NULL)")
    with pytest.raises(Refused, match="have no value in name") as refused:
        RequireNotNull("t", ["name"]).run(on)
    assert [f.code for f in refused.value.findings] == ["BGM502"]
    c.execute("INSERT INTO t (name) VALUES (NULL)")


def test_a_column_derived_from_a_renamed_one_does_not_speak_for_it(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE t (id serial PRIMARY KEY, old text NOT NULL DEFAULT 'x', n integer, gone text NOT NULL)")
    SynchronizeColumns(
        "t", "zz_new", add={"new": "text", "m": "integer", "tag": "text"}, forward={"new": "old", "m": "n", "tag": "old || n"},
        backward={"old": "new", "n": "m", "gone": "new"}, required=["tag"],
    ).run(on)
    c.execute("INSERT INTO t (m, tag) VALUES (1, 'mine')")  # green leaves out the column that has a default
    assert one(c, "SELECT old, new, n, m, tag, gone FROM t") == ("x", "x", 1, 1, "mine", "x")
    c.execute("UPDATE t SET gone = 'own'")
    c.execute("UPDATE t SET n = 2")
    assert one(c, "SELECT m, tag FROM t") == (2, "mine")  # green's own value is kept
    c.execute("UPDATE t SET tag = 'x2'")
    c.execute("UPDATE t SET new = 'y'")
    assert one(c, "SELECT old, tag, gone FROM t") == ("y", "x2", "own")  # green wrote `new` and not `tag`; blue's own value is kept
    c.execute("INSERT INTO t (old, n, gone) VALUES ('z', 3, '')")
    c.execute("UPDATE t SET old = 'zz' WHERE n = 3")
    assert one(c, "SELECT new, tag FROM t WHERE n = 3") == ("zz", "zz3")


def test_our_trigger_sees_what_the_applications_own_trigger_made_of_a_write(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE t (id serial PRIMARY KEY, email text, note text)")
    c.execute("CREATE FUNCTION lower_it() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.email := lower(NEW.email); RETURN NEW; END'")
    c.execute("CREATE TRIGGER zebra BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION lower_it()")
    SynchronizeColumns("t", "zz_bgm_sync_t_mail", add={"mail": "text"}, forward={"mail": "email"}, backward={"email": "mail"}).run(on)
    c.execute("INSERT INTO t (email) VALUES ('A@B')")
    assert one(c, "SELECT email, mail FROM t") == ("a@b", "a@b")


@pytest.mark.parametrize(("forward", "server_says"), [("surname || 'x'", "surname"), ("upper(name", "syntax error"), ("42.5::point", "cannot cast")])
def test_an_expression_that_the_server_refuses_changes_nothing(on: Runtime, forward: str, server_says: str) -> None:
    on.connection.execute("CREATE TABLE t (id serial PRIMARY KEY, name text)")
    with pytest.raises(Refused, match=server_says) as refused:
        SynchronizeColumns("t", "zz_sync", add={"tag": "text"}, forward={"tag": forward}).run(on)
    assert refused.value.findings[0].code == "BGM904"
    assert one(on.connection, "SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'tag'") == (0,)
    assert one(on.connection, "SELECT count(*) FROM pg_trigger WHERE tgrelid = 't'::regclass") == (0,)


@pytest.mark.every_server
class TestMirror:
    """`wide` shows `id` in another type; neither version writes it."""

    @QUICK
    @given(st.lists(st.integers(-(2**31), 2**31 - 1) | st.none(), min_size=1, max_size=6))
    def test_it_always_shows_what_the_column_says(self, on: Runtime, values: list[int | None]) -> None:
        on.connection.execute("DROP TABLE IF EXISTS t")
        on.connection.execute("CREATE TABLE t (k int, id int, note text)")
        SynchronizeColumns("t", "zz_sync", add={"wide": "bigint"}, mirror={"wide": "id"}).run(on)
        on.connection.execute("INSERT INTO t VALUES (1, %s)", [values[0]])
        for value in values:
            on.connection.execute("UPDATE t SET id = %s, note = 'x'", [value])
            assert one(on.connection, "SELECT wide FROM t") == (value,)

    def test_what_it_cannot_show_is_null_and_no_error(self, on: Runtime) -> None:
        on.connection.execute("CREATE TABLE t (k int, name text)")
        SynchronizeColumns("t", "zz_sync", add={"short": "varchar(3)"}, mirror={"short": "name"}).run(on)
        on.connection.execute("INSERT INTO t VALUES (1, 'abc'), (2, 'abcd')")
        assert on.connection.execute("SELECT short FROM t ORDER BY k").fetchall() == [("abc",), (None,)]
