"""A type that changes under the same name, where the application's own decorator takes nothing but objects of its own."""

from __future__ import annotations

import pytest

from tests.integration.shop import BASE
from tests.project import Project

pytestmark = pytest.mark.exhaustive(turns=3)

DOCS = "import sqlalchemy.dialects.postgresql as pg\n" + BASE + '''
class Tools:
    def __init__(self, names):
        self.names = names

class Stored(TypeDecorator):
    impl = %s
    cache_ok = True

    def process_bind_param(self, value, dialect):
        return None if value is None else {"names": value.names}

    def process_result_value(self, value, dialect):
        return None if value is None else Tools(value["names"])

class Doc(Base):
    __tablename__ = "docs"
    id: Mapped[int] = mapped_column(primary_key=True)
    tools = mapped_column(Stored)
'''


def test_what_the_decorator_hands_on_is_tried(project: Project) -> None:
    project.models(blue=DOCS % "pg.JSONB", green=DOCS % "JSON")
    project.start_blue("""INSERT INTO docs (tools) VALUES ('{"names": ["hammer"]}')""")
    planned = project.must("plan", "-m", "one", "--target", project.spec("green"))
    assert [(c["kind"], c["column"]) for c in planned.json["changes"]] == [("retype_column", "tools")]
    project.must("expand")
    project.must("rollback")
