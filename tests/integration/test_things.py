"""What models make by DDL of their own where it is awkward: migrations' own things, other roles, writes that a new trigger refuses, pending contracts."""

from __future__ import annotations

import psycopg
import pytest

from bgmigrate import dump
from tests.integration.test_numbering import released
from tests.project import Project
from tests.servers import Server

pytestmark = pytest.mark.exhaustive(turns=5)

BASE = '''\
from sqlalchemy import *
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

def ddl(text):
    event.listen(Base.metadata, "after_create", DDL(text))

class Doc(Base):
    __tablename__ = "docs"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str | None] = mapped_column(Text)
    {title}: Mapped[str | None] = mapped_column(Text{hint})
'''
BLUE = BASE.format(title="title", hint="")
RENAMED = BASE.format(title="name", hint=', info={"bgmigrate": {"renamed_from": "title"}}')
ROWS = "INSERT INTO docs (owner, title) SELECT 'o' || i % 3, ' t' || i FROM generate_series(1, 100) i"
THINGS = '''
ddl("CREATE FUNCTION twice(x integer) RETURNS integer LANGUAGE sql AS 'SELECT 2 * x'")
ddl("CREATE VIEW seen AS SELECT id, owner FROM docs")
ddl("CREATE FUNCTION noticed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
ddl("CREATE TRIGGER notice BEFORE INSERT ON docs FOR EACH ROW EXECUTE FUNCTION noticed()")
ddl("ALTER TABLE docs ENABLE ROW LEVEL SECURITY")
ddl("CREATE POLICY own ON docs USING (owner = current_user)")
ddl("ALTER TABLE docs REPLICA IDENTITY FULL")
ddl("CREATE STATISTICS together ON owner, title FROM docs")
'''


def planned(project: Project, blue: str, green: str, rows: str = ROWS) -> None:
    project.models(blue=blue, green=green)
    project.start_blue(rows)
    project.must("plan", "-m", "one", "--target", project.spec("green"))


def test_what_only_migrations_make_is_none_of_the_models_business(project: Project) -> None:
    planned(project, BLUE, BLUE + THINGS)
    released(project)
    kinds = {"function", "view", "trigger", "row_security", "replica_identity", "statistics"}
    for _ in range(2):
        same = project.must("plan", "-m", "again", "--from", project.spec("blue"), "--target", project.spec("blue"))
        assert same.json["outcome"] == "nothing_to_do"
    gone = project.must("plan", "-m", "again", "--from", project.spec("green"), "--target", project.spec("blue"), "--dry-run")
    assert {c["kind"] for c in gone.json["changes"]} == kinds


def test_what_a_do_block_makes_is_found_too(project: Project) -> None:
    made = BLUE + '\nddl("""DO $$ BEGIN CREATE VIEW seen AS SELECT id FROM docs; END $$""")\n'
    planned(project, BLUE, made)
    released(project)
    gone = project.must("plan", "-m", "again", "--from", project.spec("green"), "--target", project.spec("blue"), "--dry-run")
    assert [(c["kind"], c["contract"][0].partition(":")[0]) for c in gone.json["changes"]] == [("view", "seen")]


REFUSING = BLUE + '''
ddl("""CREATE FUNCTION no_nulls() RETURNS trigger LANGUAGE plpgsql AS $x$
BEGIN
    IF NEW.owner IS NULL THEN RAISE EXCEPTION 'who owns it?'; END IF;
    RETURN NEW;
END $x$""")
ddl("CREATE TRIGGER no_nulls BEFORE INSERT ON docs FOR EACH ROW EXECUTE FUNCTION no_nulls()")
'''


