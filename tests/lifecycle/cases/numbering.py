"""Keys and other columns that number themselves in another way, or for the first time, or no more."""

from tests.lifecycle.case import Case, Seen, given, insert, update

BLUE = '''
numbers = Sequence("all numbers", metadata=Base.metadata)

class Given(Base):
    __tablename__ = "given"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    place: Mapped[int | None]

class Serial(Base):
    __tablename__ = "Serial's"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, server_default=numbers.next_value())
    title: Mapped[str | None] = mapped_column(Text)

class Always(Base):
    __tablename__ = "always"
    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    title: Mapped[str | None] = mapped_column(Text)

class Default(Base):
    __tablename__ = "default"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    title: Mapped[str | None] = mapped_column(Text)
'''
GREEN = '''
numbers = Sequence("all numbers", metadata=Base.metadata)

class Given(Base):
    __tablename__ = "given"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    place: Mapped[int] = mapped_column(Identity(start=10))

class Serial(Base):
    __tablename__ = "Serial's"
    id: Mapped[int] = mapped_column(Identity(always=True, increment=2), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, Identity())
    title: Mapped[str | None] = mapped_column(Text)

class Always(Base):
    __tablename__ = "always"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str | None] = mapped_column(Text)

class Default(Base):
    __tablename__ = "default"
    id: Mapped[int] = mapped_column(Identity(always=True, start=3, cycle=True, maxvalue=500000), primary_key=True)
    title: Mapped[str | None] = mapped_column(Text)
'''
NO_MORE = '''
class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column({}, primary_key=True)
    title: Mapped[str | None] = mapped_column(Text)

class Thing(Base):
    __tablename__ = "Things"
    id: Mapped[int] = mapped_column({}, primary_key=True)
'''


def past(table: str, column: str = "id") -> tuple[str, list[tuple[object, ...]]]:
    """The next number is greater than every one that is there."""
    query = """SELECT nextval(pg_get_serial_sequence('"{}"', '{}')) > (SELECT COALESCE(max({}), 0) FROM "{}")"""
    return query.format(table.replace("'", "''"), column, column, table), [(True,)]


CASES = (
    Case(
        filled=("place",),
        kind="numbering",
        blue=BLUE,
        green=GREEN,
        seed="""
INSERT INTO given SELECT i, NULLIF(i % 100 + 20, 25) FROM generate_series(1, 300) i;
INSERT INTO "Serial's" (title) SELECT NULLIF('t' || i, 't7') FROM generate_series(1, 300) i;
INSERT INTO always (title) SELECT 't' || i FROM generate_series(1, 200) i; INSERT INTO "default" (title) SELECT 't' || i FROM generate_series(1, 200) i;
""",
        blue_writes=(
            insert("given", lambda n: {"id": -1 - n, "place": None if n % 2 else n % 50}),
            update("given", lambda n: n % 20 + 1, lambda n: {"place": n % 60 if n % 2 else None}),
            insert("Serial's", lambda n: {"title": f"blue {n}"}),
            insert("always", lambda n: {"title": f"blue {n}"}),
            insert("default", lambda n: {"title": f"blue {n}"}),
        ),
        green_writes=(
            insert("given", lambda n: {}),
            insert("Serial's", lambda n: {"title": f"green {n}"}),
            update("Serial's", lambda n: n % 20 + 1, lambda n: {"title": f"g{n}"}),
            insert("always", lambda n: {"title": f"green {n}"}),
            insert("default", lambda n: {"title": None}),
        ),
        seen=(
            Seen(table="given", to_green=lambda blue: {"place": given} if blue["place"] is None else {}), Seen(table="Serial's"), Seen(table="always"),
            Seen(table="default"),
        ),
        changes=("given", "place", "Serial's", "number", "always", "default"),
        final=(
            past("given"), past("given", "place"), past("Serial's"), past("Serial's", "number"), past("always"), past("default"),
            ("SELECT count(*) FROM given WHERE place IS NULL", [(0,)]),
        ),
    ),
    Case(
        kind="numbering",
        name="numbering_ends",
        blue=NO_MORE.format("Integer", "Identity(always=True)"),
        green=NO_MORE.format("autoincrement=False", "autoincrement=False"),
        seed="""INSERT INTO items (title) SELECT 't' || i FROM generate_series(1, 200) i; INSERT INTO "Things" SELECT FROM generate_series(1, 200) i""",
        blue_writes=(
            insert("items", lambda n: {"title": f"blue {n}"}),
            insert("Things", lambda n: {}),
        ),
        green_writes=(
            insert("items", lambda n: {"id": -n, "title": f"green {n}"}),
            insert("Things", lambda n: {"id": -n}),
            update("items", lambda n: n % 20 + 1, lambda n: {"title": f"green {n}"}),
        ),
        seen=(Seen(table="items"), Seen(table="Things")),
        changes=("items", "Things"),
        final=(("SELECT pg_get_serial_sequence('items', 'id'), pg_get_serial_sequence('\"Things\"', 'id')", [(None, None)]),),
    ),
)
