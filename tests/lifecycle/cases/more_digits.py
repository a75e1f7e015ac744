"""Numbers that get more digits: what blue writes is as exact as before, so the names change at the end of expand."""

from tests.lifecycle.case import Case, Seen, insert, update

BLUE = '''
class Price(Base):
    __tablename__ = "prices"
    id: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[Decimal] = mapped_column(Numeric(10, 2), index=True)
    share: Mapped[float | None] = mapped_column(REAL)
    note: Mapped[str | None] = mapped_column(Text)
'''
CASE = Case(
    kind="retype_column",
    name="more_digits",
    blue=BLUE,
    green=BLUE.replace("Numeric(10, 2)", "Numeric(14, 4)").replace("(REAL)", "(Double)"),
    seed="INSERT INTO prices (amount, share) SELECT i + i % 100 / 100.0, NULLIF(i % 8, 0) / 4.0 FROM generate_series(1, 400) i",
    blue_writes=(
        insert("prices", lambda n: {"amount": n % 1000, "share": n / 4}),
        update("prices", lambda n: n % 20 + 1, lambda n: {"amount": n, "share": None}),
    ),
    green_writes=(
        insert("prices", lambda n: {"amount": n, "share": n / 8}),
        update("prices", lambda n: n % 20 + 1, lambda n: {"amount": n % 77, "note": f"g{n}"}),
    ),
    seen=(Seen(table="prices"),),
    changes=("amount", "share"),
    final=(("INSERT INTO prices (amount) VALUES (0.1234) RETURNING amount::text", [("0.1234",)]),),
)
