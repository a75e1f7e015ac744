"""Columns that number themselves: a sequence of their own given, taken, and turned into an identity or back, its position carried over."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from bgmigrate.errors import Refused
from bgmigrate.naming import index_key
from bgmigrate.ops.base import Step, operation
from bgmigrate.ops.columns import DropColumns, add_column, column_comment, nothing_filled_yet, refuse_another, there
from bgmigrate.ops.runtime import Runtime
from bgmigrate.ops.sequences import create_sequence
from bgmigrate.sql import compose, load

IDENTITY = "SELECT attidentity <> '' FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attname = %s AND NOT attisdropped"


def _number(table: str, column: str, sequence: str) -> list[str]:
    """What makes a column draw from a sequence and own it."""
    name = compose("{s:t}", s=index_key(table, sequence))
    default = compose("ALTER TABLE {t:t} ALTER COLUMN {c:i} SET DEFAULT nextval({s:l}::regclass)", t=table, c=column, s=name)
    return [default, load("own_sequence", table=compose("{t:t}", t=table), column=column, sequence=name)]


def _held(table: str, was: str, action: str) -> list[str]:
    """Lock the table, then its sequence (any ALTER SEQUENCE keeps others from drawing), and remember where that stands."""
    return [
        compose("LOCK TABLE {t:t} IN ACCESS EXCLUSIVE MODE", t=table), compose("ALTER SEQUENCE {w:t} {a:q}", w=was, a=action),
        compose("SELECT set_config('bgmigrate.position', (SELECT last_value || ' ' || is_called FROM {w:t}), true)", w=was),
    ]


def _take_over(sequence: str) -> str:
    return compose(
        "SELECT setval({s:l}, split_part(current_setting('bgmigrate.position'), ' ', 1)::bigint,"
        " split_part(current_setting('bgmigrate.position'), ' ', 2)::boolean)", s=compose("{s:t}", s=sequence),
    )


@operation("number_column")
@dataclass
class NumberColumn(Step):
    """Let a column draw its default from a sequence of its own. ACCESS EXCLUSIVE for an instant; no row is touched.

    `add`: the column is new, of this definition, and rows that are there have no number yet. Without it the sequence is first set past the
    greatest number that is there.
    """

    table: str
    column: str
    sequence: str
    type: str
    options: str
    add: str = ""
    comment: str | None = None

    def run(self, on: Runtime) -> None:
        create = create_sequence(index_key(self.table, self.sequence), self.type, self.options)
        if self.add:
            refuse_another(on, self.table, {self.column: self.add})
            on.strong(
                [self.table], add_column(self.table, self.column, self.add), create, *_number(self.table, self.column, self.sequence),
                *([column_comment(self.table, self.column, self.comment)] if self.comment else []),
                before=lambda c: there(c, self.table), after=lambda c, before: nothing_filled_yet(on, c, self.table, [self.column], before),
            )
            return
        on.strong([], create)
        AdvanceSequence(self.table, self.column, self.sequence, "INCREMENT BY -" in self.options).run(on)
        on.strong([self.table], *_number(self.table, self.column, self.sequence))

    def undo(self) -> Step:
        return DropColumns(self.table, [self.column]) if self.add else UnnumberColumn(self.table, self.column, self.sequence)


@operation("unnumber_column")
@dataclass
class UnnumberColumn(Step):
    """Take a column's default and its sequence away. ACCESS EXCLUSIVE for an instant; no row is touched."""

    table: str
    column: str
    sequence: str

    def run(self, on: Runtime) -> None:
        on.strong(
            [self.table], compose("ALTER TABLE {t:t} ALTER COLUMN {c:i} DROP DEFAULT", t=self.table, c=self.column),
            compose("DROP SEQUENCE IF EXISTS {s:t}", s=index_key(self.table, self.sequence)),
        )


