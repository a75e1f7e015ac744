"""`verify` runs both versions on a clone of the live schema: what breaks is found, what does not is not reported."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from bgmigrate.errors import ConfigurationError
from tests.integration.verifying import PLAIN, SHOP, Bench, errors
from tests.servers import Server

pytestmark = pytest.mark.exhaustive(turns=3)


@pytest.fixture
def bench(server: Server, database: str, tmp_path: Path) -> Bench:
    return Bench(tmp_path, database, server.url)


def test_two_equal_versions_pass_and_leave_nothing_in_the_live_database(bench: Bench) -> None:
    bench.build(SHOP)
    report = bench.verify(blue=SHOP, green=SHOP)
    assert (report.outcome, report.exit_code, report.findings) == ("passed", 0, ())
    assert {(p["probe"], p["version"]) for p in report.extra["probes"]} == {(p, v) for p in ("shape", "roundtrip", "crossread", "identity") for v in ("blue", "green")}
    assert all(p["checked"] and not p["failed"] and not p["inconclusive"] for p in report.extra["probes"])
    assert "no journal" in report.extra["evidence"]
    with psycopg.connect(bench.url) as c:
        assert c.execute("SELECT (SELECT count(*) FROM users), (SELECT last_value FROM users_id_seq)").fetchone() == (0, 1)
        left = c.execute("SELECT datname FROM pg_database WHERE datname LIKE 'bgm_scratch_%'").fetchall()
    assert not left


def test_on_live_rolls_back_what_it_tries(bench: Bench) -> None:
    bench.build(SHOP, "INSERT INTO users (name) VALUES ('somebody')")
    assert bench.verify(blue=SHOP, on="live").outcome == "passed"
    with psycopg.connect(bench.url) as c:
        assert c.execute("SELECT name FROM users").fetchall() == [("somebody",)]


def test_a_not_null_column_that_a_version_does_not_write_fails_its_insert(bench: Bench) -> None:
    bench.build(SHOP, "ALTER TABLE users ADD COLUMN full_name text NOT NULL")
    report = bench.verify(blue=SHOP)
    assert report.exit_code == 3
    assert [(f.code, f.version, f.table, f.column) for f in errors(report)] == [("BGM801", "blue", "users", "full_name")]
    assert "blue's INSERT of users fails: null value in column" in errors(report)[0].what


def test_a_column_that_is_missing_is_one_finding(bench: Bench) -> None:
    bench.build(SHOP, "ALTER TABLE users DROP COLUMN name")
    assert [(f.code, f.table, f.column) for f in errors(bench.verify(blue=SHOP))] == [("BGM802", "users", "name")]


def test_a_missing_table_is_named_with_every_table_whose_statements_fail_because_of_it(bench: Bench) -> None:
    bench.build(SHOP, "DROP TABLE order_tags")
    found = errors(bench.verify(blue=SHOP))
    assert [(f.code, f.table) for f in found] == [("BGM802", "order_tags"), ("BGM801", "orders")]
    assert "DELETE" in found[1].what
    assert "order_tags" in found[1].what


def test_a_table_without_a_class_is_tried_too(bench: Bench) -> None:
    bench.build(SHOP, "ALTER TABLE order_tags ADD COLUMN managed boolean NOT NULL")
    assert [(f.code, f.table, f.column) for f in errors(bench.verify(green=SHOP))] == [("BGM801", "order_tags", "managed")]


def test_an_enum_label_that_the_reader_does_not_know_is_named_with_table_and_column(bench: Bench) -> None:
    green = SHOP.replace('"new", "paid"', '"new", "refunded", "paid"')
    bench.build(green)
    report = bench.verify(blue=SHOP, green=green)
    assert [(f.code, f.version, f.table, f.column) for f in errors(report)] == [("BGM804", "blue", "orders", "status")]
    assert "refunded" in errors(report)[0].what


def test_an_enum_label_that_the_database_does_not_know_is_named_too(bench: Bench) -> None:
    bench.build(SHOP)
    found = errors(bench.verify(green=SHOP.replace('"new", "paid"', '"new", "refunded", "paid"')))
    assert [(f.code, f.table, f.column) for f in found] == [("BGM801", "orders", "status")]


def test_null_where_the_reader_says_not_null_is_a_warning(bench: Bench) -> None:
    green = SHOP.replace("total: Mapped[Decimal | None]", "total: Mapped[Decimal]")
    bench.build(SHOP)
    report = bench.verify(blue=SHOP, green=green)
    assert report.exit_code == 0
    assert [(f.code, f.severity, f.version, f.table, f.column) for f in report.findings] == [("BGM805", "warning", "green", "orders", "total")]


def test_a_constraint_that_only_the_other_version_has_breaks_this_one(bench: Bench) -> None:
    green = SHOP.replace("total: Mapped[Decimal | None]", "total: Mapped[Decimal]")
    bench.build(green)
    assert [(f.code, f.version, f.column) for f in errors(bench.verify(blue=SHOP, green=green))] == [("BGM801", "blue", "total")]


INVOICES = SHOP + """
class Invoice(Base):
    __tablename__ = "invoices"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
