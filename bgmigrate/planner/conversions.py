"""What is asked of the rows before their values are computed, and what becomes of those that have none: for every kind of change alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bgmigrate.changes import Differences, Planned, Stage
from bgmigrate.errors import ConfigurationError
from bgmigrate.ops import BackfillRows, BuildType, CountRoundTrips, RequireConvertible, SynchronizeColumns
from bgmigrate.ops.columns import type_of
from bgmigrate.ops.sync_function import WIDER
from bgmigrate.sql.references import references

POLICIES = ("refuse", "null", "keep-blue")


def asked(differences: Differences, expand: Sequence[Planned]) -> Iterator[Planned]:
    """The demands of an expand's computed columns; the policies that hints give are written into its steps.

    Raises ConfigurationError for a policy that is none, or cannot be kept.
    """
    built = [p.step for p in expand if isinstance(p.step, BuildType)]
    fills = [p.step for p in expand if isinstance(p.step, BackfillRows)]
    for sync in (p.step for p in expand if isinstance(p.step, SynchronizeColumns)):
        have = differences.heads.tables[sync.table].columns if sync.table in differences.heads.tables else {}
        computed = {c: e for c, e in {**sync.forward, **sync.mirror}.items() if c in sync.add}
        for column, expression in computed.items():
            type_, final = type_of(sync.add[column]), _final(differences, sync.table, column)
            source = have.get(expression.strip().strip('"').replace('""', '"'))
            if (source is not None and (source.type == type_ or type_ in WIDER.get(source.type, ()))) or not references(expression, have.keys()):
                continue
            policy = _policy(differences, sync.table, final)
            if policy == "refuse" and not differences.hints.waits(sync.table, final):
                why = f"{final}: every row that is there must have a value. Reads the table; locks nothing."
                renamed = column in differences.renames.get(sync.table, {})
                required = column in sync.required or (renamed and differences.green.tables[sync.table].columns[column].not_null)
                demand = RequireConvertible(
                    sync.table, column, type_, expression, required=required, called=final if final != column else "",
                    given=_given(built, type_, expression),
                )
                yield Planned(stage=Stage.DEMAND, step=demand, because=(why,))
            elif policy != "refuse":
                for fill in (f for f in fills if f.table == sync.table and column in {*f.missing, *f.follow}):
                    fill.tolerate = [*fill.tolerate, column]
                if policy == "null":
                    sync.lossy = [*sync.lossy, column]
        back = {c: e for c, e in sync.backward.items() if c in have}
        forth = {c: e for c, e in computed.items() if c in sync.forward}
        if back and any(e.strip().strip('"') not in have for e in forth.values()):
            why = f"{', '.join(forth)}: rows that would not come back from there as they are, are counted. Reads the table; locks nothing."
            types = {c: type_of(sync.add[c]) for c in forth}
            count = CountRoundTrips(sync.table, forth, back, types, _given(built, *types.values(), *forth.values()))
            yield Planned(stage=Stage.DEMAND, step=count, because=(why,))


def _given(built: Sequence[BuildType], *texts: str) -> list[str]:
    """Statements that create the new types among these texts: the questions come before expand has made them."""
    return [t.statement for t in built if references(" ".join(texts), {t.name.rpartition(".")[2]})]


def _final(differences: Differences, table: str, column: str) -> str:
    """What green calls the column that is there under this name until contract."""
    return next((m.final for m in differences.moves if (m.table, m.there) == (table, column)), column)


def _policy(differences: Differences, table: str, column: str) -> str:
    said = str(differences.hints.columns.get((table, column), {}).get("policy", "refuse"))
    if said not in POLICIES:
        raise ConfigurationError(
            f"the hint \"policy\": {said!r} of {table}.{column} is none", why="It says what becomes of values that do not convert.",
            next=f"Policies are: {', '.join(POLICIES)}.",
        )
    want = differences.green.tables[table].columns.get(column)
    if said == "null" and want is not None and want.not_null:
        raise ConfigurationError(
            f"{table}.{column} is NOT NULL, and its hint \"policy\": \"null\" lets values that do not convert be NULL",
            why="Contract could never forbid the NULLs.",
            next='Make it nullable, or give it "policy": "keep-blue", and mend those rows before contract.',
        )
    return said
