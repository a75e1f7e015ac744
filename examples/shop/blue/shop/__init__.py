"""The shop, first release."""
