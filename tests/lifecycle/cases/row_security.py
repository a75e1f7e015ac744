"""Policies that models set up by DDL of their own: in force for the first time, changed, one more that lets rows through, and gone."""

from tests.lifecycle.case import Case, Seen, insert, update

HEAD = '''
from sqlalchemy import event

def ddl(text):
    event.listen(Base.metadata, "after_create", DDL(text))

class Doc(Base):
    __tablename__ = "Docs"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str | None] = mapped_column(Text)

class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner: Mapped[str | None] = mapped_column(Text)

class Log(Base):
    __tablename__ = "logs"
    id: Mapped[int] = mapped_column(primary_key=True)
'''
CASE = Case(
    kind="row_security",
    blue=HEAD + '''
ddl("ALTER TABLE notes ENABLE ROW LEVEL SECURITY")
ddl("CREATE POLICY own ON notes USING (owner = current_user)")
ddl("ALTER TABLE logs ENABLE ROW LEVEL SECURITY")
ddl("ALTER TABLE logs FORCE ROW LEVEL SECURITY")
ddl("CREATE POLICY nobody ON logs AS RESTRICTIVE FOR SELECT USING (false)")
''',
    green=HEAD + '''
class Secret(Base):
    __tablename__ = "secrets"
    id: Mapped[int] = mapped_column(primary_key=True)

ddl('ALTER TABLE "Docs" ENABLE ROW LEVEL SECURITY')
ddl('CREATE POLICY "It\\'s mine" ON "Docs" FOR UPDATE TO PUBLIC USING (owner = current_user) WITH CHECK (owner IS NOT NULL)')
ddl("ALTER TABLE notes ENABLE ROW LEVEL SECURITY")
ddl("CREATE POLICY own ON notes USING (owner = session_user)")
ddl("CREATE POLICY anybody_s ON notes FOR SELECT USING (owner IS NULL)")
ddl("ALTER TABLE secrets ENABLE ROW LEVEL SECURITY")
ddl("CREATE POLICY own ON secrets USING (id > 0)")
''',
    seed="""INSERT INTO "Docs" (owner) SELECT NULLIF('d' || i, 'd7') FROM generate_series(1, 200) i; INSERT INTO notes (owner) SELECT owner FROM "Docs" """,
    blue_writes=(
        insert("Docs", lambda n: {"owner": f"blue {n}"}),
        update("notes", lambda n: n % 20 + 1, lambda n: {"owner": f"b{n}"}),
        insert("logs", lambda n: {}),
    ),
    green_writes=(
        insert("Docs", lambda n: {"owner": f"green {n}"}),
        insert("notes", lambda n: {"owner": None}),
        insert("secrets", lambda n: {}),
        insert("logs", lambda n: {}),
    ),
    seen=(Seen(table="Docs"), Seen(table="notes"), Seen(table="logs")),
    changes=("It's mine", "own", "anybody_s", "nobody", "logs", "secrets"),
    catalog_only=("Docs", "notes", "logs"),
    final=(
        ("SELECT relname::text, relforcerowsecurity FROM pg_class WHERE relrowsecurity ORDER BY 1", [("Docs", False), ("notes", False), ("secrets", False)]),
    ),
)
