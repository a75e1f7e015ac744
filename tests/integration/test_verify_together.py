"""Bulk inserts, upserts and deletes that take related rows along: what fails although single rows go through."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.verifying import PLAIN, SHOP, Bench, errors
from tests.servers import Server

LEAVES_IT_TO_THE_DATABASE = PLAIN + """
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    mail: Mapped[str] = mapped_column(Text, unique=True)
    orders: Mapped[list["Order"]] = relationship(cascade="all, delete-orphan", passive_deletes=True)

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE", name="orders_user_fk"))
"""


@pytest.fixture
def bench(server: Server, database: str, tmp_path: Path) -> Bench:
    return Bench(tmp_path, database, server.url)


def test_a_delete_that_the_database_was_to_pass_on_fails_where_it_does_not(bench: Bench) -> None:
    restricts = "ALTER TABLE orders DROP CONSTRAINT orders_user_fk, ADD CONSTRAINT orders_user_fk FOREIGN KEY (user_id) REFERENCES users"
    lenient = LEAVES_IT_TO_THE_DATABASE.replace(', passive_deletes=True', '')
    bench.build(LEAVES_IT_TO_THE_DATABASE, restricts)
    assert not errors(bench.verify(blue=lenient))  # its ORM deletes the orders itself
    # passive_deletes deletes what is loaded, and only the database would delete the rest
    found = errors(bench.verify(green=LEAVES_IT_TO_THE_DATABASE))
    assert [(f.code, f.version, f.table) for f in found] == [("BGM801", "green", "users")]
    assert "DELETE with its User.orders" in found[0].what


def test_a_key_that_is_gone_is_a_warning_for_it_may_be_upserted_on(bench: Bench) -> None:
    bench.build(LEAVES_IT_TO_THE_DATABASE, "ALTER TABLE users DROP CONSTRAINT users_mail_key")
    report = bench.verify(blue=LEAVES_IT_TO_THE_DATABASE)
    assert report.outcome == "passed"
    assert [(f.code, f.severity, f.table) for f in report.findings] == [("BGM801", "warning", "users")]
    assert "ON CONFLICT (mail)" in report.findings[0].what


def test_several_rows_at_once_are_tried_of_classes_and_tables(bench: Bench) -> None:
    bench.build(SHOP)
    alone = {p["version"]: p["checked"] for p in bench.verify(blue=SHOP).extra["probes"] if p["probe"] == "roundtrip"}
    # users, orders, tags and order_tags: a bulk insert and an upsert each, and the cascades of users.orders and orders.tags
    assert alone["blue"] >= 4 + 4 + 2
