"""Columns that may be NULL no more: with a `forward`, with the server's default, with green's own default, and with none at all."""

from tests.lifecycle.case import Case, Row, Seen, insert, update

HEAD = '''
class Person(Base):
    __tablename__ = "Pe%ple"
    id: Mapped[int] = mapped_column(primary_key=True)
    first: Mapped[str] = mapped_column(Text)
'''


def to_green(blue: Row) -> Row:
    return {
        "Order": blue["first"].upper() if blue["Order"] is None else blue["Order"], "level": 3 if blue["level"] is None else blue["level"],
        "state": "new" if blue["state"] is None else blue["state"],
    }


CASE = Case(
    kind="set_not_null",
    blue=HEAD + '''
    order: Mapped[str | None] = mapped_column("Order", Text)
    level: Mapped[int | None] = mapped_column(server_default="3")
    state: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
''',
    green=HEAD + '''
    order: Mapped[str] = mapped_column("Order", Text, info={"bgmigrate": {"forward": "upper(first)"}})
    level: Mapped[int] = mapped_column(server_default="3")
    state: Mapped[str] = mapped_column(Text, default="new")
    note: Mapped[str] = mapped_column(Text)
''',
    seed="""INSERT INTO "Pe%ple" (first, "Order", level, state, note)
SELECT 'pérson ' || i, NULLIF('o' || i % 4, 'o0'), NULLIF(i % 5, 0), NULLIF('s' || i % 3, 's0'), 'n' || i FROM generate_series(1, 400) i""",
    blue_writes=(
        insert("Pe%ple", lambda n: {"first": f"blue {n}", "Order": None, "level": None, "state": None, "note": "b"}),
        insert("Pe%ple", lambda n: {"first": f"blue {n}", "Order": f"b{n}", "level": n, "state": "old", "note": "b"}),
        update("Pe%ple", lambda n: n % 20 + 1, lambda n: {"first": f"blue now {n}"}),
        update("Pe%ple", lambda n: n % 20 + 3, lambda n: {"Order": f"set {n}" if n % 2 else None, "note": "now"}),
    ),
    green_writes=(
        insert("Pe%ple", lambda n: {"first": f"green {n}", "Order": f"g{n}", "note": "g"}),
        update("Pe%ple", lambda n: n % 20 + 5, lambda n: {"Order": f"green {n}", "level": n, "state": "g"}),
    ),
    seen=(Seen(table="Pe%ple", to_green=to_green),),
    filled=("Order", "level", "state"),
    changes=("Order", "level", "state", "note"),
)
