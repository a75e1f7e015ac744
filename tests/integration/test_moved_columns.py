"""What the triggers between two tables promise in the cases that a person would ask about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bgmigrate.database import Connection
from bgmigrate.errors import Refused
from bgmigrate.ops import BackfillTable, RequireReadBack, StopSynchronizingTables, SynchronizeTables
from bgmigrate.ops.runtime import Runtime
from bgmigrate.progress import Progress
from bgmigrate.settings import Settings
from bgmigrate.sql import compose
from tests.integration.moving import ONE, TWO, Row, disagree, rows, with_addresses, with_phones, without_journal

pytestmark = pytest.mark.exhaustive(turns=3)


@pytest.fixture
def on(database: str) -> Iterator[Runtime]:
    """Operations on a database of their own, without a journal."""
    with without_journal(database) as runtime:
        yield runtime


@pytest.fixture
def addresses(on: Runtime) -> Connection:
    """A row at most for each user."""
    return with_addresses(on)


@pytest.fixture
def phones(on: Runtime) -> Connection:
    """A row for each number."""
    return with_phones(on)


def test_the_old_row_follows_one_that_was_there_first(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE users (id int PRIMARY KEY, street text, city text); CREATE TABLE addresses (user_id int PRIMARY KEY, street text, city text)")
    SynchronizeTables("users", "addresses", ["user_id"], ONE).run(on)
    c.execute("INSERT INTO addresses VALUES (1, 'green', NULL), (2, 'green', NULL)")
    c.execute("INSERT INTO users (id) VALUES (1)")
    c.execute("INSERT INTO users VALUES (2, 'blue', 'b')")
    assert rows(c, "SELECT * FROM users ORDER BY id") == [(1, "green", None), (2, "blue", "b")]
    assert rows(c, "SELECT * FROM addresses ORDER BY user_id") == [(1, "green", None), (2, "blue", "b")]


@pytest.fixture
def profiles(on: Runtime) -> Connection:
    """Every user has a profile; `theme` has a default on either side."""
    on.connection.execute("""
        CREATE TABLE users (id serial PRIMARY KEY, bio text, theme text NOT NULL DEFAULT 'light');
        CREATE TABLE profiles (user_id int PRIMARY KEY REFERENCES users, bio text, theme text NOT NULL DEFAULT 'light')""")
    SynchronizeTables("users", "profiles", ["user_id"], EVERY, {"theme": "'light'::text"}).run(on)
    return on.connection


EVERY: list[dict[str, Any]] = [{"forward": {"user_id": "id", "bio": "bio", "theme": "theme"}, "backward": {"bio": "bio", "theme": "theme"}}]


def test_where_every_row_has_one_a_version_that_knows_both_may_write_both(profiles: Connection) -> None:
    c = profiles
    with c.transaction():  # as a unit of work does
        c.execute("INSERT INTO users DEFAULT VALUES")
        c.execute("INSERT INTO profiles VALUES (1, 'green', 'dark')")
    c.execute("INSERT INTO users (bio) VALUES ('blue')")
    c.execute("INSERT INTO users DEFAULT VALUES")
    both = [(1, "green", "dark"), (2, "blue", "light"), (3, None, "light")]
    assert rows(c, "SELECT * FROM users ORDER BY id") == rows(c, "SELECT * FROM profiles ORDER BY user_id") == both
    c.execute("DELETE FROM profiles WHERE user_id = 1")  # it is not made again: nothing is left to say
    assert rows(c, "SELECT * FROM users WHERE id = 1") == [(1, None, "light")]
    assert rows(c, "SELECT * FROM profiles WHERE user_id = 1") == []
    assert disagree(c, "users", "profiles", ["user_id"], EVERY, {"theme": "'light'::text"}) == 0
    c.execute("UPDATE users SET theme = 'dark' WHERE id = 1")
    assert rows(c, "SELECT * FROM profiles WHERE user_id = 1") == [(1, None, "dark")]


def test_a_session_that_says_who_it_is_gets_no_row_that_it_did_not_write(profiles: Connection) -> None:
    profiles.execute("SET bgmigrate.environment = 'green'")
    profiles.execute("INSERT INTO users DEFAULT VALUES")
    profiles.execute("INSERT INTO profiles VALUES (1, 'later', 'dark')")
    assert rows(profiles, "SELECT * FROM users") == [(1, "later", "dark")]


@pytest.mark.parametrize("rule", ["years integer NOT NULL", "years integer CHECK (years < 100)", "years smallint"])
def test_a_value_that_the_new_table_cannot_take_is_no_error_for_the_old_version(on: Runtime, rule: str) -> None:
    c = on.connection
    c.execute("CREATE TABLE users (id int PRIMARY KEY, age text)")
    c.execute(f"CREATE TABLE ages (user_id int PRIMARY KEY, {rule})".encode())
    parts: list[dict[str, Any]] = [{"forward": {"user_id": "id", "years": "age::integer"}, "when": "age <> ''", "backward": {"age": "years::text"}}]
    SynchronizeTables("users", "ages", ["user_id"], parts).run(on)
    c.execute("INSERT INTO users VALUES (1, '12'), (2, 'unknown'), (3, '70000'), (4, '')")
    c.execute("UPDATE users SET age = 'none' WHERE id = 1")
    fits = "smallint" not in rule and "CHECK" not in rule
    assert rows(c, "SELECT * FROM ages") == ([(3, 70000)] if fits else [])
    assert disagree(c, "users", "ages", ["user_id"], parts) == (2 if fits else 3)
    c.execute("UPDATE users SET age = '7'")
    assert rows(c, "SELECT * FROM ages ORDER BY 1") == [(1, 7), (2, 7), (3, 7), (4, 7)]
    c.execute("UPDATE users SET age = 'unknown' WHERE id = 1")
    c.execute("INSERT INTO ages VALUES (1, 9)")  # green finds no row, and makes one
    assert rows(c, "SELECT age FROM users WHERE id = 1") == [("9",)]
    assert disagree(c, "users", "ages", ["user_id"], parts) == 0


def test_what_forward_cannot_say_is_not_lost(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE users (id int PRIMARY KEY, name text); CREATE TABLE names (user_id int PRIMARY KEY, first text, last text)")
    parts: list[dict[str, Any]] = [{
        "forward": {"user_id": "id", "first": "split_part(name, ' ', 1)", "last": "split_part(name, ' ', 2)"}, "when": "name IS NOT NULL",
        "backward": {"name": "first || ' ' || last"},
    }]
    c.execute("INSERT INTO users VALUES (1, 'Anna Maria de la Cruz')")
    SynchronizeTables("users", "names", ["user_id"], parts).run(on)
    BackfillTable("users", "names", ["user_id"], parts).run(on)
    c.execute("UPDATE names SET first = first")
    c.execute("UPDATE users SET name = 'Bo  Li' WHERE id = 1")
    assert rows(c, "SELECT * FROM names") == [(1, "Bo", "")]
    assert rows(c, "SELECT name FROM users") == [("Bo  Li",)]
    c.execute("UPDATE names SET last = 'Lee'")
    assert rows(c, "SELECT name FROM users") == [("Bo Lee",)]
    assert disagree(c, "users", "names", ["user_id"], parts) == 0


def test_a_column_that_only_follows_does_so_until_it_is_given_a_value_of_its_own(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE users (id int PRIMARY KEY, name text, street text)")
    c.execute("CREATE TABLE addresses (user_id int PRIMARY KEY, street text, owner text, kind text)")
    parts: list[dict[str, Any]] = [{
        "forward": {"user_id": "id", "street": "street", "owner": "upper(name)", "kind": "'home'"}, "when": "street IS NOT NULL",
        "backward": {"street": "street"},
    }]
    SynchronizeTables("users", "addresses", ["user_id"], parts).run(on)
    c.execute("INSERT INTO users VALUES (1, 'ann', 's'), (2, 'bob', 't')")
    c.execute("UPDATE addresses SET owner = 'own', kind = 'work' WHERE user_id = 2")
    c.execute("UPDATE users SET name = name || 'e'")
    c.execute("UPDATE users SET street = 'u'")
    assert rows(c, "SELECT * FROM addresses ORDER BY user_id") == [(1, "u", "ANNE", "home"), (2, "u", "own", "work")]


def test_without_backward_only_the_new_table_follows_and_what_the_new_version_wrote_stays(on: Runtime) -> None:
    c = on.connection
    c.execute("CREATE TABLE users (id int PRIMARY KEY, street text); CREATE TABLE addresses (user_id int PRIMARY KEY REFERENCES users, street text)")
    parts: list[dict[str, Any]] = [{"forward": {"user_id": "id", "street": "street"}, "when": "street IS NOT NULL"}]
    c.execute("INSERT INTO users VALUES (1, 'a'), (2, NULL)")
    SynchronizeTables("users", "addresses", ["user_id"], parts).run(on)
    BackfillTable("users", "addresses", ["user_id"], parts).run(on)
    c.execute("INSERT INTO users VALUES (3, 'c')")
    c.execute("UPDATE users SET street = 'b' WHERE id IN (1, 2)")
    c.execute("UPDATE addresses SET street = 'green' WHERE user_id = 2")
    c.execute("UPDATE users SET street = 'bb' WHERE id IN (1, 2)")
    assert rows(c, "SELECT * FROM addresses ORDER BY 1") == [(1, "bb"), (2, "green"), (3, "c")]
    assert rows(c, "SELECT street FROM users WHERE id = 2") == [("bb",)]
    c.execute("UPDATE users SET street = NULL")
    assert rows(c, "SELECT * FROM addresses") == [(2, "green")]
    told = Runtime(c, "", Settings(directory=Path()), Progress(-1), {"bgmigrate.scratch": True, "bgmigrate.findings": []})
    RequireReadBack("users", "addresses", ["user_id"], parts).run(told)
    assert [(f.code, f.severity) for f in told.findings] == [("BGM803", "warning")]
    c.execute("UPDATE users SET street = 'd' WHERE id = 3; DELETE FROM addresses WHERE user_id = 3")
    assert disagree(c, "users", "addresses", ["user_id"], parts) == 1  # contract would lose the value that is only there
    c.execute("DELETE FROM users")
    assert rows(c, "SELECT * FROM addresses") == []


def test_a_changed_key_takes_the_row_along(addresses: Connection) -> None:
    addresses.execute("INSERT INTO users VALUES (1, 'n', 's', 'c')")
    addresses.execute("UPDATE users SET id = 10")
    assert rows(addresses, "SELECT user_id, street, city FROM addresses") == [(10, "s", "c")]


def test_what_the_applications_own_trigger_makes_of_a_write_reaches_both(addresses: Connection) -> None:
    c = addresses
    c.execute("CREATE FUNCTION lower_it() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.street := lower(NEW.street); RETURN NEW; END'")
    c.execute("CREATE TRIGGER lower_it BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION lower_it()")
    c.execute("INSERT INTO users VALUES (1, 'n', 'BLUE')")
    assert rows(c, "SELECT street FROM addresses") == [("blue",)]
    c.execute("UPDATE addresses SET street = 'GREEN'")
    assert rows(c, "SELECT street FROM users") == rows(c, "SELECT street FROM addresses") == [("green",)]


def test_neither_version_needs_a_right_on_the_others_table(addresses: Connection) -> None:
    c = addresses
    c.execute("CREATE ROLE only_blue; CREATE ROLE only_green; GRANT ALL ON users TO only_blue; GRANT ALL ON addresses TO only_green")
    try:
        c.execute("SET ROLE only_blue; INSERT INTO users VALUES (1, 'n', 's'); UPDATE users SET street = 't'; RESET ROLE")
        assert rows(c, "SELECT street FROM addresses") == [("t",)]
        c.execute("SET ROLE only_green; UPDATE addresses SET street = 'u'; RESET ROLE")
        assert rows(c, "SELECT street FROM users") == [("u",)]
        c.execute("SET ROLE only_green")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            c.execute("SELECT bgmigrate.zz_bgm_hold_addresses(1)")
        c.execute("RESET ROLE; SET ROLE only_blue; DELETE FROM users; RESET ROLE")
    finally:
        c.execute("RESET ROLE; DROP OWNED BY only_blue, only_green; DROP ROLE only_blue, only_green")


@pytest.mark.parametrize("path", ['"$user", public', "pg_catalog", ""])
def test_how_search_path_is_spelt_changes_nothing(addresses: Connection, path: str) -> None:
    addresses.execute("SELECT set_config('search_path', %s, false)", [path])
    addresses.execute("INSERT INTO public.users VALUES (1, 'n', 's')")
    addresses.execute("UPDATE public.addresses SET street = 'x'")
    assert rows(addresses, "SELECT street FROM public.users") == [("x",)]


PARTITIONS = """
CREATE TABLE o (a int, b int, v text, PRIMARY KEY (a, b)) PARTITION BY RANGE (b);
CREATE TABLE o2 (v text, b int NOT NULL, a int NOT NULL);
ALTER TABLE o ATTACH PARTITION o2 FOR VALUES FROM (0) TO (9)"""
SHAPES = {
    "composite": ("CREATE TABLE o (a text, b int, v text, PRIMARY KEY (a, b))", "CREATE TABLE n (y int, x text, v text, UNIQUE (y, x))", "o", "n",
                  {"y": "b", "x": "a"}, "(a, b, v) VALUES ('k', 1, {})"),
    "partitions": (PARTITIONS, "CREATE TABLE n (x int, y int, v text, PRIMARY KEY (x, y))", "o", "n",
                   {"x": "a", "y": "b"}, "(a, b, v) VALUES (1, 2, {})"),
    "inheritance": ("CREATE TABLE p (id int PRIMARY KEY, v text); CREATE TABLE o (more text) INHERITS (p)", "CREATE TABLE n (id int PRIMARY KEY, v text)",
                    "p", "n", {"id": "id"}, "(id, v) VALUES (1, {})"),
    "one name in two schemas": ("CREATE SCHEMA one; CREATE SCHEMA two; CREATE TABLE one.t (id int PRIMARY KEY, v text)",
                                "CREATE TABLE two.t (id int PRIMARY KEY, v text)", "one.t", "two.t", {"id": "id"}, "(id, v) VALUES (1, {})"),
    "awkward names": ('CREATE TABLE "Order" ("begin" uuid PRIMARY KEY, "Old" int, v text)', 'CREATE TABLE "it\'s ""n"" %s" ("select" uuid PRIMARY KEY, v text)',
                      "Order", 'it\'s "n" %s', {"select": '"begin"'}, "(\"begin\", v) VALUES ('00000000-0000-0000-0000-000000000001', {})"),
    "words of ours": ("CREATE TABLE new (r int PRIMARY KEY, bgm_row text, v text)", "CREATE TABLE old (r int PRIMARY KEY, v text)", "new", "old", {"r": "r"},
                      "(r, v) VALUES (1, {})"),
    "a long name": (f"CREATE TABLE {'o' * 63} (id int PRIMARY KEY, v text)", f"CREATE TABLE {'n' * 63} (id int PRIMARY KEY, v text)", "o" * 63, "n" * 63,
                    {"id": "id"}, "(id, v) VALUES (1, {})"),
    "types without equality": ("CREATE TABLE o (id int PRIMARY KEY, v json)", "CREATE TABLE n (id bigint PRIMARY KEY, v json)", "o", "n", {"id": "id"},
                               "(id, v) VALUES (1, {}::json)"),
}


@pytest.mark.every_server
@pytest.mark.parametrize("shape", SHAPES)
def test_tables_of_many_shapes_are_kept_in_step_and_leave_nothing(on: Runtime, shape: str) -> None:
    c, (make_old, make_new, old, new, link, insert) = on.connection, SHAPES[shape]
    c.execute(make_old.encode())
    before = rows(c, "SELECT count(*) FROM pg_trigger")
    written = {"inheritance": "o"}.get(shape, old)
    json = shape.startswith("types")
    one, two, three = (f"'\"{v}\"'" if json else f"'{v}'" for v in "abc")
    c.execute(compose("INSERT INTO {t:t} " + insert.format(one), t=written).encode())
    c.execute(make_new.encode())
    parts: list[dict[str, Any]] = [{"forward": {**link, "v": "v"}, "when": "v IS NOT NULL", "backward": {"v": "v"}}]
    arguments: tuple[str, str, list[str], list[dict[str, Any]]] = (old, new, list(link), parts)
    for _ in range(2):
        SynchronizeTables(*arguments).run(on)
        BackfillTable(*arguments).run(on)

    def both() -> list[list[Row]]:
        return [rows(c, compose("SELECT v::text FROM {t:t}", t=t)) for t in (old, new)]

    assert both() == [[(one[1:-1],)]] * 2
    c.execute(compose("UPDATE {t:t} SET v = {v:q}", t=written, v=two).encode())
    assert both() == [[(two[1:-1],)]] * 2
    c.execute(compose("UPDATE {t:t} SET v = {v:q}", t=new, v=three).encode())
    assert both() == [[(three[1:-1],)]] * 2
    assert disagree(c, *arguments) == 0
    c.execute(compose("DELETE FROM {t:t}", t=new).encode())
    assert both() == [[(None,)], []]
    c.execute(compose("UPDATE {t:t} SET v = {v:q}", t=written, v=one).encode())
    c.execute(compose("DELETE FROM {t:t}", t=written).encode())
    assert both() == [[], []]
    c.execute(compose("INSERT INTO {t:t} " + insert.format(one), t=written).encode())
    assert both() == [[(one[1:-1],)]] * 2
    for _ in range(2):
        StopSynchronizingTables(old, new).run(on)
    c.execute(compose("DROP TABLE {t:t}", t=new).encode())
    assert rows(c, "SELECT count(*) FROM pg_trigger") == before
    assert rows(c, "SELECT proname FROM pg_proc WHERE pronamespace = 'bgmigrate'::regnamespace") == []


def test_rollback_is_refused_while_there_are_rows_that_blue_cannot_read(phones: Connection, on: Runtime) -> None:
    readable = RequireReadBack("users", "phones", ["user_id", "position"], TWO)
    phones.execute("INSERT INTO users VALUES (1, 'a', NULL), (2, NULL, NULL)")
    phones.execute("INSERT INTO phones (user_id, position, number) VALUES (1, 2, 'green')")
    readable.run(on)
    phones.execute("INSERT INTO phones (user_id, position, number) VALUES (1, 7, 'lost'), (2, 3, 'lost')")
    with pytest.raises(Refused, match="2 row") as refused:
        readable.run(on)
    assert refused.value.findings[0].code == "BGM917"


@pytest.mark.parametrize(
    ("part", "server_says"),
    [({"when": "strasse IS NOT NULL"}, "strasse"), ({"forward": {"user_id": "id", "street": "upper(street"}}, "syntax error"),
     ({"backward": {"street": "road"}}, "road"), ({"forward": {"user_id": "id", "street": "'a'::point"}}, "point")],
)
def test_an_expression_that_the_server_refuses_changes_nothing(on: Runtime, part: dict[str, Any], server_says: str) -> None:
    c = on.connection
    c.execute("CREATE TABLE users (id int PRIMARY KEY, street text); CREATE TABLE addresses (user_id int PRIMARY KEY, street text)")
    step = SynchronizeTables("users", "addresses", ["user_id"], [{"forward": {"user_id": "id", "street": "street"}, **part}])
    with pytest.raises(Refused, match=server_says) as refused:
        step.run(on)
    assert refused.value.findings[0].code == "BGM904"
    assert rows(c, "SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == [(0,)]
