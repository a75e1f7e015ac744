"""Primary keys: one more column, another column, one where there was none, none any more; a foreign key points to the one that grows."""

from tests.lifecycle.case import Case, Seen, insert, update

BLUE = '''
class Account(Base):
    __tablename__ = "Accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    tenant: Mapped[int | None]
    name: Mapped[str] = mapped_column(Text)

class Entry(Base):
    __tablename__ = "entries"
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    uid: Mapped[str | None] = mapped_column(Text)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("Accounts.id", name="of account"))

Table("bare", Base.metadata, Column("id", Integer, nullable=False, autoincrement=False), Column("note", Text))
Table("keyed", Base.metadata, Column("id", Integer, primary_key=True, autoincrement=False), Column("note", Text))
'''
GREEN = '''
class Account(Base):
    __tablename__ = "Accounts"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    tenant: Mapped[int] = mapped_column(primary_key=True, default=0)
    name: Mapped[str] = mapped_column(Text)

class Entry(Base):
    __tablename__ = "entries"
    __table_args__ = (PrimaryKeyConstraint("uid", name="entries by uid"),)
    id: Mapped[int] = mapped_column(Identity())
    uid: Mapped[str] = mapped_column(Text)
    account_id: Mapped[int | None]

Table("bare", Base.metadata, Column("id", Integer, primary_key=True, autoincrement=False), Column("note", Text))
Table("keyed", Base.metadata, Column("id", Integer, nullable=False, autoincrement=False), Column("note", Text))
'''
CASE = Case(
    kind="change_primary_key",
    blue=BLUE,
    green=GREEN,
    green_seed="INSERT INTO bare SELECT i FROM generate_series(1, 60) i",
    seed="""
INSERT INTO "Accounts" (tenant, name) SELECT NULLIF(i % 4, 0), 'a' || i FROM generate_series(1, 100) i;
INSERT INTO entries (uid, account_id) SELECT 'u' || i, NULLIF(i % 90, 0) FROM generate_series(1, 300) i;
INSERT INTO bare SELECT i FROM generate_series(1, 60) i;
INSERT INTO keyed SELECT i FROM generate_series(1, 60) i;
""",
    blue_writes=(
        insert("Accounts", lambda n: {"tenant": None if n % 2 else n, "name": f"blue {n}"}),
        insert("entries", lambda n: {"uid": f"blue {n}", "account_id": n % 50 + 1}),
        insert("bare", lambda n: {"id": 1000 + n, "note": "b"}),
        update("keyed", lambda n: n % 20 + 1, lambda n: {"note": f"b{n}"}),
    ),
    green_writes=(
        insert("Accounts", lambda n: {"tenant": n, "name": f"green {n}"}),
        insert("entries", lambda n: {"uid": f"green {n}", "account_id": n % 50 + 1}),
        insert("bare", lambda n: {"id": 500000 + n, "note": "g"}),
        update("keyed", lambda n: n % 20 + 1, lambda n: {"note": f"g{n}"}),
    ),
    seen=(
        Seen(table="Accounts", key="id", to_green=lambda blue: {"tenant": 0 if blue["tenant"] is None else blue["tenant"]}), Seen(table="entries", key="id"),
        Seen(table="bare", key="id"), Seen(table="keyed", key="id"),
    ),
    filled=("tenant",),
    changes=("pk_Accounts", "entries by uid", "pk_bare", "pk_keyed"),
)
