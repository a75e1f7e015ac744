"""Indexes that are INVALID in the service's database, one of them unique; the release itself changes but a comment."""

from tests.lifecycle.case import Case, Seen, insert, update

HEAD = '''
class Doc(Base):
    __tablename__ = "docs"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str | None] = mapped_column(Text, index=True, comment="{comment}")
    code: Mapped[str] = mapped_column(Text)
    __table_args__ = (Index("Code's", "code", unique=True),)
'''
CASE = Case(
    kind="repair_index",
    blue=HEAD.format(comment="old"),
    green=HEAD.format(comment="new"),
    seed="""
INSERT INTO docs (title, code) SELECT NULLIF('t' || i, 't8'), 'c' || i FROM generate_series(1, 300) i;
""",
    drift="""UPDATE pg_index SET indisvalid = false WHERE indexrelid::regclass::text IN ('ix_docs_title', '"Code''s"')""",
    blue_writes=(
        insert("docs", lambda n: {"title": f"blue {n}", "code": f"b{n}"}),
        update("docs", lambda n: n % 20 + 1, lambda n: {"title": None if n % 2 else f"b{n}"}),
    ),
    green_writes=(insert("docs", lambda n: {"title": f"green {n}", "code": f"g{n}"}),),
    seen=(Seen(table="docs"),),
    mended=("ix_docs_title", "Code's"),
    changes=("ix_docs_title", "Code's"),
    contracts=False,
)
