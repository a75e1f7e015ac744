"""Views, policies, triggers and the like that use a column: carried over to its successor, or named before anything changes."""

from __future__ import annotations

import pytest

from tests.lifecycle import catalog
from tests.project import Project

PRELUDE = '''\
from sqlalchemy import *
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

'''
BLUE = PRELUDE + '''
class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    born: Mapped[int | None]
    boss: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
'''
RENAMED = BLUE.replace("    name: Mapped[str] = mapped_column(String(40))", '    full_name: Mapped[str] = mapped_column(String(40), info={"bgmigrate": {"renamed_from": "name"}})')
RETYPED = BLUE.replace("    id: Mapped[int] = mapped_column(", "    id: Mapped[int] = mapped_column(BigInteger, ").replace('mapped_column(ForeignKey("people.id"', 'mapped_column(BigInteger, ForeignKey("people.id"')
WIDENED = BLUE.replace("String(40)", "Text")
DROPPED = BLUE.replace("    born: Mapped[int | None]\n", "")
DRESSED = """
CREATE ROLE reader;
CREATE VIEW named WITH (security_barrier) AS SELECT id, name, boss FROM people WHERE name <> 'nobody';
CREATE VIEW short AS SELECT id, left(name, 3) AS abbreviated FROM named;
COMMENT ON VIEW named IS 'it''s all of them'; COMMENT ON COLUMN named.name IS 'a name'; GRANT SELECT ON named TO reader; GRANT UPDATE (id) ON short TO PUBLIC;
ALTER VIEW named ALTER COLUMN boss SET DEFAULT 7;
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON people AS RESTRICTIVE FOR UPDATE TO reader USING (name <> 'x' AND id > 0) WITH CHECK (id < 10);
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched AFTER UPDATE OF name, id ON people FOR EACH ROW WHEN (NEW.name <> OLD.name OR NEW.id > 3) EXECUTE FUNCTION touched();
ALTER TABLE people DISABLE TRIGGER touched;
CREATE RULE quiet AS ON UPDATE TO people WHERE NEW.name = 'quiet' AND NEW.id = 3 DO ALSO NOTHING;
CREATE STATISTICS together ON name, id, born FROM people;
"""
PUBLISHED = "CREATE PUBLICATION pub FOR TABLE people (id, name) WHERE (id > 3)"


@pytest.fixture
def live(project: Project) -> Project:
    project.models(blue=BLUE)
    project.start_blue("INSERT INTO people (name, born) SELECT 'n' || i, i FROM generate_series(1, 50) i")
    return project


def released(project: Project, green: str) -> None:
    """From plan to contract."""
    project.models(green=green)
    project.must("plan", "-m", "change", "--from", project.spec("blue"), "--target", project.spec("green"))
    project.must("expand")
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    project.must("contract", "--drained", "blue is gone")


def dress(project: Project) -> dict[tuple[str, str], str]:
    """Everything that may use a column, and how it reads."""
    project.sql("DO $$ BEGIN DROP ROLE IF EXISTS reader; EXCEPTION WHEN OTHERS THEN NULL; END $$")
    roles = project.sql("SELECT 1 FROM pg_roles WHERE rolname = 'reader'")
    project.sql(DRESSED.replace("CREATE ROLE reader;", "") if roles else DRESSED)
    if int(str(project.sql("SHOW server_version_num")[0][0])) >= 150000:
        project.sql(PUBLISHED)
    return dressed(project)


