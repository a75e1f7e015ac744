"""Values for columns: made from the type, then from what the database's CHECKs say when they refuse the first ones."""

from __future__ import annotations

import datetime
import decimal
import itertools
import re
import sys
import uuid
from typing import Any, Callable, Dict, FrozenSet, Iterator, List, Optional, Tuple

EPOCH = datetime.datetime(2024, 1, 15, 10, 30)
UTC = datetime.timezone.utc
MOST_TRIES = 400  # of combinations for one group of columns that CHECKs tie together


class CannotMake(Exception):
    """No value or no parent can be made for a column; the row stays unproved."""


class Sampler:
    """Different values each time. `facts` describe the database: `{table: {"columns": {name: type}, "checks": {name: {...}}}}`."""

    def __init__(self, facts: Dict[str, Any], first: int) -> None:
        self.facts, self.count = facts, first
        self.chosen: Dict[Tuple[str, str], Any] = {}  # by table and column: what a CHECK accepted
        self.before: Dict[Tuple[str, str], Any] = {}  # the same, as they were good for other rows
        self._searches: Dict[FrozenSet[Tuple[str, str]], Iterator[Tuple[Any, ...]]] = {}

    def value(self, key: str, column: Any, dialect: Any, accepts: Callable[[Any], bool] = lambda value: True) -> Any:
        """A value for the column that its own bind processing accepts, and `accepts` where it takes any of them. Raises CannotMake."""
        if (key, column.name) in self.chosen:
            return self.chosen[key, column.name]
        self.count += 1
        promised = never_written(column)
        later = [v for label, v in labelled(getattr(column.type, "item_type", column.type)) if label in promised] if promised else []
        fact = self.facts.get(key, {})
        bound: List[Any] = []
        for candidate in [
            *self._known(column, fact.get("values", {}).get(column.name, [])),
            *of_type(column.type, self.count, column.name, fact.get("columns", {}).get(column.name, "")),
        ]:
            if not any(v in later for v in (candidate if isinstance(candidate, list) else [candidate])) and binds(column.type, candidate, dialect):
                if accepts(candidate):
                    return candidate
                bound.append(candidate)
        if bound:
            return bound[0]
        raise CannotMake("no value is known for %s.%s (%s)" % (key, column.name, type(column.type).__name__))

    def _known(self, column: Any, values: List[str]) -> List[str]:
        """Of a text that is an enum for the other version: its values, for whatever else is written there only the application knows."""
        from sqlalchemy import types

        if not values or not isinstance(column.type, types.String) or isinstance(column.type, types.Enum):
            return []
        return values[self.count % len(values) :] + values[: self.count % len(values)]

    def learn(self, state: Optional[str], table: Optional[str], constraint: Optional[str]) -> bool:
        """After a refusal by a CHECK (or by a unique key over values that a CHECK chose): take the next values. False when there are none."""
        fact = self.facts.get(table or "", {})
        checks = fact.get("checks", {})
        if state == "23514" and constraint in checks:
            columns = set(checks[constraint]["columns"])
        elif state == "23505" and constraint in fact.get("keys", {}):
            columns = {c for c in fact["keys"][constraint] if (table, c) in self.chosen}
        else:
            return False
        texts = []
        for check in checks.values():  # all that are tied together, so that mending one does not break the next
            if columns & set(check["columns"]):
                columns |= set(check["columns"])
                texts.append(check["definition"])
        group = frozenset((str(table), c) for c in columns)
        if group not in self._searches:
            ordered = sorted(columns)
            options = [accepted(fact["columns"].get(c, ""), texts) for c in ordered]
            self._searches[group] = itertools.islice(itertools.product(*options), MOST_TRIES)
        found = next(self._searches[group], None)
        if found is None or not columns:
            for at in group:  # none of them helped: it is not their fault
                self.chosen.pop(at, None)
                if at in self.before:
                    self.chosen[at] = self.before[at]
            return False
        self.chosen.update({(str(table), c): v for c, v in zip(sorted(columns), found)})
        return True


def binds(type_: Any, value: Any, dialect: Any) -> bool:
    """Whether the type's own processing takes the value, there and back; a TypeDecorator is the application's code and may refuse anything."""
    if type(type_).__name__.upper().endswith("RANGE") and isinstance(value, str) and dialect.driver == "asyncpg":
        return False
    try:
        processor = type_.dialect_impl(dialect).bind_processor(dialect)
        if processor is not None:
            processor(value)
        if hasattr(type_, "process_result_value") and hasattr(type_, "process_bind_param"):
            type_.process_result_value(type_.process_bind_param(value, dialect), dialect)
    except NotImplementedError:
        return True  # the decorator has one of the two only
    except Exception:
        return False
    return True


