"""Generated columns where it is awkward: large tables, rows that disagree, values that an expression cannot take, and what hangs on the column."""

from __future__ import annotations

import psycopg
import pytest

from bgmigrate import dump
from tests.integration.test_numbering import released
from tests.integration.test_refused_columns import BASE
from tests.project import Project
from tests.servers import Server

pytestmark = pytest.mark.exhaustive(turns=5)

TABLE = BASE + '''
class Line(Base):
    __tablename__ = "Lines"
    __table_args__ = {{"schema": "my shop"}}
    id: Mapped[int] = mapped_column(primary_key=True)
    a: Mapped[int | None]
    b: Mapped[int | None]
    c: Mapped[int | None] = mapped_column({c})
{more}'''
BLUE = TABLE.format(c="", more="")
COMPUTED = 'Computed("a / b", persisted=True)'
ADDED = TABLE.format(c="", more=f"    d: Mapped[int | None] = mapped_column({COMPUTED})\n")
GIVEN = TABLE.format(c="", more=f"    d: Mapped[int] = mapped_column({COMPUTED})\n")
MADE = TABLE.format(c=COMPUTED, more="")
ROWS = """INSERT INTO "my shop"."Lines" (a, b, c) SELECT i, 2, i / 2 FROM generate_series(1, 300) i"""
LINES = '"my shop"."Lines"'


@pytest.mark.parametrize(("blue", "green", "phase"), [(BLUE, ADDED, "expand"), (BLUE, MADE, "expand"), (MADE, BLUE, "expand")])
def test_a_table_too_large_to_be_written_at_once_is_refused_with_the_choices(project: Project, blue: str, green: str, phase: str) -> None:
    project.models(blue=blue, green=green)
    project.start_blue(ROWS.replace(", c)", ")").replace(", i / 2", "") if blue is MADE else ROWS)
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    project.environ["BGMIGRATE_EXPAND__SMALL_TABLE"] = "8kB"
    refused = project.must(phase, code=3)
    assert refused.codes == {"BGM113"}
    assert "Computed(…, persisted=False)" in refused.json["findings"][0]["next"] and "FetchedValue" in refused.json["findings"][0]["next"]
    assert project.sql("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal") == [(0,)]


def test_contract_measures_the_table_again(project: Project) -> None:
    project.models(blue=BLUE, green=ADDED)
    project.start_blue(ROWS)
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    project.must("expand")
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    project.environ["BGMIGRATE_EXPAND__SMALL_TABLE"] = "8kB"
    assert project.must("contract", "--drained", "nothing runs", code=3).codes == {"BGM113"}
    project.environ["BGMIGRATE_EXPAND__SMALL_TABLE"] = "1GB"
    project.must("contract", "--drained", "nothing runs")
    assert project.sql(f"SELECT count(*) FROM {LINES} WHERE d = a / b") == [(300,)]


def test_a_value_that_the_expression_cannot_take_is_no_error_of_blue_s_and_keeps_contract_shut(project: Project) -> None:
    project.models(blue=BLUE, green=ADDED)
    project.start_blue(ROWS)
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    project.must("expand")
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.sql(f"INSERT INTO {LINES} (a, b) VALUES (7, 0); UPDATE {LINES} SET b = 0 WHERE id = 3")
    assert project.sql(f"SELECT count(*) FROM {LINES} WHERE d IS NULL") == [(2,)]
    project.must("switch", "--to", "green")
    assert project.must("contract", "--drained", "nothing runs", code=3).codes >= {"BGM907"}
    project.sql(f"UPDATE {LINES} SET b = 7 WHERE b = 0")
    project.must("contract", "--drained", "nothing runs")
    assert project.sql(f"SELECT count(*) FROM {LINES} WHERE d = a / b") == [(301,)]


def test_rows_without_a_value_for_a_not_null_column_are_found_before_anything_changes(project: Project) -> None:
    project.models(blue=BLUE, green=GIVEN)
    project.start_blue(ROWS + f"; INSERT INTO {LINES} (a, b) VALUES (NULL, 4)")
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    refused = project.must("expand", code=3)
    assert "1 row of my shop.Lines give no value for d" in refused.json["what"] and "301" in refused.json["what"]
    project.sql(f"DELETE FROM {LINES} WHERE a IS NULL")
    project.must("expand")


