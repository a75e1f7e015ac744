"""New tables only, one that refers to an old one, one with an awkward name: nothing is left for contract."""

from tests.lifecycle.case import Case, Seen, insert, update

BLUE = '''
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
'''
CASE = Case(
    kind="create_table",
    blue=BLUE,
    green=BLUE + '''
class Shelf(Base):
    __tablename__ = "Shelf's ☕"
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    size = mapped_column(Enum("small", "large", name="shelf_size"), nullable=False, server_default="small")
    level: Mapped[int] = mapped_column("select", default=3)
    __table_args__ = (CheckConstraint('"select" > 0', name="level"), {"comment": "where it's kept: 100%"})

class Watch(Base):
    __tablename__ = "watches"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    shelf_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("Shelf's ☕.id"))
    note: Mapped[str | None] = mapped_column(String(40), unique=True, comment="free words")
''',
    seed="INSERT INTO users (name) SELECT NULLIF('üser ' || i, 'üser 7') FROM generate_series(1, 200) i",
    blue_writes=(
        insert("users", lambda n: {"name": f"blue ☕ {n}"}),
        update("users", lambda n: n % 20 + 1, lambda n: {"name": None if n % 2 else f"b{n}"}),
    ),
    green_writes=(
        insert("users", lambda n: {"name": f"green {n}"}),
        insert("Shelf's ☕", lambda n: {"size": "large"}),
        insert("watches", lambda n: {"user_id": n % 20 + 1, "note": None}),
    ),
    seen=(Seen(table="users"),),
    changes=("Shelf's ☕", "watches"),
    catalog_only=("users",),
    contracts=False,
)
