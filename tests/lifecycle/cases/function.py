"""Functions that models make by DDL of their own: new ones (one over a table's rows), a changed one, and one that goes with its trigger."""

from tests.lifecycle.case import Case, Seen, given, insert, update

HEAD = '''
from sqlalchemy import event

def ddl(text):
    event.listen(Base.metadata, "after_create", DDL(text))

class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str | None] = mapped_column(Text)
'''
TOUCH = '''
ddl("CREATE TRIGGER touched BEFORE UPDATE ON notes FOR EACH ROW EXECUTE FUNCTION touch()")
'''
BODY = """ddl('''CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $x$
BEGIN
    NEW.body := trim(NEW.body){};  -- it's "trimmed"
    RETURN NEW;
END
$x$''')
"""
CASE = Case(
    kind="function",
    blue=HEAD + BODY.format("") + TOUCH + '''
ddl("CREATE FUNCTION \\"Old One\\"(a int, b text DEFAULT 'x') RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT b || a'")
''',
    green=HEAD + '''
    code: Mapped[str] = mapped_column(Text, server_default=text("new_code()"))
''' + '''
event.listen(Base.metadata, "before_create", DDL("CREATE FUNCTION new_code() RETURNS text LANGUAGE sql AS 'SELECT md5(random()::text)'"))
''' + BODY.format(" || ''") + TOUCH + '''
ddl("CREATE FUNCTION shown(note notes) RETURNS text LANGUAGE sql STABLE AS 'SELECT note.body'")
ddl("CREATE PROCEDURE \\"Do it\\"() LANGUAGE plpgsql AS 'BEGIN PERFORM 1; END'")
''',
    seed="INSERT INTO notes (body) SELECT NULLIF('n' || i, 'n7') FROM generate_series(1, 200) i",
    blue_writes=(
        insert("notes", lambda n: {"body": f"blue {n}"}),
        update("notes", lambda n: n % 20 + 1, lambda n: {"body": f"b{n}"}),
    ),
    green_writes=(
        insert("notes", lambda n: {"body": f"green {n}"}),
        update("notes", lambda n: n % 20 + 1, lambda n: {"body": None}),
    ),
    seen=(Seen(table="notes", to_green=lambda blue: {"code": given}),),
    changes=("touch()", "shown(note notes)", "Do it()", "new_code()", "Old One(a integer, b text)"),
    final=(("SELECT count(DISTINCT code) > 100 OR count(*) < 50 FROM notes", [(True,)]),),
)
