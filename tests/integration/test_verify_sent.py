"""Statements that a server takes apart only when it plans or runs them, and such as it takes on both schemas to mean different things."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from bgmigrate.verify.look import Seen, look, looked_at
from bgmigrate.verify.positional import Insert, filled
from tests.integration.shop import BLUE, GREEN
from tests.integration.verifying import SHOP, Bench, errors
from tests.project import Project
from tests.servers import Server

pytestmark = pytest.mark.exhaustive(turns=3)


@pytest.fixture
def bench(server: Server, database: str, tmp_path: Path) -> Bench:
    return Bench(tmp_path, database, server.url)


def file(bench: Bench, text: str) -> str:
    (bench.directory / "sent.sql").write_text(text, encoding="utf-8")
    return str(bench.directory / "sent.sql")


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("INSERT INTO people VALUES ($1, $2, $3)", ""),
        ("INSERT INTO people VALUES ($1, $2, $3, $4)", "42601"),
        ("INSERT INTO people (name) VALUES ($1) ON CONFLICT (id) DO NOTHING", ""),
        ("INSERT INTO people (name) VALUES ($1) ON CONFLICT (name) DO NOTHING", "42P10"),
        ("INSERT INTO shown VALUES ($1) ON CONFLICT (id) DO NOTHING", ""),
        ("INSERT INTO shown VALUES ($1) ON CONFLICT ON CONSTRAINT people_pkey DO NOTHING", "42704"),
        ("INSERT INTO shown (id) VALUES ($1)", ""),
        ("DECLARE c CURSOR FOR SELECT nothing FROM people", "42703"),
        ("TRUNCATE people", ""),
        ("TRUNCATE shown", "42809"),
        ("TRUNCATE owners", "0A000"),
        ("COPY people (id, name) FROM STDIN WITH (FORMAT binary)", ""),
        ("COPY people (id, nothing) FROM STDIN", "42703"),
        ("COPY shown FROM STDIN", "42809"),
        ("COPY public.people TO STDOUT", ""),
        ("COPY shown TO STDOUT (FORMAT csv)", "42809"),
        ("COPY (SELECT nothing FROM people) TO STDOUT", "42703"),
    ],
)
def test_what_the_server_refuses_is_seen_and_nothing_is_changed_by_looking(database: str, text: str, state: str) -> None:
    with psycopg.connect(database, autocommit=True) as c:
        c.execute("CREATE TABLE owners (id int PRIMARY KEY)")
        c.execute("CREATE TABLE people (id int PRIMARY KEY, name text, owner int REFERENCES owners)")
        c.execute("CREATE VIEW shown AS SELECT * FROM people")
        c.execute("INSERT INTO people VALUES (1, 'a')")
        assert looked_at(text)
        assert look(database, ["SELECT 1", text, "SELECT 2"])[text].state == state  # whatever it is, the next one is looked at
        assert c.execute("SELECT id, name FROM people").fetchall() == [(1, "a")]


@pytest.mark.parametrize("text", ["COPY people FROM '/etc/passwd'", "COPY people TO PROGRAM 'touch x' -- STDOUT", "COPY people FROM PROGRAM 'STDIN'", "VACUUM", "DO $$ BEGIN END $$"])
def test_what_would_do_something_is_not_looked_at(text: str) -> None:
    assert not looked_at(text)


def test_two_statements_in_one_text_are_not_run(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as c:
        c.execute("CREATE TABLE people (id int)")
        text = "TRUNCATE people; DROP TABLE people"
        assert look(database, [text])[text].state == "42601"
        assert c.execute("SELECT to_regclass('people')::text").fetchone() == ("people",)


def test_the_columns_that_a_positional_insert_writes_come_in_their_order(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as c:
        c.execute('CREATE TABLE "P" (zip text, id int, gone int, a int)')
        c.execute('ALTER TABLE "P" DROP COLUMN gone')
    text = 'INSERT INTO "P" VALUES ($1, $2, $3)'
    assert look(database, [text])[text] == Seen(table="P", filled=("zip", "id", "a"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('INSERT INTO s."T" VALUES ($1, now()), (2, now())', Insert(table='s."T"', name="s.T", values=2)),
        ("insert into t select a, b.c from b", Insert(table="t", name="t", values=2)),
        ("INSERT INTO t SELECT b.*, 1 FROM b", None),
        ("INSERT INTO t TABLE b", None),
        ("INSERT INTO t DEFAULT VALUES", None),
        ("INSERT INTO t (a) VALUES (1)", None),
        ("UPDATE t SET a = 'INSERT'", None),
        ("INSERT INTO t VALUES (", None),
    ],
)
def test_inserts_without_column_names_are_told_from_others(text: str, found: Insert | None) -> None:
    assert filled(text) == found


LESS = SHOP.replace("    total: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))\n", "")


def test_an_insert_with_more_values_than_columns_is_no_longer_taken_for_a_normalised_statement(bench: Bench) -> None:
    bench.build(LESS)
    found = errors(bench.verify(blue=SHOP, green=LESS, statements=[f"blue={file(bench, 'INSERT INTO orders VALUES ($1, $2, $3, $4)')}"]))
    assert [f.what for f in found if f.probe == "statements"] == [
        "a statement that blue sends fails on this schema: INSERT has more expressions than target columns; INSERT INTO orders VALUES ($1, $2, $3, $4)"
    ]


def test_an_upsert_that_is_sent_and_whose_key_is_gone_fails_for_certain(bench: Bench) -> None:
    bench.build(SHOP, "ALTER TABLE tags DROP CONSTRAINT tags_pkey CASCADE")
    found = errors(bench.verify(blue=SHOP, statements=[f"blue={file(bench, 'INSERT INTO tags VALUES ($1) ON CONFLICT (label) DO NOTHING')}"]))
    assert [(f.code, f.table, f.probe) for f in found] == [("BGM801", "tags", "statements")]


def test_a_positional_insert_of_the_candidate_that_meets_a_column_of_the_other_version_is_a_warning(bench: Bench) -> None:
    bench.build(SHOP, "ALTER TABLE orders ADD COLUMN note text")
    green = LESS.replace("    user: Mapped", "    note: Mapped[str | None] = mapped_column(Text)\n    user: Mapped")
    text = "INSERT INTO orders VALUES ($1, $2, $3, $4)"
    report = bench.verify(blue=SHOP, green=green, statements=[f"blue={file(bench, text)}", f"green={file(bench, text)}"])
    found = [f for f in report.findings if f.code == "BGM812"]
    assert [(f.severity, f.version, f.table) for f in found] == [("warning", "green", "orders")]
    assert "does not know total" in found[0].what
    assert found[0].next == "Name the columns: INSERT INTO orders (id, user_id, status, note) …"


def test_a_star_of_the_candidate_is_no_alarm_for_a_column_that_was_always_unmapped(bench: Bench) -> None:
    """Its sessions begin on this schema: they see no other result than the one that they see first."""
    green = SHOP.replace("    user: Mapped", "    note: Mapped[str | None] = mapped_column(Text)\n    user: Mapped")
    bench.build(green, "ALTER TABLE orders ADD COLUMN legacy int")
    report = bench.verify(blue=SHOP, green=green, statements=[f"green={file(bench, 'SELECT * FROM orders')}"])
    assert (report.outcome, report.findings) == ("passed", ())


PET = """
class Pet(Base):
    __tablename__ = "pets"
    id: Mapped[int] = mapped_column(primary_key=True)
    nick: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(Text)
