"""`add_column`, `alter_column` and `drop_column`, in the forms of Alembic's operation reference."""

from tests.histories.pair import ID, Pair, Refusal, table

NAME = 'Column("name", String())'
ACCOUNT_ID = 'Column("account_id", Integer)'
ACCOUNTS = table("accounts", ID)
ORGANIZATION = table("organization", ID)
SALES = 'CREATE SCHEMA IF NOT EXISTS sales'


def batch(table: str, *lines: str) -> str:
    """The same operations in a batch."""
    return "\n    ".join([f'with op.batch_alter_table("{table}") as batch_op:', *lines])


ADD = (
    Pair(
        name="add column",
        does=(
            f'op.add_column("organization", {NAME})', f'op.add_column("organization", {NAME}, if_not_exists=True)',
            batch("organization", f"batch_op.add_column({NAME})"),
        ),
        before=ORGANIZATION, after=table("organization", ID, NAME), changes=("add_column organization.name",),
    ),
    Pair(
        name="add column in a schema", setup=SALES,
        does=(f'op.add_column("organization", {NAME}, schema="sales")',),
        before=table("organization", ID, 'schema="sales"'), after=table("organization", ID, NAME, 'schema="sales"'),
        changes=("add_column sales.organization.name",),
    ),
    Pair(
        name="add column that is the primary key",
        does=('op.add_column("organization", Column("id", Integer, primary_key=True), inline_primary_key=True)',),
        before=table("organization", NAME), after=table("organization", NAME, ID),
        changes=("add_numbered_column organization.id", "change_primary_key organization"),
    ),
    Pair(
        name="add column with a foreign key",
        does=(
            'op.add_column("organization", Column("account_id", Integer, ForeignKey("accounts.id")))',
            'op.add_column("organization", Column("account_id", Integer, ForeignKey("accounts.id")), inline_references=True)',
        ),
        before=ACCOUNTS + ORGANIZATION,
        after=ACCOUNTS + table("organization", ID, 'Column("account_id", Integer, ForeignKey("accounts.id"))'),
        changes=("add_column organization.account_id", "add_foreign_key organization"),
    ),
    Pair(
        name="add column with an index",
        does=(
            (f'op.add_column("organization", {ACCOUNT_ID})\n'
            'op.create_index("ix_organization_account_id", "organization", ["account_id"])'),
        ),
        before=ORGANIZATION, after=table("organization", ID, 'Column("account_id", Integer, index=True)'),
        changes=("add_column organization.account_id", "create_index organization"),
    ),
    Pair(
        name="add column that is unique",
        does=(
            (f'op.add_column("organization", {NAME})\n'
            'op.create_unique_constraint("uq_organization_name", "organization", ["name"])'),
        ),
        before=ORGANIZATION, after=table("organization", ID, NAME, 'UniqueConstraint("name", name="uq_organization_name")'),
        changes=("add_column organization.name", "add_unique organization"),
    ),
    Pair(
        name="add column with a check",
        does=(
            'op.add_column("organization", Column("size", Integer, CheckConstraint("size > 0", name="ck_size")))',
        ),
        before=ORGANIZATION, after=table("organization", ID, 'Column("size", Integer, CheckConstraint("size > 0", name="ck_size"))'),
        changes=("add_check organization", "add_column organization.size"),
    ),
    Pair(
        name="add column with the time as its default",
        does=('op.add_column("account", Column("timestamp", TIMESTAMP, server_default=func.now()))',),
        before=table("account", ID), after=table("account", ID, 'Column("timestamp", TIMESTAMP, server_default=func.now())'),
        changes=("add_column account.timestamp",),
    ),
    Pair(
        name="add column with a volatile default",
        does=('op.add_column("account", Column("token", Uuid, server_default=text("gen_random_uuid()"), nullable=False))',),
        before=table("account", ID),
        after=table("account", ID, 'Column("token", Uuid, server_default=text("gen_random_uuid()"), nullable=False)'),
        changes=("add_volatile_column account.token",),
    ),
    Pair(
        name="add column that is not null",
        does=('op.add_column("organization", Column("name", String(), nullable=False))',),
        before=ORGANIZATION, after=table("organization", ID, 'Column("name", String(), nullable=False)'),
        refusal=Refusal(code="BGM206", about="organization.name", reason="NOT NULL", hint="--forward 'organization.name=SQL'"),
        hints=("--forward", "organization.name='unknown'"), changes=("derive_column organization.name",),
    ),
    Pair(
        name="add column that is not null with a default in Python",
        does=('op.add_column("organization", Column("name", String(), nullable=False))',),
        before=ORGANIZATION, after=table("organization", ID, 'Column("name", String(), nullable=False, default="unknown")'),
        changes=("add_column organization.name",),
    ),
    Pair(
        name="add computed column",
        does=('op.add_column("square", Column("area", Integer, Computed("side * side", persisted=True)))',),
        before=table("square", ID, 'Column("side", Integer)'),
        after=table("square", ID, 'Column("side", Integer)', 'Column("area", Integer, Computed("side * side", persisted=True))'),
        changes=("add_generated_column square.area",),
    ),
    Pair(
        name="add virtual column", since=180000,
        does=('op.add_column("square", Column("area", Integer, Computed("side * side", persisted=False)))',),
        before=table("square", ID, 'Column("side", Integer)'),
        after=table("square", ID, 'Column("side", Integer)', 'Column("area", Integer, Computed("side * side", persisted=False))'),
        changes=("add_generated_column square.area",),
    ),
    Pair(
        name="add identity column",
        does=('op.add_column("account", Column("number", Integer, Identity(always=True, start=100), nullable=False))',),
        before=table("account", ID), after=table("account", ID, 'Column("number", Integer, Identity(always=True, start=100), nullable=False)'),
        changes=("add_numbered_column account.number",),
    ),
    Pair(
        name="add column with a comment",
        does=('op.add_column("account", Column("note", Text, comment="what a clerk wrote"))',),
        before=table("account", ID), after=table("account", ID, 'Column("note", Text, comment="what a clerk wrote")'),
        changes=("add_column account.note",),
    ),
)
ALTER = (
    Pair(
        name="alter column to take null",
        does=('op.alter_column("account", "name", nullable=True)', batch("account", 'batch_op.alter_column("name", nullable=True)')),
        before=table("account", ID, 'Column("name", String(50), nullable=False)'), after=table("account", ID, 'Column("name", String(50))'),
        changes=("drop_not_null account.name",),
    ),
    Pair(
        name="alter column to take no null",
        does=('op.alter_column("account", "name", existing_type=String(50), nullable=False)',),
        before=table("account", ID, 'Column("name", String(50))'), after=table("account", ID, 'Column("name", String(50), nullable=False)'),
        changes=("set_not_null account.name",),
    ),
    Pair(
        name="alter column to have a default",
        does=('op.alter_column("account", "name", server_default="nobody")', 'op.alter_column("account", "name", server_default=text("\'nobody\'"))'),
        before=table("account", ID, 'Column("name", String(50))'), after=table("account", ID, 'Column("name", String(50), server_default="nobody")'),
        changes=("server_default account.name",),
    ),
    Pair(
        name="alter column to have another default",
        does=('op.alter_column("account", "at", server_default=text("clock_timestamp()"))',),
        before=table("account", ID, 'Column("at", DateTime, server_default=func.now())'),
        after=table("account", ID, 'Column("at", DateTime, server_default=text("clock_timestamp()"))'),
        changes=("server_default account.at",),
    ),
    Pair(
        name="alter column to have no default",
        does=('op.alter_column("account", "name", server_default=None)',),
        before=table("account", ID, 'Column("name", String(50), server_default="nobody")'), after=table("account", ID, 'Column("name", String(50))'),
        changes=("server_default account.name",),
    ),
    Pair(
        name="alter column's name",
        does=('op.alter_column("account", "name", new_column_name="full_name")', batch("account", 'batch_op.alter_column("name", new_column_name="full_name")')),
        before=table("account", ID, 'Column("name", String(50), nullable=False)'),
        after=table("account", ID, 'Column("full_name", String(50), nullable=False)'),
        refusal=Refusal(code="BGM902", about="account.full_name", reason="never guessed", hint="--rename account.name=full_name"),
        hints=("--rename", "account.name=full_name"), changes=("rename_column account.full_name",),
    ),
    Pair(
        name="alter column's name and type",
        does=('op.alter_column("account", "code", new_column_name="number", type_=Text)',),
        before=table("account", ID, 'Column("code", String(50))'), after=table("account", ID, 'Column("number", Text)'),
        hints=("--rename", "account.code=number"), changes=("rename_column account.number",),
    ),
    Pair(
        name="alter column's type to a wider one",
        does=('op.alter_column("account", "name", existing_type=String(50), type_=String(100))',),
        before=table("account", ID, 'Column("name", String(50))'), after=table("account", ID, 'Column("name", String(100))'),
        changes=("widen_type account.name",),
    ),
    Pair(
        name="alter column's type to a narrower one",
        does=('op.alter_column("account", "name", existing_type=String(100), type_=String(50))',),
        before=table("account", ID, 'Column("name", String(100))'), after=table("account", ID, 'Column("name", String(50))'),
        changes=("retype_column account.name",),
    ),
    Pair(
        name="alter column's type to one that both versions speak",
        does=('op.alter_column("account", "visits", existing_type=Integer, type_=BigInteger)',),
        before=table("account", ID, 'Column("visits", Integer)'), after=table("account", ID, 'Column("visits", BigInteger)'),
        changes=("retype_column account.visits",),
    ),
    Pair(
        name="alter column's type with an expression",
        does=('op.alter_column("account", "age", type_=Integer, postgresql_using="age::integer")',),
        before=table("account", ID, 'Column("age", String)'), after=table("account", ID, 'Column("age", Integer)'),
        refusal=Refusal(code="BGM116", about="account.age", reason="no one type suits both", hint='"renamed_from": "age", "forward": "age::integer"'),
    ),
    Pair(
        name="alter column's type with an expression, under a new name",
        does=('op.alter_column("account", "age", new_column_name="age_new", type_=Integer, postgresql_using="age::integer")',),
        before=table("account", ID, 'Column("age", String)'), after=table("account", ID, 'Column("age_new", Integer)'),
        hints=("--rename", "account.age=age_new", "--forward", "account.age_new=age::integer", "--backward", "account.age=age_new::text"),
        changes=("rename_column account.age_new",),
    ),
    Pair(
        name="alter column's type to a checked enum",
        does=(
            ('op.alter_column("account", "state", type_=Enum("on", "off", name="state", native_enum=False, create_constraint=True, length=20),'
            ' existing_type=String(20))'),
        ),
        before=table("account", ID, 'Column("state", String(20))'),
        after=table("account", ID, 'Column("state", Enum("on", "off", name="state", native_enum=False, create_constraint=True, length=20))'),
        changes=("add_check account",),
    ),
    Pair(
        name="alter column's comment",
        does=('op.alter_column("account", "name", comment="as in the passport", existing_comment="what else")',),
        before=table("account", ID, 'Column("name", String(50), comment="what else")'),
        after=table("account", ID, 'Column("name", String(50), comment="as in the passport")'),
        changes=("comment account.name",),
    ),
    Pair(
        name="alter column to have no comment",
        does=('op.alter_column("account", "name", comment=None)',),
        before=table("account", ID, 'Column("name", String(50), comment="what else")'), after=table("account", ID, 'Column("name", String(50))'),
        changes=("comment account.name",),
    ),
    Pair(
        name="alter column's autoincrement",  # MySQL's alone: Alembic warns that it means nothing here, and so it is no difference
        does=(),
        before=table("account", ID, 'Column("number", Integer)'), after=table("account", ID, 'Column("number", Integer, autoincrement=True)'),
    ),
    Pair(
        name="alter column to be an identity",
        does=('op.alter_column("account", "number", server_default=Identity(always=True), existing_type=Integer)',),
        before=table("account", ID, 'Column("number", Integer, nullable=False)'),
        after=table("account", ID, 'Column("number", Integer, Identity(always=True), nullable=False)'), changes=("numbering account.number",),
    ),
    Pair(
        name="alter column's identity",
        does=('op.alter_column("account", "number", server_default=Identity(always=True, increment=5), existing_server_default=Identity())',),
        before=table("account", ID, 'Column("number", Integer, Identity(), nullable=False)'),
        after=table("account", ID, 'Column("number", Integer, Identity(always=True, increment=5), nullable=False)'),
        changes=("numbering account.number",),
    ),
    Pair(
        name="alter column to be no identity",
        does=('op.alter_column("account", "number", server_default=None, existing_server_default=Identity())',),
        before=table("account", ID, 'Column("number", Integer, Identity(), nullable=False)'),
        after=table("account", ID, 'Column("number", Integer, nullable=False)'), changes=("numbering account.number",),
    ),
    Pair(
        name="alter column in a schema", setup=SALES,
        does=('op.alter_column("account", "name", nullable=True, schema="sales")',),
        before=table("account", ID, 'Column("name", String(50), nullable=False)', 'schema="sales"'),
        after=table("account", ID, 'Column("name", String(50))', 'schema="sales"'), changes=("drop_not_null sales.account.name",),
    ),
    Pair(
        name="alter column in several ways",
        does=('op.alter_column("account", "name", type_=String(100), nullable=True, server_default="nobody", comment="wide")',),
        before=table("account", ID, 'Column("name", String(50), nullable=False)'),
        after=table("account", ID, 'Column("name", String(100), server_default="nobody", comment="wide")'),
        changes=("comment account.name", "drop_not_null account.name", "server_default account.name", "widen_type account.name"),
    ),
)
DROP = (
    Pair(
        name="drop column",
        does=(
            'op.drop_column("organization", "account_id")', 'op.drop_column("organization", "account_id", if_exists=True)',
            batch("organization", 'batch_op.drop_column("account_id")'),
        ),
        before=table("organization", ID, ACCOUNT_ID), after=ORGANIZATION, changes=("drop_column organization.account_id",),
    ),
    Pair(
        name="drop column that is not null",
        does=('op.drop_column("organization", "account_id")',),
        before=table("organization", ID, 'Column("account_id", Integer, nullable=False)'), after=ORGANIZATION,
        refusal=Refusal(code="BGM903", about="organization.account_id", reason="NOT NULL", hint="--backward 'organization.account_id=SQL'"),
        hints=("--backward", "organization.account_id=NULL"), changes=("drop_column organization.account_id",),
    ),
    Pair(
        name="drop column with all that it has",
        does=('op.drop_column("organization", "account_id")',),
        before=ACCOUNTS + table("organization", ID, 'Column("account_id", Integer, ForeignKey("accounts.id"), index=True, unique=True)'),
        after=ACCOUNTS + ORGANIZATION, changes=("drop_column organization.account_id",),
    ),
    Pair(
        name="drop column in a schema", setup=SALES,
        does=('op.drop_column("organization", "account_id", schema="sales")',),
        before=table("organization", ID, ACCOUNT_ID, 'schema="sales"'), after=table("organization", ID, 'schema="sales"'),
        changes=("drop_column sales.organization.account_id",),
    ),
    Pair(
        name="batch",
        does=(batch("some_table", 'batch_op.add_column(Column("foo", Integer))', 'batch_op.drop_column("bar")'),),
        before=table("some_table", ID, 'Column("bar", String)'), after=table("some_table", ID, 'Column("foo", Integer)'),
        changes=("add_column some_table.foo", "drop_column some_table.bar"),
    ),
)
PAIRS = (*ADD, *ALTER, *DROP)
