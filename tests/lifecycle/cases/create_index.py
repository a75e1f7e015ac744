"""Indexes of several sorts, built while blue writes; the new unique one waits for contract."""

from tests.lifecycle.case import Case, Seen, insert, update

HEAD = '''
class Doc(Base):
    __tablename__ = "Docs"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str | None] = mapped_column("Title", Text{index})
    words: Mapped[int | None]
'''
CASE = Case(
    kind="create_index",
    blue=HEAD.format(index=""),
    green=HEAD.format(index=", index=True") + '''
    __table_args__ = (Index("ix words ☕", "words", postgresql_where=text("words > 3")),
                      Index("ix_docs_lower", text('lower("Title")')),
                      Index("ix_docs_both", text("words DESC"), "Title", postgresql_include=["id"]))
''',
    seed="""INSERT INTO "Docs" ("Title", words) SELECT NULLIF('tïtle ' || i, 'tïtle 8'), NULLIF(i % 50, 0) FROM generate_series(1, 500) i""",
    blue_writes=(
        insert("Docs", lambda n: {"Title": f"blue {n}", "words": n}),
        update("Docs", lambda n: n % 20 + 1, lambda n: {"words": None if n % 2 else n}),
    ),
    green_writes=(insert("Docs", lambda n: {"Title": f"green {n}", "words": n}),),
    seen=(Seen(table="Docs"),),
    changes=("ix words ☕", "ix_docs_lower", "ix_docs_both"),
    catalog_only=("Docs",),
    contracts=False,
)
