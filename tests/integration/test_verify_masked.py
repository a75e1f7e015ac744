"""What releases of real applications taught `verify` (tests/corpus): breaks that hide behind others, rows that could not be made, and false alarms."""

from __future__ import annotations

from pathlib import Path

import pytest

from bgmigrate.workflow.report import Report
from tests.integration.verifying import PLAIN, SHOP, Bench, errors
from tests.servers import Server

pytestmark = pytest.mark.exhaustive(turns=3)


@pytest.fixture
def bench(database: str, server: Server, tmp_path: Path) -> Bench:
    return Bench(tmp_path, database, server.url)


def told(report: Report) -> set[tuple[str, str | None, str | None]]:
    return {(str(f.version), f.table, f.column) for f in errors(report)}


def test_a_required_column_is_told_though_a_missing_one_fails_first(bench: Bench) -> None:
    green = SHOP.replace("name: Mapped[str] = mapped_column(String(80))", "full_name: Mapped[str] = mapped_column(Text)")
    bench.build(green)
    assert told(bench.verify(blue=SHOP, green=green)) >= {("blue", "users", "name"), ("blue", "users", "full_name")}


def test_a_null_that_the_column_refuses_is_told_though_a_missing_one_fails_first(bench: Bench) -> None:
    blue = SHOP.replace("total: Mapped[Decimal | None]", "total: Mapped[Decimal]")
    green = SHOP.replace("total: Mapped", "note: Mapped[str | None]\n    total: Mapped")
    bench.build(blue)
    assert told(bench.verify(blue=blue, green=green)) >= {("green", "orders", "note"), ("green", "orders", "total")}


def test_what_a_trigger_may_fill_in_is_not_told(bench: Bench) -> None:
    green = SHOP.replace("name: Mapped[str] = mapped_column(String(80))", "full_name: Mapped[str] = mapped_column(Text)")
    bench.build(
        green, "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.full_name := 'x'; RETURN NEW; END$$",
        "CREATE TRIGGER fill BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION fill()",
    )
    assert ("blue", "users", "full_name") not in told(bench.verify(blue=SHOP, green=green))


LABELS = PLAIN + """
class Label(Base):
    __tablename__ = "labels"
    id: Mapped[int] = mapped_column(primary_key=True)
    short: Mapped[str | None] = mapped_column(String(20))
    long: Mapped[str | None] = mapped_column(String(30))
"""
WIDE = LABELS.replace("String(20)", "String(200)").replace("String(30)", "Text")


def test_texts_that_a_column_has_no_room_for_are_told_column_by_column(bench: Bench) -> None:
    bench.build(LABELS)
    assert told(bench.verify(blue=LABELS, green=WIDE)) == {("green", "labels", "short"), ("green", "labels", "long")}


def test_a_column_that_is_too_narrow_for_both_was_so_before(bench: Bench) -> None:
    bench.build(LABELS)
    report = bench.verify(blue=WIDE, green=WIDE)
    assert report.exit_code == 0, report.findings


def test_a_row_without_its_optional_parent_is_read_and_deleted_when_the_parent_cannot_be_written(bench: Bench) -> None:
    text = SHOP + """
class Gift(Base):
    __tablename__ = "gifts"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    cards: Mapped[list["Card"]] = relationship()

class Card(Base):
    __tablename__ = "cards"
    id: Mapped[int] = mapped_column(primary_key=True)
    gift_id: Mapped[int | None] = mapped_column(ForeignKey("gifts.id"))
"""
    bench.build(text, "ALTER TABLE users DROP COLUMN name", "ALTER TABLE cards RENAME gift_id TO gift")
    assert any(f.table == "gifts" and "DELETE" in f.what for f in errors(bench.verify(green=text)))


CIRCLE = PLAIN + """
class Job(Base):
    __tablename__ = "jobs"
    id: Mapped[int] = mapped_column(primary_key=True)
    serial: Mapped[str] = mapped_column(String(40), default="", unique=True)
    parent_run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id", use_alter=True, name="jobs_parent"))

class Run(Base):
    __tablename__ = "runs"
    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("jobs.id"))
"""


def test_optional_keys_in_a_circle_and_unique_defaults_leave_nothing_unproved(bench: Bench) -> None:
    bench.build(CIRCLE)
    report = bench.verify(blue=CIRCLE, green=CIRCLE)
    assert report.exit_code == 0, report.findings


KEYS = PLAIN + """
from sqlalchemy.ext.mutable import MutableDict

class Json(TypeDecorator):
    impl = Text
    cache_ok = True
    def process_bind_param(self, value, dialect):
        import json
        return json.dumps(value)
    def process_result_value(self, value, dialect):
        import json
        return json.loads(value)

class Provider(Base):
    __tablename__ = "providers"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)

class Protocol(Base):
    __tablename__ = "protocols"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    provider_id: Mapped[str] = mapped_column(ForeignKey("providers.id"), primary_key=True)

class Login(Base):
    __tablename__ = "logins"
    __table_args__ = (ForeignKeyConstraint(["protocol_id", "provider_id"], ["protocols.id", "protocols.provider_id"]),)
    provider_id: Mapped[str] = mapped_column(ForeignKey("providers.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    protocol_id: Mapped[str] = mapped_column(String(64))
    data = mapped_column(MutableDict.as_mutable(Json))
"""


def test_keys_that_share_a_column_and_mutable_dictionaries_leave_nothing_unproved(bench: Bench) -> None:
    bench.build(KEYS)
    report = bench.verify(blue=KEYS, green=KEYS)
    assert report.exit_code == 0, report.findings


STRICT = SHOP.replace("total: Mapped[Decimal | None]", "total: Mapped[Decimal]")
MIGRATED = ("CREATE TABLE alembic_version (version_num text)", "INSERT INTO alembic_version VALUES ('1')")


def test_a_column_that_was_not_null_before_the_last_migration_is_no_break(bench: Bench) -> None:
    """Green's model says at last what the table always was."""
    bench.build(STRICT, *MIGRATED)
    assert bench.verify(blue=SHOP, green=STRICT).exit_code == 0


def test_a_column_that_a_migration_made_not_null_is(bench: Bench) -> None:
    bench.build(SHOP, "ALTER TABLE orders ALTER total SET NOT NULL", *MIGRATED)
    assert told(bench.verify(blue=SHOP, green=STRICT)) == {("blue", "orders", "total")}