def test_a_new_trigger_that_refuses_blue_s_writes_is_found_by_verify(project: Project) -> None:
    planned(project, BLUE, REFUSING)
    project.must("expand")
    verified = project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"), code=4)
    assert any("who owns it?" in f["what"] and f["version"] == "blue" for f in verified.json["findings"]), verified
    project.must("rollback")
    assert project.sql("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == [(0,)]
    assert project.sql("SELECT to_regprocedure('no_nulls()')::text") == [(None,)]


TRIMMING = RENAMED + '''
ddl("""CREATE FUNCTION trimmed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.name := trim(NEW.name); RETURN NEW; END'""")
ddl("CREATE TRIGGER trimmed BEFORE UPDATE ON docs FOR EACH ROW EXECUTE FUNCTION trimmed()")
'''


def test_what_a_new_trigger_changes_of_a_row_reaches_the_other_version_too(project: Project) -> None:
    planned(project, BLUE, TRIMMING)
    project.must("expand")
    assert project.sql("SELECT count(*) FROM docs WHERE title <> name OR title NOT LIKE ' %'") == [(0,)]  # the backfill fired no such trigger
    project.sql("UPDATE docs SET owner = 'x' WHERE id = 3")
    assert project.sql("SELECT title, name FROM docs WHERE id = 3") == [("t3", "t3")]
    released(project)


GATED = BLUE + '''
ddl("ALTER TABLE docs ENABLE ROW LEVEL SECURITY")
ddl("CREATE POLICY own ON docs USING (owner = 'o1')")
'''


def test_policies_bind_nobody_before_contract(project: Project) -> None:
    role = "shop_" + project.url.rpartition("_")[2].partition("?")[0]
    planned(project, BLUE, GATED)
    project.sql(f"CREATE ROLE {role} LOGIN; GRANT SELECT ON docs TO {role}")

    def seen() -> int:
        with psycopg.connect(project.url, user=role) as c:
            row = c.execute("SELECT count(*) FROM docs").fetchone()
            assert row
            return int(row[0])

    try:
        project.must("expand")
        assert seen() == 100
        released(project)
        assert 0 < seen() < 100
    finally:
        project.sql(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_view_with_other_columns_keeps_its_grants(project: Project) -> None:
    role = "shop_" + project.url.rpartition("_")[2].partition("?")[0]
    view = 'ddl("""CREATE VIEW "My View" AS SELECT {} FROM docs WHERE id > 3{}""")\n'
    planned(project, BLUE + view.format("id, owner", ""), BLUE + view.format("id, title, owner", " WITH CHECK OPTION"))
    project.sql(f'CREATE ROLE {role}; GRANT SELECT, UPDATE ON "My View" TO {role}; GRANT SELECT ON "My View" TO PUBLIC')
    try:
        released(project)
        assert project.sql('SELECT count(title) FROM "My View"') == [(97,)]
        grants = "SELECT relacl::text FROM pg_class WHERE relname = 'My View'"
        assert f"{role}=rw/" in project.sql(grants)[0][0] and ",=r/" in project.sql(grants)[0][0]
    finally:
        project.sql(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_name_that_a_pending_contract_drops_is_not_wanted_again(project: Project) -> None:
    planned(project, BLUE + THINGS, BLUE)
    project.must("expand")
    refused = project.must("plan", "-m", "again", "--from", project.spec("green"), "--target", project.spec("blue"), code=3)
    assert refused.codes == {"BGM919"}


@pytest.mark.parametrize(("have", "want", "code", "said"), [
    ("CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'", "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'SELECT 1'", "BGM123", "f()"),
    ("CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'", "CREATE MATERIALIZED VIEW sums AS SELECT 1 AS one", "BGM901", "sums"),
])
def test_what_cannot_be_replaced_is_refused_by_name(project: Project, have: str, want: str, code: str, said: str) -> None:
    project.models(blue=BLUE + f'ddl("{have}")\n', green=BLUE + f'ddl("{want}")\n')
    project.start_blue()
    refused = project.must("plan", "-m", "one", "--target", project.spec("green"), code=3)
    assert refused.codes == {code} and said in refused.json["what"]


def test_a_printed_script_does_the_same(project: Project, server: Server) -> None:
    planned(project, BLUE, BLUE + THINGS, "")
    done = project.alembic("upgrade", "heads", "--sql")
    assert done.code == 0, done.err
    with server.database("printed") as url, psycopg.connect(url, autocommit=True) as c:
        for statement in dump.statements(done.out):
            c.execute(statement.encode())
        assert c.execute("SELECT twice(4), (SELECT count(*) FROM pg_policy), (SELECT relreplident::text FROM pg_class WHERE relname = 'docs')").fetchone() == (8, 1, "f")


OVER = '''
ddl("CREATE VIEW seen AS SELECT id, {0} FROM docs")
ddl("CREATE FUNCTION noticed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
ddl("CREATE TRIGGER notice AFTER UPDATE OF {0} ON docs FOR EACH ROW EXECUTE FUNCTION noticed()")
ddl("ALTER TABLE docs ENABLE ROW LEVEL SECURITY")
ddl("CREATE POLICY own ON docs USING ({0} IS NOT NULL)")
ddl("CREATE STATISTICS together ON owner, {0} FROM docs")
'''


def test_what_stands_over_a_column_goes_with_it_when_it_is_renamed(project: Project) -> None:
    planned(project, BLUE + OVER.format("title"), RENAMED + OVER.format("name"))
    released(project)
    assert project.sql("SELECT count(name) FROM seen") == [(100,)]
    again = project.must("plan", "-m", "again", "--from", project.spec("green"), "--target", project.spec("green"))
    assert again.json["outcome"] == "nothing_to_do"


def test_a_column_that_goes_with_the_view_over_it_takes_two_releases(project: Project) -> None:
    less = BLUE.replace("    title: Mapped[str | None] = mapped_column(Text)\n", "")
    view = '\nddl("CREATE VIEW seen AS SELECT {} FROM docs")\n'
    project.models(blue=BLUE + view.format("id, title"), green=less + view.format("id"), first=BLUE + view.format("id"))
    project.start_blue()
    assert project.must("plan", "-m", "one", "--target", project.spec("green"), code=3).codes == {"BGM215"}
    project.models(green=BLUE + view.format("id"))
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    released(project)
    project.models(blue=less + view.format("id"))
    assert project.must("plan", "-m", "two", "--target", project.spec("blue")).json["outcome"] == "done"
