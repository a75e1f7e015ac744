"""Columns that are computed for one of the versions only, or by another expression, or when they are read instead of when they are written."""

from tests.lifecycle.case import Case, Seen, insert, update

BLUE = '''
class Line(Base):
    __tablename__ = "Lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[int | None] = mapped_column("Amount")
    price: Mapped[int]
    total: Mapped[int | None] = mapped_column(comment="price of all", index=True)
    label: Mapped[str] = mapped_column("Label's", String(40), Computed("'#' || price::text", persisted=True), unique=True)
    rank: Mapped[int | None] = mapped_column(Computed('"Amount" + 1', persisted=True), index=True)
    __table_args__ = (CheckConstraint("total >= 0", name="total_given"), CheckConstraint("rank > 0", name="rank_given"))
'''
GREEN = '''
class Line(Base):
    __tablename__ = "Lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[int | None] = mapped_column("Amount")
    price: Mapped[int]
    total: Mapped[int | None] = mapped_column(Computed('"Amount" * price', persisted=True), comment="price of all", index=True)
    label: Mapped[str] = mapped_column("Label's", String(40), unique=True)
    rank: Mapped[int | None] = mapped_column(Computed('1 + "Amount"', persisted=True), index=True)
    __table_args__ = (CheckConstraint("total >= 0", name="total_given"), CheckConstraint("rank > 0", name="rank_given"))
'''
VIRTUAL = '''
class Line(Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[int | None]
    one: Mapped[int | None] = mapped_column({})
    two: Mapped[int | None] = mapped_column({})
    three: Mapped[int | None] = mapped_column({})
    four: Mapped[int | None] = mapped_column({})
'''

CASES = (
    Case(
        kind="change_generated",
        blue=BLUE,
        green=GREEN,
        seed="""INSERT INTO "Lines" ("Amount", price, total) SELECT a, i, a * i FROM generate_series(1, 400) i, LATERAL (SELECT NULLIF(i % 50, 7)) x (a)""",
        blue_writes=(
            insert("Lines", lambda n: {"Amount": n, "price": 10000 + n, "total": n * (10000 + n)}),
            insert("Lines", lambda n: {"price": -n}),
            update("Lines", lambda n: n % 20 + 1, lambda n: {"price": 50000 + n, "Amount": 2, "total": 2 * (50000 + n)}),
        ),
        green_writes=(
            insert("Lines", lambda n: {"Amount": n, "price": n, "Label's": f"it's green's {n}"}),
            update("Lines", lambda n: n % 20 + 31, lambda n: {"Amount": n}),
            update("Lines", lambda n: n % 20 + 61, lambda n: {"Label's": f"own {n}"}),
        ),
        green_seed="""INSERT INTO "Lines" ("Amount", price, "Label's") SELECT i, i, 'l' || i FROM generate_series(1, 100) i""",
        seen=(Seen(table="Lines"),),
        clean_up="""UPDATE "Lines" SET "Label's" = '#' || price, price = id * 1000, total = "Amount" * id * 1000; UPDATE "Lines" SET "Label's" = '#' || price""",
        changes=("total", "Label's", "rank"),
        final=(
            ('SELECT count(*) FROM "Lines" WHERE total IS DISTINCT FROM "Amount" * price OR rank IS DISTINCT FROM "Amount" + 1', [(0,)]),
            ("SELECT count(*) FROM pg_attribute WHERE attrelid = '\"Lines\"'::regclass AND attgenerated = 's'", [(2,)]),
        ),
    ),
    Case(
        kind="change_generated",
        name="change_virtual",
        since=18,
        blue=VIRTUAL.format(
            'Computed("amount + 1", persisted=False)', 'Computed("amount + 2", persisted=False)', 'Computed("amount + 3", persisted=True), index=True', ""
        ),
        green=VIRTUAL.format(
            'Computed("1 + amount", persisted=False)', 'Computed("amount + 2", persisted=True), index=True', 'Computed("amount + 3", persisted=False)',
            'Computed("amount + 4", persisted=False)',
        ),
        seed="INSERT INTO lines (amount, four) SELECT a, a + 4 FROM generate_series(1, 300) i, LATERAL (SELECT NULLIF(i % 50, 7)) x (a)",
        blue_writes=(
            insert("lines", lambda n: {"amount": n, "four": n + 4}),
            update("lines", lambda n: n % 20 + 1, lambda n: {"amount": n, "four": n + 4}),
        ),
        green_writes=(
            insert("lines", lambda n: {"amount": n}),
            update("lines", lambda n: n % 20 + 31, lambda n: {"amount": None if n % 2 else n}),
        ),
        seen=(Seen(table="lines"),),
        changes=("one", "two", "three", "four"),
    ),
)
