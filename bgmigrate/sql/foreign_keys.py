"""A foreign key taken apart: what PostgreSQL's own text of one says."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bgmigrate.naming import split
from bgmigrate.sql import compose

_NAMES = r'(?:"(?:[^"]|"")+"|[^"()])+'
_TEXT = re.compile(
    rf"FOREIGN KEY \((?P<columns>{_NAMES})\) REFERENCES (?P<table>{_NAMES})\((?P<referenced>{_NAMES})\)(?P<match> MATCH \w+)?"
    r"(?: ON UPDATE (?P<update>SET NULL|SET DEFAULT|NO ACTION|\w+))?(?: ON DELETE (?P<delete>SET NULL|SET DEFAULT|NO ACTION|\w+)(?P<set> \(.*?\))?)?"
    r"(?P<deferral>(?: NOT)? DEFERRABLE(?: INITIALLY DEFERRED)?)?\Z"
)
_NAME = re.compile(r'"((?:[^"]|"")+)"|([^\s",]+)')
FOLLOWS = ("CASCADE", "SET NULL", "SET DEFAULT")


@dataclass(frozen=True, kw_only=True)
class ForeignKey:
    """Its parts. `table` is the referenced one as SQL; actions are NO ACTION where nothing is said."""

    columns: tuple[str, ...]
    table: str
    referenced: tuple[str, ...]
    match: str
    on_update: str
    on_delete: str
    deferral: str

    @classmethod
    def parse(cls, definition: str) -> ForeignKey | None:
        """The parts of a definition; None for what has more of them (PERIOD, NOT ENFORCED)."""
        found = _TEXT.match(definition)
        if found is None or any(re.search(r"\bPERIOD ", found[g]) for g in ("columns", "referenced")):
            return None
        return cls(
            columns=_names(found["columns"]), table=found["table"], referenced=_names(found["referenced"]), match=(found["match"] or "").strip(),
            on_update=found["update"] or "NO ACTION", on_delete=(found["delete"] or "NO ACTION") + (found["set"] or ""),
            deferral=(found["deferral"] or "").strip(),
        )

    @property
    def target(self) -> tuple[object, ...]:
        """What rows must agree: who points where, and which rows count as pointing."""
        return self.columns, self.table, self.referenced, self.match

    @property
    def never_blocks(self) -> bool:
        """Does a write of the referenced table always go through, whatever points to it?"""
        return self.on_update in FOLLOWS and self.on_delete.partition(" (")[0] in FOLLOWS

    def orphans(self, table: str) -> str:
        """The condition that a row of `table`, named by its own name, points to nothing."""
        mine = split(table)[1]
        alias = "bgm_referenced"
        met = " AND ".join(
            compose("{a:i}.{r:i} = {t:i}.{c:i}", a=alias, r=r, t=mine, c=c) for r, c in zip(self.referenced, self.columns, strict=True)
        )
        nothing = compose("NOT EXISTS (SELECT FROM {t:q} AS {a:i} WHERE {m:q})", t=self.table, a=alias, m=met)
        there = [compose("{t:i}.{c:i} IS NOT NULL", t=mine, c=c) for c in self.columns]
        if self.match == "MATCH FULL":
            missing = [compose("{t:i}.{c:i} IS NULL", t=mine, c=c) for c in self.columns]
            return f"({' OR '.join(there)}) AND ({' OR '.join(missing)} OR {nothing})"
        return " AND ".join([*there, nothing])


def _names(text: str) -> tuple[str, ...]:
    return tuple(quoted.replace('""', '"') if quoted else plain for quoted, plain in _NAME.findall(text))
