"""A default that the database learns from green, and one that it forgets once blue is gone."""

from tests.lifecycle.case import Case, Seen, insert, update

CASE = Case(
    kind="server_default",
    blue='''
class Part(Base):
    __tablename__ = "parts"
    id: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(default=1)
    colour: Mapped[str | None] = mapped_column("Colour", Text, server_default="red")
    shape: Mapped[str | None] = mapped_column(Text, server_default="it's round")
''',
    green='''
class Part(Base):
    __tablename__ = "parts"
    id: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[int] = mapped_column(server_default="7")
    colour: Mapped[str | None] = mapped_column("Colour", Text, server_default="grün ☕ 100%")
    shape: Mapped[str | None] = mapped_column(Text)
''',
    seed="""INSERT INTO parts (size, "Colour") SELECT i, NULLIF('c' || i, 'c2') FROM generate_series(1, 200) i""",
    blue_writes=(
        insert("parts", lambda n: {"shape": "blue"}),
        update("parts", lambda n: n % 20 + 1, lambda n: {"Colour": None, "size": n}),
    ),
    green_writes=(
        insert("parts", lambda n: {"Colour": "green"}),
        update("parts", lambda n: n % 20 + 1, lambda n: {"size": n}),
    ),
    seen=(Seen(table="parts"),),
    changes=("size", "Colour", "shape"),
    catalog_only=("parts",),
    final=(('INSERT INTO parts DEFAULT VALUES RETURNING size, "Colour", shape', [(7, "grün ☕ 100%", None)]),),
)
