"""Columns go: NOT NULL without default (blue reads `backward`'s value), NOT NULL with one, and a nullable one with an index."""

from tests.lifecycle.case import Case, Row, Seen, insert, update


def to_blue(green: Row) -> Row:
    return {"price": 0, "Das Label": str(green["name"]).upper(), "code": "x", "legacy": None}


CASE = Case(
    kind="drop_column",
    blue='''
class Fruit(Base):
    __tablename__ = "fruits"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    label: Mapped[str] = mapped_column("Das Label", Text)
    code: Mapped[str] = mapped_column(Text, server_default="x")
    legacy: Mapped[str | None] = mapped_column(Text, index=True)
''',
    green='''
class Fruit(Base):
    __tablename__ = "fruits"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    __table_args__ = {"info": {"bgmigrate": {"backward": {"price": "0", "Das Label": "upper(name)"}}}}
''',
    seed="""
INSERT INTO fruits (name, price, "Das Label", legacy) SELECT 'fruit ' || i, i / 3.0, 'label ' || i, NULLIF('l' || i % 3, 'l0') FROM generate_series(1, 300) i;
INSERT INTO fruits (name, price, "Das Label") VALUES ('梨', -1, ''), ('', 0, '☕');
""",
    blue_writes=(
        insert("fruits", lambda n: {"name": f"blue {n}", "price": n, "Das Label": "mine"}),
        update("fruits", lambda n: n % 20 + 1, lambda n: {"price": n, "Das Label": f"b{n}", "legacy": None}),
    ),
    green_writes=(
        insert("fruits", lambda n: {"name": f"green {n}"}),
        update("fruits", lambda n: n % 20 + 1, lambda n: {"name": f"g{n}"}),
    ),
    seen=(Seen(table="fruits", to_blue=to_blue),),
    changes=("price", "Das Label", "code", "legacy"),
)