"""


def test_rows_of_a_table_that_the_candidate_dropped_block_its_deletes(bench: Bench) -> None:
    bench.build(INVOICES)
    found = errors(bench.verify(blue=INVOICES, green=SHOP))
    assert [(f.code, f.version, f.table) for f in found] == [("BGM801", "green", "orders")]
    assert "invoices" in found[0].what


def test_rows_of_a_table_that_only_the_candidate_has_may_block_the_live_versions_deletes(bench: Bench) -> None:
    bench.build(INVOICES)
    report = bench.verify(blue=SHOP, green=INVOICES)
    assert report.exit_code == 0
    assert [(f.code, f.severity, f.version, f.table) for f in report.findings] == [("BGM801", "warning", "blue", "orders")]


def test_a_value_that_two_models_decode_differently(bench: Bench) -> None:
    cents = """
class Cents(TypeDecorator):
    impl = Integer
    cache_ok = True
    def process_bind_param(self, value, dialect):
        return value
    def process_result_value(self, value, dialect):
        return value
class Price(Base):
    __tablename__ = "prices"
    id: Mapped[int] = mapped_column(primary_key=True)
    amount = mapped_column(Cents)
"""
    euros = cents.replace("        return value\n", "        return value and value * 100\n", 1).replace("        return value\nclass", "        return value and value // 100\nclass")
    bench.build(PLAIN + cents)
    found = errors(bench.verify(blue=PLAIN + cents, green=PLAIN + euros))
    assert {(f.code, f.table, f.column) for f in found} == {("BGM803", "prices", "amount")}


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "drift",
    [
        "ALTER TABLE orders ALTER total SET NOT NULL",
        "ALTER TABLE users ALTER name TYPE text",
        "CREATE TABLE other (id int)",
        "ALTER TABLE users ADD COLUMN note text, ADD COLUMN made timestamptz NOT NULL DEFAULT now()",
        "CREATE INDEX ON users (name)",
        "CREATE VIEW names AS SELECT name FROM users",
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'x'; END $$",
    ],
)
def test_what_was_different_before_and_breaks_nothing_new_is_no_failure(bench: Bench, drift: str) -> None:
    bench.build(SHOP, drift)
    report = bench.verify(blue=SHOP, green=SHOP)
    assert report.exit_code == 0
    assert {f.code for f in report.findings} <= {"BGM807"}


AWKWARD = PLAIN + """
class Kind(enum.Enum):
    a = "A"
    b = "B"

