"""Comments on constraints: changed and taken away, on one that is new, on a new table's, and on one that is built anew for a renamed column."""

from tests.lifecycle.case import Case, Row, Seen, insert, update

HEAD = '''
class Part(Base):
    __tablename__ = "Parts"
    id: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int | None]
'''
BLUE = HEAD + '''
    code: Mapped[int | None]
    __table_args__ = (CheckConstraint("size > 0", name="It's large", comment="as it was"), CheckConstraint("size < 100000", name="gone", comment="to go"),
                      CheckConstraint("code > 0", name="code_given", comment="kept"))
'''
GREEN = HEAD + '''
    number: Mapped[int | None] = mapped_column(info={"bgmigrate": {"renamed_from": "code"}})
    __table_args__ = (CheckConstraint("size > 0", name="It's large", comment="it's new ☕ \\\\"), CheckConstraint("size < 100000", name="gone"),
                      CheckConstraint("number > 0", name="code_given", comment="kept"), UniqueConstraint("size", "id", comment="both"))

class Shelf(Base):
    __tablename__ = "shelves"
    id: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int]
    __table_args__ = (CheckConstraint("size > 0", name="large", comment="of a new table"),)
'''


def to_green(blue: Row) -> Row:
    return {"number": blue["code"]}


CASE = Case(
    kind="constraint_comment",
    blue=BLUE,
    green=GREEN,
    seed="""INSERT INTO "Parts" (size, code) SELECT i, NULLIF(i, 7) FROM generate_series(1, 200) i""",
    blue_writes=(
        insert("Parts", lambda n: {"size": 1 + n, "code": 1 + n}),
        update("Parts", lambda n: n % 20 + 1, lambda n: {"code": None}),
    ),
    green_writes=(
        insert("Parts", lambda n: {"size": 1 + n}),
        update("Parts", lambda n: n % 20 + 1, lambda n: {"number": 1 + n}),
        insert("shelves", lambda n: {"size": 1 + n}),
    ),
    seen=(Seen(table="Parts", to_green=to_green, to_blue=lambda green: {"code": green["number"]}),),
    changes=("It's large", "gone", "large", "code_given"),
    final=(
        (
            "SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE obj_description(oid, 'pg_constraint') IS NOT NULL ORDER BY 1",
            [("both",), ("it's new ☕ \\",), ("kept",), ("of a new table",)],
        ),
    ),
)
