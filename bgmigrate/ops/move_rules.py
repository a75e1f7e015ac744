"""What is kept in step between two tables: which rows belong together, and what each says of the other. Pure.

Other tools leave a move between tables to the application's dual writes. Ours is said once, as SQL over either row, and everything follows
from it: the triggers, the backfill, and the check that both tables agree.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bgmigrate.backfill.batch import as_stored, differs
from bgmigrate.naming import bounded, ident, split
from bgmigrate.sql import compose
from bgmigrate.sql.references import references


def copied(expression: str, columns: Collection[str]) -> str | None:
    """The column that an expression is nothing but."""
    text = expression.strip()
    return next((c for c in columns if text == ident(c)), None)


def over(row: str, expression: str, table: str, columns: Collection[str], aside: Mapping[str, str] | None = None) -> str:
    """The expression evaluated over a PL/pgSQL row variable. Its names are resolved by the server, never replaced in its text."""
    known = aside or {}
    if column := copied(expression, columns):
        return f"{row}.{ident(known.get(column, column))}"
    if not references(expression, columns):
        return f"({expression})"
    return compose("(SELECT ({e:q}) FROM ({r:q}) AS {t:i})", e=expression, r=whole(row, expression, known), t=split(table)[1])


def whole(row: str, expressions: str, aside: Mapping[str, str]) -> str:
    """The query that gives a row as expressions know it: what is set aside stands in it under its own name, too."""
    return f"SELECT {row}.*" + "".join(f", {row}.{ident(q)} AS {ident(c)}" for c, q in aside.items() if references(expressions, {c}))


@dataclass(frozen=True, kw_only=True)
class Part:
    """One row of the new table that a row of the old one may have. `forward` and `when` are SQL over the old row, `backward` over the new one."""

    forward: Mapping[str, str]
    when: str = "true"
    backward: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Columns of the table `old` that became rows of the table `new`.

    `key`: the new table's columns that identify a row; some are copies of the old table's key, the others constants that tell the parts apart.
    `without`: what an old column holds while there is no new row; NULL where nothing is said. Columns come with their types.
    """

    old: str
    new: str
    key: Sequence[str]
    parts: Sequence[Part]
    without: Mapping[str, str] = field(default_factory=dict)
    old_columns: Mapping[str, str]
    new_columns: Mapping[str, str]
    aside: Mapping[str, str] = field(default_factory=dict)  # old columns in quarantine, with their names there
    place: str = ""  # the old table's key, where it is in quarantine itself
    guessed: bool = False  # are the columns only words of the expressions, because there is no database to ask?

    def at(self, row: str, column: str) -> str:
        """A column of an old row, under the name that it has now."""
        return f"{row}.{ident(self.aside.get(column, column))}"

    @property
    def link(self) -> dict[str, str]:
        """The new table's columns that say to which old row a row belongs, each with the old column that it is a copy of."""
        copies = {c: copied(self.parts[0].forward[c], self.old_columns) for c in self.key}
        return {c: o for c, o in copies.items() if o is not None}

    @property
    def two_way(self) -> bool:
        """Is anything computed back?"""
        return any(p.backward for p in self.parts)

    def name(self, role: str = "move") -> str:
        """What a trigger or function of this move is called: it sorts after the application's own, and the new table is its only one."""
        return bounded(f"zz_bgm_{role}_{self.new.replace('.', '_')}")

    def read(self, part: Part) -> list[str]:
        """The old columns from which a part's row follows, in the table's order."""
        used = set().union(*(references(e, self.old_columns) for e in (*part.forward.values(), part.when)))
        return [c for c in self.old_columns if c in used]

    def paired(self, part: Part) -> list[str]:
        """The new columns that are computed from old ones and computed back."""
        used = set().union(*(references(e, self.new_columns) for e in part.backward.values()))
        return [c for c in self.new_columns if c in used and c in part.forward and c not in self.key]

    def derived(self, part: Part) -> list[str]:
        """The new columns that only follow: from columns that both versions have, or that nothing gives back."""
        rest = [c for c in part.forward if c not in (*self.key, *self.paired(part))]
        return [c for c in rest if references(part.forward[c], self.old_columns)]

    def told(self, part: Part) -> list[str]:
        """The new columns that `backward` reads."""
        used = set().union(*(references(e, self.new_columns) for e in part.backward.values()))
        return [c for c in self.new_columns if c in used]

    # --- conditions, over rows that are PL/pgSQL variables or the tables themselves
    def forward(self, part: Part, column: str, row: str) -> str:
        """A new column's value, from an old row."""
        return over(row, part.forward[column], self.old, self.old_columns, self.aside)

    def backward(self, part: Part, column: str, row: str) -> str:
        """An old column's value, from a new row."""
        return over(row, part.backward[column], self.new, self.new_columns)

    def when(self, part: Part, row: str) -> str:
        """Has this old row such a new one?"""
        return f"coalesce({over(row, part.when, self.old, self.old_columns, self.aside)}, false)"

    def linked(self, new: str, old: str) -> str:
        """Do these rows belong together?"""
        return " AND ".join(f"{new}.{ident(n)} = {self.at(old, o)}" for n, o in self.link.items())

    def is_part(self, part: Part, new: str) -> str:
        """Is a new row of this part?"""
        fixed = [f"{new}.{ident(c)} IS NOT DISTINCT FROM ({part.forward[c]})" for c in self.key if c not in self.link]
        return " AND ".join(fixed) or "true"

    def mine(self, part: Part, new: str, old: str) -> str:
        """Is this the new row of that part of the old one? Written so that the key's index finds it."""
        fixed = [f"{new}.{ident(c)} = ({part.forward[c]})" for c in self.key if c not in self.link]
        return " AND ".join((self.linked(new, old), *fixed))

    def says_old(self, part: Part, new: str, old: str) -> str:
        """Does the new row say what the old one says?"""
        return _none(differs(self.at(old, c), self._stored_old(part, c, new), self.old_columns[c]) for c in part.backward)

    def says_new(self, part: Part, old: str, new: str) -> str:
        """Does the old row say what the new one says? Never where `backward` reads what no old column gives."""
        if not part.backward or not self.paired(part) or not set(self.told(part)) <= {*self.paired(part), *self.key}:
            return "false"
        return self.follows(part, self.paired(part), new, old)

    def follows(self, part: Part, columns: Sequence[str], new: str, old: str) -> str:
        """Do these columns of the new row hold what the old row gives?"""
        return _none(differs(f"{new}.{ident(c)}", self._stored_new(part, c, old), self.new_columns[c]) for c in columns)

    def is_bare(self, part: Part, old: str) -> str:
        """Does the old row hold what it holds without a new one?"""
        return _none(differs(self.at(old, c), self.lacking(c), self.old_columns[c]) for c in part.backward) if part.backward else "false"

    def lacking(self, column: str) -> str:
        """What an old column holds without a new row."""
        return f"({self.without[column]})" if column in self.without else "NULL"

    def certain(self, part: Part) -> bool:
        """Can `forward` fail for no value, because it only copies columns of the same types?"""
        sources = {c: copied(e, self.old_columns) for c, e in part.forward.items() if c in self.paired(part)}
        return all(s is not None and self.old_columns[s] == self.new_columns[c] for c, s in sources.items())

    def _stored_new(self, part: Part, column: str, old: str) -> str:
        source = copied(part.forward[column], self.old_columns)
        value = self.forward(part, column, old)
        return value if source and self.old_columns[source] == self.new_columns[column] else as_stored(value, self.new_columns[column])

    def _stored_old(self, part: Part, column: str, new: str) -> str:
        source = copied(part.backward[column], self.new_columns)
        value = self.backward(part, column, new)
        return value if source and self.new_columns[source] == self.old_columns[column] else as_stored(value, self.old_columns[column])


def _none(conditions: Iterable[str]) -> str:
    found = " OR ".join(conditions)
    return f"NOT ({found})" if found else "true"
