"""A value under a new name, as the refusal advises: another column with a type of its own, each version with the values that it knows."""

from tests.lifecycle.case import Case, Row, Seen, insert, update

BLUE = '''
class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(Enum("new", "paid", name="order_status"))
'''
GREEN = '''
class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(Enum("new", "settled", name="order_state"), info={"bgmigrate": {
        "forward": "CASE status::text WHEN 'paid' THEN 'settled' ELSE status::text END::order_state"}})
    __table_args__ = {"info": {"bgmigrate": {"backward": {
        "status": "CASE state::text WHEN 'settled' THEN 'paid' ELSE state::text END::order_status"}}}}
'''


def to_green(blue: Row) -> Row:
    return {"state": "settled" if blue["status"] == "paid" else blue["status"]}


def to_blue(green: Row) -> Row:
    return {"status": "paid" if green["state"] == "settled" else green["state"]}


CASE = Case(
    kind="derive_column",
    name="rename_enum_value",
    blue=BLUE,
    green=GREEN,
    seed="INSERT INTO orders (status) SELECT (ARRAY['new','paid'])[i % 2 + 1]::order_status FROM generate_series(1, 300) i;",
    blue_writes=(
        insert("orders", lambda n: {"status": "paid" if n % 3 else "new"}),
        update("orders", lambda n: n % 20 + 1, lambda n: {"status": "new" if n % 2 else "paid"}),
    ),
    green_writes=(
        insert("orders", lambda n: {"state": "settled" if n % 3 else "new"}),
        update("orders", lambda n: n % 20 + 1, lambda n: {"state": "settled" if n % 2 else "new"}),
    ),
    seen=(Seen(table="orders", to_green=to_green, to_blue=to_blue),),
    changes=("state", "status"),
)
