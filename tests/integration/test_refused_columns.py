"""What is refused of a table's storage, its sequences and its generated columns, and what the refusal says to do."""

from __future__ import annotations

from tests.project import Project

BASE = '''\
from sqlalchemy import *
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

class Base(DeclarativeBase):
    pass

'''
PART = BASE + '''
class Part(Base):
    __tablename__ = "parts"
    id: Mapped[int] = mapped_column(primary_key=True)
'''


def test_an_unlogged_table_is_not_made_a_logged_one_by_rewriting_it(project: Project) -> None:
    project.models(blue=PART, green=PART + '    __table_args__ = {"prefixes": ["UNLOGGED"]}\n')
    project.start_blue()
    refused = project.must("plan", "-m", "one", "--target", project.spec("green"), code=3)
    assert refused.codes == {"BGM118"}
    assert "logged to UNLOGGED" in refused.json["what"]


def test_a_table_is_not_partitioned_in_place(project: Project) -> None:
    project.models(blue=PART, green=PART + '    __table_args__ = {"postgresql_partition_by": "HASH (id)"}\n')
    project.start_blue()
    refused = project.must("plan", "-m", "one", "--target", project.spec("green"), code=3)
    assert refused.codes == {"BGM118"}
    assert "parts: the partitioning" in refused.json["what"]