@operation("advance_sequence")
@dataclass
class AdvanceSequence(Step):
    """Set a column's sequence past the greatest number that is there, never back. Reads the table without a lock; who draws waits for an instant."""

    table: str
    column: str
    sequence: str
    descending: bool = False

    def run(self, on: Runtime) -> None:
        sequence = compose("{s:t}", s=index_key(self.table, self.sequence))
        query = compose(
            "SELECT {f:q}({c:i})::bigint FROM {t:t}", f="min" if self.descending else "max", c=self.column, t=self.table,
        )
        found = on.fetch(query)
        if found == [(None,)] or on.fetch(IDENTITY, compose("{t:t}", t=self.table), self.column) == [(True,)]:
            return  # no number is there; or a run that was killed had gone on from here
        advance = compose(
            "SELECT setval({s:l}, n) FROM ({n:q}) AS numbers (n) WHERE n {o:q} (SELECT last_value FROM {s:q})", s=sequence,
            n=query if on.offline else compose("SELECT {n:l}::bigint", n=found[0][0]), o="<=" if self.descending else ">=",
        )
        try:
            # ALTER SEQUENCE in it keeps others from drawing between the comparison and setval
            on.strong([], load("own_sequence", table=compose("{t:t}", t=self.table), column=self.column, sequence=sequence), advance)
        except psycopg.errors.NumericValueOutOfRange as error:
            raise Refused(
                f"{self.table}.{self.column} holds {found[0][0]}, beyond what its sequence may give: {error.diag.message_primary}",
                why="The sequence would give numbers that are there already.", next="Give the sequence wider bounds in the models, and plan again.",
                code="BGM112",
            ) from error


@operation("make_identity")
@dataclass
class MakeIdentity(Step):
    """Turn a column that draws its default from a sequence into an identity, which goes on where that sequence stands.

    One transaction, ACCESS EXCLUSIVE for an instant. `was` (a key) is dropped; with `keep` it stays, for others may draw from it.
    """

    table: str
    column: str
    generated: str
    sequence: str
    options: str
    was: str
    keep: bool = False

    def run(self, on: Runtime) -> None:
        if on.fetch(IDENTITY, compose("{t:t}", t=self.table), self.column) == [(True,)]:
            return
        sequence = index_key(self.table, self.sequence)
        on.strong(
            [self.table],
            *_held(self.table, self.was, "OWNED BY NONE"),
            compose("ALTER TABLE {t:t} ALTER COLUMN {c:i} DROP DEFAULT", t=self.table, c=self.column),
            *([] if self.keep else [compose("DROP SEQUENCE {w:t}", w=self.was)]),
            compose("ALTER TABLE {t:t} ALTER COLUMN {c:i} ADD GENERATED {g:q} AS IDENTITY (SEQUENCE NAME {s:t} {o:q})", t=self.table,
                    c=self.column, g=self.generated, s=sequence, o=self.options),
            _take_over(sequence),
        )


@operation("make_serial")
@dataclass
class MakeSerial(Step):
    """Turn an identity into a column that draws its default from a sequence of its own, which goes on where the identity stands.

    One transaction, ACCESS EXCLUSIVE for an instant. `was`: the key of the identity's sequence, which goes with it.
    """

    table: str
    column: str
    sequence: str
    type: str
    options: str
    was: str

    def run(self, on: Runtime) -> None:
        if on.fetch(IDENTITY, compose("{t:t}", t=self.table), self.column) == [(False,)]:
            return
        sequence = index_key(self.table, self.sequence)
        on.strong(
            [self.table],
            *_held(self.table, self.was, "CACHE 1"),  # an identity's sequence has no other owner; it goes with the next statement
            compose("ALTER TABLE {t:t} ALTER COLUMN {c:i} DROP IDENTITY", t=self.table, c=self.column),
            create_sequence(sequence, self.type, self.options), _take_over(sequence), *_number(self.table, self.column, self.sequence),
        )
