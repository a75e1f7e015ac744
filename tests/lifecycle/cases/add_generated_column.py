"""Columns that PostgreSQL computes, new on a table with rows: stored ones with an index and NOT NULL, and (PostgreSQL 18) virtual ones."""

from tests.lifecycle.case import Case, Row, Seen, insert, update

BLUE = '''
class Line(Base):
    __tablename__ = "order's lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[int | None] = mapped_column("Amount")
    price: Mapped[int]
    by: Mapped[int] = mapped_column(default=1)
'''


def computed(row: Row) -> Row:
    amount = row["Amount"]
    return {"total": None if amount is None else amount * row["price"], "Label": f"#{row['price']}"}


def quotient(row: Row) -> Row:
    """What no number divides is NULL, and never an error in blue's face."""
    return {**computed(row), "share": None if row["Amount"] is None or row["by"] == 0 else row["Amount"] // row["by"]}


CASES = (
    Case(
        kind="add_generated_column",
        blue=BLUE,
        green=BLUE + '''
    total: Mapped[int | None] = mapped_column(BigInteger, Computed('"Amount"::bigint * price', persisted=True), comment="it's computed", index=True)
    label: Mapped[str] = mapped_column("Label", String(40, collation="C"), Computed("'#' || price::text", persisted=True))
    share: Mapped[int | None] = mapped_column(Computed('"Amount" / NULLIF(by, 0)', persisted=True))
''',
        seed="""INSERT INTO "order's lines" ("Amount", price, by) SELECT NULLIF(i % 50, 7), i, i % 3 FROM generate_series(1, 400) i""",
        blue_writes=(
            insert("order's lines", lambda n: {"Amount": n, "price": 3}),
            insert("order's lines", lambda n: {"price": 3}),
            update("order's lines", lambda n: n % 20 + 1, lambda n: {"price": n}),
            update("order's lines", lambda n: n % 20 + 5, lambda n: {"Amount": None if n % 2 else n, "by": n % 3}),
        ),
        green_writes=(
            insert("order's lines", lambda n: {"Amount": 2 * n, "price": n}),
            update("order's lines", lambda n: n % 20 + 1, lambda n: {"Amount": n}),
        ),
        seen=(Seen(table="order's lines", to_green=quotient),),
        changes=("total", "Label", "share"),
        final=(
            ("SELECT count(*) FROM \"order's lines\" WHERE \"Label\" IS DISTINCT FROM '#' || price", [(0,)]),
            ("SELECT attname::text FROM pg_attribute WHERE attrelid = '\"order''s lines\"'::regclass AND attgenerated = 's' ORDER BY 1", [("Label",), ("share",), ("total",)]),
        ),
    ),
    Case(
        kind="add_generated_column",
        name="add_virtual_column",
        since=18,
        blue=BLUE,
        green=BLUE + '''
    total: Mapped[int | None] = mapped_column(BigInteger, Computed('"Amount"::bigint * price', persisted=False))
    label: Mapped[str] = mapped_column("Label", Text, Computed("'#' || price::text", persisted=False))
''',
        seed="""INSERT INTO "order's lines" ("Amount", price, by) SELECT NULLIF(i % 50, 7), i, 1 FROM generate_series(1, 400) i""",
        blue_writes=(
            insert("order's lines", lambda n: {"Amount": n, "price": 3}),
            update("order's lines", lambda n: n % 20 + 1, lambda n: {"price": n}),
        ),
        green_writes=(
            insert("order's lines", lambda n: {"Amount": 2 * n, "price": n}),
            update("order's lines", lambda n: n % 20 + 1, lambda n: {"Amount": n}),
        ),
        seen=(Seen(table="order's lines", to_green=computed),),
        changes=("total", "Label"),
        catalog_only=("order's lines",),
    ),
)
