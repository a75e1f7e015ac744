"""The same hazard however it is written: as an operation, in a batch, as SQL, through a connection, a session or an inspector."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from bgmigrate.lint.actions import AddColumn, Column, CreateTable, Opaque
from bgmigrate.lint.known import Known
from bgmigrate.lint.statement import Phase
from bgmigrate.lint.types import rewrites
from bgmigrate.lint.volatile import volatile
from tests.unit.lint.reading import HEAD, codes, found, reading

BIGINT_KEY = 'sa.Column("id", sa.BigInteger(), primary_key=True)'


@pytest.mark.parametrize("body", [
    'op.create_index("ix", "orders", ["a"])',
    'op.execute("CREATE INDEX ix ON orders (a)")',
    'op.execute(sa.text("CREATE INDEX ix ON orders (a)"))',
    'op.execute(sa.DDL("CREATE INDEX ix ON orders (a)"))',
    'op.get_bind().execute(sa.text("CREATE INDEX ix ON orders (a)"))',
    'op.get_bind().exec_driver_sql("CREATE INDEX ix ON orders (a)")',
    'op.get_bind().connection.cursor().execute("CREATE INDEX ix ON orders (a)")',
    'with op.get_bind().connection.cursor() as cursor:\n    cursor.execute("CREATE INDEX ix ON orders (a)")',
    'op.get_context().bind.execute(sa.text("CREATE INDEX ix ON orders (a)"))',
    'sa.Index("ix", sa.Table("orders", sa.MetaData(), sa.Column("a", sa.Text())).c.a).create(op.get_bind())',
    'with op.batch_alter_table("orders") as batch:\n    batch.create_index("ix", ["a"])',
    'for column in ("a", "a"):\n    op.create_index("ix", "orders", [column])',
    'import datetime\nnow = datetime.datetime.now()._replace()\nop.create_index("ix", "orders", ["a"])',
])
def test_an_index_is_an_index(body: str, tmp_path: Path) -> None:
    assert codes(tmp_path, body) == ["BGM101"]


def test_the_line_is_that_of_the_revision(tmp_path: Path) -> None:
    body = HEAD + 'def add(name):\n    op.create_index(\n        name, "orders", ["a"],\n    )\n\n\ndef upgrade():\n    add("ix")\n'

    assert [f.line for f in found(tmp_path, body)] == [9]


@pytest.mark.parametrize("table", ['"orders"', '"orders", schema="sales"'])
def test_a_table_that_the_revision_makes_may_be_locked(table: str, tmp_path: Path) -> None:
    name, _, schema = table.partition(", ")
    more = f", {schema}" if schema else ""

    assert codes(tmp_path, f"op.create_table({name}, {BIGINT_KEY}{more})\nop.create_index('ix', {name}, ['a']{more})") == []


def test_but_a_foreign_key_of_an_old_table_to_a_new_one_is_checked_in_every_row_of_the_old(tmp_path: Path) -> None:
    body = f'op.create_table("users", {BIGINT_KEY})\nop.create_foreign_key("fk", "orders", "users", ["user_id"], ["id"])'

    assert codes(tmp_path, body) == ["BGM108"]


def test_a_small_table_may_be_locked(tmp_path: Path) -> None:
    assert found(tmp_path, 'op.create_index("ix", "settings", ["a"])', small=frozenset({"settings"})) == []


@pytest.mark.parametrize("body", [
    'with op.get_context().autocommit_block():\n    op.create_index("ix", "orders", ["a"], postgresql_concurrently=True)',
    'op.execute("CREATE INDEX CONCURRENTLY ix ON orders (a)", execution_options={"isolation_level": "AUTOCOMMIT"})',
    'op.get_bind().execution_options(isolation_level="AUTOCOMMIT").execute(sa.text("CREATE INDEX CONCURRENTLY ix ON orders (a)"))',
])
def test_outside_of_a_transaction_concurrently_is_right(body: str, tmp_path: Path) -> None:
    assert codes(tmp_path, body) == []


def test_an_inspector_knows_what_earlier_revisions_made(tmp_path: Path) -> None:
    known = Known(later=frozenset({"people"}))
    known.learn(CreateTable(table="orders", columns=(Column(name="id"),)))
    known.learn(AddColumn(table="orders", column=Column(name="note")))
    body = """\
    tables = sa.inspect(op.get_bind()).get_table_names()
    columns = [c["name"] for c in sa.inspect(op.get_bind()).get_columns("orders")]
    if "orders" in tables and "note" in columns and "total" not in columns:
        op.execute("UPDATE orders SET note = ''")
    if "people" in tables:
        op.rename_table("people", "users")
    """

    assert codes(tmp_path, body, known=known) == ["BGM701"]


def test_a_session_finds_no_rows_and_its_deletes_are_seen(tmp_path: Path) -> None:
    body = HEAD + '''
from sqlalchemy import orm
Base = orm.declarative_base()
class Order(Base):
    __tablename__ = "orders"
    id = sa.Column(sa.Integer, primary_key=True)
    total = sa.Column(sa.Float)
def upgrade():
    session = orm.Session(bind=op.get_bind())
    for order in session.query(Order).filter(Order.total > 3):
        order.total = 0
    if session.query(Order).count() == 0:
        session.query(Order).delete()
    session.commit()
'''

    assert codes(tmp_path, body) == ["BGM701"]


def test_code_that_needs_a_database_is_told_and_what_stands_after_it_is_read(tmp_path: Path) -> None:
    body = """\
    first = op.get_bind().execute(sa.text("SELECT id FROM orders")).one()
    op.drop_index("old", table_name="orders")
    op.create_index("ix", "orders", [str(first)])
    with op.batch_alter_table("orders") as batch:
        batch.create_index("iy", ["b"])
    if op.get_bind().dialect.name == "mysql":
        op.drop_table("orders")
    """

    assert codes(tmp_path, body, info=True) == ["BGM615", "BGM102", "BGM101", "BGM403"]


def test_sql_of_several_statements_is_read_one_by_one(tmp_path: Path) -> None:
    sql = "ALTER TABLE orders ADD COLUMN a int, ADD COLUMN b int NOT NULL; VACUUM FULL orders; SELECT 1; UPDATE orders SET a = 1"

    assert codes(tmp_path, f'op.execute("{sql}")') == ["BGM104", "BGM118", "BGM206", "BGM406", "BGM701"]


@pytest.mark.parametrize("body,why", [
    ('op.execute("DO $$ BEGIN NULL; END $$")', "a DO block"),
    ('op.execute("ALTER EVERYTHING orders")', "does not take it"),
    ('op.run_async(print)', "asynchronous"),
])
def test_what_cannot_be_read_is_told(body: str, why: str, tmp_path: Path) -> None:
    (finding,) = found(tmp_path, body)

    assert (finding.code, finding.severity) == ("BGM615", "info") and why in finding.what


def test_without_the_parser_sql_is_opaque_and_operations_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pglast", None)
    told = found(tmp_path, 'op.execute("CREATE INDEX ix ON orders (a)")\nop.create_index("iy", "orders", ["a"])')

    assert [f.code for f in told] == ["BGM615", "BGM101"]
    assert told[0].next == "pip install 'bgmigrate[lint]'"


@pytest.mark.parametrize("body,expected", [
    ('op.add_column("t", sa.Column("a", sa.Integer(), sa.ForeignKey("u.id")))', ["BGM108", "BGM403"]),
    ('op.add_column("t", sa.Column("a", sa.Integer(), unique=True))', ["BGM105"]),
    ('op.add_column("t", sa.Column("a", sa.Integer(), index=True))', ["BGM101", "BGM403"]),
    ('op.add_column("t", sa.Column("a", sa.Boolean()))', []),
    ('op.add_column("t", sa.Column("a", sa.DateTime(timezone=True), server_default=sa.func.now()))', []),
    ('op.add_column("t", sa.Column("a", sa.Text(), server_default="random()"))', []),
    ('op.add_column("t", sa.Column("a", sa.Uuid(), server_default=sa.text("my_uuid()")))', ["BGM111"]),
    ('op.add_column("t", sa.Column("a", sa.BigInteger(), sa.Identity(), nullable=False))', ["BGM112"]),
    ('op.execute("ALTER TABLE t ADD COLUMN a int REFERENCES u")', []),
    ('op.alter_column("t", "a", existing_type=sa.String(3), existing_nullable=False, nullable=False, server_default="x")', []),
    ('op.alter_column("t", "a", existing_type=sa.Enum("x", name="e"), type_=sa.Text())', ["BGM116"]),
    ('op.alter_column("t", "a", type_=sa.BigInteger())', ["BGM116"]),
    ('op.execute("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID")', []),
    ('op.execute("ALTER TABLE t ADD CONSTRAINT c UNIQUE USING INDEX i")', []),
    ('op.execute("CREATE INDEX i ON ONLY t (a)")', []),
    ('op.drop_column("t", "a")', ["BGM204"]),
    ('op.execute("ALTER TABLE t DROP CONSTRAINT t_a_fkey")', ["BGM121"]),
    ('op.execute("ALTER TABLE t DROP CONSTRAINT something")', []),
    ('op.add_column("t", sa.Column("a", sa.Text()))\nop.drop_column("t", "a")', []),
    ('op.execute("COMMIT")\nop.execute("CREATE INDEX CONCURRENTLY i ON t (a)")', ["BGM407"]),
    ('op.bulk_insert(sa.table("t", sa.column("a")), [{"a": 1}])', []),
    ('op.execute(sa.table("t", sa.column("a")).update().values(a=1))', ["BGM701"]),
    ('op.execute("UPDATE t SET a = u.a FROM u WHERE u.id = t.id")', []),
])
def test_what_an_operation_really_sends(body: str, expected: list[str], tmp_path: Path) -> None:
    assert codes(tmp_path, body) == expected


@pytest.mark.parametrize("phase,body,expected", [
    ("expand", 'op.begin_expand(revision)\nop.drop_columns("t", ["a"])', ["BGM204", "BGM301"]),
    ("expand", 'op.begin_expand(revision)\nop.drop_constraint("ck", "t", type_="check")', []),
    ("expand", 'op.begin_expand(revision)\nop.drop_constraint("t_a_check", "t")', []),
    ("expand", 'op.begin_expand(revision)\nop.drop_constraint("something", "t")', ["BGM305"]),
    ("expand", 'op.begin_expand(revision)\nop.add_columns("t", {"a": "text"})\nop.build_index("t", "i", "CREATE INDEX CONCURRENTLY i ON t (a)")', []),
    ("contract", 'op.begin_contract(revision)\nop.drop_column("t", "a")\nop.alter_column("t", "b", new_column_name="c")', []),
    ("contract", 'op.begin_contract(revision)\nop.create_index("i", "t", ["a"])', ["BGM101"]),
    ("contract", 'op.drop_column("t", "a")\nop.drop_column("t", "b")', ["BGM703"]),
])
def test_it_knows_the_phase(phase: str, body: str, expected: list[str], tmp_path: Path) -> None:
    assert codes(tmp_path, body, phase=cast(Phase, phase)) == expected


def test_a_proof_may_stand_in_an_earlier_revision(tmp_path: Path) -> None:
    known = Known()
    reading(tmp_path, 'op.execute("ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID")', known=known)
    assert codes(tmp_path, 'op.alter_column("t", "a", nullable=False)', known=known) == ["BGM110"]

    known = Known()
    reading(tmp_path, 'op.execute("ALTER TABLE t ADD CONSTRAINT c CHECK (a IS NOT NULL) NOT VALID")', known=known)
    reading(tmp_path, 'op.execute("ALTER TABLE t VALIDATE CONSTRAINT c")', known=known)
    assert codes(tmp_path, 'op.alter_column("t", "a", nullable=False)', known=known) == []


def test_what_a_type_was_may_stand_in_an_earlier_revision(tmp_path: Path) -> None:
    known = Known()
    reading(tmp_path, f'op.create_table("t", {BIGINT_KEY}, sa.Column("a", sa.String(20)))', known=known)

    assert codes(tmp_path, 'op.execute("ALTER TABLE t ALTER a TYPE varchar(40)")', known=known) == []


@pytest.mark.parametrize("was,to,expected", [
    ("varchar(20)", "VARCHAR(40)", False), ("varchar(40)", "varchar(20)", True), ("text", "varchar(20)", True), ("varchar", "text", False),
    ("text", "varchar", False), ("integer", "bigint", True), ("SERIAL", "INTEGER", False), ("numeric(5, 2)", "numeric(8, 2)", False),
    ("numeric(5,2)", "numeric(8,3)", True), ("numeric(5,2)", "numeric", False), ("cidr", "inet", False), ("FLOAT", "FLOAT(53)", False),
    ("FLOAT(53)", "FLOAT(24)", True), ("timestamp", "timestamptz", None), ("timestamp(3)", "timestamp", False), ("json", "jsonb", True),
    ("varchar(20)[]", "varchar(40)[]", True), ("", "text", None), ("char(3)", "text", True),
])
def test_which_changes_of_type_rewrite(was: str, to: str, expected: bool | None) -> None:
    assert rewrites(was, to) is expected


@pytest.mark.parametrize("default,expected", [
    (None, "no"), ("'random()'", "no"), ("now()", "no"), ("(now() AT TIME ZONE 'utc')", "no"), ("pg_catalog.random()", "yes"),
    ("lower(gen_random_uuid()::text)", "yes"), ("public.next_number()", "unknown"), ("'{}'::jsonb", "no"), ("CURRENT_TIMESTAMP", "no"),
])
def test_which_defaults_are_volatile(default: str | None, expected: str) -> None:
    assert volatile(default) == expected


def test_an_opaque_statement_stops_nothing(tmp_path: Path) -> None:
    got = reading(tmp_path, 'op.execute("DO $$ BEGIN NULL; END $$")\nop.create_index("ix", "orders", ["a"])')

    assert isinstance(got.statements[0].action, Opaque) and len(got.statements) == 2


def test_a_table_that_no_revision_makes_was_there_before(tmp_path: Path) -> None:
    body = """\
    if sa.inspect(op.get_bind()).has_table("people") and "people" in sa.inspect(op.get_bind()).get_table_names():
        op.rename_table("people", "users")
    """

    assert codes(tmp_path, body) == ["BGM202"]
    assert codes(tmp_path, body, known=Known(later=frozenset({"people"}))) == []


def test_a_table_under_its_new_name_is_the_same_table(tmp_path: Path) -> None:
    body = 'op.rename_table("people", "users")\nop.add_column("users", sa.Column("a", sa.Text()))'

    assert codes(tmp_path, body) == ["BGM202"]


def test_a_table_that_was_emptied_takes_a_required_column(tmp_path: Path) -> None:
    body = 'op.execute("DELETE FROM t")\nop.add_column("t", sa.Column("a", sa.Text(), nullable=False))'

    assert [(f.code, f.severity) for f in found(tmp_path, body)] == [("BGM701", "warning"), ("BGM206", "warning")]


def test_a_baseline_makes_all_that_it_locks(tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_text(
        "SET search_path = '';\nCREATE TABLE public.a (id integer NOT NULL, b integer);\nCREATE TABLE public.b (id integer NOT NULL);\n"
        "ALTER TABLE ONLY public.a ADD CONSTRAINT a_pkey PRIMARY KEY (id);\nALTER TABLE ONLY public.b ADD CONSTRAINT b_pkey PRIMARY KEY (id);\n"
        "CREATE INDEX i ON public.a USING btree (b);\nALTER TABLE ONLY public.a ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES public.b(id);\n"
        "CREATE TABLE public.p (id integer) PARTITION BY LIST (id);\nCREATE TABLE public.p1 (id integer);\n"
        "ALTER TABLE ONLY public.p ATTACH PARTITION public.p1 FOR VALUES IN (1);\n", encoding="utf-8",
    )
    body = f"from pathlib import Path\nfrom bgmigrate.dump import execute_file\nexecute_file(op, Path({str(tmp_path / 'schema.sql')!r}))"

    assert codes(tmp_path, body, info=True) == []


def test_a_table_that_may_be_there_already_is_not_new(tmp_path: Path) -> None:
    body = 'op.execute("CREATE TABLE IF NOT EXISTS t (a integer)")\nop.create_index("i", "t", ["a"])'
    known = Known()
    known.learn(CreateTable(table="t", columns=(Column(name="a"),)))

    assert codes(tmp_path, body) == []
    assert codes(tmp_path, body, known=known) == ["BGM101"]
