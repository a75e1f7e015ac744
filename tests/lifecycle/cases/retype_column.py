"""Types that change under the same name: one at the end of expand, for only the new one suits both versions, the others in contract."""

from tests.lifecycle.case import Case, Row, Seen, insert, update

BLUE = '''
class Doc(Base):
    __tablename__ = "docs"
    id: Mapped[int] = mapped_column(primary_key=True)
    facts: Mapped[dict] = mapped_column(JSON, server_default="{}", comment="what is known")
    code: Mapped[str] = mapped_column(CHAR(6), unique=True)
    hits: Mapped[int] = mapped_column(server_default="0", index=True)
    seen: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    short: Mapped[str | None] = mapped_column(String(40))
    __table_args__ = (CheckConstraint("hits >= 0", name="hits"), Index("ix_docs_code_hits", "code", "hits", postgresql_where=text("hits > 5")))
'''
GREEN = (BLUE.replace("mapped_column(JSON,", "mapped_column(JSON().with_variant(__import__('sqlalchemy.dialects.postgresql', fromlist=['JSONB']).JSONB(), 'postgresql'),")
         .replace("CHAR(6)", "Text").replace('hits: Mapped[int] = mapped_column(', 'hits: Mapped[int] = mapped_column(BigInteger, ')
         .replace("String(40)", "String(20)"))


def to_blue(green: Row) -> Row:
    return {"code": green["code"]}


CASE = Case(
    kind="retype_column",
    blue=BLUE,
    green=GREEN,
    seed="""
INSERT INTO docs (facts, code, hits, seen, short) SELECT json_build_object('n', i, 'list', json_build_array(1, NULL)), 'c' || i, i % 9, now(), NULLIF('s' || i % 5, 's0')
  FROM generate_series(1, 400) i;
INSERT INTO docs (facts, code) VALUES ('null', 'a b'), ('[1, 2.50]', 'ü☕');
""",
    blue_writes=(
        insert("docs", lambda n: {"code": f"bl{n}"[:6].ljust(6, "x") if n < 1000 else f"{n:06}", "facts": {"blue": n}}),
        update("docs", lambda n: n % 20 + 1, lambda n: {"facts": {"b": [n]}, "hits": n}),
        update("docs", lambda n: n % 20 + 9, lambda n: {"short": f"b{n}"}),
    ),
    green_writes=(
        insert("docs", lambda n: {"code": f"g{n}", "facts": {"green": {"x": n}}, "hits": n}),
        update("docs", lambda n: n % 20 + 1, lambda n: {"facts": [n, None], "hits": n + 7}),
        update("docs", lambda n: n % 20 + 5, lambda n: {"code": f"now{n}", "short": None}),
    ),
    seen=(Seen(table="docs", to_blue=to_blue),),
    changes=("facts", "code", "hits", "short"),
    final=(("SELECT count(*) FROM docs WHERE facts @> '{\"never\": 300}' AND code = 'x '", [(0,)]),),
)
