"""A table that moves to a schema of its own, with a column under a new name."""

from tests.lifecycle.case import Case, Seen, insert, update

CASE = Case(
    kind="rename_table",
    name="table_to_schema",
    blue='''
class Bill(Base):
    __tablename__ = "bills"
    id: Mapped[int] = mapped_column(primary_key=True)
    total: Mapped[int] = mapped_column(index=True)
''',
    green='''
class Bill(Base):
    __tablename__ = "bills"
    id: Mapped[int] = mapped_column(primary_key=True)
    cents: Mapped[int] = mapped_column(index=True, info={"bgmigrate": {"renamed_from": "total"}})
    __table_args__ = {"schema": "Books", "info": {"bgmigrate": {"renamed_from": "bills"}}}
''',
    seed="INSERT INTO bills (total) SELECT i FROM generate_series(1, 400) i",
    blue_writes=(
        insert("bills", lambda n: {"total": n}),
        update("bills", lambda n: n % 20 + 1, lambda n: {"total": n}),
    ),
    green_writes=(
        insert("Books.bills", lambda n: {"cents": n}),
        update("Books.bills", lambda n: n % 20 + 1, lambda n: {"cents": n}),
    ),
    seen=(Seen(table="bills", renamed="Books.bills", to_green=lambda b: {"cents": b["total"]}, to_blue=lambda g: {"total": g["cents"]}),),
    changes=("bills", "cents"),
)
