"""Triggers that models make by DDL of their own: a new one that green's column relies on, one that changes, one that goes, beside a rename."""

from tests.lifecycle.case import Case, Row, Seen, anything, insert, update

HEAD = '''
from sqlalchemy import event

def ddl(text):
    event.listen(Base.metadata, "after_create", DDL(text))

ddl("CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
'''
TABLE = '''
class Doc(Base):
    __tablename__ = "Docs"
    id: Mapped[int] = mapped_column(primary_key=True)
'''
BLUE = HEAD + TABLE + '''
    title: Mapped[str | None] = mapped_column("Title", Text)

ddl('CREATE TRIGGER "It changes" BEFORE INSERT ON "Docs" FOR EACH ROW EXECUTE FUNCTION stamp()')
ddl('CREATE CONSTRAINT TRIGGER goes AFTER INSERT ON "Docs" DEFERRABLE FOR EACH ROW EXECUTE FUNCTION stamp()')
'''
GREEN = HEAD + TABLE + '''
    name: Mapped[str | None] = mapped_column(Text, info={"bgmigrate": {"renamed_from": "Title"}})
    updated: Mapped[datetime | None] = mapped_column(server_default=FetchedValue())
    trimmed: Mapped[str | None] = mapped_column(Text, info={"bgmigrate": {"renamed_from": None}})

class Other(Base):
    __tablename__ = "others"
    id: Mapped[int] = mapped_column(primary_key=True)

ddl("""CREATE FUNCTION note_time() RETURNS trigger LANGUAGE plpgsql AS $x$
BEGIN
    NEW.updated := clock_timestamp();
    NEW.name := trim(NEW.name);
    RETURN NEW;
END
$x$""")
ddl('CREATE TRIGGER "It changes" BEFORE INSERT OR UPDATE OF id ON "Docs" FOR EACH ROW EXECUTE FUNCTION stamp()')
ddl('CREATE TRIGGER note_time BEFORE INSERT OR UPDATE ON "Docs" FOR EACH ROW EXECUTE FUNCTION note_time()')
ddl('ALTER TABLE "Docs" ENABLE ALWAYS TRIGGER note_time')
ddl('CREATE TRIGGER on_a_new_table BEFORE DELETE ON others FOR EACH STATEMENT EXECUTE FUNCTION stamp()')
'''


def to_green(blue: Row) -> Row:
    return {"name": blue["Title"], "updated": anything, "trimmed": anything}


CASE = Case(
    kind="trigger",
    blue=BLUE,
    green=GREEN,
    seed="""INSERT INTO "Docs" ("Title") SELECT NULLIF('d' || i, 'd7') FROM generate_series(1, 200) i""",
    blue_writes=(
        insert("Docs", lambda n: {"Title": f"blue {n}"}),
        update("Docs", lambda n: n % 20 + 1, lambda n: {"Title": f"b{n}"}),
    ),
    green_writes=(
        insert("Docs", lambda n: {"name": f"green {n}"}),
        update("Docs", lambda n: n % 20 + 1, lambda n: {"trimmed": f"g{n}"}),
        insert("others", lambda n: {}),
    ),
    seen=(Seen(table="Docs", to_green=to_green, to_blue=lambda green: {"Title": green["name"]}),),
    changes=("It changes", "goes", "note_time", "on_a_new_table"),
    final=(
        ("SELECT tgname::text, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1", [("It changes", "O"), ("note_time", "A"), ("on_a_new_table", "O")]),
        ("INSERT INTO \"Docs\" (name) VALUES ('  x ') RETURNING name, updated IS NOT NULL", [("x", True)]),
    ),
)
