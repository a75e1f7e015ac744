"""A wider type is the catalog's business only where no index has to be built anew for it."""

from __future__ import annotations

import pytest

from tests.integration.shop import BASE
from tests.project import Project

PARTS = BASE + """
class Part(Base):
    __tablename__ = "parts"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str | None] = mapped_column(String(%d))
    __table_args__ = (%s,)
"""


@pytest.mark.parametrize(
    ("index", "kind"),
    [
        ('Index("ix_parts_code", "code")', "widen_type"),
        ('Index("ix_parts_code", func.lower(text("code")))', "retype_column"),
        ('Index("ix_parts_code", "id", postgresql_where=text("code > \'a\'"))', "retype_column"),
    ],
)
def test_an_index_over_an_expression_would_be_built_anew_under_the_lock(project: Project, index: str, kind: str) -> None:
    project.models(blue=PARTS % (5, index), green=PARTS % (9, index))
    project.start_blue("INSERT INTO parts (code) VALUES ('A'), ('b')")
    planned = project.must("plan", "-m", "one", "--target", project.spec("green"))
    assert [(c["kind"], c["column"]) for c in planned.json["changes"]] == [(kind, "code")]
    project.must("expand")
    project.must("rollback")
