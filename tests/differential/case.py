"""What a case says: the body of an upgrade(), the hazard that it is, and from which PostgreSQL on."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Case:
    """`code`: the hazard, or nothing for a twin that looks alike and is harmless. `world`: what earlier revisions have made besides `WORLD`.

    `history`: nobody can tell without it. `fails`: the server refuses it. `fleeting`: relations whose lock is held for so short a time that a trace may miss it.
    """

    name: str
    body: str
    code: str = ""
    world: str = ""
    since: int = 14
    until: int = 99
    fails: bool = False
    history: bool = False
    fleeting: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """What a test run calls it."""
        return f"{self.code or 'twin'}-{self.name}".replace(" ", "-")


def sql(*statements: str) -> str:
    """Executed one after another in Alembic's transaction."""
    return "\n".join(f'op.execute("""{s}""")' for s in statements)


def apart(*statements: str) -> str:
    """Each in a transaction of its own."""
    return "with op.get_context().autocommit_block():\n" + textwrap.indent(sql(*statements), "    ")


# Small tables with rows: at DEBUG1 the server says what it does with every row, however few there are.
WORLD = """
CREATE TABLE users (id bigint PRIMARY KEY, name varchar(40) NOT NULL, nick varchar(40), age integer, email text, born timestamp);
INSERT INTO users SELECT i, 'n' || i, 'k' || i, i, 'e' || i, now() FROM generate_series(1, 3) i;
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, total integer, note text, number text, code varchar(20), price numeric(8, 2),
  day date, CONSTRAINT ck_orders_code CHECK (code <> ''));
INSERT INTO orders SELECT i, i, i, 'n', 'o' || i, 'c' || i, i, '2025-01-01' FROM generate_series(1, 3) i;
CREATE INDEX ix_orders_day ON orders (day);
ALTER TABLE orders ADD CONSTRAINT uq_orders_number UNIQUE (number);
CREATE TABLE items (id bigint PRIMARY KEY, order_id bigint REFERENCES orders, amount integer);
INSERT INTO items VALUES (1, 1, 1);
CREATE TABLE log (id bigint NOT NULL, at timestamp, seq bigint);
INSERT INTO log VALUES (1, now(), 1);
CREATE TABLE bookings (room integer, during tsrange);
CREATE TABLE events (id bigint NOT NULL, day date NOT NULL, kind text) PARTITION BY RANGE (day);
CREATE TABLE events_2025 PARTITION OF events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE events_2026 (id bigint NOT NULL, day date NOT NULL, kind text);
INSERT INTO events VALUES (1, '2025-02-03', 'x');
INSERT INTO events_2026 VALUES (1, '2026-02-03', 'x');
CREATE MATERIALIZED VIEW daily AS SELECT day, count(*) AS orders FROM orders GROUP BY day;
CREATE UNIQUE INDEX ix_daily ON daily (day);
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER audit BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION keep();
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE DOMAIN positive AS integer CHECK (value > 0);
CREATE DOMAIN plain AS integer;
CREATE SCHEMA archive;
"""
REST = "CREATE TABLE events_rest PARTITION OF events DEFAULT; INSERT INTO events VALUES (7, '2030-01-01', 'y');"
