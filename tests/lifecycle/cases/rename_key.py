"""A primary key that foreign keys point to, under a new name: serial and identity, a foreign key's own column, and another type at once."""

from tests.lifecycle.case import Case, Row, Seen, delete, insert, update

BLUE = '''
class Owner(Base):
    __tablename__ = "owners"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)

class Pet(Base):
    __tablename__ = "pets"
    nr: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("owners.id", ondelete="SET NULL"), index=True)
    sitter_id: Mapped[int | None] = mapped_column(ForeignKey("owners.id", ondelete="CASCADE"))
    weight: Mapped[int] = mapped_column(default=1)
'''
HINT = 'info={"bgmigrate": {"renamed_from": "%s"}}'
GREEN = f'''
class Owner(Base):
    __tablename__ = "owners"
    owner_id: Mapped[int] = mapped_column(primary_key=True, {HINT % "id"})
    name: Mapped[str] = mapped_column(Text)

class Pet(Base):
    __tablename__ = "pets"
    pet_nr: Mapped[int] = mapped_column(Identity(always=True), primary_key=True, {HINT % "nr"})
    keeper: Mapped[int | None] = mapped_column(ForeignKey("owners.owner_id", ondelete="SET NULL"), index=True, {HINT % "owner_id"})
    sitter_id: Mapped[int | None] = mapped_column(ForeignKey("owners.owner_id", ondelete="CASCADE"))
    grams: Mapped[int] = mapped_column(BigInteger, default=1, {HINT % "weight"})

class Visit(Base):
    __tablename__ = "visits"
    id: Mapped[int] = mapped_column(primary_key=True)
    pet: Mapped[int] = mapped_column(ForeignKey("pets.pet_nr", ondelete="CASCADE"))
'''


def owner_to_green(blue: Row) -> Row:
    return {"owner_id": blue["id"]}


def owner_to_blue(green: Row) -> Row:
    return {"id": green["owner_id"]}


def to_green(blue: Row) -> Row:
    return {"pet_nr": blue["nr"], "keeper": blue["owner_id"], "grams": blue["weight"]}


def to_blue(green: Row) -> Row:
    return {"nr": green["pet_nr"], "owner_id": green["keeper"], "weight": green["grams"]}


CASE = Case(
    kind="rename_column",
    name="rename_key",
    blue=BLUE,
    green=GREEN,
    seed="""
INSERT INTO owners (name) SELECT 'o' || i FROM generate_series(1, 200) i;
INSERT INTO pets (owner_id, sitter_id, weight) SELECT i % 150 + 1, NULLIF(i % 7, 0), i FROM generate_series(1, 300) i;
""",
    green_seed="INSERT INTO owners (name) SELECT 'o' || i FROM generate_series(1, 200) i; INSERT INTO pets (grams) SELECT i FROM generate_series(1, 100) i",
    blue_writes=(
        insert("owners", lambda n: {"name": f"blue {n}"}),
        insert("pets", lambda n: {"owner_id": n % 40 + 1, "weight": n}),
        update("pets", lambda n: n % 20 + 1, lambda n: {"owner_id": n % 40 + 1 if n % 3 else None, "weight": n}),
        update("pets", lambda n: n % 20 + 30, lambda n: {"sitter_id": n % 40 + 1}),
        delete("owners", lambda n: 60 + n),
    ),
    green_writes=(
        insert("owners", lambda n: {"name": f"green {n}"}),
        insert("pets", lambda n: {"keeper": n % 40 + 1, "grams": n}),
        update("pets", lambda n: n % 20 + 5, lambda n: {"keeper": n % 40 + 1, "grams": n + 1, "sitter_id": None}),
        insert("visits", lambda n: {"pet": n % 20 + 60}),
        delete("owners", lambda n: 130 + n),
    ),
    seen=(Seen(table="owners", to_green=owner_to_green, to_blue=owner_to_blue), Seen(table="pets", to_green=to_green, to_blue=to_blue)),
    changes=("owner_id", "pet_nr", "keeper", "grams"),
)
