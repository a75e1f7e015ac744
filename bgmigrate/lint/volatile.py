"""Whether a default is drawn anew for every row, which makes ADD COLUMN write the table anew."""

from __future__ import annotations

import re
from typing import Literal

# Functions of PostgreSQL that are VOLATILE and that defaults call (pg_proc.provolatile = 'v').
_VOLATILE = {
    "random", "clock_timestamp", "timeofday", "gen_random_uuid", "uuidv4", "uuidv7", "nextval", "setval", "gen_random_bytes", "uuid_generate_v1",
    "uuid_generate_v1mc", "uuid_generate_v4", "random_normal", "currval", "lastval",
}
# Functions that are not, as far as defaults call them; of any other name nothing is known.
_STABLE = {
    "now", "current_timestamp", "current_date", "current_time", "localtimestamp", "localtime", "statement_timestamp", "transaction_timestamp",
    "timezone", "date_trunc", "to_timestamp", "to_date", "to_char", "to_json", "to_jsonb", "json_build_object", "jsonb_build_object",
    "json_build_array", "jsonb_build_array", "json_object", "jsonb_object", "concat", "concat_ws", "lower", "upper", "trim", "md5", "sha256",
    "encode", "decode", "repeat", "replace", "substring", "substr", "left", "right", "length", "abs", "round", "floor", "ceil", "greatest",
    "least", "coalesce", "nullif", "cast", "array", "row", "make_interval", "make_date", "extract", "date_part", "int4range", "int8range",
    "numrange", "tsrange", "tstzrange", "daterange", "to_tsvector", "point", "current_setting", "format", "lpad", "rpad", "interval", "varchar",
    "txid_current", "pg_current_xact_id", "char", "numeric", "decimal", "bit", "timestamp", "time", "in", "and", "or", "not",
}


def volatile(default: str | None) -> Literal["yes", "no", "unknown"]:
    """Of a default as SQL."""
    text = re.sub(r"'(?:[^']|'')*'", "''", default or "")
    called = {name.lower().rpartition(".")[2] for name in re.findall(r'([A-Za-z_][\w.]*)"?\s*\(', text)}
    if called & _VOLATILE:
        return "yes"
    return "unknown" if called - _STABLE else "no"