class Everything(Base):
    __tablename__ = 'Every "thing" %s'
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    kind: Mapped[Kind]
    small: Mapped[int] = mapped_column(SmallInteger, CheckConstraint("small BETWEEN 3 AND 5"))
    code: Mapped[str] = mapped_column(String(2), unique=True)
    state: Mapped[str] = mapped_column(String(9), CheckConstraint("state IN ('on', 'off')"))
    mail: Mapped[str] = mapped_column("E-mail", Text, CheckConstraint("\\"E-mail\\" LIKE '%@%'"))
    starts: Mapped[date]
    ends: Mapped[date]
    ratio: Mapped[float]
    price: Mapped[Decimal] = mapped_column(Numeric(3, 2))
    raw: Mapped[bytes]
    bag = mapped_column(postgresql.JSONB, nullable=False)
    words = mapped_column(postgresql.ARRAY(Text), nullable=False)
    place = mapped_column(postgresql.INET)
    during = mapped_column(postgresql.TSTZRANGE)
    took: Mapped[timedelta]
    search = mapped_column(postgresql.TSVECTOR, Computed("to_tsvector('simple', state)", persisted=True))
    number: Mapped[int] = mapped_column(Integer, Identity(always=True))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey('Every "thing" %s.id', deferrable=True, initially="DEFERRED"))
    __table_args__ = (CheckConstraint("ends > starts"),)

    @validates("code")
    def refuse(self, key, value):
        raise ValueError("no code of yours")

class Animal(Base):
    __tablename__ = "animals"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "animal"}

class Dog(Animal):
    __tablename__ = "dogs"
    id: Mapped[int] = mapped_column(ForeignKey("animals.id"), primary_key=True)
    breed: Mapped[str]
    __mapper_args__ = {"polymorphic_identity": "dog"}

class Cat(Animal):
    lives: Mapped[int | None]
    __mapper_args__ = {"polymorphic_identity": "cat"}

class Profile(Base):
    __tablename__ = "profiles"
    animal_id: Mapped[int] = mapped_column(ForeignKey("animals.id", ondelete="CASCADE"), primary_key=True)
    version = mapped_column(Integer, nullable=False)
    animal: Mapped[Animal] = relationship()
    __mapper_args__ = {"version_id_col": version}
"""


def test_awkward_models_pass_on_their_own_schema_and_prove_everything(bench: Bench) -> None:
    bench.build(AWKWARD)
    report = bench.verify(blue=AWKWARD, green=AWKWARD)
    assert [f.what for f in report.findings] == []
    assert report.outcome == "passed"
    assert not any(p["inconclusive"] for p in report.extra["probes"])


def test_a_row_that_cannot_be_made_is_inconclusive_and_never_passed(bench: Bench) -> None:
    text = PLAIN + """
class Seal(Base):
    __tablename__ = "seals"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text, CheckConstraint("md5(code) = '0cc175b9c0f1b6a831c399e269772661x'"))
"""
    bench.build(text)
    report = bench.verify(blue=text)
    assert (report.outcome, report.exit_code) == ("inconclusive", 4)
    assert {(f.code, f.table) for f in report.findings} == {("BGM806", "seals")}


def test_triggers_of_the_applications_own_are_no_break(bench: Bench) -> None:
    bench.build(SHOP, """
        CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'tags are for ever'; END $$;
        CREATE TRIGGER keep BEFORE DELETE ON tags FOR EACH ROW EXECUTE FUNCTION keep();
        CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$;
        CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION shout()""")
    report = bench.verify(blue=SHOP)
    assert report.exit_code == 0
    assert [(f.code, f.severity, f.table) for f in report.findings] == [("BGM806", "info", "tags")]


def test_a_column_that_stores_less_than_the_model_writes_is_a_warning(bench: Bench) -> None:
    bench.build(SHOP, "ALTER TABLE orders ALTER total TYPE numeric(10, 0)")
    text = SHOP.replace("total: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))", "total: Mapped[float | None] = mapped_column(Float)")
    report = bench.verify(blue=text)
    assert report.exit_code == 0
    assert ("BGM803", "warning", "orders", "total") in {(f.code, f.severity, f.table, f.column) for f in report.findings}


def test_a_simple_view_in_a_tables_place_is_written_through(bench: Bench) -> None:
    bench.build(SHOP, "ALTER TABLE users RENAME TO people", "CREATE VIEW users AS SELECT * FROM people")
    report = bench.verify(blue=SHOP)
    assert report.exit_code == 0
    assert {f.code for f in report.findings} <= {"BGM807"}


TEAMS = PLAIN + """
class Team(Base):
    __tablename__ = "teams"
    id: Mapped[int] = mapped_column(primary_key=True)

