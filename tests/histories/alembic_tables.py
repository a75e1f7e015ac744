"""`create_table`, `drop_table`, `rename_table`, their comments, and what changes rows only, in the forms of Alembic's operation reference."""

from tests.histories.alembic_columns import SALES
from tests.histories.pair import ID, Pair, Refusal, table

COLUMNS = ('Column("name", VARCHAR(50), nullable=False)', 'Column("description", VARCHAR(200))', 'Column("timestamp", TIMESTAMP, server_default=func.now())')
ACCOUNT = table("account", ID, *COLUMNS)
TIMED = table("account", ID, 'Column("timestamp", TIMESTAMP, server_default=func.now())')


def created(name: str, *parts: str, before: str = "", setup: str = "", also: str = "", first: str = "", changes: tuple[str, ...] = ()) -> Pair:
    """A new table. `first`, `also`: operations before and after it."""
    key = "sales.account" if 'schema="sales"' in parts else "account"
    return Pair(
        name=name, setup=setup, before=before, after=before + table("account", *parts), changes=(f"create_table {key}", *changes),
        does=("\n".join(filter(None, [first, f'op.create_table("account", {", ".join(parts)})', also])),),
    )


CREATE = (
    created("create table", ID, *COLUMNS),
    created("create table if it does not exist", ID, *COLUMNS),
    created("create table in a schema", ID, *COLUMNS, 'schema="sales"', setup=SALES),
    created("create table with a key of two columns", 'Column("branch", Integer, primary_key=True)', 'Column("number", Integer, primary_key=True)'),
    created("create table with a named key", 'Column("id", Integer)', 'PrimaryKeyConstraint("id", name="pk_account")'),
    created(
        "create table with constraints", ID, 'Column("owner_id", Integer, ForeignKey("owner.id", ondelete="CASCADE"))', 'Column("name", String(50))',
        'UniqueConstraint("name", name="uq_name")', 'CheckConstraint("length(name) > 2", name="ck_name")', before=table("owner", ID),
    ),
    created("create table with an index", ID, 'Column("name", String(50), index=True)'),
    created(
        "create table with a sequence", 'Column("id", Integer, Sequence("account_numbers", start=1000), primary_key=True)',
        first='op.execute("CREATE SEQUENCE account_numbers START WITH 1000")', changes=("sequence",),
    ),
    created("create table with an enum", ID, 'Column("state", Enum("open", "closed", name="state"), server_default="open", nullable=False)'),
    created("create table with a checked enum", ID, 'Column("state", Enum("open", "closed", name="state", native_enum=False, create_constraint=True))'),
    created("create table with a computed column", ID, 'Column("net", Numeric(10, 2))', 'Column("gross", Numeric(10, 2), Computed("net * 1.19"))'),
    created("create table with an identity", 'Column("id", BigInteger, Identity(always=True, start=42, cycle=True), primary_key=True)', 'Column("name", Text)'),
    created("create table with comments", ID, 'Column("name", Text, comment="as in the passport")', 'comment="who pays"'),
    created("create table with types of PostgreSQL's own", ID, 'Column("facts", postgresql.JSONB)', 'Column("tags", postgresql.ARRAY(Text))',
            'Column("span", postgresql.TSTZRANGE)', 'Column("at", DateTime(timezone=True))', 'Column("token", Uuid)', 'Column("raw", LargeBinary)'),
    created("create partitioned table", 'Column("day", Date, primary_key=True)', 'Column("number", Integer, primary_key=True)',
            'postgresql_partition_by="RANGE (day)"'),
)
OTHER = (
    Pair(
        name="drop table",
        does=('op.drop_table("accounts")', 'op.drop_table("accounts", if_exists=True)'),
        before=table("accounts", ID), after="", changes=("drop_table accounts",),
    ),
    Pair(
        name="drop table that refers to another",
        does=('op.drop_table("accounts")',),
        before=table("owner", ID) + table("accounts", ID, 'Column("owner_id", Integer, ForeignKey("owner.id"))'), after=table("owner", ID),
        changes=("drop_table accounts",),
    ),
    Pair(
        name="drop table to which another refers",
        does=('op.drop_constraint("accounts_owner_id_fkey", "accounts")\nop.drop_table("owner")',),
        before=table("owner", ID) + table("accounts", ID, 'Column("owner_id", Integer, ForeignKey("owner.id"))'),
        after=table("accounts", ID, 'Column("owner_id", Integer)'), changes=("drop_foreign_key accounts", "drop_table owner"),
    ),
    Pair(
        name="drop table in a schema", setup=SALES,
        does=('op.drop_table("accounts", schema="sales")',),
        before=table("accounts", ID, 'schema="sales"'), after="", changes=("drop_table sales.accounts",),
    ),
    Pair(
        name="rename table",
        does=('op.rename_table("account", "customer")\nop.execute("ALTER SEQUENCE account_id_seq RENAME TO customer_id_seq")',),
        before=ACCOUNT, after=table("customer", ID, *COLUMNS),
        refusal=Refusal(code="BGM902", about="customer", reason="its rows would be lost", hint="--rename-table account=customer"),
        hints=("--rename-table", "account=customer"), changes=("rename_table account",),
    ),
    Pair(
        name="rename table in a schema", setup=SALES,
        does=('op.rename_table("account", "customer", schema="sales")',),
        before=table("account", ID, *COLUMNS, 'schema="sales"'), after=table("customer", ID, *COLUMNS, 'schema="sales"'),
        refusal=Refusal(code="BGM902", about="sales.customer", reason="its rows would be lost", hint="--rename-table sales.account=sales.customer"),
        hints=("--rename-table", "sales.account=sales.customer"), changes=("rename_table sales.account",),
    ),
    Pair(
        name="create table comment",
        does=('op.create_table_comment("account", "who pays")', 'op.create_table_comment("account", "who pays", existing_comment=None)'),
        before=TIMED, after=TIMED.replace("now())", 'now()), comment="who pays"', 1), changes=("comment account",),
    ),
    Pair(
        name="drop table comment",
        does=('op.drop_table_comment("account", existing_comment="who pays")',),
        before=table("account", ID, 'comment="who pays"'), after=table("account", ID), changes=("comment account",),
    ),
    Pair(
        name="rows only",  # a migration of data is no difference
        does=(
            ('account = table("account", column("name", String))\n'
            'op.bulk_insert(account, [{"name": "one"}, {"name": "two"}])\n'
            'op.execute(account.update().where(account.c.name == op.inline_literal("one")).values({"name": op.inline_literal("uno")}))'),
            "op.execute(\"INSERT INTO account (name) VALUES ('some value')\")",
        ),
        before=ACCOUNT, after=ACCOUNT,
    ),
)
PAIRS = (*CREATE, *OTHER)
