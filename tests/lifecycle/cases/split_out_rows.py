"""A group of columns that is repeated becomes rows of a table of its own."""

from tests.lifecycle.case import Case, Seen, delete, insert, update

USER = '''
class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(Text)
'''
GREEN = ", ".join(
    f'(SELECT {c} FROM "Phones" WHERE user_id = u.id AND position = {i}) AS {b}{i}' for i in (1, 2, 3) for c, b in (("number", "phone"), ("label", "label"))
)

CASE = Case(
    kind="move_columns",
    name="split_out_rows",
    blue=USER + "".join(f'''
    phone{i}: Mapped[str | None] = mapped_column(Text)
    label{i}: Mapped[str | None] = mapped_column(Text)
''' for i in (1, 2, 3)),
    green='''
from bgmigrate.hints import moved_from
''' + USER + '''
class Phone(Base):
    __tablename__ = "Phones"
    user_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    number: Mapped[str] = mapped_column(String(40))
    label: Mapped[str | None] = mapped_column(Text)
    verified: Mapped[bool] = mapped_column(server_default=false())
    __table_args__ = (CheckConstraint("position BETWEEN 1 AND 3", name="position"), {"info": moved_from("users",
        forward=[{"user_id": "id", "position": str(i), "number": f"phone{i}", "label": f"label{i}"} for i in (1, 2, 3)],
        when=[f"phone{i} IS NOT NULL" for i in (1, 2, 3)],
        backward=[{f"phone{i}": "number", f"label{i}": "label"} for i in (1, 2, 3)])})
''',
    seed="""
INSERT INTO users (name, phone1, label1, phone2, phone3, label3)
SELECT 'u' || i, NULLIF('1-' || i, '1-' || i / 3 * 3), CASE WHEN i % 3 > 0 THEN 'home' END, NULLIF('2-' || i, '2-' || i / 5 * 5), '3-' || i, 'work ☕'
  FROM generate_series(1, 300) i;
INSERT INTO users (name) SELECT 'no phones' FROM generate_series(301, 900) i;
""",
    green_seed="INSERT INTO users (name) SELECT 'u' FROM generate_series(1, 900) i",
    blue_writes=(
        insert("users", lambda n: {"name": f"blue {n}", "phone1": f"1-b{n}", "label1": "blue", "phone3": f"3-b{n}"}),
        insert("users", lambda n: {"name": f"blue {n}"}),
        update("users", lambda n: n % 20 + 1, lambda n: {"phone1": f"1-now {n}", "label1": None if n % 2 else "l", "phone2": None, "label2": None}),
        update("users", lambda n: n % 20 + 5, lambda n: {"phone3": None, "label3": None} if n % 2 else {"phone3": f"3-again {n}"}),
        update("users", lambda n: n % 20 + 1, lambda n: {"name": f"n{n}"}),
        delete("users", lambda n: 100 + n if n < 60 else 0),
    ),
    green_writes=(
        insert("users", lambda n: {"name": f"green {n}"}),
        insert("Phones", lambda n: {"user_id": 310 + n, "position": n % 3 + 1, "number": f"g ☕ {n}"}),
        insert("Phones", lambda n: {"user_id": 310 + n, "position": (n + 1) % 3 + 1, "number": f"g2 ☕ {n}", "label": "second"}),
        update("Phones", lambda n: (n % 20 + 1, 1), lambda n: {"number": f"green {n}", "verified": True}),
        update("Phones", lambda n: (n % 20 + 8, 3), lambda n: {"label": None if n % 2 else "l"}),
        delete("Phones", lambda n: (200 + n, 3) if n < 90 else (0, 0)),
    ),
    seen=(
        Seen(
            table="users", parts={"Phones": "user_id"}, blue="SELECT id, name, phone1, label1, phone2, label2, phone3, label3 FROM users",
            green=f"SELECT u.id, name, {GREEN} FROM users u",
        ),
    ),
    changes=("Phones", "users", "phone1", "label3"),
)
