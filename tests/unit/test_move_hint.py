"""What a hint may say of columns that move, and what it must."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bgmigrate import hints
from bgmigrate.catalog import Column, Constraint, Index, Table
from bgmigrate.changes.hints import Hints, merged, of_models
from bgmigrate.changes.move_hint import parts
from bgmigrate.changes.move_key import key_of, obstacles
from bgmigrate.errors import ConfigurationError
from bgmigrate.snapshot import Snapshot, SnapshotTable

ONE = {"moved_from": "users", "forward": {"user_id": "id", "street": "street"}, "when": "street IS NOT NULL", "backward": {"street": "street"}}
TWO = {
    "moved_from": "users", "forward": [{"user_id": "id", "position": str(i), "number": f"phone{i}"} for i in (1, 2)],
    "when": [f"phone{i} IS NOT NULL" for i in (1, 2)], "backward": [{f"phone{i}": "number"} for i in (1, 2)],
}


def table(name: str, columns: dict[str, str], **unique: tuple[str, ...]) -> Table:
    """A table; `pk` is its primary key, anything else in `unique` a unique constraint; a type that ends in `!` is NOT NULL."""
    keys = {
        n: Constraint(oid=i, name=n, kind="p" if n == "pk" else "u", definition="UNIQUE", columns=c) for i, (n, c) in enumerate(unique.items())
    }
    return Table(
        oid=1, schema="public", name=name, constraints=keys,
        columns={n: Column(name=n, type=t.rstrip("!"), not_null=t.endswith("!")) for n, t in columns.items()},
    )


USERS = table("users", {"id": "integer!", "email": "text!", "street": "text", "phone1": "text", "phone2": "text"}, pk=("id",), email=("email",))
GREEN = table("users", {"id": "integer!", "email": "text!"}, pk=("id",), email=("email",))
ADDRESSES = table("addresses", {"user_id": "integer!", "street": "text!"}, pk=("user_id",))
PHONES = table("phones", {"id": "integer", "user_id": "integer!", "position": "integer!", "number": "text!"}, pk=("id",), each=("user_id", "position"))


def test_one_row_for_each_and_one_for_each_of_a_group_are_said_in_one_form() -> None:
    assert parts("addresses", ONE) == [{k: v for k, v in ONE.items() if k != "moved_from"}]
    assert [p["when"] for p in parts("phones", TWO)] == ["phone1 IS NOT NULL", "phone2 IS NOT NULL"]
    assert parts("phones", {**TWO, "when": "active"})[1]["when"] == "active"
    assert parts("phones", {"moved_from": "users", "forward": TWO["forward"]})[1] == {"forward": {"user_id": "id", "position": "2", "number": "phone2"}}


@pytest.mark.parametrize(
    ("change", "says"),
    [({"forward": {}}, "gives no column"), ({"forward": None}, "gives no column"), ({"forward": "street"}, "neither a mapping"),
     ({"when": ["a", "b"]}, "`when` is no SQL text"), ({"backward": "street"}, "`backward` is no mapping"),
     ({"forward": TWO["forward"], "when": ["a"]}, "`when` is not said once for each of the 2"),
     ({"forward": TWO["forward"], "when": None, "backward": {"phone1": "number"}}, "`backward` is not said once")],
)
def test_a_malformed_hint_is_a_usage_error_with_an_example(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as error:
        parts("addresses", {**ONE, **change})
    assert "moved_from" in error.value.next


def test_the_function_says_the_same_as_the_dictionary() -> None:
    assert hints.moved_from("users", forward={"user_id": "id", "street": "street"}, when="street IS NOT NULL", backward={"street": "street"}) == {
        "bgmigrate": ONE}
    assert hints.moved_from("users", forward={"user_id": "id"}) == {"bgmigrate": {"moved_from": "users", "forward": {"user_id": "id"}}}


def test_models_and_a_file_say_the_same(tmp_path: Path) -> None:
    snapshot = Snapshot(ddl=(), tables={"addresses": SnapshotTable(name="addresses", hints=ONE)})
    file = tmp_path / "hints.toml"
    file.write_text("""