def dressed(project: Project) -> dict[tuple[str, str], str]:
    """Views, policies, triggers, rules, publications, statistics and grants as PostgreSQL writes them."""
    rows = project.sql("""
        SELECT 'view', c.oid::regclass::text, concat_ws(' ', pg_get_viewdef(c.oid), c.reloptions, c.relacl, obj_description(c.oid),
               (SELECT string_agg(concat_ws(' ', attname, attacl, col_description(attrelid, attnum)), ',' ORDER BY attnum) FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0))
          FROM pg_class c WHERE relkind = 'v' AND relnamespace = 'public'::regnamespace
        UNION ALL SELECT 'default', adrelid::regclass::text, pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'named'::regclass
        UNION ALL SELECT 'policy', polname, concat_ws(' ', polcmd, polpermissive, polroles::regrole[], pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) FROM pg_policy
        UNION ALL SELECT 'trigger', tgname, pg_get_triggerdef(oid) || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal AND tgname !~ '^zz_bgm'
        UNION ALL SELECT 'rule', rulename, pg_get_ruledef(oid) FROM pg_rewrite WHERE rulename = 'quiet'
        UNION ALL SELECT 'statistics', stxname, pg_get_statisticsobjdef(oid) FROM pg_statistic_ext
        UNION ALL SELECT 'publication', tablename, concat_ws(',', attnames, rowfilter) FROM pg_publication_tables""")
    return {(str(kind), str(name)): str(text) for kind, name, text in rows}


@pytest.mark.exhaustive
@pytest.mark.every_server
@pytest.mark.parametrize(("green", "new"), [(RENAMED, "full_name"), (RETYPED, "name"), (WIDENED, "name")], ids=["renamed", "retyped", "widened"])
def test_what_uses_a_column_uses_its_successor_afterwards(live: Project, green: str, new: str) -> None:
    before = dress(live)
    released(live, green)
    after = dressed(live)
    assert after.keys() == before.keys()
    for thing, text in before.items():
        assert _plain(after[thing]) == _plain(text.replace("name", new) if thing[0] in ("policy", "trigger", "rule", "statistics", "publication") else text), thing
    assert live.sql("SELECT count(*), min(abbreviated) FROM short") == [(50, "n1")]


def _plain(text: str) -> str:
    """A view's output keeps its name, and casts of varchar go with the type; order and blanks are PostgreSQL's."""
    for word in ("full_name AS name", "people.full_name", "(name)::text", "people.", "::text", "(", ")", "{", "}", " ", "\n"):
        text = text.replace(word, {"full_name AS name": "name", "people.full_name": "name", "(name)::text": "name"}.get(word, ""))
    return ",".join(sorted(text.replace("full_name", "name").replace("ON", ",").replace("FROM", ",").split(",")))


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("user", "green", "named"),
    [
        ("CREATE MATERIALIZED VIEW kept AS SELECT name FROM people", RENAMED, "materialized view kept"),
        ("CREATE FUNCTION names() RETURNS SETOF text BEGIN ATOMIC SELECT name FROM people; END", RENAMED, "function names()"),
        ("CREATE VIEW ages AS SELECT born FROM people; CREATE VIEW old AS SELECT * FROM ages", DROPPED, "view ages, view old"),
        ("CREATE MATERIALIZED VIEW kept AS SELECT id FROM people", RETYPED, "materialized view kept"),
    ],
    ids=["materialized view", "function", "view of a dropped column", "key"],
)
def test_what_cannot_be_carried_over_is_named_before_anything_changes(live: Project, user: str, green: str, named: str) -> None:
    live.sql(user)
    original = catalog.read(live.url)
    live.models(green=green)
    result = live.must("plan", "-m", "change", "--from", live.spec("blue"), "--target", live.spec("green"), code=3)
    assert named in result.json["what"], result
    assert "BGM215" in result.codes
    live.sql(user.split(";")[0].replace("CREATE MATERIALIZED VIEW", "DROP MATERIALIZED VIEW").replace("CREATE VIEW", "DROP VIEW").replace("CREATE FUNCTION", "DROP FUNCTION")
             .split(" AS ")[0].split(" RETURNS ")[0] + " CASCADE")
    live.must("plan", "-m", "change", "--from", live.spec("blue"), "--target", live.spec("green"))
    live.sql(user)
    assert live.must("expand", code=3).codes == {"BGM215"}
    assert catalog.difference(catalog.read(live.url), original) == []
