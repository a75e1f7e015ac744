"""A table under a new name, with a column renamed, one added and one retyped at once, and a table that refers to it."""

from tests.lifecycle.case import Case, Row, Seen, delete, insert, update

BASE = '''
class Base(DeclarativeBase):
    """Constraint names are PostgreSQL's."""

'''
NOTES = '''
class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    author: Mapped[int | None] = mapped_column(ForeignKey("%s.id", ondelete="SET NULL"))
    body: Mapped[str] = mapped_column(Text)
'''
BLUE = BASE + '''
class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(Text, unique=True)
    name: Mapped[str | None] = mapped_column(Text)
    score: Mapped[int] = mapped_column(server_default="0", index=True)
    boss: Mapped[int | None] = mapped_column(ForeignKey("people.id", ondelete="SET NULL"))
    __table_args__ = (CheckConstraint("score >= 0"),)
''' + NOTES % "people"
GREEN = BASE + '''
class User(Base):
    __tablename__ = "User"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(Text, unique=True)
    full_name: Mapped[str | None] = mapped_column(Text, info={"bgmigrate": {"renamed_from": "name"}})
    score: Mapped[int] = mapped_column(BigInteger, server_default="0", index=True)
    boss: Mapped[int | None] = mapped_column(ForeignKey("User.id", ondelete="SET NULL"))
    nick: Mapped[str] = mapped_column(Text, server_default="none")
    __table_args__ = (CheckConstraint("score >= 0"), {"info": {"bgmigrate": {"renamed_from": "people"}}})
''' + NOTES % "User"


def to_green(blue: Row) -> Row:
    return {"full_name": blue["name"]}


def to_blue(green: Row) -> Row:
    return {"name": green["full_name"]}


CASE = Case(
    kind="rename_table",
    blue=BLUE,
    green=GREEN,
    seed="""
INSERT INTO people (email, name, score) SELECT 'e' || i, NULLIF('n' || i % 7, 'n0'), i FROM generate_series(1, 300) i;
INSERT INTO notes (author, body) SELECT i % 200 + 1, 'x' FROM generate_series(1, 300) i;
""",
    green_seed="""INSERT INTO "User" (email) SELECT 'e' || i FROM generate_series(1, 300) i; INSERT INTO notes (author, body) SELECT i, 'x' FROM generate_series(1, 300) i""",
    blue_writes=(
        insert("people", lambda n: {"email": f"blue {n}", "name": "b"}),
        update("people", lambda n: n % 20 + 1, lambda n: {"name": f"b{n}", "score": n, "boss": n % 9 + 1}),
        insert("notes", lambda n: {"author": n % 40 + 1, "body": "blue"}),
        delete("people", lambda n: 60 + n),
    ),
    green_writes=(
        insert("User", lambda n: {"email": f"green {n}", "full_name": "g", "nick": f"n{n}"}),
        update("User", lambda n: n % 20 + 1, lambda n: {"full_name": f"g{n}", "score": n}),
        insert("notes", lambda n: {"author": n % 40 + 1, "body": "green"}),
        delete("User", lambda n: 160 + n),
    ),
    seen=(Seen(table="people", renamed="User", to_green=to_green, to_blue=to_blue), Seen(table="notes")),
    changes=("people", "User", "full_name", "score", "nick"),
)
