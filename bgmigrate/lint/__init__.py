"""Hazards in revision files. Revisions are read without a database: their operations are recorded, their SQL is parsed, and rules look at both."""
