"""Versions of the application: naming them, loading each in a process of its own, and describing their models."""
