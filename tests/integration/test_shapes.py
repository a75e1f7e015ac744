"""Shapes that real schemas have, each through plan, expand, rollback, expand, verify, switch and contract, with rows and writes of both versions."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy import create_engine

from bgmigrate.database import sqlalchemy_url
from tests.lifecycle import catalog
from tests.project import Project
from tests.servers import Server

PRELUDE = '''\
from sqlalchemy import *
from sqlalchemy.dialects.postgresql import ARRAY, CITEXT, DOMAIN, HSTORE, INT4RANGE, JSONB, TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

'''
HINT = 'info={{"bgmigrate": {{"renamed_from": "{}"}}}}'


@dataclass(frozen=True, kw_only=True)
class Shape:
    """`dressing`: what no model knows and the live database has. `blue_sql`, `green_sql`: a write of each version. `final`: a query and its rows."""

    name: str
    blue: str
    green: str
    seed: str
    blue_sql: str
    green_sql: str
    final: str
    rows: list[tuple[object, ...]]
    dressing: str = ""


LONG = "a" * 63
SHAPES = [
    Shape(
        name="composite key",
        blue='''
class Line(Base):
    __tablename__ = "lines"
    order_no: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    unused: Mapped[int | None]
''',
        green=f'''
class Line(Base):
    __tablename__ = "lines"
    order_no: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str] = mapped_column(Text, {HINT.format("text")})
    token: Mapped[str] = mapped_column(Text, server_default=text("gen_random_uuid()::text"))
''',
        seed="INSERT INTO lines SELECT 'o' || i / 7, i % 7, 't' || i FROM generate_series(0, 699) i",
        blue_sql="INSERT INTO lines (order_no, position, text) VALUES ('blue', 1, 'b')",
        green_sql="INSERT INTO lines (order_no, position, body) VALUES ('green', 1, 'g')",
        final="SELECT count(*), count(DISTINCT token), count(*) FILTER (WHERE body IN ('b', 'g')) FROM lines", rows=[(702, 702, 2)],
    ),
    Shape(
        name="no key",
        blue='Table("events", Base.metadata, Column("at", Integer), Column("what", Text))',
        green=f'''Table("events", Base.metadata, Column("at", Integer), Column("event", Text, {HINT.format("what")}),
              Column("token", Text, server_default=text("gen_random_uuid()::text")))''',
        seed="INSERT INTO events SELECT i % 3, 'w' FROM generate_series(1, 300) i",
        blue_sql="INSERT INTO events (at, what) VALUES (9, 'b')",
        green_sql="INSERT INTO events (at, event) VALUES (9, 'g')",
        final="SELECT count(*), count(DISTINCT token), count(event) FROM events", rows=[(302, 302, 302)],
    ),
    Shape(
        name="range partitions",
        blue='''
class Reading(Base):
    __tablename__ = "readings"
    __table_args__ = {"postgresql_partition_by": "RANGE (day)"}
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    day: Mapped[int] = mapped_column(primary_key=True)
    value: Mapped[int]
''',
        green=f'''
class Reading(Base):
    __tablename__ = "readings"
    __table_args__ = {{"postgresql_partition_by": "RANGE (day)"}}
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    day: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[int] = mapped_column({HINT.format("value")})
    double: Mapped[int] = mapped_column(info={{"bgmigrate": {{"forward": "day * 2"}}}})
''',
        dressing="""
