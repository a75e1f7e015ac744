"""The text of a sync trigger's function: which side of a row was written, and what the other side becomes. Pure.

How the best existing tool does it: pgroll declares every column as a variable, copies the row into them and tells the writer by comparing
`search_path`. Ours touches only the columns concerned and tells the writer by what changed, so it costs less and no setting misleads it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bgmigrate.backfill.batch import as_stored, differs
from bgmigrate.naming import ident, object_name, split
from bgmigrate.sql import compose, literal, load
from bgmigrate.sql.references import references
from bgmigrate.sql.tame import is_tame, is_total

# PostgreSQL's implicit casts between numbers, which fail for no value (PostgreSQL documentation, 10.3 and pg_cast.castcontext).
WIDER = {
    "smallint": ("integer", "bigint", "numeric", "real", "double precision"), "integer": ("bigint", "numeric", "double precision"),
    "bigint": ("numeric",), "real": ("double precision",),
}

# Names the trigger in whose order the session's own statements leave their rows; what a trigger of the application writes is one level deeper.
BACKFILL = "bgmigrate.backfill"
_SPARED = """\
    IF current_setting({s:l}, true) = {n:l} AND pg_trigger_depth() = 1 THEN
        RETURN NEW;
    END IF;
"""


def _by_green(column: str) -> str:
    return ident(object_name("by_green", "", column))


@dataclass(frozen=True, kw_only=True)
class Sync:
    """What is kept in step. `forward`: new columns from old rows; `backward`: old columns from new rows; `required`: never left NULL;
    `mirror`: columns that neither version writes, computed on every write; `mirror_back`: what a foreign key's action on one does to its column;
    `mirror_from`: for one that was the column before, what its column was made of it by; `fill`: what takes the place of a NULL, and of
    nothing else; `lossy`: columns in which NULL is right where their expression cannot take what is there; `aside`: what columns that a contract
    holds in quarantine are called meanwhile: expressions go on with the names that they had."""

    table: str
    columns: Mapping[str, str]  # every column of the table, the new ones included, with its type
    forward: Mapping[str, str] = field(default_factory=dict)
    backward: Mapping[str, str] = field(default_factory=dict)
    required: Collection[str] = ()
    mirror: Mapping[str, str] = field(default_factory=dict)
    mirror_back: Mapping[str, str] = field(default_factory=dict)
    mirror_from: Mapping[str, str] = field(default_factory=dict)
    fill: Mapping[str, str] = field(default_factory=dict)
    lossy: Collection[str] = ()
    aside: Mapping[str, str] = field(default_factory=dict)
    green: str = "green"  # the environment that the new columns belong to

    def _at(self, row: str, column: str) -> str:
        """The column of NEW or OLD, under the name that it has now."""
        return f"{row}.{ident(self.aside.get(column, column))}"

    def inputs(self, expression: str) -> list[str]:
        """The columns that an expression reads, in the table's order."""
        used = references(expression, set(self.columns))
        return [c for c in self.columns if c in used]

    @property
    def pairs(self) -> list[tuple[list[str], list[str]]]:
        """Groups of (new columns, old columns) that are computed from each other: a rename, a split, a merge.

        A column that none of the other side is computed from belongs to none: left out of an INSERT it must not speak for the others.
        """
        groups: list[tuple[set[str], set[str]]] = []
        read = {i for expression in self.forward.values() for i in self.inputs(expression)}
        for new, expression in self.forward.items():
            olds = {o for o, back in self.backward.items() if new in self.inputs(back) and o in read}
            if not olds:
                continue
            olds |= {o for o in self.inputs(expression) if o in self.backward}
            touched = [g for g in groups if g[1] & olds]
            groups = [g for g in groups if g not in touched]
            groups.append(({new}.union(*(g[0] for g in touched)), olds.union(*(g[1] for g in touched))))
        return [([c for c in self.columns if c in n], [c for c in self.columns if c in o]) for n, o in groups]

    @property
    def derived(self) -> dict[str, str]:
        """Columns of one version that are computed from what both have, with their expressions."""
        paired = {c for new, old in self.pairs for c in (*new, *old)}
        return {c: e for c, e in {**self.forward, **self.backward}.items() if c not in paired}

    @property
    def watched(self) -> list[str]:
        """The columns whose UPDATE must fire the trigger."""
        used = set().union(*(self.inputs(e) for e in (*self.forward.values(), *self.backward.values(), *self.mirror.values())))
        used |= set().union(*(self.inputs(e) for e in (*self.mirror_back.values(), *self.fill.values())), self.fill)
        used |= {c for new, old in self.pairs for c in (*new, *old)} | {c for c in self.required if c in self.derived}
        return [c for c in self.columns if c in used]

    @property
    def spares_backfill(self) -> bool:
        """Is it called where all new columns without a value are given just what `forward` says, and finds nothing to do there?"""
        if not self.forward.keys() & set(self.watched):
            return False
        if self.mirror or self.mirror_back or self.fill or self.aside:
            return False
        return not any(self.forward.keys() & set(self.inputs(e)) for e in self.derived.values())

    @property
    def plain(self) -> bool:
        """Do all expressions only copy a column, name a constant or say what every session understands alike? Then none needs a search_path."""
        constant = {c for c, e in self.derived.items() if not self.inputs(e) and "(" not in e}
        copied = all(c in constant or self._is_copy(c, e) or self._tame(e) for c, e in (*self.forward.items(), *self.backward.items()))
        filled = all(self._is_copy(c, e) or not (self.inputs(e) or "(" in e) for c, e in self.fill.items())
        return copied and filled and all(self._copies(e) for e in (*self.mirror.values(), *self.mirror_back.values()))

    def _tame(self, expression: str) -> bool:
        return bool(self.inputs(expression)) and is_tame(expression, split(self.table)[1], self.columns)

    def _copies(self, expression: str) -> str | None:
        """The column that an expression is nothing but."""
        text = expression.strip()
        return next((c for c in self.columns if text in (c, ident(c)) and (text != c or c == ident(c))), None)

    def _is_copy(self, column: str, expression: str) -> bool:
        """Is it nothing but a column of the same type? Then it can fail for no value."""
        source = self._copies(expression)
        return source is not None and self.columns[source] == self.columns[column]

    def _never_fails(self, column: str, expression: str) -> bool:
        """Is it nothing but a column of a type whose every value the other one takes?"""
        source = self._copies(expression)
        return source is not None and self.columns[column] in WIDER.get(self.columns[source], ())

    def _differs(self, row: str, column: str, expression: str) -> str:
        """Is the row's column something else than what the expression gives, once stored there?"""
        value = self.value(row, expression)
        type_ = self.columns[column]
        return differs(self._at(row, column), value if self._is_copy(column, expression) else as_stored(value, type_), type_)

    def value(self, row: str, expression: str) -> str:
        """The expression evaluated over NEW or OLD. Its names are resolved by the server, never replaced in its text."""
        if column := self._copies(expression):
            return self._at(row, column)
        if not self.inputs(expression) or self._tame(expression):
            return f"({expression})"  # its columns are in variables: `_load`
        named = "".join(f", {self._at(row, c)} AS {ident(c)}" for c in self.inputs(expression) if c in self.aside)
        return compose("(SELECT ({e:q}) FROM (SELECT {r:q}.*{n:q}) AS {t:i})", e=expression, r=row, n=named, t=split(self.table)[1])

    def _load(self, row: str, *expressions: str) -> list[str]:
        """Put the columns that tame expressions read into the variables of their names, from NEW or OLD."""
        read = {c for e in expressions if self._tame(e) and not self._copies(e) for c in self.inputs(e)}
        return [f"{ident(c)} := {self._at(row, c)};" for c in self.columns if c in read]

    def _variables(self) -> list[str]:
        every = (*self.forward.values(), *self.backward.values(), *self.mirror.values(), *self.mirror_back.values(), *self.fill.values())
        read = {c for e in every if self._tame(e) and not self._copies(e) for c in self.inputs(e)}
        return [f"{ident(c)} {self.columns[c]};" for c in self.columns if c in read]

    def body(self) -> str:
        """The statements between BEGIN and RETURN NEW."""
        lines: list[str] = []
        for column, expression in self.fill.items():  # first: the rules below see the row with its value
            lines.append(f"IF {self._at('NEW', column)} IS NULL THEN")
            lines += [f"    {line}" for line in self._assign(column, expression, guarded=True)] + ["END IF;"]
        for new, old in self.pairs:
            lines += self._pair(new, old)
        for column, expression in self.derived.items():
            lines += self._derive(column, expression)
        for column, expression in self.mirror_back.items():  # ON DELETE SET NULL and the like of a foreign key on the mirror
            shown = self.inputs(expression)
            lines.append(f"IF TG_OP = 'UPDATE' AND ({self._changed(shown)}) AND NOT ({self._changed([column])}) THEN")
            lines += [f"    {line}" for line in self._assign(column, expression, guarded=False)] + ["END IF;"]
        for column, expression in self.mirror.items():  # last: it shows what the rules above have made of the row
            lines += self._assign(column, expression, guarded=not self._never_fails(column, expression))
        # asked before the pairs are brought in step: afterwards both sides have changed
        asked = {c: self._changed(f) for c in self.derived if (f := self._followed(c))}
        declared = [f"{_by_green(c)} boolean := TG_OP = 'UPDATE' AND ({changed});" for c, changed in asked.items()] + self._variables()
        if declared:
            lines = ["DECLARE", *(f"    {line}" for line in declared), "BEGIN", *(f"    {line}" for line in lines), "END;"]
        return "\n".join(f"    {line}" for line in lines)

    def _followed(self, column: str) -> list[str]:
        """The new columns of the pairs from whose old side a new column is computed, without those that it reads itself."""
        if column not in self.forward:
            return []
        inputs = self.inputs(self.forward[column])
        return [n for new, old in self.pairs if set(old) & set(inputs) for n in new if n not in inputs]

    def _assign(self, target: str, expression: str, *, guarded: bool) -> list[str]:
        assignment = [*self._load("NEW", expression), f"{self._at('NEW', target)} := {self.value('NEW', expression)};"]
        # what is in quarantine is nobody's any more, and must not stand in the way of the version that runs
        guarded = guarded or target in self.aside
        if not guarded or not self.inputs(expression) or self.cannot_fail(target, expression):
            return assignment
        # A value that the expression cannot take must not become an error in the other version's face: it reads as NULL,
        # counts as divergent, and keeps contract shut until it is mended.
        return ["BEGIN", *(f"    {line}" for line in assignment), "EXCEPTION WHEN OTHERS THEN", f"    {self._at('NEW', target)} := NULL;", "END;"]

    def cannot_fail(self, column: str, expression: str) -> bool:
        """Can a plain query say the expression of every row, and store it in the column?"""
        return self._is_copy(column, expression) or self._total(column, expression)

    def _total(self, column: str, expression: str) -> bool:
        """Has it a value for every row, which the column takes?"""
        return self._tame(expression) and is_total(expression, self.columns[column], self.columns)

    def _assign_all(self, targets: Sequence[str], source: Mapping[str, str], *, guarded: bool) -> Iterator[str]:
        for target in targets:
            if target in source:
                yield from (f"    {line}" for line in self._assign(target, source[target], guarded=guarded))

    def _changed(self, columns: Sequence[str]) -> str:
        return " OR ".join(differs(self._at("NEW", c), self._at("OLD", c), self.columns[c]) for c in columns) or "false"

    def _is_green(self) -> str:
        return f"COALESCE(current_setting('bgmigrate.environment', true), '') = {literal(self.green)}"

    def _pair(self, new: list[str], old: list[str]) -> list[str]:
        empty = " AND ".join(f"{self._at('NEW', c)} IS NULL" for c in new)
        inputs = [c for c in self.columns if any(c in self.inputs(self.forward[n]) for n in new)]
        return [
            f"-- {', '.join(new)} <-> {', '.join(old)}: on INSERT the side that is set wins, on UPDATE the side that changed",
            "IF TG_OP = 'INSERT' THEN",
            f"    IF {empty} AND NOT ({self._is_green()}) THEN",
            *(f"    {line}" for line in self._assign_all(new, self.forward, guarded=True)),
            "    ELSE",
            *(f"    {line}" for line in self._assign_all(old, self.backward, guarded=False)),
            "    END IF;",
            f"ELSIF {self._changed(new)} THEN",
            *(f"    {line}" for line in self._follow_green(new, old)),
            f"ELSIF {self._changed(inputs)} THEN",
            *self._assign_all(new, self.forward, guarded=True),
            "END IF;",
        ]

    def _follow_green(self, new: Sequence[str], old: Sequence[str]) -> list[str]:
        """The old columns follow, unless the new ones are just what the old ones give: forward may lose something, as in a backfill."""
        stale = " OR ".join(self._differs("NEW", c, self.forward[c]) for c in new)
        compute = list(self._assign_all(old, self.backward, guarded=False))
        lines = [*self._load("NEW", *(self.forward[c] for c in new)), f"IF {stale} THEN", *compute, "END IF;"]
        if all(self.cannot_fail(c, self.forward[c]) for c in new):
            return lines
        # what blue left there may be nothing that forward can take: then it is stale
        return ["BEGIN", *(f"    {line}" for line in lines), "EXCEPTION WHEN OTHERS THEN", *compute, "END;"]

    def _derive(self, column: str, expression: str) -> list[str]:
        forward, target = column in self.forward, self._at("NEW", column)
        green = f" AND NOT ({self._is_green()})" if forward and column not in self.required else ""
        inputs = [c for c in self.inputs(expression) if c != column]
        # green wrote what this column would follow, and not the column: it keeps what it has
        by_blue = f" AND NOT {_by_green(column)}" if self._followed(column) else ""
        lines = [
            f"-- {column}: computed where the writer leaves it out, and again while it still holds what its inputs gave",
            "IF TG_OP = 'INSERT' THEN",
            f"    IF {target} IS NULL{green} THEN",
            *(f"    {line}" for line in self._assign_all([column], {column: expression}, guarded=forward)),
            "    END IF;",
        ]
        if inputs:
            same = self._changed([column])
            held = self._held(column, expression)
            lines += [
                f"ELSIF NOT ({same}) AND ({self._changed(inputs)}){by_blue} THEN",
                *(f"    {line}" for line in held),
            ]
        if column in self.required:
            lines += [f"ELSIF {target} IS NULL THEN", *self._assign_all([column], {column: expression}, guarded=forward)]
        return [*lines, "END IF;"]

    def _held(self, column: str, expression: str) -> list[str]:
        """Compute again unless a version has set a value of its own; an input that the expression could not take counts as one."""
        old = self._differs("OLD", column, expression)
        compute = [
            *self._load("OLD", expression),
            f"IF NOT ({old}) THEN",
            *(f"    {line}" for line in self._load("NEW", expression)),
            f"    {self._at('NEW', column)} := {self.value('NEW', expression)};",
            "END IF;",
        ]
        if (column not in self.forward and column not in self.aside) or self._is_copy(column, expression) or self._total(column, expression):
            return compute
        return ["BEGIN", *(f"    {line}" for line in compute), "EXCEPTION WHEN OTHERS THEN", f"    {self._at('NEW', column)} := NULL;", "END;"]

    def function(self, name: str, search_path: str, *, alone: bool = False) -> str:
        """CREATE OR REPLACE FUNCTION for the trigger of this name. `alone`: no BEFORE trigger of the application may change its rows."""
        path = "" if self.plain else f"\n    SET search_path = {search_path}"
        spared = compose(_SPARED, s=BACKFILL, n=name) if alone and self.spares_backfill else ""
        return load("create_sync_function", name=name, path=path, body=spared + self.body())
