"""An index that green does without is blue's until contract."""

from tests.lifecycle.case import Case, Seen, insert, update

TABLE = '''
class Doc(Base):
    __tablename__ = "docs"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str | None] = mapped_column(Text)
    words: Mapped[int | None]
'''
CASE = Case(
    kind="drop_index",
    blue=TABLE + '''
    __table_args__ = (Index("ix docs' Title", "title"), Index("ix_docs_words", "words", postgresql_where=text("words > 3")))
''',
    green=TABLE,
    seed="INSERT INTO docs (title, words) SELECT NULLIF('tïtle ' || i, 'tïtle 8'), NULLIF(i % 50, 0) FROM generate_series(1, 300) i",
    blue_writes=(
        insert("docs", lambda n: {"title": f"blue {n}", "words": n}),
        update("docs", lambda n: n % 20 + 1, lambda n: {"title": None}),
    ),
    green_writes=(insert("docs", lambda n: {"title": f"green {n}", "words": n}),),
    seen=(Seen(table="docs"),),
    changes=("ix docs' Title", "ix_docs_words"),
    catalog_only=("docs",),
)