class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id"))
"""


def test_rows_of_a_table_that_the_reader_knows_by_its_new_name_are_its_own_to_delete(bench: Bench) -> None:
    """The foreign key is one of the table, whose old name the candidate's model has only as a hint."""
    bench.build(TEAMS, "CREATE VIEW persons AS SELECT * FROM people")
    green = TEAMS.replace('"people"', '"persons"').replace('teams.id"))', 'teams.id"))\n    __table_args__ = {"info": {"bgmigrate": {"renamed_from": "people"}}}')
    assert errors(bench.verify(blue=TEAMS, green=green)) == []


EVENTS = PLAIN + """
class Event(Base):
    __tablename__ = "Events"
    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    zone: Mapped[str] = mapped_column(String(20), primary_key=True)
    __table_args__ = {"postgresql_partition_by": "RANGE (day)"}
"""


def test_a_partitioned_table_takes_the_probes_rows_whatever_its_partitions_are_for(bench: Bench) -> None:
    bench.build(
        EVENTS,
        """CREATE TABLE events_1 PARTITION OF "Events" FOR VALUES FROM ('1999-01-01') TO ('1999-02-01') PARTITION BY LIST (zone)""",
        "CREATE TABLE events_1_eu PARTITION OF events_1 FOR VALUES IN ('eu')",
    )
    report = bench.verify(blue=EVENTS)
    assert (report.exit_code, report.findings) == (0, ())
    with psycopg.connect(bench.url) as c:
        assert c.execute("SELECT count(*) FROM pg_inherits WHERE inhparent IN ('\"Events\"'::regclass, 'events_1'::regclass)").fetchone() == (2,)


def test_other_schemas_and_search_paths_are_found(bench: Bench) -> None:
    text = PLAIN + """
class Log(Base):
    __tablename__ = "log"
    __table_args__ = {"schema": "Audit Trail"}
    id: Mapped[int] = mapped_column(primary_key=True)
"""
    with psycopg.connect(bench.url, autocommit=True) as c:
        c.execute('CREATE SCHEMA "Audit Trail"')
    bench.build(text)
    assert bench.verify(blue=text).outcome == "passed"


def test_extensions_of_the_live_database_are_in_the_clone(bench: Bench) -> None:
    text = PLAIN + """
class Word(Base):
    __tablename__ = "words"
    id: Mapped[int] = mapped_column(primary_key=True)
    word = mapped_column(postgresql.CITEXT, nullable=False, unique=True)
"""
    with psycopg.connect(bench.url, autocommit=True) as c:
        c.execute("CREATE EXTENSION citext")
    bench.build(text)
    assert bench.verify(blue=text, green=text).outcome == "passed"


def test_a_snapshot_is_tried_with_core_statements(bench: Bench) -> None:
    import json

    from bgmigrate.progress import Progress
    from bgmigrate.versions.load import snapshot_of
    from bgmigrate.workflow.verify import verify

    bench.build(SHOP, "ALTER TABLE users ADD COLUMN full_name text NOT NULL")
    (bench.directory / "blue.json").write_text(json.dumps(snapshot_of(bench.settings, bench.tree("blue", SHOP)).as_json()))
    report = verify(bench.settings, blue="snapshot:blue.json", progress=Progress(-1))
    assert [(f.code, f.table, f.column) for f in errors(report)] == [("BGM801", "users", "full_name")]


def test_a_version_that_cannot_be_loaded_stops_it_with_its_last_line(bench: Bench) -> None:
    bench.build(SHOP)
    with pytest.raises(ConfigurationError, match="RuntimeError: no licence") as caught:
        bench.verify(blue=SHOP, green="raise RuntimeError('no licence')")
    assert caught.value.findings[0].code == "BGM922"


def test_the_report_is_one_page(bench: Bench) -> None:
    bench.build(SHOP, "ALTER TABLE users ADD COLUMN \"<b>\" text NOT NULL")
    bench.verify(blue=SHOP, report=[bench.directory / "out.html"])
    text = (bench.directory / "out.html").read_text()
    assert "BGM801" in text
    assert "&lt;b&gt;" in text
