"""Comments set, changed and taken away: the catalog alone changes."""

from tests.lifecycle.case import Case, Seen, insert, update

CASE = Case(
    kind="comment",
    blue='''
class Part(Base):
    __tablename__ = "parts"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str | None] = mapped_column("the Code", Text, comment="old words")
    shape: Mapped[str | None] = mapped_column(Text, comment="to go")
    size: Mapped[int | None]
''',
    green='''
class Part(Base):
    __tablename__ = "parts"
    __table_args__ = {"comment": "spare parts, it's said"}
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str | None] = mapped_column("the Code", Text, comment="new words: 100% \\\\ \\"blue\\" ☕")
    shape: Mapped[str | None] = mapped_column(Text)
    size: Mapped[int | None] = mapped_column(comment="in mm")
''',
    seed="""INSERT INTO parts ("the Code", size) SELECT NULLIF('pärt ' || i, 'pärt 2'), i FROM generate_series(1, 200) i""",
    blue_writes=(
        insert("parts", lambda n: {"the Code": f"blue {n}", "size": 1}),
        update("parts", lambda n: n % 20 + 1, lambda n: {"the Code": None}),
    ),
    green_writes=(update("parts", lambda n: n % 20 + 1, lambda n: {"size": n}),),
    seen=(Seen(table="parts"),),
    changes=("the Code", "shape", "size"),
    catalog_only=("parts",),
    contracts=False,
)
