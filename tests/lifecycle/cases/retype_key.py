"""An integer primary key becomes bigint with all that refers to it: itself, a table of its size, a composite key, and a table that is new."""

from tests.lifecycle.case import Case, Seen, delete, insert, update

TABLES = '''
class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    name: Mapped[str] = mapped_column(Text)

class Invoice(Base):
    __tablename__ = "invoices"
    id: Mapped[int] = mapped_column(Identity(start=1000), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    number: Mapped[str] = mapped_column(Text)
    __table_args__ = (UniqueConstraint("account_id", "number"), UniqueConstraint("id", "account_id"), CheckConstraint("account_id <> 0", name="account"))

class Line(Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    invoice_id: Mapped[int | None]
    account_id: Mapped[int | None]
    text: Mapped[str] = mapped_column(Text)
    __table_args__ = (ForeignKeyConstraint(["invoice_id", "account_id"], ["invoices.id", "invoices.account_id"], ondelete="SET NULL",
                                           onupdate="CASCADE"),)
'''
NEW = '''
class Tag(Base):
    __tablename__ = "tags"
    account_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    word: Mapped[str] = mapped_column(Text)
'''


def wide(text: str) -> str:
    text = text.replace("id: Mapped[int] = mapped_column(primary_key", "id: Mapped[int] = mapped_column(BigInteger, primary_key")
    text = text.replace("mapped_column(Identity(start=1000)", "mapped_column(BigInteger, Identity(start=1000)").replace("mapped_column(ForeignKey(", "mapped_column(BigInteger, ForeignKey(")
    return text.replace("Mapped[int | None]\n", "Mapped[int | None] = mapped_column(BigInteger)\n")


def sides(side: str, base: int) -> tuple:  # type: ignore[type-arg]
    return (
        insert("accounts", lambda n: {"name": f"{side} {n}", "parent_id": n % 20 + 1 if n % 2 else None}),
        insert("accounts", lambda n: {"id": base + n, "parent_id": base + n, "name": side}),
        insert("invoices", lambda n: {"account_id": n % 50 + 1, "number": f"{side} {n}"}),
        update("invoices", lambda n: n % 20 + 1001, lambda n: {"account_id": n % 50 + 30}),
        insert("lines", lambda n: {"invoice_id": None, "account_id": n % 7 + 1, "text": side}),
        update("lines", lambda n: n % 20 + 1, lambda n: {"invoice_id": None}),
        delete("invoices", lambda n: (1200 if side == "blue" else 1300) + n),
    )


CASE = Case(
    kind="retype_column",
    name="retype_key",
    blue=TABLES,
    green=wide(TABLES) + NEW,
    seed="""
INSERT INTO accounts (parent_id, name) SELECT NULLIF(i / 10, 0), 'account ' || i FROM generate_series(1, 300) i;
INSERT INTO accounts (id, parent_id, name) VALUES (2147480000, 2147480000, 'own parent'), (-5, NULL, 'ümläut');
INSERT INTO invoices (account_id, number) SELECT i % 300 + 1, 'n' || i FROM generate_series(1, 400) i;
INSERT INTO lines (invoice_id, account_id, text) SELECT id, account_id, 'line' FROM invoices;
""",
    blue_writes=sides("blue", 1_000_000),
    green_writes=(*sides("green", 2_000_000), insert("tags", lambda n: {"account_id": n + 100, "word": "green"})),
    seen=(Seen(table="accounts"), Seen(table="invoices"), Seen(table="lines")),
    green_seed="INSERT INTO accounts (id, name) SELECT i, 'a' FROM generate_series(1, 400) i; SELECT setval('accounts_id_seq', 500)",
    changes=("accounts", "invoices", "lines", "account_id", "parent_id"),
    final=(
        ("INSERT INTO accounts (id, parent_id, name) VALUES (3000000000, 3000000000, 'big') RETURNING id", [(3000000000,)]),
        ("INSERT INTO invoices (id, account_id, number) VALUES (3000000000, 3000000000, 'big') RETURNING id", [(3000000000,)]),
        ("INSERT INTO lines (invoice_id, account_id, text) VALUES (3000000000, 3000000000, 'big') RETURNING account_id", [(3000000000,)]),
        ("DELETE FROM accounts WHERE id = 3000000000 RETURNING 1", [(1,)]),
        ("SELECT count(*), count(invoice_id), count(account_id) FROM lines WHERE text = 'big'", [(1, 0, 0)]),
        ("SELECT max(seqmax) = 9223372036854775807 FROM pg_sequence WHERE seqrelid IN ('accounts_id_seq'::regclass, 'invoices_id_seq'::regclass)", [(True,)]),
    ),
)