def test_rows_that_hold_something_else_than_the_expression_gives_are_counted(project: Project) -> None:
    project.models(blue=BLUE, green=MADE)
    project.start_blue(ROWS)
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    project.sql(f"UPDATE {LINES} SET c = -1 WHERE id < 10")
    refused = project.must("expand", code=3)
    assert refused.codes == {"BGM113"} and "9 rows" in refused.json["what"] and "1, 2, 3, 4, 5" in refused.json["what"]
    project.sql(f"UPDATE {LINES} SET c = a / b")
    project.must("expand")
    project.sql(f"INSERT INTO {LINES} (a, b) VALUES (40, 2); INSERT INTO {LINES} (a, b, c) VALUES (40, 2, 5)")
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    assert "BGM113" in project.must("contract", "--drained", "nothing runs", code=3).codes
    assert project.sql(f"SELECT c FROM {LINES} WHERE a = 40 ORDER BY id DESC LIMIT 2") == [(5,), (20,)]
    project.sql(f"UPDATE {LINES} SET c = 20 WHERE c = 5 AND a = 40")
    project.must("contract", "--drained", "nothing runs")


HANGING = f"""
CREATE VIEW "my shop".seen AS SELECT id, c FROM {LINES} WHERE c > 3; GRANT SELECT ON "my shop".seen TO PUBLIC;
CREATE FUNCTION noticed() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER "Notice" AFTER UPDATE OF c ON {LINES} FOR EACH ROW EXECUTE FUNCTION noticed();
ALTER TABLE {LINES} ENABLE ALWAYS TRIGGER "Notice"; CREATE POLICY few ON {LINES} USING (c > 0);
CREATE INDEX "partly c" ON {LINES} (a) WHERE c IS NOT NULL; ALTER TABLE {LINES} ADD CONSTRAINT "c it is" CHECK (c > -9), ADD CONSTRAINT "Both" UNIQUE (id, c);
CREATE STATISTICS "my shop".together ON a, c FROM {LINES}; GRANT SELECT (c) ON {LINES} TO PUBLIC; COMMENT ON COLUMN {LINES}.c IS 'it''s'
"""
KEPT = f"""
SELECT 'view', pg_get_viewdef('"my shop".seen'::regclass) || (SELECT relacl::text FROM pg_class WHERE relname = 'seen') UNION ALL
SELECT tgname::text, pg_get_triggerdef(oid) || tgenabled::text FROM pg_trigger WHERE NOT tgisinternal AND tgfoid <> ALL (SELECT oid FROM pg_proc WHERE pronamespace = 'bgmigrate'::regnamespace) UNION ALL
SELECT polname::text, pg_get_expr(polqual, polrelid) FROM pg_policy UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'my shop' UNION ALL
SELECT conname::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '{LINES}'::regclass UNION ALL SELECT 's', pg_get_statisticsobjdef(oid) FROM pg_statistic_ext UNION ALL
SELECT attname::text, concat(attacl, col_description(attrelid, attnum)) FROM pg_attribute WHERE attrelid = '{LINES}'::regclass AND attname = 'c' ORDER BY 1, 2
"""


def test_what_hangs_on_the_column_is_there_again_afterwards(project: Project) -> None:
    project.models(blue=BLUE, green=MADE)
    project.start_blue(ROWS)
    project.sql(HANGING)
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    before = project.sql(KEPT)
    released(project)
    assert project.sql(KEPT) == before
    assert project.sql("SELECT attgenerated::text FROM pg_attribute WHERE attname = 'c' AND attrelid = '\"my shop\".\"Lines\"'::regclass") == [("s",)]


def test_a_printed_script_does_the_same(project: Project, server: Server) -> None:
    project.models(blue=TABLE.format(c="index=True", more=""), green=TABLE.format(c=COMPUTED + ", index=True", more=f"    d: Mapped[int] = mapped_column({COMPUTED})\n"))
    project.start_blue()
    project.must("plan", "-m", "one", "--target", project.spec("green"))
    done = project.alembic("upgrade", "heads", "--sql")
    assert done.code == 0, done.err
    with server.database("printed") as url, psycopg.connect(url, autocommit=True) as c:
        for statement in dump.statements(done.out):
            c.execute(statement.encode())
        assert c.execute(f"INSERT INTO {LINES} (a, b) VALUES (9, 3) RETURNING c, d").fetchone() == (3, 3)
        assert c.execute("SELECT count(*) FROM pg_indexes WHERE indexname ~ '_c$'").fetchone() == (1,)


@pytest.mark.parametrize(("blue", "green", "said"), [
    ('server_default="1"', COMPUTED, "relies on its default 1"),
    ("BigInteger", COMPUTED, "change its type"),
])
def test_what_takes_two_releases_is_said(project: Project, blue: str, green: str, said: str) -> None:
    project.models(blue=TABLE.format(c=blue, more=""), green=TABLE.format(c=green, more=""))
    project.start_blue()
    refused = project.must("plan", "-m", "one", "--target", project.spec("green"), code=3)
    assert refused.codes == {"BGM113"} and said in refused.json["what"]
