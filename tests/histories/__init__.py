"""What Alembic's documentation, and that of its extension for enum types, says a migration may do, each as a pair of models for `plan`."""