CREATE TABLE readings_1 PARTITION OF readings FOR VALUES FROM (0) TO (100);
CREATE TABLE readings_2 PARTITION OF readings FOR VALUES FROM (100) TO (200);
CREATE TABLE readings_rest PARTITION OF readings DEFAULT;
CREATE INDEX readings_2_local ON readings_2 (value)""",
        seed="INSERT INTO readings SELECT i, i, i FROM generate_series(1, 300) i",
        blue_sql="INSERT INTO readings VALUES (900, 50, 7)",
        green_sql="INSERT INTO readings (id, day, amount, double) VALUES (901, 150, 8, 1)",
        final="SELECT count(*), count(amount), sum(amount), count(double) FROM readings", rows=[(302, 302, 45165, 302)],
    ),
    Shape(
        name="list partitions",
        blue='''
class Sale(Base):
    __tablename__ = "sales"
    __table_args__ = {"postgresql_partition_by": "LIST (region)"}
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    region: Mapped[str] = mapped_column(Text, primary_key=True)
    note: Mapped[str | None] = mapped_column(Text)
''',
        green=f'''
class Sale(Base):
    __tablename__ = "sales"
    __table_args__ = {{"postgresql_partition_by": "LIST (region)"}}
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    region: Mapped[str] = mapped_column(Text, primary_key=True)
    remark: Mapped[str | None] = mapped_column(Text, {HINT.format("note")})
''',
        dressing="CREATE TABLE sales_eu PARTITION OF sales FOR VALUES IN ('eu'); CREATE TABLE sales_rest PARTITION OF sales DEFAULT",
        seed="INSERT INTO sales SELECT i, CASE WHEN i % 2 = 0 THEN 'eu' ELSE 'us' END, 'n' FROM generate_series(1, 200) i",
        blue_sql="INSERT INTO sales VALUES (900, 'eu', 'b')",
        green_sql="INSERT INTO sales (id, region, remark) VALUES (901, 'us', 'g')",
        final="SELECT count(*), count(remark) FROM sales", rows=[(202, 202)],
    ),
    Shape(
        name="awkward names",
        blue=f'''
class Group(Base):
    __tablename__ = "Group"
    __table_args__ = (Index("ix %s", "select"), UniqueConstraint("{LONG}", name="{'u' * 63}"), {{"schema": "Sales Dept"}})
    id: Mapped[int] = mapped_column(primary_key=True)
    a: Mapped[str | None] = mapped_column("select", Text)
    b: Mapped[str | None] = mapped_column("{LONG}", Text)
    c: Mapped[str | None] = mapped_column('x"y%z', Text)
''',
        green=f'''
class Group(Base):
    __tablename__ = "Group"
    __table_args__ = (Index("ix %s", "where"), UniqueConstraint("{'b' * 63}", name="{'u' * 63}"), {{"schema": "Sales Dept"}})
    id: Mapped[int] = mapped_column(primary_key=True)
    a: Mapped[str | None] = mapped_column("where", Text, {HINT.format("select")})
    b: Mapped[str | None] = mapped_column("{'b' * 63}", Text, {HINT.format(LONG)})
    c: Mapped[str | None] = mapped_column("x'y%(z)s", Text, info={{"bgmigrate": {{"renamed_from": 'x"y%z'}}}})
''',
        seed=f"""INSERT INTO "Sales Dept"."Group" ("select", "{LONG}", "x""y%z") SELECT 'a' || i, 'b' || i, 'c%s' FROM generate_series(1, 50) i""",
        blue_sql="""INSERT INTO "Sales Dept"."Group" ("select", "x""y%z") VALUES ('blue', 'b')""",
        green_sql="""INSERT INTO "Sales Dept"."Group" ("where", "x'y%(z)s") VALUES ('green', 'g')""",
        final="""SELECT count("where"), count("x'y%(z)s") FROM "Sales Dept"."Group" """, rows=[(52, 52)],
    ),
    Shape(
        name="types",
        blue='''
mood = DOMAIN("mood", Text, check="VALUE <> ''")
class Thing(Base):
    __tablename__ = "things"
    id: Mapped[str] = mapped_column(CITEXT, primary_key=True)
    tags: Mapped[list] = mapped_column(ARRAY(Text))
    span: Mapped[object | None] = mapped_column(INT4RANGE)
    facts: Mapped[dict | None] = mapped_column(HSTORE)
    feels: Mapped[str | None] = mapped_column(mood)
    words: Mapped[object | None] = mapped_column(TSVECTOR)
''',
        green=f'''
mood = DOMAIN("mood", Text, check="VALUE <> ''")
class Thing(Base):
    __tablename__ = "things"
    id: Mapped[str] = mapped_column(CITEXT, primary_key=True)
    labels: Mapped[list] = mapped_column(ARRAY(Text), {HINT.format("tags")})
    range: Mapped[object | None] = mapped_column(INT4RANGE, {HINT.format("span")})
    details: Mapped[dict | None] = mapped_column(HSTORE, {HINT.format("facts")})
    mood: Mapped[str | None] = mapped_column(mood, {HINT.format("feels")})
    index: Mapped[object | None] = mapped_column(TSVECTOR, {HINT.format("words")})
''',
        seed="INSERT INTO things SELECT 'K' || i, ARRAY['a', NULL], '[1,5)', 'a=>1', 'fine', to_tsvector('simple', 'a b') FROM generate_series(1, 60) i",
        blue_sql="INSERT INTO things VALUES ('b', '{}', 'empty', '', 'ok', '')",
        green_sql="INSERT INTO things (id, labels, range) VALUES ('g', '{x}', '[2,3]')",
        final="SELECT count(labels), count(range), count(details), count(mood), count(index) FROM things", rows=[(62, 62, 61, 61, 61)],
    ),
    Shape(
        name="inheritance",
        blue='''
class Animal(Base):
    __tablename__ = "animals"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str | None] = mapped_column(Text)
''',
        green=f'''
class Animal(Base):
    __tablename__ = "animals"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    label: Mapped[str | None] = mapped_column(Text, {HINT.format("name")})
''',
        dressing="CREATE TABLE dogs (breed text) INHERITS (animals)",
        seed="INSERT INTO animals SELECT i, 'a' || i FROM generate_series(1, 50) i; INSERT INTO dogs SELECT i, 'd' || i, 'pug' FROM generate_series(51, 100) i",
        blue_sql="INSERT INTO dogs VALUES (900, 'b', 'pug')",
        green_sql="INSERT INTO dogs (id, label, breed) VALUES (901, 'g', 'pug')",
        final="SELECT count(*), count(label) FROM animals", rows=[(102, 102)],
    ),
    Shape(
        name="row security and triggers",
        blue='''
class Doc(Base):
    __tablename__ = "docs"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner: Mapped[str] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(Text)
    changes: Mapped[int] = mapped_column(server_default=text("0"))
''',
        green=f'''
class Doc(Base):
    __tablename__ = "docs"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    owner: Mapped[str] = mapped_column(Text)
    heading: Mapped[str | None] = mapped_column(Text, {HINT.format("title")})
    changes: Mapped[int] = mapped_column(server_default=text("0"))
''',
        dressing="""
