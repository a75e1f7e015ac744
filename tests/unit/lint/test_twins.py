"""What a rule finds, and what looks nearly the same and is harmless; in the phase where it matters."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from bgmigrate.lint.known import Known
from bgmigrate.lint.statement import Phase
from bgmigrate.lint.types import narrows
from tests.unit.lint.reading import found, reading

HISTORY = '''
op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("note", sa.String(40), nullable=False, server_default="x"),
                sa.Column("total", sa.BigInteger()), sa.Column("day", sa.Date()))
op.create_table("items", sa.Column("id", sa.BigInteger(), primary_key=True), sa.Column("order_id", sa.Integer(), sa.ForeignKey("orders.id")))
op.create_index("ix_orders_day", "orders", ["day"])
op.execute("CREATE VIEW days AS SELECT o.day AS d FROM orders o WHERE o.total > 3")
op.execute("CREATE PUBLICATION feed FOR TABLE items")
op.create_table("audit", sa.Column("id", sa.BigInteger()), schema="archive")
op.create_check_constraint("ck_note", "orders", "note <> ''")
'''
ALTER = 'op.alter_column("orders", {!r}, {})'
LOOP = 'rows = op.get_bind().execute(sa.text("SELECT id FROM orders")){}\nfor row in rows:\n    op.get_bind().execute(sa.text("{}"))'


@pytest.fixture
def known(tmp_path: Path) -> Known:
    made = Known()
    (tmp_path / "history").mkdir()
    reading(tmp_path / "history", HISTORY, known=made)
    return made


@pytest.mark.parametrize(("phase", "body", "code", "severity"), [
    ("history", ALTER.format("note", "existing_type=sa.String(40), type_=sa.String(80)"), "BGM117", "error"),
    ("history", 'op.execute("COMMENT ON COLUMN orders.day IS NULL")', "BGM124", "info"),
    ("expand", ALTER.format("note", "nullable=True"), "BGM208", "warning"),
    ("history", ALTER.format("note", "nullable=True"), "BGM208", "info"),
    ("expand", ALTER.format("note", 'server_default="y"'), "BGM209", "warning"),
    ("history", ALTER.format("note", "server_default=None"), "BGM209", "warning"),
    ("expand", 'op.create_unique_constraint("uq", "orders", ["day"])', "BGM210", "warning"),
    ("expand", 'op.execute("CREATE UNIQUE INDEX u ON orders (day)")', "BGM210", "warning"),
    ("history", ALTER.format("note", "existing_type=sa.String(40), type_=sa.Text()"), "BGM214", "info"),
    ("history", ALTER.format("total", "existing_type=sa.BigInteger(), type_=sa.Numeric()"), "BGM215", "error"),
    ("history", 'op.drop_column("orders", "day")', "BGM215", "error"),
    ("contract", 'op.execute("DROP TABLE orders")', "BGM215", "error"),
    ("history", 'op.add_column("items", sa.Column("a", sa.Text()))', "BGM217", "warning"),
    ("history", ALTER.format("id", "existing_type=sa.Integer(), type_=sa.BigInteger()"), "BGM218", "error"),
    ("history", 'op.add_column("orders", sa.Column("a", sa.Text()))', "BGM401", "info"),
    ("history", "op.execute(\"SET lock_timeout = 0\")\nop.drop_constraint('ck_note', 'orders', type_='check')", "BGM401", "info"),
    ("history", 'op.execute("SELECT pg_advisory_lock(3)")', "BGM410", "info"),
    ("history", "op.execute(\"SELECT set_config('search_path', 'archive', false)\")", "BGM410", "info"),
    ("history", ALTER.format("total", "type_=sa.Integer()"), "BGM503", "warning"),
    ("history", 'op.add_column("items", sa.Column("o", sa.BigInteger(), sa.ForeignKey("orders.id")))', "BGM506", "warning"),
    ("history", 'op.execute("CREATE TABLE s (id bigserial)")', "BGM602", "info"),
    ("history", 'op.execute("ALTER TABLE audit ADD COLUMN a text")', "BGM610", "info"),
    ("history", 'op.get_bind().execute(sa.schema.CreateSchema("x"))\nsa.Enum("a", "b", name="e").create(op.get_bind())', "BGM611", "info"),
    ("history", 'op.create_foreign_key(None, "items", "orders", ["id"], ["id"], postgresql_not_valid=True)', "BGM613", "info"),
    ("history", 'op.drop_table("items")\nop.create_table("items", sa.Column("id", sa.BigInteger()))', "BGM614", "warning"),
    ("history", LOOP.format(".fetchall()", "UPDATE orders SET note = :n WHERE id = :i"), "BGM705", "info"),
])
def test_it_is_found(phase: str, body: str, code: str, severity: str, known: Known, tmp_path: Path) -> None:
    told = [f for f in found(tmp_path, body, phase=cast(Phase, phase), known=known) if f.code == code]

    assert {f.severity for f in told} == {severity}


@pytest.mark.parametrize(("phase", "body", "code"), [
    ("history", ALTER.format("day", "existing_type=sa.Date(), type_=sa.DateTime()"), "BGM117"),
    ("history", 'op.drop_constraint("ck_note", "orders")\n' + ALTER.format("note", "existing_type=sa.String(40), type_=sa.String(80)"), "BGM117"),
    ("history", 'op.create_table("new", sa.Column("a", sa.Text(), comment="x"))\nop.execute("COMMENT ON TABLE new IS NULL")', "BGM124"),
    ("contract", ALTER.format("note", "nullable=True"), "BGM208"),
    ("expand", ALTER.format("day", "nullable=True"), "BGM208"),
    ("contract", ALTER.format("note", 'server_default="y"'), "BGM209"),
    ("expand", ALTER.format("note", 'server_default="x"'), "BGM209"),
    ("expand", 'op.add_column("orders", sa.Column("a", sa.Text()))\nop.create_unique_constraint("uq", "orders", ["a"])', "BGM210"),
    ("contract", 'op.create_unique_constraint("uq", "orders", ["day"])', "BGM210"),
    ("history", 'op.create_unique_constraint("uq", "orders", ["day"])', "BGM210"),
    ("expand", 'op.drop_constraint("ck_note", "orders")\nop.create_check_constraint("ck_note", "orders", "note > \'\'")', "BGM210"),
    ("history", ALTER.format("note", "type_=sa.String(40)"), "BGM214"),
    ("history", 'op.drop_column("orders", "note")', "BGM215"),
    ("history", 'op.execute("DROP VIEW days")\nop.drop_column("orders", "day")', "BGM215"),
    ("history", 'op.add_column("orders", sa.Column("a", sa.Text()))', "BGM217"),
    ("history", ALTER.format("total", "existing_type=sa.BigInteger(), type_=sa.Numeric()"), "BGM218"),
    ("history", "op.execute(\"SET lock_timeout = '1s'\")\nop.add_column('orders', sa.Column('a', sa.Text()))", "BGM401"),
    ("history", 'op.create_table("new", sa.Column("a", sa.Text()))\nop.drop_table("new")', "BGM401"),
    ("history", 'op.execute("ALTER TABLE orders ALTER id TYPE bigint, ALTER total TYPE numeric")', "BGM408"),
    ("history", "op.execute(\"SET search_path = archive\")\nop.execute(\"RESET search_path\")", "BGM410"),
    ("history", "op.execute(\"SELECT set_config('lock_timeout', '1s', true)\")", "BGM410"),
    ("history", ALTER.format("total", "existing_type=sa.BigInteger(), type_=sa.Numeric()"), "BGM503"),
    ("history", 'op.create_foreign_key("k", "items", "orders", ["order_id"], ["id"], postgresql_not_valid=True)', "BGM506"),
    ("history", 'op.execute("CREATE TABLE s (id bigint GENERATED ALWAYS AS IDENTITY)")', "BGM602"),
    ("history", 'op.drop_index("ix_orders_day", table_name="orders")\nop.create_index("ix_orders_note", "orders", ["note"])', "BGM608"),
    ("history", 'op.drop_index("ix_orders_day", table_name="orders")\nop.create_index("ix_orders_day2", "orders", ["day"])', "BGM608"),
    ("history", 'op.execute("ALTER TABLE orders ADD COLUMN a text")', "BGM610"),
    ("history", 'op.create_table("t", sa.Column("a", sa.Boolean()), sa.Column("b", sa.Text()), sa.Column("c", sa.BigInteger()))', "BGM612"),
    ("history", 'op.create_table("new", sa.Column("a", sa.Integer(), sa.ForeignKey("orders.id")))', "BGM613"),
    ("history", 'op.create_table("t", sa.Column("a", sa.Text()))\nop.drop_table("t")\nop.create_table("t", sa.Column("b", sa.Text()))', "BGM614"),
    ("history", LOOP.format("", "UPDATE orders SET note = :n WHERE id = :i AND note IS NOT DISTINCT FROM :was"), "BGM705"),
    ("history", LOOP.format("", "INSERT INTO items VALUES (1)"), "BGM705"),
    ("history", 'op.execute("CREATE TRIGGER zzz AFTER UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION f()")', "BGM706"),
])
def test_its_twin_is_not(phase: str, body: str, code: str, known: Known, tmp_path: Path) -> None:
    assert code not in [f.code for f in found(tmp_path, body, phase=cast(Phase, phase), known=known)]


@pytest.mark.parametrize(("was", "to", "expected"), [
    ("bigint", "integer", True), ("integer", "bigint", False), ("integer", "numeric", False), ("numeric(8, 2)", "integer", True),
    ("varchar(40)", "varchar(20)", True), ("varchar(20)", "varchar(40)", False), ("varchar(20)", "text", False), ("text", "varchar(9)", True),
    ("text", "integer", True), ("float", "integer", True), ("timestamptz", "date", True), ("date", "timestamptz", False), ("", "integer", False),
    ("numeric(5, 2)", "numeric(8, 2)", False), ("numeric(8, 3)", "numeric(8, 2)", True), ("numeric", "numeric(8, 2)", True), ("uuid", "text", False),
])
def test_which_types_hold_less(was: str, to: str, expected: bool) -> None:
    assert narrows(was, to) is expected


def test_general_advice_gives_way_to_what_is_certain(known: Known, tmp_path: Path) -> None:
    assert [f.code for f in found(tmp_path, 'op.create_index("i", "orders", ["note"])', known=known)] == ["BGM101"]
