"""`create_*_constraint`, `create_foreign_key`, `create_index`, `create_primary_key` and what drops them, in the forms of Alembic's reference."""

from tests.histories.alembic_columns import SALES, batch
from tests.histories.pair import ID, Pair, table

USER_ID, NAME, GROUP, PERIOD = 'Column("user_id", Integer)', 'Column("name", String(50))', 'Column("group", Text)', 'Column("period", postgresql.TSRANGE)'
USER = table("user", ID, NAME)
GIST = "CREATE EXTENSION IF NOT EXISTS btree_gist"
EXCLUDE = """postgresql.ExcludeConstraint(("period", "&&"), (column("group"), "="), where=text("\\"group\\" != 'some group'"), name="user_excl"{})"""
CHECKED = table("user", ID, NAME, 'CheckConstraint(func.length(column("name")) > 5, name="ck_user_name_len")')
ADDRESS = table("address", ID, USER_ID)
T1 = ('Column("foo", String)', 'Column("bar", String)')
DOC = ('Column("facts", postgresql.JSONB)', 'Column("active", Boolean)', 'Column("title", Text)')
VERSIONED = ('Column("id", Integer, nullable=False, autoincrement=False)', 'Column("version", Integer, nullable=False)')


def address(*more: str, name: str = "fk_user_address") -> str:
    """Addresses that refer to users, as the options say."""
    return table("address", ID, USER_ID, f"ForeignKeyConstraint(['user_id'], ['user.id'], {', '.join([f'name={name!r}', *more])})")


CHECKS = (
    Pair(
        name="create check constraint",
        does=(
            'op.create_check_constraint("ck_user_name_len", "user", func.length(column("name")) > 5)',
            batch("user", 'batch_op.create_check_constraint("ck_user_name_len", func.length(column("name")) > 5)'),
        ),
        before=USER, after=CHECKED, changes=("add_check user",),
    ),
    Pair(
        name="drop check constraint",
        does=('op.drop_constraint("ck_user_name_len", "user", type_="check")', 'op.drop_constraint("ck_user_name_len", "user", if_exists=True)'),
        before=CHECKED, after=USER, changes=("drop_check user",),
    ),
    Pair(
        name="change check constraint",
        does=(
            ('op.drop_constraint("ck_user_name_len", "user")\n'
            'op.create_check_constraint("ck_user_name_len", "user", func.length(column("name")) > 7)'),
        ),
        before=CHECKED, after=CHECKED.replace("> 5", "> 7"), changes=("change_check user",),
    ),
    Pair(
        name="create exclude constraint", setup=GIST,
        does=(
            """op.create_exclude_constraint("user_excl", "user", ("period", "&&"), (column("group"), "="), where=text("\\"group\\" != 'some group'"))""",
            batch("user", """batch_op.create_exclude_constraint("user_excl", ("period", "&&"), (column("group"), "="), where=text("\\"group\\" != 'some group'"))"""),
        ),
        before=table("user", ID, PERIOD, GROUP), after=table("user", ID, PERIOD, GROUP, EXCLUDE.format("")), changes=("add_exclusion user",),
    ),
    Pair(
        name="create exclude constraint that is checked at commit", setup=GIST,
        does=(
            ('op.create_exclude_constraint("user_excl", "user", ("period", "&&"), (column("group"), "="),'
            """ where=text("\\"group\\" != 'some group'"), deferrable=True, initially="DEFERRED")"""),
        ),
        before=table("user", ID, PERIOD, GROUP), after=table("user", ID, PERIOD, GROUP, EXCLUDE.format(', deferrable=True, initially="DEFERRED"')),
        changes=("add_exclusion user",),
    ),
    Pair(
        name="drop exclude constraint", setup=GIST,
        does=('op.drop_constraint("user_excl", "user")',),
        before=table("user", ID, PERIOD, GROUP, EXCLUDE.format("")), after=table("user", ID, PERIOD, GROUP), changes=("drop_exclusion user",),
    ),
)
FOREIGN_KEYS = (
    Pair(
        name="create foreign key",
        does=(
            'op.create_foreign_key("fk_user_address", "address", "user", ["user_id"], ["id"])',
            batch("address", 'batch_op.create_foreign_key("fk_user_address", "user", ["user_id"], ["id"])'),
        ),
        before=USER + ADDRESS, after=USER + address(), changes=("add_foreign_key address",),
    ),
    Pair(
        name="create foreign key with rules",
        does=('op.create_foreign_key("fk_user_address", "address", "user", ["user_id"], ["id"], ondelete="CASCADE", onupdate="RESTRICT")',),
        before=USER + ADDRESS, after=USER + address('ondelete="CASCADE"', 'onupdate="RESTRICT"'), changes=("add_foreign_key address",),
    ),
    Pair(
        name="create foreign key that is checked at commit",
        does=('op.create_foreign_key("fk_user_address", "address", "user", ["user_id"], ["id"], deferrable=True, initially="DEFERRED")',),
        before=USER + ADDRESS, after=USER + address("deferrable=True", 'initially="DEFERRED"'), changes=("add_foreign_key address",),
    ),
    Pair(
        name="create foreign key of several columns",
        does=('op.create_foreign_key("fk_line", "note", "line", ["order_no", "position"], ["order_no", "position"], match="FULL")',),
        before=table("line", 'Column("order_no", Integer, primary_key=True)', 'Column("position", Integer, primary_key=True)')
        + table("note", ID, 'Column("order_no", Integer)', 'Column("position", Integer)'),
        after=table("line", 'Column("order_no", Integer, primary_key=True)', 'Column("position", Integer, primary_key=True)')
        + table("note", ID, 'Column("order_no", Integer)', 'Column("position", Integer)',
                'ForeignKeyConstraint(["order_no", "position"], ["line.order_no", "line.position"], name="fk_line", match="FULL")'),
        changes=("add_foreign_key note",),
    ),
    Pair(
        name="create foreign key between schemas", setup=SALES,
        does=('op.create_foreign_key("fk_user_address", "address", "user", ["user_id"], ["id"], source_schema="sales")',),
        before=USER + table("address", ID, USER_ID, 'schema="sales"'),
        after=USER + table("address", ID, USER_ID, 'ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_user_address")', 'schema="sales"'),
        changes=("add_foreign_key sales.address",),
    ),
    Pair(
        name="create foreign keys that refer to each other",
        does=(
            ('op.create_foreign_key("fk_user_address", "address", "user", ["user_id"], ["id"])\n'
            'op.create_foreign_key("fk_main_address", "user", "address", ["address_id"], ["id"])'),
        ),
        before=table("user", ID, 'Column("address_id", Integer)') + ADDRESS,
        after=table("user", ID, 'Column("address_id", Integer, ForeignKey("address.id", name="fk_main_address", use_alter=True))') + address(),
        changes=("add_foreign_key address", "add_foreign_key user"),
    ),
    Pair(
        name="create foreign key to the table itself",
        does=('op.create_foreign_key("fk_parent", "node", "node", ["parent_id"], ["id"], ondelete="SET NULL")',),
        before=table("node", ID, 'Column("parent_id", Integer)'),
        after=table("node", ID, 'Column("parent_id", Integer, ForeignKey("node.id", name="fk_parent", ondelete="SET NULL"))'),
        changes=("add_foreign_key node",),
    ),
    Pair(
        name="drop foreign key",
        does=('op.drop_constraint("fk_user_address", "address", type_="foreignkey")', batch("address", 'batch_op.drop_constraint("fk_user_address")')),
        before=USER + address(), after=USER + ADDRESS, changes=("drop_foreign_key address",),
    ),
    Pair(
        name="change foreign key's rule",
        does=(
            ('op.drop_constraint("fk_user_address", "address")\n'
            'op.create_foreign_key("fk_user_address", "address", "user", ["user_id"], ["id"], ondelete="CASCADE")'),
        ),
        before=USER + address(), after=USER + address('ondelete="CASCADE"'), changes=("change_foreign_key address",),
    ),
)