[addresses]
moved_from = "users"
forward = { user_id = "id", street = "street" }
when = "street IS NOT NULL"
backward = { street = "street" }

[phones]
moved_from = "users"
forward = [{ user_id = "id", position = "1", number = "phone1" }, { user_id = "id", position = "2", number = "phone2" }]
when = ["phone1 IS NOT NULL", "phone2 IS NOT NULL"]
backward = [{ phone1 = "number" }, { phone2 = "number" }]
""")
    read = merged(Hints(), {}, file)
    assert read.tables["addresses"] == of_models(snapshot).tables["addresses"] == ONE
    assert read.tables["phones"] == TWO
    assert read.backward == of_models(snapshot).backward == {}
    assert [c for c in USERS.columns if read.moves("users", c)] == ["id", "street", "phone1", "phone2"]


@pytest.mark.parametrize(
    ("new", "hint", "key"),
    [(ADDRESSES, ONE, ("user_id",)), (PHONES, TWO, ("user_id", "position")),
     (table("a", {"mail": "text!", "street": "text"}, pk=("mail",)), {**ONE, "forward": {"mail": "email", "street": "street"}}, ("mail",)),
     (replace(table("a", {"user_id": "integer", "street": "text"}), indexes={"i": Index(oid=1, name="i", definition="", unique=True, columns=("user_id",))}),
      ONE, ("user_id",))],
)
def test_the_key_is_a_unique_one_made_of_the_old_key_and_constants(new: Table, hint: dict[str, Any], key: tuple[str, ...]) -> None:
    assert key_of(new, USERS, parts("a", hint)) == key
    assert obstacles(new, USERS, GREEN, parts("a", hint)) == []


@pytest.mark.parametrize(
    ("new", "change", "says"),
    [(table("a", {"user_id": "integer!", "street": "text!"}), {}, "no primary key or unique constraint among"),
     (table("a", {"id": "integer", "user_id": "integer!", "street": "text!"}, pk=("id",)), {}, "no primary key or unique constraint among"),
     (table("a", {"user_id": "integer!", "street": "text!"}, pk=("street",)), {}, "no copy of the whole primary key"),
     (table("a", {"user_id": "integer!", "street": "text!"}, pk=("user_id", "street")), {}, "no copy of the whole primary key"),
     (ADDRESSES, {"forward": {"user_id": "id + 1", "street": "street"}}, "no copy of the whole primary key"),
     (PHONES, {**TWO, "forward": [{"user_id": "id", "position": "1", "number": f"phone{i}"} for i in (1, 2)]}, "rows with the same user_id, position"),
     (PHONES, {**TWO, "forward": [{"user_id": "id", "position": f"nextval('s{i}')", "number": f"phone{i}"} for i in (1, 2)]}, "nor a constant"),
     (PHONES, {**TWO, "forward": [{"user_id": "id", "position": "1", "number": "phone1"}, {"user_id": "id", "position": "2"}]}, "give different columns"),
     (ADDRESSES, {"forward": {"user_id": "id", "street": "street", "road": "street"}}, "addresses.road, which does not exist"),
     (ADDRESSES, {"backward": {"road": "street"}}, "users.road, which does not exist"),
     (ADDRESSES, {"backward": {"email": "street"}}, "users.email, which green still has"),
     (ADDRESSES, {"backward": {"street": "NULL"}}, "nothing but NULL"),
     (ADDRESSES, {"forward": {"user_id": "id"}}, "addresses.street is NOT NULL, and nothing says")],
)
def test_a_hint_that_leaves_open_which_row_belongs_to_which_is_refused_by_name(new: Table, change: dict[str, Any], says: str) -> None:
    found = obstacles(new, USERS, GREEN, parts(new.name, {**ONE, **change}))
    assert says in " ".join(f.what for f in found), found
    assert {f.code for f in found} <= {"BGM901", "BGM206"}
    assert all(f.next and f.why for f in found)
