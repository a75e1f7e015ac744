"""The shop, second release."""
