"""Columns that move to a table with one row at most for each old one, a NOT NULL and one with a default among them; awkward names."""

from tests.lifecycle.case import Case, Row, Seen, delete, insert, update

USER = '''
class City(Base):
    __tablename__ = "cities"
    id: Mapped[int] = mapped_column(primary_key=True)

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
'''


def to_green(blue: Row) -> Row:
    return {} if blue["street"] is not None else {"city_id": None, "kind": None}


def to_blue(green: Row) -> Row:
    return {"kind": green["kind"] or "none"} if green["street"] is not None else {"city_id": None, "kind": "none"}


CASE = Case(
    kind="move_columns",
    blue=USER + '''
    street: Mapped[str] = mapped_column(Text)
    city_id: Mapped[int | None] = mapped_column(ForeignKey("cities.id"), index=True)
    kind: Mapped[str] = mapped_column("Kind of", String(20), server_default="none")
    __table_args__ = (CheckConstraint("length(street) < 200", name="street"),)
''',
    green=USER + '''
class Address(Base):
    __tablename__ = "Users' addresses"
    user_id: Mapped[int] = mapped_column("user", ForeignKey("users.id"), primary_key=True)
    street: Mapped[str] = mapped_column("select", String(300), comment="and number")
    city_id: Mapped[int | None] = mapped_column(ForeignKey("cities.id"), index=True)
    kind: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    __table_args__ = {"info": {"bgmigrate": {
        "moved_from": "users", "forward": {"user": "id", "select": "street", "city_id": "city_id", "kind": '"Kind of"'},
        "when": "street <> ''", "backward": {"street": '"select"', "city_id": "city_id", "Kind of": "coalesce(left(kind, 20), 'none')"}}}}
''',
    seed="""
INSERT INTO cities SELECT i FROM generate_series(1, 60) i;
INSERT INTO users (name, street, city_id, "Kind of") SELECT 'u' || i, 'street ☕ ' || i, NULLIF(i % 50, 0), 'k' || i % 3 FROM generate_series(1, 300) i;
INSERT INTO users (name, street) VALUES ('it''s "%s" :name', 'O''Neil\\ "Q" %s'), (NULL, repeat('x', 199));
INSERT INTO users (name, street) SELECT 'no street', '' FROM generate_series(303, 900) i;
""",
    green_seed="INSERT INTO cities SELECT i FROM generate_series(1, 60) i; INSERT INTO users (name) SELECT 'u' FROM generate_series(1, 900) i",
    blue_writes=(
        insert("users", lambda n: {"name": f"blue {n}", "street": f"b ☕ {n}", "city_id": n % 50 + 1, "Kind of": "blue"}),
        insert("users", lambda n: {"name": f"blue {n}", "street": ""}),
        update("users", lambda n: n % 20 + 1, lambda n: {"street": f"now {n}", "city_id": None if n % 2 else 7}),
        update("users", lambda n: n % 20 + 5, lambda n: {"street": ""} if n % 2 else {"street": f"again {n}"}),
        update("users", lambda n: n % 20 + 1, lambda n: {"name": f"n{n}"}),
        delete("users", lambda n: 100 + n if n < 60 else 0),
    ),
    green_writes=(
        insert("users", lambda n: {"name": f"green {n}"}),
        insert("Users' addresses", lambda n: {"user": 310 + n, "select": f"g ☕ {n}", "city_id": n % 50 + 1, "kind": "green"}),
        update("Users' addresses", lambda n: n % 20 + 1, lambda n: {"select": f"green {n}", "note": "n"}),
        update("Users' addresses", lambda n: n % 20 + 8, lambda n: {"city_id": n % 50 + 1, "kind": None}),
        update("Users' addresses", lambda n: n % 20 + 1, lambda n: {"note": f"only green {n}"}),
        delete("Users' addresses", lambda n: 200 + n if n < 90 else 0),
    ),
    seen=(
        Seen(table="cities"),
        Seen(
            table="users", to_green=to_green, to_blue=to_blue, parts={"Users' addresses": "user"},
            blue="""SELECT id, name, NULLIF(street, '') AS street, city_id, "Kind of" AS kind FROM users""",
            green="""SELECT u.id, name, "select" AS street, a.city_id, kind FROM users u LEFT JOIN "Users' addresses" a ON a."user" = u.id""",
        ),
    ),
    clean_up="UPDATE users SET street = '' WHERE street IS NULL; UPDATE users SET \"Kind of\" = 'none' WHERE \"Kind of\" IS NULL",
    changes=("Users' addresses", "users", "street", "city_id", "Kind of"),
)
