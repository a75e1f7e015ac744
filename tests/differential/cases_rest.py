"""Statements of the table's other parts, and several in one transaction."""

from __future__ import annotations

from tests.differential.case import Case, apart, sql

LONGER = 'op.add_column("users", sa.Column("r", sa.Text()))'
LAZY = "ALTER TABLE orders ADD CONSTRAINT c CHECK (id > 0) NOT VALID"
CASES = [
    Case(code="BGM201", name="rename a column", body='op.alter_column("users", "name", new_column_name="full_name")'),
    Case(code="BGM201", name="rename a column of a partitioned table", body=sql("ALTER TABLE events RENAME kind TO sort")),
    Case(code="BGM202", name="rename a table", body='op.rename_table("users", "people")'),
    Case(code="BGM202", name="rename a partitioned table", body=sql("ALTER TABLE events RENAME TO happenings")),
    Case(code="BGM203", name="move a table", body=sql("ALTER TABLE users SET SCHEMA archive")),
    Case(code="BGM204", name="drop a column", body='op.drop_column("users", "nick")'),
    Case(code="BGM206", name="required column", body='op.add_column("users", sa.Column("r", sa.Text(), nullable=False))', fails=True),
    Case(code="BGM208", name="drop not null", body='op.alter_column("users", "name", nullable=True)'),
    Case(code="BGM209", name="default", body='op.alter_column("users", "name", server_default="nobody")'),
    Case(code="BGM211", name="label in one transaction", fails=True,
         body=sql("ALTER TYPE mood ADD VALUE 'calm'", "ALTER TABLE users ADD COLUMN m mood DEFAULT 'calm'")),
    Case(name="label", body=apart("ALTER TYPE mood ADD VALUE 'calm'")),
    Case(code="BGM212", name="rename a label", body=sql("ALTER TYPE mood RENAME VALUE 'sad' TO 'blue'")),
    Case(code="BGM215", name="type under a view", fails=True, body=sql("ALTER TABLE orders ALTER note TYPE varchar"),
         world="CREATE VIEW notes AS SELECT note FROM orders;"),
    Case(code="BGM215", name="drop under a view", fails=True, body='op.drop_column("orders", "note")', world="CREATE VIEW notes AS SELECT note FROM orders;"),
    Case(code="BGM216", name="json", body='op.add_column("orders", sa.Column("r", sa.JSON()))'),
    Case(code="BGM205", name="drop a table", body='op.drop_table("bookings")'),
    Case(name="truncate", body=sql("TRUNCATE bookings")),
    Case(name="drop a check", body='op.drop_constraint("ck_orders_code", "orders", type_="check")'),
    Case(name="drop a unique constraint", body='op.drop_constraint("uq_orders_number", "orders", type_="unique")'),
    Case(name="row security", body=sql("ALTER TABLE users ENABLE ROW LEVEL SECURITY")),
    Case(name="replica identity", body=sql("ALTER TABLE users REPLICA IDENTITY FULL")),
    Case(name="lock", body=sql("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE")),
    Case(code="BGM403", name="index after a lock", body=f'{LONGER}\nop.create_index("i", "orders", ["note"])'),
    Case(code="BGM403", name="validate after a lock", body=f"{LONGER}\n" + sql("ALTER TABLE orders VALIDATE CONSTRAINT c"), world=f"{LAZY};"),
    Case(code="BGM404", name="validate in the same transaction", body=sql(LAZY, "ALTER TABLE orders VALIDATE CONSTRAINT c")),
    Case(name="validate after the commit", body=sql(LAZY) + "\n" + apart("ALTER TABLE orders VALIDATE CONSTRAINT c")),
    Case(code="BGM405", name="two tables", body=f'{LONGER}\nop.add_column("orders", sa.Column("r", sa.Text()))'),
    Case(code="BGM406", name="rows after a lock", body='op.add_column("orders", sa.Column("r", sa.Integer()))\n' + sql("UPDATE orders SET r = 1")),
    Case(code="BGM701", name="every row", body=sql("UPDATE orders SET note = ''")),
    Case(code="BGM701", name="delete every row", body=sql("DELETE FROM bookings")),
    Case(name="insert", body=sql("INSERT INTO bookings (room) VALUES (1)")),
    Case(name="grant", body=sql("GRANT SELECT ON orders TO PUBLIC")),
    Case(name="view", body=sql("CREATE VIEW notes AS SELECT note FROM orders")),
    Case(name="sequence", body=sql("CREATE SEQUENCE s OWNED BY orders.total")),
]