def restored(type_: Any, values: List[Any]) -> List[Any]:
    """What a decorator makes of values as they stand in the database: objects of the application's own, which alone it may take."""
    from sqlalchemy.dialects.postgresql.base import PGDialect

    make: Any = PGDialect
    out: List[Any] = []
    for value in values:
        try:
            found = type_.process_result_value(value, make())
        except Exception:  # it is the application's code, may not take this value, or may have no such method
            continue
        out += [] if found is None or type(found) is type(value) else [found]
    return out


def of_type(type_: Any, n: int, name: str, actual: str) -> List[Any]:
    """Candidates for a type, the likeliest first; `actual` is the database's type."""
    from sqlalchemy import types

    if isinstance(type_, types.Interval):  # SQLAlchemy makes it a decorator of DateTime for other databases
        return [datetime.timedelta(seconds=n)]
    if isinstance(type_, types.TypeDecorator):
        inner = type_.impl_instance if hasattr(type_, "impl_instance") else type_.impl
        likely = of_type(inner, n, name, actual)
        likely += restored(type_, likely)
        return likely + [v for v in (text_of(n, name, None), n, {"k": n}, [n], b"b%d" % n, EPOCH, True, uuid.UUID(int=n)) if v not in likely]
    kind = type(type_).__name__.upper()
    if kind == "DOMAIN":
        return of_type(type_.data_type, n, name, "")
    if isinstance(type_, types.Enum):
        values = [value for _, value in labelled(type_)]
        return values[n % len(values) :] + values[: n % len(values)] if values else []
    if isinstance(type_, types.ARRAY) or kind == "ARRAY":
        made: List[Any] = [[v] for v in of_type(type_.item_type, n, name, "")] or [[]]
        for _ in range((type_.dimensions or 1) - 1):
            made = [[v] for v in made]
        return made
    special: Any = SPECIAL.get(kind)
    if special is not None:
        return list(special(n, type_))
    if isinstance(type_, types.Boolean):
        return [n % 2 == 0]
    if isinstance(type_, types.SmallInteger) or actual == "smallint":
        return [n % 30000]
    if isinstance(type_, types.Integer):
        return [n % 2000000000]
    if isinstance(type_, types.Float):  # from 2.1 on no kind of Numeric
        return [n % 1000 + 0.5] if not type_.asdecimal else [decimal.Decimal(n % 1000)]
    if isinstance(type_, types.Numeric):
        whole = 10 ** max((type_.precision or 15) - (getattr(type_, "scale", 0) or 0), 0)
        number = decimal.Decimal(n % min(whole, 10**9))
        if not type_.asdecimal:
            return [float(number) + 0.5 if whole > 1 else 0.5]
        return [number if whole > 1 else decimal.Decimal(1).scaleb(-(type_.scale or 1))]
    if isinstance(type_, types.String):
        return [text_of(n, name, type_.length), *plausible(n, actual)][:: -1 if plausible(n, actual) else 1]
    if isinstance(type_, types.LargeBinary):
        return [b"\x00bgm%d" % n]
    if isinstance(type_, types.DateTime):
        moment = EPOCH + datetime.timedelta(minutes=n)
        return [moment.replace(tzinfo=datetime.timezone.utc) if type_.timezone else moment]
    if isinstance(type_, types.Date):
        return [EPOCH.date() + datetime.timedelta(days=n % 9000)]
    if isinstance(type_, types.Time):
        moment = EPOCH + datetime.timedelta(seconds=n)
        return [moment.timetz().replace(tzinfo=datetime.timezone.utc) if type_.timezone else moment.time()]
    if isinstance(type_, types.JSON):
        return [{"k": n}, [n]]
    return plausible(n, actual)


def labelled(type_: Any) -> List[Tuple[str, Any]]:
    """An enum type's labels with the Python values that stand for them."""
    members = list(type_.enum_class.__members__.values()) if getattr(type_, "enum_class", None) else list(type_.enums)
    return list(zip(type_.enums, members))


def never_written(column: Any) -> List[str]:
    """The labels that the model promises not to write before the other version is gone."""
    return list(column.info.get("bgmigrate", {}).get("never_writes", ()))


