"""Columns that number themselves where it is awkward: other roles and schemas, NULLs, empty tables, killed runs, and a printed script."""

from __future__ import annotations

import psycopg
import pytest

from bgmigrate import dump
from tests.integration.test_refused_columns import BASE
from tests.project import Project
from tests.servers import Server

pytestmark = pytest.mark.exhaustive(turns=5)

TABLE = BASE + '''
class Order(Base):
    __tablename__ = "Orders"
    __table_args__ = {{"schema": "my shop"}}
    id: Mapped[int] = mapped_column({key}primary_key=True)
    title: Mapped[str | None] = mapped_column(Text)
{more}'''
BLUE = TABLE.format(key="", more="    place: Mapped[int | None]\n")
NUMBERED = TABLE.format(key="", more="    place: Mapped[int] = mapped_column(Identity())\n")
ADDED = TABLE.format(key="", more="    place: Mapped[int | None]\n    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))\n")
IDENTITY = TABLE.format(key="Identity(always=True), ", more="    place: Mapped[int | None]\n")
ROLES = """
CREATE ROLE {0} LOGIN; CREATE ROLE {0}_owner;
GRANT USAGE ON SCHEMA "my shop" TO {0}; GRANT SELECT, INSERT, UPDATE ON "my shop"."Orders" TO {0};
GRANT USAGE ON SEQUENCE "my shop"."Orders_id_seq" TO {0};
GRANT ALL ON SCHEMA "my shop" TO {0}_owner; ALTER TABLE "my shop"."Orders" OWNER TO {0}_owner
"""


def released(project: Project) -> None:
    project.must("expand")
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    project.must("contract", "--drained", "nothing runs")


def test_a_role_that_may_insert_may_draw_the_new_numbers(project: Project) -> None:
    role = "shop_" + project.url.rpartition("_")[2].partition("?")[0]
    project.models(blue=BLUE, green=ADDED)
    project.start_blue("""INSERT INTO "my shop"."Orders" (title) SELECT 't' || i FROM generate_series(1, 50) i""")
    project.sql(ROLES.format(role))
    try:
        project.must("plan", "-m", "one", "--target", project.spec("green"))
        project.must("expand")
        with psycopg.connect(project.url, user=role, autocommit=True) as c:
            c.execute('INSERT INTO "my shop"."Orders" (title) VALUES (\'blue\')')
        assert project.sql('SELECT count(*), count(DISTINCT number) FROM "my shop"."Orders"') == [(51, 51)]
        owner = project.sql("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'Orders_number_seq'")
        assert owner == [(f"{role}_owner",)]
        project.must("rollback")
        assert project.sql("SELECT to_regclass('\"my shop\".\"Orders_number_seq\"')::text") == [(None,)]
        released(project)
        with psycopg.connect(project.url, user=role, autocommit=True) as c:
            c.execute('INSERT INTO "my shop"."Orders" (title) VALUES (\'green\')')
        assert project.sql('SELECT count(*), count(DISTINCT number) FROM "my shop"."Orders"') == [(52, 52)]
    finally:
        project.sql(f"ALTER TABLE \"my shop\".\"Orders\" OWNER TO CURRENT_USER; DROP OWNED BY {role}, {role}_owner; DROP ROLE {role}, {role}_owner")


def test_a_null_that_blue_writes_becomes_a_number_and_never_an_error(project: Project) -> None:
    project.models(blue=BLUE, green=NUMBERED)
    project.start_blue("""INSERT INTO "my shop"."Orders" (place) VALUES (NULL), (7), (NULL)""")
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    project.must("expand")
    project.sql('INSERT INTO "my shop"."Orders" (place) VALUES (NULL); UPDATE "my shop"."Orders" SET place = NULL WHERE id = 2')
    assert project.sql('SELECT count(place), count(DISTINCT place), min(place) > 7 FROM "my shop"."Orders"') == [(4, 4, True)]
    released(project)
    assert project.sql('INSERT INTO "my shop"."Orders" DEFAULT VALUES RETURNING place > 10') == [(True,)]


@pytest.mark.parametrize("seed", ["", """INSERT INTO "my shop"."Orders" (title) SELECT 't' FROM generate_series(1, 9)"""], ids=["empty", "rows"])
def test_a_serial_that_becomes_an_identity_goes_on_where_it_stands(project: Project, seed: str) -> None:
    project.models(blue=BLUE, green=IDENTITY)
    project.start_blue(seed)
    project.sql("SELECT setval('\"my shop\".\"Orders_id_seq\"', 41, false)")  # no row says so
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    released(project)
    assert project.sql('INSERT INTO "my shop"."Orders" DEFAULT VALUES RETURNING id') == [(41,)]


def test_a_printed_script_does_the_same(project: Project, server: Server) -> None:
    project.models(blue=BLUE, green=IDENTITY.replace("place: Mapped[int | None]", "place: Mapped[int] = mapped_column(Identity())"))
    project.start_blue()
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    done = project.alembic("upgrade", "heads", "--sql")
    assert done.code == 0, done.err
    with server.database("printed") as url, psycopg.connect(url, autocommit=True) as c:
        for statement in dump.statements(done.out):
            c.execute(statement.encode())
        row = c.execute('INSERT INTO "my shop"."Orders" DEFAULT VALUES RETURNING id, place').fetchone()
        assert row == (1, 1)
        with pytest.raises(psycopg.errors.GeneratedAlways):
            c.execute('INSERT INTO "my shop"."Orders" (id) VALUES (9)')


def test_a_name_that_something_else_has_is_not_taken_for_the_sequence(project: Project) -> None:
    taken = BASE.replace("pass", "pass\n\nclass Other(Base):\n    __tablename__ = 'parts_number_seq'\n    id: Mapped[int] = mapped_column(primary_key=True)")
    part = '\nclass Part(Base):\n    __tablename__ = "parts"\n    id: Mapped[int] = mapped_column(primary_key=True)\n'
    project.models(blue=taken + part, green=taken + part + "    number: Mapped[int] = mapped_column(Identity())\n")
    project.start_blue("INSERT INTO parts SELECT FROM generate_series(1, 9)")
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    released(project)
    assert project.sql("SELECT count(DISTINCT number) FROM parts") == [(9,)]


def test_what_takes_two_releases_is_said(project: Project) -> None:
    blue = TABLE.format(key="", more="    place: Mapped[int] = mapped_column(server_default='7')\n")
    project.models(blue=blue, green=NUMBERED)
    project.start_blue()
    refused = project.must("plan", "-m", "one", "--target", project.spec("green"), code=3)
    assert refused.codes == {"BGM112"}
    assert "relies on its default 7" in refused.json["what"]