def index(name: str, does: str, columns: tuple[str, ...], says: str) -> Pair:
    """A new index on t1: what the migration says after its name, and what the model does."""
    return Pair(
        name=name, does=(f'op.create_index("ik_test", "t1", {does})',), before=table("t1", ID, *columns),
        after=table("t1", ID, *columns, f'Index("ik_test", {says})'), changes=("create_index t1",),
    )


INDEXES = (
    index("create index", '["foo", "bar"]', T1, '"foo", "bar"'),
    index("create functional index", '[text("lower(foo)")]', T1, 'text("lower(foo)")'),
    index("create functional index of a function", '[func.lower(column("foo")), column("bar").desc()]', T1, 'func.lower(column("foo")), column("bar").desc()'),
    index("create unique index", '["foo"], unique=True', T1, '"foo", unique=True'),
    index("create index if it does not exist", '["foo"], if_not_exists=True', T1, '"foo"'),
    index("create partial index", '["title"], postgresql_where=text("active")', DOC, '"title", postgresql_where=text("active")'),
    index("create index that includes", '["foo"], postgresql_include=["bar"]', T1, '"foo", postgresql_include=["bar"]'),
    index("create index with an operator class", '["title"], postgresql_ops={"title": "text_pattern_ops"}', DOC,
          '"title", postgresql_ops={"title": "text_pattern_ops"}'),
    index("create index of another method", '["facts"], postgresql_using="gin", postgresql_ops={"facts": "jsonb_path_ops"}', DOC,
          '"facts", postgresql_using="gin", postgresql_ops={"facts": "jsonb_path_ops"}'),
    index("create index with parameters", '["foo"], postgresql_with={"fillfactor": 50}', T1, '"foo", postgresql_with={"fillfactor": 50}'),
    index("create unique index that takes one null", '["foo"], unique=True, postgresql_nulls_not_distinct=True', T1,
          '"foo", unique=True, postgresql_nulls_not_distinct=True'),
    Pair(
        name="create index concurrently",
        does=('with op.get_context().autocommit_block():\n    op.create_index("ik_test", "t1", ["foo"], postgresql_concurrently=True)',),
        before=table("t1", ID, *T1), after=table("t1", ID, *T1, 'Index("ik_test", "foo", postgresql_concurrently=True)'), changes=("create_index t1",),
    ),
    Pair(
        name="create index in a schema", setup=SALES,
        does=('op.create_index("ik_test", "t1", ["foo"], schema="sales")',),
        before=table("t1", ID, *T1, 'schema="sales"'), after=table("t1", ID, *T1, 'Index("ik_test", "foo")', 'schema="sales"'),
        changes=("create_index sales.t1",),
    ),
    Pair(
        name="drop index",
        does=(
            'op.drop_index("ik_test")', 'op.drop_index("ik_test", table_name="t1", if_exists=True)', batch("t1", 'batch_op.drop_index("ik_test")'),
            'with op.get_context().autocommit_block():\n    op.drop_index("ik_test", postgresql_concurrently=True)',
        ),
        before=table("t1", ID, *T1, 'Index("ik_test", "foo")'), after=table("t1", ID, *T1), changes=("drop_index t1",),
    ),
    Pair(
        name="change index",
        does=('op.drop_index("ik_test")\nop.create_index("ik_test", "t1", ["foo", "bar"])',),
        before=table("t1", ID, *T1, 'Index("ik_test", "foo")'), after=table("t1", ID, *T1, 'Index("ik_test", "foo", "bar")'),
        changes=("change_index t1",),
    ),
)
KEYS = (
    Pair(
        name="create primary key",
        does=('op.create_primary_key("pk_my_table", "my_table", ["id", "version"])', batch("my_table", 'batch_op.create_primary_key("pk_my_table", ["id", "version"])')),
        before=table("my_table", *VERSIONED), after=table("my_table", *VERSIONED, 'PrimaryKeyConstraint("id", "version", name="pk_my_table")'),
        changes=("change_primary_key my_table",),
    ),
    Pair(
        name="drop primary key",
        does=('op.drop_constraint("pk_my_table", "my_table", type_="primary")',),
        before=table("my_table", *VERSIONED, 'PrimaryKeyConstraint("id", "version", name="pk_my_table")'), after=table("my_table", *VERSIONED),
        changes=("change_primary_key my_table",),
    ),
    Pair(
        name="change primary key",
        does=('op.drop_constraint("pk_my_table", "my_table")\nop.create_primary_key("pk_my_table", "my_table", ["id", "version"])',),
        before=table("my_table", *VERSIONED, 'PrimaryKeyConstraint("id", name="pk_my_table")'),
        after=table("my_table", *VERSIONED, 'PrimaryKeyConstraint("id", "version", name="pk_my_table")'), changes=("change_primary_key my_table",),
    ),
    Pair(
        name="create unique constraint",
        does=(
            'op.create_unique_constraint("uq_user_name", "user", ["name"])', batch("user", 'batch_op.create_unique_constraint("uq_user_name", ["name"])'),
        ),
        before=USER, after=table("user", ID, NAME, 'UniqueConstraint("name", name="uq_user_name")'), changes=("add_unique user",),
    ),
    Pair(
        name="create unique constraint that is checked at commit",
        does=('op.create_unique_constraint("uq_user_name", "user", ["name"], deferrable=True, initially="DEFERRED")',),
        before=USER, after=table("user", ID, NAME, 'UniqueConstraint("name", name="uq_user_name", deferrable=True, initially="DEFERRED")'),
        changes=("add_unique user",),
    ),
    Pair(
        name="create unique constraint in a schema", setup=SALES,
        does=('op.create_unique_constraint("uq_user_name", "user", ["name"], schema="sales")',),
        before=table("user", ID, NAME, 'schema="sales"'), after=table("user", ID, NAME, 'UniqueConstraint("name", name="uq_user_name")', 'schema="sales"'),
        changes=("add_unique sales.user",),
    ),
    Pair(
        name="drop unique constraint",
        does=('op.drop_constraint("uq_user_name", "user", type_="unique")',),
        before=table("user", ID, NAME, 'UniqueConstraint("name", name="uq_user_name")'), after=USER, changes=("drop_unique user",),
    ),
)
PAIRS = (*CHECKS, *FOREIGN_KEYS, *INDEXES, *KEYS)
