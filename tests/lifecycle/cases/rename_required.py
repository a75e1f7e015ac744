"""Columns that get a new name, some another type, and are NOT NULL from then on: blue's NULLs are what a hint or a default says."""

from tests.lifecycle.case import Case, Row, Seen, insert, update


def to_green(blue: Row) -> Row:
    return {
        "nickname": blue["nick"] or "nobody",
        "rank": 3 if blue["level"] is None else blue["level"],
        "state": blue["status"] or "new",
        "years": 0 if blue["age"] is None else int(blue["age"]),
        "size": 7 if blue["size"] is None else blue["size"],
        "height": 1 if blue["height"] is None else blue["height"],
        "facts": {} if blue["facts"] is None else blue["facts"],
    }


CASE = Case(
    kind="rename_column",
    name="rename_and_require",
    blue='''
class Guest(Base):
    __tablename__ = "guests"
    id: Mapped[int] = mapped_column(primary_key=True)
    nick: Mapped[str | None] = mapped_column(Text)
    level: Mapped[int | None]
    status: Mapped[str | None] = mapped_column(String(20))
    age: Mapped[str | None] = mapped_column(Text)
    size: Mapped[int | None]
    height: Mapped[int | None]
    facts: Mapped[dict | None] = mapped_column(JSON(none_as_null=True))
''',
    green='''
class Guest(Base):
    __tablename__ = "guests"
    id: Mapped[int] = mapped_column(primary_key=True)
    nickname: Mapped[str] = mapped_column(Text, info={"bgmigrate": {"renamed_from": "nick", "forward": "coalesce(nick, 'nobody')"}})
    rank: Mapped[int] = mapped_column(server_default="3", info={"bgmigrate": {"renamed_from": "level"}})
    state: Mapped[str] = mapped_column(Text, default="new", info={"bgmigrate": {"renamed_from": "status"}})
    years: Mapped[int] = mapped_column(info={"bgmigrate": {"renamed_from": "age", "forward": "coalesce(age::integer, 0)"}})
    size: Mapped[int] = mapped_column(BigInteger, info={"bgmigrate": {"forward": "7"}})
    height: Mapped[int] = mapped_column(BigInteger, info={"bgmigrate": {"forward": "coalesce(height, 1)"}})
    facts: Mapped[dict] = mapped_column(JSON().with_variant(__import__('sqlalchemy.dialects.postgresql', fromlist=['JSONB']).JSONB(), 'postgresql'), server_default="{}")
    __table_args__ = {"info": {"bgmigrate": {"backward": {"age": "years::text"}}}}
''',
    seed="""INSERT INTO guests (nick, level, status, age, size, height, facts)
SELECT NULLIF('n' || i % 4, 'n0'), NULLIF(i % 5, 0), NULLIF('s' || i % 3, 's0'), NULLIF(i % 7, 0)::text, NULLIF(i % 6, 0), NULLIF(i % 6, 0),
       CASE WHEN i % 3 > 0 THEN json_build_object('n', i) END FROM generate_series(1, 400) i""",
    blue_writes=(
        insert("guests", lambda n: {"nick": None, "level": None, "status": None, "age": None, "size": None, "height": None, "facts": None}),
        insert("guests", lambda n: {"nick": f"b{n}", "level": n, "status": "old", "age": str(n), "size": n, "height": n, "facts": {"b": n}}),
        update("guests", lambda n: n % 20 + 1, lambda n: {"nick": f"b{n}" if n % 2 else None, "age": None if n % 3 else str(n)}),
        update("guests", lambda n: n % 20 + 9, lambda n: {"level": None if n % 2 else n, "status": None, "size": None if n % 3 else n, "height": None if n % 2 else n, "facts": None if n % 2 else [n]}),
    ),
    green_writes=(
        insert("guests", lambda n: {"nickname": f"g{n}", "state": "g", "years": n, "size": n, "height": n, "facts": [n]}),
        update("guests", lambda n: n % 20 + 1, lambda n: {"nickname": f"g{n}", "years": n}),
        update("guests", lambda n: n % 20 + 9, lambda n: {"rank": n, "state": f"g{n}", "size": n, "height": n, "facts": {"g": n}}),
    ),
    seen=(Seen(table="guests", to_green=to_green),),
    filled=("size", "height", "facts"),
    changes=("nickname", "rank", "state", "years", "size", "height", "facts"),
)
