"""The whole life of pending revisions on a copy of the live schema, followed statement by statement: what each locks, scans, rewrites and takes."""