def text_of(n: int, name: str, length: Optional[int]) -> str:
    """A short text of its own; what validators commonly want for the column's name."""
    for word, form in (("email", "a%d@example.com"), ("url", "https://example.com/%d"), ("uuid", str(uuid.UUID(int=n))), ("phone", "+15550%06d")):
        if word in name.lower():
            text = form % n if "%" in form else form
            if length is None or len(text) <= length:
                return text
    text = "bgm%d" % n
    if length is not None and len(text) > length:
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"
        text = "".join(digits[n // 36**i % 36] for i in reversed(range(length)))
    return text


def plausible(n: int, actual: str) -> List[Any]:
    """Text that the database's own type takes, for types that SQLAlchemy does not know and texts that are stored as something else."""
    base = re.sub(r"\(.*\)", "", actual)
    forms = {
        "uuid": str(uuid.UUID(int=n)), "inet": "192.0.2.%d" % (n % 250), "cidr": "10.%d.0.0/16" % (n % 250),
        "macaddr": "08:00:2b:01:%02x:%02x" % (n // 250 % 250, n % 250),
        "ltree": "top.n%d" % n, "tsvector": "'n%d'" % n, "xml": "<n>%d</n>" % n, "json": '{"k": %d}' % n, "jsonb": '{"k": %d}' % n,
        "geometry": "SRID=4326;POINT(%d 1)" % (n % 80), "geography": "POINT(%d 1)" % (n % 80), "citext": "bgm%d" % n,
    }
    return [forms[base]] if base in forms else []


def ranged(lower: Any, upper: Any) -> List[Any]:
    """A range in whatever class this SQLAlchemy has, else as text, or as asyncpg alone wants it."""
    out: List[Any] = ["[%s,%s)" % (lower, upper)]
    try:
        from sqlalchemy.dialects.postgresql import Range
    except ImportError:
        native: Any = sys.modules.get("asyncpg")  # there where it is the driver
        return [*out, native.Range(lower, upper)] if native else out
    return [Range(lower, upper), *out]


SPECIAL = {
    "UUID": lambda n, t: [uuid.UUID(int=n)] if getattr(t, "as_uuid", True) else [str(uuid.UUID(int=n))],
    "INET": lambda n, t: ["192.0.2.%d" % (n % 250)], "CIDR": lambda n, t: ["10.%d.0.0/16" % (n % 250)],
    "MACADDR": lambda n, t: ["08:00:2b:01:%02x:%02x" % (n // 250 % 250, n % 250)],
    "HSTORE": lambda n, t: [{"k": str(n)}], "TSVECTOR": lambda n, t: ["'n%d'" % n], "MONEY": lambda n, t: ["%d.00" % (n % 100000)],
    "BIT": lambda n, t: ["01" * ((t.length or 1) // 2) + "1" * ((t.length or 1) % 2)], "OID": lambda n, t: [n],
    "INT4RANGE": lambda n, t: ranged(n, n + 5), "INT8RANGE": lambda n, t: ranged(n, n + 5),
    "NUMRANGE": lambda n, t: ranged(decimal.Decimal(n), decimal.Decimal(n + 5)),
    "DATERANGE": lambda n, t: ranged(EPOCH.date(), EPOCH.date() + datetime.timedelta(days=n % 900 + 1)),
    "TSRANGE": lambda n, t: ranged(EPOCH, EPOCH + datetime.timedelta(minutes=n)),
    "TSTZRANGE": lambda n, t: ranged(EPOCH.replace(tzinfo=UTC), (EPOCH + datetime.timedelta(minutes=n)).replace(tzinfo=UTC)),
    "INTERVAL": lambda n, t: [datetime.timedelta(seconds=n)],
}


def accepted(actual: str, checks: List[str]) -> List[Any]:
    """What the CHECKs themselves name, and its neighbours, as the database's type has it."""
    text = " ".join(checks)
    strings = [s.replace("''", "'") for s in re.findall(r"'((?:[^']|'')*)'", text)]
    numbers = [decimal.Decimal(s) for s in re.findall(r"(?<![\w'.])-?\d+(?:\.\d+)?(?![\w'.])", text)]
    numbers += [decimal.Decimal(s) for s in strings if re.fullmatch(r"-?\d+(\.\d+)?", s)]
    near = list(dict.fromkeys(v for n in numbers for v in (n, n + 1, n - 1)))
    if re.match(r"(small|big)?int", actual):
        return list(dict.fromkeys([int(v) for v in near if v == int(v)] + [1, 0, 2, 10, 100, -1]))
    if re.match(r"numeric|real|double", actual):
        return list(dict.fromkeys(near + [decimal.Decimal(v) for v in ("1", "0", "0.5", "10", "100", "-1")]))
    if actual.startswith("bool"):
        return [True, False]
    if actual == "date":
        return [EPOCH.date(), datetime.date(1990, 1, 1), datetime.date(2999, 1, 1), EPOCH.date() + datetime.timedelta(days=30)]
    if actual.startswith("timestamp"):
        zone = datetime.timezone.utc if actual.endswith("with time zone") else None
        later = EPOCH + datetime.timedelta(days=30)
        return [d.replace(tzinfo=zone) for d in (EPOCH, datetime.datetime(1990, 1, 1), datetime.datetime(2999, 1, 1), later)]
    if re.match(r"text|char|varchar|citext", actual):
        lengths = [int(v) for v in near if v == int(v) and 0 < v <= 2000]
        plain = [s for s in strings if not re.search(r"[\\^$\[\]%]", s)]
        generic = ["abc", "a", "A", "AB", "abc-def", "1", "123", "a1@example.com", "https://example.com/1", "+15550100", str(uuid.UUID(int=7)), ""]
        return list(dict.fromkeys(plain + generic + ["x" * n for n in lengths] + ["1" * n for n in lengths] + ["A" * n for n in lengths]))
    return [None]
