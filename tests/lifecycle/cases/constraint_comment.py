"""Comments on constraints: set, changed, taken away; on one that stays, on one that is new, on one that is built anew with a renamed column."""

from tests.lifecycle.case import Case, Seen, insert, update

CASE = Case(
    kind="constraint_comment",
    blue='''
class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    size: Mapped[int]
    __table_args__ = (CheckConstraint("size > 0", name="size", comment="it's old"), CheckConstraint("size < 9000", name="gone", comment="stays no longer"),
                      UniqueConstraint("name", name="Names", comment="same"), CheckConstraint("size <> 5", name="dropped", comment="dropped"))
''',
    green='''
class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(Text, info={"bgmigrate": {"renamed_from": "name"}})
    size: Mapped[int]
    __table_args__ = (CheckConstraint("size > 0", name="size", comment="it's new"), CheckConstraint("size < 9000", name="gone"),
                      UniqueConstraint("label", name="Names", comment="same"), UniqueConstraint("label", "size", name="added", comment="of a new one"))
''',
    seed="INSERT INTO items (name, size) SELECT 'n' || i, i + 5 FROM generate_series(1, 200) i",
    blue_writes=(insert("items", lambda n: {"name": f"blue {n}", "size": n + 6}),),
    green_writes=(
        insert("items", lambda n: {"label": f"green {n}", "size": n + 6}),
        update("items", lambda n: n % 20 + 1, lambda n: {"size": n + 7}),
    ),
    seen=(Seen(table="items", to_green=lambda blue: {"label": blue["name"]}, to_blue=lambda green: {"name": green["label"]}),),
    changes=("ck_items_size", "ck_items_gone", "Names", "added"),
)
