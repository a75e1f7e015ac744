"""A wider type is the catalog's business only where no index has to be built anew for it."""

from __future__ import annotations

import psycopg
import pytest

from tests.integration.shop import BASE
from tests.project import Project

pytestmark = pytest.mark.exhaustive(turns=3)

PARTS = BASE + """
class Part(Base):
    __tablename__ = "parts"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str | None] = mapped_column(String(%d))
    __table_args__ = (%s,)
"""


@pytest.mark.parametrize(
    ("index", "built"),
    [
        ('Index("ix_parts_code", "code")', False),
        ('Index("ix_parts_code", func.lower(text("code")))', True),
        ('Index("ix_parts_code", "id", postgresql_where=text("code > \'a\'"))', True),
    ],
)
def test_an_index_over_an_expression_is_built_anew_under_the_lock_where_the_table_is_small(project: Project, index: str, built: bool) -> None:
    project.models(blue=PARTS % (5, index), green=PARTS % (9, index))
    project.start_blue("INSERT INTO parts (code) VALUES ('A'), ('b')")
    planned = project.must("plan", "-m", "one", "--target", project.spec("green"))
    assert [(c["kind"], c["column"]) for c in planned.json["changes"]] == [("widen_type", "code")]
    large = project.run("expand", environ={"BGMIGRATE_EXPAND__SMALL_TABLE": "1kB"})
    if built:
        assert large.code == 3
        assert "DROP INDEX CONCURRENTLY ix_parts_code" in large.json["findings"][0]["next"]
        project.must("expand")
    else:
        assert large.code == 0
    project.must("verify", "--green", project.spec("green"))
    project.must("rollback")


def test_a_check_that_reads_otherwise_for_the_wider_type_is_no_change_of_its_own(project: Project) -> None:
    check = 'CheckConstraint("code <> \'\'", name="some_code")'
    blue = PARTS % (5, check)
    project.models(blue=blue, green=blue.replace("String(5)", "Text"))
    project.start_blue("INSERT INTO parts (code) VALUES ('A'), ('b')")
    planned = project.must("plan", "-m", "one", "--target", project.spec("green"))
    assert [(c["kind"], c["column"]) for c in planned.json["changes"]] == [("widen_type", "code")]
    assert [r["phase"] for r in planned.json["revisions"]] == ["expand"]
    project.must("expand")
    with psycopg.connect(project.url) as c:
        found = c.execute("SELECT pg_get_constraintdef(oid), convalidated FROM pg_constraint WHERE conname = 'some_code'").fetchone()
    assert found == ("CHECK ((code <> ''::text))", True)
