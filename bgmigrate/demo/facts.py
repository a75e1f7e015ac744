"""What the demo's customers and orders must look like, whoever reads them: the oracle of the load."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

PRODUCTS = 50

# Blue's schema, before anything changes. Names with quotes, umlauts and NULLs on purpose.
SEED = """
INSERT INTO products (sku, title, price_cents) SELECT 'sku-' || i, 'Product ' || i, i * 10 FROM generate_series(1, 50) i;
INSERT INTO customers (name, email, phone, fax, newsletter, points)
  SELECT 'O''Hara Ünï ' || i, 'Customer.' || i || '@Shop.example', CASE WHEN i % 3 <> 0 THEN '+49 ' || i END,
         CASE WHEN i % 2 = 0 THEN '+49 ' || i || '-9' END, i % 5 = 0, i % 100
    FROM generate_series(1, {customers}) i;
INSERT INTO orders (customer_id, note) SELECT i * 10, CASE WHEN i % 2 = 0 THEN 'order ' || i END FROM generate_series(1, {customers} / 10) i;
INSERT INTO order_lines (order_id, position, product_id, quantity, unit_cents)
  SELECT i, 1, i % 50 + 1, 2, 10 FROM generate_series(1, {customers} / 10) i;
"""


def seeded(i: int) -> dict[str, Any]:
    """The facts of a customer that only the seed has written; what blue does not know has green's rule."""
    return known_to_blue(
        name=f"O'Hara Ünï {i}", email=f"Customer.{i}@Shop.example", phone=f"+49 {i}" if i % 3 else None,
        fax=None if i % 2 else f"+49 {i}-9", newsletter=i % 5 == 0, points=i % 100,
    )  # fmt: skip


def known_to_blue(**facts: Any) -> dict[str, Any]:
    """A customer whom blue wrote, with what green must read of it."""
    return {**facts, "email_key": facts["email"].lower(), "tier": "standard", "street": None}


def known_to_green(**facts: Any) -> dict[str, Any]:
    """A customer whom green wrote, with what blue must read of it."""
    return {**facts, "email_key": facts["email"].lower(), "fax": None, "newsletter": False}


def differences(seen: Mapping[str, Any], facts: Mapping[str, Any], what: str) -> list[str]:
    """Every fact that is not read as it was written."""
    return [f"{what}.{fact} is {value!r}, not {facts[fact]!r}" for fact, value in seen.items() if value != facts[fact]]
