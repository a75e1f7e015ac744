"""Types that PostgreSQL widens without touching a row."""

from tests.lifecycle.case import Case, Seen, insert, update

CASE = Case(
    kind="widen_type",
    blue='''
class Part(Base):
    __tablename__ = "parts"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column("Code 'x'", String(50), unique=True)
    title: Mapped[str | None] = mapped_column(String(100), index=True)
    grade: Mapped[str | None] = mapped_column(String(5), CheckConstraint("length(grade) > 0", name="some_grade"))
    price: Mapped[Decimal | None] = mapped_column(Numeric(10, 2))
    state: Mapped[str] = mapped_column(String(20), server_default="it's new")
''',
    green='''
class Part(Base):
    __tablename__ = "parts"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column("Code 'x'", String(200), unique=True)
    title: Mapped[str | None] = mapped_column(Text, index=True)
    grade: Mapped[str | None] = mapped_column(String(9), CheckConstraint("length(grade) > 0", name="some_grade"))
    price: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    state: Mapped[str] = mapped_column(Text, server_default="it's new")
''',
    seed="""
INSERT INTO parts ("Code 'x'", title, price) SELECT 'pärt ' || i, NULLIF('t' || i % 5, 't0'), i FROM generate_series(1, 300) i;
INSERT INTO parts ("Code 'x'", title, price) VALUES (repeat('y', 50), repeat('ü', 100), 99999999.99);
""",
    blue_writes=(
        insert("parts", lambda n: {"Code 'x'": f"blue {n}", "price": n}),
        update("parts", lambda n: n % 20 + 1, lambda n: {"title": f"b{n}", "grade": f"{n % 9}"}),
    ),
    green_writes=(
        insert("parts", lambda n: {"Code 'x'": f"green {n}", "title": None}),
        update("parts", lambda n: n % 20 + 1, lambda n: {"Code 'x'": f"g{n}", "grade": f"g{n % 9}"}),
    ),
    seen=(Seen(table="parts"),),
    changes=("Code 'x'", "title", "grade", "price", "state"),
    catalog_only=("parts",),
    contracts=False,
    final=(("INSERT INTO parts (\"Code 'x'\", title, price) VALUES (repeat('z', 200), repeat('t', 300), 999999999999.99) RETURNING length(title)", [(300,)]),),
)