ALTER TABLE docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON docs USING (owner = current_user) WITH CHECK (owner = current_user);
CREATE TABLE audit (id int, at timestamptz DEFAULT now());
CREATE FUNCTION counted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.changes := coalesce(NEW.changes, 0); NEW.owner := btrim(NEW.owner); RETURN NEW; END $$;
CREATE TRIGGER counted BEFORE INSERT OR UPDATE ON docs FOR EACH ROW EXECUTE FUNCTION counted();
CREATE FUNCTION audited() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO audit (id) VALUES (NEW.id); RETURN NULL; END $$;
CREATE TRIGGER audited AFTER INSERT ON docs FOR EACH ROW EXECUTE FUNCTION audited()""",
        seed="INSERT INTO docs (id, owner, title) SELECT i, 'o', 't' || i FROM generate_series(1, 50) i",
        blue_sql="INSERT INTO docs (id, owner, title) VALUES (900, 'o', 'b')",
        green_sql="INSERT INTO docs (id, owner, heading) VALUES (901, 'o', 'g')",
        final="SELECT count(*), count(heading), sum(changes), (SELECT count(*) FROM audit) FROM docs", rows=[(52, 52, 0, 52)],
    ),
]
EXTENSIONS = "CREATE EXTENSION IF NOT EXISTS citext; CREATE EXTENSION IF NOT EXISTS hstore"


@pytest.mark.exhaustive
@pytest.mark.every_server
@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.name)
def test_a_shape_lives_from_plan_to_contract(shape: Shape, project: Project, server: Server) -> None:
    project.models(blue=PRELUDE + shape.blue, green=PRELUDE + shape.green)
    project.must("init")
    if shape.name == "types":  # a migration's business, as in any project that uses them
        _extensions(project)
    project.must("plan", "-m", "baseline", "--target", project.spec("blue"))
    project.must("expand")
    project.must("register", "--env", "blue", "--version", "1", "--source", project.spec("blue"))
    project.sql(shape.dressing or "SELECT 1")
    project.sql(shape.seed)
    original = catalog.read(project.url)
    project.must("plan", "-m", "change", "--from", project.spec("blue"), "--target", project.spec("green"))
    project.must("expand")
    expanded = catalog.read(project.url)
    project.must("rollback")
    assert catalog.difference(catalog.read(project.url), original) == []
    project.must("expand")
    assert catalog.difference(catalog.read(project.url), expanded) == []
    project.sql(shape.blue_sql)
    project.sql(shape.green_sql)
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    project.must("contract", "--drained", "blue is gone")
    assert project.sql(shape.final) == shape.rows
    left = [d for d in catalog.difference(catalog.read(project.url), _wanted(shape, server)) if d not in _dressed(shape, server)]
    assert left == []


def _extensions(project: Project) -> None:
    anchor = next((project.directory / "migrations").rglob("*expand_begins.py"))
    text = anchor.read_text()
    (anchor.parent / "0_extensions.py").write_text(
        'from alembic import op\nrevision = "extensions"\n' + next(f"down_revision = {line.split('= ')[1]}\n" for line in text.splitlines() if line.startswith("revision"))
        + f'branch_labels = None\ndepends_on = None\n\n\ndef upgrade():\n    op.execute("{EXTENSIONS}")\n\n\ndef downgrade():\n    pass\n'
    )
    project.must("expand")


def _wanted(shape: Shape, server: Server, dressing: str = "") -> catalog.Catalog:
    with server.database("wanted") as url:
        with psycopg.connect(url, autocommit=True) as c:
            c.execute(b'CREATE SCHEMA "Sales Dept"' if "Sales Dept" in shape.green else EXTENSIONS.encode() if shape.name == "types" else b"SELECT 1")
        engine = create_engine(sqlalchemy_url(url))
        names: dict[str, object] = {"__name__": "models"}
        exec(compile(PRELUDE + shape.green, "models.py", "exec", dont_inherit=True), names)
        names["Base"].metadata.create_all(engine)  # type: ignore[attr-defined]
        engine.dispose()
        if dressing:
            with psycopg.connect(url, autocommit=True) as c:
                c.execute(dressing.encode())
        return catalog.read(url)


def _dressed(shape: Shape, server: Server) -> list[str]:
    """What the live database alone has, as it reads on green's schema."""
    if not shape.dressing:
        return []
    dressing = shape.dressing.replace("(value)", "(amount)")
    return catalog.difference(_wanted(shape, server, dressing), _wanted(shape, server))