"""


def test_the_contracts_change_what_a_star_returns_and_where_positional_values_go(project: Project) -> None:
    """The candidate's sessions meet the contract; a column that is renamed takes the place of the old one, which is as it should be."""
    project.models(blue=BLUE + PET, green=GREEN + PET.replace("    nick: Mapped[str | None] = mapped_column(Text)\n", ""))
    project.start_blue()
    project.must("plan", "-m", "change", "--from", project.spec("blue"), "--target", project.spec("green"))
    project.must("expand")
    sent = project.directory / "sent.sql"
    sent.write_text("SELECT * FROM pets; INSERT INTO pets VALUES ($1, $2); INSERT INTO users VALUES ($1, $2)", encoding="utf-8")
    report = project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"), "--statements", f"green={sent}",
                          "--statements", f"blue={sent}", code=3).json
    found = {(f["code"], f["severity"], f["version"], f.get("table")) for f in report["findings"] if f["probe"] == "statements"}
    assert found == {("BGM214", "error", "green", "pets"), ("BGM812", "warning", "green", "pets"), ("BGM812", "info", "blue", "pets")}
    what = next(f for f in report["findings"] if f["code"] == "BGM812" and f["version"] == "green")
    assert "writes id, name of pets once the pending contracts are applied, and id, nick until then" in what["what"]
    assert what["next"] == "Name the columns: INSERT INTO pets (id, name) …"
