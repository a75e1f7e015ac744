"""Whether PostgreSQL writes a table anew when a column gets another type. Measured with PostgreSQL 15; nothing here asks a server."""

from __future__ import annotations

import functools
import re

_SAME = {
    "int": "integer", "int4": "integer", "int8": "bigint", "int2": "smallint", "serial": "integer", "bigserial": "bigint", "smallserial": "smallint",
    "serial4": "integer", "serial8": "bigint", "varchar": "character varying", "char": "character", "bpchar": "character", "bool": "boolean",
    "decimal": "numeric", "float": "double precision", "float8": "double precision", "float4": "real", "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone", "time": "time without time zone", "timetz": "time with time zone",
}


def rewrites(was: str, to: str) -> bool | None:
    """None where it is not known from the types' names, or depends on the session."""
    if not was or not to:
        return None
    (one, first), (other, second) = parts(was), parts(to)
    if (one, first) == (other, second):
        return False
    if one in ("character varying", "text") and other in ("character varying", "text"):
        return not (other == "text" or not second or (one == "character varying" and first and second[0] >= first[0]))
    if one == other == "numeric":
        if not second:
            return False
        return not (first and (*first, 0)[1] == (*second, 0)[1] and second[0] >= first[0])
    if one == other and one.startswith(("timestamp", "time")):
        return not (not second or (first and second[0] >= first[0]))
    if (one, other) == ("cidr", "inet"):
        return False
    if {one, other} == {"timestamp with time zone", "timestamp without time zone"}:
        return None  # it does not where TimeZone is UTC (12+)
    return True


_RANGES = {"smallint": 1, "integer": 2, "bigint": 3, "numeric": 4}
_DAYS = {"date", "timestamp without time zone", "timestamp with time zone"}
_TEXTS = {"text", "character varying", "character"}


def narrows(was: str, to: str) -> bool:
    """Are there values of the one type that the other cannot hold, or holds otherwise? False where a type is not known."""
    if not was or not to:
        return False
    (one, first), (other, second) = parts(was), parts(to)
    if one in _TEXTS and other in _TEXTS:
        return bool(second) and not (first and first[0] <= second[0])
    if one == other == "numeric":
        return bool(second) and not (first and first[0] - (*first, 0)[1] <= second[0] - (*second, 0)[1] and (*first, 0)[1] <= (*second, 0)[1])
    if one in _RANGES and other in _RANGES:
        return _RANGES[other] < _RANGES[one]
    if one in ("real", "double precision"):
        return other in _RANGES
    return one in _TEXTS or (one in _DAYS and other == "date" and one != "date")  # not every text is a number, a date or a label


@functools.lru_cache(maxsize=1000)  # rules ask for the same few types over and over
def parts(text: str) -> tuple[str, tuple[int, ...]]:
    """A type's usual name, and its modifiers."""
    plain = re.sub(r"\s+", " ", text.strip().lower().replace('"', "")).removeprefix("pg_catalog.")
    plain = re.sub(r" collate .*$", "", plain)
    modifiers = re.search(r"\(([\d\s,]+)\)", plain)
    name = re.sub(r"\s*\([\d\s,]+\)", "", plain).strip()
    if name == "float" and modifiers:  # its precision is in binary digits, and means one of two types (documentation, 8.1.3)
        return ("real" if int(modifiers[1]) <= 24 else "double precision"), ()
    array = name.endswith("[]")
    name = _SAME.get(name.removesuffix("[]"), name.removesuffix("[]"))
    given = tuple(int(m) for m in modifiers[1].split(",")) if modifiers else ()
    if name == "character" and not given:
        given = (1,)
    return name + ("[]" if array else ""), given
