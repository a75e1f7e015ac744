"""A check over a column whose type changes under the same name, when the check changes as well."""

from __future__ import annotations

import pytest

from tests.integration.shop import BASE
from tests.project import Project

NOTES = BASE + '''
class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(%s), CheckConstraint("kind IN (%s)", name="known"))
'''


@pytest.mark.exhaustive
@pytest.mark.parametrize("has", ["'LLM', 'CODE', 'HUMAN'", "'HUMAN'", "'CODE', 'HUMAN'"])
def test_both_change_in_one_release(project: Project, has: str) -> None:
    """A looser check holds from expand on; it goes with the old column, and comes again on the new one."""
    project.models(blue=NOTES % ("", "'LLM', 'HUMAN'"), green=NOTES % ("9", has))
    project.start_blue("INSERT INTO notes (kind) VALUES ('HUMAN')")
    planned = project.must("plan", "-m", "one", "--target", project.spec("green"))
    assert {c["kind"] for c in planned.json["changes"]} == {"change_check", "retype_column"}
    project.must("expand")
    project.must("rollback")
    project.must("expand")
    project.must("verify", "--blue", project.spec("blue"), "--green", project.spec("green"))
    project.must("switch", "--to", "green")
    project.must("contract", "--drained", "gone")
    assert project.must("plan", "-m", "again", "--target", project.spec("green")).json["outcome"] == "nothing_to_do"
