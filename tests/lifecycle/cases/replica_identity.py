"""Replica identities that models set by DDL of their own: full, by an index that is there and by one that is not, the usual one again, and none."""

from tests.lifecycle.case import Case, Seen, insert, update

HEAD = '''
from sqlalchemy import event

def ddl(text):
    event.listen(Base.metadata, "after_create", DDL(text))

class A(Base):
    __tablename__ = "a's"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str | None] = mapped_column(Text)

class B(Base):
    __tablename__ = "b"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[int] = mapped_column(unique=True)

class C(Base):
    __tablename__ = "c"
    id: Mapped[int] = mapped_column(primary_key=True)

class D(Base):
    __tablename__ = "d"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[int]
    __table_args__ = (Index("Code of d", "code", unique=True),) if {} else ()
'''
CASE = Case(
    kind="replica_identity",
    blue=HEAD.format(False) + '''
ddl("ALTER TABLE c REPLICA IDENTITY FULL")
''',
    green=HEAD.format(True) + '''
class E(Base):
    __tablename__ = "e"
    id: Mapped[int] = mapped_column(primary_key=True)

ddl("""ALTER TABLE "a's" REPLICA IDENTITY FULL""")
ddl("ALTER TABLE b REPLICA IDENTITY USING INDEX uq_b_code")
ddl('ALTER TABLE d REPLICA IDENTITY USING INDEX "Code of d"')
ddl("ALTER TABLE e REPLICA IDENTITY NOTHING")
''',
    seed="""INSERT INTO "a's" (text) SELECT 'a' || i FROM generate_series(1, 100) i; INSERT INTO b (code) SELECT generate_series(1, 100);
INSERT INTO c SELECT generate_series(1, 100); INSERT INTO d (code) SELECT generate_series(1, 100)""",
    blue_writes=(
        insert("a's", lambda n: {"text": f"blue {n}"}),
        update("a's", lambda n: n % 20 + 1, lambda n: {"text": None}),
        insert("d", lambda n: {"code": 1000 + n}),
    ),
    green_writes=(
        insert("a's", lambda n: {"text": f"green {n}"}),
        insert("b", lambda n: {"code": 5000 + n}),
        insert("d", lambda n: {"code": 5000 + n}),
        insert("e", lambda n: {}),
    ),
    seen=(Seen(table="a's"), Seen(table="b"), Seen(table="d")),
    changes=("a's", "b", "c", "d", "e"),
    catalog_only=("a's", "b", "c", "d"),
    final=(("SELECT relname::text, relreplident::text FROM pg_class WHERE relkind = 'r' AND relname IN ('a''s', 'b', 'c', 'd', 'e') ORDER BY 1",
            [("a's", "f"), ("b", "i"), ("c", "d"), ("d", "i"), ("e", "n")]),),
)
