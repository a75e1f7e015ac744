"""Two tables that are kept in step, whatever the two versions write in whatever order: a model in Python says what each must read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from bgmigrate.database import Connection
from tests.integration.moving import ONE, TWO, disagree, lost, rows, with_addresses, with_phones, without_journal

pytestmark = pytest.mark.exhaustive(turns=3)

QUICK = hypothesis(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors])


@pytest.fixture
def addresses(database: str) -> Iterator[Connection]:
    """Green may write an address without a street."""
    with without_journal(database) as on:
        yield with_addresses(on)


VALUE = st.sampled_from([None, "a", "b", ""])
BLUE = st.one_of(
    st.tuples(st.just("insert user"), st.integers(1, 3), VALUE, VALUE), st.tuples(st.just("street"), st.integers(1, 3), VALUE, st.none()),
    st.tuples(st.just("both"), st.integers(1, 3), VALUE, VALUE), st.tuples(st.just("delete user"), st.integers(1, 3), st.none(), st.none()),
)
GREEN = st.one_of(
    st.tuples(st.just("address"), st.integers(1, 3), VALUE, VALUE), st.tuples(st.just("green street"), st.integers(1, 3), VALUE, st.none()),
    st.tuples(st.just("delete address"), st.integers(1, 3), st.none(), st.none()),
    st.tuples(st.just("green user"), st.integers(1, 3), st.none(), st.none()), st.tuples(st.just("note"), st.integers(1, 3), VALUE, st.none()),
)


class Model:
    """Both tables as they must read: users {id: (street, city)}, addresses {id: (street, city, note)}."""

    def __init__(self) -> None:
        self.users: dict[int, tuple[Any, Any]] = {}
        self.addresses: dict[int, tuple[Any, Any, Any]] = {}

    def do(self, what: str, i: int, a: Any, b: Any) -> str | None:
        """What becomes of the model, and the statement; None where it would break a key."""
        user, address = self.users.get(i), self.addresses.get(i)
        if what in ("insert user", "green user"):
            if user is not None:
                return None
            if what == "green user":
                self.users[i] = (None, None)
                return "INSERT INTO users (id, name) VALUES (%(i)s, 'g')"
            self.by_blue(i, a, b)
            return "INSERT INTO users (id, street, city) VALUES (%(i)s, %(a)s, %(b)s)"
        if what == "delete user":
            self.users.pop(i, None), self.addresses.pop(i, None)
            return "DELETE FROM users WHERE id = %(i)s"
        if what in ("street", "both"):
            if user is not None:
                self.by_blue(i, a, b if what == "both" else user[1])
            return f"UPDATE users SET street = %(a)s{', city = %(b)s' if what == 'both' else ''} WHERE id = %(i)s"
        if what == "address":
            if user is None or address is not None:
                return None
            self.users[i], self.addresses[i] = (a, b), (a, b, None)
            return "INSERT INTO addresses (user_id, street, city) VALUES (%(i)s, %(a)s, %(b)s)"
        if address is not None and what == "green street":
            self.users[i], self.addresses[i] = (a, address[1]), (a, *address[1:])
        if address is not None and what == "note":
            self.addresses[i] = (*address[:2], a)
        if address is not None and what == "delete address":
            self.users[i] = (None, None)
            del self.addresses[i]
        return {
            "green street": "UPDATE addresses SET street = %(a)s WHERE user_id = %(i)s", "note": "UPDATE addresses SET note = %(a)s WHERE user_id = %(i)s",
            "delete address": "DELETE FROM addresses WHERE user_id = %(i)s",
        }[what]

    def by_blue(self, i: int, street: Any, city: Any) -> None:
        """Blue writes; an address that says so already stays as it is."""
        before, self.users[i] = self.users.get(i), (street, city)
        there = self.addresses.get(i)
        if before == (street, city):
            return
        if street is not None:
            self.addresses[i] = (street, city, there[2] if there else None)
        elif there and there[:2] != (street, city):
            del self.addresses[i]


@pytest.mark.every_server
@QUICK
@given(st.lists(st.one_of(st.lists(BLUE, min_size=1, max_size=4), st.lists(GREEN, min_size=1, max_size=4)), max_size=10))
def test_both_read_what_was_written_last(addresses: Connection, transactions: list[list[tuple[str, int, Any, Any]]]) -> None:
    c, model = addresses, Model()
    c.execute("TRUNCATE users, addresses")
    for transaction in transactions:
        with c.transaction():
            for what, i, a, b in transaction:
                if statement := model.do(what, i, a, b):
                    c.execute(statement.encode(), {"i": i, "a": a, "b": b})
        assert {i: (s, t) for i, s, t in rows(c, "SELECT id, street, city FROM users")} == model.users, transaction
        assert {i: (s, t, n) for i, s, t, n in rows(c, "SELECT * FROM addresses")} == model.addresses, transaction
        assert disagree(c, "users", "addresses", ["user_id"], ONE) == 0
        assert lost(c, "users", "addresses", ["user_id"], ONE) == 0


@pytest.fixture
def phones(database: str) -> Iterator[Connection]:
    """Of the position 3 blue knows nothing."""
    with without_journal(database) as on:
        yield with_phones(on)


NUMBER = st.sampled_from([None, "1", "2"])
USER, POSITION = st.integers(1, 2), st.integers(1, 3)
WRITES = st.one_of(
    st.tuples(st.just("insert user"), USER, NUMBER, NUMBER, st.none()), st.tuples(st.just("both"), USER, NUMBER, NUMBER, st.none()),
    st.tuples(st.just("second"), USER, st.none(), NUMBER, st.none()), st.tuples(st.just("delete user"), USER, st.none(), st.none(), st.none()),
    st.tuples(st.just("insert"), USER, st.sampled_from("12"), st.none(), POSITION),
    st.tuples(st.just("number"), USER, st.sampled_from("12"), st.none(), POSITION),
    st.tuples(st.just("position"), USER, POSITION, st.none(), POSITION), st.tuples(st.just("user"), USER, USER, st.none(), POSITION),
    st.tuples(st.just("delete"), USER, st.none(), st.none(), POSITION),
)
STATEMENTS = {
    "insert user": "INSERT INTO users VALUES (%(i)s, %(a)s, %(b)s)", "both": "UPDATE users SET phone1 = %(a)s, phone2 = %(b)s WHERE id = %(i)s",
    "second": "UPDATE users SET phone2 = %(b)s WHERE id = %(i)s", "delete user": "DELETE FROM users WHERE id = %(i)s",
    "insert": "INSERT INTO phones (user_id, position, number) VALUES (%(i)s, %(p)s, %(a)s)",
    "number": "UPDATE phones SET number = %(a)s WHERE user_id = %(i)s AND position = %(p)s",
    "position": "UPDATE phones SET position = %(a)s WHERE user_id = %(i)s AND position = %(p)s",
    "user": "UPDATE phones SET user_id = %(a)s WHERE user_id = %(i)s AND position = %(p)s",
    "delete": "DELETE FROM phones WHERE user_id = %(i)s AND position = %(p)s",
}


class Book:
    """Every number by (user, position); of position 3 blue knows nothing."""

    def __init__(self) -> None:
        self.users: set[int] = set()
        self.numbers: dict[tuple[int, int], Any] = {}

    def do(self, what: str, i: int, a: Any, b: Any, p: Any) -> bool:
        """What becomes of the model; False where the statement would break a key."""
        to = {"position": (i, a), "user": (a, p)}.get(what, (i, p))
        if what == "insert user":
            if i in self.users:
                return False
            self.users.add(i)
        elif what == "delete user":
            self.users.discard(i)
            self.numbers = {at: n for at, n in self.numbers.items() if at[0] != i}
        elif what in ("insert", "position", "user") and (to[0] not in self.users or (to in self.numbers and (what == "insert" or to != (i, p)))):
            return False
        elif what == "insert":
            self.numbers[i, p] = a
        elif what not in ("both", "second") and (i, p) in self.numbers:
            number = self.numbers.pop((i, p))
            if what != "delete":
                self.numbers[to] = a if what == "number" else number
        if what in ("insert user", "both", "second") and i in self.users:
            said = {(i, 2): b} if what == "second" else {(i, 1): a, (i, 2): b}
            self.numbers = {at: n for at, n in (self.numbers | said).items() if n is not None}
        return True


@pytest.mark.every_server
@QUICK
@given(st.lists(WRITES, max_size=12))
def test_each_row_of_a_group_follows_its_columns_and_they_follow_it(phones: Connection, writes: list[tuple[str, int, Any, Any, Any]]) -> None:
    c, book = phones, Book()
    c.execute("TRUNCATE users, phones")
    for what, i, a, b, p in writes:
        if not book.do(what, i, a, b, p):
            continue
        c.execute(STATEMENTS[what].encode(), {"i": i, "a": a, "b": b, "p": p})
        assert {(u, n): number for u, n, number in rows(c, "SELECT user_id, position, number FROM phones")} == book.numbers, what
        assert {u: [x, y] for u, x, y in rows(c, "SELECT * FROM users")} == {
            u: [book.numbers.get((u, 1)), book.numbers.get((u, 2))] for u in book.users}, what
        assert disagree(c, "users", "phones", ["user_id", "position"], TWO) == 0
        assert lost(c, "users", "phones", ["user_id", "position"], TWO) == sum(p == 3 for _, p in book.numbers)
