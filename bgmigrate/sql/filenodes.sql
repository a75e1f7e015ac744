-- ACCESS SHARE on the catalogs only. Where a table's rows and its indexes lie, those of its partitions too: a rewrite changes it, and so does an
-- index that is built anew.
WITH tables (oid) AS (
    SELECT {table:l}::regclass::oid UNION SELECT relid FROM pg_partition_tree({table:l}::regclass)
)
SELECT array_agg(n ORDER BY n) FROM (
    SELECT pg_relation_filenode(oid) FROM tables
    UNION SELECT pg_relation_filenode(i.indexrelid) FROM tables t JOIN pg_index i ON i.indrelid = t.oid
) f (n)
