"""An enum's value under a new name, as the refusal advises: another column with a type of its own, or a text; each version with the values that it knows."""

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


ENUM = Case(
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

PET = """
class Pet(Base):
    __tablename__ = "Pets"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
"""
TEXT = Case(
    kind="derive_column",
    name="enum_to_another_text",
    blue=PET + '''
    mood: Mapped[str] = mapped_column(Enum("so so", "happy", "sad", name="Mood"), server_default="so so")
''',
    green=PET + '''
    feeling: Mapped[str] = mapped_column(String(20), index=True, info={"bgmigrate": {"forward": "CASE mood WHEN 'so so' THEN 'fine' ELSE mood::text END"}})
    __table_args__ = {"info": {"bgmigrate": {"backward": {"mood": "CASE feeling WHEN 'fine' THEN 'so so' ELSE feeling END::\\"Mood\\""}}}}
''',
    seed="""INSERT INTO "Pets" (name, mood) SELECT 'p' || i, (ARRAY['so so', 'happy', 'sad'])[i % 3 + 1]::"Mood" FROM generate_series(1, 300) i;""",
    blue_writes=(
        insert("Pets", lambda n: {"name": f"b{n}", "mood": "happy" if n % 2 else "sad"}),
        insert("Pets", lambda n: {"name": f"b{n}"}),
        update("Pets", lambda n: n % 20 + 1, lambda n: {"mood": "so so" if n % 2 else "sad"}),
    ),
    green_writes=(
        insert("Pets", lambda n: {"name": f"g{n}", "feeling": "happy" if n % 2 else "fine"}),
        update("Pets", lambda n: n % 20 + 1, lambda n: {"feeling": "fine" if n % 2 else "happy"}),
    ),
    seen=(Seen(
        table="Pets", to_green=lambda b: {"feeling": "fine" if b["mood"] == "so so" else b["mood"]},
        to_blue=lambda g: {"mood": "so so" if g["feeling"] == "fine" else g["feeling"]},
    ),),
    changes=("feeling", "mood"),
)
CASES = (ENUM, TEXT)
